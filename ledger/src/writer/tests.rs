//! What only shows from inside: writes that fail half way, and a database that gives up a transaction.

use super::*;
use crate::checkpoint;
use crate::counters::{IndexKind, Subsystem};
use crate::keys;
use crate::schema::Database;
use bitcoin::Network;
use tempfile::TempDir;

/// A writer with a table of its own to write numbers to.
struct TestWriter {
    writer: Writer,
    reader: Connection,
    publisher: Arc<Publisher>,
    _directory: TempDir,
}

impl TestWriter {
    fn new(setup: &str) -> TestWriter {
        let directory = tempfile::tempdir().unwrap();
        let (database, conn) = Database::open(&directory.path().join("ledger"), Network::Regtest).unwrap();
        conn.execute_batch("CREATE TABLE numbers (number INTEGER PRIMARY KEY, filler BLOB)")
            .unwrap();
        conn.execute_batch(setup).unwrap();
        let counters = Counters::load(&conn).unwrap();
        let publisher = Arc::new(Publisher::new(counters));
        let (_, checkpoints) = checkpoint::start(&conn, database.checkpointer().unwrap()).unwrap();
        let index = keys::open(&database.keys(), &conn).unwrap();
        let (_, filing) = keys::start(Arc::new(index), database.keys()).unwrap();
        let writer = Writer::start(conn, counters, Arc::clone(&publisher), checkpoints, filing).unwrap();
        TestWriter {
            writer,
            reader: database.reader().unwrap(),
            publisher,
            _directory: directory,
        }
    }

