//! Reading what the last run has left behind, and making it anew where there was no last run.

use crate::channels::{MAX_ACCEPTED_HTLCS, THEIR_TO_SELF_DELAY};
use crate::commit::{MonitorNotes, NotedStore, Notes};
use crate::config::NodeConfig;
use crate::keys::Keys;
use crate::ldk::{ChainMonitor, ChannelManager, Graph, MessageRouter, Router, Scorer, Sweeper, UpdateWriter};
use crate::logger::LdkLogger;
use crate::profile::Profile;
use crate::seed::Seed;
use crate::start::StartError;
use crate::store::LdkStore;
use crate::sync::LoneMonitor;
use crate::wallet;
use bitcoin::BlockHash;
use boltill_onchain::{Bitcoind, BlockchainInfo, BroadcastTask, Broadcaster, FeeRates, Wallet};
use boltill_types::{StateStore, UnixSeconds};
use lightning::chain::BestBlock;
use lightning::io;
use lightning::ln::channelmanager::{ChainParameters, ChannelManagerReadArgs};
use lightning::routing::scoring::{ProbabilisticScoringDecayParameters, ProbabilisticScoringFeeParameters};
use lightning::sign::NodeSigner;
use lightning::util::config::UserConfig;
use lightning::util::persist::{
    CHANNEL_MANAGER_PERSISTENCE_KEY, CHANNEL_MANAGER_PERSISTENCE_PRIMARY_NAMESPACE,
    CHANNEL_MANAGER_PERSISTENCE_SECONDARY_NAMESPACE, CHANNEL_MONITOR_PERSISTENCE_PRIMARY_NAMESPACE,
    CHANNEL_MONITOR_PERSISTENCE_SECONDARY_NAMESPACE, NETWORK_GRAPH_PERSISTENCE_KEY,
    NETWORK_GRAPH_PERSISTENCE_PRIMARY_NAMESPACE, NETWORK_GRAPH_PERSISTENCE_SECONDARY_NAMESPACE,
    OUTPUT_SWEEPER_PERSISTENCE_KEY, OUTPUT_SWEEPER_PERSISTENCE_PRIMARY_NAMESPACE,
    OUTPUT_SWEEPER_PERSISTENCE_SECONDARY_NAMESPACE, SCORER_PERSISTENCE_KEY,
    SCORER_PERSISTENCE_PRIMARY_NAMESPACE, SCORER_PERSISTENCE_SECONDARY_NAMESPACE,
};
use lightning::util::ser::ReadableArgs;
use std::sync::{Arc, RwLock};

/// How many updates of a monitor are kept beside it before it is written whole again: writing it whole costs more
/// the more HTLCs it has seen, reading updates costs start-up.
const MONITOR_UPDATES_KEPT: u64 = 100;

/// The node's side towards the chain.
pub(crate) struct Chain {
    pub(crate) bitcoind: Arc<Bitcoind>,
    pub(crate) fees: Arc<FeeRates>,
    pub(crate) broadcaster: Arc<Broadcaster>,
    pub(crate) wallet: Arc<Wallet>,
    pub(crate) keys: Arc<Keys>,
}

impl Chain {
    /// Opens the wallet, and with a seed that has been used elsewhere looks for its coins.
    pub(crate) async fn open(
        profile: &Profile,
        seed: &Seed,
        info: &BlockchainInfo,
        store: &Arc<dyn StateStore>,
    ) -> Result<(Chain, BroadcastTask), StartError> {
        let (bitcoind, config) = (Arc::clone(&profile.bitcoind), &profile.config);
        let fees = Arc::new(FeeRates::new().forced(config.force_feerates));
        if let Err(error) = fees.refresh(&bitcoind).await {
            tracing::warn!("no feerates from bitcoind yet, using cautious ones: {error}");
        }
        let wallet = wallet::open(&bitcoind, seed, &profile.node_id, info, config, store).await?;
        let (broadcaster, broadcasting) = Broadcaster::new(Arc::clone(&bitcoind), Arc::clone(&wallet));
        let keys = Arc::new(Keys::new(seed.bytes(), Arc::clone(&wallet)));
        Ok((
            Chain {
                bitcoind,
                fees,
                broadcaster,
                wallet,
                keys,
            },
            broadcasting,
        ))
    }
}

