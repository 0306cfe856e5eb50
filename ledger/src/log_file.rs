//! The file of the write-ahead log, kept longer than the log.
//!
//! A commit that makes the file longer costs the disk two writes, for the data and for the file's size, and its sync takes twice as long.
//! So the file is filled with zeros in advance, which are no frames to SQLite: none has their salt.

use rusqlite::Connection;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;

/// How much is added at a time.
const CHUNK: usize = 2 << 20;
/// How much is written at once: what is written at once may lie in one large piece of the kernel's cache, and then each page that the log puts
/// there costs as much as the whole piece.
const PIECE: usize = 4096;
/// A page in the log, with SQLite's header of a frame.
const FRAME: u64 = 4096 + 24;

/// The file of a log. Only the writer's thread may hold it, and use it between two transactions.
pub(crate) struct LogFile {
    path: Option<PathBuf>,
    bytes: u64,
}

impl LogFile {
    /// The log of the database that is open here.
    pub(crate) fn of(conn: &Connection) -> LogFile {
        let path = conn.path().map(|path| PathBuf::from(format!("{path}-wal")));
        // What a crash has left is long enough.
        let file = path.as_ref().and_then(|path| fs::metadata(path).ok());
        LogFile {
            path,
            bytes: file.map_or(0, |file| file.len()),
        }
    }

    /// Sees to it that half a chunk fits behind a log of so many pages.
    pub(crate) fn keep_ahead(&mut self, pages: u64) {
        let wanted = pages * FRAME + CHUNK as u64 / 2;
        if self.bytes >= wanted {
            return;
        }
        let Some(path) = &self.path else {
            return;
        };
        match lengthen(path) {
            Ok(bytes) => self.bytes = bytes,
            Err(error) => {
                // A full disk, most of all. The log does without, and says so itself when it comes to that.
                tracing::debug!(%error, "the ledger's log was not lengthened in advance");
                self.path = None;
            }
        }
    }
}

/// Adds a chunk to the file, if it is there, and gives its length.
fn lengthen(path: &PathBuf) -> io::Result<u64> {
    let mut file: File = OpenOptions::new().write(true).open(path)?;
    let end = file.seek(SeekFrom::End(0))?;
    for _ in 0..CHUNK / PIECE {
        file.write_all(&[0; PIECE])?;
    }
    file.sync_data()?;
    Ok(end + CHUNK as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Database;
    use bitcoin::Network;
    use std::path::Path;

    fn copied(from: &Path, to: &Path) {
        for suffix in ["", "-wal"] {
            let name = |path: &Path| format!("{}{suffix}", path.display());
            fs::copy(name(from), name(to)).unwrap();
        }
    }

    #[test]
    fn after_a_crash_at_any_moment_the_log_ends_where_the_last_commit_did() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ledger");
        let (_database, conn) = Database::open(&path, Network::Regtest).unwrap();
        conn.execute_batch("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")
            .unwrap();
        let mut log = LogFile::of(&conn);
        for number in 0..20 {
            log.keep_ahead(if number == 10 { CHUNK as u64 / FRAME } else { 0 });
            conn.execute("INSERT INTO numbers VALUES (?1)", [number]).unwrap();
            let crashed = directory.path().join(format!("crashed-{number}"));
            copied(&path, &crashed);
            let (_database, conn) = Database::open(&crashed, Network::Regtest).unwrap();
            let last: i64 = conn
                .query_row("SELECT max(number) FROM numbers", (), |row| row.get(0))
                .unwrap();
            assert_eq!(last, number);
        }
        assert!(log.bytes >= 2 * CHUNK as u64);
    }

    #[test]
    fn what_is_written_ahead_is_not_written_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ledger");
        let (_database, conn) = Database::open(&path, Network::Regtest).unwrap();
        let length = || fs::metadata(format!("{}-wal", path.display())).unwrap().len();
        LogFile::of(&conn).keep_ahead(0);
        let before = length();
        for number in 0..100 {
            conn.execute("INSERT INTO about VALUES (?1, 'filler')", [number])
                .unwrap();
        }
        assert_eq!(length(), before);
        LogFile::of(&conn).keep_ahead(0);
        assert_eq!(length(), before, "nor is it done again after a crash");
    }
}
