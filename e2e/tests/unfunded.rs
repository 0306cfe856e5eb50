//! Channels whose opener has lost them before they were funded.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use boltill_e2e::chain::{caught_up, mempool_of, mine_until, mine_until_quiet};
use boltill_e2e::channels::channels_of;
use boltill_e2e::coins::coins_of;
use boltill_e2e::old_state::OldState;
use boltill_e2e::{NetworkError, Node, SOON, unconnected, wait_for};
use serde_json::{Value, json};

const GIVEN_MSAT: u64 = 100_000_000;

/// Waits until a node lists its channels like this, worth so much to it.
async fn lists(node: &Node, state: &str, to_us_msat: &[u64]) -> Result<(), NetworkError> {
    let what = format!("{} lists {to_us_msat:?} as {state}", node.name());
    wait_for(&what, SOON, || async {
        let channels = channels_of(node).await?;
        let mut there: Vec<u64> = channels
            .iter()
            .filter(|channel| channel["state"] == state)
            .filter_map(|channel| channel["to_us_msat"].as_u64())
            .collect();
        there.sort_unstable();
        Ok((there == to_us_msat && channels.len() == there.len()).then_some(()))
    })
    .await
}

async fn value_of(node: &Node) -> Result<u64, NetworkError> {
    let coins = coins_of(node).await?;
    Ok(coins.iter().filter_map(|coin| coin["amount_msat"].as_u64()).sum())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_its_opener_lost_is_forgotten_and_still_settled_if_it_is_funded_after_all()
-> Result<(), NetworkError> {
    let network = unconnected(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let bobs_coins_msat = value_of(bob).await?;
    let bob_at = json!({"id": format!("{}@{}", bob.id(), bob.p2p())});
    alice.stop().await;
    let old = OldState::of(alice);
    alice.restart().await?;
    alice.call("connect", &bob_at).await?;
    for given_msat in [0, GIVEN_MSAT] {
        let params = json!({"id": bob.id(), "amount": 500_000, "push_msat": given_msat, "minconf": 0});
        alice.call("fundchannel", params).await?;
    }
    lists(bob, "CHANNELD_AWAITING_LOCKIN", &[0, GIVEN_MSAT]).await?;
    mempool_of(&network, 2).await?;
    let fundings: Vec<Value> = channels_of(bob)
        .await?
        .into_iter()
        .map(|channel| json!([channel["funding_txid"], channel["funding_outnum"], true]))
        .collect();
    alice.kill().await;
    old.put_back();
    alice.restart().await?;
    alice.call("connect", &bob_at).await?;

    // The one in which bob has something is waited for.
    lists(bob, "AWAITING_UNILATERAL", &[0, GIVEN_MSAT]).await?;
    for _ in 0..7 {
        network.miner().mine_empty(1).await?;
        caught_up(&network, bob).await?;
    }
    lists(bob, "AWAITING_UNILATERAL", &[GIVEN_MSAT]).await?;
    bob.restart().await?;
    lists(bob, "AWAITING_UNILATERAL", &[GIVEN_MSAT]).await?;

    // Alice cannot send commitments that she does not know of, so it is bob who does.
    network.mine(1).await?;
    for funding in &fundings {
        mine_until(&network, "the channel is closed on chain", || async {
            let unspent = network.miner().call("gettxout", funding.clone()).await?;
            Ok(unspent.is_null().then_some(()))
        })
        .await?;
    }
    mine_until_quiet(&network).await?;
    let closed = bob.call("listclosedchannels", json!({})).await?;
    let closed: &Vec<Value> = closed["closedchannels"].as_array().unwrap();
    assert_eq!(closed.len(), 1, "{closed:?}");
    assert_eq!(closed[0]["final_to_us_msat"], GIVEN_MSAT);
    wait_for("bob has what was given to him", SOON, || async {
        Ok((value_of(bob).await? > bobs_coins_msat).then_some(()))
    })
    .await?;
    network.stop().await;
    Ok(())
}
