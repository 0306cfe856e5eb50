//! The threads that read, each with a connection of its own.
//!
//! In WAL mode a reader sees all that was committed before it began, and neither waits for the writer nor makes it
//! wait. Reads are short: one look-up, or one page of a listing.

use crate::error::LedgerError;
use crossbeam_channel::{Receiver, Sender};
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// The way to the readers' threads.
pub(crate) struct Readers {
    queue: Mutex<Option<Sender<Job>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Readers {
    /// Starts one thread for each connection.
    pub(crate) fn start(connections: Vec<Connection>) -> std::io::Result<Readers> {
        let (queue, jobs) = crossbeam_channel::unbounded::<Job>();
        let threads = connections
            .into_iter()
            .map(|conn| {
                let jobs = jobs.clone();
                thread::Builder::new()
                    .name("ledger-reader".to_owned())
                    .spawn(move || serve(&conn, &jobs))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Readers {
            queue: Mutex::new(Some(queue)),
            threads: Mutex::new(threads),
        })
    }

    /// Reads on one of the threads.
    pub(crate) async fn read<T, F>(&self, query: F) -> Result<T, LedgerError>
    where
        F: FnOnce(&Connection) -> Result<T, LedgerError> + Send + 'static,
        T: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        // A caller that no longer listens is no error.
        self.enqueue(Box::new(move |conn| drop(sender.send(query(conn)))));
        receiver.await.unwrap_or(Err(LedgerError::Closed))
    }

    /// Reads on one of the threads while the calling thread waits.
    pub(crate) fn read_blocking<T, F>(&self, query: F) -> Result<T, LedgerError>
    where
        F: FnOnce(&Connection) -> Result<T, LedgerError> + Send + 'static,
        T: Send + 'static,
    {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.enqueue(Box::new(move |conn| drop(sender.send(query(conn)))));
        receiver.recv().unwrap_or(Err(LedgerError::Closed))
    }

    fn enqueue(&self, job: Job) {
        // With the queue gone the job is dropped, and with it the sender whose absence is the answer "closed".
        if let Some(queue) = &*self.queue.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = queue.send(job);
        }
    }

    /// Lets the threads finish what is queued, and waits for their end. Later reads answer `Closed`.
    pub(crate) fn stop(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        for thread in self
            .threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain(..)
        {
            if thread.join().is_err() {
                tracing::error!("a reader of the ledger panicked");
            }
        }
    }
}

fn serve(conn: &Connection, jobs: &Receiver<Job>) {
    for job in jobs {
        if catch_unwind(AssertUnwindSafe(|| job(conn))).is_err() {
            tracing::error!("a read of the ledger panicked");
        }
    }
}
