//! Channels that one side closes alone, with and without HTLCs in them: what is on the chain then reaches whom it belongs to.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use boltill_e2e::chain::{caught_up, mempool_of, mine_seen_by, mine_to, mine_until};
use boltill_e2e::channels::{channels_of, close_alone, decide_to_close_alone};
use boltill_e2e::coins::confirmed_sat;
use boltill_e2e::flight::{Flight, paid_once, release};
use boltill_e2e::htlcs::{all_settled, deadline_of};
use boltill_e2e::{Balance, Books, Network, NetworkError, Node, line_of, listed, pay};

const AMOUNT_MSAT: u64 = 300_000_000;
/// What the nodes here make each other wait for before they get the money of a commitment of their own.
const DELAY: u32 = 144;
/// How many blocks LDK gives a peer beyond the deadline of an HTLC.
const GRACE: u64 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn who_closes_alone_waits_for_the_money_and_the_peer_has_it_at_once() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, bob, carol) = three(&network)?;
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;
    pay(alice, carol, AMOUNT_MSAT, "before").await?;
    all_settled(&network).await?;
    bob.stop().await;

    // Alice has opened her channel with bob, and bob his with carol.
    close_alone(&network, alice, bob).await?;
    close_alone(&network, carol, bob).await?;
    mine_seen_by(&network, 1, &[alice, carol]).await?;
    let closed_at = network.miner().height().await?;
    bob.restart().await?;
    network.mine(5).await?;
    mempool_of(&network, 1).await?;
    // Usually that is all that he has in both; if it took him long to note the second, there is one more transaction.
    mine_until(&network, "bob has what is his in both", || async {
        let confirmed_msat = confirmed_sat(bob).await? * 1000;
        Ok((confirmed_msat + 20_000_000 > before.of(bob)).then_some(()))
    })
    .await?;

    mine_to(&network, closed_at + u64::from(DELAY) - 2, &[alice, bob, carol]).await?;
    assert_eq!(network.miner().mempool().await?, [""; 0], "nobody is early");
    network.mine(1).await?;
    // Nobody waits for another block.
    mempool_of(&network, 2).await?;
    let after = books.settle(&network).await?;
    assert!(after.of(carol) + after.fees_sat * 1000 >= before.of(carol) + AMOUNT_MSAT);
    assert!(after.of(carol) <= before.of(carol) + AMOUNT_MSAT);
    assert!(after.of(alice) < before.of(alice) - AMOUNT_MSAT);
    // The end of a channel is told a block after the last of it has been seen.
    mine_until(&network, "the channels are gone", || async {
        for node in network.nodes() {
            if !channels_of(node).await?.is_empty() {
                return Ok(None);
            }
        }
        Ok(Some(()))
    })
    .await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn when_both_close_alone_one_commitment_counts_and_nobody_loses_by_it() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let books = Books::open(&network).await?;
    pay(alice, bob, AMOUNT_MSAT, "before").await?;
    let before = books.balance(&network).await?;

    bob.stop().await;
    close_alone(&network, alice, bob).await?;
    alice.stop().await;
    bob.restart_with(&["--offline"]).await?;
    // His commitment spends what hers in the mempool does, so it cannot get there too.
    decide_to_close_alone(bob, alice).await?;
    mine_seen_by(&network, 1, &[bob]).await?;
    alice.restart().await?;
    bob.restart().await?;
    let after = books.settle(&network).await?;
    for node in [alice, bob] {
        assert!(after.of(node) <= before.of(node));
        assert!(after.of(node) + (after.fees_sat + after.anchors_sat) * 1000 >= before.of(node));
    }
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payee_killed_while_it_claims_on_its_own_commitment_is_paid_once_and_the_payer_has_the_preimage()
-> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, bob, carol) = three(&network)?;
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;
    let flight = Flight::depart(alice, carol, AMOUNT_MSAT, "claimed").await?;

    // Bob hears nothing of the preimage but what is on the chain.
    bob.stop().await;
    release(carol).await?;
    close_alone(&network, carol, bob).await?;
    carol.kill().await;
    network.miner().mine(1).await?;
    carol.restart().await?;
    paid_once(carol, "claimed", AMOUNT_MSAT).await?;
    mempool_of(&network, 1).await?;
    mine_seen_by(&network, 1, &[alice, carol]).await?;
    assert!(!flight.has_ended());
    bob.restart().await?;
    let cost_msat = flight.arrives().await?;

    let after = books.settle(&network).await?;
    assert_eq!(after.of(alice), before.of(alice) - cost_msat);
    paid_and_earned(&network, &before, &after, cost_msat)?;
    carol.kill().await;
    carol.restart().await?;
    paid_once(carol, "claimed", AMOUNT_MSAT).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payee_claims_on_the_commitment_of_its_peer_which_killed_meanwhile_settles_with_the_payer()
-> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, bob, carol) = three(&network)?;
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;
    let flight = Flight::depart(carol, alice, AMOUNT_MSAT, "claimed").await?;

    alice.freeze().await;
    close_alone(&network, bob, alice).await?;
    mine_seen_by(&network, 1, &[bob, carol]).await?;
    bob.kill().await;
    alice.thaw().await;
    caught_up(&network, alice).await?;
    release(alice).await?;
    mempool_of(&network, 1).await?;
    mine_seen_by(&network, 1, &[alice, carol]).await?;
    paid_once(alice, "claimed", AMOUNT_MSAT).await?;
    assert!(!flight.has_ended());
    bob.restart().await?;
    let cost_msat = flight.arrives().await?;

    let after = books.settle(&network).await?;
    assert_eq!(after.of(carol), before.of(carol) - cost_msat);
    paid_once(alice, "claimed", AMOUNT_MSAT).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_htlc_that_is_never_claimed_times_out_on_the_commitment_of_who_is_killed_meanwhile()
-> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, bob, carol) = three(&network)?;
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;
    let flight = Flight::depart(alice, carol, AMOUNT_MSAT, "never").await?;
    let deadline = deadline_of(carol).await?;

    // Nobody asks bob to: he closes by himself, in time for the channel with alice to stay.
    carol.freeze().await;
    mine_to(&network, deadline + GRACE, &[alice, bob]).await?;
    mempool_of(&network, 1).await?;
    mine_seen_by(&network, 1, &[alice, bob]).await?;
    bob.kill().await;
    bob.restart().await?;
    mempool_of(&network, 1).await?;
    mine_seen_by(&network, 1, &[alice, bob]).await?;
    assert!(!flight.has_ended(), "the claim could still be replaced");
    mine_seen_by(&network, 6, &[alice, bob]).await?;
    flight.fails().await?;

    carol.thaw().await;
    caught_up(&network, carol).await?;
    release(carol).await?;
    let after = books.settle(&network).await?;
    assert_eq!(after.of(alice), before.of(alice));
    nobody_was_paid(&network, &before, &after);
    assert_eq!(listed(carol, "never").await?["status"], "unpaid");
    assert_eq!(channels_of(alice).await?[0]["state"], "CHANNELD_NORMAL");
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_htlc_that_is_never_claimed_times_out_on_the_commitment_of_the_payee() -> Result<(), NetworkError>
{
    let network = line_of(3).await;
    let (alice, bob, carol) = three(&network)?;
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;
    let flight = Flight::depart(carol, alice, AMOUNT_MSAT, "never").await?;
    let deadline = deadline_of(alice).await?;

    bob.freeze().await;
    close_alone(&network, alice, bob).await?;
    mine_seen_by(&network, 1, &[alice, carol]).await?;
    bob.thaw().await;
    network.mine(6).await?;
    // What bob has in it beside the HTLC.
    mempool_of(&network, 1).await?;
    network.mine(1).await?;
    mine_to(&network, deadline, &[alice, bob, carol]).await?;
    mempool_of(&network, 1).await?;
    network.mine(1).await?;
    assert!(!flight.has_ended(), "the claim could still be replaced");
    network.mine(6).await?;
    flight.fails().await?;

    release(alice).await?;
    let after = books.settle(&network).await?;
    assert_eq!(after.of(carol), before.of(carol));
    nobody_was_paid(&network, &before, &after);
    assert_eq!(listed(alice, "never").await?["status"], "unpaid");
    assert_eq!(channels_of(carol).await?[0]["state"], "CHANNELD_NORMAL");
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preimage_goes_from_one_closed_channel_to_the_other() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, bob, carol) = three(&network)?;
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;
    let flight = Flight::depart(alice, carol, AMOUNT_MSAT, "far").await?;

    bob.freeze().await;
    close_alone(&network, alice, bob).await?;
    release(carol).await?;
    close_alone(&network, carol, bob).await?;
    mine_seen_by(&network, 1, &[alice, carol]).await?;
    mempool_of(&network, 1).await?;
    mine_seen_by(&network, 1, &[alice, carol]).await?;
    bob.thaw().await;
    caught_up(&network, bob).await?;
    mempool_of(&network, 1).await?;
    assert!(!flight.has_ended());
    network.mine(1).await?;
    let cost_msat = flight.arrives().await?;

    let after = books.settle(&network).await?;
    paid_and_earned(&network, &before, &after, cost_msat)?;
    paid_once(carol, "far", AMOUNT_MSAT).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn htlcs_of_both_directions_are_claimed_on_chain_by_who_has_their_preimages() -> Result<(), NetworkError>
{
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;
    let there = Flight::depart(alice, bob, AMOUNT_MSAT, "there").await?;
    let back = Flight::depart(bob, alice, 2 * AMOUNT_MSAT, "back").await?;

    bob.freeze().await;
    close_alone(&network, alice, bob).await?;
    mine_seen_by(&network, 1, &[alice]).await?;
    bob.thaw().await;
    caught_up(&network, bob).await?;
    release(alice).await?;
    release(bob).await?;
    mempool_of(&network, 2).await?;
    network.mine(1).await?;
    assert_eq!(there.arrives().await?, AMOUNT_MSAT);
    assert_eq!(back.arrives().await?, 2 * AMOUNT_MSAT);
    let after = books.settle(&network).await?;
    let spent_msat = (after.fees_sat + after.anchors_sat) * 1000;
    assert!(after.of(alice) <= before.of(alice) + AMOUNT_MSAT);
    assert!(after.of(alice) + spent_msat >= before.of(alice) + AMOUNT_MSAT);
    paid_once(bob, "there", AMOUNT_MSAT).await?;
    paid_once(alice, "back", 2 * AMOUNT_MSAT).await?;
    network.stop().await;
    Ok(())
}