/// Whether no node has ever run on this store.
pub(crate) fn is_blank(store: &dyn StateStore) -> Result<bool, StartError> {
    let primary = CHANNEL_MANAGER_PERSISTENCE_PRIMARY_NAMESPACE;
    let secondary = CHANNEL_MANAGER_PERSISTENCE_SECONDARY_NAMESPACE;
    let manager = store
        .list(primary, secondary)?
        .iter()
        .any(|key| key == CHANNEL_MANAGER_PERSISTENCE_KEY);
    Ok(!manager && !has_monitors(store)?)
}

fn has_monitors(store: &dyn StateStore) -> Result<bool, StartError> {
    let primary = CHANNEL_MONITOR_PERSISTENCE_PRIMARY_NAMESPACE;
    let secondary = CHANNEL_MONITOR_PERSISTENCE_SECONDARY_NAMESPACE;
    Ok(!store.list(primary, secondary)?.is_empty())
}

/// The node's side towards Lightning, each part at the block that it last saw.
pub(crate) struct LightningState {
    pub(crate) store: Arc<LdkStore>,
    pub(crate) notes: Arc<Notes>,
    pub(crate) graph: Arc<Graph>,
    pub(crate) scorer: Arc<RwLock<Scorer>>,
    pub(crate) message_router: Arc<MessageRouter>,
    pub(crate) chain_monitor: Arc<ChainMonitor>,
    pub(crate) channel_manager: Arc<ChannelManager>,
    pub(crate) sweeper: Arc<Sweeper>,
    pub(crate) monitors: Vec<LoneMonitor>,
}

impl LightningState {
    /// Reads monitors, graph, scorer, channel manager and sweeper, in the order in which they need each other.
    pub(crate) fn read(
        config: &NodeConfig,
        chain: &Chain,
        store: &Arc<dyn StateStore>,
    ) -> Result<LightningState, StartError> {
        let logger = Arc::new(LdkLogger);
        let notes = Arc::new(Notes::default());
        let ldk_store = Arc::new(LdkStore {
            state: Arc::clone(store),
            notes: Arc::clone(&notes),
        });
        let noted_store = NotedStore {
            store: Arc::clone(&ldk_store),
            notes: Arc::clone(&notes),
        };
        let writer = UpdateWriter::new(
            Arc::new(noted_store),
            Arc::clone(&logger),
            MONITOR_UPDATES_KEPT,
            Arc::clone(&chain.keys),
            Arc::clone(&chain.keys),
            Arc::clone(&chain.broadcaster),
            Arc::clone(&chain.fees),
        );
        let monitors = writer.read_all_channel_monitors_with_updates();
        let monitors = monitors.map_err(|error| unreadable("channel monitors", error))?;
        let monitors: Vec<LoneMonitor> = monitors
            .into_iter()
            .map(|(_, monitor)| {
                (
                    monitor,
                    Arc::clone(&chain.broadcaster),
                    Arc::clone(&chain.fees),
                    Arc::clone(&logger),
                )
            })
            .collect();
        let chain_monitor = Arc::new(ChainMonitor::new(
            None,
            Arc::clone(&chain.broadcaster),
            Arc::clone(&logger),
            Arc::clone(&chain.fees),
            Arc::new(MonitorNotes {
                writer,
                notes: Arc::clone(&notes),
            }),
            Arc::clone(&chain.keys),
            chain.keys.get_peer_storage_key(),
        ));
        let graph = Arc::new(read_graph(config, &ldk_store, &logger));
        let scorer = Arc::new(RwLock::new(read_scorer(&ldk_store, &graph, &logger)));
        let message_router = Arc::new(MessageRouter::new(Arc::clone(&graph), Arc::clone(&chain.keys)));
        let manager = ManagerParts {
            config,
            chain,
            chain_monitor: &chain_monitor,
            graph: &graph,
            scorer: &scorer,
        };
        let channel_manager = Arc::new(manager.read(&ldk_store, &message_router, &monitors)?);
        let sweeper = Arc::new(read_sweeper(&ldk_store, chain, &channel_manager, &logger)?);
        Ok(LightningState {
            store: ldk_store,
            notes,
            graph,
            scorer,
            message_router,
            chain_monitor,
            channel_manager,
            sweeper,
            monitors,
        })
    }
}

