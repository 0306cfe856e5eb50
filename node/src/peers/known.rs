//! Where peers are found, and who is being connected to.

use crate::config::PeerAddress;
use bitcoin::secp256k1::PublicKey;
use boltill_types::{StateKey, StateStore, StoreError};
use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// Where peers were last reached. Those with channels are on file, so that they are found after a restart even if they announce no
/// address; the others are forgotten when they have gone.
pub(crate) struct KnownPeers {
    store: Arc<dyn StateStore>,
    addresses: Mutex<HashMap<PublicKey, PeerAddress>>,
}

const NAMESPACE: &str = "boltill";
const GROUP: &str = "peers";

fn peer_key(node_id: &PublicKey) -> StateKey {
    StateKey {
        primary_namespace: NAMESPACE.to_owned(),
        secondary_namespace: GROUP.to_owned(),
        key: node_id.to_string(),
    }
}

impl KnownPeers {
    /// Reads what an earlier run has learnt; an entry that cannot be read is left out and said.
    pub(crate) fn load(store: Arc<dyn StateStore>) -> Result<KnownPeers, StoreError> {
        let mut addresses = HashMap::new();
        for name in store.list(NAMESPACE, GROUP)? {
            let Ok(node_id) = PublicKey::from_str(&name) else {
                continue;
            };
            let value = store.read(&peer_key(&node_id))?.unwrap_or_default();
            match parse_address(node_id, &value) {
                Some(address) => drop(addresses.insert(node_id, address)),
                None => tracing::warn!("the address on file for peer {node_id} is not readable"),
            }
        }
        Ok(KnownPeers {
            store,
            addresses: Mutex::new(addresses),
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<PublicKey, PeerAddress>) -> T) -> T {
        work(&mut self.addresses.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes where a peer was reached. It is written down at once, because a channel with it may follow at any time.
    pub(super) fn remember(&self, address: PeerAddress) {
        self.with(|addresses| {
            if addresses.get(&address.node_id) != Some(&address) {
                let value = format!("{} {}", address.port, address.host).into_bytes();
                // Losing an address to a power cut costs a look into the graph, so nobody waits for this write.
                drop(self.store.write(peer_key(&address.node_id), value));
                addresses.insert(address.node_id, address);
            }
        });
    }

    /// Forgets every peer that is not needed any more.
    pub(super) fn keep_only(&self, is_needed: impl Fn(&PublicKey) -> bool) {
        self.with(|addresses| {
            addresses.retain(|node_id, _| {
                let needed = is_needed(node_id);
                if !needed {
                    // What comes back after a power cut is forgotten again.
                    drop(self.store.remove(peer_key(node_id)));
                }
                needed
            });
        });
    }

    pub(crate) fn address(&self, node_id: &PublicKey) -> Option<PeerAddress> {
        self.with(|addresses| addresses.get(node_id).cloned())
    }
}

fn parse_address(node_id: PublicKey, value: &[u8]) -> Option<PeerAddress> {
    let (port, host) = std::str::from_utf8(value).ok()?.split_once(' ')?;
    Some(PeerAddress {
        node_id,
        host: host.to_owned(),
        port: port.parse().ok()?,
    })
}

/// Who is being connected to.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<HashMap<PublicKey, Arc<Attempt>>>);

/// Everybody's wish to connect to one peer.
#[derive(Default)]
pub(super) struct Attempt {
    /// One at a time.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// Told when the peer's `init` has come and was to our liking.
    pub(super) greeted: Notify,
}

impl Attempts {
    fn with<T>(&self, work: impl FnOnce(&mut HashMap<PublicKey, Arc<Attempt>>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn of(&self, node_id: PublicKey) -> Arc<Attempt> {
        self.with(|attempts| {
            // Whoever connects holds a count of it, so what only the map holds is of no use to anybody.
            attempts.retain(|_, attempt| Arc::strong_count(attempt) > 1);
            Arc::clone(attempts.entry(node_id).or_default())
        })
    }

    pub(super) fn is_under_way(&self, node_id: &PublicKey) -> bool {
        self.with(|attempts| {
            attempts
                .get(node_id)
                .is_some_and(|attempt| Arc::strong_count(attempt) > 1)
        })
    }

    /// The peer's `init` has come.
    pub(super) fn greeted(&self, node_id: &PublicKey) {
        self.with(|attempts| {
            if let Some(attempt) = attempts.get(node_id) {
                attempt.greeted.notify_one();
            }
        });
    }
}
