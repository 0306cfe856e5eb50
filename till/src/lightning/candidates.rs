//! Which of the node's channels could be route hints, from what LDK and the gossip say of them.

use crate::receive::HintCandidate;
use boltill_node::{ChannelDetails, Node};
use boltill_types::Msat;
use lightning::routing::gossip::{ChannelInfo, ChannelUpdateInfo, NodeId, ReadOnlyNetworkGraph};
use lightning::routing::router::RouteHintHop;
use lightning::types::routing::RoutingFees;

pub(super) fn of(node: &Node) -> Vec<HintCandidate> {
    let channels = node.channels();
    let graph = node.graph().read_only();
    channels
        .iter()
        .filter_map(|channel| candidate(channel, &graph))
        .collect()
}

/// A channel that can carry an HTLC to us once its peer is connected, and whose peer has told us its terms.
fn candidate(channel: &ChannelDetails, graph: &ReadOnlyNetworkGraph<'_>) -> Option<HintCandidate> {
    if !channel.is_channel_ready {
        return None;
    }
    let terms = channel.counterparty.forwarding_info.as_ref()?;
    let peer = NodeId::from_pubkey(&channel.counterparty.node_id);
    let (public, alias) = (channel.is_announced, channel.get_inbound_payment_scid());
    // An unannounced channel goes by its alias, so that its place on the chain stays private.
    let scid = if public {
        channel.short_channel_id.or(alias)
    } else {
        alias
    }?;
    let hop = RouteHintHop {
        src_node_id: channel.counterparty.node_id,
        short_channel_id: scid,
        fees: RoutingFees {
            base_msat: terms.fee_base_msat,
            proportional_millionths: terms.fee_proportional_millionths,
        },
        cltv_expiry_delta: terms.cltv_expiry_delta,
        htlc_minimum_msat: None,
        htlc_maximum_msat: None,
    };
    let names = [
        channel.short_channel_id,
        channel.inbound_scid_alias,
        channel.outbound_scid_alias,
    ];
    Some(HintCandidate {
        hop,
        names: names.into_iter().flatten().collect(),
        capacity: capacity(channel, &peer, graph),
        size: size(channel),
        public,
        connected: channel.is_usable,
        dead_end: !reachable_otherwise(&peer, channel.short_channel_id, graph),
    })
}

/// What the channel can receive in one HTLC: what the peer has in it, within what we accept and what the peer says it
/// forwards at most.
fn capacity(channel: &ChannelDetails, peer: &NodeId, graph: &ReadOnlyNetworkGraph<'_>) -> Msat {
    let announced = channel.short_channel_id.and_then(|scid| graph.channel(scid));
    let forwarded_at_most = announced
        .and_then(|announced| update_by(announced, peer))
        .map(|update| update.htlc_maximum_msat);
    let limits = [channel.inbound_htlc_maximum_msat, forwarded_at_most];
    Msat(
        limits
            .into_iter()
            .flatten()
            .fold(channel.inbound_capacity_msat, u64::min),
    )
}

/// What the two of us can move in it at all.
fn size(channel: &ChannelDetails) -> Msat {
    let reserves = channel.counterparty.unspendable_punishment_reserve
        + channel.unspendable_punishment_reserve.unwrap_or_default();
    Msat::from_sat(channel.channel_value_satoshis.saturating_sub(reserves)).unwrap_or_default()
}

/// Whether somebody else has an enabled public channel towards the peer.
fn reachable_otherwise(peer: &NodeId, ours: Option<u64>, graph: &ReadOnlyNetworkGraph<'_>) -> bool {
    let Some(node) = graph.node(peer) else {
        return false;
    };
    let mut others = node.channels.iter().filter(|scid| Some(**scid) != ours);
    others.any(|scid| {
        let channel = graph.channel(*scid);
        channel
            .and_then(|channel| update_towards(channel, peer))
            .is_some_and(|update| update.enabled)
    })
}

/// What that end of the channel has announced about forwarding into it.
fn update_by<'a>(channel: &'a ChannelInfo, source: &NodeId) -> Option<&'a ChannelUpdateInfo> {
    if *source == channel.node_one {
        channel.one_to_two.as_ref()
    } else {
        channel.two_to_one.as_ref()
    }
}

/// What the end opposite to that one has announced.
fn update_towards<'a>(channel: &'a ChannelInfo, target: &NodeId) -> Option<&'a ChannelUpdateInfo> {
    if *target == channel.node_one {
        channel.two_to_one.as_ref()
    } else {
        channel.one_to_two.as_ref()
    }
}
