//! Offers of ours: what others may fetch invoices for, any number of times or once.
//!
//! An offer is *active* until it is disabled, or was for a single use and an invoice for it was paid, and again when it is enabled. It is
//! *used* once an invoice for it was paid, from the transaction on that settles the invoice. When an offer stops being active, its unpaid
//! invoices expire in the same transaction, and none is filed for it afterwards: so an offer for a single use is not paid twice by two
//! who had fetched an invoice each.

mod read;
mod row;
mod write;

pub(crate) use write::use_up;
pub use write::{CreateOfferError, CreateOfferInvoiceError, DisableOfferError, EnableOfferError};

#[cfg(test)]
pub(crate) use row::sql;

use boltill_types::{CreatedIndex, OfferId};

/// An offer to be filed, before it is shown to anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOffer {
    /// Its id.
    pub id: OfferId,
    /// Our own name for it; several may have the same.
    pub label: Option<String>,
    /// What is shown, `lno1...`.
    pub bolt12: String,
    /// Whether it is paid once and never again.
    pub single_use: bool,
    /// Whether its paths were asked for, and are to be those of its invoices too.
    pub force_paths: bool,
}

/// An offer on file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The order in which it was made.
    pub created_index: CreatedIndex,
    /// Its id.
    pub id: OfferId,
    /// Our own name for it.
    pub label: Option<String>,
    /// What is shown, `lno1...`.
    pub bolt12: String,
    /// Whether it is paid once and never again.
    pub single_use: bool,
    /// Whether an invoice is made for whoever asks.
    pub active: bool,
    /// Whether an invoice for it was paid.
    pub used: bool,
    /// Whether its paths were asked for, and are to be those of its invoices too.
    pub force_paths: bool,
}