fn three(network: &Network) -> Result<(&Node, &Node, &Node), NetworkError> {
    Ok((
        network.node("alice")?,
        network.node("bob")?,
        network.node("carol")?,
    ))
}

/// Alice paid carol: carol has that, and bob his fee, but for what the chain cost.
fn paid_and_earned(
    network: &Network,
    before: &Balance,
    after: &Balance,
    cost_msat: u64,
) -> Result<(), NetworkError> {
    let (_, bob, carol) = three(network)?;
    let spent_msat = (after.fees_sat + after.anchors_sat) * 1000;
    assert!(after.of(carol) <= before.of(carol) + AMOUNT_MSAT);
    assert!(after.of(carol) + spent_msat >= before.of(carol) + AMOUNT_MSAT);
    let fee_msat = cost_msat - AMOUNT_MSAT;
    assert!(after.of(bob) <= before.of(bob) + fee_msat);
    assert!(after.of(bob) + spent_msat >= before.of(bob) + fee_msat);
    Ok(())
}

/// Everybody has what they had, but for what the chain cost.
fn nobody_was_paid(network: &Network, before: &Balance, after: &Balance) {
    let spent_msat = (after.fees_sat + after.anchors_sat) * 1000;
    for node in network.nodes() {
        assert!(after.of(node) <= before.of(node));
        assert!(after.of(node) + spent_msat >= before.of(node));
    }
}
