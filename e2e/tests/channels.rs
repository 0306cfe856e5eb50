//! A channel's life without trouble: opened, announced or not, paid over both ways, forwarded over, closed together.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use boltill_e2e::chain::mine_until_quiet;
use boltill_e2e::channels::{channels_of, is_usable, leads_to, open, usable_channel};
use boltill_e2e::htlcs::all_settled;
use boltill_e2e::{Books, Network, NetworkError, SOON, invoice, line_of, pay, unconnected, wait_for};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_closed_together_gives_everybody_what_was_theirs() -> Result<(), NetworkError> {
    let network = unconnected(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;

    let opened = open(&network, alice, bob, json!({})).await?;
    let channel = usable_channel(alice, bob, true).await?;
    assert_eq!(channel["channel_id"], opened["channel_id"]);
    assert_eq!(channel["private"], false);
    everybody_knows(&network, &channel).await?;
    pay(alice, bob, 700_000_000, "there").await?;
    // It is all that bob has, and he has it a moment after alice knows that she has paid.
    all_settled(&network).await?;
    pay(bob, alice, 200_000_000, "back").await?;
    let open_balance = books.balance(&network).await?;
    assert_eq!(open_balance.of(bob), before.of(bob) + 500_000_000);

    let closed = alice.call("close", json!({"id": bob.id()})).await?;
    assert_eq!(closed["type"], "mutual");
    mine_until_quiet(&network).await?;
    assert_eq!(channels_of(alice).await?, Vec::<Value>::new());
    let after = books.balance(&network).await?;
    assert_eq!(
        after.of(bob),
        open_balance.of(bob),
        "the opener pays for the close"
    );
    assert_eq!(after.anchors_sat, 0);
    assert_eq!(
        after.of(alice),
        before.of(alice) - 500_000_000 - after.fees_sat * 1000
    );
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_channel_is_paid_over_and_nobody_else_hears_of_it() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, bob, carol) = (
        network.node("alice")?,
        network.node("bob")?,
        network.node("carol")?,
    );
    let erstwhile = alice.call("listchannels", json!({})).await?;
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;
    bob.call("close", json!({"id": carol.id()})).await?;
    mine_until_quiet(&network).await?;
    open(&network, bob, carol, json!({"announce": false})).await?;
    let channel = usable_channel(bob, carol, false).await?;
    assert_eq!(channel["private"], true);

    leads_to(carol).await?;
    // Only the route hint in the invoice tells alice of the channel.
    let refill = invoice(carol, 300_000_000, "hinted").await?;
    wait_for("alice's payment finds the hint", SOON, || async {
        Ok(alice
            .call("pay", json!({"bolt11": refill}))
            .await
            .ok()
            .filter(|paid| paid["status"] == "complete"))
    })
    .await?;
    let heard = alice.call("listchannels", json!({})).await?;
    let between = |list: &Value| {
        let ids = [bob.id(), carol.id()];
        let channels = list["channels"].as_array().unwrap();
        let theirs = channels.iter().filter(|entry| {
            ids.contains(&entry["source"].as_str().unwrap())
                && ids.contains(&entry["destination"].as_str().unwrap())
        });
        theirs.cloned().collect::<Vec<_>>()
    };
    assert_eq!(between(&erstwhile).len(), 2);
    assert!(
        between(&heard)
            .iter()
            .all(|entry| entry["short_channel_id"] != channel["short_channel_id"]),
        "{heard}"
    );
    let after = books.balance(&network).await?;
    assert!(after.of(alice) < before.of(alice) - 300_000_000);
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_split_over_two_channels_to_one_peer() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;
    open(&network, alice, bob, json!({"amount": 10_000_000})).await?;
    wait_for("both channels are usable", SOON, || async {
        let channels = channels_of(alice).await?;
        let usable = channels.iter().filter(|channel| is_usable(channel));
        Ok((usable.count() == 2).then_some(()))
    })
    .await?;
    let opened = books.balance(&network).await?;
    // The first channel has 5,000,000 sat of hers, the second 10,000,000.
    pay(alice, bob, 12_000_000_000, "large").await?;
    let after = books.balance(&network).await?;
    assert_eq!(after.of(bob), before.of(bob) + 12_000_000_000);
    assert_eq!(after.of(alice), opened.of(alice) - 12_000_000_000);

    for _ in 0..2 {
        let channel = channels_of(alice).await?[0]["channel_id"].clone();
        alice.call("close", json!({"id": channel})).await?;
        mine_until_quiet(&network).await?;
    }
    let closed = books.balance(&network).await?;
    assert_eq!(closed.of(bob), after.of(bob));
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_forwards_earns_what_it_advertises() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, bob, carol) = (
        network.node("alice")?,
        network.node("bob")?,
        network.node("carol")?,
    );
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;
    let towards_carol = usable_channel(bob, carol, true).await?;
    bob.call(
        "setchannel",
        json!({"id": carol.id(), "feebase": 5_000, "feeppm": 2_000}),
    )
    .await?;
    wait_for("alice hears of the fees", SOON, || async {
        let channels = alice
            .call(
                "listchannels",
                json!({"short_channel_id": towards_carol["short_channel_id"]}),
            )
            .await?;
        let channels = channels["channels"].as_array().unwrap();
        let heard = channels
            .iter()
            .any(|channel| channel["source"] == bob.id() && channel["fee_per_millionth"] == 2_000);
        Ok(heard.then_some(()))
    })
    .await?;
    pay(alice, carol, 100_000_000, "forwarded").await?;
    let fee_msat = 5_000 + 100_000_000 * 2_000 / 1_000_000;
    wait_for("the forward is settled", SOON, || async {
        let after = books.balance(&network).await?;
        Ok((after.of(bob) == before.of(bob) + fee_msat).then_some(()))
    })
    .await?;
    let after = books.balance(&network).await?;
    assert_eq!(after.of(alice), before.of(alice) - 100_000_000 - fee_msat);
    assert_eq!(after.of(carol), before.of(carol) + 100_000_000);
    // Its end is put on file beside the last messages about it.
    let forwards = wait_for("the forward is on file as settled", SOON, || async {
        let forwards = bob.call("listforwards", json!({"status": "settled"})).await?;
        Ok(Some(forwards["forwards"].clone()).filter(|forwards| *forwards != json!([])))
    })
    .await?;
    let [forward] = forwards.as_array().unwrap().as_slice() else {
        panic!("one forward was made: {forwards}");
    };
    assert_eq!(forward["fee_msat"], fee_msat);
    assert_eq!(forward["in_msat"], 100_000_000 + fee_msat);
    assert_eq!(forward["out_msat"], 100_000_000);
    assert_eq!(forward["out_channel"], towards_carol["short_channel_id"]);
    let info = bob.call("getinfo", json!({})).await?;
    assert_eq!(info["fees_collected_msat"], fee_msat);
    network.stop().await;
    Ok(())
}

async fn everybody_knows(network: &Network, channel: &Value) -> Result<(), NetworkError> {
    for node in network.nodes() {
        let what = format!("{} knows both directions", node.name());
        wait_for(&what, SOON, || async {
            let params = json!({"short_channel_id": channel["short_channel_id"]});
            let known = node.call("listchannels", params).await?;
            Ok((known["channels"].as_array().unwrap().len() == 2).then_some(()))
        })
        .await?;
    }
    Ok(())
}
