//! What we tell the network about ourselves, and how we check what others tell.

mod early;

pub(crate) use early::PatientGossip;

use crate::Node;
use crate::ldk::{GossipSync, GossipVerifier, PeerManager};
use crate::tasks::{TaskResult, Tasks};
use boltill_onchain::{Bitcoind, FundingOutputs};
use lightning::routing::gossip::NodeId;
use lightning::util::native_async::FutureSpawner;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often we look whether there is something to announce; looking is one map look-up.
const ANNOUNCEMENT_CHECK: Duration = Duration::from_secs(2);
/// Other nodes forget a node that they have not heard of for two weeks; hourly is what BOLT 7 nodes do.
const ANNOUNCEMENT_REFRESH: Duration = Duration::from_secs(60 * 60);

/// Runs the verifier's look-ups of channels' funding outputs.
pub(crate) struct Spawner(pub(crate) Tasks);

impl FutureSpawner for Spawner {
    fn spawn<T: Future<Output = ()> + Send + 'static>(&self, future: T) {
        self.0.spawn_errand(future);
    }
}

/// Has every announced channel's funding output looked up at bitcoind before the channel is believed (BOLT 7).
pub(crate) fn verify_announcements(
    gossip: &Arc<GossipSync>,
    peers: &Arc<PeerManager>,
    bitcoind: &Arc<Bitcoind>,
    tasks: &Tasks,
) {
    let verifier: GossipVerifier = lightning_block_sync::gossip::GossipVerifier::new(
        Arc::new(FundingOutputs::new(Arc::clone(bitcoind))),
        Spawner(tasks.clone()),
        Arc::<GossipSync>::clone(gossip),
        Arc::clone(peers),
    );
    gossip.add_utxo_lookup(Some(Arc::new(verifier)));
}

/// Announces the node as soon as it has a public channel, when something has changed, and every hour.
pub(crate) async fn announce_node(node: Node) -> TaskResult {
    let stopping = node.inner.tasks.stopping();
    let mut last: Option<(Instant, usize)> = None;
    let mut ticks = tokio::time::interval(ANNOUNCEMENT_CHECK);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopping.cancelled() => return Ok(()),
        }
        // LDK drops an announcement of a node without a known channel, so there must be one in the graph first.
        let channels = announced_channels(&node);
        let due = match last {
            None => true,
            Some((when, count)) => count != channels || when.elapsed() >= ANNOUNCEMENT_REFRESH,
        };
        if channels > 0 && due {
            let inner = &node.inner;
            inner.peer_manager.broadcast_node_announcement(
                inner.rgb,
                inner.alias,
                inner.config.announce.clone(),
            );
            // LDK has only put it where the next message to each peer goes out from, and that may be half a minute away.
            inner.peer_manager.process_events();
            last = Some((Instant::now(), channels));
        }
    }
}

/// How many channels of ours the public graph knows.
fn announced_channels(node: &Node) -> usize {
    let graph = node.inner.graph.read_only();
    graph
        .node(&NodeId::from_pubkey(&node.id()))
        .map_or(0, |node| node.channels.len())
}
