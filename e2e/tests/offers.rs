//! Offers: a code that anybody pays, again and again, for which invoices are fetched over the network.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use boltill::CallError;
use boltill_e2e::channels::{all_announced, leads_to, open, usable_channel};
use boltill_e2e::{Books, NetworkError, Node, SOON, line_of, unconnected, wait_for};
use serde_json::{Value, json};

/// Has a node call a command that is refused; gives the number and the words.
async fn refused(node: &Node, method: &str, params: Value) -> (i64, String) {
    match node.client().call(method, params).await {
        Err(CallError::Rpc(error)) => {
            let data = error.data.as_ref().and_then(|data| data["error"].as_str());
            (error.code, data.unwrap_or(&error.message).to_owned())
        }
        other => panic!("{method} was not refused: {other:?}"),
    }
}

/// The invoice with that text, as its maker has it.
async fn filed(node: &Node, invoice: &Value) -> Result<Value, NetworkError> {
    let found = node.call("listinvoices", json!({"invstring": invoice})).await?;
    Ok(found["invoices"][0].clone())
}

async fn is_used(node: &Node, offer: &Value) -> Result<(), NetworkError> {
    wait_for("the offer is used", SOON, || async {
        let listed = node.call("listoffers", json!([offer["offer_id"]])).await?;
        Ok((listed["offers"][0]["used"] == true).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_is_paid_over_three_nodes_by_invoice_and_at_once() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, carol) = (network.node("alice")?, network.node("carol")?);
    let books = Books::open(&network).await?;
    all_announced(&network).await?;
    let several = json!({"amount": "10000sat", "description": "coffee", "quantity_max": 5, "label": "menu"});
    let offer = carol.call("offer", several).await?;
    assert_eq!(
        (&offer["active"], &offer["created"]),
        (&json!(true), &json!(true))
    );
    let asking = json!({"offer": offer["bolt12"], "quantity": 2, "payer_note": "no sugar"});
    let fetched = alice.call("fetchinvoice", asking).await?;
    assert_eq!(fetched["changes"], json!({}));
    let decoded = alice.call("decode", json!([fetched["invoice"]])).await?;
    assert_eq!(decoded["offer_id"], offer["offer_id"]);
    assert_eq!(decoded["invoice_amount_msat"], 20_000_000);
    let paid = alice.call("pay", json!([fetched["invoice"]])).await?;
    assert_eq!(paid["amount_msat"], 20_000_000, "{paid}");
    let invoice = wait_for("carol has it paid", SOON, || async {
        let invoice = filed(carol, &fetched["invoice"]).await?;
        Ok((invoice["status"] == "paid").then_some(invoice))
    })
    .await?;
    assert_eq!(invoice["local_offer_id"], offer["offer_id"]);
    assert_eq!(invoice["invreq_payer_note"], "no sugar");
    is_used(carol, &offer).await?;

    let tips = carol.call("offer", json!(["any", "tip jar"])).await?;
    let tip = json!({"invstring": tips["bolt12"], "amount_msat": "7sat", "payer_note": "keep it"});
    let paid = alice.call("xpay", tip).await?;
    assert_eq!(paid["amount_msat"], 7_000, "{paid}");
    let paid = alice
        .call("pay", json!({"bolt11": tips["bolt12"], "amount_msat": "8sat"}))
        .await?;
    assert_eq!(paid["amount_msat"], 8_000, "each time for an invoice of its own");
    assert_eq!(
        refused(alice, "fetchinvoice", json!([tips["bolt12"]])).await,
        (-32602, "amount_msat parameter required".to_owned())
    );
    books.balance(&network).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_is_over_is_refused_and_one_for_a_single_use_is_paid_once() -> Result<(), NetworkError>
{
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let single = json!({"amount": 1_000, "description": "ticket", "single_use": true});
    let single = bob.call("offer", single).await?;
    let first = alice.call("fetchinvoice", json!([single["bolt12"]])).await?;
    let second = alice.call("fetchinvoice", json!([single["bolt12"]])).await?;
    alice.call("pay", json!([first["invoice"]])).await?;
    is_used(bob, &single).await?;
    assert_eq!(filed(bob, &second["invoice"]).await?["status"], "expired");
    let (code, words) = refused(alice, "pay", json!([second["invoice"]])).await;
    assert_eq!(code, 203, "{words}");
    let (code, words) = refused(alice, "fetchinvoice", json!([single["bolt12"]])).await;
    assert_eq!(code, 1004);
    assert!(words.ends_with(": Offer no longer available"), "{words}");

    // Without paths, which differ each time, the same offer is one offer.
    let coffee = json!({"amount": 1_000, "description": "coffee", "fronting_nodes": []});
    let offer = bob.call("offer", coffee.clone()).await?;
    let disabled = bob.call("disableoffer", json!([offer["offer_id"]])).await?;
    assert_eq!(disabled["active"], false);
    let (code, _) = refused(bob, "disableoffer", json!([offer["offer_id"]])).await;
    assert_eq!(code, 1001);
    let (code, words) = refused(alice, "xpay", json!([offer["bolt12"]])).await;
    assert_eq!(code, 1004, "{words}");
    let (code, _) = refused(bob, "offer", coffee).await;
    assert_eq!(code, 1000);
    bob.call("enableoffer", json!([offer["offer_id"]])).await?;
    let (code, _) = refused(bob, "enableoffer", json!([offer["offer_id"]])).await;
    assert_eq!(code, 1006);
    bob.restart().await?;
    usable_channel(alice, bob, true).await?;
    alice.call("xpay", json!([offer["bolt12"]])).await?;
    let active = bob.call("listoffers", json!({"active_only": true})).await?;
    assert_eq!(active["offers"].as_array().unwrap().len(), 1);

    let over = json!({"amount": 1_000, "description": "tea", "absolute_expiry": 1});
    let over = bob.call("offer", over).await?;
    let (code, _) = refused(alice, "fetchinvoice", json!([over["bolt12"]])).await;
    assert_eq!(code, 1002);
    bob.freeze().await;
    let silent = json!({"offer": offer["bolt12"], "timeout": 1});
    let (code, words) = refused(alice, "fetchinvoice", silent).await;
    assert_eq!(code, 1005, "{words}");
    bob.thaw().await;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_nobody_knows_is_paid_by_the_paths_of_its_offer() -> Result<(), NetworkError> {
    let network = unconnected(3).await;
    let (alice, bob, carol) = (
        network.node("alice")?,
        network.node("bob")?,
        network.node("carol")?,
    );
    open(&network, alice, bob, json!({"push_msat": "500000sat"})).await?;
    open(
        &network,
        bob,
        carol,
        json!({"announce": false, "push_msat": "500000sat"}),
    )
    .await?;
    usable_channel(alice, bob, true).await?;
    usable_channel(bob, carol, false).await?;
    wait_for("alice knows bob", SOON, || async {
        let nodes = alice.call("listnodes", json!([bob.id()])).await?;
        Ok(nodes["nodes"][0]["last_timestamp"].is_u64().then_some(()))
    })
    .await?;
    leads_to(carol).await?;
    let offer = carol.call("offer", json!(["25sat", "lemonade"])).await?;
    let decoded = alice.call("decode", json!([offer["bolt12"]])).await?;
    assert_eq!(decoded["offer_paths"][0]["first_node_id"], bob.id());
    let paid = alice.call("xpay", json!([offer["bolt12"]])).await?;
    assert_eq!(paid["amount_msat"], 25_000, "{paid}");
    is_used(carol, &offer).await?;
    network.stop().await;
    Ok(())
}
