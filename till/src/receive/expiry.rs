//! Invoices that nobody paid in time.
//!
//! Expiring is a change on file: the updated index moves and whoever waits is told. A task does it when the next
//! invoice is due, many at once. So does whoever reads, if an invoice is due by then, so that the change is on file when
//! it is seen; the time at which the next is due is known in memory, so that this costs nothing as long as none is.
//! After a long time off there may be more due than a reader can wait for. The task works through them, and meanwhile
//! [`current`] shows them as what they are.

use crate::till::Till;
use boltill_ledger::{Invoice, InvoiceState, LedgerError};
use boltill_types::UnixSeconds;
use std::convert::Infallible;

/// How many expire in one transaction, which other writes share.
const BATCH: u32 = 500;

/// The invoice as it is now: if its time has passed it is expired, even when that is not on file yet.
pub(crate) fn current(mut invoice: Invoice) -> Invoice {
    if invoice.state == InvoiceState::Unpaid && invoice.expires_at <= UnixSeconds::now() {
        invoice.state = InvoiceState::Expired;
    }
    invoice
}

impl Till {
    /// Expires what is due, as much of it as takes no time worth mentioning.
    ///
    /// # Errors
    /// When the ledger failed.
    pub(crate) async fn expire_some(&self) -> Result<(), LedgerError> {
        let now = UnixSeconds::now();
        if self.inner.expiry.is_due(now) && self.ledger().expire_due_invoices(now, BATCH).await? < BATCH {
            self.find_next().await?;
        }
        Ok(())
    }

    /// Expires all that is due.
    ///
    /// # Errors
    /// When the ledger failed.
    pub(crate) async fn expire_all(&self) -> Result<(), LedgerError> {
        while self.inner.expiry.is_due(UnixSeconds::now()) {
            self.expire_some().await?;
        }
        Ok(())
    }

    /// Lets unpaid invoices and invoice_requests expire when their time has come, for as long as it is polled; it may be dropped at any
    /// point.
    ///
    /// # Errors
    /// When the ledger failed; otherwise it never ends.
    pub async fn run_expiry(&self) -> Result<Infallible, LedgerError> {
        tokio::select! {
            ended = self.run_invoice_expiry() => ended,
            ended = self.run_request_expiry() => ended,
        }
    }

    async fn run_invoice_expiry(&self) -> Result<Infallible, LedgerError> {
        loop {
            self.expire_all().await?;
            self.inner.expiry.sleep().await;
        }
    }

    /// Looks up when the next invoice is due.
    async fn find_next(&self) -> Result<(), LedgerError> {
        let looking = self.inner.expiry.look_up();
        looking.found(self.ledger().next_invoice_expiry().await?);
        Ok(())
    }
}
