//! What every engine of the ledger owes LDK's state.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use boltill_types::{StateChange, StateKey, StateStore, StoreError};
use common::TestLedger;

fn key(primary: &str, secondary: &str, key: &str) -> StateKey {
    StateKey {
        primary_namespace: primary.to_owned(),
        secondary_namespace: secondary.to_owned(),
        key: key.to_owned(),
    }
}

#[tokio::test]
async fn a_value_is_read_back_replaced_and_removed() {
    let mut ledger = TestLedger::new();
    let manager = key("", "", "manager");
    assert_eq!(ledger.read(&manager).unwrap(), None);
    ledger.write(manager.clone(), vec![1; 100_000]).await.unwrap();
    assert_eq!(ledger.read(&manager).unwrap(), Some(vec![1; 100_000]));
    ledger.write(manager.clone(), Vec::new()).await.unwrap();
    ledger.reopen();
    assert_eq!(ledger.read(&manager).unwrap(), Some(Vec::new()));
    ledger.remove(manager.clone()).await.unwrap();
    assert_eq!(ledger.read(&manager).unwrap(), None);
    ledger
        .remove(manager)
        .await
        .expect("removing nothing is no error");
}

/// A value that would be cut, with a mark at the beginning, in the middle and at the end.
fn large(mark: u8) -> Vec<u8> {
    let mut value: Vec<u8> = (0..100_000u32)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    for at in [0, value.len() / 2, value.len()] {
        value.insert(at, mark);
    }
    value
}

#[tokio::test]
async fn an_edited_value_is_read_back_replaced_and_removed() {
    let mut ledger = TestLedger::new();
    let manager = key("", "", "manager");
    let edit = |value: Vec<u8>| vec![StateChange::Edit(manager.clone(), value)];
    for value in [large(1), large(2), vec![3], Vec::new(), large(4)] {
        ledger.write_all(edit(value.clone())).await.unwrap();
        assert_eq!(ledger.read(&manager).unwrap().as_ref(), Some(&value));
        ledger.reopen();
        assert_eq!(ledger.read(&manager).unwrap(), Some(value));
    }
    ledger.write(manager.clone(), large(5)).await.unwrap();
    assert_eq!(ledger.read(&manager).unwrap(), Some(large(5)));
    ledger.write_all(edit(large(6))).await.unwrap();
    ledger.write_all(edit(large(7))).await.unwrap();
    assert_eq!(ledger.list("", "").unwrap(), ["manager"]);
    ledger.remove(manager.clone()).await.unwrap();
    assert_eq!(ledger.read(&manager).unwrap(), None);
}

#[test]
fn the_blocking_form_works_without_a_runtime() {
    let ledger = TestLedger::new();
    ledger.write_blocking(key("a", "", "k"), vec![1]).unwrap();
    assert_eq!(ledger.read(&key("a", "", "k")).unwrap(), Some(vec![1]));
}

#[tokio::test]
async fn changes_made_together_are_all_there_and_in_their_order() {
    let mut ledger = TestLedger::new();
    let commits = ledger.metrics().commits;
    let changes = vec![
        StateChange::Write(key("monitors", "", "x"), vec![1]),
        StateChange::Write(key("", "", "manager"), vec![2]),
        StateChange::Write(key("monitors", "", "x"), vec![3]),
        StateChange::Remove(key("", "", "absent")),
        StateChange::Write(key("updates", "x", "7"), vec![4]),
        StateChange::Remove(key("updates", "x", "7")),
    ];
    ledger.write_all(changes).await.unwrap();
    assert_eq!(ledger.metrics().commits, commits + 1, "one transaction");
    ledger.reopen();
    assert_eq!(ledger.read(&key("monitors", "", "x")).unwrap(), Some(vec![3]));
    assert_eq!(ledger.read(&key("", "", "manager")).unwrap(), Some(vec![2]));
    assert_eq!(ledger.read(&key("updates", "x", "7")).unwrap(), None);
}

#[tokio::test]
async fn groups_are_kept_apart() {
    let ledger = TestLedger::new();
    for (primary, secondary, name) in [
        ("monitors", "", "x"),
        ("monitors", "", "y"),
        ("monitors", "x", "z"),
        ("", "", "x"),
    ] {
        ledger
            .write(key(primary, secondary, name), name.into())
            .await
            .unwrap();
    }
    let list = |primary, secondary| {
        let mut keys = ledger.list(primary, secondary).unwrap();
        keys.sort();
        keys
    };
    assert_eq!(list("monitors", ""), ["x", "y"]);
    assert_eq!(list("monitors", "x"), ["z"]);
    assert_eq!(list("", ""), ["x"]);
    assert_eq!(list("updates", ""), [""; 0]);
}

#[tokio::test]
async fn the_later_call_wins_even_when_no_future_is_awaited() {
    let mut ledger = TestLedger::new();
    let manager = key("", "", "manager");
    for version in 0..100 {
        drop(ledger.write(manager.clone(), vec![version]));
    }
    ledger.reopen();
    assert_eq!(ledger.read(&manager).unwrap(), Some(vec![99]));
}

#[tokio::test]
async fn a_closed_ledger_says_so() {
    let ledger = TestLedger::new();
    ledger.close();
    assert!(matches!(ledger.read(&key("", "", "k")), Err(StoreError::Closed)));
    assert!(matches!(
        ledger.write(key("", "", "k"), vec![1]).await,
        Err(StoreError::Closed)
    ));
    assert!(matches!(
        ledger.write_blocking(key("", "", "k"), vec![1]),
        Err(StoreError::Closed)
    ));
    ledger.close();
}
