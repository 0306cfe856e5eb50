//! What is opened, and what is refused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use bitcoin::Network;
use boltill_ledger::{Ledger, OpenError};
use common::{TestLedger, invoice, open, path_in};
use rusqlite::Connection;

#[test]
fn a_new_ledger_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let ledger = TestLedger::new();
    for suffix in ["", "-wal", "-shm"] {
        let mut path = ledger.path().into_os_string();
        path.push(suffix);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path:?}");
    }
}

#[tokio::test]
async fn closing_leaves_one_file_that_holds_everything_and_an_index_that_can_be_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = path_in(directory.path());
    let ledger = open(&path);
    drop(ledger.create_invoice(invoice("a")));
    ledger.close();
    let mut files: Vec<_> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    files.sort();
    assert_eq!(files, ["ledger.sqlite3", "ledger.sqlite3-keys"]);
    let moved = directory.path().join("moved.sqlite3");
    std::fs::rename(&path, &moved).unwrap();
    let invoice = open(&moved).invoice_by_label(&common::label("a")).await.unwrap();
    assert!(invoice.is_some());
}

#[test]
fn the_ledger_of_another_network_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = path_in(directory.path());
    drop(open(&path));
    let refused = Ledger::open(&path, Network::Bitcoin).err().unwrap();
    assert!(matches!(
        &refused,
        OpenError::WrongNetwork { found, wanted, .. } if found == "regtest" && wanted == "bitcoin"
    ));
    drop(open(&path));
}

#[test]
fn the_ledger_of_a_newer_release_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = path_in(directory.path());
    drop(open(&path));
    Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let refused = Ledger::open(&path, Network::Regtest).err().unwrap();
    assert!(matches!(refused, OpenError::Newer { found: 99, .. }));
    let version: i32 = Connection::open(&path)
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 99);
}

#[test]
fn what_is_no_ledger_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("notes.txt");
    std::fs::write(
        &text,
        "not a database, but longer than the header of one: ".repeat(20),
    )
    .unwrap();
    let before = std::fs::read(&text).unwrap();
    assert!(matches!(
        Ledger::open(&text, Network::Regtest),
        Err(OpenError::NotALedger(_))
    ));
    assert_eq!(std::fs::read(&text).unwrap(), before);

    let database = directory.path().join("other.sqlite3");
    Connection::open(&database)
        .unwrap()
        .execute_batch("CREATE TABLE recipes (name TEXT)")
        .unwrap();
    assert!(matches!(
        Ledger::open(&database, Network::Regtest),
        Err(OpenError::NotALedger(_))
    ));
}

#[test]
fn a_directory_that_does_not_exist_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing").join("ledger.sqlite3");
    let refused = Ledger::open(&path, Network::Regtest).err().unwrap();
    assert!(refused.to_string().contains(path.to_str().unwrap()), "{refused}");
}