fn unreadable(part: &'static str, cause: impl std::fmt::Display) -> StartError {
    StartError::Unreadable {
        part,
        cause: cause.to_string(),
    }
}

/// The bytes of one value; `None` when there is none, which is not the same as one that cannot be read.
fn read_bytes(
    store: &LdkStore,
    part: &'static str,
    primary: &str,
    secondary: &str,
    key: &str,
) -> Result<Option<Vec<u8>>, StartError> {
    match store.read_value(primary, secondary, key) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(part, error)),
    }
}

/// The public network as last seen. A graph that cannot be read is forgotten: peers tell it again.
fn read_graph(config: &NodeConfig, store: &LdkStore, logger: &Arc<LdkLogger>) -> Graph {
    let bytes = read_bytes(
        store,
        "network graph",
        NETWORK_GRAPH_PERSISTENCE_PRIMARY_NAMESPACE,
        NETWORK_GRAPH_PERSISTENCE_SECONDARY_NAMESPACE,
        NETWORK_GRAPH_PERSISTENCE_KEY,
    );
    let read = bytes.map(|bytes| bytes.map(|bytes| Graph::read(&mut &bytes[..], Arc::clone(logger))));
    match read {
        Ok(Some(Ok(graph))) => return graph,
        Ok(None) => {}
        Ok(Some(Err(error))) => tracing::warn!("the network graph on file is not readable: {error}"),
        Err(error) => tracing::warn!("{error}"),
    }
    Graph::new(config.network, Arc::clone(logger))
}

/// What is known of channels' liquidity. Like the graph it is learnt again when it cannot be read.
fn read_scorer(store: &LdkStore, graph: &Arc<Graph>, logger: &Arc<LdkLogger>) -> Scorer {
    let decay = ProbabilisticScoringDecayParameters::default();
    let bytes = read_bytes(
        store,
        "scorer",
        SCORER_PERSISTENCE_PRIMARY_NAMESPACE,
        SCORER_PERSISTENCE_SECONDARY_NAMESPACE,
        SCORER_PERSISTENCE_KEY,
    );
    let args = (decay, Arc::clone(graph), Arc::clone(logger));
    match bytes.map(|bytes| bytes.map(|bytes| Scorer::read(&mut &bytes[..], args))) {
        Ok(Some(Ok(scorer))) => return scorer,
        Ok(None) => {}
        Ok(Some(Err(error))) => tracing::warn!("the scorer on file is not readable: {error}"),
        Err(error) => tracing::warn!("{error}"),
    }
    Scorer::new(decay, Arc::clone(graph), Arc::clone(logger))
}

/// What a channel manager is made of.
struct ManagerParts<'a> {
    config: &'a NodeConfig,
    chain: &'a Chain,
    chain_monitor: &'a Arc<ChainMonitor>,
    graph: &'a Arc<Graph>,
    scorer: &'a Arc<RwLock<Scorer>>,
}

impl ManagerParts<'_> {
    /// Reads the channel manager. None on file means a fresh node only if there are no monitors either.
    fn read(
        &self,
        store: &LdkStore,
        message_router: &Arc<MessageRouter>,
        monitors: &[LoneMonitor],
    ) -> Result<ChannelManager, StartError> {
        const PART: &str = "channel manager";
        let bytes = read_bytes(
            store,
            PART,
            CHANNEL_MANAGER_PERSISTENCE_PRIMARY_NAMESPACE,
            CHANNEL_MANAGER_PERSISTENCE_SECONDARY_NAMESPACE,
            CHANNEL_MANAGER_PERSISTENCE_KEY,
        )?;
        match bytes {
            None if !monitors.is_empty() => Err(StartError::ManagerMissing),
            None => Ok(self.make(message_router)),
            Some(bytes) => {
                let keys = &self.chain.keys;
                let args = ChannelManagerReadArgs::new(
                    Arc::clone(keys),
                    Arc::clone(keys),
                    Arc::clone(keys),
                    Arc::clone(&self.chain.fees),
                    Arc::clone(self.chain_monitor),
                    Arc::clone(&self.chain.broadcaster),
                    self.router(),
                    Arc::clone(message_router),
                    Arc::new(LdkLogger),
                    user_config(self.config),
                    monitors.iter().map(|(monitor, ..)| monitor).collect(),
                );
                let read = <(BlockHash, ChannelManager)>::read(&mut &bytes[..], args);
                read.map(|(_, manager)| manager)
                    .map_err(|error| unreadable(PART, error))
            }
        }
    }

    fn make(&self, message_router: &Arc<MessageRouter>) -> ChannelManager {
        let keys = &self.chain.keys;
        let best_block = self.chain.wallet.best_block();
        ChannelManager::new(
            Arc::clone(&self.chain.fees),
            Arc::clone(self.chain_monitor),
            Arc::clone(&self.chain.broadcaster),
            self.router(),
            Arc::clone(message_router),
            Arc::new(LdkLogger),
            Arc::clone(keys),
            Arc::clone(keys),
            Arc::clone(keys),
            user_config(self.config),
            ChainParameters {
                network: self.config.network,
                best_block,
            },
            u32::try_from(UnixSeconds::now().0).unwrap_or(u32::MAX),
        )
    }

    fn router(&self) -> Arc<Router> {
        Arc::new(Router::new(
            Arc::clone(self.graph),
            Arc::new(LdkLogger),
            Arc::clone(&self.chain.keys),
            Arc::clone(self.scorer),
            ProbabilisticScoringFeeParameters::default(),
        ))
    }
}

