//! Paying out: a code is shown, whoever reads it sends an invoice over the network, and is paid.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use boltill::CallError;
use boltill_e2e::channels::{all_announced, open, usable_channel};
use boltill_e2e::flight::{held, release};
use boltill_e2e::{NetworkError, Node, SOON, line_of, listed, unconnected, wait_for};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const AMOUNT_MSAT: u64 = 25_000_000;

/// Has a node make a code, with these parameters besides.
async fn code(payer: &Node, more: Value) -> Result<Value, NetworkError> {
    let mut params = json!({"amount": AMOUNT_MSAT, "description": "cash"});
    for (name, value) in more.as_object().unwrap() {
        params[name] = value.clone();
    }
    payer.call("invoicerequest", params).await
}

/// Has a node collect, and gives the invoice as it is when it is paid, or the error.
async fn collect(payee: &Node, code: &Value, label: &str) -> Result<Value, CallError> {
    let params = json!({"invreq": code, "label": label, "timeout": SOON.as_secs()});
    payee.client().call("sendinvoice", params).await
}

/// Has a node collect, and checks that it is paid.
async fn paid(payee: &Node, code: &Value, label: &str) -> Value {
    match collect(payee, code, label).await {
        Ok(invoice) => {
            assert_eq!(invoice["status"], "paid", "{invoice}");
            assert_eq!(invoice["amount_received_msat"], AMOUNT_MSAT, "{invoice}");
            invoice
        }
        Err(error) => panic!("{label} is not paid: {error:?}"),
    }
}

/// Has a node collect, and gives the payer's reason not to pay.
async fn refused(payee: &Node, code: &Value, label: &str) -> String {
    let error = match collect(payee, code, label).await {
        Err(CallError::Rpc(error)) => error,
        other => panic!("{label} was not refused: {other:?}"),
    };
    assert_eq!(error.code, 1004, "{error:?}");
    let data = error.data.expect("the payer's own words");
    let words = data["error"].as_str().expect("words");
    let (invoice, reason) = words.split_once(": ").expect("an invoice and a reason");
    assert!(invoice.starts_with("Failed invoice lni1"), "{words}");
    reason.to_owned()
}

/// The code's entry, with all details.
async fn entry(payer: &Node, code: &Value) -> Result<Value, NetworkError> {
    let params = json!({"invreq_id": code["invreq_id"], "details": true});
    let answer = payer.call("listinvoicerequests", params).await?;
    Ok(answer["invoicerequests"][0].clone())
}

/// Waits until the payer knows that so many payments for the code have arrived.
async fn settled(payer: &Node, code: &Value, count: u64) -> Result<Value, NetworkError> {
    let what = format!("{} has paid {count} times", payer.name());
    wait_for(&what, SOON, || async {
        let entry = entry(payer, code).await?;
        Ok((entry["paid_count"] == count && entry["pending_count"] == 0).then_some(entry))
    })
    .await
}

