//! What is remembered of payments that were forwarded.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use boltill_e2e::channels::{channels_of, is_gone};
use boltill_e2e::{NetworkError, Node, SOON, invoice, line_of, pay, wait_for};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const AMOUNT_MSAT: u64 = 25_000_000;
/// One msat and ten millionths of the amount, as every node asks that is told nothing else.
const FEE_MSAT: u64 = 1 + AMOUNT_MSAT / 100_000;

async fn forwards_of(node: &Node, params: Value) -> Result<Vec<Value>, NetworkError> {
    let answer = node.call("listforwards", params).await?;
    Ok(answer["forwards"].as_array().unwrap().clone())
}

/// Waits until so many forwards have this status, and gives them.
async fn forwards_that_are(node: &Node, status: &str, count: usize) -> Result<Vec<Value>, NetworkError> {
    let what = format!("{count} forwards are {status}");
    wait_for(&what, SOON, || async {
        let found = forwards_of(node, json!({"status": status})).await?;
        Ok((found.len() == count).then_some(found))
    })
    .await
}

/// The short channel id of a node's channel with another.
async fn channel_between(node: &Node, peer: &Node) -> Result<Value, NetworkError> {
    let channels = channels_of(node).await?;
    let found = channels.iter().find(|channel| channel["peer_id"] == peer.id());
    Ok(found.unwrap()["short_channel_id"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn forwards_are_listed_with_what_they_earned_and_what_became_of_them() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, bob, carol) = (
        network.node("alice")?,
        network.node("bob")?,
        network.node("carol")?,
    );
    for number in 0..3 {
        pay(alice, carol, AMOUNT_MSAT, &format!("coffee-{number}")).await?;
    }
    let from = channel_between(bob, alice).await?;
    let to = channel_between(bob, carol).await?;
    let settled = forwards_that_are(bob, "settled", 3).await?;
    for (forward, index) in settled.iter().zip(1..) {
        assert_eq!(forward["created_index"], index, "{forward}");
        assert_eq!((&forward["in_channel"], &forward["out_channel"]), (&from, &to));
        assert_eq!(forward["in_msat"], AMOUNT_MSAT + FEE_MSAT);
        assert_eq!(forward["out_msat"], AMOUNT_MSAT);
        assert_eq!(forward["fee_msat"], FEE_MSAT);
        assert!(forward["resolved_time"].as_u64() >= forward["received_time"].as_u64());
    }
    let htlc_ids: BTreeSet<_> = settled
        .iter()
        .map(|forward| forward["in_htlc_id"].as_u64())
        .collect();
    assert_eq!(htlc_ids.len(), 3);
    let info = bob.call("getinfo", json!({})).await?;
    assert_eq!(info["fees_collected_msat"], 3 * FEE_MSAT);
    assert_eq!(
        forwards_of(bob, json!({"in_channel": from, "index": "created", "limit": 2}))
            .await?
            .len(),
        2
    );
    assert_eq!(forwards_of(bob, json!({"out_channel": from})).await?.len(), 0);

    let forgotten = invoice(carol, AMOUNT_MSAT, "forgotten").await?;
    carol
        .call("delinvoice", json!({"label": "forgotten", "status": "unpaid"}))
        .await?;
    assert!(alice.call("pay", json!({"bolt11": forgotten})).await.is_err());
    let failed = forwards_that_are(bob, "failed", 1).await?.remove(0);
    assert_eq!(failed["in_msat"], AMOUNT_MSAT + FEE_MSAT, "{failed}");
    assert_eq!(failed["out_channel"], to);
    assert!(failed["resolved_time"].is_u64());

    let late = invoice(carol, AMOUNT_MSAT + 1_000, "late").await?;
    carol.stop().await;
    is_gone(bob, carol).await?;
    assert!(
        alice
            .call("pay", json!({"bolt11": late, "retry_for": 5}))
            .await
            .is_err()
    );
    let refused = wait_for("a forward is refused", SOON, || async {
        Ok(forwards_of(bob, json!({"status": "local_failed"})).await?.pop())
    })
    .await?;
    assert_eq!((&refused["in_channel"], &refused["out_channel"]), (&from, &to));
    assert!(
        refused["in_msat"].as_u64() > Some(AMOUNT_MSAT + 1_000),
        "{refused}"
    );
    assert_eq!(refused["failreason"], "WIRE_TEMPORARY_CHANNEL_FAILURE");
    assert!(refused.get("out_msat").is_none() && refused.get("resolved_time").is_none());

    let before = forwards_of(bob, json!({})).await?;
    bob.kill().await;
    bob.restart().await?;
    assert_eq!(
        forwards_of(bob, json!({})).await?,
        before,
        "a crash changes nothing"
    );
    let info = bob.call("getinfo", json!({})).await?;
    assert_eq!(info["fees_collected_msat"], 3 * FEE_MSAT);
    let last = before.len() as u64;
    let waited = bob
        .call(
            "wait",
            json!({"subsystem": "forwards", "indexname": "created", "nextvalue": 1}),
        )
        .await?;
    assert_eq!(waited, json!({"subsystem": "forwards", "created": last}));
    network.stop().await;
    Ok(())
}
