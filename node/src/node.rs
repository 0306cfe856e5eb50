//! The handle to a running node.

use crate::bump::Bump;
use crate::channels::{Closings, Openings};
use crate::commit::Notes;
use crate::config::NodeConfig;
use crate::keys::Keys;
use crate::ldk::{ChainMonitor, ChannelManager, GossipSync, OnionMessenger, PeerManager, Scorer, Sweeper};
use crate::peers::{Attempts, KnownPeers};
use crate::ping::Pings;
use crate::records::Records;
use crate::store::LdkStore;
use crate::tasks::Tasks;
use bitcoin::Network;
use bitcoin::secp256k1::PublicKey;
use boltill_onchain::{Bitcoind, Broadcaster, ChainStatus, FeeRates, Wallet};
use lightning::ln::channel_state::ChannelDetails;
use lightning::ln::msgs::{BaseMessageHandler, SocketAddress};
use lightning::sign::NodeSigner;
use lightning::types::features::Bolt11InvoiceFeatures;
use lightning::util::message_signing;
use lightning::util::ser::Writeable;
use std::sync::{Arc, RwLock};
use tokio::sync::{Notify, Semaphore, watch};

pub use crate::ldk::Graph;

/// A Lightning node. Clones are handles to the same node.
#[derive(Clone)]
pub struct Node {
    pub(crate) inner: Arc<Inner>,
}

/// The parts of the node; `start.rs` puts them together.
pub(crate) struct Inner {
    pub(crate) config: NodeConfig,
    pub(crate) node_id: PublicKey,
    pub(crate) alias: [u8; 32],
    pub(crate) rgb: [u8; 3],
    pub(crate) keys: Arc<Keys>,
    pub(crate) store: Arc<LdkStore>,
    pub(crate) notes: Arc<Notes>,
    pub(crate) records: Records,
    pub(crate) bitcoind: Arc<Bitcoind>,
    pub(crate) fees: Arc<FeeRates>,
    pub(crate) broadcaster: Arc<Broadcaster>,
    pub(crate) wallet: Arc<Wallet>,
    pub(crate) graph: Arc<crate::ldk::Graph>,
    pub(crate) scorer: Arc<RwLock<Scorer>>,
    pub(crate) chain_monitor: Arc<ChainMonitor>,
    pub(crate) channel_manager: Arc<ChannelManager>,
    pub(crate) gossip: Arc<GossipSync>,
    pub(crate) onion_messenger: Arc<OnionMessenger>,
    pub(crate) connecting_answers: Semaphore,
    pub(crate) peer_manager: Arc<PeerManager>,
    pub(crate) sweeper: Arc<Sweeper>,
    pub(crate) bump: Bump,
    pub(crate) openings: Openings,
    pub(crate) closings: Closings,
    pub(crate) known_peers: KnownPeers,
    pub(crate) pings: Arc<Pings>,
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) htlcs_ready: Notify,
    pub(crate) height: watch::Sender<u32>,
    pub(crate) tasks: Tasks,
}

/// The features we offer (BOLT 9), as the bytes of each message that carries them.
#[derive(Clone, Debug)]
pub struct Features {
    /// In `init`.
    pub init: Vec<u8>,
    /// In `node_announcement`.
    pub node: Vec<u8>,
    /// In `channel_announcement`.
    pub channel: Vec<u8>,
    /// In invoices.
    pub invoice: Vec<u8>,
}

impl Node {
    /// The node's public key.
    pub fn id(&self) -> PublicKey {
        self.inner.node_id
    }

    /// The chain.
    pub fn network(&self) -> Network {
        self.inner.config.network
    }

    /// The name shown to others.
    pub fn alias(&self) -> String {
        String::from_utf8_lossy(&self.inner.alias)
            .trim_end_matches('\0')
            .to_owned()
    }

    /// The colour shown to others.
    pub fn rgb(&self) -> [u8; 3] {
        self.inner.rgb
    }

    /// Where others are told to find us.
    pub fn announced_addresses(&self) -> &[SocketAddress] {
        &self.inner.config.announce
    }

    /// What the node was started with.
    pub fn config(&self) -> &NodeConfig {
        &self.inner.config
    }

    /// The wallet of on-chain coins.
    pub fn wallet(&self) -> &Arc<Wallet> {
        &self.inner.wallet
    }

    /// What fees the chain wants.
    pub fn fees(&self) -> &Arc<FeeRates> {
        &self.inner.fees
    }

    /// Where transactions go out.
    pub fn broadcaster(&self) -> &Arc<Broadcaster> {
        &self.inner.broadcaster
    }

    /// What is known of the network's public channels and nodes.
    pub fn graph(&self) -> &crate::ldk::Graph {
        &self.inner.graph
    }

    /// Every channel that is not yet closed.
    pub fn channels(&self) -> Vec<ChannelDetails> {
        self.inner.channel_manager.list_channels()
    }

    /// The height up to which every part of the node has seen the chain, and every change of it.
    pub fn height(&self) -> watch::Receiver<u32> {
        self.inner.height.subscribe()
    }

    /// How bitcoind is doing.
    pub fn chain_status(&self) -> ChainStatus {
        self.inner.bitcoind.status().borrow().clone()
    }

    /// The features we offer.
    pub fn features(&self) -> Features {
        let Inner {
            channel_manager: manager,
            onion_messenger: messenger,
            gossip,
            node_id,
            ..
        } = &*self.inner;
        // Whoever handles messages adds its own.
        let init = messenger.provided_init_features(*node_id) | gossip.provided_init_features(*node_id);
        let node = messenger.provided_node_features() | gossip.provided_node_features();
        // Features are written with their length before them.
        let bytes = |written: Vec<u8>| written.get(2..).unwrap_or_default().to_vec();
        Features {
            init: bytes((manager.init_features() | init).encode()),
            node: bytes((manager.node_features() | node).encode()),
            channel: bytes(manager.channel_features().encode()),
            invoice: bytes(self.bolt11_features().encode()),
        }
    }

    /// What our BOLT 11 invoices offer and ask for: a payment_secret, and payments in several parts are welcome.
    pub fn bolt11_features(&self) -> Bolt11InvoiceFeatures {
        let mut features = Bolt11InvoiceFeatures::empty();
        features.set_variable_length_onion_required();
        features.set_payment_secret_required();
        features.set_basic_mpp_optional();
        features
    }

    /// Signs a text with the node's key, as lnd and Core Lightning do (`zbase32` of a recoverable signature).
    ///
    /// # Errors
    /// When the key is out of reach.
    pub fn sign_message(&self, message: &[u8]) -> Result<String, crate::SignError> {
        self.inner
            .keys
            .sign_message(message)
            .map_err(|()| crate::SignError)
    }

    /// Whose key signed a text; `None` when the signature is no signature.
    pub fn signer_of(message: &[u8], zbase: &str) -> Option<PublicKey> {
        message_signing::recover_pk(message, zbase).ok()
    }
}