/// Waits until all these nodes have heard of that one and of its channels.
async fn known(node: &Node, by: &[&Node]) -> Result<(), NetworkError> {
    for other in by {
        let what = format!("{} knows {}", other.name(), node.name());
        wait_for(&what, SOON, || async {
            let nodes = other.call("listnodes", json!({"id": node.id()})).await?;
            let channels = other.call("listchannels", json!({"source": node.id()})).await?;
            let channels = channels["channels"].as_array().map_or(0, Vec::len);
            let announced = nodes["nodes"][0]["last_timestamp"].is_u64();
            Ok((announced && channels > 0).then_some(()))
        })
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_paid_once_in_either_dialect_and_what_was_paid_is_listed() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let made = code(alice, json!({"label": "atm"})).await?;
    let names: Vec<_> = made.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        names,
        ["invreq_id", "active", "single_use", "bolt12", "used", "label"]
    );
    let invoice = paid(bob, &made["bolt12"], "first").await;
    let details = settled(alice, &made, 1).await?;
    assert_eq!(
        (&details["active"], &details["used"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(details["paid_msat"], AMOUNT_MSAT);
    let payouts = details["payouts"].as_array().unwrap();
    assert_eq!(payouts.len(), 1);
    assert_eq!(payouts[0]["status"], "complete");
    assert_eq!(payouts[0]["payment_hash"], invoice["payment_hash"]);
    assert_eq!(
        refused(bob, &made["bolt12"], "second").await,
        "invoice_request no longer available: it has been paid"
    );
    let waited = alice
        .call("wait", json!(["invoicerequests", "updated", 0]))
        .await?;
    assert_eq!(waited["updated"], 2, "begun and paid");

    let both = code(alice, json!({"dialect": "both", "single_use": false})).await?;
    paid(bob, &both["bolt12"], "signed").await;
    paid(bob, &both["bolt12_unsigned"], "unsigned").await;
    settled(alice, &both, 2).await?;

    // What was made before a restart is what it was.
    let before = code(alice, json!({"dialect": "unsigned"})).await?;
    alice.restart().await?;
    usable_channel(bob, alice, true).await?;
    paid(bob, &before["bolt12"], "after a restart").await;
    settled(alice, &before, 1).await?;
    assert_eq!(
        refused(bob, &made["bolt12"], "after a restart, again").await,
        "invoice_request no longer available: it has been paid"
    );
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_disabled_expired_or_at_its_limit_is_not_paid() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, carol) = (network.node("alice")?, network.node("carol")?);
    all_announced(&network).await?;
    let disabled = code(alice, json!({})).await?;
    alice
        .call("disableinvoicerequest", json!([disabled["invreq_id"]]))
        .await?;
    assert_eq!(
        refused(carol, &disabled["bolt12"], "disabled").await,
        "invoice_request no longer available: it was disabled"
    );

    let brief = wait_for("a code is made that expires soon", SOON, || async {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        // One that has expired before it is made is refused.
        Ok(code(alice, json!({"absolute_expiry": now + 2})).await.ok())
    })
    .await?;
    wait_for("the code expires", SOON, || async {
        Ok((entry(alice, &brief).await?["active"] == false).then_some(()))
    })
    .await?;
    let error = collect(carol, &brief["bolt12"], "expired").await.unwrap_err();
    assert_eq!(error.code(), Some(1002), "{error}");

    let limits = json!({"single_use": false, "max_payments": 3, "max_total_msat": 2 * AMOUNT_MSAT + 1});
    let limited = code(alice, limits).await?;
    paid(carol, &limited["bolt12"], "one").await;
    paid(carol, &limited["bolt12"], "two").await;
    assert_eq!(
        refused(carol, &limited["bolt12"], "three").await,
        "invoice_request has no more than 1msat left to pay"
    );
    let details = settled(alice, &limited, 2).await?;
    assert_eq!(
        (&details["active"], &details["used"]),
        (&json!(true), &json!(true))
    );

    let interval = json!({"single_use": false, "min_interval": 86_400});
    let seldom = code(alice, interval).await?;
    paid(carol, &seldom["bolt12"], "today").await;
    let reason = refused(carol, &seldom["bolt12"], "today, again").await;
    assert!(
        reason.starts_with("invoice_request is not paid again for 86"),
        "{reason}"
    );
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_more_is_refused_and_who_asks_for_less_gets_that() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let made = code(alice, json!({})).await?;
    let ask = |amount_msat: u64| {
        let label = format!("for {amount_msat}");
        let params = json!({"invreq": made["bolt12"], "label": label, "timeout": SOON.as_secs(), "amount_msat": amount_msat});
        bob.client().call("sendinvoice", params)
    };
    let Err(CallError::Rpc(refusal)) = ask(AMOUNT_MSAT + 1).await else {
        panic!("more was not refused");
    };
    assert_eq!(refusal.code, 1004, "{refusal:?}");
    let data = refusal.data.expect("the payer's own words");
    let words = data["error"].as_str().unwrap();
    assert!(words.contains(": invoice amount is too large"), "{words}");
    assert_eq!(data["erroneous_field"], 170, "{data}");
    let less = ask(AMOUNT_MSAT / 2).await.expect("less is paid");
    assert_eq!(less["amount_received_msat"], AMOUNT_MSAT / 2, "{less}");
    let details = settled(alice, &made, 1).await?;
    assert_eq!(
        (&details["active"], &details["paid_msat"]),
        (&json!(false), &json!(AMOUNT_MSAT / 2))
    );

    // Alice may collect her own, too: no money moves.
    let own = code(alice, json!({})).await?;
    paid(alice, &own["bolt12"], "own").await;
    settled(alice, &own, 1).await?;
    assert_eq!(
        refused(alice, &own["bolt12"], "own, again").await,
        "invoice_request no longer available: it has been paid"
    );
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_that_nobody_can_find_is_reached_through_its_public_neighbour() -> Result<(), NetworkError> {
    let network = unconnected(3).await;
    let (alice, bob, carol) = (
        network.node("alice")?,
        network.node("bob")?,
        network.node("carol")?,
    );
    open(&network, alice, bob, json!({"announce": false})).await?;
    open(&network, bob, carol, json!({})).await?;
    usable_channel(alice, bob, false).await?;
    usable_channel(bob, carol, true).await?;
    known(bob, &[alice, carol]).await?;
    known(carol, &[alice]).await?;
    let made = code(alice, json!({})).await?;
    let decoded = alice.call("decode", json!([made["bolt12"]])).await?;
    let paths = decoded["invreq_paths"].as_array().expect("paths");
    assert_eq!(paths.len(), 1, "{decoded}");
    paid(carol, &made["bolt12"], "first").await;
    settled(alice, &made, 1).await?;
    assert_eq!(
        refused(carol, &made["bolt12"], "second").await,
        "invoice_request no longer available: it has been paid"
    );
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_that_is_killed_while_it_pays_pays_once() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let made = code(alice, json!({})).await?;
    held(bob).await?;
    let (client, params) = (
        bob.client().clone(),
        json!({"invreq": made["bolt12"], "label": "held", "timeout": 600}),
    );
    let collecting = tokio::spawn(async move { client.call("sendinvoice", params).await });
    wait_for("bob holds the payment", SOON, || async {
        Ok((held(bob).await? == 1).then_some(()))
    })
    .await?;
    assert_eq!(
        refused(bob, &made["bolt12"], "too late").await,
        "already in progress"
    );
    alice.kill().await;
    alice.restart().await?;
    usable_channel(bob, alice, true).await?;
    assert_eq!(
        refused(bob, &made["bolt12"], "still too late").await,
        "already in progress"
    );
    // Whatever is asked for while it is under way.
    alice
        .call("disableinvoicerequest", json!([made["invreq_id"]]))
        .await?;
    release(bob).await?;
    let invoice = collecting.await.unwrap().expect("it is paid");
    assert_eq!(invoice["status"], "paid", "{invoice}");
    let details = settled(alice, &made, 1).await?;
    assert_eq!(
        (&details["active"], &details["used"]),
        (&json!(false), &json!(true))
    );
    assert_ne!(listed(bob, "too late").await?["status"], "paid");
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_fails_is_told_and_the_code_can_be_used_again() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let more = json!({"amount": 900_000_000_000_u64});
    let made = code(alice, more).await?;
    let reason = refused(bob, &made["bolt12"], "too much for the channel").await;
    assert!(reason.starts_with("pay attempt failed: \""), "{reason}");
    let details = entry(alice, &made).await?;
    assert_eq!(
        (&details["active"], &details["used"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(details["payouts"][0]["status"], "failed");
    network.stop().await;
    Ok(())
}
