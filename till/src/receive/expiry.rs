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
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// How many expire in one transaction, which other writes share.
const BATCH: u32 = 500;

/// How long the task sleeps at most: the clock may be set, or the ledger written to by somebody else.
const NAP: Duration = Duration::from_secs(60);

/// When the next invoice is due.
#[derive(Default)]
pub(crate) struct Expiry {
    /// No invoice is due before this time. Zero at first: one may be.
    next: AtomicU64,
    /// Told when it moves to an earlier time.
    sooner: Notify,
}

impl Expiry {
    /// An invoice has been filed that expires then.
    pub(super) fn expires(&self, at: UnixSeconds) {
        if self.next.fetch_min(at.0, Ordering::SeqCst) > at.0 {
            self.sooner.notify_one();
        }
    }

    /// Whatever is known of it, one may be due.
    fn forget(&self) {
        self.next.store(0, Ordering::SeqCst);
    }

    fn is_due(&self, now: UnixSeconds) -> bool {
        self.next.load(Ordering::SeqCst) <= now.0
    }

    fn time_left(&self, now: UnixSeconds) -> Duration {
        Duration::from_secs(self.next.load(Ordering::SeqCst).saturating_sub(now.0))
    }
}

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
    pub(super) async fn expire_all(&self) -> Result<(), LedgerError> {
        while self.inner.expiry.is_due(UnixSeconds::now()) {
            self.expire_some().await?;
        }
        Ok(())
    }

    /// Lets unpaid invoices expire when their time has come, for as long as it is polled; it may be dropped at any
    /// point.
    ///
    /// # Errors
    /// When the ledger failed; otherwise it never ends.
    pub async fn run_expiry(&self) -> Result<Infallible, LedgerError> {
        let expiry = &self.inner.expiry;
        loop {
            self.expire_all().await?;
            let nap = expiry.time_left(UnixSeconds::now()).min(NAP);
            tokio::select! {
                () = tokio::time::sleep(nap) => {}
                () = expiry.sooner.notified() => {}
            }
            if nap == NAP {
                expiry.forget();
            }
        }
    }

    /// Looks up when the next invoice is due. An invoice that is filed meanwhile is either seen by the look-up, or
    /// tells its time after the old one was forgotten; either way the earlier time stays.
    async fn find_next(&self) -> Result<(), LedgerError> {
        let expiry = &self.inner.expiry;
        expiry.next.store(u64::MAX, Ordering::SeqCst);
        match self.ledger().next_invoice_expiry().await {
            Ok(next) => expiry.expires(next.unwrap_or(UnixSeconds(u64::MAX))),
            Err(error) => {
                expiry.forget();
                return Err(error);
            }
        }
        Ok(())
    }
}
