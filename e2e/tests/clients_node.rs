//! Clients for Node.js from npm, unmodified, work over the socket.
//!
//! `lightning-backends` because it is the one that is still released, and LNURL servers stand on it; it makes, pays and looks up invoices.
//! `clightning-client` because it knows every command, which the listing and the waiting need.

use boltill_e2e::answers::Answers;
use boltill_e2e::{clients, line_of};

/// What these clients call.
const CALLED: &[&str] = &[
    "decode",
    "delinvoice",
    "fetchinvoice",
    "getinfo",
    "invoice",
    "keysend",
    "listfunds",
    "listinvoices",
    "listpays",
    "listsendpays",
    "offer",
    "pay",
    "waitanyinvoice",
    "waitinvoice",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_for_node_create_list_wait_for_pay_and_look_up_invoices() {
    let Some(node) = clients::installed("js") else {
        return;
    };
    let network = line_of(2).await;
    let answers = Answers::new();
    let relays: Vec<_> = network.nodes().iter().map(|node| answers.relay(node)).collect();
    let described = clients::described(&network, &relays);
    clients::run(&node, "node_clients.js", &described).await;
    answers.all_fit(CALLED);
}
