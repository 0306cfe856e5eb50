//! BOLT 11 invoices, and payments in every state.

use crate::{Nodes, call, refused};
use boltill::Client;
use boltill_e2e::flight::{Flight, release};
use boltill_e2e::{SOON, wait_for};
use serde_json::{Value, json};

pub async fn use_them(nodes: &Nodes) {
    make(&nodes.carol).await;
    pay(nodes).await;
    pay_by_routes(nodes).await;
    look_while_under_way(nodes).await;
    list(nodes).await;
    delete(nodes).await;
}

async fn make(carol: &Client) {
    let address = call(carol, "newaddr", json!(["p2tr"])).await["p2tr"].clone();
    let full = json!({"amount_msat": 5000, "label": "full", "description": "all of it", "expiry": 900, "fallbacks": [address],
        "preimage": "11".repeat(32), "exposeprivatechannels": true, "cltv": 30});
    let full = call(carol, "invoice", full).await;
    let hashed =
        json!({"amount_msat": "any", "label": "hashed", "description": "a long story", "deschashonly": true});
    let hashed = call(carol, "invoice", hashed).await;
    let huge = json!({"amount_msat": 900_000_000_000_u64, "label": "huge", "description": "a house"});
    call(carol, "invoice", huge).await;
    let short = json!({"amount_msat": 1, "label": "short", "description": "", "expiry": 1});
    call(carol, "invoice", short).await;
    let expired = async || {
        let listed = call(carol, "listinvoices", json!(["short"])).await;
        Ok((listed["invoices"][0]["status"] == "expired").then_some(()))
    };
    wait_for("the invoice has expired", SOON, expired).await.unwrap();
    refused(carol, "waitinvoice", json!(["short"])).await;
    call(carol, "decode", json!([hashed["bolt11"]])).await;
    refused(carol, "decode", json!(["lnbcrt1nonsense"])).await;
    let signed = call(carol, "signinvoice", json!([hashed["bolt11"]])).await;
    assert!(signed["bolt11"].is_string());
    call(carol, "delinvoice", json!(["full", "unpaid"])).await;
    let anew = json!({"invstring": full["bolt11"], "label": "full", "preimage": "11".repeat(32)});
    call(carol, "createinvoice", anew).await;
    call(
        carol,
        "delinvoice",
        json!({"label": "hashed", "status": "unpaid", "desconly": true}),
    )
    .await;
}

/// Has an invoice made and gives it with its hash and its secret.
async fn invoice(node: &Client, label: &str, amount_msat: u64) -> Value {
    call(node, "invoice", json!([amount_msat, label, "a thing"])).await
}

async fn pay(nodes: &Nodes) {
    let (alice, carol) = (&nodes.alice, &nodes.carol);
    let coffee = invoice(carol, "coffee", 50_000_000).await;
    call(alice, "preapproveinvoice", json!([coffee["bolt11"]])).await;
    let paid = json!({"bolt11": coffee["bolt11"], "label": "breakfast", "maxfeepercent": 1});
    call(alice, "pay", paid.clone()).await;
    call(alice, "pay", paid).await;
    call(carol, "waitinvoice", json!(["coffee"])).await;
    call(carol, "waitanyinvoice", json!([0, 10])).await;
    let tip = json!({"amount_msat": "any", "label": "tip", "description": "a tip"});
    let tip = call(carol, "invoice", tip).await;
    let paid = json!({"invstring": tip["bolt11"], "amount_msat": 7000, "maxfee": 1000});
    call(alice, "xpay", paid).await;
    let gift = json!({"destination": nodes.id("carol"), "amount_msat": 9000, "label": "gift", "extratlvs": {"133773311": "fffafe"}});
    call(
        alice,
        "preapprovekeysend",
        json!([nodes.id("carol"), "33".repeat(32), 9000]),
    )
    .await;
    call(alice, "keysend", gift).await;
    let listed = call(carol, "listinvoices", json!(["huge"])).await;
    refused(
        alice,
        "pay",
        json!({"bolt11": listed["invoices"][0]["bolt11"], "retry_for": 1}),
    )
    .await;
    refused(
        alice,
        "xpay",
        json!({"invstring": listed["invoices"][0]["bolt11"], "retry_for": 1}),
    )
    .await;
}

