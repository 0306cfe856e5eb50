//! The order in which a node comes to life. Each step needs the ones before it, and none lets the outside in:
//!
//! bitcoind is there and on our chain, seed, wallet, keys, monitors, graph, channel manager, everything up to the tip
//! of the chain; then the books are set right by whoever keeps them; only then events, peers and commands.

use crate::Node;
use crate::background;
use crate::bump::Bump;
use crate::channels::{Closings, Openings};
use crate::commit;
use crate::config::NodeConfig;
use crate::event::EventSink;
use crate::events::EventHandler;
use crate::gossip::{self, PatientGossip};
use crate::htlcs;
use crate::ldk::{ChainMonitor, GossipSync, OnionMessenger, PeerManager};
use crate::logger::LdkLogger;
use crate::node::Inner;
use crate::onion::{self, Arrivals, Inbox, MessageGate, OffersSink};
use crate::peers::{self, Attempts, Gatekeeper, KnownPeers, Terms};
use crate::ping::{PeerLogger, Pings};
use crate::profile::Profile;
use crate::records::{self, Records};
use crate::seed::{Seed, SeedError};
use crate::state::{self, Chain, LightningState};
use crate::sync::{self, Followers, FollowingChannels, Headers, LoneMonitor, SyncError};
use crate::tasks::{TaskDied, Tasks};
use crate::unfinished::Unfinished;
use crate::wallet;
use boltill_onchain::{Bitcoind, BroadcastTask, ScanError, WalletError};
use boltill_types::{StateStore, StoreError, UnixSeconds};
use lightning::ln::peer_handler::{IgnoringMessageHandler, MessageHandler};
use lightning::sign::EntropySource;
use lightning_block_sync::poll::ValidatedBlockHeader;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, mpsc};

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
    /// The wallet's coins cannot be looked for.
    #[error(transparent)]
    Scan(#[from] ScanError),
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

/// A node that knows who it is, and has asked nobody anything yet.
pub struct Starting {
    profile: Profile,
    seed: Seed,
    store: Arc<dyn StateStore>,
}

/// A node that is up to date and knows all about its past, but that nobody can reach and that does nothing yet.
pub struct Prepared {
    node: Node,
    channels: FollowingChannels,
    tip: ValidatedBlockHeader,
    headers: Headers,
    broadcasting: BroadcastTask,
    deaths: mpsc::UnboundedReceiver<TaskDied>,
    arrivals: Arrivals,
}

/// A node at work.
pub struct Running {
    node: Node,
    housekeeping: Tasks,
    commits: Tasks,
    deaths: mpsc::UnboundedReceiver<TaskDied>,
}

impl Node {
    /// Finds out who the node is: reads the seed, or makes it where there are no channels on file. bitcoind need not be
    /// there.
    ///
    /// # Errors
    /// [`StartError`]: the message is for the operator.
    pub fn begin(config: NodeConfig, store: Arc<dyn StateStore>) -> Result<Starting, StartError> {
        let bitcoind = Arc::new(Bitcoind::new(&config.bitcoind)?);
        let seed = Seed::load_or_create(&config.network_dir, state::is_blank(store.as_ref())?)?;
        let profile = Profile::of(config, &seed, bitcoind).ok_or(StartError::Key)?;
        if seed.is_new() {
            wallet::note_new_seed(store.as_ref(), &profile.node_id)?;
        }
        Ok(Starting { profile, seed, store })
    }
}

impl Starting {
    /// What can be told of the node already; it stays true while the node starts and runs.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Reads the state and brings it up to the tip of the chain, waiting for bitcoind if that is not ready.
    ///
    /// # Errors
    /// [`StartError`]: the message is for the operator.
    pub async fn prepare(self) -> Result<Prepared, StartError> {
        let Starting { profile, seed, store } = self;
        let config = &profile.config;
        let (tasks, deaths) = Tasks::new();
        let info = profile.bitcoind.wait_until_ready().await?;
        let (chain, broadcasting) = Chain::open(&profile, &seed, &info, &store).await?;
        let state = LightningState::read(config, &chain, &store)?;
        let channels = FollowingChannels::new(Arc::clone(&state.channel_manager));
        let unfinished = Unfinished::find(&state.channel_manager, &state.monitors);
        channels.hold_back(unfinished.fundings());
        let mut headers = Headers::load(Arc::clone(&store));
        let followers = Followers {
            wallet: &chain.wallet,
            channels: &channels,
            sweeper: &state.sweeper,
            monitors: &state.monitors,
        };
        let tip = sync::to_the_tip(&profile, &mut headers, &followers).await?;
        let known_peers = KnownPeers::load(Arc::clone(&store))?;
        let closings = Closings::load(store)?;
        profile.height.send_replace(tip.to_best_block().height);
        let (inbox, arrivals) = onion::inbox();
        let node = assemble(profile, chain, state, known_peers, closings, inbox, tasks)?;
        let inner = &node.inner;
        unfinished.finish(&inner.chain_monitor, &inner.channel_manager, &channels);
        wallet::settle_unsent(&node).await;
        Ok(Prepared {
            node,
            channels,
            tip,
            headers,
            broadcasting,
            deaths,
            arrivals,
        })
    }
}

impl Prepared {
    /// The node, for setting the books right before it runs.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Lets the world in: events begin to arrive at the one sink, messages about offers at the other; peers connect.
    ///
    /// # Errors
    /// [`StartError::Listen`]; nothing runs then.
    pub async fn run(
        self,
        sink: Arc<dyn EventSink>,
        offers: Arc<dyn OffersSink>,
    ) -> Result<Running, StartError> {
        let Prepared {
            node,
            channels,
            tip,
            headers,
            broadcasting,
            deaths,
            arrivals,
        } = self;
        let inner = &node.inner;
        let mut listeners = Vec::new();
        for &address in &inner.config.bind {
            let listener = TcpListener::bind(address).await;
            listeners.push(listener.map_err(|source| StartError::Listen { address, source })?);
        }
        inner.records.begin(
            inner.store.state.as_ref(),
            &inner.channel_manager,
            Arc::clone(&sink),
        )?;
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
        tasks.spawn("chain", sync::follow(node.clone(), channels, tip, headers));
        tasks.spawn("HTLCs", htlcs::process(node.clone()));
        tasks.spawn("closed channels", records::follow(node.clone()));
        tasks.spawn("announcements", gossip::announce_node(node.clone()));
        let stop = tasks.stopping();
        tasks.spawn("offers", onion::deliver(arrivals, offers, stop));
        for listener in listeners {
            tasks.spawn("listener", peers::listen(node.clone(), listener));
        }
        tasks.spawn("peers", peers::look_after(node.clone()));
        node.resume_closings();
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
    profile: Profile,
    chain: Chain,
    state: LightningState,
    known_peers: KnownPeers,
    closings: Closings,
    inbox: Inbox,
    tasks: Tasks,
) -> Result<Node, StartError> {
    let logger = Arc::new(LdkLogger);
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
        IgnoringMessageHandler {},
        IgnoringMessageHandler {},
        IgnoringMessageHandler {},
        IgnoringMessageHandler {},
    ));
    let gossip = Arc::new(GossipSync::new(Arc::clone(&graph), None, Arc::clone(&logger)));
    let attempts = Arc::new(Attempts::default());
    let terms = Terms {
        min_capacity_sat: Arc::clone(&profile.min_capacity_sat),
    };
    let pings = Arc::new(Pings::default());
    let handlers = MessageHandler {
        chan_handler: Arc::new(Gatekeeper::new(
            Arc::clone(&channel_manager),
            terms,
            Arc::clone(&attempts),
        )),
        route_handler: Arc::new(PatientGossip::new(Arc::clone(&gossip))),
        onion_message_handler: Arc::new(MessageGate::new(
            Arc::clone(&onion_messenger),
            Arc::clone(&chain.keys),
            inbox,
        )),
        custom_message_handler: Arc::clone(&pings),
        send_only_message_handler: Arc::clone(&chain_monitor),
    };
    let peer_manager = Arc::new(PeerManager::new(
        handlers,
        // LDK wants a value that never goes back, even when the clock does; seconds fit until 2106.
        u32::try_from(UnixSeconds::now().0).unwrap_or(u32::MAX),
        &chain.keys.get_secure_random_bytes(),
        Arc::new(PeerLogger {
            log: LdkLogger,
            pings: Arc::clone(&pings),
        }),
        Arc::clone(&chain.keys),
    ));
    gossip::verify_announcements(&gossip, &peer_manager, &chain.bitcoind, &tasks);
    let bump = Bump::new(&chain.broadcaster, &chain.wallet, &chain.keys);
    let inner = Inner {
        node_id: profile.node_id,
        alias: profile.alias,
        rgb: profile.rgb,
        config: profile.config,
        keys: chain.keys,
        store,
        notes,
        records: Records::default(),
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
        connecting_answers: Semaphore::new(onion::CONNECTING_ANSWERS),
        peer_manager,
        sweeper,
        bump,
        openings: Openings::default(),
        closings,
        known_peers,
        pings,
        attempts,
        htlcs_ready: Notify::new(),
        height: profile.height,
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
