//! What is found when the ledger is opened: the files that count, and the invoices of which they do not know.

use super::counting;
use super::entry::Entry;
use super::filing::file;
use super::merge::Merge;
use super::run::Run;
use super::{FULL, Key, Keys};
use crate::error::OpenError;
use crate::sql::{int, uint};
use boltill_types::CreatedIndex;
use rusqlite::Connection;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// How many invoices are read at a time where the files do not know of many.
const STRETCH: u32 = 100_000;

pub(crate) mod sql {
    crate::sql::statements! {
        BY_CREATION = "SELECT created_index, label_key, hash_key FROM invoices WHERE created_index > ?1 \
                       ORDER BY created_index LIMIT ?2";
    }
}

/// Opens the files in `folder`, and takes in the invoices that came after them. Where files are missing or damaged, all are made anew from the
/// invoices, which takes some seconds for each million.
pub(crate) fn open(folder: &Path, conn: &Connection) -> Result<Keys, OpenError> {
    open_with(folder, conn, FULL, STRETCH)
}

pub(super) fn open_with(
    folder: &Path,
    conn: &Connection,
    full: usize,
    stretch: u32,
) -> Result<Keys, OpenError> {
    let file_error = |source| OpenError::File {
        path: folder.to_owned(),
        source,
    };
    make(folder).map_err(file_error)?;
    let (names, mut up_to) = counting::files(conn)?;
    let opened: io::Result<Vec<_>> = names
        .iter()
        .map(|name| Run::open(folder, *name).map(Arc::new))
        .collect();
    let runs = match opened {
        Err(error) if counting::is_damage(&error) || error.kind() == io::ErrorKind::NotFound => {
            let folder = folder.display();
            tracing::warn!("the index of invoices in {folder} is made anew: {error}");
            counting::forget_all(conn)?;
            up_to = CreatedIndex(0);
            Vec::new()
        }
        opened => opened.map_err(file_error)?,
    };
    counting::remove_others(folder, &runs);
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

/// Writes what has been gathered to a file, if that is enough.
fn write_out(folder: &Path, conn: &Connection, keys: &Keys, last: CreatedIndex) -> io::Result<()> {
    let Some(leaving) = keys.leave(last) else {
        return Ok(());
    };
    let merge = Merge::plan(leaving, &keys.runs());
    match file(folder, merge, &AtomicBool::new(false))? {
        Some(filed) => counting::make_it_count(folder, conn, keys, filed),
        None => Ok(()),
    }
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
