//! The one thread that writes, and its group commit.
//!
//! Writes queue up while a transaction is being synced to disk; the next transaction takes all that have queued, and
//! one sync makes all of them durable. With a single caller each write is a transaction, and the more callers there are
//! the more share one. Only after the commit is the change published, and only then are the callers answered.
//!
//! Nobody is made to wait for others to come, except when callers have not even taken the answers of the transaction
//! before: then it is the processor that everybody waits for, and on a fast disk much of it would go into transactions of
//! a few writes each. So the writer leaves it to the callers for a moment.

use crate::changes::{Change, Publisher};
use crate::checkpoint::Checkpoints;
use crate::counters::Counters;
use crate::error::LedgerError;
use crate::failure::Failure;
use crate::job::{Durable, Job, Outcome, Steps, Write};
use crate::keys::{Filing, Key, Keys};
use crate::state::Pieces;
use crate::untaken::Untaken;
use boltill_types::CreatedIndex;
use rusqlite::Connection;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The most writes that share one transaction, so that the first of them does not wait long for the last.
const BATCH: usize = 1024;
/// How many callers who have not taken their answers show that they do not get the processor. One may be a caller who waits for something else.
const CROWD: usize = 2;
/// How long the writer leaves it to them, which is little beside what they wait for it.
const REST: Duration = Duration::from_micros(300);

/// How much the writer has done since the ledger was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriterMetrics {
    /// Transactions committed, each with one sync of the disk at most.
    pub commits: u64,
    /// Writes answered, whether they were refused or not, in transactions that were committed.
    pub writes: u64,
    /// How long those transactions took, from their first write to the end of the sync.
    pub time: Duration,
}

/// What a write sees: the transaction, the counters, and the list of what is to be published after the commit.
pub(crate) struct WriteTx<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) counters: &'a mut Counters,
    pub(crate) keys: &'a Keys,
    pub(crate) pieces: &'a mut Pieces,
    changes: &'a mut Vec<Change>,
    removed: &'a mut Vec<Removed>,
}

/// An invoice to be struck out of the index once it is gone for good: its label, its hash, and which it was.
type Removed = (Key, Key, CreatedIndex);

impl WriteTx<'_> {
    /// Has the change published once it is durable.
    pub(crate) fn publish(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Has the invoice struck out of the index once its deletion is durable.
    pub(crate) fn remove_keys(&mut self, label: Key, hash: Key, invoice: CreatedIndex) {
        self.removed.push((label, hash, invoice));
    }
}

enum Command {
    Write(Box<dyn Job>),
    Stop,
}

/// The way to the writer's thread.
pub(crate) struct Writer {
    queue: Sender<Command>,
    thread: Mutex<Option<JoinHandle<()>>>,
    untaken: Untaken,
    metrics: Arc<Metrics>,
    failure: Arc<Failure>,
}

impl Writer {
    /// Starts the thread. `conn` is the only connection that ever writes; `counters` are those on its disk.
    pub(crate) fn start(
        conn: Connection,
        counters: Counters,
        publisher: Arc<Publisher>,
        checkpoints: Checkpoints,
        filing: Filing,
    ) -> std::io::Result<Writer> {
        let (queue, commands) = mpsc::channel();
        let metrics = Arc::new(Metrics::default());
        let failure = Arc::new(Failure::default());
        let untaken = Untaken::default();
        let mut committer = Committer {
            conn,
            counters,
            changes: Vec::new(),
            removed: Vec::new(),
            pieces: Pieces::default(),
            publisher,
            checkpoints,
            filing,
            untaken: untaken.clone(),
            crowded: false,
            metrics: Arc::clone(&metrics),
            failure: Arc::clone(&failure),
        };
        let thread = thread::Builder::new()
            .name("ledger-writer".to_owned())
            .spawn(move || committer.run(&commands))?;
        Ok(Writer {
            queue,
            thread: Mutex::new(Some(thread)),
            untaken,
            metrics,
            failure,
        })
    }

    /// Resolves when the thread has given up after a failed commit, and tells why.
    pub(crate) async fn failed(&self) -> LedgerError {
        self.failure.told().await
    }

    /// Puts a write in the queue, now, and returns the future of its answer.
    pub(crate) fn write<T, E, F>(&self, operation: F) -> Durable<T, E>
    where
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<LedgerError> + Send + 'static,
    {
        self.queue_up(Steps::Many, operation)
    }

    /// As [`Writer::write`], for what changes the database with one statement at most, and is refused only before it and before it takes an index:
    /// that needs no savepoint, for which SQLite would copy each page that the statement changes. If the statement fails, so does the whole transaction.
    pub(crate) fn write_once<T, E, F>(&self, operation: F) -> Durable<T, E>
    where
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<LedgerError> + Send + 'static,
    {
        self.queue_up(Steps::One, operation)
    }

