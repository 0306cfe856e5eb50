//! A process that is killed while it writes loses nothing that it answered.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "common/child.rs"]
mod child;
mod common;
#[path = "common/kill.rs"]
mod kill;

use boltill_ledger::{InvoiceState, Range};
use boltill_types::{Msat, StateKey, StateStore, UnixSeconds};
use common::{hash, invoice, open, path_in};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinSet;

/// The value that the child leaves beside each acknowledged invoice.
fn state_key(name: &str) -> StateKey {
    StateKey {
        primary_namespace: "crash".to_owned(),
        secondary_namespace: String::new(),
        key: name.to_owned(),
    }
}

/// The child: sixteen tasks that file invoices, settle every other one, and print what was answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_writes_until_it_is_killed() {
    let Some(directory) = child::directory() else {
        return;
    };
    let ledger = Arc::new(open(&path_in(&directory)));
    let mut tasks = JoinSet::new();
    for task in 0..16 {
        let ledger = Arc::clone(&ledger);
        tasks.spawn(async move {
            for number in 0.. {
                let name = format!("{}/{task}/{number}", std::process::id());
                let created = ledger.create_invoice(invoice(&name)).await.unwrap();
                kill::say(&format!("created {} {name}", created.created_index));
                ledger.write(state_key(&name), name.clone().into()).await.unwrap();
                if number % 2 == 0 {
                    let settled = ledger
                        .settle_invoice(hash(&name), Msat(1_000), UnixSeconds(1))
                        .await;
                    let InvoiceState::Paid { pay_index, .. } = settled.unwrap().into_inner().state else {
                        panic!("settled and not paid");
                    };
                    kill::say(&format!("paid {pay_index} {name}"));
                }
            }
        });
    }
    tasks.join_all().await;
}

#[tokio::test]
async fn every_answered_write_survives_kill_9_and_the_indexes_stay_dense() {
    let directory = tempfile::tempdir().unwrap();
    let (mut created, mut paid) = (BTreeMap::new(), BTreeMap::new());
    for lines in [1, 7, 200, 33, 400, 90] {
        kill::kill_after(
            lines,
            "child_writes_until_it_is_killed",
            directory.path(),
            |line| {
                let Some((index, name, list)) = parse(line, &mut created, &mut paid) else {
                    return false;
                };
                let known = list.insert(index, name);
                assert_eq!(known, None, "index {index} was given out twice");
                true
            },
        );
        check(&path_in(directory.path()), &created, &paid).await;
    }
}

type Answers = BTreeMap<u64, String>;

/// The index and the name in the child's line, and which list they belong to. The last line may be cut off.
fn parse<'a>(
    line: &str,
    created: &'a mut Answers,
    paid: &'a mut Answers,
) -> Option<(u64, String, &'a mut Answers)> {
    let (list, rest) = match line.split_once(' ')? {
        ("created", rest) => (created, rest),
        ("paid", rest) => (paid, rest),
        _ => return None,
    };
    let (index, name) = rest.split_once(' ')?;
    Some((index.parse().ok()?, name.to_owned(), list))
}

async fn check(path: &std::path::Path, created: &Answers, paid: &Answers) {
    let ledger = open(path);
    let invoices = ledger.list_invoices(Range::ALL).collect().await.unwrap();
    let mut pay_indexes = Vec::new();
    for (position, invoice) in invoices.iter().enumerate() {
        assert_eq!(
            invoice.created_index.0,
            position as u64 + 1,
            "the created indexes are dense"
        );
        if let InvoiceState::Paid { pay_index, .. } = invoice.state {
            pay_indexes.push(pay_index.0);
            if let Some(name) = paid.get(&pay_index.0) {
                assert_eq!(invoice.label.as_str(), name);
            }
        }
    }
    for (index, name) in created {
        assert_eq!(invoices[*index as usize - 1].label.as_str(), name);
    }
    pay_indexes.sort_unstable();
    assert!(
        pay_indexes.iter().copied().eq(1..=pay_indexes.len() as u64),
        "the pay indexes are dense"
    );
    assert!(paid.keys().all(|index| pay_indexes.contains(index)));
    for name in paid.values() {
        assert_eq!(
            ledger.read(&state_key(name)).unwrap().as_deref(),
            Some(name.as_bytes())
        );
    }
}
