//! What can happen to a payment: it is begun, completes or fails, is deleted.

use super::given::next_group;
use super::read::{by_hash, latest_of_id};
use super::row::{given_sql, sql, status_column};
use super::{NewPayment, Payment, PaymentId, PaymentState, PaymentStatus};
use crate::Recorded;
use crate::changes::Change;
use crate::counters::IndexKind;
use crate::error::LedgerError;
use crate::invoices::InvoiceText;
use crate::job::Durable;
use crate::ledger::Ledger;
use crate::payouts;
use crate::sql::{execute, hash_key, int};
use crate::writer::WriteTx;
use boltill_types::{Msat, PaymentHash, PaymentPreimage, UnixSeconds};

/// Whether a payment hash may be paid once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Not while an attempt is pending, nor after one was completed.
    Refuse,
    /// Whatever there was before; the payee may take the money twice.
    Allow,
}

/// Why a payment was not begun.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BeginPaymentError {
    /// The payment hash has been paid, by the enclosed payment.
    #[error("the payment hash has been paid already")]
    AlreadyPaid(Box<Payment>),
    /// The enclosed payment of that payment hash may be on its way.
    #[error("a payment of the same payment hash is in progress")]
    InProgress(Box<Payment>),
    /// The enclosed payment, of another payment hash perhaps, has the same id of LDK's and is not over.
    #[error("the payment id is in use")]
    IdInUse(Box<Payment>),
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Why a payment's end was not recorded.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FinishPaymentError {
    /// There is no payment with that id of LDK's.
    #[error("no payment has that payment id")]
    UnknownPayment,
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Why payments were not deleted. Checked in the order of the variants.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DeletePaymentError {
    /// Payments that may be on their way are never deleted.
    #[error("a pending payment cannot be deleted")]
    Pending,
    /// There is no payment of that hash (and group and part); Core Lightning's code 208.
    #[error("no payment has that payment hash")]
    UnknownPayment,
    /// There are payments, and none has the expected status; Core Lightning's code 211.
    #[error("the payment's status is {current} not {expected}")]
    StatusMismatch {
        /// What it is; the first one's if there are several.
        current: PaymentStatus,
        /// What the caller thinks it is.
        expected: PaymentStatus,
    },
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Ledger {
    /// Files an attempt to pay as pending; to be durable before the payment is sent.
    ///
    /// Looks and files in one transaction, so of any number of callers that want to pay one hash with
    /// [`Repeat::Refuse`], one succeeds.
    pub fn begin_payment(&self, payment: NewPayment, repeat: Repeat) -> Durable<Payment, BeginPaymentError> {
        self.writer.write(move |tx| begin(tx, payment, repeat))
    }

    /// Records that the latest attempt with that id was completed. `amount_sent` includes the fees, if they are known.
    ///
    /// Idempotent; and since a preimage is a proof, it also overrules a failure that was recorded before.
    pub fn complete_payment(
        &self,
        payment_id: PaymentId,
        preimage: PaymentPreimage,
        amount_sent: Option<Msat>,
        completed_at: UnixSeconds,
    ) -> Durable<Recorded<Payment>, FinishPaymentError> {
        self.writer
            .write(move |tx| complete(tx, payment_id, preimage, amount_sent, completed_at))
    }

    /// Records that the latest attempt with that id has failed for good, with an error code and message of `pay`'s.
    ///
    /// Idempotent: a payment that was completed, or has failed before, stays as it is.
    pub fn fail_payment(
        &self,
        payment_id: PaymentId,
        code: i32,
        message: String,
        completed_at: UnixSeconds,
    ) -> Durable<Recorded<Payment>, FinishPaymentError> {
        self.writer
            .write(move |tx| fail(tx, payment_id, code, message, completed_at))
    }

    /// Deletes the payments of that hash which have the expected status, and answers what they were.
    ///
    /// `part` is a groupid and a partid, and limits it to that one.
    pub fn delete_payments(
        &self,
        payment_hash: PaymentHash,
        expected: PaymentStatus,
        part: Option<(u64, u64)>,
    ) -> Durable<Vec<Payment>, DeletePaymentError> {
        self.writer
            .write(move |tx| delete(tx, &payment_hash, expected, part))
    }
}

pub(crate) fn begin(
    tx: &mut WriteTx<'_>,
    new: NewPayment,
    repeat: Repeat,
) -> Result<Payment, BeginPaymentError> {
    let earlier = by_hash(tx.conn, &new.payment_hash)?;
    let with_status = |status| earlier.iter().find(|payment| payment.state.status() == status);
    if repeat == Repeat::Refuse {
        if let Some(paid) = with_status(PaymentStatus::Complete) {
            return Err(BeginPaymentError::AlreadyPaid(Box::new(paid.clone())));
        }
        if let Some(pending) = with_status(PaymentStatus::Pending) {
            return Err(BeginPaymentError::InProgress(Box::new(pending.clone())));
        }
    }
    if let Some(other) = latest_of_id(tx.conn, &new.payment_id)?
        && other.state == PaymentState::Pending
    {
        return Err(BeginPaymentError::IdInUse(Box::new(other)));
    }
    let group = next_group(&earlier);
    Ok(file(tx, new, group, None)?)
}

/// Files a payment as pending, whatever else there is.
pub(super) fn file(
    tx: &mut WriteTx<'_>,
    new: NewPayment,
    groupid: u64,
    amount_sent: Option<Msat>,
) -> Result<Payment, LedgerError> {
    let payment = Payment {
        created_index: tx.counters.sendpays.next_created(),
        updated_index: None,
        payment_id: new.payment_id,
        payment_hash: new.payment_hash,
        groupid,
        partid: new.partid,
        destination: new.destination,
        amount: new.amount,
        amount_sent,
        created_at: new.created_at,
        label: new.label,
        text: new.text,
        description: new.description,
        state: PaymentState::Pending,
    };
    insert(tx, &payment)?;
    tx.publish(Change::sendpay(
        IndexKind::Created,
        payment.created_index.0,
        &payment,
    ));
    Ok(payment)
}

fn insert(tx: &WriteTx<'_>, payment: &Payment) -> Result<(), LedgerError> {
    let (bolt11, bolt12) = match &payment.text {
        Some(InvoiceText::Bolt11(text)) => (Some(text), None),
        Some(InvoiceText::Bolt12(text)) => (None, Some(text)),
        None => (None, None),
    };
    let columns = (
        int(payment.created_index.0),
        hash_key(&payment.payment_id.0),
        hash_key(&payment.payment_hash.0),
        int(payment.groupid),
        int(payment.partid),
        int(payment.amount.0),
        int(payment.created_at.0),
        payment.payment_id.0,
        payment.payment_hash.0,
        payment.destination.map(|key| key.serialize()),
        &payment.label,
        bolt11,
        bolt12,
        &payment.description,
        payment.amount_sent.map(|amount| int(amount.0)),
    );
    execute(tx.conn, sql::INSERT, columns)
}

pub(super) fn complete(
    tx: &mut WriteTx<'_>,
    id: PaymentId,
    preimage: PaymentPreimage,
    amount_sent: Option<Msat>,
    completed_at: UnixSeconds,
) -> Result<Recorded<Payment>, FinishPaymentError> {
    let mut payment = latest_of_id(tx.conn, &id)?.ok_or(FinishPaymentError::UnknownPayment)?;
    if payment.state.status() == PaymentStatus::Complete {
        return Ok(Recorded::Already(payment));
    }
    payment.amount_sent = amount_sent.or(payment.amount_sent);
    payment.state = PaymentState::Complete {
        preimage,
        completed_at,
    };
    finish(tx, &mut payment)?;
    Ok(Recorded::Newly(payment))
}

pub(super) fn fail(
    tx: &mut WriteTx<'_>,
    id: PaymentId,
    code: i32,
    message: String,
    completed_at: UnixSeconds,
) -> Result<Recorded<Payment>, FinishPaymentError> {
    let mut payment = latest_of_id(tx.conn, &id)?.ok_or(FinishPaymentError::UnknownPayment)?;
    if payment.state != PaymentState::Pending {
        return Ok(Recorded::Already(payment));
    }
    payment.state = PaymentState::Failed {
        code,
        message,
        completed_at,
    };
    finish(tx, &mut payment)?;
    Ok(Recorded::Newly(payment))
}

fn delete(
    tx: &mut WriteTx<'_>,
    payment_hash: &PaymentHash,
    expected: PaymentStatus,
    part: Option<(u64, u64)>,
) -> Result<Vec<Payment>, DeletePaymentError> {
    if expected == PaymentStatus::Pending {
        return Err(DeletePaymentError::Pending);
    }
    let mut payments = by_hash(tx.conn, payment_hash)?;
    payments.retain(|payment| part.is_none_or(|part| part == (payment.groupid, payment.partid)));
    let first = payments.first().ok_or(DeletePaymentError::UnknownPayment)?;
    let current = first.state.status();
    payments.retain(|payment| payment.state.status() == expected);
    if payments.is_empty() {
        return Err(DeletePaymentError::StatusMismatch { current, expected });
    }
    for payment in &payments {
        remove(tx, payment)?;
    }
    Ok(payments)
}

pub(super) fn remove(tx: &mut WriteTx<'_>, payment: &Payment) -> Result<(), LedgerError> {
    execute(tx.conn, sql::DELETE, [int(payment.created_index.0)])?;
    execute(tx.conn, given_sql::DELETE, [int(payment.created_index.0)])?;
    let index = tx.counters.sendpays.next_deleted();
    tx.publish(Change::sendpay(IndexKind::Deleted, index.0, payment));
    Ok(())
}

/// Gives a payment that came to its end its next updated index, stores and publishes the change; and ends its payout, if it is for an
/// invoice_request.
fn finish(tx: &mut WriteTx<'_>, payment: &mut Payment) -> Result<(), LedgerError> {
    let index = tx.counters.sendpays.next_updated();
    payment.updated_index = Some(index);
    let (preimage, failure, completed_at) = match &payment.state {
        PaymentState::Pending => (None, None, None),
        PaymentState::Complete {
            preimage,
            completed_at,
        } => (Some(preimage.0), None, Some(completed_at)),
        PaymentState::Failed {
            code,
            message,
            completed_at,
        } => (None, Some((code, message)), Some(completed_at)),
    };
    let columns = (
        int(payment.created_index.0),
        int(index.0),
        status_column(payment.state.status()),
        payment.amount_sent.map(|amount| int(amount.0)),
        completed_at.map(|time| int(time.0)),
        preimage,
        failure.map(|(code, _)| code),
        failure.map(|(_, message)| message),
    );
    execute(tx.conn, sql::FINISH, columns)?;
    tx.publish(Change::sendpay(IndexKind::Updated, index.0, payment));
    payouts::close(tx, payment)
}