    fn queue_up<T, E, F>(&self, steps: Steps, operation: F) -> Durable<T, E>
    where
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<LedgerError> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let untaken = self.untaken.clone();
        self.enqueue(Write::new(steps, operation, move |answer| {
            // A caller that no longer listens is no error.
            drop(sender.send(untaken.send(answer)));
        }));
        Durable::new(receiver)
    }

    /// Puts a write in the queue and waits for its answer on the calling thread.
    pub(crate) fn write_blocking<T, E, F>(&self, operation: F) -> Result<T, E>
    where
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<LedgerError> + Send + 'static,
    {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.enqueue(Write::new(Steps::Many, operation, move |answer| {
            drop(sender.send(answer));
        }));
        receiver
            .recv()
            .unwrap_or_else(|_| Err(LedgerError::Closed.into()))
    }

    fn enqueue(&self, job: impl Job + 'static) {
        // When the thread is gone the job is dropped, and with it the sender whose absence is the answer "closed".
        let _ = self.queue.send(Command::Write(Box::new(job)));
    }

    pub(crate) fn metrics(&self) -> WriterMetrics {
        WriterMetrics {
            commits: self.metrics.commits.load(Ordering::Relaxed),
            writes: self.metrics.writes.load(Ordering::Relaxed),
            time: Duration::from_nanos(self.metrics.nanoseconds.load(Ordering::Relaxed)),
        }
    }

    /// Lets the thread finish what is queued, and waits for its end. Later writes answer `Closed`.
    pub(crate) fn stop(&self) {
        let _ = self.queue.send(Command::Stop);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Err(_)) = thread.map(JoinHandle::join) {
            tracing::error!("the ledger's writer panicked");
        }
    }
}

#[derive(Default)]
struct Metrics {
    commits: AtomicU64,
    writes: AtomicU64,
    nanoseconds: AtomicU64,
}

/// The writer's thread.
struct Committer {
    conn: Connection,
    /// The counters as the open transaction has them, or as they are on disk between transactions.
    counters: Counters,
    /// What the open transaction will publish.
    changes: Vec<Change>,
    /// What it will strike out of the index.
    removed: Vec<Removed>,
    pieces: Pieces,
    publisher: Arc<Publisher>,
    checkpoints: Checkpoints,
    filing: Filing,
    untaken: Untaken,
    /// Whether callers had not taken the answers of one transaction when those of the next were there.
    crowded: bool,
    metrics: Arc<Metrics>,
    failure: Arc<Failure>,
}

/// The transaction came to nothing.
struct Lost {
    error: LedgerError,
    /// Whether what is on disk is known, so that the next transaction may follow.
    usable: bool,
}

impl Committer {
    fn run(&mut self, commands: &Receiver<Command>) {
        self.serve(commands);
        self.filing.at_end(&self.conn);
    }

    fn serve(&mut self, commands: &Receiver<Command>) {
        while let Ok(command) = commands.recv() {
            if self.crowded && self.untaken.count() > 0 {
                thread::sleep(REST);
            }
            let (mut jobs, stop) = gather(command, commands);
            while !jobs.is_empty() {
                if !self.transact(&mut jobs) {
                    tracing::error!("the ledger takes no more writes after a failed commit");
                    return; // dropping the rest answers "closed"
                }
            }
            if stop {
                return;
            }
            self.checkpoints.after_commit(&self.conn);
            self.filing
                .after_commit(&self.conn, self.counters.invoices.last_created());
        }
    }

    /// Does the jobs in one transaction and answers them. Jobs that follow one at which the database gave up the
    /// transaction are left for the next. Returns whether there can be a next.
    fn transact(&mut self, jobs: &mut VecDeque<Box<dyn Job>>) -> bool {
        let mut ran = Vec::with_capacity(jobs.len());
        let (before, began) = (self.counters, Instant::now());
        let committed = self.run_jobs(jobs, &mut ran).and_then(|()| self.commit(before));
        match committed {
            Ok(()) => {
                for (label, hash, invoice) in self.removed.drain(..) {
                    self.filing.keys().remove(label, hash, invoice);
                }
                self.publisher.publish(self.counters, self.changes.drain(..));
                self.metrics.commits.fetch_add(1, Ordering::Relaxed);
                self.metrics.writes.fetch_add(ran.len() as u64, Ordering::Relaxed);
                let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                self.metrics.nanoseconds.fetch_add(took, Ordering::Relaxed);
                self.crowded = self.untaken.count() >= CROWD;
                ran.into_iter().for_each(|job| job.answer(Ok(())));
                true
            }
            Err(Lost { error, usable }) => {
                tracing::error!(%error, writes = ran.len(), "a transaction of the ledger failed");
                self.counters = before;
                self.changes.clear();
                self.removed.clear();
                self.pieces.forget();
                let rolled_back = self.conn.is_autocommit() || self.conn.execute_batch(sql::ROLLBACK).is_ok();
                let usable = usable && rolled_back;
                if !usable {
                    // Before anybody meets the consequences.
                    self.failure.tell(error.clone());
                }
                ran.into_iter().for_each(|job| job.answer(Err(error.clone())));
                usable
            }
        }
    }

