//! `listpeerchannels`

mod entry;
mod fields;
mod htlc;

use super::prelude::*;
use super::shared::channel::is_called;
use crate::params::{NodeId, ShortChannelId};
use boltill_node::{ChannelDetails, ChannelId, Node};
use entry::{Entry, Terms};
use lightning::routing::gossip::NodeId as GossipId;
use serde::Serialize;

parameters! {
    /// List the node's channels
    ///
    /// A channel is listed from when it is being agreed on until it is closed, whether its peer is connected or not.
    /// At most one of the parameters may be given; nothing found is an empty list.
    pub struct ListPeerChannels {
        /// Only channels with this node.
        optional id: NodeId,
        /// Only this channel, by its place in the chain or by our alias for it.
        optional short_channel_id: ShortChannelId,
        /// Only this channel, by its id.
        optional channel_id: [u8; 32],
    }
}

pub const COMMAND: Command = Command {
    name: "listpeerchannels",
    category: Category::Channels,
    answer: &[Field::always(
        "channels",
        Kind::Array(&Kind::Object(fields::CHANNEL)),
        "The channels.",
    )],
    examples: &[Example {
        typed: "listpeerchannels",
        answer: fields::EXAMPLE,
    }],
    see_also: &["fundchannel", "close", "listpeers", "listfunds"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListPeerChannels>()
};

#[derive(Serialize)]
struct Listing {
    channels: Vec<Entry>,
}

impl Run for ListPeerChannels {
    async fn run(self, call: Call) -> Outcome {
        let given = [
            self.id.is_some(),
            self.short_channel_id.is_some(),
            self.channel_id.is_some(),
        ];
        if given.into_iter().filter(|given| *given).count() > 1 {
            return Err(RpcError::invalid_params(
                "Can only specify one of `id`, `short_channel_id` or `channel_id`",
            ));
        }
        let node = call.node()?;
        let channels = node.channels();
        let wanted = channels.iter().filter(|channel| self.wants(channel));
        let channels = wanted.map(|channel| {
            let connected = node.connected_peer(&channel.counterparty.node_id).is_some();
            Entry::of(channel, node.id(), connected, peers_terms(node, channel))
        });
        Answer::of(&Listing {
            channels: channels.collect(),
        })
    }
}

impl ListPeerChannels {
    fn wants(&self, channel: &ChannelDetails) -> bool {
        self.id
            .is_none_or(|NodeId(id)| channel.counterparty.node_id == id)
            && self.short_channel_id.is_none_or(|id| is_called(channel, id))
            && self
                .channel_id
                .is_none_or(|id| channel.channel_id == ChannelId(id))
    }
}

/// What the peer asks of those who pay through it to us, as it announces to the network.
fn peers_terms(node: &Node, channel: &ChannelDetails) -> Option<Terms> {
    let graph = node.graph().read_only();
    let public = graph.channel(channel.short_channel_id?)?;
    let ours = GossipId::from_pubkey(&node.id());
    let theirs = if public.node_one == ours {
        &public.two_to_one
    } else {
        &public.one_to_two
    };
    theirs.as_ref().map(Terms::announced)
}
