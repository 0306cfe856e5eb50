//! Who the node is, which the seed alone decides, and how far it has got: known long before it works.

use crate::config::NodeConfig;
use crate::secrets::Secrets;
use crate::seed::Seed;
use bitcoin::Network;
use bitcoin::secp256k1::PublicKey;
use boltill_onchain::{Bitcoind, ChainStatus};
use lightning::sign::{KeysManager, NodeSigner, Recipient};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;

/// What can be told of a node from its first moment on, while it still waits for bitcoind.
#[derive(Clone)]
pub struct Profile {
    pub(crate) config: NodeConfig,
    pub(crate) node_id: PublicKey,
    pub(crate) alias: [u8; 32],
    pub(crate) rgb: [u8; 3],
    pub(crate) secrets: Secrets,
    pub(crate) min_capacity_sat: Arc<AtomicU64>,
    pub(crate) bitcoind: Arc<Bitcoind>,
    /// The height up to which the node has seen the chain; 0 until that is known.
    pub(crate) height: watch::Sender<u32>,
}

impl Profile {
    /// Derives the node's id; `None` when the key is out of reach.
    pub(crate) fn of(config: NodeConfig, seed: &Seed, bitcoind: Arc<Bitcoind>) -> Option<Profile> {
        // The clock is for nonces, and nothing is signed or encrypted with these keys.
        let keys = KeysManager::new(seed.bytes(), 0, 0, true);
        let node_id = keys.get_node_id(Recipient::Node).ok()?;
        Some(Profile {
            node_id,
            alias: alias_bytes(config.alias.as_deref(), &node_id),
            rgb: config.rgb.unwrap_or_else(|| default_rgb(&node_id)),
            min_capacity_sat: Arc::new(AtomicU64::new(config.min_capacity_sat)),
            config,
            secrets: Secrets::of(seed.bytes()),
            bitcoind,
            height: watch::Sender::new(0),
        })
    }

    /// The node's public key.
    pub fn id(&self) -> PublicKey {
        self.node_id
    }

    /// The chain.
    pub fn network(&self) -> Network {
        self.config.network
    }

    /// The name shown to others.
    pub fn alias(&self) -> String {
        String::from_utf8_lossy(&self.alias)
            .trim_end_matches('\0')
            .to_owned()
    }

    /// The colour shown to others.
    pub fn rgb(&self) -> [u8; 3] {
        self.rgb
    }

    /// What the node was started with.
    pub fn config(&self) -> &NodeConfig {
        &self.config
    }

    /// From now on others may open channels to us that can carry so much, and no smaller ones.
    pub fn set_min_capacity_sat(&self, capacity: u64) {
        self.min_capacity_sat.store(capacity, Ordering::Relaxed);
    }

    /// A secret for another program, by whatever name it chooses: always the same for the same name.
    pub fn derive_secret(&self, name: &[u8]) -> [u8; 32] {
        self.secrets.derive(name)
    }

    /// The height up to which the node has seen the chain, and every change of it; 0 while it does not know that yet.
    pub fn height(&self) -> watch::Receiver<u32> {
        self.height.subscribe()
    }

    /// How bitcoind is doing.
    pub fn chain_status(&self) -> ChainStatus {
        self.bitcoind.status().borrow().clone()
    }

    /// The block that the node needs and bitcoind has thrown away, in words for people.
    pub fn missing_block(&self) -> Option<String> {
        self.bitcoind.missing_block()
    }
}

/// The 32 bytes of a node_announcement's alias (BOLT 7), cut at a character's end.
fn alias_bytes(alias: Option<&str>, node_id: &PublicKey) -> [u8; 32] {
    let mut bytes = [0; 32];
    let alias = alias.map_or_else(|| format!("boltill-{}", &node_id.to_string()[..8]), str::to_owned);
    let end = (0..=alias.len().min(32))
        .rev()
        .find(|&end| alias.is_char_boundary(end))
        .unwrap_or(0);
    bytes[..end].copy_from_slice(&alias.as_bytes()[..end]);
    bytes
}

/// A colour of its own for each node, as long as nobody chooses one.
fn default_rgb(node_id: &PublicKey) -> [u8; 3] {
    let [_, red, green, blue, ..] = node_id.serialize();
    [red, green, blue]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    fn some_node() -> PublicKey {
        PublicKey::from_str("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798").unwrap()
    }

    #[test]
    fn a_long_alias_is_cut_between_characters() {
        let alias = alias_bytes(Some(&"é".repeat(20)), &some_node());
        assert_eq!(std::str::from_utf8(&alias).unwrap(), "é".repeat(16));
        let alias = alias_bytes(Some(&format!("a{}", "é".repeat(20))), &some_node());
        assert_eq!(
            std::str::from_utf8(&alias[..31]).unwrap(),
            format!("a{}", "é".repeat(15))
        );
        assert_eq!(alias[31], 0);
    }

    #[test]
    fn a_node_without_an_alias_is_called_after_its_id() {
        let alias = alias_bytes(None, &some_node());
        assert_eq!(&alias[..17], b"boltill-0279be66\0");
    }
}
