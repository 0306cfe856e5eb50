//! The index as a whole, against what should be in it.

use super::opening::open_with;
use super::*;
use crate::schema::Database;
use bitcoin::Network;
use proptest::prelude::*;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How many entries are gathered here before they are written.
const FEW: usize = 8;

/// An index over a table of invoices, and what should be found in it.
struct Room {
    conn: Connection,
    keys: Arc<Keys>,
    filing: Filing,
    folder: PathBuf,
    last: u64,
    invoices: BTreeMap<u64, (Key, Key)>,
    _directory: TempDir,
}

impl Room {
    fn new() -> Room {
        let directory = tempfile::tempdir().unwrap();
        let (database, conn) = Database::open(&directory.path().join("ledger"), Network::Regtest).unwrap();
        let folder = database.keys();
        let keys = Arc::new(open_with(&folder, &conn, FEW, 5).unwrap());
        let mut room = Room {
            conn,
            filing: start(Arc::clone(&keys), folder.clone()).unwrap().1,
            keys,
            folder,
            last: 0,
            invoices: BTreeMap::new(),
            _directory: directory,
        };
        room.filing.pause = Duration::ZERO;
        room
    }

    /// With so many invoices, all of them where they belong.
    fn of(invoices: i64) -> Room {
        let mut room = Room::new();
        for number in 0..invoices {
            room.add(number << 20, number << 21);
            room.after_commits();
        }
        room
    }

    /// Files an invoice with keys of which there are few, so that some have many invoices.
    fn add(&mut self, label_key: i64, hash_key: i64) {
        self.last += 1;
        let columns = (crate::sql::int(self.last), label_key, hash_key);
        let sql = "INSERT INTO invoices (created_index, status, label_key, hash_key, expires_at, payment_hash, payment_preimage, label) \
                   VALUES (?1, 0, ?2, ?3, 0, x'', x'', '')";
        self.conn.execute(sql, columns).unwrap();
        let (label, hash) = (Key::of_label_key(label_key), Key::of_hash_key(hash_key));
        self.keys.add(label, hash, CreatedIndex(self.last));
        self.invoices.insert(self.last, (label, hash));
    }

    fn remove(&mut self, invoice: u64) {
        if let Some((label, hash)) = self.invoices.remove(&invoice) {
            let sql = "DELETE FROM invoices WHERE created_index = ?1";
            self.conn.execute(sql, [crate::sql::int(invoice)]).unwrap();
            self.keys.remove(label, hash, CreatedIndex(invoice));
        }
    }

    /// What the writer does after each commit, until nothing is left to be done.
    fn after_commits(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            self.filing.after_commit(&self.conn, CreatedIndex(self.last));
            let state = self.keys.read();
            if state.leaving.entries.is_empty() && state.young.len() < FEW {
                return;
            }
            drop(state);
            assert!(Instant::now() < deadline, "a file is written");
            std::thread::yield_now();
        }
    }

    fn open_again(&mut self) {
        self.keys = Arc::new(open_with(&self.folder, &self.conn, FEW, 5).unwrap());
        self.filing = start(Arc::clone(&self.keys), self.folder.clone()).unwrap().1;
        self.filing.pause = Duration::ZERO;
    }

    fn elsewhere(&self) -> PathBuf {
        self.folder.with_extension("elsewhere")
    }

    /// From now on no file can be written, and those that are open can be read.
    fn break_the_disk(&self) {
        if !self.elsewhere().exists() {
            fs::rename(&self.folder, self.elsewhere()).unwrap();
        }
    }

    fn mend_the_disk(&self) {
        if self.elsewhere().exists() {
            fs::rename(self.elsewhere(), &self.folder).unwrap();
        }
    }

    /// An invoice that comes to nothing; its place is taken by the next.
    fn add_in_vain(&self, label_key: i64, hash_key: i64) {
        let (label, hash) = (Key::of_label_key(label_key), Key::of_hash_key(hash_key));
        self.keys.add(label, hash, CreatedIndex(self.last + 1));
    }

    fn has_key(&self, invoice: u64, key: Key) -> bool {
        let keys = self.invoices.get(&invoice);
        keys.is_some_and(|(label, hash)| *label == key || *hash == key)
    }

    /// Every invoice that the index names and that has the key.
    fn found(&self, key: Key) -> BTreeSet<u64> {
        let mut found = BTreeSet::new();
        let looked = self.keys.find(key, |invoice| {
            found.insert(invoice.0);
            Ok(None::<()>)
        });
        looked.unwrap();
        found.retain(|invoice| self.has_key(*invoice, key));
        found
    }

    fn check(&self) {
        let keys: BTreeSet<Key> = self
            .invoices
            .values()
            .flat_map(|(label, hash)| [*label, *hash])
            .collect();
        for key in keys {
            let expected = self
                .invoices
                .keys()
                .copied()
                .filter(|invoice| self.has_key(*invoice, key));
            assert_eq!(self.found(key), expected.collect(), "{key:?}");
        }
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(&self.folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        files.sort();
        files
    }
}

