//! The beginning of a payout: whether an invoice_request may be paid, decided and filed in one transaction.

use super::row::sql;
use crate::error::LedgerError;
use crate::invoice_requests::{self, InvoiceRequest, by_id};
use crate::job::Durable;
use crate::ledger::Ledger;
use crate::payments::{self, BeginPaymentError, NewPayment, Payment, PaymentStatus, Repeat};
use crate::sql::{execute, hash_key, int, one, seconds};
use crate::writer::WriteTx;
use boltill_types::{InvreqId, Msat, PaymentHash, UnixSeconds};
use std::fmt;

/// A payout that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The payment, pending. It may be sent now.
    pub payment: Payment,
    /// The invoice_request that it is for, with this payment in its sums.
    pub request: InvoiceRequest,
}

/// Why a payout was not begun. Checked in the order of the variants; the words are for whoever sent the invoice.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PayoutRefusal {
    /// There is no invoice_request of that id.
    #[error("unknown invoice_request")]
    Unknown,
    /// This very payment hash has been paid, for this request or anything else.
    #[error("the invoice has been paid already")]
    AlreadyPaid,
    /// This very payment hash may be on its way, for this request or anything else.
    #[error("the invoice is being paid already")]
    AlreadyInProgress,
    /// The request is paid no more.
    #[error("invoice_request no longer available: it {0}")]
    NoLongerAvailable(Unavailable),
    /// The request is for a single use, and another invoice is being paid for it. Should that fail, this one can be sent again.
    #[error("already in progress")]
    Busy,
    /// So many payments are all that the request allows.
    #[error("invoice_request allows no more than {max} payments")]
    MaxPayments {
        /// All that it allows.
        max: u64,
    },
    /// The request allows a sum that this payment would pass.
    #[error("invoice_request has no more than {left} left to pay")]
    MaxTotal {
        /// What may still be paid.
        left: Msat,
    },
    /// The request wants time between two payments.
    #[error("invoice_request is not paid again for {seconds} seconds")]
    TooSoon {
        /// When the next payment may begin.
        not_before: UnixSeconds,
        /// The seconds until then.
        seconds: u64,
    },
    /// Another payment has the same id of LDK's and is not over.
    #[error("the payment id is in use")]
    IdInUse,
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<BeginPaymentError> for PayoutRefusal {
    fn from(error: BeginPaymentError) -> PayoutRefusal {
        match error {
            BeginPaymentError::AlreadyPaid(_) => PayoutRefusal::AlreadyPaid,
            BeginPaymentError::InProgress(_) => PayoutRefusal::AlreadyInProgress,
            BeginPaymentError::IdInUse(_) => PayoutRefusal::IdInUse,
            BeginPaymentError::Ledger(error) => error.into(),
        }
    }
}

/// Why an invoice_request is paid no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// It was for a single use, and has been paid.
    Used,
    /// Its time has passed.
    Expired,
    /// The operator has disabled it.
    Disabled,
}

impl Unavailable {
    /// Why that request is paid no more; `None` while it is.
    pub fn of(request: &InvoiceRequest, now: UnixSeconds) -> Option<Unavailable> {
        if request.single_use && request.used {
            Some(Unavailable::Used)
        } else if request.has_expired(now) {
            Some(Unavailable::Expired)
        } else if !request.active {
            Some(Unavailable::Disabled)
        } else {
            None
        }
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unavailable::Used => "has been paid",
            Unavailable::Expired => "has expired",
            Unavailable::Disabled => "was disabled",
        })
    }
}

impl Ledger {
    /// Files a payment for an invoice_request as pending, together with its payout, if the request may be paid `now`; to be durable
    /// before the payment is sent. The rules stand at the top of `payouts.rs`.
    ///
    /// Looks and files in one transaction. The payment ends as every other, by [`Ledger::complete_payment`] or [`Ledger::fail_payment`].
    pub fn begin_payout(
        &self,
        id: InvreqId,
        payment: NewPayment,
        now: UnixSeconds,
    ) -> Durable<Begun, PayoutRefusal> {
        self.writer.write(move |tx| begin(tx, &id, payment, now))
    }
}

pub(crate) fn begin(
    tx: &mut WriteTx<'_>,
    id: &InvreqId,
    new: NewPayment,
    now: UnixSeconds,
) -> Result<Begun, PayoutRefusal> {
    let mut request = by_id(tx.conn, id)?.ok_or(PayoutRefusal::Unknown)?;
    look_for_same(tx, &new.payment_hash)?;
    if let Some(why) = Unavailable::of(&request, now) {
        return Err(PayoutRefusal::NoLongerAvailable(why));
    }
    if request.single_use && request.sums.count() > 0 {
        return Err(PayoutRefusal::Busy);
    }
    look_at_limits(tx, &request, new.amount, now)?;
    let payment = payments::begin(tx, new, Repeat::Refuse)?;
    insert(tx, &request, &payment, now)?;
    request.sums.pending_count = request.sums.pending_count.saturating_add(1);
    request.sums.pending = request.sums.pending + payment.amount;
    invoice_requests::update(tx, &mut request)?;
    Ok(Begun { payment, request })
}

/// Looks whether that hash was paid or is being paid. A payment's row may be deleted once it is over, its payout's is not.
fn look_for_same(tx: &WriteTx<'_>, hash: &PaymentHash) -> Result<(), PayoutRefusal> {
    let paid_out = one(tx.conn, sql::PAID, (hash_key(&hash.0), hash.0), |_| Ok(()))?;
    if paid_out.is_some() {
        return Err(PayoutRefusal::AlreadyPaid);
    }
    let earlier = payments::by_hash(tx.conn, hash)?;
    let any = |status| earlier.iter().any(|payment| payment.state.status() == status);
    if any(PaymentStatus::Complete) {
        return Err(PayoutRefusal::AlreadyPaid);
    }
    if any(PaymentStatus::Pending) {
        return Err(PayoutRefusal::AlreadyInProgress);
    }
    Ok(())
}

fn look_at_limits(
    tx: &WriteTx<'_>,
    request: &InvoiceRequest,
    amount: Msat,
    now: UnixSeconds,
) -> Result<(), PayoutRefusal> {
    let (limits, sums) = (&request.limits, &request.sums);
    if let Some(max) = limits.max_payments
        && sums.count() >= max
    {
        return Err(PayoutRefusal::MaxPayments { max });
    }
    if let Some(max) = limits.max_total {
        let left = max.saturating_sub(sums.total());
        if amount > left {
            return Err(PayoutRefusal::MaxTotal { left });
        }
    }
    let Some(interval) = limits.min_interval else {
        return Ok(());
    };
    let index = [int(request.created_index.0)];
    let latest = one(tx.conn, sql::LATEST_THAT_COUNTS, index, |row| seconds(row, 0))?;
    match latest.map(|latest| latest.saturating_add(interval)) {
        Some(not_before) if now < not_before => Err(PayoutRefusal::TooSoon {
            not_before,
            seconds: not_before.0 - now.0,
        }),
        _ => Ok(()),
    }
}

fn insert(
    tx: &WriteTx<'_>,
    request: &InvoiceRequest,
    payment: &Payment,
    now: UnixSeconds,
) -> Result<(), LedgerError> {
    let columns = (
        int(payment.created_index.0),
        int(request.created_index.0),
        hash_key(&payment.payment_hash.0),
        int(payment.amount.0),
        int(now.0),
        payment.payment_hash.0,
    );
    execute(tx.conn, sql::INSERT, columns)
}
