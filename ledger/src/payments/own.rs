//! Paying an invoice that is in this ledger: no money moves, and both books change together.

use super::given;
use super::write::{begin, complete};
use super::{
    BeginPartError, BeginPaymentError, FinishPaymentError, NewPart, NewPayment, Payment, PaymentId, Repeat,
};
use crate::Recorded;
use crate::error::LedgerError;
use crate::invoices::{InvoiceState, InvoiceStatus, SettleInvoiceError, by_hash, settle};
use crate::job::Durable;
use crate::ledger::Ledger;
use crate::payouts::{self, PayoutRefusal};
use crate::writer::WriteTx;
use boltill_types::{InvreqId, Msat, PaymentHash, UnixSeconds};

/// Why an invoice of our own was not paid. Checked in the order of the variants.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PayOwnInvoiceError {
    /// The payment hash has been paid already, or may be paid just now.
    #[error(transparent)]
    Begin(BeginPaymentError),
    /// The same, of a payment with a groupid.
    #[error(transparent)]
    BeginPart(BeginPartError),
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

impl From<BeginPartError> for PayOwnInvoiceError {
    fn from(error: BeginPartError) -> PayOwnInvoiceError {
        match error {
            BeginPartError::Ledger(error) => PayOwnInvoiceError::Ledger(error),
            refused => PayOwnInvoiceError::BeginPart(refused),
        }
    }
}

/// Why an invoice of our own was not paid for an invoice_request of our own. Checked in the order of the variants.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PayOwnPayoutError {
    /// The request is not paid.
    #[error(transparent)]
    Payout(#[from] PayoutRefusal),
    /// The invoice cannot be.
    #[error(transparent)]
    Invoice(#[from] PayOwnInvoiceError),
}

impl From<LedgerError> for PayOwnPayoutError {
    fn from(error: LedgerError) -> PayOwnPayoutError {
        PayoutRefusal::from(error).into()
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

    /// The same for a payment with a groupid. It is not paid twice: the very same that is complete is found again.
    pub fn pay_own_part(
        &self,
        part: NewPart,
        now: UnixSeconds,
    ) -> Durable<Recorded<Payment>, PayOwnInvoiceError> {
        self.writer.write(move |tx| {
            let new = &part.payment;
            let (hash, id, amount) = (new.payment_hash, new.payment_id, new.amount);
            match given::begin(tx, part)? {
                Recorded::Newly(_) => Ok(Recorded::Newly(finish(tx, hash, id, amount, now)?)),
                earlier @ Recorded::Already(_) => Ok(earlier),
            }
        })
    }
}

impl Ledger {
    /// Pays an invoice of this ledger for an invoice_request of this ledger: payout and payment are complete, and the invoice paid with the
    /// payment's amount, or nothing has happened. Whether the amount is enough is for the caller to have checked.
    pub fn pay_own_payout(
        &self,
        id: InvreqId,
        payment: NewPayment,
        now: UnixSeconds,
    ) -> Durable<Payment, PayOwnPayoutError> {
        self.writer.write(move |tx| {
            let (hash, payment_id, amount) = (payment.payment_hash, payment.payment_id, payment.amount);
            payouts::begin(tx, &id, payment, now)?;
            Ok(finish(tx, hash, payment_id, amount, now)?)
        })
    }
}

fn pay_own(tx: &mut WriteTx<'_>, new: NewPayment, now: UnixSeconds) -> Result<Payment, PayOwnInvoiceError> {
    let (hash, id, amount) = (new.payment_hash, new.payment_id, new.amount);
    begin(tx, new, Repeat::Refuse)?;
    finish(tx, hash, id, amount, now)
}

/// Pays the invoice with a payment that was filed a moment ago.
fn finish(
    tx: &mut WriteTx<'_>,
    hash: PaymentHash,
    id: PaymentId,
    amount: Msat,
    now: UnixSeconds,
) -> Result<Payment, PayOwnInvoiceError> {
    let invoice = by_hash(tx.keys, tx.conn, &hash)?.ok_or(PayOwnInvoiceError::UnknownInvoice)?;
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
