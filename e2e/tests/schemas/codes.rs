//! Offers, and codes that are paid to whoever shows them.

use crate::{Nodes, call, refused};
use serde_json::json;

pub async fn use_them(nodes: &Nodes) {
    offers(nodes).await;
    requests(nodes).await;
}

async fn offers(nodes: &Nodes) {
    let (alice, carol) = (&nodes.alice, &nodes.carol);
    let full = json!({"amount": "10000sat", "description": "coffee", "issuer": "Carol", "label": "menu", "quantity_max": 5,
        "absolute_expiry": 4_000_000_000_u64});
    let full = call(carol, "offer", full.clone()).await;
    let tips = call(carol, "offer", json!(["any", "tip jar"])).await;
    let single = call(
        carol,
        "offer",
        json!({"amount": "1sat", "description": "once", "single_use": true}),
    )
    .await;
    for offer in [&full, &tips, &single] {
        call(alice, "decode", json!([offer["bolt12"]])).await;
        call(carol, "listoffers", json!([offer["offer_id"]])).await;
    }
    let asking = json!({"offer": full["bolt12"], "quantity": 2, "payer_note": "no sugar"});
    let fetched = call(alice, "fetchinvoice", asking).await;
    call(alice, "decode", json!([fetched["invoice"]])).await;
    call(alice, "preapproveinvoice", json!([fetched["invoice"]])).await;
    call(alice, "pay", json!([fetched["invoice"]])).await;
    let tip = json!({"offer": tips["bolt12"], "amount_msat": 5000});
    let tip = call(alice, "fetchinvoice", tip).await;
    call(alice, "xpay", json!([tip["invoice"]])).await;
    call(alice, "xpay", json!([single["bolt12"]])).await;
    refused(alice, "fetchinvoice", json!([single["bolt12"]])).await;
    call(carol, "listinvoices", json!({"offer_id": full["offer_id"]})).await;
    call(carol, "disableoffer", json!([full["offer_id"]])).await;
    call(carol, "enableoffer", json!([full["offer_id"]])).await;
    call(carol, "disableoffer", json!([tips["offer_id"]])).await;
    call(carol, "listoffers", json!({})).await;
    call(carol, "listinvoices", json!({})).await;
    call(alice, "listpays", json!({})).await;
}

async fn requests(nodes: &Nodes) {
    let (alice, carol) = (&nodes.alice, &nodes.carol);
    let single = json!({"amount": "6sat", "description": "deposit back", "issuer": "Alice", "label": "deposit",
        "absolute_expiry": 4_000_000_000_u64});
    let single = call(alice, "invoicerequest", single).await;
    let standing = json!({"amount": "2sat", "description": "a voucher", "single_use": false});
    let standing = call(alice, "invoicerequest", standing).await;
    call(carol, "decode", json!([single["bolt12"]])).await;
    call(
        carol,
        "sendinvoice",
        json!({"invreq": single["bolt12"], "label": "collected", "timeout": 60}),
    )
    .await;
    call(
        carol,
        "sendinvoice",
        json!({"invreq": standing["bolt12"], "label": "voucher"}),
    )
    .await;
    call(alice, "listinvoicerequests", json!({})).await;
    call(alice, "listinvoicerequests", json!([single["invreq_id"]])).await;
    call(alice, "disableinvoicerequest", json!([standing["invreq_id"]])).await;
    call(alice, "listinvoicerequests", json!({"active_only": true})).await;
    call(carol, "listinvoices", json!({})).await;
    call(alice, "listpays", json!({})).await;
    call(alice, "listsendpays", json!({})).await;
}
