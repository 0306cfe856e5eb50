//! Invoice_requests whose time passes: each becomes inactive on file, so that the updated index moves and whoever waits is told.
//!
//! No money depends on it: the ledger looks at the time itself before it lets anything be paid.

use crate::till::Till;
use boltill_ledger::{InvoiceRequest, LedgerError};
use boltill_types::UnixSeconds;
use std::convert::Infallible;

/// How many expire in one transaction, which other writes share.
const BATCH: u32 = 500;

/// The first second in which a request with that last second is paid no more.
fn due(last: UnixSeconds) -> UnixSeconds {
    last.saturating_add(1)
}

/// The request as it is now: if its time has passed it is inactive, even when that is not on file yet.
pub(super) fn current(mut request: InvoiceRequest) -> InvoiceRequest {
    request.active &= !request.has_expired(UnixSeconds::now());
    request
}

impl Till {
    /// A request has been filed.
    pub(super) fn will_expire(&self, request: &InvoiceRequest) {
        if let Some(last) = request.absolute_expiry {
            self.inner.request_expiry.expires(due(last));
        }
    }

    /// Expires the requests that are due, as many as take no time worth mentioning.
    pub(super) async fn expire_some_requests(&self) -> Result<(), LedgerError> {
        let (expiry, now) = (&self.inner.request_expiry, UnixSeconds::now());
        if !expiry.is_due(now) || self.ledger().expire_due_invoice_requests(now, BATCH).await? >= BATCH {
            return Ok(());
        }
        let looking = expiry.look_up();
        let next = self.ledger().next_invoice_request_expiry().await?;
        looking.found(next.map(due));
        Ok(())
    }

    /// Lets requests expire when their time has come, for as long as it is polled; it may be dropped at any point.
    pub(crate) async fn run_request_expiry(&self) -> Result<Infallible, LedgerError> {
        let expiry = &self.inner.request_expiry;
        loop {
            while expiry.is_due(UnixSeconds::now()) {
                self.expire_some_requests().await?;
            }
            expiry.sleep().await;
        }
    }
}
