//! Deleting old invoices.

use super::row::{invoice, sql};
use super::write::remove;
use super::{Invoice, InvoiceState};
use crate::cleaning::{BATCH, CleanedBatch};
use crate::error::LedgerError;
use crate::sql::{all, int};
use crate::writer::WriteTx;
use boltill_types::UnixSeconds;

/// Deletes a few that were paid then or before, in the order in which they were.
pub(crate) fn clean_paid(tx: &mut WriteTx<'_>, paid: UnixSeconds) -> Result<CleanedBatch, LedgerError> {
    let bounds = [0, i64::MAX, int(BATCH)];
    let oldest = all(tx.conn, sql::BY_PAYMENT, bounds, invoice)?;
    delete(
        tx,
        &oldest,
        |invoice| matches!(invoice.state, InvoiceState::Paid { paid_at, .. } if paid_at <= paid),
    )
}

/// Deletes a few whose time had passed then.
pub(crate) fn clean_expired(tx: &mut WriteTx<'_>, expired: UnixSeconds) -> Result<CleanedBatch, LedgerError> {
    let oldest = all(
        tx.conn,
        sql::OLDEST_EXPIRED,
        (int(expired.0), int(BATCH)),
        invoice,
    )?;
    delete(tx, &oldest, |_| true)
}

fn delete(
    tx: &mut WriteTx<'_>,
    oldest: &[Invoice],
    is_old: impl Fn(&Invoice) -> bool,
) -> Result<CleanedBatch, LedgerError> {
    let mut cleaned = 0;
    for invoice in oldest.iter().filter(|invoice| is_old(invoice)) {
        remove(tx, invoice)?;
        cleaned += 1;
    }
    Ok(CleanedBatch::of(oldest.len(), cleaned))
}
