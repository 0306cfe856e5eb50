//! Many writers share a commit, and do not harm each other.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use boltill_ledger::{CreateInvoiceError, IndexKind, NewInvoice, Range, Subsystem};
use boltill_types::{CreatedIndex, StateKey, StateStore};
use common::{TestLedger, invoice, label};
use std::sync::Arc;
use tokio::task::JoinSet;

#[tokio::test]
async fn many_writes_share_a_commit() {
    let ledger = TestLedger::new();
    let creations: Vec<_> = (0..500)
        .map(|number| ledger.create_invoice(invoice(&number.to_string())))
        .collect();
    for (number, creation) in creations.into_iter().enumerate() {
        let created = creation.await.unwrap();
        assert_eq!(
            created.created_index,
            CreatedIndex(number as u64 + 1),
            "the order is that of the calls"
        );
    }
    let metrics = ledger.metrics();
    assert_eq!(metrics.writes, 500);
    assert!(
        metrics.commits < 250,
        "{} commits for 500 writes",
        metrics.commits
    );
}

#[tokio::test]
async fn a_lonely_write_is_a_commit_of_its_own() {
    let ledger = TestLedger::new();
    for number in 0..10 {
        ledger.create_invoice(invoice(&number.to_string())).await.unwrap();
    }
    assert_eq!(ledger.metrics().commits, 10);
}

#[tokio::test]
async fn a_refused_write_leaves_its_neighbours_and_the_indexes_alone() {
    let mut ledger = TestLedger::new();
    let names: Vec<String> = (0..300).map(|number| (number / 3).to_string()).collect();
    let creations: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(number, name)| {
            // Every third one is new, the next has its hash, and the one after it has its label.
            let hash_of = if number % 3 == 2 {
                format!("other {name}")
            } else {
                name.clone()
            };
            ledger.create_invoice(NewInvoice {
                label: label(name),
                ..invoice(&hash_of)
            })
        })
        .collect();
    for (number, creation) in creations.into_iter().enumerate() {
        match (number % 3, creation.await) {
            (0, Ok(created)) => assert_eq!(created.created_index.0, number as u64 / 3 + 1),
            (1, Err(CreateInvoiceError::PreimageUsed(_)))
            | (2, Err(CreateInvoiceError::DuplicateLabel(_))) => {}
            (_, other) => panic!("write {number} was answered {other:?}"),
        }
    }
    assert!(ledger.metrics().commits < 300);
    ledger.reopen();
    let filed = ledger.list_invoices(Range::ALL).collect().await.unwrap();
    assert_eq!(filed.len(), 100);
    assert_eq!(filed.last().unwrap().created_index, CreatedIndex(100));
}

#[tokio::test]
async fn a_write_happens_when_its_future_is_dropped() {
    let mut ledger = TestLedger::new();
    drop(ledger.create_invoice(invoice("a")));
    ledger.reopen();
    assert!(ledger.invoice_by_label(&label("a")).await.unwrap().is_some());
}

#[tokio::test]
async fn lightnings_state_shares_commits_with_invoices() {
    let ledger = TestLedger::new();
    let key = StateKey {
        primary_namespace: String::new(),
        secondary_namespace: String::new(),
        key: "manager".to_owned(),
    };
    let mut last = ledger.write(key.clone(), vec![0]);
    for number in 0..200 {
        drop(ledger.create_invoice(invoice(&number.to_string())));
        last = ledger.write(key.clone(), vec![number]);
    }
    last.await.unwrap();
    assert!(ledger.metrics().commits < 200);
    assert_eq!(ledger.read(&key).unwrap(), Some(vec![199]));
    assert_eq!(ledger.current_index(Subsystem::Invoices, IndexKind::Created), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_tasks_get_dense_indexes_and_read_their_own_writes() {
    let ledger = Arc::new(TestLedger::new());
    let mut changes = ledger.subscribe();
    let mut tasks = JoinSet::new();
    for task in 0..64 {
        let ledger = Arc::clone(&ledger);
        tasks.spawn(async move {
            for number in 0..20 {
                let created = ledger
                    .create_invoice(invoice(&format!("{task}/{number}")))
                    .await
                    .unwrap();
                let found = ledger.invoice_by_label(&created.label).await.unwrap();
                assert_eq!(found, Some(created));
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    let filed = ledger.list_invoices(Range::ALL).collect().await.unwrap();
    for (position, invoice) in filed.iter().enumerate() {
        assert_eq!(invoice.created_index, CreatedIndex(position as u64 + 1));
        assert_eq!(changes.recv().await.unwrap().index, position as u64 + 1);
    }
    assert_eq!(filed.len(), 64 * 20);
}
