//! Networks that are started to be measured.

use crate::BenchError;
use crate::subject::Subject;
use boltill_devnet::network::{Network, Node, Options};
use std::path::{Path, PathBuf};

/// Starts two nodes with a channel, in a folder of this name in `parent`.
pub async fn start(parent: &Path, name: &str) -> Result<Network, BenchError> {
    eprintln!("starting a network to measure: {name}");
    let options = Options {
        nodes: 2,
        directory: Some(parent.join(name)),
        ..Options::default()
    };
    Ok(Network::start(options).await?)
}

/// The node that is measured.
pub fn first(network: &Network) -> Result<&Node, BenchError> {
    network.nodes().first().ok_or(BenchError::NoPayee)
}

/// The first node, and the second one to be paid.
pub fn subject(network: &Network) -> Result<Subject, BenchError> {
    Ok(Subject {
        name: "boltill",
        node: first(network)?.client().clone(),
        payee: network.nodes().get(1).map(|node| node.client().clone()),
    })
}

/// The second node, beside the first.
pub fn second(network: &Network) -> Result<Subject, BenchError> {
    let subject = subject(network)?;
    Ok(Subject {
        node: subject.payee.ok_or(BenchError::NoPayee)?,
        payee: None,
        ..subject
    })
}

/// Where a node of a network has its ledger.
pub fn ledger(node: &Node) -> PathBuf {
    node.directory().join("regtest").join("ledger.sqlite3")
}
