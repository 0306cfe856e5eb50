//! LDK is generic over everything; here each type is named once, with the parts that this node is made of.

use crate::bump::{BumpLogger, ClaimCoins};
use crate::commit::{MonitorNotes, NotedStore};
use crate::gossip::PatientGossip;
use crate::keys::Keys;
use crate::logger::LdkLogger;
use crate::onion::MessageGate;
use crate::peers::Gatekeeper;
use crate::ping::{PeerLogger, Pings};
use crate::store::LdkStore;
use boltill_onchain::{Broadcaster, FeeRates, FundingOutputs, Wallet};
use lightning::chain::Filter;
use lightning::ln::peer_handler::IgnoringMessageHandler;
use lightning::routing::gossip::{NetworkGraph, P2PGossipSync};
use lightning::routing::router::DefaultRouter;
use lightning::routing::scoring::{ProbabilisticScorer, ProbabilisticScoringFeeParameters};
use lightning::sign::InMemorySigner;
use lightning::util::persist::MonitorUpdatingPersister;
use lightning_block_sync::gossip::GossipVerifier as LdkGossipVerifier;
use std::sync::{Arc, RwLock};

/// What is known of the network's public channels and nodes (BOLT 7).
pub type Graph = NetworkGraph<Arc<LdkLogger>>;
pub(crate) type Scorer = ProbabilisticScorer<Arc<Graph>, Arc<LdkLogger>>;
pub(crate) type Router = DefaultRouter<
    Arc<Graph>,
    Arc<LdkLogger>,
    Arc<Keys>,
    Arc<RwLock<Scorer>>,
    ProbabilisticScoringFeeParameters,
    Scorer,
>;
pub(crate) type MessageRouter = crate::onion::GraphRouter;

/// Blocks arrive whole, so nothing needs to be told what to look for.
pub(crate) type NoFilter = Arc<dyn Filter + Send + Sync>;

/// LDK's way of writing monitors: whole from time to time, and updates in between.
pub(crate) type UpdateWriter = MonitorUpdatingPersister<
    Arc<NotedStore>,
    Arc<LdkLogger>,
    Arc<Keys>,
    Arc<Keys>,
    Arc<Broadcaster>,
    Arc<FeeRates>,
>;
pub(crate) type ChainMonitor = lightning::chain::chainmonitor::ChainMonitor<
    InMemorySigner,
    NoFilter,
    Arc<Broadcaster>,
    Arc<FeeRates>,
    Arc<LdkLogger>,
    Arc<MonitorNotes>,
    Arc<Keys>,
>;
pub(crate) type ChannelMonitor = lightning::chain::channelmonitor::ChannelMonitor<InMemorySigner>;
pub(crate) type ChannelManager = lightning::ln::channelmanager::ChannelManager<
    Arc<ChainMonitor>,
    Arc<Broadcaster>,
    Arc<Keys>,
    Arc<Keys>,
    Arc<Keys>,
    Arc<FeeRates>,
    Arc<Router>,
    Arc<MessageRouter>,
    Arc<LdkLogger>,
>;
pub(crate) type GossipVerifier =
    LdkGossipVerifier<crate::gossip::Spawner, Arc<FundingOutputs>, Arc<LdkLogger>>;
pub(crate) type GossipSync = P2PGossipSync<Arc<Graph>, Arc<GossipVerifier>, Arc<LdkLogger>>;
pub(crate) type OnionMessenger = lightning::onion_message::messenger::OnionMessenger<
    Arc<Keys>,
    Arc<Keys>,
    Arc<LdkLogger>,
    Arc<ChannelManager>,
    Arc<MessageRouter>,
    IgnoringMessageHandler,
    IgnoringMessageHandler,
    IgnoringMessageHandler,
    IgnoringMessageHandler,
>;
pub(crate) type PeerManager = lightning::ln::peer_handler::PeerManager<
    lightning_net_tokio::SocketDescriptor,
    Arc<Gatekeeper>,
    Arc<PatientGossip>,
    Arc<MessageGate>,
    Arc<PeerLogger>,
    Arc<Pings>,
    Arc<Keys>,
    Arc<ChainMonitor>,
>;
pub(crate) type Sweeper = lightning::util::sweep::OutputSweeper<
    Arc<Broadcaster>,
    Arc<Wallet>,
    Arc<FeeRates>,
    NoFilter,
    Arc<LdkStore>,
    Arc<LdkLogger>,
    Arc<Keys>,
>;
pub(crate) type BumpHandler = lightning::events::bump_transaction::BumpTransactionEventHandler<
    Arc<Broadcaster>,
    Arc<ClaimCoins>,
    Arc<Keys>,
    Arc<BumpLogger>,
>;
