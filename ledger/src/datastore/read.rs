//! Listing a part of the tree, and how much it holds.

use super::key::{DatastoreKey, bounds, next, step_to};
use super::{DatastoreValue, sql};
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::sql::uint;
use rusqlite::{Connection, Row};

/// How many keys a page has at most.
const PAGE: usize = 256;
/// How many bytes of values a page has, beside the last value.
const PAGE_BYTES: usize = 1 << 20;
/// How many keys are measured in one read.
const MEASURED: u32 = 4096;

/// A key in a listing: one with a value, or one that has keys below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatastoreItem {
    /// The key.
    pub key: DatastoreKey,
    /// Its value, if it has one.
    pub value: Option<DatastoreValue>,
}

/// How far a listing has come.
#[derive(Clone, Debug)]
pub struct DatastorePosition {
    top: Option<DatastoreKey>,
    from: Vec<u8>,
    end: Vec<u8>,
}

/// Some keys, and where there are more.
#[derive(Clone, Debug)]
pub struct DatastorePage {
    /// The keys in their order.
    pub items: Vec<DatastoreItem>,
    /// From where to go on.
    pub next: Option<DatastorePosition>,
}

impl DatastorePosition {
    /// The beginning of a key and what is right below it, or of all keys that are below nothing.
    pub fn start(top: Option<DatastoreKey>) -> DatastorePosition {
        let (from, end) = bounds(top.as_ref());
        DatastorePosition { top, from, end }
    }
}

impl Ledger {
    /// The next keys of a listing. What is further below is not looked at: a step costs the same, however large the tree behind it.
    pub async fn datastore_page(&self, position: DatastorePosition) -> Result<DatastorePage, LedgerError> {
        self.readers.read(move |conn| page(conn, position)).await
    }

    /// How many bytes a key and all that is below it hold, keys included; or everything.
    pub async fn datastore_usage(&self, top: Option<DatastoreKey>) -> Result<u64, LedgerError> {
        let (mut from, end) = bounds(top.as_ref());
        let mut total = 0;
        loop {
            let bounds = (from, end.clone());
            let (bytes, last) = self.readers.read(move |conn| measure(conn, bounds)).await?;
            total += bytes;
            match last {
                Some(last) => from = next(last),
                None => return Ok(total),
            }
        }
    }
}

fn page(conn: &Connection, mut position: DatastorePosition) -> Result<DatastorePage, LedgerError> {
    let mut range = conn.prepare_cached(sql::RANGE)?;
    let (mut items, mut bytes) = (Vec::new(), 0);
    'jump: loop {
        let mut rows = range.query((&position.from, &position.end))?;
        while let Some(row) = rows.next()? {
            let key = row.get_ref(0)?.as_blob().unwrap_or_default();
            if items.len() == PAGE || bytes >= PAGE_BYTES {
                position.from = key.to_vec();
                let next = Some(position);
                return Ok(DatastorePage { items, next });
            }
            if let Some(step) = step_to(key, position.top.as_ref()) {
                position.from = step.behind();
                items.push(DatastoreItem {
                    key: step,
                    value: None,
                });
                continue 'jump;
            }
            let value = value_at(row, 1)?;
            bytes += value.data.len();
            items.push(DatastoreItem {
                key: DatastoreKey::stored(key),
                value: Some(value),
            });
        }
        return Ok(DatastorePage { items, next: None });
    }
}

/// The bytes of the next keys, and the last of them, if there may be more behind it.
fn measure(
    conn: &Connection,
    (from, end): (Vec<u8>, Vec<u8>),
) -> Result<(u64, Option<Vec<u8>>), LedgerError> {
    let mut sizes = conn.prepare_cached(sql::SIZES)?;
    let mut rows = sizes.query((from, end, MEASURED))?;
    let (mut bytes, mut count, mut last) = (0, 0, None);
    while let Some(row) = rows.next()? {
        bytes += uint(row, 1)?;
        count += 1;
        if count == MEASURED {
            last = Some(row.get(0)?);
        }
    }
    Ok((bytes, last))
}

/// The two columns from there on, as a value.
pub(super) fn value_at(row: &Row<'_>, column: usize) -> rusqlite::Result<DatastoreValue> {
    Ok(DatastoreValue {
        generation: uint(row, column)?,
        data: row.get(column + 1)?,
    })
}
