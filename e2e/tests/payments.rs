//! Paying an invoice, from one process to another.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use boltill_e2e::{NetworkError, Node, SOON, invoice, line_of, listed, wait_for};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn alice_pays_bobs_invoice() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    pays(network.node("alice")?, network.node("bob")?, 25_000_000).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn alice_pays_carol_through_bob() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let sent = pays(network.node("alice")?, network.node("carol")?, 25_000_000).await?;
    assert!(
        sent > 25_000_000,
        "bob forwards for a fee, and {sent} msat leave nothing for him"
    );
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_too_large_for_any_channel_goes_over_two() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let open = json!({"id": bob.id(), "amount": 10_000_000, "announce": false});
    alice.call("fundchannel", open).await?;
    network.mine(6).await?;
    wait_for("both channels are usable", SOON, async || {
        let channels = alice.call("listpeerchannels", json!({})).await?;
        let channels = channels["channels"].as_array().cloned().unwrap_or_default();
        let usable = channels
            .iter()
            .filter(|channel| channel["state"] == "CHANNELD_NORMAL");
        Ok((usable.count() == 2).then_some(()))
    })
    .await?;
    // The first channel has 5,000,000 sat of hers, the second 10,000,000.
    pays(alice, bob, 12_000_000_000).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_invoice_and_a_spontaneous_payment_are_paid() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let own = invoice(bob, 1_000, "own").await?;
    let paid = bob.call("pay", json!({"bolt11": own})).await?;
    assert_eq!(
        (&paid["status"], &paid["amount_sent_msat"]),
        (&json!("complete"), &json!(1_000))
    );
    assert_eq!(
        listed(bob, "own").await?["payment_preimage"],
        paid["payment_preimage"]
    );

    let sent = alice
        .call("keysend", json!({"destination": bob.id(), "amount_msat": 2_000}))
        .await?;
    assert_eq!(sent["status"], "complete");
    let received = bob.call("waitanyinvoice", json!({"lastpay_index": 1})).await?;
    assert_eq!(received["amount_received_msat"], 2_000);
    assert_eq!(received["payment_preimage"], sent["payment_preimage"]);
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn paying_twice_pays_once_and_a_payment_that_cannot_arrive_costs_nothing() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let bolt11 = invoice(bob, 5_000_000, "once").await?;
    let first = alice.call("pay", json!({"bolt11": bolt11})).await?;
    let again = alice.call("pay", json!({"bolt11": bolt11})).await?;
    assert_eq!(first["payment_preimage"], again["payment_preimage"]);
    let pays = alice.call("listpays", json!({"bolt11": bolt11})).await?;
    assert_eq!(pays["pays"].as_array().map(Vec::len), Some(1));

    let too_much = invoice(bob, 900_000_000_000, "too much").await?;
    let refusal = alice.call("pay", json!({"bolt11": too_much})).await.unwrap_err();
    assert_eq!(refusal.code(), Some(205), "{refusal}");
    assert_eq!(listed(bob, "too much").await?["status"], "unpaid");
    let deleted = json!({"label": "too much", "status": "unpaid"});
    bob.call("delinvoice", deleted).await?;
    let gone = invoice(bob, 1_000, "gone").await?;
    bob.call("delinvoice", json!({"label": "gone", "status": "unpaid"}))
        .await?;
    let refusal = alice.call("pay", json!({"bolt11": gone})).await.unwrap_err();
    assert_eq!(refusal.code(), Some(203), "{refusal}");
    let balance = alice.call("listpeerchannels", json!({})).await?;
    assert_eq!(
        balance["channels"][0]["to_us_msat"],
        5_000_000_000_u64 - 5_000_000
    );
    network.stop().await;
    Ok(())
}

/// Has the payer pay an invoice of the payee, compares what both say about it, and gives what was sent in msat.
async fn pays(payer: &Node, payee: &Node, amount_msat: u64) -> Result<u64, NetworkError> {
    let bolt11 = invoice(payee, amount_msat, "coffee").await?;
    assert_eq!(listed(payee, "coffee").await?["status"], "unpaid");

    let payment = payer.call("pay", json!({"bolt11": bolt11})).await?;
    assert_eq!(payment["status"], "complete");
    assert_eq!(payment["amount_msat"], amount_msat);
    assert_eq!(payment["destination"], payee.id());

    let paid = payee.call("waitinvoice", json!({"label": "coffee"})).await?;
    assert_eq!(paid["status"], "paid");
    assert_eq!(paid["pay_index"], 1);
    assert_eq!(paid["amount_received_msat"], amount_msat);
    assert_eq!(paid["payment_preimage"], payment["payment_preimage"]);
    assert_eq!(listed(payee, "coffee").await?, paid);
    Ok(payment["amount_sent_msat"].as_u64().unwrap_or_default())
}
