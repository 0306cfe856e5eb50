//! Gossip that arrives before the channel that it is about.
//!
//! A channel is believed once bitcoind has been asked for its funding output, and meanwhile other threads go on: an LDK node may
//! pass on a channel_update an instant before the channel_announcement it belongs to. LDK drops such a message, and the channel
//! stays without a direction, or the node without an address, until its owner says it again, which may take days. So the
//! latest of each is kept for a while, and handed in again when the channel turns up.

use crate::ldk::GossipSync;
use bitcoin::secp256k1::PublicKey;
use lightning::ln::msgs::{
    BaseMessageHandler, ChannelAnnouncement, ChannelUpdate, Init, LightningError, MessageSendEvent,
    NodeAnnouncement, QueryChannelRange, QueryShortChannelIds, ReplyChannelRange, ReplyShortChannelIdsEnd,
    RoutingMessageHandler,
};
use lightning::routing::gossip::NodeId;
use lightning::types::features::{InitFeatures, NodeFeatures};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// How many messages of each kind are kept. Nothing of them has been checked yet, so a flood of them must cost no more than this.
const KEPT: usize = 500;
/// How many of them may come from one peer, so that one that makes them up leaves room for the others.
const KEPT_OF_ONE_PEER: usize = 100;
/// Messages with more data than this of kinds that nobody knows yet are not kept.
const MAX_EXCESS_BYTES: usize = 256;

/// LDK's gossip handler, with a memory for what came too early.
pub(crate) struct PatientGossip {
    inner: Arc<GossipSync>,
    early: Mutex<Early>,
}

#[derive(Default)]
struct Early {
    /// By short_channel_id and direction.
    updates: Latest<(u64, u8), ChannelUpdate>,
    nodes: Latest<NodeId, NodeAnnouncement>,
    /// What turned out to be good and is to be passed on.
    outbox: Vec<MessageSendEvent>,
}

/// Who told; `None` is ourselves.
type Teller = Option<PublicKey>;

/// The latest value of each key, by who told it: what one peer says does not replace what another has said.
struct Latest<K, V> {
    told: HashMap<Teller, VecDeque<(K, V)>>,
}

impl<K, V> Default for Latest<K, V> {
    fn default() -> Self {
        Latest { told: HashMap::new() }
    }
}

impl<K: PartialEq, V> Latest<K, V> {
    /// When there are too many, the oldest goes of who has told most.
    fn keep(&mut self, from: Teller, key: K, value: V) {
        let told = self.told.entry(from).or_default();
        told.retain(|(kept, _)| *kept != key);
        told.push_back((key, value));
        if told.len() > KEPT_OF_ONE_PEER {
            told.pop_front();
        }
        if self.told.values().map(VecDeque::len).sum::<usize>() > KEPT
            && let Some(most) = self.told.values_mut().max_by_key(|told| told.len())
        {
            most.pop_front();
        }
    }

    /// What everybody has told about this, which may differ.
    fn take(&mut self, key: &K) -> Vec<V> {
        let mut values = Vec::new();
        for told in self.told.values_mut() {
            if let Some(at) = told.iter().position(|(kept, _)| kept == key) {
                values.extend(told.remove(at).map(|(_, value)| value));
            }
        }
        self.told.retain(|_, told| !told.is_empty());
        values
    }

    fn forget(&mut self, teller: Teller) {
        self.told.remove(&teller);
    }
}