fn read_sweeper(
    store: &Arc<LdkStore>,
    chain: &Chain,
    channel_manager: &ChannelManager,
    logger: &Arc<LdkLogger>,
) -> Result<Sweeper, StartError> {
    const PART: &str = "output sweeper";
    let bytes = read_bytes(
        store,
        PART,
        OUTPUT_SWEEPER_PERSISTENCE_PRIMARY_NAMESPACE,
        OUTPUT_SWEEPER_PERSISTENCE_SECONDARY_NAMESPACE,
        OUTPUT_SWEEPER_PERSISTENCE_KEY,
    )?;
    let (broadcaster, fees) = (Arc::clone(&chain.broadcaster), Arc::clone(&chain.fees));
    let (keys, wallet) = (Arc::clone(&chain.keys), Arc::clone(&chain.wallet));
    let (store, logger) = (Arc::clone(store), Arc::clone(logger));
    let Some(bytes) = bytes else {
        let best_block = channel_manager.current_best_block();
        return Ok(Sweeper::new(
            best_block,
            broadcaster,
            fees,
            None,
            keys,
            wallet,
            store,
            logger,
        ));
    };
    let args = (broadcaster, fees, None, keys, wallet, store, logger);
    let read = <(BestBlock, Sweeper)>::read(&mut &bytes[..], args);
    read.map(|(_, sweeper)| sweeper)
        .map_err(|error| unreadable(PART, error))
}

/// LDK's settings. Each that differs from LDK's own default has its reason here.
fn user_config(config: &NodeConfig) -> UserConfig {
    let mut user = UserConfig::default();
    let handshake = &mut user.channel_handshake_config;
    // Commitments that can be bumped into a block; their fees need not be guessed weeks ahead.
    handshake.negotiate_anchors_zero_fee_htlc_tx = true;
    // A till must be able to take what its channel can carry, not a tenth of it.
    handshake.max_inbound_htlc_value_in_flight_percent_of_channel = 100;
    handshake.our_max_accepted_htlcs = MAX_ACCEPTED_HTLCS;
    handshake.our_to_self_delay = THEIR_TO_SELF_DELAY;
    // Money from a mutual close may go to where the operator says at that time (`close destination`).
    handshake.commit_upfront_shutdown_pubkey = false;
    // Whoever opens decides whether the channel is public; both kinds are welcome.
    user.channel_handshake_limits.force_announced_channel_preference = false;
    user.channel_handshake_limits.max_funding_satoshis = bitcoin::Amount::MAX_MONEY.to_sat();
    user.channel_config.forwarding_fee_base_msat = config.fee_base_msat;
    user.channel_config.forwarding_fee_proportional_millionths = config.fee_per_satoshi;
    user.channel_config.cltv_expiry_delta = config.cltv_delta;
    // A node behind us that is not announced is reached by invoices' route hints and by blinded paths.
    user.accept_forwards_to_priv_channels = true;
    // Each request is looked at: is it large enough, and can we afford to close it?
    user.manually_accept_inbound_channels = true;
    user
}
