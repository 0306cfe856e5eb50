//! LNbits' wallets for Core Lightning, from PyPI and unmodified, work over the socket and over HTTPS.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use boltill_devnet::network::Port;
use boltill_e2e::answers::Answers;
use boltill_e2e::channels::usable_channel;
use boltill_e2e::{Node, clients, line_of};
use serde_json::{Value, json};

/// What the wallets call, by one way or the other.
const CALLED: &[&str] = &[
    "getinfo",
    "help",
    "invoice",
    "listfunds",
    "listinvoices",
    "listnodes",
    "listpays",
    "listpeerchannels",
    "listpeers",
    "pay",
    "setchannel",
    "waitanyinvoice",
];

/// Runes restricted as LNbits' guide has them.
async fn rune(node: &Node, restrictions: Value) -> Value {
    let made = node
        .call("createrune", json!({ "restrictions": restrictions }))
        .await;
    made.unwrap()["rune"].clone()
}

/// Lets a node answer over HTTPS on this port, and says what LNbits needs to know.
async fn rest(node: &Node, port: u16) -> Value {
    node.restart_with(&[&format!("--clnrest-port={port}")])
        .await
        .unwrap();
    let reads = [
        "listfunds",
        "listpays",
        "listinvoices",
        "getinfo",
        "summary",
        "waitanyinvoice",
    ];
    let reads = reads.map(|method| format!("method={method}"));
    json!({
        "url": format!("https://localhost:{port}"),
        "ca": node.directory().join("regtest/ca.pem"),
        "record": node.directory().join("answers"),
        "readonly_rune": rune(node, json!([reads])).await,
        "invoice_rune": rune(node, json!([["method=invoice"], ["pnameamount_msat<100000000001"], ["rate=6000"]])).await,
        "pay_rune": rune(node, json!([["method=pay"], ["pinvbolt11_amount<100000000001"]])).await,
    })
}

/// Looks at what came by HTTP.
fn look_at(answers: &Answers, record: &str) {
    for line in record.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let method = line["path"].as_str().unwrap().strip_prefix("/v1/").unwrap();
        match line["status"].as_u64().unwrap() {
            201 => answers.look_at("alice over HTTP", method, &line["answer"]),
            _ => answers.look_at_error("alice over HTTP", method, &line["answer"]),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wallets_of_lnbits_create_wait_for_pay_and_look_up_invoices_over_socket_and_https() {
    let Some(python) = clients::installed("lnbits") else {
        return;
    };
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice").unwrap(), network.node("bob").unwrap());
    let port = Port::free().unwrap();
    let rest = rest(alice, port.number()).await;
    usable_channel(alice, bob, true).await.unwrap();
    let answers = Answers::new();
    let relays: Vec<_> = network.nodes().iter().map(|node| answers.relay(node)).collect();
    let mut described = clients::described(&network, &relays);
    described["rest"] = rest.clone();
    clients::run(&python, "lnbits_wallets.py", &described).await;
    look_at(
        &answers,
        &std::fs::read_to_string(rest["record"].as_str().unwrap()).unwrap(),
    );
    answers.all_fit(CALLED);
}
