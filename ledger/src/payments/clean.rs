//! Deleting old payments.

use super::row::{payment, sql, status_column};
use super::write::remove;
use super::{Payment, PaymentState, PaymentStatus};
use crate::cleaning::{BATCH, CleanedBatch};
use crate::error::LedgerError;
use crate::sql::{all, int};
use crate::writer::WriteTx;
use boltill_types::UnixSeconds;

/// Deletes a few of those with that status that came to their end then or before.
pub(crate) fn clean(
    tx: &mut WriteTx<'_>,
    status: PaymentStatus,
    ended: UnixSeconds,
) -> Result<CleanedBatch, LedgerError> {
    let bounds = [0, i64::MAX, int(BATCH), status_column(status)];
    let oldest = all(tx.conn, sql::BY_STATUS, bounds, payment)?;
    let mut cleaned = 0;
    for payment in oldest.iter().filter(|payment| has_ended(payment, ended)) {
        remove(tx, payment)?;
        cleaned += 1;
    }
    Ok(CleanedBatch::of(oldest.len(), cleaned))
}

fn has_ended(payment: &Payment, by: UnixSeconds) -> bool {
    match &payment.state {
        PaymentState::Pending => false,
        PaymentState::Complete { completed_at, .. } | PaymentState::Failed { completed_at, .. } => {
            *completed_at <= by
        }
    }
}
