//! Collecting: `sendinvoice`, as the one who reads a code.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod code;

use boltill::{CallError, RpcError};
use boltill_e2e::channels::{all_announced, channels_of, leads_to, open, usable_channel};
use boltill_e2e::{NetworkError, Node, SOON, line_of, listed, unconnected, wait_for};
use code::{INVREQ_CHAIN, OFFER_ABSOLUTE_EXPIRY, OFFER_DESCRIPTION, SIGNATURE, with_record};
use serde_json::{Value, json};

const AMOUNT_MSAT: u64 = 30_000_000;
const SIGNET: &str = "f61eee3b63a380a477a063af32b2bbc97c9ff9f01f2c4225e973988108000000";

/// A code of 30,000 sat in both dialects.
async fn code(payer: &Node) -> Result<(String, String), NetworkError> {
    code_of(payer, AMOUNT_MSAT).await
}

async fn code_of(payer: &Node, amount_msat: u64) -> Result<(String, String), NetworkError> {
    let params = json!({"amount": amount_msat, "description": "cash", "dialect": "both"});
    let made = payer.call("invoicerequest", params).await?;
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    Ok((text("bolt12"), text("bolt12_unsigned")))
}

/// Collects, with these parameters beside the code and the label.
async fn collect(payee: &Node, code: &str, label: &str, more: Value) -> Result<Value, CallError> {
    let mut params = json!({"invreq": code, "label": label, "timeout": SOON.as_secs()});
    for (name, value) in more.as_object().unwrap() {
        params[name] = value.clone();
    }
    payee.client().call("sendinvoice", params).await
}

/// Collects in vain.
async fn refused(payee: &Node, code: &str, label: &str, more: Value) -> RpcError {
    match collect(payee, code, label, more).await {
        Err(CallError::Rpc(error)) => *error,
        other => panic!("{label}: {other:?}"),
    }
}

