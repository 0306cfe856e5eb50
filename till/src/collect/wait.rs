//! Waiting until the payer pays, refuses, or has let the time pass.
//!
//! "Timed out" must mean that nothing can be paid any more. So it is answered once the invoice has expired on file, and a payment that came before is not
//! still being taken.

use super::send::Sending;
use super::{CollectError, Refusal};
use crate::awaited::Waiting;
use crate::till::Till;
use crate::waiting::{Heard, hear, is_of};
use boltill_ledger::{Change, Invoice, InvoiceState, LedgerError};
use boltill_types::{PaymentHash, UnixSeconds};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::broadcast::Receiver;

/// How long to sleep at most: the clock may be set.
const NAP: Duration = Duration::from_secs(60);

impl Till {
    /// Waits for the end of an invoice that is on file. `changes` are those since it was not.
    pub(super) async fn until_paid(
        &self,
        mut invoice: Invoice,
        mut sending: Sending,
        mut changes: Receiver<Change>,
        mut refused: Waiting<'_, PaymentHash, Refusal>,
    ) -> Result<Invoice, CollectError> {
        let mut is_sent = false;
        while invoice.state == InvoiceState::Unpaid {
            tokio::select! {
                biased;
                changed = change_of(&invoice, &mut changes) => changed?,
                refusal = refused.come() => return Err(CollectError::Refused(refusal)),
                () = until(invoice.expires_at) => self.expire_all().await?,
                sent = &mut sending, if !is_sent => {
                    sent.map_err(|_| CollectError::Stopped)??;
                    is_sent = true;
                }
            }
            invoice = self.looked_up(invoice).await?;
            if invoice.state == InvoiceState::Expired {
                // Always looked up again: a payment that was being taken may have come on file since the last look.
                self.inner.claims.ended(invoice.payment_hash).await;
                invoice = self.looked_up(invoice).await?;
            }
        }
        match invoice.state {
            InvoiceState::Paid { .. } => Ok(invoice),
            InvoiceState::Unpaid | InvoiceState::Expired => Err(CollectError::TimedOut),
        }
    }

    /// The invoice as it is on file, whatever the clock shows.
    async fn looked_up(&self, invoice: Invoice) -> Result<Invoice, CollectError> {
        let found = self.ledger().invoice_by_hash(invoice.payment_hash).await?;
        found.ok_or(CollectError::Deleted)
    }
}

/// Returns when the invoice may have changed.
async fn change_of(invoice: &Invoice, changes: &mut Receiver<Change>) -> Result<(), LedgerError> {
    while let Heard::Change(change) = hear(changes).await? {
        if is_of(&change, invoice) {
            break;
        }
    }
    Ok(())
}

/// Returns when the clock shows that second.
async fn until(end: UnixSeconds) {
    loop {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let left = Duration::from_secs(end.0).saturating_sub(now);
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(NAP)).await;
    }
}
