//! Blocks that are replaced by others, from the last one to the last six, over everything that a channel does on chain.
//!
//! Each reorg adds a block, so a transaction that was in the last block before reorgs of 1, 2, ... 6 blocks is in the lowest
//! of the replaced blocks every time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use boltill_e2e::books::Books;
use boltill_e2e::chain::{mempool_of, mine_until, mine_until_quiet};
use boltill_e2e::channels::{channels_of, close_alone, is_usable, usable_channel};
use boltill_e2e::flight::{Flight, paid_once, release};
use boltill_e2e::{Network, NetworkError, Node, SOON, line_of, listed, pay, unconnected, wait_for};
use serde_json::json;

const DEPTHS: std::ops::RangeInclusive<u32> = 1..=6;

/// Replaces the last blocks, and waits until every node has followed.
async fn reorg(network: &Network, depth: u32) -> Result<(), NetworkError> {
    network.miner().reorg(depth).await?;
    followed(network).await
}

async fn followed(network: &Network) -> Result<(), NetworkError> {
    let height = network.miner().height().await?;
    for node in network.nodes() {
        let what = format!("{} is at block {height}", node.name());
        wait_for(&what, SOON, || async {
            let info = node.call("getinfo", json!({})).await?;
            let at_the_tip = info["blockheight"] == height && info["warning_bitcoind_sync"].is_null();
            Ok(at_the_tip.then_some(()))
        })
        .await?;
    }
    Ok(())
}

