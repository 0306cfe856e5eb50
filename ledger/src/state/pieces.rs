//! Large values of which little changes from one write to the next: LDK's channel manager, most of all.
//!
//! It is written as a whole each time a payment goes a step further, and it grows with the number of channels, and with that of the
//! payments made lately: LDK keeps each for seven minutes after its end. So such a value is cut into pieces, at places that its own bytes
//! determine (FastCDC): what is inserted or taken out changes the pieces around it and no others. Only the new pieces are
//! written. What a piece was is remembered whole, so that no two are taken for the same that are not.

use super::parts;
use crate::error::LedgerError;
use crate::sql::{execute, one};
use boltill_types::StateKey;
use fastcdc::v2020::FastCDC;
use foldhash::fast::RandomState;
use rusqlite::Connection;
use std::collections::{HashMap, HashSet};

/// Smaller values are not cut.
const LARGE: usize = 16 * 1024;
/// The least, the usual and the greatest length of a piece: about a page of the database.
const LENGTHS: (usize, usize, usize) = (1024, 4096, 8192);
const ID: usize = 8;

pub(crate) mod sql {
    crate::sql::statements! {
        IDS = "SELECT pieces FROM state WHERE primary_namespace = ?1 AND secondary_namespace = ?2 AND key = ?3";
        WRITE = "INSERT INTO state (primary_namespace, secondary_namespace, key, value, pieces) VALUES (?1, ?2, ?3, x'', ?4) \
                 ON CONFLICT (primary_namespace, secondary_namespace, key) \
                 DO UPDATE SET value = excluded.value, pieces = excluded.pieces";
        ADD = "INSERT INTO state_pieces (bytes) VALUES (?1)";
        READ = "SELECT bytes FROM state_pieces WHERE id = ?1";
        DROP = "DELETE FROM state_pieces WHERE id = ?1";
    }
}

/// The pieces of a value, and what each is known by on disk. All of them are hashed at each write, so it had better be fast.
type Known = HashMap<Box<[u8]>, i64, RandomState>;

/// The pieces of the values that were written lately, as they are on disk or in the open transaction.
#[derive(Default)]
pub(crate) struct Pieces {
    of: HashMap<StateKey, Known>,
    changes: u64,
}

impl Pieces {
    /// How often anything was changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// Forgets what was written, since it may not count.
    pub(crate) fn forget(&mut self) {
        self.of.clear();
    }

    /// Whether a value is worth cutting.
    pub(super) fn fit(value: &[u8]) -> bool {
        value.len() >= LARGE
    }

    /// Writes a value as far as it has changed.
    pub(super) fn write(
        &mut self,
        conn: &Connection,
        key: &StateKey,
        value: &[u8],
    ) -> Result<(), LedgerError> {
        self.changes += 1;
        // What fails half way must not be taken for what is on disk.
        let mut before = match self.of.remove(key) {
            Some(known) => known,
            None => on_disk(conn, key)?,
        };
        let mut now = Known::with_capacity_and_hasher(before.len() + 1, RandomState::default());
        let mut ids = Vec::with_capacity(ID * (before.len() + 1));
        for piece in cut(value) {
            let id = match (now.get(piece), before.remove_entry(piece)) {
                (Some(id), _) => *id,
                (None, Some((bytes, id))) => {
                    now.insert(bytes, id);
                    id
                }
                (None, None) => {
                    execute(conn, sql::ADD, [piece])?;
                    let id = conn.last_insert_rowid();
                    now.insert(piece.into(), id);
                    id
                }
            };
            ids.extend(id.to_le_bytes());
        }
        for id in before.into_values() {
            execute(conn, sql::DROP, [id])?;
        }
        let [primary, secondary, name] = parts(key);
        execute(conn, sql::WRITE, (primary, secondary, name, ids))?;
        self.of.insert(key.clone(), now);
        Ok(())
    }

    /// Removes the pieces of a value that is to be removed, or written whole.
    pub(super) fn remove(&mut self, conn: &Connection, key: &StateKey) -> Result<(), LedgerError> {
        self.changes += 1;
        self.of.remove(key);
        for id in ids(conn, key)?.into_iter().flatten().collect::<HashSet<_>>() {
            execute(conn, sql::DROP, [id])?;
        }
        Ok(())
    }
}

