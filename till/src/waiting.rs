//! `waitinvoice`, `waitanyinvoice` and `wait`.
//!
//! No wake-up is lost: each subscribes to the ledger's changes first, then looks whether what it waits for has happened,
//! and only then waits. Whoever falls so far behind that changes are dropped looks again.

use crate::receive::current;
use crate::till::Till;
use boltill_ledger::{
    Change, ChangeDetails, IndexKind, Invoice, InvoiceState, InvoiceStatus, LedgerError, Subsystem,
};
use boltill_types::{Label, PayIndex};
use std::time::Duration;
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Why waiting for an invoice ended without a payment.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WaitInvoiceError {
    /// There is no invoice of that label; code -1.
    #[error("Label not found")]
    LabelNotFound,
    /// It expired, before or while we waited; code 903, with the invoice as data.
    #[error("invoice expired during wait")]
    Expired(Box<Invoice>),
    /// It was deleted while we waited; code -1.
    #[error("Invoice deleted during wait")]
    Deleted,
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Why waiting for any invoice ended without a payment.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WaitAnyInvoiceError {
    /// The time was over; code 904.
    #[error("Timed out while waiting for invoice to be paid")]
    TimedOut,
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// What `wait` answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waited {
    /// What the index has reached.
    pub index: u64,
    /// What moved it there; `None` when it had been reached before the call.
    pub details: Option<ChangeDetails>,
}

/// What the ledger told while somebody waited.
pub(crate) enum Heard {
    Change(Change),
    /// Some changes were missed: look again.
    Missed,
}

/// The next that the ledger tells.
pub(crate) async fn hear(changes: &mut Receiver<Change>) -> Result<Heard, LedgerError> {
    match changes.recv().await {
        Ok(change) => Ok(Heard::Change(change)),
        Err(RecvError::Lagged(_)) => Ok(Heard::Missed),
        Err(RecvError::Closed) => Err(LedgerError::Closed),
    }
}

impl Till {
    /// Waits until the invoice of that label is paid.
    ///
    /// # Errors
    /// [`WaitInvoiceError`].
    pub async fn wait_invoice(&self, label: &Label) -> Result<Invoice, WaitInvoiceError> {
        let mut changes = self.ledger().subscribe();
        self.expire_some().await?;
        let found = self.ledger().invoice_by_label(label).await?;
        let mut invoice = found.map(current).ok_or(WaitInvoiceError::LabelNotFound)?;
        while invoice.state == InvoiceState::Unpaid {
            while let Heard::Change(change) = hear(&mut changes).await? {
                if is_of(&change, &invoice) {
                    break;
                }
            }
            // By its hash: another invoice of that label is not the one that was waited for.
            let found = self.ledger().invoice_by_hash(invoice.payment_hash).await?;
            invoice = found.map(current).ok_or(WaitInvoiceError::Deleted)?;
        }
        if invoice.state == InvoiceState::Expired {
            // A payment that came in time may still be being taken: that is known from its coming on, and not from before a start.
            self.inner.claims.ended(invoice.payment_hash).await;
            let found = self.ledger().invoice_by_hash(invoice.payment_hash).await?;
            invoice = found.map(current).ok_or(WaitInvoiceError::Deleted)?;
        }
        match invoice.state {
            InvoiceState::Paid { .. } => Ok(invoice),
            InvoiceState::Unpaid | InvoiceState::Expired => Err(WaitInvoiceError::Expired(Box::new(invoice))),
        }
    }

    /// Waits until an invoice is paid after the one with that pay index, and answers the first of them. With a
    /// `timeout` of zero it only looks.
    ///
    /// # Errors
    /// [`WaitAnyInvoiceError`].
    pub async fn wait_any_invoice(
        &self,
        after: PayIndex,
        timeout: Option<Duration>,
    ) -> Result<Invoice, WaitAnyInvoiceError> {
        let mut changes = self.ledger().subscribe();
        let wait = async {
            loop {
                if let Some(invoice) = self.next_paid(after).await? {
                    return Ok(invoice);
                }
                while let Heard::Change(change) = hear(&mut changes).await? {
                    if is_payment(&change) {
                        break;
                    }
                }
            }
        };
        match timeout {
            None => wait.await,
            Some(Duration::ZERO) => self.next_paid(after).await?.ok_or(WaitAnyInvoiceError::TimedOut),
            Some(timeout) => match tokio::time::timeout(timeout, wait).await {
                Ok(found) => found,
                Err(_) => Err(WaitAnyInvoiceError::TimedOut),
            },
        }
    }

    async fn next_paid(&self, after: PayIndex) -> Result<Option<Invoice>, LedgerError> {
        if self.ledger().last_pay_index() <= after {
            return Ok(None);
        }
        self.ledger().next_paid_invoice(after).await
    }

    /// Waits until an index reaches `next`.
    ///
    /// # Errors
    /// When the ledger was closed.
    pub async fn wait(
        &self,
        subsystem: Subsystem,
        kind: IndexKind,
        next: u64,
    ) -> Result<Waited, LedgerError> {
        let mut changes = self.ledger().subscribe();
        loop {
            let index = self.ledger().current_index(subsystem, kind);
            if index >= next {
                return Ok(Waited { index, details: None });
            }
            while let Heard::Change(change) = hear(&mut changes).await? {
                if change.subsystem() == subsystem && change.kind == kind && change.index >= next {
                    return Ok(Waited {
                        index: change.index,
                        details: Some(change.details),
                    });
                }
            }
        }
    }
}

/// Whether it is a change of that invoice.
pub(crate) fn is_of(change: &Change, invoice: &Invoice) -> bool {
    match &change.details {
        ChangeDetails::Invoice(changed) => changed.payment_hash == invoice.payment_hash,
        ChangeDetails::Sendpay(_) | ChangeDetails::Forward(_) | ChangeDetails::InvoiceRequest(_) => false,
    }
}

/// Whether it can be that an invoice was paid.
fn is_payment(change: &Change) -> bool {
    match &change.details {
        ChangeDetails::Invoice(changed) => {
            change.kind == IndexKind::Updated && changed.status == InvoiceStatus::Paid
        }
        ChangeDetails::Sendpay(_) | ChangeDetails::Forward(_) | ChangeDetails::InvoiceRequest(_) => false,
    }
}

#[cfg(test)]
mod tests;
