//! How a forward lies in its table.

use super::{ChannelId, Forward, ForwardFailure, ForwardState, ForwardStatus, HtlcIn, HtlcOut};
use crate::sql::{UnknownValue, converted, optional_msat, optional_uint, seconds, uint};
use boltill_types::{CreatedIndex, Msat, PaymentHash, UpdatedIndex};
use rusqlite::Row;

pub(crate) mod sql {
    /// The columns that [`super::forward`] reads, in its order.
    macro_rules! select {
        ($rest:literal) => {
            concat!(
                "SELECT created_index, updated_index, status, in_channel, in_scid, in_htlc_id, in_msat, \
                 payment_hash, received_at, out_channel, out_scid, out_htlc_id, out_msat, resolved_at, \
                 failure_code, failure_name FROM forwards ",
                $rest
            )
        };
    }

    crate::sql::statements! {
        INSERT = "INSERT INTO forwards (created_index, status, in_key, in_htlc_id, in_scid, out_scid, in_msat, \
                  out_msat, out_htlc_id, received_at, resolved_at, failure_code, failure_name, in_channel, \
                  out_channel, payment_hash) \
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
        RESOLVE = "UPDATE forwards SET updated_index = ?2, status = ?3, resolved_at = ?4, failure_code = ?5, \
                   failure_name = ?6, out_channel = ?7, out_scid = ?8, out_htlc_id = ?9, \
                   out_msat = ?10 WHERE created_index = ?1";
        DELETE = "DELETE FROM forwards WHERE created_index = ?1";
        BY_HTLC = select!("WHERE in_key = ?1 AND in_htlc_id = ?2 AND in_channel = ?3");
        UNDER_WAY = select!("WHERE status = 0 AND in_key = ?1 AND in_channel = ?2 ORDER BY created_index");
        BY_STATUS = select!("WHERE status = ?4 AND created_index BETWEEN ?1 AND ?2 \
                             ORDER BY created_index LIMIT ?3");
        BY_IN = select!("WHERE in_scid = ?4 AND created_index BETWEEN ?1 AND ?2 ORDER BY created_index LIMIT ?3");
        BY_OUT = select!("WHERE out_scid = ?4 AND created_index BETWEEN ?1 AND ?2 \
                          ORDER BY created_index LIMIT ?3");
        BY_CREATION = select!("WHERE created_index BETWEEN ?1 AND ?2 ORDER BY created_index LIMIT ?3");
        BY_UPDATE = select!("WHERE updated_index BETWEEN ?1 AND ?2 ORDER BY updated_index LIMIT ?3");
    }
}

/// Reads what `select!` selects.
pub(super) fn forward(row: &Row<'_>) -> rusqlite::Result<Forward> {
    let failure = || -> rusqlite::Result<Option<ForwardFailure>> {
        let (code, name) = (row.get::<_, Option<u16>>(14)?, row.get::<_, Option<String>>(15)?);
        Ok(code.zip(name).map(|(code, name)| ForwardFailure { code, name }))
    };
    let state = match converted(row, 2, status)? {
        ForwardStatus::Offered => ForwardState::Offered,
        ForwardStatus::Settled => ForwardState::Settled {
            resolved_at: seconds(row, 13)?,
        },
        ForwardStatus::Failed => ForwardState::Failed {
            resolved_at: seconds(row, 13)?,
            failure: failure()?,
        },
        ForwardStatus::LocalFailed => ForwardState::LocalFailed {
            resolved_at: seconds(row, 13)?,
            failure: failure()?,
        },
    };
    Ok(Forward {
        created_index: CreatedIndex(uint(row, 0)?),
        updated_index: optional_uint(row, 1)?.map(UpdatedIndex),
        incoming: HtlcIn {
            channel: ChannelId(row.get(3)?),
            short_channel_id: optional_uint(row, 4)?,
            htlc_id: uint(row, 5)?,
            amount: Msat(uint(row, 6)?),
            payment_hash: PaymentHash(row.get(7)?),
            received_at: seconds(row, 8)?,
        },
        outgoing: HtlcOut {
            channel: row.get::<_, Option<[u8; 32]>>(9)?.map(ChannelId),
            short_channel_id: optional_uint(row, 10)?,
            htlc_id: optional_uint(row, 11)?,
            amount: optional_msat(row, 12)?,
        },
        state,
    })
}

/// The status as its column has it; `status` is the inverse.
pub(super) fn status_column(status: ForwardStatus) -> i64 {
    match status {
        ForwardStatus::Offered => 0,
        ForwardStatus::Settled => 1,
        ForwardStatus::Failed => 2,
        ForwardStatus::LocalFailed => 3,
    }
}

fn status(column: i64) -> Result<ForwardStatus, UnknownValue> {
    match column {
        0 => Ok(ForwardStatus::Offered),
        1 => Ok(ForwardStatus::Settled),
        2 => Ok(ForwardStatus::Failed),
        3 => Ok(ForwardStatus::LocalFailed),
        other => Err(UnknownValue(other)),
    }
}
