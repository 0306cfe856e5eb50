//! The order in which a node comes to life. Each step needs the ones before it, and none lets the outside in:
//!
//! bitcoind is there and on our chain, seed, wallet, keys, monitors, graph, channel manager, everything up to the tip
//! of the chain; then the books are set right by whoever keeps them; only then events, peers and commands.

use crate::Node;
use crate::background;
use crate::channels::{Closings, Openings};
use crate::commit;
use crate::config::NodeConfig;
use crate::event::EventSink;
use crate::events::EventHandler;
use crate::gossip::{self, PatientGossip};
use crate::htlcs;
use crate::ldk::{BumpHandler, ChainMonitor, GossipSync, OnionMessenger, PeerManager};
use crate::logger::LdkLogger;
use crate::node::Inner;
use crate::peers::{self, KnownPeers};
use crate::seed::SeedError;
use crate::state::{Chain, LightningState};
use crate::sync::{self, Followers, LoneMonitor, SyncError};
use crate::tasks::{TaskDied, Tasks};
use bitcoin::secp256k1::PublicKey;
use boltill_onchain::{Bitcoind, BroadcastTask, WalletError};
use boltill_types::{StateStore, StoreError, UnixSeconds};
use lightning::chain::BestBlock;
use lightning::events::bump_transaction;
use lightning::ln::peer_handler::{IgnoringMessageHandler, MessageHandler};
use lightning::sign::{EntropySource, NodeSigner, Recipient};
use lightning_block_sync::UnboundedCache;
use lightning_block_sync::poll::ValidatedBlockHeader;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

/// Why a node did not start. Nothing has been changed on disk that a next start could not use.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What was said about bitcoind makes no sense.
    #[error(transparent)]
    BitcoindConfig(#[from] boltill_onchain::ConfigError),
    /// bitcoind is not usable.
    #[error(transparent)]
    Bitcoind(#[from] boltill_onchain::StartError),
    /// The seed is not usable.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The wallet's state cannot be used.
    #[error("the wallet: {0}")]
    Wallet(#[from] WalletError),
    /// A part of Lightning's state is there but cannot be read.
    #[error(
        "the state of the {part} cannot be read: {cause}. Restore a backup or report this; starting without it \
             would lose money"
    )]
    Unreadable {
        /// Which part.
        part: &'static str,
        /// What LDK or the store said.
        cause: String,
    },
    /// There are monitors of channels, but no channel manager.
    #[error(
        "there are channels on file, but the state that belongs to them is missing; starting without it would \
             close them all"
    )]
    ManagerMissing,
    /// The chain cannot be followed.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The node's own key is out of reach.
    #[error("the node's key is out of reach")]
    Key,
}

/// A node that is up to date and knows all about its past, but that nobody can reach and that does nothing yet.
pub struct Prepared {
    node: Node,
    tip: ValidatedBlockHeader,
    cache: UnboundedCache,
    broadcasting: BroadcastTask,
    deaths: mpsc::UnboundedReceiver<TaskDied>,
}

/// A node at work.
pub struct Running {
    node: Node,
    housekeeping: Tasks,
    commits: Tasks,
    deaths: mpsc::UnboundedReceiver<TaskDied>,
}

impl Node {
    /// Reads the state and brings it up to the tip of the chain, waiting for bitcoind if that is not ready.
    ///
    /// # Errors
    /// [`StartError`]: the message is for the operator.
    pub async fn prepare(config: NodeConfig, store: Arc<dyn StateStore>) -> Result<Prepared, StartError> {
        let (tasks, deaths) = Tasks::new();
        let bitcoind = Bitcoind::new(&config.bitcoind)?;
        let info = bitcoind.wait_until_ready().await?;
        let tip = BestBlock::new(info.best_block_hash, info.blocks);
        let (chain, broadcasting) = Chain::open(bitcoind, tip, &config, &store).await?;
        let state = LightningState::read(&config, &chain, &store)?;
        let mut cache = UnboundedCache::new();
        let followers = Followers {
            wallet: &chain.wallet,
            channel_manager: &state.channel_manager,
            sweeper: &state.sweeper,
            monitors: &state.monitors,
        };
        let tip = sync::to_the_tip(&chain.bitcoind, config.network, &mut cache, &followers).await?;
        let known_peers = KnownPeers::load(store)?;
        let node = assemble(
            config,
            chain,
            state,
            known_peers,
            tip.to_best_block().height,
            tasks,
        )?;
        Ok(Prepared {
            node,
            tip,
            cache,
            broadcasting,
            deaths,
        })
    }
}

impl Prepared {
    /// The node, for setting the books right before it runs.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Lets the world in: events begin to arrive at the sink, peers connect.
    ///
    /// # Errors
    /// [`StartError::Listen`]; nothing runs then.
    pub async fn run(self, sink: Arc<dyn EventSink>) -> Result<Running, StartError> {
        let Prepared {
            node,
            tip,
            cache,
            broadcasting,
            deaths,
        } = self;
        let inner = &node.inner;
        let mut listeners = Vec::new();
        for &address in &inner.config.bind {
            let listener = TcpListener::bind(address).await;
            listeners.push(listener.map_err(|source| StartError::Listen { address, source })?);
        }
        let commits = inner.tasks.sibling();
        commits.spawn("commits", commit::commit(node.clone(), commits.stopping()));
        let housekeeping = inner.tasks.sibling();
        let handler = Arc::new(EventHandler::new(node.clone(), sink));
        let stop = housekeeping.stopping();
        housekeeping.spawn(
            "background processor",
            background::process_events(node.clone(), handler, stop),
        );
        let tasks = &inner.tasks;
        tasks.spawn_errand(broadcasting.run());
        tasks.spawn("chain", sync::follow(node.clone(), tip, cache));
        tasks.spawn("HTLCs", htlcs::process(node.clone()));
        tasks.spawn("announcements", gossip::announce_node(node.clone()));
        for listener in listeners {
            tasks.spawn("listener", peers::listen(node.clone(), listener));
        }
        if !inner.config.offline {
            tasks.spawn("reconnections", peers::reconnect(node.clone()));
        }
        Ok(Running {
            node,
            housekeeping,
            commits,
            deaths,
        })
    }
}

