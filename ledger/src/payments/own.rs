//! Paying an invoice that is in this ledger: no money moves, and both books change together.

use super::write::{begin, complete};
use super::{BeginPaymentError, FinishPaymentError, NewPayment, Payment, Repeat};
use crate::error::LedgerError;
use crate::invoices::{InvoiceState, InvoiceStatus, SettleInvoiceError, by_hash, settle};
use crate::job::Durable;
use crate::ledger::Ledger;
use crate::writer::WriteTx;
use boltill_types::UnixSeconds;

/// Why an invoice of our own was not paid. Checked in the order of the variants.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PayOwnInvoiceError {
    /// The payment hash has been paid already, or may be paid just now.
    #[error(transparent)]
    Begin(BeginPaymentError),
    /// There is no invoice with that payment hash.
    #[error("no invoice has that payment hash")]
    UnknownInvoice,
    /// Somebody else has paid it, or it has expired.
    #[error("the invoice is {0}")]
    NotUnpaid(InvoiceStatus),
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<BeginPaymentError> for PayOwnInvoiceError {
    fn from(error: BeginPaymentError) -> PayOwnInvoiceError {
        match error {
            BeginPaymentError::Ledger(error) => PayOwnInvoiceError::Ledger(error),
            refused => PayOwnInvoiceError::Begin(refused),
        }
    }
}

impl Ledger {
    /// Pays an invoice of this ledger from within: the payment is filed and complete, and the invoice paid with the
    /// payment's amount, or neither. Whether the amount is enough is for the caller to have checked.
    pub fn pay_own_invoice(
        &self,
        payment: NewPayment,
        now: UnixSeconds,
    ) -> Durable<Payment, PayOwnInvoiceError> {
        self.writer.write(move |tx| pay_own(tx, payment, now))
    }
}

fn pay_own(tx: &mut WriteTx<'_>, new: NewPayment, now: UnixSeconds) -> Result<Payment, PayOwnInvoiceError> {
    let (hash, id, amount) = (new.payment_hash, new.payment_id, new.amount);
    begin(tx, new, Repeat::Refuse)?;
    let invoice = by_hash(tx.conn, &hash)?.ok_or(PayOwnInvoiceError::UnknownInvoice)?;
    match invoice.state {
        InvoiceState::Unpaid if invoice.expires_at > now => {}
        InvoiceState::Unpaid => return Err(PayOwnInvoiceError::NotUnpaid(InvoiceStatus::Expired)),
        other => return Err(PayOwnInvoiceError::NotUnpaid(other.status())),
    }
    settle(tx, hash, amount, now).map_err(|error| match error {
        SettleInvoiceError::UnknownInvoice => PayOwnInvoiceError::UnknownInvoice,
        SettleInvoiceError::Ledger(error) => error.into(),
    })?;
    let completed = complete(tx, id, invoice.payment_preimage, Some(amount), now);
    let completed = completed.map_err(|error| match error {
        // It was filed a moment ago.
        FinishPaymentError::UnknownPayment => LedgerError::RolledBack,
        FinishPaymentError::Ledger(error) => error,
    })?;
    Ok(completed.into_inner())
}
