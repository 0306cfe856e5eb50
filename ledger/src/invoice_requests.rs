//! Invoice_requests of ours: what we pay whoever reads them. The rules of paying stand at the top of `payouts.rs`.
//!
//! A request is *active* from its creation until it is disabled, its time has passed, or it was for a single use and has been paid. It is
//! *used* once something has been paid for it. None is ever deleted, because its payouts must never be forgotten.

mod read;
mod row;
mod write;

pub(crate) use read::{by_id, by_index};
pub(crate) use write::update;
pub use write::{CreateInvoiceRequestError, DisableInvoiceRequestError};

#[cfg(test)]
pub(crate) use row::sql;

use boltill_types::{CreatedIndex, InvreqId, Msat, UnixSeconds, UpdatedIndex};

/// An invoice_request to be filed, before it is shown to anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvoiceRequest {
    /// Its id, which is that of both dialects.
    pub id: InvreqId,
    /// Our own name for it; several may have the same.
    pub label: Option<String>,
    /// What is shown, `lnr1...`: the signed dialect, unless only the other was asked for.
    pub bolt12: String,
    /// The same request in the unsigned dialect, if it was asked for beside the other.
    pub bolt12_unsigned: Option<String>,
    /// Whether it is paid once and never again.
    pub single_use: bool,
    /// What an invoice for it may ask for at most.
    pub amount: Msat,
    /// The last second in which an invoice for it is paid.
    pub absolute_expiry: Option<UnixSeconds>,
    /// How much may be paid in all.
    pub limits: PayoutLimits,
}

/// How much may be paid for one invoice_request in all. Payments under way count like those that have arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PayoutLimits {
    /// The most payments.
    pub max_payments: Option<u64>,
    /// The most that their payees get together; fees come on top.
    pub max_total: Option<Msat>,
    /// The least seconds from the beginning of one payment to the beginning of the next.
    pub min_interval: Option<u64>,
}

/// What has been paid for one invoice_request: the sums of its payouts, fees not included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PayoutSums {
    /// How many payments have arrived.
    pub paid_count: u64,
    /// What they are worth.
    pub paid: Msat,
    /// How many payments may be on their way.
    pub pending_count: u64,
    /// What they are worth.
    pub pending: Msat,
}

impl PayoutSums {
    /// All payments that count against the limits.
    pub fn count(&self) -> u64 {
        self.paid_count.saturating_add(self.pending_count)
    }

    /// What they are worth.
    pub fn total(&self) -> Msat {
        self.paid + self.pending
    }
}

/// An invoice_request on file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceRequest {
    /// The order in which it was made.
    pub created_index: CreatedIndex,
    /// The order of its latest change; `None` while it never changed.
    pub updated_index: Option<UpdatedIndex>,
    /// Its id, which is that of both dialects.
    pub id: InvreqId,
    /// Our own name for it.
    pub label: Option<String>,
    /// What is shown, `lnr1...`.
    pub bolt12: String,
    /// The same request in the unsigned dialect, if it was asked for beside the other.
    pub bolt12_unsigned: Option<String>,
    /// Whether it is paid once and never again.
    pub single_use: bool,
    /// Whether a payment may be begun for it. It stays so for a moment past its time, until
    /// [`Ledger::expire_due_invoice_requests`](crate::Ledger::expire_due_invoice_requests) comes by; nothing is paid in that moment.
    pub active: bool,
    /// Whether something has been paid for it.
    pub used: bool,
    /// What an invoice for it may ask for at most.
    pub amount: Msat,
    /// The last second in which an invoice for it is paid.
    pub absolute_expiry: Option<UnixSeconds>,
    /// How much may be paid in all.
    pub limits: PayoutLimits,
    /// What has been paid.
    pub sums: PayoutSums,
    /// When the latest payment arrived.
    pub last_paid_at: Option<UnixSeconds>,
}

impl InvoiceRequest {
    /// Whether its time has passed.
    pub fn has_expired(&self, now: UnixSeconds) -> bool {
        self.absolute_expiry.is_some_and(|expiry| now > expiry)
    }
}
