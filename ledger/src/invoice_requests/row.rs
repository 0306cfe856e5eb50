//! How an invoice_request lies in its table.

use super::{InvoiceRequest, PayoutLimits, PayoutSums};
use crate::sql::{optional_msat, optional_uint, uint};
use boltill_types::{CreatedIndex, InvreqId, Msat, UnixSeconds, UpdatedIndex};
use rusqlite::Row;

pub(crate) mod sql {
    /// The columns that [`super::invoice_request`] reads, in its order.
    macro_rules! select {
        ($rest:literal) => {
            concat!(
                "SELECT created_index, updated_index, single_use, active, used, amount_msat, absolute_expiry, \
                 max_payments, max_total_msat, min_interval, paid_count, paid_msat, pending_count, pending_msat, \
                 last_paid_at, invreq_id, label, bolt12, bolt12_unsigned FROM invoice_requests ",
                $rest
            )
        };
    }

    crate::sql::statements! {
        INSERT = "INSERT INTO invoice_requests (created_index, id_key, single_use, active, used, amount_msat, \
                  absolute_expiry, max_payments, max_total_msat, min_interval, paid_count, paid_msat, pending_count, \
                  pending_msat, invreq_id, label, bolt12, bolt12_unsigned) \
                  VALUES (?1, ?2, ?3, 1, 0, ?4, ?5, ?6, ?7, ?8, 0, 0, 0, 0, ?9, ?10, ?11, ?12)";
        UPDATE = "UPDATE invoice_requests SET updated_index = ?2, active = ?3, used = ?4, paid_count = ?5, \
                  paid_msat = ?6, pending_count = ?7, pending_msat = ?8, last_paid_at = ?9 WHERE created_index = ?1";
        BY_ID = select!("WHERE id_key = ?1 AND invreq_id = ?2");
        BY_INDEX = select!("WHERE created_index = ?1");
        BY_CREATION = select!("WHERE created_index BETWEEN ?1 AND ?2 ORDER BY created_index LIMIT ?3");
        BY_UPDATE = select!("WHERE updated_index BETWEEN ?1 AND ?2 ORDER BY updated_index LIMIT ?3");
        ACTIVE = select!("WHERE active = 1 AND created_index BETWEEN ?1 AND ?2 ORDER BY created_index LIMIT ?3");
        DUE = select!("INDEXED BY invoice_requests_by_expiry WHERE active = 1 AND absolute_expiry < ?1 \
                       ORDER BY absolute_expiry LIMIT ?2");
        NEXT_EXPIRY = "SELECT absolute_expiry FROM invoice_requests INDEXED BY invoice_requests_by_expiry \
                       WHERE active = 1 AND absolute_expiry >= 0 ORDER BY absolute_expiry LIMIT 1";
    }
}

/// Reads what `select!` selects.
pub(super) fn invoice_request(row: &Row<'_>) -> rusqlite::Result<InvoiceRequest> {
    Ok(InvoiceRequest {
        created_index: CreatedIndex(uint(row, 0)?),
        updated_index: optional_uint(row, 1)?.map(UpdatedIndex),
        id: InvreqId(row.get(15)?),
        label: row.get(16)?,
        bolt12: row.get(17)?,
        bolt12_unsigned: row.get(18)?,
        single_use: row.get(2)?,
        active: row.get(3)?,
        used: row.get(4)?,
        amount: Msat(uint(row, 5)?),
        absolute_expiry: optional_uint(row, 6)?.map(UnixSeconds),
        limits: PayoutLimits {
            max_payments: optional_uint(row, 7)?,
            max_total: optional_msat(row, 8)?,
            min_interval: optional_uint(row, 9)?,
        },
        sums: PayoutSums {
            paid_count: uint(row, 10)?,
            paid: Msat(uint(row, 11)?),
            pending_count: uint(row, 12)?,
            pending: Msat(uint(row, 13)?),
        },
        last_paid_at: optional_uint(row, 14)?.map(UnixSeconds),
    })
}