    /// Runs all jobs, or up to the one at which the database gives up.
    fn run_jobs(
        &mut self,
        jobs: &mut VecDeque<Box<dyn Job>>,
        ran: &mut Vec<Box<dyn Job>>,
    ) -> Result<(), Lost> {
        let lost = |error| Lost { error, usable: true };
        if let Err(error) = self.execute(sql::BEGIN) {
            ran.extend(jobs.drain(..));
            return Err(lost(error));
        }
        while let Some(mut job) = jobs.pop_front() {
            let ended = self.run_job(job.as_mut());
            // A full or failing disk makes SQLite roll back everything, not just the statement; and so do we, where no
            // savepoint was. Whoever met it knows why; the others are told what became of them.
            if self.conn.is_autocommit() {
                match ended {
                    Ok(Outcome::Refused) => job.answer(Ok(())),
                    Ok(Outcome::Done) => job.answer(Err(LedgerError::RolledBack)),
                    Err(error) => job.answer(Err(error)),
                }
                return Err(lost(LedgerError::RolledBack));
            }
            ran.push(job);
            ended.map_err(lost)?;
        }
        Ok(())
    }

    /// Runs one job, so that a refusal undoes what that job did and nothing else.
    fn run_job(&mut self, job: &mut dyn Job) -> Result<Outcome, LedgerError> {
        let (guarded, written) = (job.may_be_half_done(), self.conn.total_changes());
        if guarded {
            self.execute(sql::SAVEPOINT)?;
        }
        let (counters, changes, removed) = (self.counters, self.changes.len(), self.removed.len());
        let pieces = self.pieces.changes();
        let mut tx = WriteTx {
            conn: &self.conn,
            counters: &mut self.counters,
            keys: self.filing.keys(),
            pieces: &mut self.pieces,
            changes: &mut self.changes,
            removed: &mut self.removed,
        };
        let outcome = job.run(&mut tx);
        if self.conn.is_autocommit() {
            return Ok(outcome);
        }
        if outcome == Outcome::Refused {
            // A statement that broke off in its middle, as on a damaged file, counts as no change; but its index was taken.
            let begun = self.conn.total_changes() != written || self.counters != counters;
            self.counters = counters;
            self.changes.truncate(changes);
            self.removed.truncate(removed);
            if self.pieces.changes() != pieces {
                self.pieces.forget();
            }
            if guarded {
                self.execute(sql::ROLLBACK_TO)?;
            } else if begun {
                self.execute(sql::ROLLBACK)?;
            }
        }
        if guarded {
            self.execute(sql::RELEASE)?;
        }
        Ok(outcome)
    }

    fn commit(&mut self, before: Counters) -> Result<(), Lost> {
        self.counters
            .store(before, &self.conn)
            .map_err(|error| Lost { error, usable: true })?;
        self.execute(sql::COMMIT).map_err(|error| Lost {
            // When the disk was full the commit was not written. After any other failure it may or may not have been.
            usable: matches!(error, LedgerError::DiskFull),
            error,
        })
    }

    fn execute(&self, statement: &str) -> Result<(), LedgerError> {
        self.conn.prepare_cached(statement)?.execute(())?;
        Ok(())
    }
}

/// The first command and what is queued behind it, and whether the queue ends there.
fn gather(first: Command, commands: &Receiver<Command>) -> (VecDeque<Box<dyn Job>>, bool) {
    let mut jobs = VecDeque::new();
    let mut next = Some(first);
    while let Some(command) = next {
        match command {
            Command::Write(job) => jobs.push_back(job),
            Command::Stop => return (jobs, true),
        }
        next = if jobs.len() < BATCH {
            commands.try_recv().ok()
        } else {
            None
        };
    }
    (jobs, false)
}

mod sql {
    pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
    pub(super) const COMMIT: &str = "COMMIT";
    pub(super) const SAVEPOINT: &str = "SAVEPOINT write";
    pub(super) const RELEASE: &str = "RELEASE write";
    pub(super) const ROLLBACK: &str = "ROLLBACK";
    pub(super) const ROLLBACK_TO: &str = "ROLLBACK TO write";
}

#[cfg(test)]
mod tests;
