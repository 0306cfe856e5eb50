//! Runes: the secret they are derived from, those that were made here, and the ids that are withdrawn.
//!
//! All three are in one file, so that they cannot come apart: a rune that was withdrawn stays so for as long as there is
//! anything that would accept it.

use crate::error::LedgerError;
use crate::job::Durable;
use crate::ledger::Ledger;
use crate::paging::{Listing, Order, Range};
use crate::sql::{all, execute, int, one, optional_uint, uint};
use rusqlite::{Connection, Row};

/// A rune that was made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRune {
    /// Its id, which those that are made from it share.
    pub id: u64,
    /// Its text.
    pub rune: String,
    /// When one of that id was last used, in nanoseconds since 1970.
    pub last_used: Option<u64>,
}

/// Ids of runes that are withdrawn: from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuneRange {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

/// The listing ends where the ids do.
const END: u64 = i64::MAX as u64;

impl Ledger {
    /// The secret that runes are derived from; the one that is given, if there was none.
    pub fn rune_secret(&self, new: [u8; 32]) -> Durable<[u8; 32], LedgerError> {
        self.writer.write(move |tx| {
            execute(tx.conn, sql::ADD_SECRET, [new])?;
            Ok(one(tx.conn, sql::SECRET, (), |row| row.get(0))?.unwrap_or(new))
        })
    }

    /// Files a rune, whose text is made of the id that it gets: ids are dense and begin with 0.
    pub fn create_rune(
        &self,
        text: impl FnOnce(u64) -> String + Send + 'static,
    ) -> Durable<StoredRune, LedgerError> {
        self.writer.write(move |tx| {
            let next = one(tx.conn, sql::NEXT, (), |row| optional_uint(row, 0))?;
            let id = next.flatten().unwrap_or(0);
            let rune = text(id);
            execute(tx.conn, sql::ADD, (int(id), &rune))?;
            Ok(StoredRune {
                id,
                rune,
                last_used: None,
            })
        })
    }

    /// Notes that a rune was used; times that are written in another order than they came stay the latest.
    pub fn use_rune(&self, id: u64, at: u64) -> Durable<(), LedgerError> {
        self.writer
            .write(move |tx| execute(tx.conn, sql::USE, (int(id), int(at))))
    }

    /// The rune of that id.
    pub async fn rune(&self, id: u64) -> Result<Option<StoredRune>, LedgerError> {
        let query = move |conn: &Connection| one(conn, sql::BY_ID, [int(id)], stored);
        self.readers.read(query).await
    }

    /// All runes, in the order of their ids, a page at a time.
    pub fn list_runes(&self) -> Listing<StoredRune> {
        Listing::new(&self.readers, Range::ALL, END, position, |conn, bounds| {
            all(conn, sql::BY_CREATION, bounds, stored)
        })
    }

    /// The ids that are withdrawn, in their order.
    pub async fn rune_blacklist(&self) -> Result<Vec<RuneRange>, LedgerError> {
        self.readers.read(blacklist).await
    }

    /// Withdraws these ids, or undoes it, and gives all that are withdrawn now.
    pub fn blacklist_runes(&self, ids: RuneRange, relist: bool) -> Durable<Vec<RuneRange>, LedgerError> {
        self.writer.write(move |tx| {
            let old = blacklist(tx.conn)?;
            let ids = RuneRange {
                first: ids.first.min(END),
                last: ids.last.min(END),
            };
            let new = if relist {
                without(&old, ids)
            } else {
                with(&old, ids)
            };
            for gone in old.iter().filter(|range| !new.contains(range)) {
                execute(tx.conn, sql::UNLIST, [int(gone.first)])?;
            }
            for range in new.iter().filter(|range| !old.contains(range)) {
                execute(tx.conn, sql::BLACKLIST, (int(range.first), int(range.last)))?;
            }
            Ok(new)
        })
    }
}

/// Adds a range; whatever it overlaps or touches becomes one with it.
fn with(old: &[RuneRange], mut new: RuneRange) -> Vec<RuneRange> {
    let apart = |a: &RuneRange, b: &RuneRange| a.last.saturating_add(1) < b.first;
    let mut ranges = Vec::with_capacity(old.len() + 1);
    for range in old {
        if apart(range, &new) || apart(&new, range) {
            ranges.push(*range);
        } else {
            new.first = new.first.min(range.first);
            new.last = new.last.max(range.last);
        }
    }
    ranges.push(new);
    ranges.sort_by_key(|range| range.first);
    ranges
}

