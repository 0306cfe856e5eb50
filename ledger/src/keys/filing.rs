//! Getting entries from memory into files, beside the writer.
//!
//! Files are written by a thread of its own. Which of them count is for the writer to say, between two of its transactions, since nobody
//! else may write to the database. Until then, and whenever anything fails, the entries stay in memory and are found there.

use super::merge::Merge;
use super::run::{Run, path_of};
use super::{Keys, opening};
use boltill_types::CreatedIndex;
use rusqlite::Connection;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long to wait after a failure, which most of all is a full disk.
const PAUSE: Duration = Duration::from_secs(30);

/// A run to be written.
struct Order {
    merge: Merge,
    /// The latest invoice of which there are entries in it.
    up_to: CreatedIndex,
}

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
    orders: Sender<Order>,
    filed: Receiver<io::Result<Filed>>,
    is_busy: bool,
    not_before: Option<Instant>,
    stop: Arc<AtomicBool>,
}

impl Drop for Filing {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Starts the thread that writes files to `folder`. It ends when the writer's side is dropped.
pub(crate) fn start(keys: Arc<Keys>, folder: PathBuf) -> io::Result<(JoinHandle<()>, Filing)> {
    let (orders, ordered) = mpsc::channel::<Order>();
    let (ready, filed) = mpsc::channel();
    let stop = Arc::new(AtomicBool::new(false));
    let (to, stopped) = (folder.clone(), Arc::clone(&stop));
    let thread = thread::Builder::new()
        .name("ledger-keys".to_owned())
        .spawn(move || {
            for order in ordered {
                let Some(filed) = file(&to, order.merge, order.up_to, &stopped).transpose() else {
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
        not_before: None,
        stop,
    };
    Ok((thread, filing))
}

/// Writes a run under a new name; `None` when it was told to `stop` before it had ended. Leaves no file behind that is not whole.
pub(super) fn file(
    folder: &Path,
    merge: Merge,
    up_to: CreatedIndex,
    stop: &AtomicBool,
) -> io::Result<Option<Filed>> {
    let name = opening::new_name();
    let written = merge.write(folder, name, stop);
    if !matches!(written, Ok(Some(_))) {
        let _ = fs::remove_file(path_of(folder, name));
    }
    let filed = |run| Filed {
        run,
        replaces: merge.runs,
        up_to,
    };
    Ok(written?.map(filed))
}

impl Filing {
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Has what has been gathered written to a file, if that is enough, and makes a file count that has been written. On the writer's
    /// thread and connection, between two transactions; `last` is the latest invoice on file.
    pub(crate) fn after_commit(&mut self, conn: &Connection, last: CreatedIndex) {
        if let Ok(filed) = self.filed.try_recv() {
            self.is_busy = false;
            if let Err(error) = filed
                .map_err(failure)
                .and_then(|filed| self.make_it_count(conn, filed))
            {
                tracing::warn!("the index of invoices stays in memory for now: {error}");
                self.not_before = Some(Instant::now() + PAUSE);
            }
        }
        if self.is_busy || self.not_before.is_some_and(|time| Instant::now() < time) {
            return;
        }
        if let Some(leaving) = self.keys.leave() {
            let merge = Merge::plan(leaving, &self.keys.runs());
            self.is_busy = self.orders.send(Order { merge, up_to: last }).is_ok();
        }
    }

    fn make_it_count(&self, conn: &Connection, filed: Filed) -> Result<(), String> {
        let name = filed.run.name();
        if let Err(error) = opening::record(conn, &filed) {
            // Should it count after all, it is missed at the next start, and all is made anew.
            let _ = fs::remove_file(path_of(&self.folder, name));
            return Err(failure(error));
        }
        self.keys.left(Arc::new(filed.run), filed.replaces.len());
        opening::remove(&self.folder, &filed.replaces);
        Ok(())
    }
}

fn failure(error: impl std::fmt::Display) -> String {
    error.to_string()
}