impl PatientGossip {
    pub(crate) fn new(inner: Arc<GossipSync>) -> PatientGossip {
        PatientGossip {
            inner,
            early: Mutex::default(),
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Early) -> T) -> T {
        work(&mut self.early.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_known(&self, short_channel_id: u64) -> bool {
        self.inner
            .network_graph()
            .read_only()
            .channel(short_channel_id)
            .is_some()
    }

    fn is_known_node(&self, node_id: &NodeId) -> bool {
        self.inner.network_graph().read_only().node(node_id).is_some()
    }

    /// Hands in again what came before this channel. While LDK still checks the channel it keeps these messages itself.
    fn catch_up(&self, announced: &ChannelAnnouncement) {
        let channel = &announced.contents;
        for direction in [0, 1] {
            let key = (channel.short_channel_id, direction);
            for update in self.with(|early| early.updates.take(&key)) {
                if let Ok(true) = self.inner.handle_channel_update(None, &update) {
                    self.pass_on(MessageSendEvent::BroadcastChannelUpdate { msg: update });
                }
            }
        }
        for node_id in [channel.node_id_1, channel.node_id_2] {
            for node in self.with(|early| early.nodes.take(&node_id)) {
                if let Ok(true) = self.inner.handle_node_announcement(None, &node) {
                    self.pass_on(MessageSendEvent::BroadcastNodeAnnouncement { msg: node });
                }
            }
        }
    }

    fn pass_on(&self, event: MessageSendEvent) {
        self.with(|early| early.outbox.push(event));
    }
}

impl RoutingMessageHandler for PatientGossip {
    fn handle_node_announcement(
        &self,
        from: Option<PublicKey>,
        node: &NodeAnnouncement,
    ) -> Result<bool, LightningError> {
        let handled = self.inner.handle_node_announcement(from, node);
        let node_id = node.contents.node_id;
        let excess = node.contents.excess_data.len() + node.contents.excess_address_data.len();
        if handled.is_err() && excess <= MAX_EXCESS_BYTES && !self.is_known_node(&node_id) {
            self.with(|early| early.nodes.keep(from, node_id, node.clone()));
        }
        handled
    }

    fn handle_channel_announcement(
        &self,
        from: Option<PublicKey>,
        channel: &ChannelAnnouncement,
    ) -> Result<bool, LightningError> {
        let handled = self.inner.handle_channel_announcement(from, channel);
        self.catch_up(channel);
        handled
    }

    fn handle_channel_update(
        &self,
        from: Option<PublicKey>,
        update: &ChannelUpdate,
    ) -> Result<bool, LightningError> {
        let handled = self.inner.handle_channel_update(from, update);
        let contents = &update.contents;
        let excess = contents.excess_data.len();
        if handled.is_err() && excess <= MAX_EXCESS_BYTES && !self.is_known(contents.short_channel_id) {
            let key = (contents.short_channel_id, contents.channel_flags & 1);
            self.with(|early| early.updates.keep(from, key, update.clone()));
        }
        handled
    }

    fn get_next_channel_announcement(
        &self,
        starting_point: u64,
    ) -> Option<(ChannelAnnouncement, Option<ChannelUpdate>, Option<ChannelUpdate>)> {
        self.inner.get_next_channel_announcement(starting_point)
    }

    fn get_next_node_announcement(&self, starting_point: Option<&NodeId>) -> Option<NodeAnnouncement> {
        self.inner.get_next_node_announcement(starting_point)
    }

    fn handle_reply_channel_range(
        &self,
        from: PublicKey,
        reply: ReplyChannelRange,
    ) -> Result<(), LightningError> {
        self.inner.handle_reply_channel_range(from, reply)
    }

    fn handle_reply_short_channel_ids_end(
        &self,
        from: PublicKey,
        reply: ReplyShortChannelIdsEnd,
    ) -> Result<(), LightningError> {
        self.inner.handle_reply_short_channel_ids_end(from, reply)
    }

    fn handle_query_channel_range(
        &self,
        from: PublicKey,
        query: QueryChannelRange,
    ) -> Result<(), LightningError> {
        self.inner.handle_query_channel_range(from, query)
    }

    fn handle_query_short_channel_ids(
        &self,
        from: PublicKey,
        query: QueryShortChannelIds,
    ) -> Result<(), LightningError> {
        self.inner.handle_query_short_channel_ids(from, query)
    }

    fn processing_queue_high(&self) -> bool {
        self.inner.processing_queue_high()
    }
}

impl BaseMessageHandler for PatientGossip {
    fn get_and_clear_pending_msg_events(&self) -> Vec<MessageSendEvent> {
        let mut events = self.inner.get_and_clear_pending_msg_events();
        events.extend(self.with(|early| std::mem::take(&mut early.outbox)));
        events
    }

    fn peer_disconnected(&self, peer: PublicKey) {
        self.with(|early| {
            early.updates.forget(Some(peer));
            early.nodes.forget(Some(peer));
        });
        self.inner.peer_disconnected(peer);
    }

    fn provided_node_features(&self) -> NodeFeatures {
        self.inner.provided_node_features()
    }

    fn provided_init_features(&self, peer: PublicKey) -> InitFeatures {
        self.inner.provided_init_features(peer)
    }

    fn peer_connected(&self, peer: PublicKey, init: &Init, inbound: bool) -> Result<(), ()> {
        self.inner.peer_connected(peer, init, inbound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use bitcoin::secp256k1::{Secp256k1, SecretKey};

    fn peer(number: u8) -> Teller {
        let secret = SecretKey::from_slice(&[number; 32]).unwrap();
        Some(PublicKey::from_secret_key(&Secp256k1::new(), &secret))
    }

    fn kept(latest: &Latest<usize, &str>) -> usize {
        latest.told.values().map(VecDeque::len).sum()
    }

    #[test]
    fn the_latest_of_each_is_kept_and_the_oldest_go_first() {
        let mut latest = Latest::default();
        for key in 0..KEPT_OF_ONE_PEER {
            latest.keep(peer(1), key, "first");
        }
        latest.keep(peer(1), 1, "second");
        latest.keep(peer(1), KEPT, "one too many");
        assert!(latest.take(&0).is_empty(), "the oldest has gone");
        assert_eq!(latest.take(&1), ["second"]);
        assert!(latest.take(&1).is_empty(), "it is taken once");
        assert_eq!(latest.take(&KEPT), ["one too many"]);
    }

    #[test]
    fn a_peer_that_says_much_leaves_room_for_the_others_and_says_nothing_in_their_place() {
        let mut latest = Latest::default();
        latest.keep(peer(1), 7, "honest");
        for liar in 2..20 {
            for key in 0..2 * KEPT {
                latest.keep(peer(liar), key, "made up");
            }
            latest.keep(peer(liar), 7, "made up");
        }
        assert_eq!(kept(&latest), KEPT);
        let told = latest.take(&7);
        assert!(told.contains(&"honest"), "{told:?}");
        for liar in 2..20 {
            latest.forget(peer(liar));
        }
        assert_eq!(
            kept(&latest),
            0,
            "who has gone is forgotten with all that it said"
        );
    }
}
