//! The daemon itself, its wallet, and what it keeps for others.

use crate::{Nodes, call, refused};
use boltill::Client;
use boltill_e2e::chain::mine_until_quiet;
use serde_json::json;

pub async fn use_it(nodes: &Nodes) {
    let alice = &nodes.alice;
    about(alice).await;
    runes(alice, &nodes.id("alice")).await;
    keep(alice).await;
    wallet(nodes).await;
    clean(alice).await;
}

async fn about(alice: &Client) {
    call(alice, "getinfo", json!({})).await;
    call(alice, "help", json!({})).await;
    call(alice, "help", json!(["invoice"])).await;
    call(
        alice,
        "check",
        json!({"command_to_check": "invoice", "amount_msat": 1, "label": "a", "description": ""}),
    )
    .await;
    call(alice, "listconfigs", json!({})).await;
    call(alice, "listconfigs", json!(["network"])).await;
    call(alice, "setconfig", json!(["min-capacity-sat", 20_000])).await;
    call(alice, "listconfigs", json!({})).await;
    for level in ["info", "debug", "broken"] {
        call(alice, "getlog", json!([level])).await;
    }
    let signed = call(alice, "signmessage", json!(["a message"])).await;
    call(alice, "checkmessage", json!(["a message", signed["zbase"]])).await;
    call(alice, "makesecret", json!({"string": "a purpose"})).await;
    call(alice, "staticbackup", json!({})).await;
    call(alice, "notifications", json!([true])).await;
}

async fn runes(alice: &Client, id: &str) {
    let all = call(alice, "createrune", json!({})).await;
    let reads = call(alice, "createrune", json!({"restrictions": "readonly"})).await;
    let some = call(
        alice,
        "createrune",
        json!({"rune": all["rune"], "restrictions": [["method=pay", "method=invoice"], ["time<4000000000"]]}),
    )
    .await;
    let checked = json!({"rune": reads["rune"], "nodeid": id, "method": "getinfo", "params": {}});
    call(alice, "checkrune", checked).await;
    call(alice, "decode", json!([some["rune"]])).await;
    call(alice, "showrunes", json!({})).await;
    call(alice, "showrunes", json!([some["rune"]])).await;
    call(alice, "blacklistrune", json!([1, 3])).await;
    call(alice, "blacklistrune", json!({"start": 1, "relist": true})).await;
    call(alice, "blacklistrune", json!([1])).await;
    call(alice, "blacklistrune", json!({})).await;
    call(alice, "showrunes", json!({})).await;
}

async fn keep(alice: &Client) {
    call(
        alice,
        "datastore",
        json!({"key": ["shop", "name"], "string": "Alice's"}),
    )
    .await;
    call(
        alice,
        "datastore",
        json!({"key": ["shop", "blob"], "hex": "00ff"}),
    )
    .await;
    call(
        alice,
        "datastore",
        json!({"key": ["shop", "name"], "string": "!", "mode": "must-append"}),
    )
    .await;
    call(alice, "listdatastore", json!({})).await;
    call(alice, "listdatastore", json!(["shop"])).await;
    call(alice, "listdatastore", json!([["shop", "blob"]])).await;
    call(alice, "deldatastore", json!([["shop", "blob"]])).await;
    refused(alice, "deldatastore", json!([["shop", "blob"]])).await;
}

async fn wallet(nodes: &Nodes) {
    let alice = &nodes.alice;
    for kind in ["bech32", "p2tr", "all"] {
        call(alice, "newaddr", json!([kind])).await;
    }
    call(alice, "listaddresses", json!({})).await;
    for style in ["perkb", "perkw"] {
        call(alice, "feerates", json!([style])).await;
    }
    for feerate in ["urgent", "253perkw", "1000perkb", "opening"] {
        call(alice, "parsefeerate", json!([feerate])).await;
    }
    let address = call(&nodes.bob, "newaddr", json!(["p2tr"])).await["p2tr"].clone();
    call(alice, "withdraw", json!([address, 100_000])).await;
    call(alice, "listfunds", json!({})).await;
    call(alice, "listtransactions", json!({})).await;
    mine_until_quiet(&nodes.network).await.unwrap();
    let height = call(alice, "getinfo", json!({})).await["blockheight"].clone();
    call(alice, "waitblockheight", json!([height, 60])).await;
    call(alice, "listfunds", json!({"spent": true})).await;
    call(alice, "listtransactions", json!({})).await;
    call(&nodes.bob, "listfunds", json!({})).await;
}

async fn clean(alice: &Client) {
    call(alice, "listsqlschemas", json!({})).await;
    call(alice, "listsqlschemas", json!(["invoices"])).await;
    call(alice, "autoclean-status", json!({})).await;
    call(alice, "autoclean-once", json!(["paidinvoices", 1_000_000])).await;
    call(alice, "autoclean-status", json!(["paidinvoices"])).await;
}
