//! The end of a payout, in the transaction that ends its payment.

use super::row::{payout, sql};
use super::{Payout, PayoutState};
use crate::error::LedgerError;
use crate::invoice_requests::{InvoiceRequest, by_index, update};
use crate::payments::{Payment, PaymentState, status_column};
use crate::sql::{execute, int, one};
use crate::writer::WriteTx;
use boltill_types::UnixSeconds;

/// Ends the payout of a payment that has just come to its end, if it is for an invoice_request.
pub(crate) fn close(tx: &mut WriteTx<'_>, payment: &Payment) -> Result<(), LedgerError> {
    let (state, ended_at) = match payment.state {
        PaymentState::Pending => return Ok(()),
        PaymentState::Complete { completed_at, .. } => (
            PayoutState::Complete {
                paid_at: completed_at,
            },
            completed_at,
        ),
        PaymentState::Failed { completed_at, .. } => (
            PayoutState::Failed {
                failed_at: completed_at,
            },
            completed_at,
        ),
    };
    let index = int(payment.created_index.0);
    let Some(payout) = one(tx.conn, sql::BY_PAYMENT, [index], payout)? else {
        return Ok(());
    };
    let columns = (index, status_column(state.status()), int(ended_at.0));
    execute(tx.conn, sql::CLOSE, columns)?;
    let Some(mut request) = by_index(tx.conn, payout.request)? else {
        return Ok(());
    };
    if payout.state == PayoutState::Pending {
        release(&mut request, &payout);
    }
    if let PayoutState::Complete { paid_at } = state {
        pay(&mut request, &payout, paid_at);
    }
    update(tx, &mut request)
}

/// The payout is no longer pending.
fn release(request: &mut InvoiceRequest, payout: &Payout) {
    let sums = &mut request.sums;
    sums.pending_count = sums.pending_count.saturating_sub(1);
    sums.pending = sums.pending.saturating_sub(payout.amount);
}

/// The payout has arrived.
fn pay(request: &mut InvoiceRequest, payout: &Payout, paid_at: UnixSeconds) {
    let sums = &mut request.sums;
    sums.paid_count = sums.paid_count.saturating_add(1);
    sums.paid = sums.paid + payout.amount;
    request.last_paid_at = Some(paid_at);
    request.used = true;
    if request.single_use {
        request.active = false;
    }
}