/// Reads a value that is in pieces; `None` when it is not.
pub(super) fn read(conn: &Connection, key: &StateKey) -> Result<Option<Vec<u8>>, LedgerError> {
    let Some(ids) = ids(conn, key)? else {
        return Ok(None);
    };
    let mut value = Vec::new();
    for id in ids {
        value.extend(piece(conn, id)?);
    }
    Ok(Some(value))
}

fn on_disk(conn: &Connection, key: &StateKey) -> Result<Known, LedgerError> {
    let ids = ids(conn, key)?.unwrap_or_default();
    let distinct: HashSet<i64> = ids.into_iter().collect();
    distinct
        .into_iter()
        .map(|id| Ok((piece(conn, id)?.into(), id)))
        .collect()
}

/// The ids of a value's pieces in order; `None` when it has none.
fn ids(conn: &Connection, key: &StateKey) -> Result<Option<Vec<i64>>, LedgerError> {
    let ids: Option<Option<Vec<u8>>> = one(conn, sql::IDS, parts(key), |row| row.get(0))?;
    Ok(ids.flatten().map(|bytes| {
        let (ids, _) = bytes.as_chunks::<ID>();
        ids.iter().map(|id| i64::from_le_bytes(*id)).collect()
    }))
}

fn piece(conn: &Connection, id: i64) -> Result<Vec<u8>, LedgerError> {
    let piece = one(conn, sql::READ, [id], |row| row.get(0))?;
    piece.ok_or_else(|| rusqlite::Error::QueryReturnedNoRows.into())
}

fn cut(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (least, usual, greatest) = LENGTHS;
    FastCDC::new(value, least, usual, greatest).map(|chunk| &value[chunk.offset..chunk.offset + chunk.length])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Database;
    use bitcoin::Network;
    use proptest::prelude::*;

    fn key() -> StateKey {
        StateKey {
            primary_namespace: String::new(),
            secondary_namespace: String::new(),
            key: "manager".to_owned(),
        }
    }

    /// Bytes without a pattern.
    fn noise(seed: u64, length: usize) -> Vec<u8> {
        let mut state = seed | 1;
        std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .take(length)
        .collect()
    }

    fn rows(conn: &Connection) -> i64 {
        conn.query_row("SELECT count(*) FROM state_pieces", (), |row| row.get(0))
            .unwrap()
    }

    fn changes(conn: &Connection) -> u64 {
        conn.total_changes()
    }

    #[test]
    fn of_a_large_value_only_what_is_new_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let (_, conn) = Database::open(&directory.path().join("ledger"), Network::Regtest).unwrap();
        let (mut pieces, mut value) = (Pieces::default(), noise(1, 1 << 20));
        pieces.write(&conn, &key(), &value).unwrap();
        assert!(rows(&conn) > 100);
        for at in [0, 1 << 18, 1 << 19, (1 << 20) - 1] {
            let before = changes(&conn);
            value.splice(at..at, *b"inserted");
            pieces.write(&conn, &key(), &value).unwrap();
            let written = changes(&conn) - before;
            assert!(written <= 10, "{written} rows changed");
            assert_eq!(read(&conn, &key()).unwrap().unwrap(), value);
        }
        pieces.remove(&conn, &key()).unwrap();
        assert_eq!(rows(&conn), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        /// Also of values that repeat themselves, and whether or not it is remembered what was written before.
        #[test]
        fn what_is_read_is_what_was_written_last(
            edits in proptest::collection::vec((0..40_000usize, 0..20_000usize, 0..4u64, any::<bool>()), 1..12),
        ) {
            let directory = tempfile::tempdir().unwrap();
            let (_, conn) = Database::open(&directory.path().join("ledger"), Network::Regtest).unwrap();
            let (mut pieces, mut value) = (Pieces::default(), noise(7, 30_000));
            for (at, length, seed, forget) in edits {
                let at = at.min(value.len());
                let end = (at + length / 2).min(value.len());
                value.splice(at..end, noise(seed, length));
                if forget {
                    pieces.forget();
                }
                pieces.write(&conn, &key(), &value).unwrap();
                prop_assert_eq!(read(&conn, &key()).unwrap().unwrap(), value.clone());
                let distinct: HashSet<i64> = ids(&conn, &key()).unwrap().unwrap().into_iter().collect();
                prop_assert_eq!(rows(&conn), distinct.len() as i64, "no piece is left behind");
            }
        }
    }
}
