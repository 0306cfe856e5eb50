//! LDK's own housekeeping: events, timers, and writing down the channel manager after the monitors.

use crate::Node;
use crate::events::EventHandler;
use crate::tasks::TaskResult;
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
        Arc::clone(&inner.channel_manager),
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
