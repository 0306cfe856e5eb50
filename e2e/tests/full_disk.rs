//! A node whose disk takes no more: it ends at once and says why, and with room again everything is there.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use boltill_e2e::htlcs::all_settled;
use boltill_e2e::{Books, NetworkError, Node, SOON, invoice, line_of, wait_for};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const AMOUNT_MSAT: u64 = 1_000_000;
/// More than the channels' state needs for a few payments, and much less than for this many.
const PAYMENTS: u32 = 200;
const ROOM: u64 = 256 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_payee_whose_disk_is_full_ends_and_has_everything_when_there_is_room_again()
-> Result<(), NetworkError> {
    fill_the_disk_of("bob").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_whose_disk_is_full_ends_and_has_everything_when_there_is_room_again()
-> Result<(), NetworkError> {
    fill_the_disk_of("alice").await
}

async fn fill_the_disk_of(victim: &str) -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;
    let mut invoices = Vec::new();
    for number in 0..PAYMENTS {
        invoices.push(invoice(bob, AMOUNT_MSAT, &format!("invoice {number}")).await?);
    }
    let victim = network.node(victim)?;
    leave_room_for(victim, ROOM).await;
    let payer = alice.client().clone();
    let fallen = Arc::new(AtomicBool::new(false));
    let fallen_too = Arc::clone(&fallen);
    let paying = tokio::spawn(async move {
        for bolt11 in invoices {
            // Until the disk is full; what became of the last is looked at afterwards.
            if fallen_too.load(Ordering::SeqCst)
                || payer.call("pay", json!({"bolt11": bolt11})).await.is_err()
            {
                return;
            }
        }
    });
    let ended = victim.ended().await;
    fallen.store(true, Ordering::SeqCst);
    let status = ended.expect("it ran");
    assert_eq!(status.code(), Some(1), "{status}");
    let log = std::fs::read_to_string(victim.log()).expect("a log");
    let last = log.lines().last().expect("something was said");
    assert_eq!(last, "boltilld: the ledger's database failed: disk I/O error");

    victim.restart().await?;
    paying.await.expect("it does not panic");
    all_settled(&network).await?;
    let sent = sent(alice).await?;
    // The payer has the preimage while the payee still writes.
    let received = wait_for("bob has on file what alice has paid", SOON, || async {
        Ok(Some(received(bob).await?).filter(|received| received.len() >= sent.len()))
    })
    .await?;
    assert_eq!(sent, received, "payer and payee count the same payments");
    assert!(
        !sent.is_empty() && sent.len() < PAYMENTS as usize,
        "{}",
        sent.len()
    );
    let paid: u64 = sent.values().sum();
    let after = books.balance(&network).await?;
    assert_eq!(after.of(bob), before.of(bob) + paid);
    assert_eq!(after.of(alice), before.of(alice) - paid);
    assert_eq!(after.fees_sat, 0, "no channel was closed");
    network.stop().await;
    Ok(())
}

/// From now on no file of the node may grow beyond its ledger by more than this.
async fn leave_room_for(node: &Node, room: u64) {
    let ledger = node.directory().join("regtest").join("ledger.sqlite3");
    let sizes = [ledger.clone(), ledger.with_extension("sqlite3-wal")];
    let sizes = sizes.map(|file| std::fs::metadata(file).map_or(0, |file| file.len()));
    let limit = sizes.into_iter().max().unwrap_or_default() + room;
    let pid = node.pid().await.and_then(|pid| i32::try_from(pid).ok());
    let limits = Rlimit {
        current: Some(limit),
        maximum: Some(limit),
    };
    prlimit(pid.and_then(Pid::from_raw), Resource::Fsize, limits).expect("the node is ours to limit");
}

/// What was paid, by hash.
async fn sent(payer: &Node) -> Result<BTreeMap<String, u64>, NetworkError> {
    let payments = payer.call("listsendpays", json!({"status": "complete"})).await?;
    Ok(amounts(&payments["payments"], "amount_msat"))
}

/// What was received, by hash.
async fn received(payee: &Node) -> Result<BTreeMap<String, u64>, NetworkError> {
    let invoices = payee.call("listinvoices", json!({})).await?;
    let mut invoices = invoices["invoices"].clone();
    let list = invoices.as_array_mut().expect("a list");
    assert_eq!(list.len(), PAYMENTS as usize, "every invoice is on file");
    list.retain(|invoice| invoice["status"] == "paid");
    Ok(amounts(&invoices, "amount_received_msat"))
}

fn amounts(list: &Value, amount: &str) -> BTreeMap<String, u64> {
    let entries = list.as_array().expect("a list").iter();
    let entries = entries.map(|entry| {
        let hash = entry["payment_hash"].as_str().expect("a hash").to_owned();
        (hash, entry[amount].as_u64().expect("an amount"))
    });
    entries.collect()
}
