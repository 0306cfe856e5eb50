//! A closed channel is seen until its money is in the wallet, and remembered afterwards.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use boltill_e2e::chain::{caught_up, mempool_of, mine_until};
use boltill_e2e::channels::{channels_of, decide_to_close_alone};
use boltill_e2e::htlcs::all_settled;
use boltill_e2e::{Network, NetworkError, Node, SOON, line_of, pay, wait_for};
use serde_json::{Value, json};

/// What either end has in the beginning.
const HALF_MSAT: u64 = 5_000_000_000;
const PAID_MSAT: u64 = 1_000_000_000;

async fn closed_of(node: &Node) -> Result<Vec<Value>, NetworkError> {
    let answer = node.call("listclosedchannels", json!({})).await?;
    Ok(answer["closedchannels"].as_array().unwrap().clone())
}

/// The one channel of `listfunds`.
async fn funds_in_channel(node: &Node) -> Result<Value, NetworkError> {
    let funds = node.call("listfunds", json!({})).await?;
    Ok(funds["channels"][0].clone())
}

async fn coins_msat(node: &Node) -> Result<u64, NetworkError> {
    let funds = node.call("listfunds", json!({})).await?;
    let coins = funds["outputs"].as_array().unwrap();
    Ok(coins.iter().filter_map(|coin| coin["amount_msat"].as_u64()).sum())
}

/// Waits until the node's one channel is in this state, and gives it.
async fn in_state(node: &Node, state: &str) -> Result<Value, NetworkError> {
    let what = format!("{}'s channel is {state}", node.name());
    wait_for(&what, SOON, || async {
        let channels = channels_of(node).await?;
        Ok(channels.into_iter().find(|channel| channel["state"] == state))
    })
    .await
}

/// Pays a part of alice's side to bob, and gives the channel as each of them sees it.
async fn used_channel(network: &Network) -> Result<[Value; 2], NetworkError> {
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    pay(alice, bob, PAID_MSAT, "coffee").await?;
    all_settled(network).await?;
    Ok([
        channels_of(alice).await?.remove(0),
        channels_of(bob).await?.remove(0),
    ])
}

/// Mines until both nodes count the channel among those that are closed, and gives what each says of it.
async fn mine_until_closed(network: &Network) -> Result<Vec<Value>, NetworkError> {
    mine_until(network, "the channel is closed for all", || async {
        let mut found = Vec::new();
        for node in network.nodes() {
            // It may move while the lists are looked at, and for a moment it is in both.
            let listed = channels_of(node).await?;
            let closed = closed_of(node).await?;
            assert!(
                listed.len() <= 1 && closed.len() <= 1 && listed.len() + closed.len() >= 1,
                "it is in one of the lists: {listed:?} {closed:?}"
            );
            if !closed.is_empty() {
                wait_for("it is in that list alone", SOON, || async {
                    Ok(channels_of(node).await?.is_empty().then_some(()))
                })
                .await?;
            }
            found.extend(closed);
        }
        Ok((found.len() == network.nodes().len()).then_some(found))
    })
    .await
}

/// What both sides say of a channel of which alice has paid a part to bob.
fn check(closed: &Value, open: &Value, to_us_msat: u64) {
    for name in [
        "channel_id",
        "short_channel_id",
        "opener",
        "private",
        "funding_txid",
        "funding_outnum",
        "alias",
        "channel_type",
    ] {
        assert_eq!(closed[name], open[name], "{name} of {closed}");
    }
    assert_eq!(closed["total_msat"], 2 * HALF_MSAT);
    assert_eq!(closed["final_to_us_msat"], to_us_msat);
    assert_eq!(closed["min_to_us_msat"], to_us_msat.min(HALF_MSAT));
    assert_eq!(closed["max_to_us_msat"], to_us_msat.max(HALF_MSAT));
    assert_eq!(closed["total_htlcs_sent"], u64::from(to_us_msat < HALF_MSAT));
}

