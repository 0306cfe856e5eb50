//! A peer that goes back to an old state and broadcasts it, while the node that it cheats is down: it loses everything.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on fails")]

use boltill_e2e::chain::{mine_seen_by, mine_to, spender_of};
use boltill_e2e::channels::{close_alone, usable_channel};
use boltill_e2e::coins::confirmed_sat;
use boltill_e2e::flight::{Flight, paid_once, release};
use boltill_e2e::htlcs::{deadline_of, htlcs_of};
use boltill_e2e::old_state::OldState;
use boltill_e2e::{Books, NetworkError, Node, SOON, line_of, pay, wait_for};
use serde_json::json;

const AMOUNT_MSAT: u64 = 300_000_000;
/// What every channel of these networks holds.
const CHANNEL_MSAT: u64 = 10_000_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_broadcasts_a_revoked_state_with_htlcs_loses_all_of_it_to_a_node_that_was_down_and_is_killed()
-> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;
    let alices_coins_msat = confirmed_sat(alice).await? * 1000;

    // The old state: most is alice's, and HTLCs are pending in both directions.
    Flight::depart(alice, bob, AMOUNT_MSAT, "old, there").await?;
    Flight::depart(bob, alice, AMOUNT_MSAT, "old, back").await?;
    alice.stop().await;
    let old = OldState::of(alice);
    alice.restart().await?;
    usable_channel(alice, bob, true).await?;
    // The new one: nearly all is bob's, and other HTLCs are pending.
    release(bob).await?;
    paid_once(bob, "old, there", AMOUNT_MSAT).await?;
    pay(alice, bob, 10 * AMOUNT_MSAT, "new").await?;
    Flight::depart(alice, bob, AMOUNT_MSAT, "new, there").await?;
    Flight::depart(bob, alice, AMOUNT_MSAT, "new, back").await?;
    bob.stop().await;
    alice.stop().await;
    old.put_back();

    alice.restart_with(&["--offline"]).await?;
    let revoked = close_alone(&network, alice, bob).await?;
    mine_seen_by(&network, 10, &[alice]).await?;
    bob.restart().await?;
    spender_of(&network, &revoked).await?;
    bob.kill().await;
    bob.restart().await?;
    spender_of(&network, &revoked).await?;
    let after = books.settle(&network).await?;

    assert!(after.of(alice) <= alices_coins_msat, "nothing of the channel");
    let spent_msat = (after.fees_sat + after.anchors_sat) * 1000;
    let bobs_coins_msat = before.of(alice) + before.of(bob) - alices_coins_msat - CHANNEL_MSAT;
    assert!(after.of(bob) + spent_msat >= bobs_coins_msat + CHANNEL_MSAT);
    payment_fails(bob, AMOUNT_MSAT).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_htlcs_that_a_cheater_has_claimed_already_with_a_second_transaction_are_taken_from_it_too()
-> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, bob, carol) = (
        network.node("alice")?,
        network.node("bob")?,
        network.node("carol")?,
    );
    let books = Books::open(&network).await?;
    let alices_coins_msat = confirmed_sat(alice).await? * 1000;
    let bobs_coins_msat = confirmed_sat(bob).await? * 1000;
    let carols_coins_msat = confirmed_sat(carol).await? * 1000;

    // The old state: bob has the preimage of an HTLC from alice, and one of his own is on its way to carol.
    let forwarded = Flight::depart(alice, carol, AMOUNT_MSAT, "forwarded").await?;
    alice.freeze().await;
    release(carol).await?;
    wait_for("bob has the preimage", SOON, || async {
        let htlcs = htlcs_of(bob).await?;
        let paid_on = htlcs.iter().all(|htlc| htlc["direction"] == "in");
        Ok(paid_on.then_some(()))
    })
    .await?;
    Flight::depart(bob, carol, AMOUNT_MSAT, "own").await?;
    let deadline = deadline_of(carol).await?;
    bob.stop().await;
    let old = OldState::of(bob);
    alice.thaw().await;
    bob.restart().await?;
    // The new one: all that is settled, and more was paid.
    forwarded.arrives().await?;
    release(carol).await?;
    paid_once(carol, "own", AMOUNT_MSAT).await?;
    usable_channel(alice, bob, true).await?;
    usable_channel(bob, carol, true).await?;
    pay(bob, carol, 2 * AMOUNT_MSAT, "new, there").await?;
    pay(bob, alice, 2 * AMOUNT_MSAT, "new, back").await?;
    Flight::depart(alice, bob, AMOUNT_MSAT, "pending").await?;
    for node in [alice, carol, bob] {
        node.stop().await;
    }
    old.put_back();

    bob.restart_with(&["--offline"]).await?;
    let with_alice = close_alone(&network, bob, alice).await?;
    let with_carol = close_alone(&network, bob, carol).await?;
    mine_seen_by(&network, 1, &[bob]).await?;
    let claimed = spender_of(&network, &with_alice).await?;
    mine_to(&network, deadline, &[bob]).await?;
    let timed_out = spender_of(&network, &with_carol).await?;
    mine_seen_by(&network, 1, &[bob]).await?;
    alice.restart().await?;
    carol.restart().await?;
    for punished in [with_alice, with_carol, claimed, timed_out] {
        spender_of(&network, &punished).await?;
    }
    let after = books.settle(&network).await?;

    assert!(
        after.of(bob) <= bobs_coins_msat,
        "nothing of either channel, and nothing of the HTLCs"
    );
    let spent_msat = (after.fees_sat + after.anchors_sat) * 1000;
    for (node, coins_msat) in [(alice, alices_coins_msat), (carol, carols_coins_msat)] {
        assert!(after.of(node) + spent_msat >= coins_msat + CHANNEL_MSAT);
    }
    paid_once(carol, "forwarded", AMOUNT_MSAT).await?;
    payment_fails(alice, AMOUNT_MSAT).await?;
    network.stop().await;
    Ok(())
}

/// Waits until a node knows that what it was still paying when its channel was closed has failed.
async fn payment_fails(payer: &Node, amount_msat: u64) -> Result<(), NetworkError> {
    wait_for("the pending payment has failed", SOON, || async {
        let failed = payer.call("listsendpays", json!({"status": "failed"})).await?;
        let pending = payer.call("listsendpays", json!({"status": "pending"})).await?;
        let is_failed = failed["payments"]
            .as_array()
            .unwrap()
            .iter()
            .any(|payment| payment["amount_msat"] == amount_msat);
        Ok((is_failed && pending["payments"] == json!([])).then_some(()))
    })
    .await
}