async fn pay_by_routes(nodes: &Nodes) {
    let (alice, carol) = (&nodes.alice, &nodes.carol);
    let amount = 1_000_000;
    let routed = invoice(carol, "routed", amount).await;
    let route = call(alice, "getroute", json!([nodes.id("carol"), amount, 1, 60])).await["route"].clone();
    let routes = json!({"source": nodes.id("alice"), "destination": nodes.id("carol"), "amount_msat": amount, "layers": [],
        "maxfee_msat": 10_000, "final_cltv": 40});
    call(alice, "getroutes", routes).await;
    let hash = &routed["payment_hash"];
    let sent = json!({"route": route, "payment_hash": hash, "label": "by hand", "bolt11": routed["bolt11"],
        "payment_secret": routed["payment_secret"]});
    call(alice, "sendpay", sent.clone()).await;
    call(alice, "waitsendpay", json!([hash, 60])).await;
    call(alice, "sendpay", sent).await;
    let unknown = "44".repeat(32);
    let unknown = json!({"route": route, "payment_hash": unknown, "payment_secret": unknown});
    call(alice, "sendpay", unknown.clone()).await;
    refused(alice, "waitsendpay", json!([unknown["payment_hash"], 60])).await;
}

/// A payment that is held: lists of HTLCs, forwards, payments and channels while it is there.
async fn look_while_under_way(nodes: &Nodes) {
    let (payer, payee) = (
        nodes.network.node("alice").unwrap(),
        nodes.network.node("carol").unwrap(),
    );
    let flight = Flight::depart(payer, payee, 30_000_000, "held").await.unwrap();
    for node in [&nodes.alice, &nodes.bob, &nodes.carol] {
        call(node, "listhtlcs", json!({})).await;
        call(node, "listpeerchannels", json!({})).await;
        call(node, "listforwards", json!({})).await;
        call(node, "listpays", json!({})).await;
        call(node, "listsendpays", json!({})).await;
        call(node, "listinvoices", json!({})).await;
    }
    release(payee).await.unwrap();
    flight.arrives().await.unwrap();
}

async fn list(nodes: &Nodes) {
    let (alice, bob, carol) = (&nodes.alice, &nodes.bob, &nodes.carol);
    for status in ["complete", "failed", "pending"] {
        call(alice, "listpays", json!({"status": status})).await;
        call(alice, "listsendpays", json!({"status": status})).await;
    }
    call(
        alice,
        "listpays",
        json!({"index": "created", "start": 1, "limit": 2}),
    )
    .await;
    call(carol, "listinvoices", json!({"index": "updated", "start": 1})).await;
    let settled = async || {
        let listed = call(bob, "listforwards", json!({})).await;
        let forwards = listed["forwards"].as_array().cloned().unwrap_or_default();
        Ok((!forwards.iter().any(|forward| forward["status"] == "offered")).then_some(()))
    };
    wait_for("every forward has ended", SOON, settled).await.unwrap();
    call(bob, "listforwards", json!({"status": "failed"})).await;
    for subsystem in ["invoices", "forwards", "sendpays"] {
        for index in ["created", "updated"] {
            let wait = json!({"subsystem": subsystem, "indexname": index, "nextvalue": 1});
            let node = if subsystem == "invoices" {
                carol
            } else if subsystem == "forwards" {
                bob
            } else {
                alice
            };
            call(node, "wait", wait.clone()).await;
            call(
                node,
                "wait",
                json!({"subsystem": subsystem, "indexname": index, "nextvalue": 0}),
            )
            .await;
        }
    }
}

async fn delete(nodes: &Nodes) {
    let (alice, carol) = (&nodes.alice, &nodes.carol);
    let payments = call(alice, "listsendpays", json!({})).await["payments"].clone();
    for status in ["complete", "failed"] {
        let mut all = payments.as_array().unwrap().iter();
        let one = all.find(|payment| payment["status"] == status).unwrap();
        call(alice, "delpay", json!([one["payment_hash"], status])).await;
    }
    for (label, status) in [("coffee", "paid"), ("full", "unpaid"), ("short", "expired")] {
        call(carol, "delinvoice", json!([label, status])).await;
    }
    let wait = json!({"subsystem": "invoices", "indexname": "deleted", "nextvalue": 1});
    call(carol, "wait", wait).await;
}
