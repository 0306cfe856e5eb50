//! What the end-to-end tests share: networks of real daemons, and the words for what people do with them.
//!
//! The tests run the programs of the same build, so those must be built first: `make test` does, and so does
//! `cargo build --workspace --bins`.
//!
//! The networks run on the embedded chain, or on the bitcoind that the environment variable `BOLTILL_TEST_BITCOIND` names.

#![allow(clippy::panic, clippy::expect_used, reason = "a test that cannot go on fails")]

pub mod answers;
pub mod books;
pub mod chain;
pub mod channels;
pub mod clients;
pub mod coins;
pub mod flight;
pub mod htlcs;
pub mod http;
pub mod old_state;
pub mod relay;
pub mod schema;

pub use boltill_devnet::network::{Network, NetworkError, Node, Options, wait_for};
pub use books::{Balance, Books};

use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// How long a test waits for something that should be there at once, on a slow and busy machine.
pub const SOON: Duration = Duration::from_secs(180);

/// The bitcoind that the tests are to run on; None is the embedded chain.
pub fn bitcoind() -> Option<PathBuf> {
    std::env::var_os("BOLTILL_TEST_BITCOIND").map(PathBuf::from)
}

/// Starts a network; the test fails, with the reason for people to read, when that is not possible.
pub async fn start(options: Options) -> Network {
    let options = Options {
        bitcoind: options.bitcoind.or_else(bitcoind),
        ..options
    };
    match Network::start(options).await {
        Ok(network) => network,
        Err(error) => panic!("cannot start the network: {error}"),
    }
}

/// Starts a network of this many nodes in a line, each with a channel to the next.
pub async fn line_of(nodes: usize) -> Network {
    start(Options {
        nodes,
        ..Options::default()
    })
    .await
}

/// Starts a network of this many nodes that have coins and know nothing of each other.
pub async fn unconnected(nodes: usize) -> Network {
    start(Options {
        nodes,
        channels: false,
        ..Options::default()
    })
    .await
}

/// Has a node make an invoice and gives its BOLT 11 string.
pub async fn invoice(node: &Node, amount_msat: u64, label: &str) -> Result<String, NetworkError> {
    let params = json!({"amount_msat": amount_msat, "label": label, "description": label});
    let invoice = node.call("invoice", params).await?;
    let bolt11 = invoice["bolt11"].as_str().ok_or(NetworkError::Answer {
        method: "invoice",
        field: "bolt11",
    })?;
    Ok(bolt11.to_owned())
}

/// The entry of the invoice with this label.
pub async fn listed(node: &Node, label: &str) -> Result<Value, NetworkError> {
    let invoices = node.call("listinvoices", json!({"label": label})).await?;
    Ok(invoices["invoices"][0].clone())
}

/// Pays an invoice that the payee makes for it; the test fails unless the payment arrives.
pub async fn pay(payer: &Node, payee: &Node, amount_msat: u64, label: &str) -> Result<(), NetworkError> {
    let bolt11 = invoice(payee, amount_msat, label).await?;
    let paid = payer.call("pay", json!({"bolt11": bolt11})).await?;
    assert_eq!(paid["status"], "complete", "{paid}");
    Ok(())
}
