//! Changing the tree.

use super::key::DatastoreKey;
use super::read::value_at;
use super::{DatastoreValue, MAX_DATASTORE_VALUE, sql};
use crate::error::LedgerError;
use crate::job::Durable;
use crate::ledger::Ledger;
use crate::sql::{execute, int, one};
use rusqlite::Connection;

/// What a write makes of a value that is there already, or is not. The names are Core Lightning's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatastoreMode {
    /// Only where there is no value.
    MustCreate,
    /// Only in the place of a value.
    MustReplace,
    /// In any case.
    CreateOrReplace,
    /// Only behind a value.
    MustAppend,
    /// Behind a value, if there is one.
    CreateOrAppend,
}

impl DatastoreMode {
    /// Whether there must be a value before; only then a generation can be asked for.
    pub fn must_exist(self) -> bool {
        matches!(self, DatastoreMode::MustReplace | DatastoreMode::MustAppend)
    }

    fn appends(self) -> bool {
        matches!(self, DatastoreMode::MustAppend | DatastoreMode::CreateOrAppend)
    }
}

/// Why a value was not written. Checked in the order of the variants, as Core Lightning does.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DatastoreWriteError {
    /// There are keys below it; Core Lightning's code 1205.
    #[error("Key has children already")]
    HasChildren,
    /// A key above it has a value; Core Lightning's code 1206.
    #[error("Parent key {0} exists")]
    ParentExists(DatastoreKey),
    /// It has a value and must not; Core Lightning's code 1202.
    #[error("Key already exists")]
    Exists,
    /// It has no value and must; Core Lightning's code 1203.
    #[error("Key does not exist")]
    DoesNotExist,
    /// The value was changed since; Core Lightning's code 1204.
    #[error("generation is different")]
    WrongGeneration,
    /// The value would be too long.
    #[error("the value would be over {MAX_DATASTORE_VALUE} bytes")]
    TooLong,
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Why a value was not deleted. Checked in the order of the variants, as Core Lightning does.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DatastoreDeleteError {
    /// The key has no value; Core Lightning's code 1200.
    #[error("Key does not exist")]
    DoesNotExist,
    /// The value was changed since; Core Lightning's code 1201.
    #[error("generation is different")]
    WrongGeneration,
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Ledger {
    /// Writes a value, and gives what it is then. With a generation, only if the value has that one.
    pub fn write_datastore(
        &self,
        key: DatastoreKey,
        data: Vec<u8>,
        mode: DatastoreMode,
        generation: Option<u64>,
    ) -> Durable<DatastoreValue, DatastoreWriteError> {
        self.writer
            .write(move |tx| write(tx.conn, &key, data, mode, generation))
    }

    /// Deletes a value, and gives what it was. With a generation, only if the value has that one.
    pub fn delete_datastore(
        &self,
        key: DatastoreKey,
        generation: Option<u64>,
    ) -> Durable<DatastoreValue, DatastoreDeleteError> {
        self.writer.write(move |tx| {
            let old = value(tx.conn, &key)?.ok_or(DatastoreDeleteError::DoesNotExist)?;
            if generation.is_some_and(|generation| generation != old.generation) {
                return Err(DatastoreDeleteError::WrongGeneration);
            }
            execute(tx.conn, sql::REMOVE, [key.as_bytes()])?;
            Ok(old)
        })
    }
}

fn write(
    conn: &Connection,
    key: &DatastoreKey,
    data: Vec<u8>,
    mode: DatastoreMode,
    generation: Option<u64>,
) -> Result<DatastoreValue, DatastoreWriteError> {
    let old = value(conn, key)?;
    if old.is_none() {
        look_around(conn, key)?;
    }
    match &old {
        Some(_) if mode == DatastoreMode::MustCreate => return Err(DatastoreWriteError::Exists),
        None if mode.must_exist() => return Err(DatastoreWriteError::DoesNotExist),
        Some(old) if generation.is_some_and(|generation| generation != old.generation) => {
            return Err(DatastoreWriteError::WrongGeneration);
        }
        _ => {}
    }
    let (statement, new) = match old {
        None => (sql::ADD, DatastoreValue { generation: 0, data }),
        Some(mut old) => {
            old.generation += 1;
            if mode.appends() {
                old.data.extend_from_slice(&data);
            } else {
                old.data = data;
            }
            (sql::SET, old)
        }
    };
    if new.data.len() > MAX_DATASTORE_VALUE {
        return Err(DatastoreWriteError::TooLong);
    }
    execute(conn, statement, (key.as_bytes(), int(new.generation), &new.data))?;
    Ok(new)
}

fn value(conn: &Connection, key: &DatastoreKey) -> Result<Option<DatastoreValue>, LedgerError> {
    one(conn, sql::BY_KEY, [key.as_bytes()], |row| value_at(row, 0))
}

/// A key that has no value yet may have one only if there is nothing below it, and no value above it.
fn look_around(conn: &Connection, key: &DatastoreKey) -> Result<(), DatastoreWriteError> {
    if one(conn, sql::IS_ANY, (key.below(), key.behind()), |_| Ok(()))?.is_some() {
        return Err(DatastoreWriteError::HasChildren);
    }
    for parent in key.parents() {
        if one(conn, sql::IS_VALUE, [parent.as_bytes()], |_| Ok(()))?.is_some() {
            return Err(DatastoreWriteError::ParentExists(parent));
        }
    }
    Ok(())
}
