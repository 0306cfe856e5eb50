//! pyln-client from PyPI, unmodified, works over the socket.

use boltill_e2e::clients;

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
    clients::try_out("pyln", "pyln_client.py", CALLED).await;
}
