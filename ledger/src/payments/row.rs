//! How a payment lies in its table.

use super::{Payment, PaymentId, PaymentState, PaymentStatus, WayFailure};
use crate::invoices::InvoiceText;
use crate::sql::{UnknownValue, converted, optional_msat, optional_uint, seconds, uint};
use bitcoin::secp256k1::PublicKey;
use boltill_types::{CreatedIndex, Msat, PaymentHash, PaymentPreimage, UpdatedIndex};
use rusqlite::Row;

pub(crate) mod sql {
    /// The columns that [`super::payment`] reads, in its order.
    macro_rules! select {
        ($rest:literal) => {
            concat!(
                "SELECT created_index, updated_index, status, groupid, partid, amount_msat, amount_sent_msat, \
                 created_at, completed_at, failure_code, failure_message, payment_preimage, payment_id, \
                 payment_hash, destination, label, bolt11, bolt12, description FROM sendpays ",
                $rest
            )
        };
    }

    crate::sql::statements! {
        INSERT = "INSERT INTO sendpays (created_index, status, id_key, hash_key, groupid, partid, amount_msat, \
                  created_at, payment_id, payment_hash, destination, label, bolt11, bolt12, description, \
                  amount_sent_msat) \
                  VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
        FINISH = "UPDATE sendpays SET updated_index = ?2, status = ?3, amount_sent_msat = ?4, completed_at = ?5, \
                  payment_preimage = ?6, failure_code = ?7, failure_message = ?8 WHERE created_index = ?1";
        DELETE = "DELETE FROM sendpays WHERE created_index = ?1";
        LATEST_OF_ID = select!("WHERE id_key = ?1 AND payment_id = ?2 ORDER BY created_index DESC LIMIT 1");
        BY_HASH = select!("WHERE hash_key = ?1 AND payment_hash = ?2 ORDER BY created_index");
        BY_STATUS = select!("WHERE status = ?4 AND created_index BETWEEN ?1 AND ?2 \
                             ORDER BY created_index LIMIT ?3");
        BY_CREATION = select!("WHERE created_index BETWEEN ?1 AND ?2 ORDER BY created_index LIMIT ?3");
        BY_UPDATE = select!("WHERE updated_index BETWEEN ?1 AND ?2 ORDER BY updated_index LIMIT ?3");
    }
}

/// Ways that were given.
pub(crate) mod given_sql {
    crate::sql::statements! {
        INSERT = "INSERT INTO given_ways (created_index) VALUES (?1)";
        FAIL = "UPDATE given_ways SET erring_index = ?2, erring_node = ?3, erring_channel = ?4, \
                erring_direction = ?5, failcode = ?6 WHERE created_index = ?1";
        DELETE = "DELETE FROM given_ways WHERE created_index = ?1";
        IS_GIVEN = "SELECT created_index FROM given_ways WHERE created_index = ?1";
        FAILURE = "SELECT erring_index, erring_node, erring_channel, erring_direction, failcode FROM given_ways \
                   WHERE created_index = ?1 AND erring_index IS NOT NULL";
    }
}

/// Reads what `given_sql::FAILURE` selects.
pub(super) fn way_failure(row: &Row<'_>) -> rusqlite::Result<WayFailure> {
    Ok(WayFailure {
        erring_index: row.get(0)?,
        erring_node: converted(row, 1, public_key)?,
        erring_channel: row.get::<_, Option<i64>>(2)?.map(i64::cast_unsigned),
        erring_direction: row.get(3)?,
        failcode: row.get(4)?,
    })
}

/// Reads what `select!` selects.
pub(super) fn payment(row: &Row<'_>) -> rusqlite::Result<Payment> {
    let state = match converted(row, 2, status)? {
        PaymentStatus::Pending => PaymentState::Pending,
        PaymentStatus::Complete => PaymentState::Complete {
            preimage: PaymentPreimage(row.get(11)?),
            completed_at: seconds(row, 8)?,
        },
        PaymentStatus::Failed => PaymentState::Failed {
            code: row.get(9)?,
            message: row.get(10)?,
            completed_at: seconds(row, 8)?,
        },
    };
    let bolt11 = row.get::<_, Option<_>>(16)?.map(InvoiceText::Bolt11);
    let bolt12 = row.get::<_, Option<_>>(17)?.map(InvoiceText::Bolt12);
    Ok(Payment {
        created_index: CreatedIndex(uint(row, 0)?),
        updated_index: optional_uint(row, 1)?.map(UpdatedIndex),
        payment_id: PaymentId(row.get(12)?),
        payment_hash: PaymentHash(row.get(13)?),
        groupid: uint(row, 3)?,
        partid: uint(row, 4)?,
        destination: converted(row, 14, public_key)?,
        amount: Msat(uint(row, 5)?),
        amount_sent: optional_msat(row, 6)?,
        created_at: seconds(row, 7)?,
        label: row.get(15)?,
        text: bolt11.or(bolt12),
        description: row.get(18)?,
        state,
    })
}

/// The status as its column has it; `status` is the inverse.
pub(crate) fn status_column(status: PaymentStatus) -> i64 {
    match status {
        PaymentStatus::Pending => 0,
        PaymentStatus::Complete => 1,
        PaymentStatus::Failed => 2,
    }
}

pub(crate) fn status(column: i64) -> Result<PaymentStatus, UnknownValue> {
    match column {
        0 => Ok(PaymentStatus::Pending),
        1 => Ok(PaymentStatus::Complete),
        2 => Ok(PaymentStatus::Failed),
        other => Err(UnknownValue(other)),
    }
}

fn public_key(column: Option<[u8; 33]>) -> Result<Option<PublicKey>, bitcoin::secp256k1::Error> {
    column.map(|bytes| PublicKey::from_slice(&bytes)).transpose()
}
