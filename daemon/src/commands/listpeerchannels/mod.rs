//! `listpeerchannels`

mod closing;
mod entry;
mod fields;
mod htlc;

use super::prelude::*;
use super::shared::channel::is_called;
use crate::params::{NodeId, ShortChannelId};
use bitcoin::secp256k1::PublicKey;
use boltill_node::{ChannelDetails, ChannelId, ChannelRecord, Node};
use closing::ClosingEntry;
pub use closing::side;
pub use entry::Alias;
use entry::{Entry, Terms};
pub use htlc::Htlc;
use lightning::routing::gossip::NodeId as GossipId;
use serde::Serialize;

parameters! {
    /// List the node's channels
    ///
    /// A channel is listed from when it is being agreed on, whether its peer is connected or not, until it is closed, all that was
    /// to come of it is in the wallet, and one more block has come; then it is in `listclosedchannels`.
    ///
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
    see_also: &[
        "fundchannel",
        "close",
        "listpeers",
        "listfunds",
        "listclosedchannels",
    ],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListPeerChannels>()
};

#[derive(Serialize)]
struct Listing {
    channels: Vec<Listed>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Listed {
    Open(Box<Entry>),
    Closing(Box<ClosingEntry>),
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
        let is_connected = |peer: &PublicKey| node.connected_peer(peer).is_some();
        let channels = node.channels();
        let open = channels.iter().filter(|channel| self.wants(channel));
        let open = open.map(|channel| {
            let connected = is_connected(&channel.counterparty.node_id);
            let terms = peers_terms(node, channel);
            let history = node.channel_history(channel.channel_id);
            let entry = Entry::of(channel, node.id(), connected, terms, history);
            Listed::Open(Box::new(entry))
        });
        let closing = node.closing_channels();
        let closing = closing
            .iter()
            .filter(|channel| self.wants_closing(&channel.record));
        let closing = closing.filter_map(|channel| {
            let connected = channel.record.peer.as_ref().is_some_and(is_connected);
            let entry = ClosingEntry::of(channel, node.id(), connected)?;
            Some(Listed::Closing(Box::new(entry)))
        });
        Answer::of(&Listing {
            channels: open.chain(closing).collect(),
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

impl ListPeerChannels {
    fn wants_closing(&self, channel: &ChannelRecord) -> bool {
        let names = [channel.short_channel_id, channel.local_alias];
        self.id.is_none_or(|NodeId(id)| channel.peer == Some(id))
            && self
                .short_channel_id
                .is_none_or(|ShortChannelId(id)| names.contains(&Some(id)))
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
