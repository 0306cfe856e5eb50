//! Moving what was committed from the write-ahead log into the database, beside the writer.
//!
//! SQLite would do this within whichever commit passes a threshold, and that commit would wait for thousands of pages
//! to be written all over the file. Here a thread of its own does it while the writer goes on. The log can only start
//! over when nothing in it is left to move, which never happens by itself while the writer is busy; so when little is
//! left, the writer moves that last part, between two transactions.

use crate::log_file::LogFile;
use rusqlite::Connection;
use std::cell::Cell;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, JoinHandle};

/// The log's size, in pages, from which on it is moved: 64 MB of 4 KB pages. Pages that change again before that are
/// moved once; and while the thread syncs what it moved, commits wait for the disk, so it should be seldom.
const LONG: u64 = 16_000;
/// What is little enough for the writer to move by itself.
const LITTLE: u64 = 1_000;
/// The size at which the writer moves the log whatever is left, since the thread evidently cannot keep up.
const TOO_LONG: u64 = 4 * LONG;

thread_local! {
    /// How many pages the log had after this thread's latest commit.
    static PAGES: Cell<u64> = const { Cell::new(0) };
}

/// The writer's side: when to have the log moved, and its file lengthened.
pub(crate) struct Checkpoints {
    wake: SyncSender<()>,
    file: LogFile,
}

/// Starts the thread that moves the log, over a connection of its own. It ends when the writer's side is dropped.
pub(crate) fn start(
    writer: &Connection,
    mover: Connection,
) -> std::io::Result<(JoinHandle<()>, Checkpoints)> {
    let (wake, woken) = mpsc::sync_channel(1);
    let mut checkpoints = Checkpoints::of(writer, wake);
    checkpoints.file.keep_ahead(0);
    let thread = thread::Builder::new()
        .name("ledger-checkpt".to_owned())
        .spawn(move || move_when_woken(&mover, &woken))?;
    Ok((thread, checkpoints))
}

fn move_when_woken(conn: &Connection, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        checkpoint(conn, sql::PASSIVE);
    }
}

impl Checkpoints {
    fn of(writer: &Connection, wake: SyncSender<()>) -> Checkpoints {
        // SQLite tells this with each commit; asking for it costs as much as a statement.
        writer.wal_hook(Some(|_, pages| {
            PAGES.set(pages.max(0).unsigned_abs().into());
            Ok(())
        }));
        let file = LogFile::of(writer);
        Checkpoints { wake, file }
    }

    /// Looks at the log after a commit, on the writer's thread and connection.
    pub(crate) fn after_commit(&mut self, conn: &Connection) {
        let pages = PAGES.get();
        self.file.keep_ahead(pages);
        if pages < LONG {
            return;
        }
        let Some(log) = checkpoint(conn, sql::NOOP) else {
            return;
        };
        let left = log.pages.saturating_sub(log.moved);
        if left == 0 {
            return;
        }
        if left <= LITTLE || log.pages >= TOO_LONG {
            checkpoint(conn, sql::PASSIVE);
        } else {
            // When the channel is full the thread is about to look anyway.
            let _ = self.wake.try_send(());
        }
    }
}

/// How long the log is and how much of it is in the database already, in pages.
struct Log {
    pages: u64,
    moved: u64,
}

/// Checkpoints. A failure loses nothing, because the log still holds every commit: it is reported and tried again.
fn checkpoint(conn: &Connection, statement: &str) -> Option<Log> {
    let log = conn.prepare_cached(statement).and_then(|mut statement| {
        statement.query_row((), |row| {
            // Both are -1 when there is no log.
            let pages = row.get::<_, i64>("log")?.max(0).unsigned_abs();
            let moved = row.get::<_, i64>("checkpointed")?.max(0).unsigned_abs();
            Ok(Log { pages, moved })
        })
    });
    log.inspect_err(|error| tracing::error!(%error, "a checkpoint of the ledger failed"))
        .ok()
}

mod sql {
    /// Only looks.
    pub(super) const NOOP: &str = "PRAGMA wal_checkpoint(NOOP)";
    /// Moves what it can without waiting for anybody or making anybody wait.
    pub(super) const PASSIVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Database;
    use bitcoin::Network;
    use std::time::{Duration, Instant};

    #[test]
    fn a_long_log_is_moved_beside_the_writer_and_starts_over() {
        let directory = tempfile::tempdir().unwrap();
        let (database, conn) = Database::open(&directory.path().join("ledger"), Network::Regtest).unwrap();
        conn.execute_batch("CREATE TABLE fillers (filler BLOB)").unwrap();
        let (thread, mut checkpoints) = start(&conn, database.checkpointer().unwrap()).unwrap();
        let mut commit = |pages: u64| {
            conn.execute("INSERT INTO fillers VALUES (zeroblob(?1))", [pages as i64 * 4096])
                .unwrap();
            checkpoints.after_commit(&conn);
        };
        commit(LONG + LITTLE);
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let log = checkpoint(&conn, sql::NOOP).unwrap();
            if log.pages == log.moved {
                break;
            }
            assert!(
                Instant::now() < deadline,
                "{} of {} pages moved",
                log.moved,
                log.pages
            );
            thread::yield_now();
        }
        // That all is moved can be seen before the thread lets go of the lock that keeps the next commit from starting over.
        loop {
            commit(1);
            if checkpoint(&conn, sql::NOOP).unwrap().pages < LONG {
                break;
            }
            assert!(Instant::now() < deadline, "the log does not start over");
        }
        drop(checkpoints);
        thread.join().unwrap();
    }

    #[test]
    fn what_little_is_left_of_a_long_log_is_moved_by_the_writer() {
        let directory = tempfile::tempdir().unwrap();
        let (database, conn) = Database::open(&directory.path().join("ledger"), Network::Regtest).unwrap();
        conn.execute_batch("CREATE TABLE fillers (filler BLOB)").unwrap();
        let (wake, woken) = mpsc::sync_channel(1);
        let mut checkpoints = Checkpoints::of(&conn, wake);
        let fill = |pages: u64| {
            conn.execute("INSERT INTO fillers VALUES (zeroblob(?1))", [pages as i64 * 4096])
                .unwrap();
        };
        // A reader of an early commit keeps what comes after it from being moved.
        let mut reader = database.reader().unwrap();
        fill(LONG);
        let snapshot = reader.transaction().unwrap();
        let _: i64 = snapshot
            .query_row("SELECT count(*) FROM fillers", (), |row| row.get(0))
            .unwrap();
        fill(LITTLE / 2);
        checkpoint(&conn, sql::PASSIVE);
        drop(snapshot);
        checkpoints.after_commit(&conn);
        let log = checkpoint(&conn, sql::NOOP).unwrap();
        assert_eq!((log.pages, woken.try_recv().is_ok()), (log.moved, false));
    }
}