#[derive(Clone, Debug)]
enum Step {
    Add(i64, i64),
    AddInVain(i64, i64),
    Remove(u64),
    BreakTheDisk,
    AfterACommit,
    AfterCommits,
    OpenAgain,
    LoseAFile,
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..20i64;
    prop_oneof![
        20 => (key.clone(), key.clone()).prop_map(|(label, hash)| Step::Add(label << 40, hash << 40 | 1)),
        2 => (key.clone(), key).prop_map(|(label, hash)| Step::AddInVain(label << 40, hash << 40 | 1)),
        2 => Just(Step::BreakTheDisk),
        8 => Just(Step::AfterACommit),
        6 => (1..100u64).prop_map(Step::Remove),
        6 => Just(Step::AfterCommits),
        1 => Just(Step::OpenAgain),
        1 => Just(Step::LoseAFile),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_invoice_is_found_by_both_of_its_keys_whatever_has_happened(
        steps in proptest::collection::vec(step(), 1..150),
    ) {
        let mut room = Room::new();
        for step in steps {
            match step {
                Step::Add(label, hash) => room.add(label, hash),
                Step::AddInVain(label, hash) => room.add_in_vain(label, hash),
                Step::Remove(invoice) => room.remove(invoice),
                Step::BreakTheDisk => room.break_the_disk(),
                Step::AfterACommit => room.filing.after_commit(&room.conn, CreatedIndex(room.last)),
                Step::AfterCommits => {
                    room.mend_the_disk();
                    room.after_commits();
                }
                Step::OpenAgain => {
                    room.mend_the_disk();
                    room.open_again();
                }
                Step::LoseAFile => {
                    room.mend_the_disk();
                    room.after_commits();
                    room.files().first().into_iter().for_each(|file| fs::remove_file(file).unwrap());
                    room.open_again();
                }
            }
            room.check();
        }
    }
}

#[test]
fn files_are_few_and_none_is_left_behind() {
    let mut room = Room::of(1_000);
    room.check();
    let runs = room.keys.runs();
    assert!(runs.len() <= 4, "{} runs", runs.len());
    assert_eq!(room.files().len(), runs.len());
    // What a crash has left goes, and what counts stays.
    fs::write(room.folder.join("00000000deadbeef"), "half").unwrap();
    room.open_again();
    assert_eq!(room.files().len(), room.keys.runs().len());
    room.check();
}

#[test]
fn what_is_deleted_takes_no_room_in_the_end() {
    let mut room = Room::of(400);
    for invoice in 1..=400 {
        room.remove(invoice);
        room.after_commits();
    }
    let entries: u64 = room.keys.runs().iter().map(|run| run.len()).sum();
    assert!(entries < 400, "{entries} of once 800 entries");
}

#[test]
fn what_could_not_be_written_and_what_came_meanwhile_are_both_found_after_a_restart() {
    let mut room = Room::new();
    room.break_the_disk();
    for number in 0..50 {
        room.add(number << 20, number << 21);
        room.filing.after_commit(&room.conn, CreatedIndex(room.last));
    }
    room.check();
    room.mend_the_disk();
    // Only what was gathered first is written now, and what it says of the rest must be true.
    let deadline = Instant::now() + Duration::from_secs(60);
    while room.files().is_empty() {
        room.filing.after_commit(&room.conn, CreatedIndex(room.last));
        assert!(Instant::now() < deadline, "a file is written");
    }
    room.open_again();
    room.check();
}

#[test]
fn a_damaged_page_is_noticed_when_it_is_read_and_the_next_start_makes_all_anew() {
    let mut room = Room::of(100);
    let file = room
        .files()
        .into_iter()
        .max_by_key(|file| fs::metadata(file).unwrap().len())
        .unwrap();
    let mut bytes = fs::read(&file).unwrap();
    bytes[50] ^= 1;
    fs::write(&file, bytes).unwrap();
    let failed = (0..100).filter(|number| {
        let looked = room
            .keys
            .find(Key::of_label_key(number << 20), |_| Ok(None::<()>));
        matches!(looked, Err(LedgerError::Keys(_)))
    });
    assert!(failed.count() > 0);
    assert!(room.keys.damage.is_told());
    room.filing.at_end(&room.conn);
    room.open_again();
    room.check();
}
