//! How an invoice lies in its table.

use super::{Invoice, InvoiceState, InvoiceStatus, InvoiceText, OfferId};
use crate::sql::{UnknownValue, converted, optional_msat, optional_uint, seconds, uint};
use boltill_types::{
    CreatedIndex, Label, Msat, PayIndex, PaymentHash, PaymentPreimage, UnixSeconds, UpdatedIndex,
};
use rusqlite::Row;

pub(crate) mod sql {
    /// The columns that [`super::invoice`] reads, in its order.
    macro_rules! select {
        ($rest:literal) => {
            concat!(
                "SELECT created_index, updated_index, status, expires_at, amount_msat, pay_index, received_msat, \
                 paid_at, payment_hash, payment_preimage, label, bolt11, bolt12, description, local_offer_id, \
                 invreq_payer_note FROM invoices ",
                $rest
            )
        };
    }

    crate::sql::statements! {
        INSERT = "INSERT INTO invoices (created_index, status, label_key, hash_key, expires_at, amount_msat, \
                  payment_hash, payment_preimage, label, bolt11, bolt12, description, local_offer_id, \
                  invreq_payer_note) VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        SETTLE = "UPDATE invoices SET status = 1, updated_index = ?2, pay_index = ?3, received_msat = ?4, \
                  paid_at = ?5 WHERE created_index = ?1";
        EXPIRE = "UPDATE invoices SET status = 2, updated_index = ?2 WHERE created_index = ?1";
        REMOVE_DESCRIPTION = "UPDATE invoices SET description = NULL, updated_index = ?2 \
                              WHERE created_index = ?1";
        DELETE = "DELETE FROM invoices WHERE created_index = ?1";
        BY_LABEL = select!("WHERE created_index = ?1 AND label = ?2");
        BY_HASH = select!("WHERE created_index = ?1 AND payment_hash = ?2");
        NEXT_PAID = select!("WHERE pay_index > ?1 ORDER BY pay_index LIMIT 1");
        BY_PAYMENT = select!("WHERE pay_index BETWEEN ?1 AND ?2 ORDER BY pay_index LIMIT ?3");
        DUE = select!("WHERE status = 0 AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2");
        OLDEST_EXPIRED = select!("WHERE status = 2 AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2");
        NEXT_EXPIRY = "SELECT expires_at FROM invoices WHERE status = 0 AND expires_at >= 0 \
                       ORDER BY expires_at LIMIT 1";
        BY_CREATION = select!("WHERE created_index BETWEEN ?1 AND ?2 ORDER BY created_index LIMIT ?3");
        BY_UPDATE = select!("WHERE updated_index BETWEEN ?1 AND ?2 ORDER BY updated_index LIMIT ?3");
        UNPAID_OF_OFFER = select!("INDEXED BY invoices_unpaid_by_offer WHERE status = 0 AND local_offer_id = ?1");
        BY_OFFER = select!("WHERE local_offer_id = ?4 AND created_index BETWEEN ?1 AND ?2 \
                            ORDER BY created_index LIMIT ?3");
    }
}

/// Reads what `select!` selects.
pub(super) fn invoice(row: &Row<'_>) -> rusqlite::Result<Invoice> {
    let state = match converted(row, 2, status)? {
        InvoiceStatus::Unpaid => InvoiceState::Unpaid,
        InvoiceStatus::Expired => InvoiceState::Expired,
        InvoiceStatus::Paid => InvoiceState::Paid {
            pay_index: PayIndex(uint(row, 5)?),
            received: Msat(uint(row, 6)?),
            paid_at: UnixSeconds(uint(row, 7)?),
        },
    };
    let text = match row.get(11)? {
        Some(bolt11) => InvoiceText::Bolt11(bolt11),
        None => InvoiceText::Bolt12(row.get(12)?),
    };
    Ok(Invoice {
        created_index: CreatedIndex(uint(row, 0)?),
        updated_index: optional_uint(row, 1)?.map(UpdatedIndex),
        label: converted(row, 10, |label: String| Label::new(label))?,
        text,
        payment_hash: PaymentHash(row.get(8)?),
        payment_preimage: PaymentPreimage(row.get(9)?),
        amount: optional_msat(row, 4)?,
        description: row.get(13)?,
        expires_at: seconds(row, 3)?,
        local_offer_id: row.get::<_, Option<_>>(14)?.map(OfferId),
        invreq_payer_note: row.get(15)?,
        state,
    })
}

fn status(column: i64) -> Result<InvoiceStatus, UnknownValue> {
    match column {
        0 => Ok(InvoiceStatus::Unpaid),
        1 => Ok(InvoiceStatus::Paid),
        2 => Ok(InvoiceStatus::Expired),
        other => Err(UnknownValue(other)),
    }
}
