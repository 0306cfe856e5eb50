//! A payee, behind a node that forwards to it, is killed at any moment, and loses nothing and counts nothing twice.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use boltill::CallError;
use boltill_e2e::{Network, Node, line_of};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const PAYMENTS: u64 = 50;
const WORKERS: u64 = 1;
const AMOUNT_MSAT: u64 = 1_234_567;
const PATIENCE: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payee_killed_at_random_moments_is_paid_exactly_once_for_each_invoice() {
    let network = Arc::new(line_of(3).await);
    let balance_before = channel_balance(network.node("carol").unwrap()).await;
    let done = AtomicBool::new(false);
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let network = Arc::clone(&network);
            tokio::spawn(async move {
                let mut answered = Vec::new();
                for number in (worker..PAYMENTS).step_by(WORKERS as usize) {
                    let label = format!("crash-{number}");
                    let invoice = invoice_until_answered(&network, &label).await;
                    pay_until_paid(&network, &invoice).await;
                    answered.push((label, invoice));
                }
                answered
            })
        })
        .collect();
    let collect = async {
        let mut answered = Vec::new();
        for worker in workers {
            answered.extend(worker.await.unwrap());
        }
        done.store(true, Ordering::SeqCst);
        answered
    };
    let (answered, kills) = tokio::join!(collect, kill_at_random(network.node("carol").unwrap(), &done));
    assert!(
        kills >= 3,
        "the payee was killed only {kills} times, so this proves little"
    );

    let (alice, carol) = (network.node("alice").unwrap(), network.node("carol").unwrap());
    let invoices = until_all_are_paid(carol).await;
    for (label, bolt11) in &answered {
        let invoice = &invoices[label];
        assert_eq!(
            &invoice["bolt11"], bolt11,
            "{label} is on file as it was answered"
        );
        assert_eq!(invoice["amount_received_msat"], AMOUNT_MSAT);
    }
    let mut pay_indexes: Vec<_> = invoices
        .values()
        .map(|entry| entry["pay_index"].as_u64().unwrap())
        .collect();
    pay_indexes.sort_unstable();
    assert_eq!(
        pay_indexes,
        (1..=PAYMENTS).collect::<Vec<_>>(),
        "each is paid once, and none is skipped"
    );

    let paid_by_alice = complete_hashes(&alice.call("listpays", json!({})).await.unwrap());
    let paid_to_carol = invoices
        .values()
        .map(|entry| (entry["payment_hash"].to_string(), 1))
        .collect();
    assert_eq!(
        paid_by_alice, paid_to_carol,
        "payer and payee count the same payments"
    );
    let gained = channel_balance(carol).await - balance_before;
    assert_eq!(gained, PAYMENTS * AMOUNT_MSAT, "no money moved twice");
}

/// Kills and restarts carol until told to stop; says how often.
async fn kill_at_random(carol: &Node, done: &AtomicBool) -> u32 {
    let mut kills = 0;
    while !done.load(Ordering::SeqCst) {
        // The moment is random by intent; everything else in this test waits for conditions.
        let pause = 20 + u64::from(rand::random::<u16>()) % 500;
        tokio::time::sleep(Duration::from_millis(pause)).await;
        carol.kill().await;
        kills += 1;
        carol.restart().await.unwrap();
    }
    kills
}

/// Asks for an invoice until there is an answer. An answer that got lost shows as a duplicate label.
async fn invoice_until_answered(network: &Network, label: &str) -> Value {
    let carol = network.node("carol").unwrap().client();
    let params = json!({"amount_msat": AMOUNT_MSAT, "label": label, "description": "crash test"});
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match carol.call("invoice", &params).await {
            Ok(answer) => return answer["bolt11"].clone(),
            Err(CallError::Rpc(error)) if error.code == 900 => {
                if let Ok(found) = carol.call("listinvoices", json!({"label": label})).await {
                    return found["invoices"][0]["bolt11"].clone();
                }
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    panic!("no invoice {label} within {PATIENCE:?}");
}

/// Pays until it is paid: with carol down there may be no route, or the parts wait for him.
async fn pay_until_paid(network: &Network, bolt11: &Value) {
    let alice = network.node("alice").unwrap().client();
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match alice
            .call("pay", json!({"bolt11": bolt11, "retry_for": 10}))
            .await
        {
            Ok(paid) => {
                assert_eq!(paid["status"], "complete");
                return;
            }
            Err(CallError::Rpc(_)) => tokio::time::sleep(Duration::from_millis(200)).await,
            Err(error) => panic!("alice, who is never killed, does not answer: {error}"),
        }
    }
    panic!("not paid within {PATIENCE:?}");
}

/// The payee learns last that it was paid: its claim may still be on the way when the payer is done.
async fn until_all_are_paid(carol: &Node) -> BTreeMap<String, Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let listed = carol.call("listinvoices", json!({})).await.unwrap();
        let invoices: BTreeMap<String, Value> = listed["invoices"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| (entry["label"].as_str().unwrap().to_owned(), entry.clone()))
            .collect();
        assert_eq!(
            invoices.len() as u64,
            PAYMENTS,
            "every invoice that was answered is on file, once"
        );
        if invoices.values().all(|entry| entry["status"] == "paid") {
            return invoices;
        }
        assert!(Instant::now() < deadline, "not all paid: {invoices:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// How often each payment hash was paid, by the payer's own books.
fn complete_hashes(listpays: &Value) -> BTreeMap<String, u32> {
    let mut hashes = BTreeMap::new();
    for pay in listpays["pays"].as_array().unwrap() {
        if pay["status"] == "complete" {
            *hashes.entry(pay["payment_hash"].to_string()).or_default() += 1;
        }
    }
    hashes
}

async fn channel_balance(node: &Node) -> u64 {
    let channels = node.call("listpeerchannels", json!({})).await.unwrap();
    let channels = channels["channels"].as_array().unwrap();
    channels
        .iter()
        .map(|channel| channel["to_us_msat"].as_u64().unwrap())
        .sum()
}