/// Who closed a channel, and for what cause.
fn who_and_why(closed: &Value) -> [&Value; 2] {
    [&closed["closer"], &closed["close_cause"]]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_closed_together_is_listed_by_both() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let open = used_channel(&network).await?;
    let coins = coins_msat(alice).await?;
    let agreed = alice.call("close", json!({"id": bob.id()})).await?["txids"][0].clone();
    for node in [alice, bob] {
        let channel = in_state(node, "CLOSINGD_COMPLETE").await?;
        assert_eq!(
            channel["closer"],
            if node.name() == "alice" { "local" } else { "remote" }
        );
    }
    assert_eq!(closed_of(alice).await?, [] as [Value; 0]);
    // What was agreed on a moment before a crash need not be on file, and the chain tells of it then; so bob is stopped first.
    bob.restart().await?;
    in_state(bob, "CLOSINGD_COMPLETE").await?;
    bob.kill().await;
    bob.restart().await?;
    in_state(bob, "CLOSINGD_COMPLETE").await?;
    // Blocks without it do not make bob close alone what he does not find among his channels any more.
    for _ in 0..3 {
        network.miner().mine_empty(1).await?;
        caught_up(&network, bob).await?;
    }
    assert_eq!(json!(mempool_of(&network, 1).await?), json!([agreed]));
    network.mine(1).await?;
    in_state(alice, "ONCHAIN").await?;
    let funds = funds_in_channel(alice).await?;
    assert_eq!(funds["our_amount_msat"], 0, "it is among the coins: {funds}");
    assert!(coins_msat(alice).await? > coins + 3_900_000_000);

    let closed = mine_until_closed(&network).await?;
    check(&closed[0], &open[0], HALF_MSAT - PAID_MSAT);
    check(&closed[1], &open[1], HALF_MSAT + PAID_MSAT);
    assert_eq!(who_and_why(&closed[0]), ["local", "user"]);
    assert_eq!(who_and_why(&closed[1]), ["remote", "remote"]);
    for node in [alice, bob] {
        node.kill().await;
        node.restart().await?;
    }
    assert_eq!([closed_of(alice).await?, closed_of(bob).await?].concat(), closed);
    let others = alice
        .call("listclosedchannels", json!({"id": alice.id()}))
        .await?;
    assert_eq!(others, json!({"closedchannels": []}));
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_money_of_a_channel_that_is_closed_alone_is_always_seen() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let open = used_channel(&network).await?;
    bob.stop().await;
    decide_to_close_alone(alice, bob).await?;
    in_state(alice, "AWAITING_UNILATERAL").await?;
    alice.kill().await;
    alice.restart().await?;
    in_state(alice, "AWAITING_UNILATERAL").await?;
    bob.restart().await?;
    mempool_of(&network, 1).await?;
    network.mine(1).await?;
    for (node, ours_msat) in [(alice, HALF_MSAT - PAID_MSAT), (bob, HALF_MSAT + PAID_MSAT)] {
        let channel = in_state(node, "ONCHAIN").await?;
        assert_eq!(channel["to_us_msat"], ours_msat, "{channel}");
        let funds = funds_in_channel(node).await?;
        let to_come = funds["our_amount_msat"].as_u64().unwrap();
        assert!(
            to_come <= ours_msat && to_come > ours_msat - 20_000_000,
            "{funds}"
        );
        assert_eq!(funds["state"], "ONCHAIN");
    }
    let info = alice.call("getinfo", json!({})).await?;
    assert_eq!(info["num_inactive_channels"], 1);
    alice.kill().await;
    alice.restart().await?;

    let closed = mine_until_closed(&network).await?;
    check(&closed[0], &open[0], HALF_MSAT - PAID_MSAT);
    check(&closed[1], &open[1], HALF_MSAT + PAID_MSAT);
    assert_eq!(who_and_why(&closed[0]), ["local", "user"]);
    assert_eq!(closed[1]["closer"], "remote");
    assert_eq!(funds_in_channel(alice).await?, Value::Null);
    network.stop().await;
    Ok(())
}
