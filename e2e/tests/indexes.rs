//! The counters that clients follow are dense, ordered, and tell every waiter, with 64 clients at once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use boltill_e2e::{Network, line_of};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const CLIENTS: u64 = 64;
const EACH: u64 = 10;
const PAID: u64 = 24;
const PATIENCE: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn indexes_are_dense_and_every_waiter_is_woken_with_64_clients_at_once() {
    let network = Arc::new(line_of(2).await);
    let bob = network.node("bob").unwrap().client().clone();

    // Each creation is waited for by somebody who began to wait before it.
    let total = CLIENTS * EACH;
    let waiters: Vec<_> = [1, 7, total / 2, total - 1, total]
        .map(|index| {
            let bob = bob.clone();
            tokio::spawn(async move {
                let wait = json!({"subsystem": "invoices", "indexname": "created", "nextvalue": index});
                bob.call("wait", wait).await.unwrap()
            })
        })
        .into_iter()
        .collect();
    let creators: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let bob = bob.clone();
            tokio::spawn(async move {
                let mut connection = bob.connect().await.unwrap();
                let mut made = Vec::new();
                for number in 0..EACH {
                    let label = format!("{client}-{number}");
                    let params = json!({"amount_msat": 1000 + client, "label": label, "description": "d"});
                    made.push(connection.call("invoice", params).await.unwrap());
                }
                made
            })
        })
        .collect();
    let mut made = Vec::new();
    for creator in creators {
        made.extend(creator.await.unwrap());
    }
    let mut created: Vec<_> = made
        .iter()
        .map(|answer| answer["created_index"].as_u64().unwrap())
        .collect();
    created.sort_unstable();
    assert_eq!(created, (1..=total).collect::<Vec<_>>());
    for (waiter, index) in waiters.into_iter().zip([1, 7, total / 2, total - 1, total]) {
        let woken = tokio::time::timeout(PATIENCE, waiter).await.unwrap().unwrap();
        assert!(woken["created"].as_u64().unwrap() >= index, "{woken}");
        assert_eq!(woken["subsystem"], "invoices");
    }

    pages_follow_the_index(&bob, total).await;
    payments_are_seen_in_order(&network, &made).await;
    changes_move_the_updated_index(&bob).await;
}

/// Paging by created index gives everything once, in order.
async fn pages_follow_the_index(bob: &boltill::Client, total: u64) {
    let mut seen = Vec::new();
    loop {
        let start = seen.last().map_or(1, |last| last + 1);
        let page = json!({"index": "created", "start": start, "limit": 100});
        let page = bob.call("listinvoices", page).await.unwrap();
        let page = page["invoices"].as_array().unwrap().clone();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 100);
        seen.extend(page.iter().map(|entry| entry["created_index"].as_u64().unwrap()));
    }
    assert_eq!(seen, (1..=total).collect::<Vec<_>>());
}

/// A client that follows waitanyinvoice sees each payment once, with consecutive indexes, and so do 63 others.
async fn payments_are_seen_in_order(network: &Arc<Network>, made: &[Value]) {
    let bob = network.node("bob").unwrap().client().clone();
    let followers: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let bob = bob.clone();
            tokio::spawn(async move {
                let mut labels = Vec::new();
                for last in 0..PAID {
                    let paid = bob
                        .call("waitanyinvoice", json!({"lastpay_index": last}))
                        .await
                        .unwrap();
                    assert_eq!(paid["pay_index"], last + 1);
                    labels.push(paid["label"].clone());
                }
                labels
            })
        })
        .collect();
    let payers: Vec<_> = made
        .iter()
        .take(PAID as usize)
        .map(|invoice| {
            let alice = network.node("alice").unwrap().client().clone();
            let bolt11 = invoice["bolt11"].clone();
            tokio::spawn(async move { alice.call("pay", json!({ "bolt11": bolt11 })).await.unwrap() })
        })
        .collect();
    for payer in payers {
        assert_eq!(payer.await.unwrap()["status"], "complete");
    }
    let mut stories = Vec::new();
    for follower in followers {
        stories.push(tokio::time::timeout(PATIENCE, follower).await.unwrap().unwrap());
    }
    assert!(
        stories.windows(2).all(|pair| pair[0] == pair[1]),
        "all saw the same order"
    );
}

/// Deleting and paying move their counters, and `wait` tells both.
async fn changes_move_the_updated_index(bob: &boltill::Client) {
    let wait =
        |name: &str, value: u64| json!({"subsystem": "invoices", "indexname": name, "nextvalue": value});
    let updated = bob.call("wait", wait("updated", 0)).await.unwrap();
    assert_eq!(
        updated["updated"].as_u64().unwrap(),
        PAID,
        "each payment is one change"
    );
    let deleted = {
        let bob = bob.clone();
        tokio::spawn(async move { bob.call("wait", wait("deleted", 1)).await.unwrap() })
    };
    bob.call("delinvoice", json!({"label": "63-9", "status": "unpaid"}))
        .await
        .unwrap();
    let deleted = tokio::time::timeout(PATIENCE, deleted).await.unwrap().unwrap();
    assert_eq!(deleted["deleted"], 1);
    let again = json!({"amount_msat": 1, "label": "63-9", "description": "again"});
    let again = bob.call("invoice", again).await.unwrap();
    assert_eq!(
        again["created_index"],
        CLIENTS * EACH + 1,
        "an index is never used again"
    );
}
