//! How an offer lies in its table.

use super::Offer;
use crate::sql::uint;
use boltill_types::{CreatedIndex, OfferId};
use rusqlite::Row;

pub(crate) mod sql {
    /// The columns that [`super::offer`] reads, in its order.
    macro_rules! select {
        ($rest:literal) => {
            concat!(
                "SELECT created_index, single_use, active, used, force_paths, offer_id, label, bolt12 FROM offers ",
                $rest
            )
        };
    }

    crate::sql::statements! {
        INSERT = "INSERT INTO offers (id_key, single_use, active, used, force_paths, offer_id, label, bolt12) \
                  VALUES (?1, ?2, 1, 0, ?3, ?4, ?5, ?6)";
        UPDATE = "UPDATE offers SET active = ?2, used = ?3 WHERE created_index = ?1";
        BY_ID = select!("WHERE id_key = ?1 AND offer_id = ?2");
        BY_CREATION = select!("WHERE created_index BETWEEN ?1 AND ?2 ORDER BY created_index LIMIT ?3");
        ACTIVE = select!("WHERE active = 1 AND created_index BETWEEN ?1 AND ?2 ORDER BY created_index LIMIT ?3");
    }
}

/// Reads what `select!` selects.
pub(super) fn offer(row: &Row<'_>) -> rusqlite::Result<Offer> {
    Ok(Offer {
        created_index: CreatedIndex(uint(row, 0)?),
        id: OfferId(row.get(5)?),
        label: row.get(6)?,
        bolt12: row.get(7)?,
        single_use: row.get(1)?,
        active: row.get(2)?,
        used: row.get(3)?,
        force_paths: row.get(4)?,
    })
}