impl Running {
    /// The node.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Resolves when a task has died that the node cannot do without; the process must end then.
    pub async fn died(&mut self) -> TaskDied {
        match self.deaths.recv().await {
            Some(death) => death,
            // The node itself holds a sender, so this is never reached while there is one.
            None => std::future::pending().await,
        }
    }

    /// Ends the node in order: nothing new, no peers, and last of all the final write of the channels.
    ///
    /// # Errors
    /// When a task has died meanwhile, or did so before without being asked for by [`died`](Running::died).
    pub async fn stop(mut self) -> Result<(), TaskDied> {
        let inner = &self.node.inner;
        inner.tasks.stop().await;
        inner.peer_manager.disconnect_all_peers();
        self.housekeeping.stop().await;
        self.commits.stop().await;
        self.deaths.try_recv().map_or(Ok(()), Err)
    }
}

/// Puts the parts together that are only needed once everything is up to date: what talks to peers.
fn assemble(
    config: NodeConfig,
    chain: Chain,
    state: LightningState,
    known_peers: KnownPeers,
    height: u32,
    tasks: Tasks,
) -> Result<Node, StartError> {
    let logger = Arc::new(LdkLogger);
    let node_id = chain
        .keys
        .get_node_id(Recipient::Node)
        .map_err(|()| StartError::Key)?;
    let LightningState {
        store,
        notes,
        graph,
        scorer,
        message_router,
        chain_monitor,
        channel_manager,
        sweeper,
        monitors,
    } = state;
    watch_monitors(&chain_monitor, monitors)?;
    let onion_messenger = Arc::new(OnionMessenger::new(
        Arc::clone(&chain.keys),
        Arc::clone(&chain.keys),
        Arc::clone(&logger),
        Arc::clone(&channel_manager),
        message_router,
        Arc::clone(&channel_manager),
        IgnoringMessageHandler {},
        IgnoringMessageHandler {},
        IgnoringMessageHandler {},
    ));
    let gossip = Arc::new(GossipSync::new(Arc::clone(&graph), None, Arc::clone(&logger)));
    let handlers = MessageHandler {
        chan_handler: Arc::clone(&channel_manager),
        route_handler: Arc::new(PatientGossip::new(Arc::clone(&gossip))),
        onion_message_handler: Arc::clone(&onion_messenger),
        custom_message_handler: IgnoringMessageHandler {},
        send_only_message_handler: Arc::clone(&chain_monitor),
    };
    let peer_manager = Arc::new(PeerManager::new(
        handlers,
        // LDK wants a value that never goes back, even when the clock does; seconds fit until 2106.
        u32::try_from(UnixSeconds::now().0).unwrap_or(u32::MAX),
        &chain.keys.get_secure_random_bytes(),
        Arc::clone(&logger),
        Arc::clone(&chain.keys),
    ));
    gossip::verify_announcements(&gossip, &peer_manager, &chain.bitcoind, &tasks);
    let coins = Arc::new(bump_transaction::Wallet::new(
        Arc::clone(&chain.wallet),
        Arc::clone(&logger),
    ));
    let bump = BumpHandler::new(
        Arc::clone(&chain.broadcaster),
        coins,
        Arc::clone(&chain.keys),
        logger,
    );
    let inner = Inner {
        node_id,
        alias: alias_bytes(config.alias.as_deref(), &node_id),
        rgb: config.rgb.unwrap_or_else(|| default_rgb(&node_id)),
        config,
        keys: chain.keys,
        store,
        notes,
        bitcoind: chain.bitcoind,
        fees: chain.fees,
        broadcaster: chain.broadcaster,
        wallet: chain.wallet,
        graph,
        scorer,
        chain_monitor,
        channel_manager,
        gossip,
        onion_messenger,
        peer_manager,
        sweeper,
        bump,
        openings: Openings::default(),
        closings: Closings::default(),
        known_peers,
        height: watch::Sender::new(height),
        tasks,
    };
    Ok(Node {
        inner: Arc::new(inner),
    })
}

/// From here on the chain monitor follows the chain for every channel.
fn watch_monitors(chain_monitor: &ChainMonitor, monitors: Vec<LoneMonitor>) -> Result<(), StartError> {
    for (monitor, ..) in monitors {
        let channel_id = monitor.channel_id();
        chain_monitor
            .load_existing_monitor(channel_id, monitor)
            .map_err(|()| StartError::Unreadable {
                part: "channel monitors",
                cause: format!("channel {channel_id} is on file twice"),
            })?;
    }
    chain_monitor.archive_fully_resolved_channel_monitors();
    Ok(())
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
