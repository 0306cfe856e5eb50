//! Getting entries from memory into files, beside the writer.
//!
//! Files are written by a thread of its own. Which of them count is for the writer to say, between two of its transactions, since nobody
//! else may write to the database. Until then, and whenever anything fails, the entries stay in memory and are found there.

use super::Keys;
use super::counting::{self, make_it_count};
use super::merge::Merge;
use super::run::{Run, path_of};
use boltill_types::CreatedIndex;
use rusqlite::Connection;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long to wait after a failure, which most of all is a full disk.
const PAUSE: Duration = Duration::from_secs(30);

/// A run that has been written.
pub(super) struct Filed {
    pub(super) run: Run,
    /// The youngest runs, which it takes the place of.
    pub(super) replaces: Vec<Arc<Run>>,
    pub(super) up_to: CreatedIndex,
}

/// The writer's side.
pub(crate) struct Filing {
    keys: Arc<Keys>,
    folder: PathBuf,
    orders: Sender<Merge>,
    filed: Receiver<io::Result<Filed>>,
    is_busy: bool,
    /// After a failure: when to try again, with as little as possible.
    again_at: Option<Instant>,
    pub(super) pause: Duration,
    stop: Arc<AtomicBool>,
}

impl Drop for Filing {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Starts the thread that writes files to `folder`. It ends when the writer's side is dropped.
pub(crate) fn start(keys: Arc<Keys>, folder: PathBuf) -> io::Result<(JoinHandle<()>, Filing)> {
    let (orders, ordered) = mpsc::channel::<Merge>();
    let (ready, filed) = mpsc::channel();
    let stop = Arc::new(AtomicBool::new(false));
    let (to, stopped) = (folder.clone(), Arc::clone(&stop));
    let thread = thread::Builder::new()
        .name("ledger-keys".to_owned())
        .spawn(move || {
            for merge in ordered {
                let Some(filed) = file(&to, merge, &stopped).transpose() else {
                    return;
                };
                let _ = ready.send(filed);
            }
        })?;
    let filing = Filing {
        keys,
        folder,
        orders,
        filed,
        is_busy: false,
        again_at: None,
        pause: PAUSE,
        stop,
    };
    Ok((thread, filing))
}

/// Writes a run under a new name; `None` when it was told to `stop` before it had ended. Leaves no file behind that is not whole.
pub(super) fn file(folder: &Path, merge: Merge, stop: &AtomicBool) -> io::Result<Option<Filed>> {
    let name = counting::new_name();
    let written = merge.write(folder, name, stop);
    if !matches!(written, Ok(Some(_))) {
        counting::remove(&path_of(folder, name));
    }
    let filed = |run| Filed {
        run,
        replaces: merge.runs,
        up_to: merge.leaving.up_to,
    };
    Ok(written?.map(filed))
}

impl Filing {
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Has what has been gathered written to a file, if that is enough, and makes a file count that has been written: with the next commit,
    /// which is soon enough. On the writer's thread and connection, between two transactions; `last` is the latest invoice on file.
    pub(crate) fn after_commit(&mut self, conn: &Connection, last: CreatedIndex) {
        match self.filed.try_recv() {
            Ok(filed) => {
                self.is_busy = false;
                self.again_at = None;
                if let Err(error) =
                    filed.and_then(|filed| make_it_count(&self.folder, conn, &self.keys, filed))
                {
                    self.failed(error);
                }
            }
            Err(TryRecvError::Disconnected) if self.is_busy => {
                self.is_busy = false;
                self.failed(io::Error::other("the thread that writes it has ended"));
            }
            Err(_) => {}
        }
        let is_early = self.again_at.is_some_and(|time| Instant::now() < time);
        if self.is_busy || is_early || self.keys.damage.is_told() {
            return;
        }
        if let Some(leaving) = self.keys.leave(last) {
            let runs = self.keys.runs();
            let merge = match self.again_at {
                None => Merge::plan(leaving, &runs),
                Some(_) => Merge::of_one(leaving, &runs),
            };
            self.is_busy = self.orders.send(merge).is_ok();
        }
    }

    /// What could not be written stays in memory for now. What could not be read is another matter.
    fn failed(&mut self, error: io::Error) {
        tracing::warn!("the index of invoices is not written: {error}");
        self.again_at = Some(Instant::now() + self.pause);
        if counting::is_damage(&error) {
            self.keys.damaged(error);
        }
    }

    /// The last thing before the connection is closed.
    pub(crate) fn at_end(&self, conn: &Connection) {
        if self.keys.damage.is_told()
            && let Err(error) = counting::forget_all(conn)
        {
            tracing::error!("the damaged index of invoices is still believed: {error}");
        }
    }
}