/// Takes a range out; one that it is in the middle of becomes two.
fn without(old: &[RuneRange], gone: RuneRange) -> Vec<RuneRange> {
    let mut ranges = Vec::with_capacity(old.len() + 1);
    for range in old {
        if range.last < gone.first || gone.last < range.first {
            ranges.push(*range);
            continue;
        }
        if range.first < gone.first {
            ranges.push(RuneRange {
                first: range.first,
                last: gone.first - 1,
            });
        }
        if gone.last < range.last {
            ranges.push(RuneRange {
                first: gone.last + 1,
                last: range.last,
            });
        }
    }
    ranges
}

fn blacklist(conn: &Connection) -> Result<Vec<RuneRange>, LedgerError> {
    all(conn, BLACKLISTED, (), |row| {
        Ok(RuneRange {
            first: uint(row, 0)?,
            last: uint(row, 1)?,
        })
    })
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredRune> {
    Ok(StoredRune {
        id: uint(row, 0)?,
        last_used: optional_uint(row, 1)?,
        rune: row.get(2)?,
    })
}

fn position(rune: &StoredRune, _: Order) -> u64 {
    rune.id
}

/// Reads all there are, which are few; so it stands outside the list of statements that must run on an index.
const BLACKLISTED: &str = "SELECT first, last FROM rune_blacklist ORDER BY first";

pub(crate) mod sql {
    crate::sql::statements! {
        ADD_SECRET = "INSERT INTO rune_secret (id, secret) VALUES (0, ?1) ON CONFLICT DO NOTHING";
        SECRET = "SELECT secret FROM rune_secret WHERE id = 0";
        NEXT = "SELECT max(id) + 1 FROM runes";
        ADD = "INSERT INTO runes (id, rune) VALUES (?1, ?2)";
        USE = "UPDATE runes SET last_used = max(?2, coalesce(last_used, 0)) WHERE id = ?1";
        BY_ID = "SELECT id, last_used, rune FROM runes WHERE id = ?1";
        BY_CREATION = "SELECT id, last_used, rune FROM runes WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3";
        BLACKLIST = "INSERT INTO rune_blacklist (first, last) VALUES (?1, ?2)";
        UNLIST = "DELETE FROM rune_blacklist WHERE first = ?1";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::Network;

    fn range(first: u64, last: u64) -> RuneRange {
        RuneRange { first, last }
    }

    #[test]
    fn ranges_that_touch_become_one_and_a_range_is_split_where_ids_are_taken_out() {
        let mut ranges = with(&[], range(1, 1));
        ranges = with(&ranges, range(2, 2));
        ranges = with(&ranges, range(6, 6));
        assert_eq!(ranges, [range(1, 2), range(6, 6)]);
        assert_eq!(with(&ranges, range(3, 5)), [range(1, 6)]);
        assert_eq!(with(&ranges, range(0, 0)), [range(0, 2), range(6, 6)]);
        assert_eq!(with(&[range(9, END)], range(3, 3)), [range(3, 3), range(9, END)]);
        assert_eq!(without(&[range(0, 4)], range(3, 3)), [range(0, 2), range(4, 4)]);
        assert_eq!(without(&[range(0, 4), range(8, 9)], range(0, END)), []);
        assert_eq!(without(&[range(2, 4)], range(0, 2)), [range(3, 4)]);
    }

    #[tokio::test]
    async fn secret_ids_uses_and_blacklist_outlast_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ledger");
        {
            let ledger = Ledger::open(&path, Network::Regtest).unwrap();
            assert_eq!(ledger.rune_secret([1; 32]).await.unwrap(), [1; 32]);
            for id in 0..2 {
                let made = ledger.create_rune(|id| format!("rune {id}")).await.unwrap();
                assert_eq!((made.id, made.rune), (id, format!("rune {id}")));
            }
            ledger.use_rune(1, 9).await.unwrap();
            ledger.use_rune(1, 7).await.unwrap();
            ledger.blacklist_runes(range(0, 0), false).await.unwrap();
        }
        let ledger = Ledger::open(&path, Network::Regtest).unwrap();
        assert_eq!(ledger.rune_secret([2; 32]).await.unwrap(), [1; 32], "made once");
        assert_eq!(ledger.create_rune(|_| "third".to_owned()).await.unwrap().id, 2);
        let used: Vec<_> = ledger.list_runes().collect().await.unwrap();
        assert_eq!(
            used.iter().map(|rune| rune.last_used).collect::<Vec<_>>(),
            [None, Some(9), None]
        );
        assert_eq!(ledger.rune(1).await.unwrap().as_ref(), used.get(1));
        assert_eq!(ledger.rune(3).await.unwrap(), None);
        assert_eq!(ledger.rune_blacklist().await.unwrap(), [range(0, 0)]);
        assert_eq!(ledger.blacklist_runes(range(0, 5), true).await.unwrap(), []);
    }
}