    fn numbers(&self) -> Vec<i64> {
        let mut query = self
            .reader
            .prepare("SELECT number FROM numbers ORDER BY number")
            .unwrap();
        query
            .query_map((), |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    }

    /// Keeps the writer busy until the returned sender is dropped, so that what is written meanwhile shares one batch.
    fn hold(&self) -> mpsc::Sender<()> {
        let (release, held) = mpsc::channel::<()>();
        let (started, has_started) = mpsc::channel();
        drop(self.writer.write(move |_| {
            started.send(()).unwrap();
            held.recv().unwrap_err();
            Ok::<_, LedgerError>(())
        }));
        has_started.recv().unwrap();
        release
    }

    fn created(&self) -> u64 {
        self.publisher
            .counters()
            .get(Subsystem::Invoices, IndexKind::Created)
    }
}

/// Writes a number and takes a created index.
fn write(tx: &mut WriteTx<'_>, number: i64, bytes: i64) -> Result<u64, LedgerError> {
    let index = tx.counters.invoices.next_created();
    tx.conn
        .execute("INSERT INTO numbers VALUES (?1, zeroblob(?2))", (number, bytes))?;
    Ok(index.0)
}

#[tokio::test]
async fn a_write_that_fails_half_way_leaves_nothing_and_its_neighbours_are_kept() {
    let writer = TestWriter::new("");
    let held = writer.hold();
    let first = writer.writer.write(|tx| write(tx, 1, 0));
    let refused = writer.writer.write(|tx| {
        write(tx, 2, 0)?;
        write(tx, 1, 0)
    });
    let panicked = writer.writer.write(|tx| -> Result<(), LedgerError> {
        write(tx, 3, 0)?;
        panic!("a fault of the program, on purpose")
    });
    let last = writer.writer.write(|tx| write(tx, 4, 0));
    let before = writer.writer.metrics().commits;
    drop(held);
    assert_eq!(first.await.unwrap(), 1);
    assert!(matches!(refused.await, Err(LedgerError::Database(_))));
    assert!(matches!(panicked.await, Err(LedgerError::Panicked)));
    assert_eq!(last.await.unwrap(), 2);
    assert_eq!(writer.numbers(), [1, 4]);
    assert_eq!(writer.created(), 2);
    assert_eq!(
        writer.writer.metrics().commits - before,
        2,
        "the held write's and the one they share"
    );
}

#[tokio::test]
async fn a_write_of_one_statement_is_refused_alone_before_it_and_with_all_others_behind_it() {
    let writer = TestWriter::new("");
    let held = writer.hold();
    let first = writer.writer.write_once(|tx| write(tx, 1, 0));
    let refused = writer.writer.write_once(|_| Err::<u64, _>(LedgerError::Closed));
    let second = writer.writer.write_once(|tx| write(tx, 2, 0));
    drop(held);
    assert_eq!(first.await.unwrap(), 1);
    assert!(matches!(refused.await, Err(LedgerError::Closed)));
    assert_eq!(second.await.unwrap(), 2);
    assert_eq!(writer.numbers(), [1, 2]);

    let half_done: [fn(&mut WriteTx<'_>); 2] = [
        |tx| drop(write(tx, 4, 0)),
        // As after a statement that broke off.
        |tx| _ = tx.counters.invoices.next_created(),
    ];
    for half_done in half_done {
        let held = writer.hold();
        let before = writer.writer.write_once(|tx| write(tx, 3, 0));
        let refused = writer.writer.write_once(move |tx| {
            half_done(tx);
            Err::<u64, _>(LedgerError::Closed)
        });
        drop(held);
        assert!(matches!(before.await, Err(LedgerError::RolledBack)));
        assert!(matches!(refused.await, Err(LedgerError::Closed)));
    }
    assert_eq!((writer.numbers(), writer.created()), (vec![1, 2], 2));
}

#[tokio::test]
async fn an_answer_counts_as_untaken_until_its_caller_takes_it_or_goes_away() {
    let writer = TestWriter::new("");
    let mut taken = writer.writer.write(|tx| write(tx, 1, 0));
    let held = writer.hold();
    let dropped_before = writer.writer.write(|tx| write(tx, 2, 0));
    let dropped_behind = writer.writer.write(|tx| write(tx, 3, 0));
    drop((dropped_before, held));
    writer.writer.write_blocking(|tx| write(tx, 4, 0)).unwrap();
    assert_eq!(writer.writer.untaken.count(), 2);
    drop(dropped_behind);
    assert_eq!(writer.writer.untaken.count(), 1);
    assert_eq!((&mut taken).await.unwrap(), 1);
    assert_eq!(writer.writer.untaken.count(), 0);
    assert_eq!(writer.numbers(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_full_disk_fails_those_it_must_and_the_writer_goes_on() {
    let writer = TestWriter::new("PRAGMA max_page_count = 100");
    let held = writer.hold();
    let before = writer.writer.write(|tx| write(tx, 1, 0));
    let too_large = writer.writer.write(|tx| write(tx, 2, 1_000_000));
    let after = writer.writer.write(|tx| write(tx, 3, 0));
    drop(held);
    assert!(matches!(too_large.await, Err(LedgerError::DiskFull)));
    // SQLite may undo the statement or the transaction; either way what is answered is what is on file.
    let answers = [(1, before.await), (3, after.await)];
    let answered: Vec<i64> = answers
        .iter()
        .filter(|(_, answer)| answer.is_ok())
        .map(|(number, _)| *number)
        .collect();
    assert!(answered.contains(&3), "{answers:?}");
    assert_eq!(writer.numbers(), answered);
    assert_eq!(writer.created(), answered.len() as u64);
    assert!(writer.writer.write(|tx| write(tx, 4, 0)).await.is_ok());
}

#[tokio::test]
async fn a_transaction_that_the_database_gave_up_fails_all_who_shared_it() {
    let writer = TestWriter::new("");
    let held = writer.hold();
    let before = writer.writer.write(|tx| write(tx, 1, 0));
    let giving_up = writer.writer.write(|tx| {
        write(tx, 2, 0)?;
        // As SQLite itself does when an input or output fails.
        tx.conn.execute_batch("ROLLBACK")?;
        Ok::<_, LedgerError>(())
    });
    let after = writer.writer.write(|tx| write(tx, 3, 0));
    drop(held);
    assert!(matches!(before.await, Err(LedgerError::RolledBack)));
    assert!(matches!(giving_up.await, Err(LedgerError::RolledBack)));
    assert_eq!(after.await.unwrap(), 1);
    assert_eq!(writer.numbers(), [3]);
}

#[tokio::test]
async fn a_commit_that_fails_is_no_success_and_nothing_follows_it() {
    // A deferred constraint is checked by the commit, which fails as it does when the disk does.
    let writer = TestWriter::new(
        "CREATE TABLE dependents (number INTEGER REFERENCES numbers DEFERRABLE INITIALLY DEFERRED)",
    );
    let held = writer.hold();
    let good = writer.writer.write(|tx| write(tx, 1, 0));
    let bad = writer.writer.write(|tx| {
        tx.conn.execute("INSERT INTO dependents VALUES (99)", ())?;
        Ok::<_, LedgerError>(())
    });
    drop(held);
    assert!(matches!(good.await, Err(LedgerError::Database(_))));
    assert!(matches!(bad.await, Err(LedgerError::Database(_))));
    assert_eq!((writer.numbers(), writer.created()), (vec![], 0));
    assert!(matches!(writer.writer.failed().await, LedgerError::Database(_)));
    assert!(matches!(
        writer.writer.write(|tx| write(tx, 2, 0)).await,
        Err(LedgerError::Closed)
    ));
    assert!(matches!(
        writer.writer.write_blocking(|tx| write(tx, 3, 0)),
        Err(LedgerError::Closed)
    ));
}
