//! Invoices: what we are to be paid.

mod clean;
mod read;
mod row;
mod write;

pub(crate) use clean::{clean_expired, clean_paid};
pub(crate) use read::by_hash;
pub use write::{CreateInvoiceError, DeleteInvoiceError, SettleInvoiceError};
pub(crate) use write::{create, expire_of_offer, settle};

#[cfg(test)]
pub(crate) use row::sql;

use boltill_types::{
    CreatedIndex, Label, Msat, OfferId, PayIndex, PaymentHash, PaymentPreimage, UnixSeconds, UpdatedIndex,
};
use std::fmt;

/// The invoice as it is given to the payer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum InvoiceText {
    /// A BOLT 11 invoice, `lnbc...` and the like.
    Bolt11(String),
    /// A BOLT 12 invoice, `lni1...`.
    Bolt12(String),
}

impl InvoiceText {
    /// The text, whichever it is.
    pub fn as_str(&self) -> &str {
        match self {
            InvoiceText::Bolt11(text) | InvoiceText::Bolt12(text) => text,
        }
    }
}

/// An invoice to be filed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvoice {
    /// The merchant's name for it; unique.
    pub label: Label,
    /// What is given to the payer.
    pub text: InvoiceText,
    /// The SHA-256 of the preimage; unique.
    pub payment_hash: PaymentHash,
    /// What the payer gets for the money.
    pub payment_preimage: PaymentPreimage,
    /// Whether the preimage is 32 random bytes that were drawn for this invoice: then no other can have it, and none is looked for.
    pub preimage_is_fresh: bool,
    /// What is to be paid; `None` leaves it to the payer.
    pub amount: Option<Msat>,
    /// What it is for, also when the invoice itself only has the hash of it.
    pub description: Option<String>,
    /// When it stops being payable.
    pub expires_at: UnixSeconds,
    /// The offer of ours that it answers.
    pub local_offer_id: Option<OfferId>,
    /// What the payer wrote in the invoice_request that it answers.
    pub invreq_payer_note: Option<String>,
}

/// An invoice on file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// The order in which it was made.
    pub created_index: CreatedIndex,
    /// The order of its latest change; `None` while it never changed.
    pub updated_index: Option<UpdatedIndex>,
    /// The merchant's name for it.
    pub label: Label,
    /// What was given to the payer.
    pub text: InvoiceText,
    /// The SHA-256 of the preimage.
    pub payment_hash: PaymentHash,
    /// What the payer gets for the money. To be shown of a paid invoice only.
    pub payment_preimage: PaymentPreimage,
    /// What is to be paid; `None` leaves it to the payer.
    pub amount: Option<Msat>,
    /// What it is for; `None` when there never was one or it was removed.
    pub description: Option<String>,
    /// When it stops, or stopped, being payable.
    pub expires_at: UnixSeconds,
    /// The offer of ours that it answers.
    pub local_offer_id: Option<OfferId>,
    /// What the payer wrote in the invoice_request that it answers.
    pub invreq_payer_note: Option<String>,
    /// Whether it has been paid.
    pub state: InvoiceState,
}

/// Whether an invoice has been paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvoiceState {
    /// Not yet. It stays so for a moment past its time, until [`Ledger::expire_due_invoices`] comes by.
    ///
    /// [`Ledger::expire_due_invoices`]: crate::Ledger::expire_due_invoices
    Unpaid,
    /// It has.
    Paid {
        /// The order in which invoices were paid.
        pay_index: PayIndex,
        /// What came in; it may be more than was asked.
        received: Msat,
        /// When.
        paid_at: UnixSeconds,
    },
    /// Its time has passed.
    Expired,
}

impl InvoiceState {
    /// The state without its details.
    pub fn status(self) -> InvoiceStatus {
        match self {
            InvoiceState::Unpaid => InvoiceStatus::Unpaid,
            InvoiceState::Paid { .. } => InvoiceStatus::Paid,
            InvoiceState::Expired => InvoiceStatus::Expired,
        }
    }
}

/// An invoice's status, as `listinvoices` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvoiceStatus {
    /// It can be paid.
    Unpaid,
    /// It has been paid.
    Paid,
    /// It can no longer be paid.
    Expired,
}

impl InvoiceStatus {
    /// The name in `listinvoices`.
    pub fn as_str(self) -> &'static str {
        match self {
            InvoiceStatus::Unpaid => "unpaid",
            InvoiceStatus::Paid => "paid",
            InvoiceStatus::Expired => "expired",
        }
    }
}

impl fmt::Display for InvoiceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
