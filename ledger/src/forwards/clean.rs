//! Deleting old forwards.

use super::row::{forward, sql, status_column};
use super::{Forward, ForwardState, ForwardStatus};
use crate::changes::Change;
use crate::cleaning::{BATCH, CleanedBatch};
use crate::counters::IndexKind;
use crate::error::LedgerError;
use crate::sql::{all, execute, int};
use crate::writer::WriteTx;
use boltill_types::UnixSeconds;

/// Deletes a few of those with that status that ended then or before. What they have earned stays counted.
pub(crate) fn clean(
    tx: &mut WriteTx<'_>,
    status: ForwardStatus,
    ended: UnixSeconds,
) -> Result<CleanedBatch, LedgerError> {
    let bounds = [0, i64::MAX, int(BATCH), status_column(status)];
    let oldest = all(tx.conn, sql::BY_STATUS, bounds, forward)?;
    let mut cleaned = 0;
    for forward in oldest.iter().filter(|forward| has_ended(forward, ended)) {
        execute(tx.conn, sql::DELETE, [int(forward.created_index.0)])?;
        let index = tx.counters.forwards.next_deleted();
        tx.publish(Change::forward(IndexKind::Deleted, index.0, forward));
        cleaned += 1;
    }
    Ok(CleanedBatch::of(oldest.len(), cleaned))
}

fn has_ended(forward: &Forward, by: UnixSeconds) -> bool {
    match &forward.state {
        ForwardState::Offered => false,
        ForwardState::Settled { resolved_at }
        | ForwardState::Failed { resolved_at, .. }
        | ForwardState::LocalFailed { resolved_at, .. } => *resolved_at <= by,
    }
}
