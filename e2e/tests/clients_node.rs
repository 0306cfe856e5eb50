//! Clients for Node.js from npm, unmodified, work over the socket.
//!
//! `lightning-backends` because it is the one that is still released, and LNURL servers stand on it; it makes, pays and looks up invoices.
//! `clightning-client` because it knows every command, which the listing and the waiting need.

use boltill_e2e::clients;

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
    clients::try_out("js", "node_clients.js", CALLED).await;
}