/// Collects, and checks what is answered.
async fn paid(
    payee: &Node,
    code: &str,
    label: &str,
    amount_msat: u64,
    more: Value,
) -> Result<(), NetworkError> {
    let paid = match collect(payee, code, label, more).await {
        Ok(paid) => paid,
        Err(error) => panic!("{label} is not paid: {error}"),
    };
    assert_eq!(paid["status"], "paid");
    assert_eq!(paid["amount_msat"], amount_msat);
    assert_eq!(paid["amount_received_msat"], amount_msat);
    assert_eq!(paid["description"], "cash");
    assert!(paid["bolt12"].as_str().unwrap().starts_with("lni1"));
    assert_eq!(paid, listed(payee, label).await?);
    assert_eq!(paid, payee.call("waitinvoice", json!({"label": label})).await?);
    let decoded = payee.call("decode", json!([paid["bolt12"]])).await?;
    assert_eq!(decoded["valid"], true, "{decoded}");
    assert_eq!(decoded["invoice_payment_hash"], paid["payment_hash"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_collected_by_a_neighbour_and_from_afar_and_no_other_code_is() -> Result<(), NetworkError> {
    let network = line_of(4).await;
    let (alice, carol, dave) = (
        network.node("alice")?,
        network.node("carol")?,
        network.node("dave")?,
    );
    let (signed, _) = code(dave).await?;
    paid(carol, &signed, "from the neighbour", AMOUNT_MSAT, json!({})).await?;
    all_announced(&network).await?;
    let (_, unsigned) = code(dave).await?;
    paid(
        alice,
        &unsigned.to_uppercase(),
        "from afar",
        AMOUNT_MSAT,
        json!({}),
    )
    .await?;
    // The payer hears of it last.
    wait_for("dave knows that it is paid", SOON, async || {
        let requests = dave
            .call("listinvoicerequests", json!({"active_only": true}))
            .await?;
        Ok((requests["invoicerequests"] == json!([])).then_some(()))
    })
    .await?;
    let again = refused(alice, &unsigned, "again", json!({})).await;
    assert_eq!(
        (again.code, again.message.as_str()),
        (1004, "Remote node sent failure message")
    );
    let words = again.data.unwrap()["error"].as_str().unwrap().to_owned();
    assert!(words.contains(": invoice_request no longer available"), "{words}");

    // The amount is the payee's to lower.
    let (signed, _) = code(dave).await?;
    let more = refused(alice, &signed, "more", json!({"amount_msat": AMOUNT_MSAT + 1})).await;
    assert_eq!(more.code, 1004, "{more}");
    let data = more.data.unwrap();
    assert_eq!(
        (&data["erroneous_field"], &data["suggested_value"]),
        (&json!(170), &json!("01c9c380"))
    );
    assert_eq!(listed(alice, "more").await?["status"], "unpaid");
    let params = json!({"offer": signed, "label": "less", "msatoshi": "1sat"});
    let less = alice.call("sendinvoice", params).await?;
    assert_eq!(
        (&less["status"], &less["amount_received_msat"]),
        (&json!("paid"), &json!(1_000))
    );

    // Refused by the payer: it is a request that it has not made.
    let (signed, unsigned) = code(dave).await?;
    let changed = with_record(&unsigned, OFFER_DESCRIPTION, b"more cash");
    let unknown = refused(alice, &changed, "changed", json!({})).await;
    assert_eq!(unknown.code, 1004, "{unknown}");
    refused_here(alice, &signed, &unsigned).await?;

    // A label is taken even where nothing was paid; the request is looked at first.
    let taken = refused(alice, &signed, "more", json!({})).await;
    assert_eq!((taken.code, &taken.data.unwrap()["label"]), (900, &json!("more")));
    let expired = with_record(&unsigned, OFFER_ABSOLUTE_EXPIRY, &[1]);
    assert_eq!(refused(alice, &expired, "more", json!({})).await.code, 1002);
    paid(
        alice,
        &signed,
        "none of this has used the code",
        AMOUNT_MSAT,
        json!({}),
    )
    .await?;
    network.stop().await;
    Ok(())
}

/// What is refused before there is an invoice.
async fn refused_here(alice: &Node, signed: &str, unsigned: &str) -> Result<(), NetworkError> {
    let expired = with_record(unsigned, OFFER_ABSOLUTE_EXPIRY, &[1]);
    let elsewhere: Vec<u8> = (0..64)
        .step_by(2)
        .map(|at| u8::from_str_radix(&SIGNET[at..at + 2], 16).unwrap())
        .collect();
    let quantity = json!({"quantity": 1});
    for (code, more, number, words) in [
        (
            with_record(signed, SIGNATURE, &[1; 64]),
            json!({}),
            -32602,
            "Invalid signature",
        ),
        (
            with_record(signed, OFFER_DESCRIPTION, b"more"),
            json!({}),
            -32602,
            "Invalid signature",
        ),
        (
            with_record(unsigned, INVREQ_CHAIN, &elsewhere),
            json!({}),
            -32602,
            "wrong chain",
        ),
        (format!("{signed}+"), json!({}), -32602, "unfinished string"),
        (signed.to_owned(), quantity, -32602, "quantity"),
        (expired, json!({}), 1002, "expired"),
    ] {
        let refusal = refused(alice, &code, "refused", more).await;
        assert_eq!(refusal.code, number, "{refusal}");
        assert!(refusal.message.contains(words), "{refusal}");
    }
    assert_eq!(listed(alice, "refused").await?, Value::Null);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_unannounced_channels_alone_collects_and_is_collected_from() -> Result<(), NetworkError> {
    let network = unconnected(3).await;
    let (alice, bob, carol) = (
        network.node("alice")?,
        network.node("bob")?,
        network.node("carol")?,
    );
    open(&network, alice, bob, json!({})).await?;
    usable_channel(alice, bob, true).await?;
    open(&network, bob, carol, json!({"announce": false})).await?;
    usable_channel(bob, carol, false).await?;
    wait_for("carol knows the way to alice", SOON, async || {
        let known = carol
            .call("listchannels", json!({"destination": alice.id()}))
            .await?;
        Ok((known["channels"] != json!([])).then_some(()))
    })
    .await?;
    leads_to(carol).await?;
    let (signed, _) = code(alice).await?;
    paid(carol, &signed, "to carol", AMOUNT_MSAT, json!({})).await?;
    // She keeps a reserve and what her channel costs.
    let (signed, _) = code_of(carol, 1_000_000).await?;
    paid(alice, &signed, "to alice", 1_000_000, json!({})).await?;
    let nodes = alice.call("listnodes", json!({"id": carol.id()})).await?;
    assert_eq!(nodes["nodes"], json!([]), "carol is still nobody");
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_without_connections_makes_one_if_it_may() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let (signed, unsigned) = code(bob).await?;
    alice
        .restart_with(&["--offline", "--fetchinvoice-noconnect"])
        .await?;
    let forbidden = refused(alice, &signed, "forbidden", json!({})).await;
    assert_eq!(forbidden.code, 1003, "{forbidden}");
    let why = "fetchinvoice-noconnect set: not initiating a new connection";
    assert!(
        forbidden
            .message
            .starts_with("Failed: could not route or connect directly to "),
        "{forbidden}"
    );
    assert!(forbidden.message.ends_with(why), "{forbidden}");
    assert_eq!(listed(alice, "forbidden").await?["status"], "unpaid");

    alice.restart_with(&["--offline"]).await?;
    paid(alice, &unsigned, "connected", AMOUNT_MSAT, json!({})).await?;

    // Whoever is announced with an address needs no paths in the code.
    let announce = format!("--announce-addr={}", bob.p2p());
    bob.restart_with(&[&announce]).await?;
    alice.restart().await?;
    wait_for("both know bob's address", SOON, async || {
        let known = async |node: &Node| {
            let nodes = node.call("listnodes", json!({"id": bob.id()})).await?;
            Ok::<_, NetworkError>(nodes["nodes"][0]["addresses"][0]["port"].is_u64())
        };
        Ok((known(alice).await? && known(bob).await?).then_some(()))
    })
    .await?;
    let (by_id, _) = code(bob).await?;
    let (in_vain, _) = code(bob).await?;
    let decoded = bob.call("decode", json!([by_id])).await?;
    assert!(decoded.get("invreq_paths").is_none(), "{decoded}");
    alice.restart_with(&["--offline"]).await?;
    paid(alice, &by_id, "by its id", AMOUNT_MSAT, json!({})).await?;

    bob.kill().await;
    wait_for("alice sees that bob has gone", SOON, async || {
        let channels = channels_of(alice).await?;
        Ok((channels[0]["peer_connected"] == false).then_some(()))
    })
    .await?;
    let unreachable = refused(alice, &in_vain, "unreachable", json!({})).await;
    assert_eq!(unreachable.code, 1003, "{unreachable}");
    let words = format!("Failed: could not route or connect directly to {}: ", bob.id());
    assert!(unreachable.message.starts_with(&words), "{unreachable}");
    assert_eq!(listed(alice, "unreachable").await?["status"], "unpaid");
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_falls_silent_or_hangs_up_or_is_killed_loses_nothing() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let (late, _) = code(bob).await?;
    let (hung_up, _) = code(bob).await?;
    bob.freeze().await;
    let timed_out = refused(alice, &late, "late", json!({"timeout": 2})).await;
    assert_eq!(
        (timed_out.code, timed_out.message.as_str()),
        (1005, "Failed: timeout waiting for response")
    );
    assert_eq!(listed(alice, "late").await?["status"], "expired");
    let client = alice.client().clone();
    let params = json!({"invreq": hung_up, "label": "hung up", "timeout": SOON.as_secs()});
    let call = tokio::spawn(async move { client.call("sendinvoice", params).await });
    gone_out(alice, 2).await?;
    call.abort();
    bob.thaw().await;
    let paid_to_nobody = alice.call("waitinvoice", json!({"label": "hung up"})).await?;
    assert_eq!(paid_to_nobody["status"], "paid");
    // Bob has read both by now, in their order.
    assert_eq!(paid_out(bob, &late).await?["used"], false);

    let (signed, _) = code(bob).await?;
    bob.freeze().await;
    let client = alice.client().clone();
    let params = json!({"invreq": signed, "label": "killed", "timeout": SOON.as_secs()});
    let call = tokio::spawn(async move { client.call("sendinvoice", params).await });
    gone_out(alice, 3).await?;
    alice.freeze().await;
    bob.thaw().await;
    wait_for("bob's payment is under way", SOON, async || {
        Ok((paid_out(bob, &signed).await?["pending_count"] == 1).then_some(()))
    })
    .await?;
    alice.kill().await;
    call.await.unwrap().unwrap_err();
    alice.restart().await?;
    let paid = alice.call("waitinvoice", json!({"label": "killed"})).await?;
    assert_eq!(paid["amount_received_msat"], AMOUNT_MSAT);
    wait_for("bob knows that it is paid", SOON, async || {
        Ok((paid_out(bob, &signed).await?["paid_count"] == 1).then_some(()))
    })
    .await?;
    assert_eq!(listed(alice, "late").await?["status"], "expired");
    network.stop().await;
    Ok(())
}

/// Waits until a node has sent so many invoices.
async fn gone_out(node: &Node, invoices: usize) -> Result<(), NetworkError> {
    wait_for("the invoice has gone out", SOON, async || {
        let log = std::fs::read_to_string(node.log()).unwrap();
        let count = log.matches("an invoice has gone to the payer").count();
        Ok((count >= invoices).then_some(()))
    })
    .await
}

/// What a node has paid for a code of its own.
async fn paid_out(node: &Node, code: &str) -> Result<Value, NetworkError> {
    let all = node.call("listinvoicerequests", json!({"details": true})).await?;
    let all = all["invoicerequests"].as_array().cloned().unwrap_or_default();
    Ok(all.into_iter().find(|entry| entry["bolt12"] == code).unwrap())
}
