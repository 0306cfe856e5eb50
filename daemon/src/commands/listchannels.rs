//! `listchannels`

use super::prelude::*;
use super::shared::channel::{features_hex, sat, scid};
use crate::answer::Page;
use crate::params::{NodeId, ShortChannelId};
use boltill_types::Msat;
use hex_conservative::DisplayHex;
use lightning::routing::gossip::{ChannelInfo, ChannelUpdateInfo, NodeId as GossipId, ReadOnlyNetworkGraph};
use serde::Serialize;

parameters! {
    /// List the channels of the public network
    ///
    /// A channel appears once for each direction of which its sender has announced the terms (BOLT 7). At most one of
    /// the parameters may be given; nothing found is an empty list. Channels of ours that are not announced are
    /// listed by `listpeerchannels` alone.
    pub struct ListChannels {
        /// Only this channel.
        optional short_channel_id: ShortChannelId,
        /// Only channels from this node.
        optional source: NodeId,
        /// Only channels to this node.
        optional destination: NodeId,
    }
}

pub const COMMAND: Command = Command {
    name: "listchannels",
    category: Category::Network,
    answer: &[Field::always(
        "channels",
        Kind::Array(&Kind::Object(CHANNEL)),
        "The channels, in the order of the chain.",
    )],
    examples: &[Example {
        typed: "listchannels 109x1x1",
        answer: r#"{"channels":[{"source":"02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5","destination":"02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9","short_channel_id":"109x1x1","direction":0,"public":true,"amount_msat":1000000000,"message_flags":1,"channel_flags":0,"active":true,"last_update":1738500000,"base_fee_millisatoshi":1,"fee_per_millionth":10,"delay":6,"htlc_minimum_msat":0,"htlc_maximum_msat":990000000,"features":""}]}"#,
    }],
    see_also: &["listnodes", "listpeerchannels"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListChannels>()
};

const CHANNEL: &[Field] = &[
    Field::always(
        "source",
        Kind::Pubkey,
        "The node that forwards into the channel, and whose terms these are.",
    ),
    Field::always("destination", Kind::Pubkey, "The node at the other end."),
    Field::always(
        "short_channel_id",
        Kind::ShortChannelId,
        "Where the channel is in the chain.",
    ),
    Field::always(
        "direction",
        Kind::U32,
        "0 when the id of *source* is the lesser one, else 1.",
    ),
    Field::always("public", Kind::Bool, "Always true."),
    Field::always("amount_msat", Kind::Msat, "All that is in the channel."),
    Field::always("message_flags", Kind::U16, "As in channel_update (BOLT 7)."),
    Field::always("channel_flags", Kind::U16, "As in channel_update (BOLT 7)."),
    Field::always(
        "active",
        Kind::Bool,
        "Whether *source* lets it be used at present.",
    ),
    Field::always(
        "last_update",
        Kind::U32,
        "When *source* said so, by its own clock.",
    ),
    Field::always(
        "base_fee_millisatoshi",
        Kind::U32,
        "The fixed part of the fee, in msat.",
    ),
    Field::always(
        "fee_per_millionth",
        Kind::U32,
        "The proportional part, in millionths of the amount.",
    ),
    Field::always(
        "delay",
        Kind::U32,
        "How many blocks *source* wants between the deadlines.",
    ),
    Field::always(
        "htlc_minimum_msat",
        Kind::Msat,
        "The least that can be sent at once.",
    ),
    Field::always(
        "htlc_maximum_msat",
        Kind::Msat,
        "The most that can be sent at once.",
    ),
    Field::always("features", Kind::Hex, "The channel's features (BOLT 9)."),
];

/// How many channels are read under one lock of the graph, while which no gossip can come in.
const PAGE: usize = 500;

/// Which directions are listed.
#[derive(Clone, Copy)]
enum Wanted {
    All,
    From(GossipId),
    To(GossipId),
}

#[derive(Serialize)]
struct Entry {
    source: String,
    destination: String,
    short_channel_id: String,
    direction: u8,
    public: bool,
    amount_msat: Msat,
    message_flags: u8,
    channel_flags: u8,
    active: bool,
    last_update: u32,
    base_fee_millisatoshi: u32,
    fee_per_millionth: u32,
    delay: u16,
    htlc_minimum_msat: Msat,
    htlc_maximum_msat: Msat,
    features: String,
}

impl Run for ListChannels {
    async fn run(self, call: Call) -> Outcome {
        let gossip_id = |NodeId(id)| GossipId::from_pubkey(&id);
        let node = call.node()?.clone();
        let (ids, wanted) = {
            let graph = node.graph().read_only();
            match (
                self.short_channel_id,
                self.source.map(gossip_id),
                self.destination.map(gossip_id),
            ) {
                (None, None, None) => (
                    sorted(graph.channels().unordered_keys().copied().collect()),
                    Wanted::All,
                ),
                (Some(id), None, None) => (vec![id.0], Wanted::All),
                (None, Some(source), None) => (channels_of(&graph, &source), Wanted::From(source)),
                (None, None, Some(destination)) => {
                    (channels_of(&graph, &destination), Wanted::To(destination))
                }
                _ => {
                    return Err(RpcError::invalid_params(
                        "Can only specify one of `short_channel_id`, `source` or `destination`",
                    ));
                }
            }
        };
        Answer::rows("channels", ids.into_iter(), move |mut left| {
            let node = node.clone();
            async move {
                let ids: Vec<u64> = left.by_ref().take(PAGE).collect();
                if ids.is_empty() {
                    return Ok(None);
                }
                let graph = node.graph().read_only();
                let known = ids
                    .iter()
                    .filter_map(|id| graph.channel(*id).map(|channel| (*id, channel)));
                let page = Page::of(known.flat_map(|(id, channel)| directions(id, channel, wanted)))?;
                Ok(Some((page, left)))
            }
        })
    }
}

fn sorted(mut ids: Vec<u64>) -> Vec<u64> {
    ids.sort_unstable();
    ids
}

fn channels_of(graph: &ReadOnlyNetworkGraph<'_>, node: &GossipId) -> Vec<u64> {
    sorted(
        graph
            .node(node)
            .map(|node| node.channels.clone())
            .unwrap_or_default(),
    )
}

/// The directions of a channel that are announced and wanted.
fn directions(id: u64, channel: &ChannelInfo, wanted: Wanted) -> impl Iterator<Item = Entry> {
    let (one, two) = (&channel.node_one, &channel.node_two);
    let directions = [(one, two, &channel.one_to_two), (two, one, &channel.two_to_one)];
    let entries = [0, 1].map(|direction: u8| {
        let (source, destination, terms) = directions[usize::from(direction)];
        let is_wanted = match wanted {
            Wanted::All => true,
            Wanted::From(node) => *source == node,
            Wanted::To(node) => *destination == node,
        };
        let terms = terms.as_ref().filter(|_| is_wanted)?;
        Some(Entry::of(id, channel, direction, [source, destination], terms))
    });
    entries.into_iter().flatten()
}

impl Entry {
    fn of(
        id: u64,
        channel: &ChannelInfo,
        direction: u8,
        [source, destination]: [&GossipId; 2],
        terms: &ChannelUpdateInfo,
    ) -> Entry {
        Entry {
            source: source.as_slice().to_lower_hex_string(),
            destination: destination.as_slice().to_lower_hex_string(),
            short_channel_id: scid(id),
            direction,
            public: true,
            // The chain tells when an announcement is checked; a channel has at least what can be sent through it.
            amount_msat: channel.capacity_sats.map_or(Msat(terms.htlc_maximum_msat), sat),
            // That htlc_maximum_msat is there.
            message_flags: 1,
            channel_flags: direction | u8::from(!terms.enabled) << 1,
            active: terms.enabled,
            last_update: terms.last_update,
            base_fee_millisatoshi: terms.fees.base_msat,
            fee_per_millionth: terms.fees.proportional_millionths,
            delay: terms.cltv_expiry_delta,
            htlc_minimum_msat: Msat(terms.htlc_minimum_msat),
            htlc_maximum_msat: Msat(terms.htlc_maximum_msat),
            features: features_hex(channel.features.le_flags()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::channel::tests::key;
    use crate::commands::shared::documented::mismatches;
    use bitcoin::Network;
    use lightning::routing::gossip::{NetworkGraph, RoutingFees};
    use lightning::types::features::ChannelFeatures;
    use lightning::util::logger::{Logger, Record};
    use serde_json::{Value, to_value};

    struct Silent;

    impl Logger for Silent {
        fn log(&self, _record: Record<'_>) {}
    }

    fn terms(enabled: bool) -> ChannelUpdateInfo {
        ChannelUpdateInfo {
            htlc_minimum_msat: 1,
            htlc_maximum_msat: 900_000,
            fees: RoutingFees {
                base_msat: 1_000,
                proportional_millionths: 10,
            },
            last_update: 1_738_500_000,
            cltv_expiry_delta: 34,
            enabled,
            last_update_message: None,
        }
    }

    /// A channel of which the direction from the lesser id is open and the other is disabled, as a graph has it.
    fn channel() -> ChannelInfo {
        let graph = NetworkGraph::new(Network::Regtest, &Silent);
        let (one, two) = (GossipId::from_pubkey(&key(1)), GossipId::from_pubkey(&key(2)));
        let features = ChannelFeatures::empty();
        graph
            .add_channel_from_partial_announcement(5, Some(1_000), 0, features, one, two)
            .unwrap();
        let mut channel = graph.read_only().channel(5).unwrap().clone();
        channel.one_to_two = Some(terms(true));
        channel.two_to_one = Some(terms(false));
        channel
    }

    fn listed(wanted: Wanted) -> Vec<Value> {
        directions(5, &channel(), wanted)
            .map(|entry| to_value(entry).unwrap())
            .collect()
    }

    #[test]
    fn a_channel_is_listed_once_for_each_direction() {
        let entries = listed(Wanted::All);
        let [there, back] = entries.as_slice() else {
            panic!("{entries:?}")
        };
        assert_eq!(mismatches(CHANNEL, there), [""; 0]);
        assert_eq!((&there["direction"], &back["direction"]), (&0.into(), &1.into()));
        assert_eq!(
            (&there["channel_flags"], &back["channel_flags"]),
            (&0.into(), &3.into())
        );
        assert_eq!((&there["active"], &back["active"]), (&true.into(), &false.into()));
        assert_eq!(there["amount_msat"], 1_000_000);
        assert_eq!(there["source"], back["destination"]);
    }

    #[test]
    fn a_node_may_be_asked_for_at_either_end() {
        let node = channel().node_two;
        let from = listed(Wanted::From(node));
        let to = listed(Wanted::To(node));
        assert_eq!((from.len(), to.len()), (1, 1));
        assert_eq!(
            (&from[0]["direction"], &to[0]["direction"]),
            (&1.into(), &0.into())
        );
    }
}
