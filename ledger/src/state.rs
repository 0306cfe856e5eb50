//! Lightning's own state: what LDK keeps under names, through the same writer as everything else.

mod pieces;

use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::sql::{all, execute, one};
use crate::writer::WriteTx;
use boltill_types::{StateChange, StateKey, StateStore, StoreError, StoreFuture};
use rusqlite::Connection;
use std::future::Future;

pub(crate) use pieces::Pieces;
#[cfg(test)]
pub(crate) use pieces::sql as pieces_sql;

pub(crate) mod sql {
    crate::sql::statements! {
        READ = "SELECT value FROM state WHERE primary_namespace = ?1 AND secondary_namespace = ?2 AND key = ?3";
        LIST = "SELECT key FROM state WHERE primary_namespace = ?1 AND secondary_namespace = ?2";
        WRITE = "INSERT INTO state (primary_namespace, secondary_namespace, key, value) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (primary_namespace, secondary_namespace, key) DO UPDATE SET value = excluded.value, pieces = NULL";
        REMOVE = "DELETE FROM state WHERE primary_namespace = ?1 AND secondary_namespace = ?2 AND key = ?3";
    }
}

impl StateStore for Ledger {
    fn read(&self, key: &StateKey) -> Result<Option<Vec<u8>>, StoreError> {
        let key = key.clone();
        Ok(self.readers.read_blocking(move |conn| read(conn, &key))?)
    }

    fn list(&self, primary_namespace: &str, secondary_namespace: &str) -> Result<Vec<String>, StoreError> {
        let group = [primary_namespace.to_owned(), secondary_namespace.to_owned()];
        let keys = self
            .readers
            .read_blocking(move |conn| all(conn, sql::LIST, group, |row| row.get(0)))?;
        Ok(keys)
    }

    fn write(&self, key: StateKey, value: Vec<u8>) -> StoreFuture<()> {
        boxed(self.writer.write(move |tx| write(tx, &key, &value)))
    }

    fn remove(&self, key: StateKey) -> StoreFuture<()> {
        boxed(self.writer.write(move |tx| remove(tx, &key)))
    }

    fn write_all(&self, changes: Vec<StateChange>) -> StoreFuture<()> {
        boxed(self.writer.write(move |tx| {
            changes.iter().try_for_each(|change| match change {
                StateChange::Write(key, value) => write(tx, key, value),
                StateChange::Edit(key, value) => edit(tx, key, value),
                StateChange::Remove(key) => remove(tx, key),
            })
        }))
    }

    fn write_blocking(&self, key: StateKey, value: Vec<u8>) -> Result<(), StoreError> {
        Ok(self.writer.write_blocking(move |tx| write(tx, &key, &value))?)
    }
}

fn boxed(write: impl Future<Output = Result<(), LedgerError>> + Send + 'static) -> StoreFuture<()> {
    Box::pin(async move { Ok(write.await?) })
}

fn read(conn: &Connection, key: &StateKey) -> Result<Option<Vec<u8>>, LedgerError> {
    // A value and its pieces as they were at one moment.
    let snapshot = conn.unchecked_transaction()?;
    match pieces::read(&snapshot, key)? {
        Some(value) => Ok(Some(value)),
        None => one(&snapshot, sql::READ, parts(key), |row| row.get(0)),
    }
}

fn edit(tx: &mut WriteTx<'_>, key: &StateKey, value: &[u8]) -> Result<(), LedgerError> {
    match Pieces::fit(value) {
        true => tx.pieces.write(tx.conn, key, value),
        false => write(tx, key, value),
    }
}

fn write(tx: &mut WriteTx<'_>, key: &StateKey, value: &[u8]) -> Result<(), LedgerError> {
    tx.pieces.remove(tx.conn, key)?;
    let [primary, secondary, name] = parts(key);
    execute(tx.conn, sql::WRITE, (primary, secondary, name, value))
}

fn remove(tx: &mut WriteTx<'_>, key: &StateKey) -> Result<(), LedgerError> {
    tx.pieces.remove(tx.conn, key)?;
    execute(tx.conn, sql::REMOVE, parts(key))
}

fn parts(key: &StateKey) -> [&str; 3] {
    [&key.primary_namespace, &key.secondary_namespace, &key.key]
}
