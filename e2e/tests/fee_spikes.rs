//! Feerates rise while money is at stake: what is too cheap is bumped, and what that takes is never spent.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use boltill_e2e::chain::{mempool_of, mine_until};
use boltill_e2e::channels::decide_to_close_alone;
use boltill_e2e::coins::{coins_of, confirmed_sat, feerate_of, refusal, sat};
use boltill_e2e::flight::Flight;
use boltill_e2e::htlcs::deadline_of;
use boltill_e2e::{Balance, Books, Network, NetworkError, Node, Options, SOON, start, wait_for};
use serde_json::json;
use std::collections::BTreeSet;

/// Opening, mutual close, unilateral close (the commitment), delayed_to_us, htlc_resolution, penalty.
const CALM: &str = "--force-feerates=1000/1000/253/1000";
const SPIKE: &str = "--force-feerates=1000/1000/253/5000";
const SPIKE_SAT: u64 = 5_000;
const HIGHER: &str = "--force-feerates=1000/1000/253/9000";
const HIGHER_SAT: u64 = 9_000;
/// LDK pays a quarter more for each block that a claim has waited, up to five times what the market asks for. After a start it counts the
/// blocks anew that it reads again, and how many those are depends on when the monitor was last written whole, which the
/// channel's id decides. (The tenth is for the coins, which do not come out even.)
const HIGHEST_SAT: u64 = HIGHER_SAT * 5 * 11 / 10;

async fn calm(nodes: usize) -> Network {
    start(Options {
        nodes,
        node_options: vec![CALM.into()],
        ..Options::default()
    })
    .await
}

/// Closes a channel whose other end is gone; gives the commitment's id.
async fn close_alone(node: &Node, peer: &Node) -> Result<String, NetworkError> {
    let commitment = decide_to_close_alone(node, peer).await?;
    Ok(commitment.as_str().unwrap().to_owned())
}

/// Starts who was gone, and makes blocks until no channel is left and every satoshi is in somebody's wallet.
async fn settle(network: &Network, books: &Books, gone: &[&Node]) -> Result<Balance, NetworkError> {
    for node in gone {
        node.restart().await?;
    }
    mine_until(network, "no channel is left", || async {
        for node in network.nodes() {
            let coins = coins_of(node).await?;
            let channels = node.call("listfunds", json!({})).await?["channels"] == json!([]);
            if !channels || coins.iter().any(|coin| coin["status"] != "confirmed") {
                return Ok(None);
            }
        }
        Ok(network.miner().mempool().await?.is_empty().then_some(()))
    })
    .await?;
    // What comes back late is waited for with blocks.
    books.settle(network).await
}

/// The transaction in the mempool that spends the commitment and pays at least this feerate together with these others, which is given
/// beside it. It takes the place of any that pays less, of which there is one for each block that has been seen meanwhile.
async fn child_of(
    network: &Network,
    commitment: &str,
    at_least: u64,
    others: &[&str],
) -> Result<(String, u64), NetworkError> {
    let what = format!("the commitment has a child that pays {at_least}");
    wait_for(&what, SOON, || async {
        for txid in network.miner().mempool().await? {
            if txid == commitment || !spends(network, &txid, commitment).await? {
                continue;
            }
            let mut package: Vec<_> = others.iter().map(|other| (*other).to_owned()).collect();
            package.push(txid.clone());
            // It may have been replaced by another just now.
            if let Ok(paid) = feerate_of(network, &package).await
                && paid >= at_least
            {
                return Ok(Some((txid, paid)));
            }
        }
        Ok(None)
    })
    .await
}

