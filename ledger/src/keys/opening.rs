//! What is found when the ledger is opened: the files that count, and the invoices of which they do not know.

use super::entry::Entry;
use super::filing::{Filed, file};
use super::merge::Merge;
use super::run::{Run, path_of};
use super::{FULL, Key, Keys};
use crate::error::OpenError;
use crate::sql::{int, uint};
use bitcoin::secp256k1::rand::{self, Rng};
use boltill_types::CreatedIndex;
use rusqlite::{Connection, TransactionBehavior};
use std::collections::HashSet;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// How many invoices are read at a time where the files do not know of many.
const STRETCH: u32 = 100_000;

pub(crate) mod sql {
    /// All of them, which are a handful.
    pub(super) const FILES: &str = "SELECT name, up_to FROM key_files ORDER BY number DESC";
    pub(super) const FORGET_ALL: &str = "DELETE FROM key_files";

    crate::sql::statements! {
        FORGET = "DELETE FROM key_files WHERE name = ?1";
        COUNT = "INSERT INTO key_files (name, up_to) VALUES (?1, ?2)";
        BY_CREATION = "SELECT created_index, label_key, hash_key FROM invoices WHERE created_index > ?1 \
                       ORDER BY created_index LIMIT ?2";
    }
}

/// Opens the files in `folder`, and takes in the invoices that came after them. Where files are missing or damaged, all are made anew from the
/// invoices, which takes some seconds for each million.
pub(crate) fn open(folder: &Path, conn: &mut Connection) -> Result<Keys, OpenError> {
    open_with(folder, conn, FULL, STRETCH)
}

pub(super) fn open_with(
    folder: &Path,
    conn: &mut Connection,
    full: usize,
    stretch: u32,
) -> Result<Keys, OpenError> {
    let file_error = |source| OpenError::File {
        path: folder.to_owned(),
        source,
    };
    make(folder).map_err(file_error)?;
    let (names, mut up_to) = counting(conn)?;
    let opened: io::Result<Vec<_>> = names
        .iter()
        .map(|name| Run::open(folder, *name).map(Arc::new))
        .collect();
    let runs = match opened {
        Err(error) if is_damage(&error) || error.kind() == io::ErrorKind::NotFound => {
            let folder = folder.display();
            tracing::warn!("the index of invoices in {folder} is made anew: {error}");
            forget_all(conn)?;
            up_to = CreatedIndex(0);
            Vec::new()
        }
        opened => opened.map_err(file_error)?,
    };
    remove_others(folder, &runs);
    let keys = Keys::new(runs, full);
    loop {
        let (invoices, last) = take_in(conn, &keys, up_to, stretch)?;
        let is_last = invoices < stretch;
        match write_out(folder, conn, &keys, last) {
            // What is left has room in memory, until there is room on the disk.
            Err(error) if is_last => tracing::warn!("the index of invoices is not written: {error}"),
            written => written.map_err(file_error)?,
        }
        if is_last {
            return Ok(keys);
        }
        tracing::info!("the index of invoices has those up to the {}th now", last.0);
        up_to = last;
    }
}

/// Makes the folder, durably, if there is none.
fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

/// Whether a file is not what it was, so that it must be made anew. Anything else may pass.
pub(super) fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, UnexpectedEof};
    matches!(error.kind(), InvalidData | UnexpectedEof)
}

/// Writes what has been gathered to a file, if that is enough.
fn write_out(folder: &Path, conn: &Connection, keys: &Keys, last: CreatedIndex) -> io::Result<()> {
    let Some(leaving) = keys.leave(last) else {
        return Ok(());
    };
    let merge = Merge::plan(leaving, &keys.runs());
    if let Some(filed) = file(folder, merge, &AtomicBool::new(false))? {
        record(conn, &filed).map_err(io::Error::other)?;
        keys.left(Arc::new(filed.run), filed.replaces.len());
        remove(folder, &filed.replaces);
    }
    Ok(())
}

/// A name that no file has had.
pub(super) fn new_name() -> i64 {
    rand::thread_rng().r#gen()
}

/// The files that count, youngest first, and the latest invoice that they know.
fn counting(conn: &Connection) -> rusqlite::Result<(Vec<i64>, CreatedIndex)> {
    let mut statement = conn.prepare(sql::FILES)?;
    let rows = statement.query_map((), |row| Ok((row.get(0)?, uint(row, 1)?)))?;
    let files = rows.collect::<rusqlite::Result<Vec<(i64, u64)>>>()?;
    let up_to = files.iter().map(|(_, up_to)| *up_to).max().unwrap_or(0);
    Ok((
        files.into_iter().map(|(name, _)| name).collect(),
        CreatedIndex(up_to),
    ))
}

/// Has a file count from now on, and not those any more that it takes the place of.
pub(super) fn record(conn: &Connection, filed: &Filed) -> rusqlite::Result<()> {
    let transaction = rusqlite::Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
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

/// Enters the invoices that came after that one, at most `stretch`; gives how many there were, and the last.
fn take_in(
    conn: &Connection,
    keys: &Keys,
    after: CreatedIndex,
    stretch: u32,
) -> rusqlite::Result<(u32, CreatedIndex)> {
    let mut statement = conn.prepare(sql::BY_CREATION)?;
    let mut rows = statement.query((int(after.0), stretch))?;
    let (mut entries, mut last) = (Vec::new(), after);
    while let Some(row) = rows.next()? {
        last = CreatedIndex(uint(row, 0)?);
        entries.push(Entry::new(Key::of_label_key(row.get(1)?), last));
        entries.push(Entry::new(Key::of_hash_key(row.get(2)?), last));
    }
    let invoices = (entries.len() / 2) as u32;
    entries.sort_unstable();
    keys.write().young.extend(entries);
    Ok((invoices, last))
}

/// Removes files that do not count: a crash leaves some.
fn remove_others(folder: &Path, runs: &[Arc<Run>]) {
    let counting: HashSet<_> = runs.iter().map(|run| path_of(folder, run.name())).collect();
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in files
        .map(|file| file.path())
        .filter(|path| !counting.contains(path))
    {
        remove_file(&path);
    }
}

/// Removes the files of runs that do not count any more; who looks something up in them goes on.
pub(super) fn remove(folder: &Path, runs: &[Arc<Run>]) {
    for run in runs {
        remove_file(&path_of(folder, run.name()));
    }
}

fn remove_file(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::debug!(%error, "{} does not count, and is left", path.display());
    }
}
