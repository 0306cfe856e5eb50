//! How a payout lies in its table.

use super::{Payout, PayoutOf, PayoutState};
use crate::payments::{PaymentStatus, status_of_column};
use crate::sql::{converted, seconds, uint};
use boltill_types::{CreatedIndex, InvreqId, Msat, PaymentHash};
use rusqlite::Row;

pub(crate) mod sql {
    /// The columns that [`super::payout`] reads, in its order.
    macro_rules! select {
        ($rest:literal) => {
            concat!(
                "SELECT payment, request, status, amount_msat, began_at, ended_at, payment_hash FROM payouts ",
                $rest
            )
        };
    }

    /// The same of a table `p`, and what [`super::payout_of`] reads behind.
    macro_rules! select_with_request {
        ($rest:literal) => {
            concat!(
                "SELECT p.payment, p.request, p.status, p.amount_msat, p.began_at, p.ended_at, p.payment_hash, ",
                $rest
            )
        };
    }

    crate::sql::statements! {
        INSERT = "INSERT INTO payouts (payment, request, status, hash_key, amount_msat, began_at, payment_hash) \
                  VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6)";
        CLOSE = "UPDATE payouts SET status = ?2, ended_at = ?3 WHERE payment = ?1";
        BY_PAYMENT = select!("WHERE payment = ?1");
        PAID = "SELECT payment FROM payouts WHERE hash_key = ?1 AND payment_hash = ?2 AND status = 1 LIMIT 1";
        LATEST_THAT_COUNTS = "SELECT began_at FROM payouts INDEXED BY payouts_that_count \
                              WHERE request = ?1 AND status <> 2 ORDER BY payment DESC LIMIT 1";
        OF_REQUEST = select!("WHERE request = (SELECT created_index FROM invoice_requests \
                                               WHERE id_key = ?4 AND invreq_id = ?5) \
                              AND payment BETWEEN ?1 AND ?2 ORDER BY payment LIMIT ?3");
        BY_CREATION = select_with_request!("p.payment, r.invreq_id, r.label FROM payouts p \
                                            JOIN invoice_requests r ON r.created_index = p.request \
                                            WHERE p.payment BETWEEN ?1 AND ?2 ORDER BY p.payment LIMIT ?3");
        ENDED = select_with_request!("s.updated_index, r.invreq_id, r.label \
                                      FROM sendpays s INDEXED BY sendpays_by_update \
                                      CROSS JOIN payouts p ON p.payment = s.created_index \
                                      JOIN invoice_requests r ON r.created_index = p.request \
                                      WHERE s.updated_index BETWEEN ?1 AND ?2 ORDER BY s.updated_index LIMIT ?3");
    }
}

/// Reads what `select!` selects.
pub(super) fn payout(row: &Row<'_>) -> rusqlite::Result<Payout> {
    let state = match converted(row, 2, status_of_column)? {
        PaymentStatus::Pending => PayoutState::Pending,
        PaymentStatus::Complete => PayoutState::Complete {
            paid_at: seconds(row, 5)?,
        },
        PaymentStatus::Failed => PayoutState::Failed {
            failed_at: seconds(row, 5)?,
        },
    };
    Ok(Payout {
        payment: CreatedIndex(uint(row, 0)?),
        request: CreatedIndex(uint(row, 1)?),
        payment_hash: PaymentHash(row.get(6)?),
        amount: Msat(uint(row, 3)?),
        began_at: seconds(row, 4)?,
        state,
    })
}

/// Reads what `select_with_request!` selects.
pub(super) fn payout_of(row: &Row<'_>) -> rusqlite::Result<PayoutOf> {
    Ok(PayoutOf {
        payout: payout(row)?,
        index: uint(row, 7)?,
        invreq_id: InvreqId(row.get(8)?),
        label: row.get(9)?,
    })
}
