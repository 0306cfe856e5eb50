//! pyln-client from PyPI, unmodified, works over the socket.

use boltill_e2e::answers::Answers;
use boltill_e2e::{clients, line_of};

/// What a program with pyln-client may ask for around invoices.
const CALLED: &[&str] = &[
    "check",
    "checkmessage",
    "decode",
    "delinvoice",
    "disableoffer",
    "enableoffer",
    "feerates",
    "fetchinvoice",
    "getinfo",
    "getroute",
    "help",
    "invoice",
    "invoicerequest",
    "keysend",
    "listchannels",
    "listconfigs",
    "listforwards",
    "listfunds",
    "listinvoicerequests",
    "listinvoices",
    "listnodes",
    "listoffers",
    "listpays",
    "listpeerchannels",
    "listpeers",
    "listsendpays",
    "newaddr",
    "offer",
    "pay",
    "ping",
    "sendinvoice",
    "sendpay",
    "signmessage",
    "wait",
    "waitanyinvoice",
    "waitblockheight",
    "waitinvoice",
    "waitsendpay",
    "xpay",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pyln_client_creates_lists_waits_for_pays_and_looks_up_invoices() {
    let Some(python) = clients::installed("pyln") else {
        return;
    };
    let network = line_of(2).await;
    let answers = Answers::new();
    let relays: Vec<_> = network.nodes().iter().map(|node| answers.relay(node)).collect();
    let described = clients::described(&network, &relays);
    clients::run(&python, "pyln_client.py", &described).await;
    answers.all_fit(CALLED);
}
