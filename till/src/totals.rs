//! How much has been done, from counters that are kept anyway.

use crate::till::Till;
use boltill_ledger::{IndexKind, Subsystem, WriterMetrics};
use boltill_types::Msat;

/// How much has been done since the ledger was made, and by its writer since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Invoices made.
    pub invoices_created: u64,
    /// Invoices paid.
    pub invoices_paid: u64,
    /// Invoices deleted.
    pub invoices_deleted: u64,
    /// Payments begun, each attempt and each part by itself.
    pub payments_begun: u64,
    /// Payments that have ended, well or not.
    pub payments_ended: u64,
    /// Invoice_requests made.
    pub requests_created: u64,
    /// Forwards offered to us.
    pub forwards_created: u64,
    /// What forwards have earned.
    pub forwarding_fees: Msat,
    /// What the ledger's writer has done.
    pub writer: WriterMetrics,
}

impl Till {
    /// How much has been done; costs no look at the disk.
    pub fn totals(&self) -> Totals {
        let ledger = self.ledger();
        let index = |subsystem, kind| ledger.current_index(subsystem, kind);
        Totals {
            invoices_created: index(Subsystem::Invoices, IndexKind::Created),
            invoices_paid: ledger.last_pay_index().0,
            invoices_deleted: index(Subsystem::Invoices, IndexKind::Deleted),
            payments_begun: index(Subsystem::Sendpays, IndexKind::Created),
            payments_ended: index(Subsystem::Sendpays, IndexKind::Updated),
            requests_created: index(Subsystem::InvoiceRequests, IndexKind::Created),
            forwards_created: index(Subsystem::Forwards, IndexKind::Created),
            forwarding_fees: self.forwarding_fees(),
            writer: ledger.metrics(),
        }
    }
}