/// Opens a channel whose funding transaction waits for a block.
async fn open_unconfirmed(network: &Network, alice: &Node, bob: &Node) -> Result<(), NetworkError> {
    let address = format!("{}@{}", bob.id(), bob.p2p());
    alice.call("connect", json!({"id": address})).await?;
    let params = json!({"id": bob.id(), "amount": 2_000_000, "push_msat": 500_000_000});
    alice.call("fundchannel", params).await?;
    mempool_of(network, 1).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_funding_that_is_confirmed_again_makes_a_channel_that_pays() -> Result<(), NetworkError> {
    let network = unconnected(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let books = Books::open(&network).await?;
    open_unconfirmed(&network, alice, bob).await?;
    network.mine(1).await?;
    for depth in 1..=5 {
        reorg(&network, depth).await?;
    }
    // The last reorg takes back all six confirmations of a channel that is in use.
    let before = usable_channel(alice, bob, true).await?;
    reorg(&network, 6).await?;
    let after = usable_channel(alice, bob, true).await?;
    assert_eq!(after["short_channel_id"], before["short_channel_id"]);
    pay(alice, bob, 10_000_000, "there").await?;
    // It is all that bob has, and he has it a moment after alice knows that she has paid.
    boltill_e2e::htlcs::all_settled(&network).await?;
    pay(bob, alice, 5_000_000, "back").await?;
    reorg(&network, 6).await?;
    pay(alice, bob, 10_000_000, "afterwards").await?;
    for node in network.nodes() {
        node.restart().await?;
    }
    usable_channel(alice, bob, true).await?;
    pay(alice, bob, 10_000_000, "after a restart").await?;
    boltill_e2e::htlcs::all_settled(&network).await?;
    books.balance(&network).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_funding_that_waits_for_its_confirmations_may_move_to_another_block() -> Result<(), NetworkError> {
    let network = unconnected(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let books = Books::open(&network).await?;
    network.mine(1).await?;
    open_unconfirmed(&network, alice, bob).await?;
    // With five confirmations, and then gone from the chain for two blocks. It may not go into the block that it was made
    // in (its lock time), so bitcoind drops it, and alice has to send it again.
    network.mine(5).await?;
    let height = network.miner().height().await?;
    network.miner().invalidate(height - 5).await?;
    network.miner().mine_empty(2).await?;
    network.miner().mine(5).await?;
    followed(&network).await?;
    mine_until(&network, "both can use the channel", async || {
        for node in network.nodes() {
            if !channels_of(node).await?.iter().any(is_usable) {
                return Ok(None);
            }
        }
        Ok(Some(()))
    })
    .await?;
    let channel = usable_channel(alice, bob, true).await?;
    let name = channel["short_channel_id"].as_str().unwrap();
    let mut parts = name.split('x').map(|part| part.parse::<u64>().unwrap());
    let (block, index) = (parts.next().unwrap(), parts.next().unwrap());
    assert!(block > height - 4, "{name} is where it is now");
    let hash = network.miner().call("getblockhash", json!([block])).await?;
    let block = network.miner().call("getblock", json!([hash])).await?;
    assert_eq!(
        block["tx"][usize::try_from(index).unwrap()],
        channel["funding_txid"]
    );
    pay(alice, bob, 10_000_000, "there").await?;
    boltill_e2e::htlcs::all_settled(&network).await?;
    books.balance(&network).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_in_use_whose_funding_moves_is_closed_and_nothing_is_lost() -> Result<(), NetworkError> {
    let network = unconnected(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let books = Books::open(&network).await?;
    open_unconfirmed(&network, alice, bob).await?;
    network.mine(6).await?;
    usable_channel(alice, bob, true).await?;
    pay(alice, bob, 10_000_000, "there").await?;
    let height = network.miner().height().await?;
    network.miner().invalidate(height - 5).await?;
    network.miner().mine_empty(1).await?;
    network.miner().mine(6).await?;
    for node in network.nodes() {
        let what = format!("{} has given the channel up", node.name());
        wait_for(&what, SOON, || async {
            let channels = channels_of(node).await?;
            Ok(channels
                .iter()
                .all(|channel| channel["state"] != "CHANNELD_NORMAL")
                .then_some(()))
        })
        .await?;
    }
    mine_until_quiet(&network).await?;
    books.settle(&network).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_that_is_confirmed_again_pays_the_wallet_once() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let books = Books::open(&network).await?;
    let closed = alice.call("close", json!({"id": bob.id()})).await?;
    assert_eq!(closed["type"], "mutual", "{closed}");
    let txid = closed["txids"][0].as_str().unwrap().to_owned();
    mempool_of(&network, 1).await?;
    network.mine(1).await?;
    for depth in DEPTHS {
        reorg(&network, depth).await?;
        let confirmed_at = network.miner().height().await? - u64::from(depth);
        for node in network.nodes() {
            let what = format!(
                "{} has the closed channel's money in block {confirmed_at}",
                node.name()
            );
            wait_for(&what, SOON, || async {
                let funds = node.call("listfunds", json!({})).await?;
                let outputs = funds["outputs"].as_array().unwrap();
                let coins: Vec<_> = outputs.iter().filter(|coin| coin["txid"] == txid).collect();
                assert!(coins.len() <= 1, "there once: {coins:?}");
                Ok(coins
                    .iter()
                    .any(|coin| coin["status"] == "confirmed" && coin["blockheight"] == confirmed_at)
                    .then_some(()))
            })
            .await?;
        }
    }
    mine_until_quiet(&network).await?;
    books.settle(&network).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_htlc_claimed_on_chain_stays_claimed_through_reorgs() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let books = Books::open(&network).await?;
    let flight = Flight::depart(alice, bob, 50_000_000, "held").await?;

    // Alice closes alone, since bob does not answer.
    bob.freeze().await;
    close_alone(&network, alice, bob).await?;
    network.miner().mine(1).await?;
    bob.thaw().await;
    followed(&network).await?;
    for depth in 1..=3 {
        reorg(&network, depth).await?;
    }

    // Bob claims the HTLC on chain, and alice learns from his claim that she has paid.
    release(bob).await?;
    wait_for("bob's claim is in the mempool", SOON, || async {
        Ok(pays_for_a_preimage(&network).await?.then_some(()))
    })
    .await?;
    network.mine(1).await?;
    flight.arrives().await?;
    for depth in DEPTHS {
        reorg(&network, depth).await?;
    }
    mine_until_quiet(&network).await?;
    paid_once(bob, "held", 50_000_000).await?;
    assert_eq!(listed(bob, "held").await?["pay_index"], 1);
    let pays = alice.call("listpays", json!({})).await?;
    let complete = pays["pays"].as_array().unwrap().iter();
    assert_eq!(complete.filter(|pay| pay["status"] == "complete").count(), 1);
    books.settle(&network).await?;
    network.stop().await;
    Ok(())
}

/// Whether a transaction that waits for a block shows a preimage: 32 bytes in the witness of an HTLC claim (BOLT 3).
async fn pays_for_a_preimage(network: &Network) -> Result<bool, NetworkError> {
    for txid in network.miner().mempool().await? {
        let miner = network.miner();
        // It may have been replaced by another just now.
        let Ok(transaction) = miner.call("getrawtransaction", json!([txid, true])).await else {
            continue;
        };
        let inputs = transaction["vin"].as_array().cloned().unwrap_or_default();
        let shows = inputs.iter().any(|input| {
            let witness = input["txinwitness"].as_array().cloned().unwrap_or_default();
            let preimages = witness
                .iter()
                .filter(|item| item.as_str().is_some_and(|hex| hex.len() == 64));
            preimages.count() > 0
        });
        if shows {
            return Ok(true);
        }
    }
    Ok(false)
}