/// Whether a transaction of the mempool spends an output of that one; one that was replaced just now does not.
async fn spends(network: &Network, txid: &str, parent: &str) -> Result<bool, NetworkError> {
    let Ok(hex) = network.miner().call("getrawtransaction", json!([txid])).await else {
        return Ok(false);
    };
    let transaction = network.miner().call("decoderawtransaction", json!([hex])).await?;
    let inputs = transaction["vin"].as_array().unwrap();
    Ok(inputs.iter().any(|input| input["txid"] == parent))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cheap_commitment_is_sent_with_a_child_that_pays_and_the_child_is_replaced_by_a_dearer_one()
-> Result<(), NetworkError> {
    let network = calm(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;
    bob.kill().await;
    alice.restart_with(&[SPIKE]).await?;
    let commitment = close_alone(alice, bob).await?;
    let (child, paid) = child_of(&network, &commitment, 0, &[&commitment]).await?;
    assert!(
        (SPIKE_SAT..SPIKE_SAT * 11 / 10).contains(&paid),
        "the package pays {paid}"
    );
    assert!(
        feerate_of(&network, std::slice::from_ref(&commitment)).await? < 300,
        "the commitment itself is cheap"
    );

    // Blocks go by that have no room for it, and feerates rise again.
    network.miner().mine_empty(2).await?;
    alice.restart_with(&[HIGHER]).await?;
    network.miner().mine_empty(1).await?;
    let (dearer, paid) = child_of(&network, &commitment, HIGHER_SAT, &[&commitment]).await?;
    assert!(paid < HIGHEST_SAT, "the package pays {paid}");
    let waiting = network.miner().mempool().await?;
    assert!(
        dearer != child && !waiting.contains(&child),
        "{child} is replaced"
    );

    network.miner().mine(1).await?;
    let after = settle(&network, &books, &[bob]).await?;
    assert_eq!(
        after.of(bob) / 1_000_000,
        (before.of(bob) - 1_000_000) / 1_000_000,
        "bob lost no more than his sweep's fee"
    );
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_claim_of_an_htlc_is_bumped_until_it_is_in_a_block() -> Result<(), NetworkError> {
    let network = calm(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let books = Books::open(&network).await?;
    books.balance(&network).await?;
    let flight = Flight::depart(alice, bob, 1_000_000_000, "held").await?;
    let expiry = deadline_of(bob).await?;
    bob.kill().await;
    let commitment = close_alone(alice, bob).await?;
    drop(flight);
    mempool_of(&network, 1).await?;
    network.miner().mine(1).await?;
    // The HTLC's time runs out, and nobody has claimed it.
    let height = network.miner().height().await?;
    network
        .miner()
        .mine(u32::try_from(expiry - height).unwrap())
        .await?;
    alice.restart_with(&[SPIKE]).await?;
    network.miner().mine_empty(2).await?;
    let (claim, _) = child_of(&network, &commitment, 1_000, &[]).await?;
    alice.restart_with(&[HIGHER]).await?;
    network.miner().mine_empty(1).await?;
    let (dearer, paid) = child_of(&network, &commitment, HIGHER_SAT, &[]).await?;
    assert!(paid < HIGHEST_SAT, "the claim pays {paid}");
    assert_ne!(dearer, claim);

    settle(&network, &books, &[bob]).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_commitments_at_once_get_into_blocks_with_the_one_coin_that_there_is() -> Result<(), NetworkError>
{
    let network = calm(3).await;
    let (alice, bob, carol) = (
        network.node("alice")?,
        network.node("bob")?,
        network.node("carol")?,
    );
    let books = Books::open(&network).await?;
    books.balance(&network).await?;
    assert_eq!(coins_of(bob).await?.len(), 1);
    alice.kill().await;
    carol.kill().await;
    bob.restart_with(&[SPIKE]).await?;
    let one = close_alone(bob, alice).await?;
    let other = close_alone(bob, carol).await?;
    // Both are sent; there is a coin for the child of one, and its change is for the other.
    wait_for("both commitments are sent", SOON, || async {
        let waiting: BTreeSet<String> = network.miner().mempool().await?.into_iter().collect();
        Ok((waiting.contains(&one) && waiting.contains(&other) && waiting.len() > 2).then_some(()))
    })
    .await?;
    let later = wait_for("one of them is paid for and confirmed", SOON, || async {
        confirm_with_child(&network, [&one, &other]).await
    })
    .await?;
    child_of(&network, &later, SPIKE_SAT, &[&later]).await?;
    network.miner().mine(1).await?;
    settle(&network, &books, &[alice, carol]).await?;
    network.stop().await;
    Ok(())
}

/// Makes a block of the commitment that has a child in the mempool, and of that; gives the other commitment. None when there is no such
/// child, or it is being replaced.
async fn confirm_with_child(
    network: &Network,
    [one, other]: [&String; 2],
) -> Result<Option<String>, NetworkError> {
    let miner = network.miner();
    let address = miner.address().await?;
    for (commitment, later) in [(one, other), (other, one)] {
        for txid in miner.mempool().await? {
            if txid == *commitment || !spends(network, &txid, commitment).await? {
                continue;
            }
            let block = json!([address, [commitment, txid]]);
            if miner.call("generateblock", block).await.is_ok() {
                return Ok(Some(later.clone()));
            }
        }
    }
    Ok(None)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_whose_only_coin_is_unconfirmed_says_what_is_missing_and_bumps_when_it_is_confirmed()
-> Result<(), NetworkError> {
    let network = calm(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let books = Books::open(&network).await?;
    books.balance(&network).await?;
    bob.kill().await;
    alice.restart_with(&[SPIKE]).await?;
    let own = alice.call("newaddr", json!({})).await?;
    let moved = alice.call("withdraw", json!([own["p2tr"], "all"])).await?;
    assert!(
        coins_of(alice)
            .await?
            .iter()
            .all(|coin| coin["status"] == "unconfirmed")
    );
    let commitment = close_alone(alice, bob).await?;
    // All that could pay for it is the anchor itself, with nothing to pay to; not every bitcoind takes such a child.
    let words = format!("the commitment {commitment} of channel");
    logged(alice, &words, "with the 0 sat in confirmed coins").await?;

    let address = network.miner().address().await?;
    network
        .miner()
        .call("generateblock", json!([address, [moved["txid"]]]))
        .await?;
    wait_for("a child pays what the market asks for", SOON, || async {
        for txid in network.miner().mempool().await? {
            let package = [commitment.clone(), txid.clone()];
            if txid != commitment
                && spends(&network, &txid, &commitment).await?
                && feerate_of(&network, &package)
                    .await
                    .is_ok_and(|paid| paid >= SPIKE_SAT)
            {
                return Ok(Some(()));
            }
        }
        Ok(None)
    })
    .await?;
    network.miner().mine(1).await?;
    settle(&network, &books, &[bob]).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commitment_is_bumped_as_far_as_the_reserve_goes_when_the_market_is_beyond_it()
-> Result<(), NetworkError> {
    let network = calm(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let mut books = Books::open(&network).await?;
    books.balance(&network).await?;
    let elsewhere = network.miner().call("getnewaddress", json!([])).await?;
    books.stranger(elsewhere.as_str().unwrap());
    alice.call("withdraw", json!([elsewhere, "all"])).await?;
    network.mine(1).await?;
    assert_eq!(confirmed_sat(alice).await?, 25_000, "the reserve stays");
    bob.kill().await;
    alice
        .restart_with(&["--force-feerates=1000/1000/253/60000"])
        .await?;
    let commitment = close_alone(alice, bob).await?;
    let (_, paid) = child_of(&network, &commitment, 0, &[&commitment]).await?;
    assert!((SPIKE_SAT..60_000).contains(&paid), "25,000 sat allow {paid}");
    logged(
        alice,
        &format!("the commitment {commitment} of channel"),
        "should pay 60000",
    )
    .await?;
    network.miner().mine(1).await?;
    settle(&network, &books, &[alice, bob]).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_that_spends_keeps_the_reserve_and_a_refusal_says_the_numbers()
-> Result<(), NetworkError> {
    let network = calm(3).await;
    let (alice, bob, carol) = (
        network.node("alice")?,
        network.node("bob")?,
        network.node("carol")?,
    );
    let mut books = Books::open(&network).await?;
    let elsewhere = network.miner().call("getnewaddress", json!([])).await?;
    books.stranger(elsewhere.as_str().unwrap());
    let coins = confirmed_sat(alice).await?;

    let (code, words) = refusal(alice, "withdraw", json!([elsewhere, coins - 10_000])).await;
    assert_eq!(code, 313, "{words}");
    let beginning = format!("We would not have enough left for our anchor channels: {coins} sat available, ");
    assert!(
        words.starts_with(&beginning) && words.ends_with(" 25000 sat must stay"),
        "{words}"
    );
    let (code, words) = refusal(alice, "withdraw", json!([elsewhere, coins + 1])).await;
    assert_eq!(code, 301, "{words}");
    assert!(
        words.contains(&format!("{coins} sat available")) && words.ends_with(" sat short"),
        "{words}"
    );

    alice
        .call(
            "connect",
            json!({"id": format!("{}@{}", carol.id(), carol.p2p())}),
        )
        .await?;
    let (code, words) = refusal(alice, "fundchannel", json!([carol.id(), coins - 30_000])).await;
    assert_eq!(code, 313, "{words}");
    assert!(
        words.ends_with(" 50000 sat must stay"),
        "one channel more needs a reserve more: {words}"
    );
    let (code, words) = refusal(alice, "fundchannel", json!([carol.id(), coins + 1])).await;
    assert_eq!(code, 301, "{words}");
    assert!(
        coins_of(alice)
            .await?
            .iter()
            .all(|coin| coin["reserved"] == false),
        "nothing stays reserved"
    );

    alice.call("fundchannel", json!([carol.id(), "all"])).await?;
    network.mine(6).await?;
    assert_eq!(confirmed_sat(alice).await?, 50_000);
    let (code, words) = refusal(alice, "withdraw", json!([elsewhere, "all"])).await;
    assert_eq!(code, 313, "{words}");

    // Nor does a node accept a channel that it could not afford to close.
    bob.call("withdraw", json!([elsewhere, "all"])).await?;
    network.mine(1).await?;
    assert_eq!(confirmed_sat(bob).await?, 50_000, "bob has two channels");
    carol
        .call("connect", json!({"id": format!("{}@{}", bob.id(), bob.p2p())}))
        .await?;
    let (code, words) = refusal(carol, "fundchannel", json!([bob.id(), 1_000_000])).await;
    assert_eq!(code, -1, "{words}");
    logged(
        bob,
        "is refused: closing it may need 0.00075",
        "the wallet has 0.00050",
    )
    .await?;
    let spare = coins_of(carol).await?;
    assert!(
        spare
            .iter()
            .all(|coin| coin["reserved"] == false && sat(coin) > 0),
        "{spare:?}"
    );
    books.balance(&network).await?;
    network.stop().await;
    Ok(())
}

/// Waits until one line of a node's log has all these words.
async fn logged(node: &Node, words: &str, more: &str) -> Result<(), NetworkError> {
    let what = format!("{} logs \"{words} ... {more}\"", node.name());
    wait_for(&what, SOON, || async {
        let log = std::fs::read_to_string(node.log()).unwrap_or_default();
        let mut lines = log.lines();
        Ok(lines
            .any(|line| line.contains(words) && line.contains(more))
            .then_some(()))
    })
    .await
}
