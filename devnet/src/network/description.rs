//! What a program needs to know to use a network: the line that `boltill-devnet up` prints.

use super::Network;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A network.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Description {
    /// Its chain.
    pub chain: ChainDescription,
    /// Its nodes in their line.
    pub nodes: Vec<NodeDescription>,
}

/// How to call the chain, by bitcoind's JSON-RPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChainDescription {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// For HTTP's basic authentication.
    pub user: String,
    /// For HTTP's basic authentication.
    pub password: String,
}

/// A node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeDescription {
    /// What it is called.
    pub name: String,
    /// Its public key.
    pub id: String,
    /// Where it listens for peers: `127.0.0.1:PORT`.
    pub p2p: String,
    /// Its `--lightning-dir`.
    pub dir: PathBuf,
    /// Its JSON-RPC socket.
    pub rpc: PathBuf,
}

impl Description {
    pub(super) fn of(network: &Network) -> Self {
        let access = network.miner().access();
        let nodes = network.nodes().iter().map(|node| NodeDescription {
            name: node.name().to_owned(),
            id: node.id().to_owned(),
            p2p: node.p2p().to_owned(),
            dir: node.directory().to_owned(),
            rpc: node.client().socket().to_owned(),
        });
        Self {
            chain: ChainDescription {
                url: access.url,
                user: access.user,
                password: access.password,
            },
            nodes: nodes.collect(),
        }
    }

    /// The description as one line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}
