//! Ways for onion messages. LDK's own router knows only peers; this one looks through the public graph.

use super::paths::{self, Introduction};
use crate::ldk::Graph;
use bitcoin::secp256k1::{PublicKey, Secp256k1, Signing, Verification};
use lightning::blinded_path::IntroductionNode;
use lightning::blinded_path::message::{BlindedMessagePath, MessageContext, MessageForwardNode};
use lightning::onion_message::messenger::{Destination, MessageRouter, OnionMessagePath};
use lightning::routing::gossip::{ChannelInfo, NodeId, NodeInfo, ReadOnlyNetworkGraph};
use lightning::sign::{EntropySource, ReceiveAuthKey};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// How many nodes may lie between us and where a message goes. Six are enough for everybody on the real network.
const MAX_BETWEEN: usize = 12;

/// Finds the shortest way through nodes that forward onion messages, from one of our peers on.
///
/// Where there is none, it does not fall back on connecting as LDK's router does: whoever sends decides about that (`send.rs`).
pub(crate) struct GraphRouter {
    graph: Arc<Graph>,
    entropy: Arc<dyn EntropySource + Send + Sync>,
}

impl GraphRouter {
    pub(crate) fn new<E: EntropySource + Send + Sync + 'static>(graph: Arc<Graph>, entropy: Arc<E>) -> Self {
        GraphRouter { graph, entropy }
    }

    /// A blinded path to us that starts there.
    pub(super) fn path_from<T: Signing + Verification>(
        &self,
        introduction: Introduction,
        us: PublicKey,
        key: ReceiveAuthKey,
        context: MessageContext,
        secp_ctx: &Secp256k1<T>,
    ) -> BlindedMessagePath {
        let peer = match introduction {
            Introduction::Ourselves => None,
            Introduction::Peer(node_id) => Some(MessageForwardNode {
                node_id,
                // Shorter, but gone with the channel: printed codes live longer.
                short_channel_id: None,
            }),
        };
        let between = peer.as_slice();
        BlindedMessagePath::new(between, us, key, context, &*self.entropy, secp_ctx)
    }
}

impl MessageRouter for GraphRouter {
    fn find_path(
        &self,
        sender: PublicKey,
        peers: Vec<PublicKey>,
        mut destination: Destination,
    ) -> Result<OnionMessagePath, ()> {
        let graph = self.graph.read_only();
        destination.resolve(&graph);
        let target = first_node(&destination).ok_or(())?;
        // LDK goes on to the second node of a path that starts with us.
        let intermediate_nodes = if target == sender || peers.contains(&target) {
            Vec::new()
        } else {
            between(&graph, &sender, &peers, &target).ok_or(())?
        };
        Ok(OnionMessagePath {
            intermediate_nodes,
            destination,
            first_node_addresses: Vec::new(),
        })
    }

    fn create_blinded_paths<T: Signing + Verification>(
        &self,
        recipient: PublicKey,
        local_node_receive_key: ReceiveAuthKey,
        context: MessageContext,
        peers: Vec<MessageForwardNode>,
        secp_ctx: &Secp256k1<T>,
    ) -> Result<Vec<BlindedMessagePath>, ()> {
        let peers: Vec<_> = peers.iter().map(|peer| peer.node_id).collect();
        let introductions = paths::introductions(&self.graph.read_only(), &recipient, &peers);
        let path_from =
            |from| self.path_from(from, recipient, local_node_receive_key, context.clone(), secp_ctx);
        let found: Vec<_> = introductions.into_iter().map(path_from).collect();
        if found.is_empty() { Err(()) } else { Ok(found) }
    }
}

/// Which node a message for this destination must get to; `None` when that is said by way of a channel that nobody knows.
pub(super) fn first_node(destination: &Destination) -> Option<PublicKey> {
    match destination {
        Destination::Node(node_id) => Some(*node_id),
        Destination::BlindedPath(path) => match path.introduction_node() {
            IntroductionNode::NodeId(node_id) => Some(*node_id),
            IntroductionNode::DirectedShortChannelId(..) => None,
        },
    }
}

/// The nodes between us and the target, a peer of ours first: searched from the target, nearest first.
fn between(
    graph: &ReadOnlyNetworkGraph<'_>,
    us: &PublicKey,
    peers: &[PublicKey],
    target: &PublicKey,
) -> Option<Vec<PublicKey>> {
    let us = NodeId::from_pubkey(us);
    let target = NodeId::from_pubkey(target);
    let peers: HashSet<_> = peers.iter().map(NodeId::from_pubkey).collect();
    if !graph.node(&target).is_some_and(takes_messages) {
        return None;
    }
    let mut towards_target = HashMap::from([(target, target)]);
    let mut reached = VecDeque::from([(target, 0)]);
    while let Some((at, distance)) = reached.pop_front() {
        for next in neighbours(graph, &at) {
            // What a peer said in its `init` counts for more than what is announced of it.
            let is_peer = peers.contains(&next);
            let is_use = is_peer || graph.node(&next).is_some_and(takes_messages);
            if next == us || !is_use || towards_target.contains_key(&next) {
                continue;
            }
            towards_target.insert(next, at);
            if is_peer {
                return way(&towards_target, next, target);
            }
            if distance + 1 < MAX_BETWEEN {
                reached.push_back((next, distance + 1));
            }
        }
    }
    None
}

fn way(towards_target: &HashMap<NodeId, NodeId>, from: NodeId, target: NodeId) -> Option<Vec<PublicKey>> {
    let mut nodes = Vec::new();
    let mut at = from;
    while at != target {
        nodes.push(at.as_pubkey().ok()?);
        at = *towards_target.get(&at)?;
    }
    Some(nodes)
}

/// Whether the node has announced that it takes and forwards onion messages.
pub(super) fn takes_messages(node: &NodeInfo) -> bool {
    let announcement = node.announcement_info.as_ref();
    announcement.is_some_and(|info| info.features().supports_onion_messages())
}

fn neighbours<'a>(
    graph: &'a ReadOnlyNetworkGraph<'_>,
    node_id: &'a NodeId,
) -> impl Iterator<Item = NodeId> + 'a {
    let channels = graph.node(node_id).map(|node| node.channels.as_slice());
    channels
        .unwrap_or_default()
        .iter()
        .filter_map(|&short_channel_id| graph.channel(short_channel_id))
        .filter(|channel| is_connected(channel))
        .map(|channel| match channel.node_one == *node_id {
            true => channel.node_two,
            false => channel.node_one,
        })
}

/// Messages go from peer to peer, with or without a channel between them; but those with a channel are peers, unless one of them says
/// that the other is gone.
fn is_connected(channel: &ChannelInfo) -> bool {
    let sides = [&channel.one_to_two, &channel.two_to_one];
    sides.into_iter().flatten().all(|side| side.enabled)
}

#[cfg(test)]
mod tests;
