//! Staying connected to whoever we share a channel with, and to not too many others.

use crate::Node;
use crate::tasks::TaskResult;
use bitcoin::secp256k1::PublicKey;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

const CHECK: Duration = Duration::from_millis(500);
/// A peer that cannot be reached is tried again after a quarter of the time that it has been away, within these bounds: one that
/// only restarts is soon back, one that is gone for a day costs little.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How many peers without a channel may stay that have connected to us. LDK refuses the 251st; the difference is the room for those who
/// come to open one, while the others are there for nothing. Who has to go is left to chance, as in Core Lightning.
const MAX_STRANGERS: usize = 200;

/// Keeps every peer that has a channel connected, with longer and longer pauses while it cannot be reached; forgets the addresses
/// of peers that are of no concern any more; and sends strangers away when there are too many.
///
/// Core Lightning also reconnects to peers without a channel that `connect` was called for. Here such a peer is left alone once it
/// has gone: whoever wants to open a channel connects then, as `fundchannel` does by itself.
pub(crate) async fn look_after(node: Node) -> TaskResult {
    let stopping = node.inner.tasks.stopping();
    let mut reconnections = Reconnections::new();
    let mut ticks = tokio::time::interval(CHECK);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopping.cancelled() => return Ok(()),
        }
        let with_channels = node.peers_with_channels();
        node.inner.known_peers.keep_only(|node_id| {
            with_channels.contains(node_id)
                || node.inner.attempts.is_under_way(node_id)
                || node.connected_peer(node_id).is_some()
        });
        node.send_strangers_away(&with_channels);
        if !node.inner.config.offline {
            reconnections.start(&node, &with_channels);
        }
    }
}

impl Node {
    fn peers_with_channels(&self) -> HashSet<PublicKey> {
        let channels = self.channels();
        channels
            .iter()
            .map(|channel| channel.counterparty.node_id)
            .collect()
    }

    fn send_strangers_away(&self, with_channels: &HashSet<PublicKey>) {
        let peers = self.inner.peer_manager.list_peers();
        let strangers = peers
            .iter()
            .filter(|peer| peer.is_inbound_connection && !with_channels.contains(&peer.counterparty_node_id));
        // LDK lists them in the order of a hash map.
        for stranger in strangers.skip(MAX_STRANGERS) {
            let node_id = stranger.counterparty_node_id;
            crate::flood::tell_refusal!("{node_id} has no channel and makes room for others");
            self.inner.peer_manager.disconnect_by_node_id(node_id);
        }
    }
}

/// When to try again whom.
struct Reconnections {
    waiting: HashMap<PublicKey, Absence>,
    reached: mpsc::UnboundedSender<PublicKey>,
    has_reached: mpsc::UnboundedReceiver<PublicKey>,
}

/// A peer that should be there and is not.
struct Absence {
    since: Instant,
    next_try: Instant,
}

impl Absence {
    fn begins(now: Instant) -> Absence {
        Absence {
            since: now,
            next_try: now,
        }
    }

    /// Whether to try now; if so, says when the next time is.
    fn is_due(&mut self, now: Instant) -> bool {
        if self.next_try > now {
            return false;
        }
        let away = now.duration_since(self.since);
        self.next_try = now + (away / 4).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        true
    }
}

impl Reconnections {
    fn new() -> Reconnections {
        let (reached, has_reached) = mpsc::unbounded_channel();
        Reconnections {
            waiting: HashMap::new(),
            reached,
            has_reached,
        }
    }

    /// Starts to connect to whoever should be there and is not, and whose pause is over.
    fn start(&mut self, node: &Node, wanted: &HashSet<PublicKey>) {
        let is_gone =
            |node_id: &PublicKey| wanted.contains(node_id) && node.connected_peer(node_id).is_none();
        self.waiting.retain(|node_id, _| is_gone(node_id));
        // A peer that was reached and is gone again already begins with the shortest pause.
        while let Ok(node_id) = self.has_reached.try_recv() {
            self.waiting.remove(&node_id);
        }
        for &node_id in wanted.iter().filter(|node_id| is_gone(node_id)) {
            let now = Instant::now();
            let absence = self.waiting.entry(node_id).or_insert(Absence::begins(now));
            if !absence.is_due(now) {
                continue;
            }
            let (node, reached) = (node.clone(), self.reached.clone());
            node.inner.tasks.clone().spawn_errand(async move {
                match node.connect(node_id, None).await {
                    // Nobody listens any more only when the node stops.
                    Ok(_) => drop(reached.send(node_id)),
                    Err(error) => tracing::debug!("peer {node_id} is out of reach: {error}"),
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_a_peer_is_away_the_rarer_it_is_tried() {
        let gone = Instant::now();
        let mut absence = Absence::begins(gone);
        assert!(absence.is_due(gone), "at once");
        assert!(!absence.is_due(gone + SHORTEST_PAUSE / 2));
        assert!(absence.is_due(gone + SHORTEST_PAUSE));
        let hour_later = gone + Duration::from_secs(3600);
        assert!(absence.is_due(hour_later));
        assert!(!absence.is_due(hour_later + LONGEST_PAUSE / 2));
        assert!(absence.is_due(hour_later + LONGEST_PAUSE));
    }
}
