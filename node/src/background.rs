//! LDK's own housekeeping: events, timers, and the last write of the channel manager.

use crate::Node;
use crate::commit::Notes;
use crate::events::EventHandler;
use crate::ldk::ChannelManager;
use crate::tasks::TaskResult;
use lightning::ln::channelmanager::AChannelManager;
use lightning_background_processor::{GossipSync, NO_LIQUIDITY_MANAGER, process_events_async};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_util::sync::CancellationToken;

/// Runs until told to stop, and writes the channel manager a last time then. An error means that the state on disk
/// is older than the one in memory, so the process must end.
pub(crate) async fn process_events(
    node: Node,
    handler: Arc<EventHandler>,
    stop: CancellationToken,
) -> TaskResult {
    let inner = &node.inner;
    let sleeper = |pause: Duration| {
        let stop = stop.clone();
        Box::pin(async move {
            tokio::select! {
                () = tokio::time::sleep(pause) => false,
                () = stop.cancelled() => true,
            }
        })
    };
    process_events_async(
        Arc::clone(&inner.store),
        |event| {
            let handler = Arc::clone(&handler);
            async move { handler.handle(event).await }
        },
        Arc::clone(&inner.chain_monitor),
        Arc::new(Unhurried {
            manager: Arc::clone(&inner.channel_manager),
            notes: Arc::clone(&inner.notes),
        }),
        Some(Arc::clone(&inner.onion_messenger)),
        GossipSync::p2p(Arc::clone(&inner.gossip)),
        Arc::clone(&inner.peer_manager),
        NO_LIQUIDITY_MANAGER,
        Some(Arc::clone(&inner.sweeper)),
        Arc::new(crate::logger::LdkLogger),
        Some(Arc::clone(&inner.scorer)),
        sleeper,
        false,
        || SystemTime::now().duration_since(UNIX_EPOCH).ok(),
    )
    .await
    .map_err(|error| format!("the channel manager could not be written: {error}").into())
}

/// The channel manager as the background processor sees it, which as good as never needs to be written.
///
/// The background processor serialises it whenever it has changed, several times for each step of a payment, and waits for the
/// disk before it looks at the next event. Whatever must be durable goes down with the monitors; the rest follows with the next commit.
struct Unhurried {
    manager: Arc<ChannelManager>,
    notes: Arc<Notes>,
}

impl AChannelManager for Unhurried {
    type Watch = <ChannelManager as AChannelManager>::Watch;
    type M = <ChannelManager as AChannelManager>::M;
    type Broadcaster = <ChannelManager as AChannelManager>::Broadcaster;
    type T = <ChannelManager as AChannelManager>::T;
    type EntropySource = <ChannelManager as AChannelManager>::EntropySource;
    type ES = <ChannelManager as AChannelManager>::ES;
    type NodeSigner = <ChannelManager as AChannelManager>::NodeSigner;
    type NS = <ChannelManager as AChannelManager>::NS;
    type Signer = <ChannelManager as AChannelManager>::Signer;
    type SignerProvider = <ChannelManager as AChannelManager>::SignerProvider;
    type SP = <ChannelManager as AChannelManager>::SP;
    type FeeEstimator = <ChannelManager as AChannelManager>::FeeEstimator;
    type F = <ChannelManager as AChannelManager>::F;
    type Router = <ChannelManager as AChannelManager>::Router;
    type R = <ChannelManager as AChannelManager>::R;
    type MessageRouter = <ChannelManager as AChannelManager>::MessageRouter;
    type MR = <ChannelManager as AChannelManager>::MR;
    type Logger = <ChannelManager as AChannelManager>::Logger;
    type L = <ChannelManager as AChannelManager>::L;

    /// Called before each look at the manager, also before the one at the flag.
    fn get_cm(&self) -> &ChannelManager {
        if self.manager.get_and_clear_needs_persistence() {
            self.notes.write_manager_soon();
        }
        &self.manager
    }
}
