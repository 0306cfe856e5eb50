//! The ledger as the rest of the program holds it.

use crate::changes::{Change, Publisher};
use crate::checkpoint;
use crate::counters::{Counters, IndexKind, Subsystem};
use crate::error::{LedgerError, OpenError};
use crate::keys::{self, Keys};
use crate::readers::Readers;
use crate::schema::Database;
use crate::writer::{Writer, WriterMetrics};
use bitcoin::Network;
use boltill_types::PayIndex;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::broadcast;

/// How many reads run at the same time.
const READERS: usize = 4;

/// Everything that is durable, in one file, and an index of it beside that; see the crate's documentation.
///
/// Dropping it closes it. It does not guard against a second process that opens the same file.
pub struct Ledger {
    pub(crate) writer: Writer,
    pub(crate) readers: Arc<Readers>,
    pub(crate) database: Database,
    pub(crate) keys: Arc<Keys>,
    publisher: Arc<Publisher>,
    /// The threads that work for the writer, and end after it.
    helpers: Mutex<Vec<JoinHandle<()>>>,
}

impl Ledger {
    /// Opens the ledger at `path`, or makes a new one for `network` with mode 0600.
    ///
    /// Blocks while an older schema is brought up to date.
    pub fn open(path: &Path, network: Network) -> Result<Ledger, OpenError> {
        let (database, conn) = Database::open(path, network)?;
        let keys = Arc::new(keys::open(&database.keys(), &conn)?);
        let counters = Counters::load(&conn)?;
        let publisher = Arc::new(Publisher::new(counters));
        let connections = (0..READERS)
            .map(|_| database.reader())
            .collect::<Result<Vec<_>, _>>()?;
        let readers = Arc::new(Readers::start(connections).map_err(OpenError::Thread)?);
        let (checkpointer, checkpoints) =
            checkpoint::start(&conn, database.checkpointer()?).map_err(OpenError::Thread)?;
        let (filer, filing) = keys::start(Arc::clone(&keys), database.keys()).map_err(OpenError::Thread)?;
        let writer = Writer::start(conn, counters, Arc::clone(&publisher), checkpoints, filing)
            .map_err(OpenError::Thread)?;
        Ok(Ledger {
            writer,
            readers,
            database,
            keys,
            publisher,
            helpers: Mutex::new(vec![checkpointer, filer]),
        })
    }

    /// Every change from now on, in the order of the commits, each after it is durable.
    ///
    /// Who waits for an index subscribes first and looks at [`Ledger::current_index`] then, so that no change falls
    /// between the two. A subscriber that falls thousands of changes behind is told so by the channel
    /// (`RecvError::Lagged`) and looks at the ledger again.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.publisher.subscribe()
    }

    /// The last index that was assigned, 0 before the first; costs no read of the disk.
    pub fn current_index(&self, subsystem: Subsystem, kind: IndexKind) -> u64 {
        self.publisher.counters().get(subsystem, kind)
    }

    /// The counters as of the last commit.
    pub(crate) fn counters(&self) -> Counters {
        self.publisher.counters()
    }

    /// The pay index of the latest payment we received, 0 before the first; costs no read of the disk.
    pub fn last_pay_index(&self) -> PayIndex {
        self.publisher.counters().last_pay()
    }

    /// Resolves when a commit has failed so that nothing can be written any more, or when the index of invoices is damaged, and tells why.
    /// Whoever keeps money must end then, and start again: to learn what has reached the disk, or with an index made anew.
    pub async fn failed(&self) -> LedgerError {
        tokio::select! {
            error = self.writer.failed() => error,
            error = self.keys.damage.told() => error,
        }
    }

    /// How much the writer has done since the ledger was opened.
    pub fn metrics(&self) -> WriterMetrics {
        self.writer.metrics()
    }

    /// Finishes what has been asked for, closes the file and leaves no log beside it. What is asked of the ledger
    /// afterwards answers [`LedgerError::Closed`](crate::LedgerError::Closed). Blocks.
    pub fn close(&self) {
        self.readers.stop();
        self.writer.stop();
        let helpers = std::mem::take(&mut *self.helpers.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in helpers {
            let name = thread.thread().name().unwrap_or_default().to_owned();
            if thread.join().is_err() {
                tracing::error!("the ledger's thread {name} panicked");
            }
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.close();
    }
}
