//! Which files count. The database says so, in the transaction that changes it; a file of which it says nothing is none.

use super::Keys;
use super::filing::Filed;
use super::run::{Run, path_of};
use crate::sql::{int, uint};
use bitcoin::secp256k1::rand::{self, Rng};
use boltill_types::CreatedIndex;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub(crate) mod sql {
    /// All of them, which are a handful.
    pub(super) const FILES: &str = "SELECT name, up_to FROM key_files ORDER BY number DESC";
    pub(super) const FORGET_ALL: &str = "DELETE FROM key_files";

    crate::sql::statements! {
        FORGET = "DELETE FROM key_files WHERE name = ?1";
        COUNT = "INSERT INTO key_files (name, up_to) VALUES (?1, ?2)";
    }
}

/// A name that no file has had.
pub(super) fn new_name() -> i64 {
    rand::thread_rng().r#gen()
}

/// The files that count, youngest first, and the latest invoice that they know.
pub(super) fn files(conn: &Connection) -> rusqlite::Result<(Vec<i64>, CreatedIndex)> {
    let mut statement = conn.prepare(sql::FILES)?;
    let rows = statement.query_map((), |row| Ok((row.get(0)?, uint(row, 1)?)))?;
    let files = rows.collect::<rusqlite::Result<Vec<(i64, u64)>>>()?;
    let up_to = files.iter().map(|(_, up_to)| *up_to).max().unwrap_or(0);
    Ok((
        files.into_iter().map(|(name, _)| name).collect(),
        CreatedIndex(up_to),
    ))
}

/// Has a file count from now on, and those no longer of which it takes the place: on disk first, then for whoever looks something up.
pub(super) fn make_it_count(folder: &Path, conn: &Connection, keys: &Keys, filed: Filed) -> io::Result<()> {
    if let Err(error) = record(conn, &filed) {
        // Should it count after all, it is missed at the next start, and all is made anew.
        remove(&path_of(folder, filed.run.name()));
        return Err(io::Error::other(error));
    }
    keys.left(Arc::new(filed.run), filed.replaces.len());
    // Who looks something up in them goes on.
    for run in filed.replaces {
        remove(&path_of(folder, run.name()));
    }
    Ok(())
}

fn record(conn: &Connection, filed: &Filed) -> rusqlite::Result<()> {
    let transaction = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    for run in &filed.replaces {
        transaction.execute(sql::FORGET, [run.name()])?;
    }
    transaction.execute(sql::COUNT, (filed.run.name(), int(filed.up_to.0)))?;
    transaction.commit()
}

/// Has no file count any more, so that the next start makes all anew.
pub(super) fn forget_all(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute(sql::FORGET_ALL, ()).map(drop)
}

/// Whether a file is not what it was, so that all must be made anew. Anything else may pass.
pub(super) fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, UnexpectedEof};
    matches!(error.kind(), InvalidData | UnexpectedEof)
}

/// Removes files that do not count: a crash leaves some.
pub(super) fn remove_others(folder: &Path, runs: &[Arc<Run>]) {
    let counting: HashSet<_> = runs.iter().map(|run| path_of(folder, run.name())).collect();
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in files
        .map(|file| file.path())
        .filter(|path| !counting.contains(path))
    {
        remove(&path);
    }
}

/// Removes a file that does not count.
pub(super) fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::debug!(%error, "{} does not count, and is left", path.display());
    }
}
