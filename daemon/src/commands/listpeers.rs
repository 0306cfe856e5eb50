//! `listpeers`

use super::prelude::*;
use super::shared::address::NetAddress;
use super::shared::channel::features_hex;
use super::shared::unsupported;
use crate::params::{FromToken, NodeId, Refusal, Token};
use bitcoin::secp256k1::PublicKey;
use boltill_node::{ChannelDetails, Peer};
use serde::Serialize;
use std::collections::BTreeMap;

parameters! {
    /// List the nodes that are connected or share a channel with us
    ///
    /// A peer with a channel stays in the list while it is not connected.
    pub struct ListPeers {
        /// Only this node; the list is empty when it is neither connected nor shares a channel with us.
        optional id: NodeId,
        /// Not supported: this node keeps no separate log for each peer.
        optional level: LogLevel,
    }
}

pub const COMMAND: Command = Command {
    name: "listpeers",
    category: Category::Network,
    answer: &[Field::always(
        "peers",
        Kind::Array(&Kind::Object(PEER)),
        "The nodes, in the order of their ids.",
    )],
    examples: &[Example {
        typed: "listpeers",
        answer: r#"{"peers":[{"id":"02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5","connected":true,"num_channels":1,"netaddr":["127.0.0.1:9735"],"features":"0898882a8a59a1"}]}"#,
    }],
    see_also: &["connect", "disconnect", "listpeerchannels"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListPeers>()
};

const PEER: &[Field] = &[
    Field::always("id", Kind::Pubkey, "The node."),
    Field::always("connected", Kind::Bool, "Whether it is connected."),
    Field::always("num_channels", Kind::U32, "How many channels it shares with us."),
    Field::sometimes(
        "netaddr",
        Kind::Array(&Kind::String),
        "Where it is connected to, or from: one address and port.",
    ),
    Field::sometimes(
        "features",
        Kind::Hex,
        "The features that it offers (BOLT 9), once it has connected.",
    ),
];

/// How much of a log is wanted.
#[derive(Clone, Copy, Debug)]
pub struct LogLevel;

impl FromToken for LogLevel {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<LogLevel, Refusal> {
        match token.word().as_deref() {
            Some("io" | "trace" | "debug" | "info" | "unusual" | "broken") => Ok(LogLevel),
            _ => Err("should be 'io', 'trace', 'debug', 'info', or 'unusual'".into()),
        }
    }
}

#[derive(Serialize)]
struct Listing {
    peers: Vec<Entry>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Entry {
    id: PublicKey,
    connected: bool,
    num_channels: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    netaddr: Option<[String; 1]>,
    #[serde(skip_serializing_if = "String::is_empty")]
    features: String,
}

impl Run for ListPeers {
    async fn run(self, call: Call) -> Outcome {
        unsupported("level", &self.level, "there is no log for each peer")?;
        let node = call.node()?;
        let mut peers = entries(node.peers(), &node.channels());
        if let Some(NodeId(wanted)) = self.id {
            peers.retain(|peer| peer.id == wanted);
        }
        Answer::of(&Listing { peers })
    }
}

/// How many nodes are connected or share a channel with us (`num_peers` of `getinfo`).
pub(super) fn count(connected: Vec<Peer>, channels: &[ChannelDetails]) -> u32 {
    u32::try_from(entries(connected, channels).len()).unwrap_or(u32::MAX)
}

fn entries(connected: Vec<Peer>, channels: &[ChannelDetails]) -> Vec<Entry> {
    let mut entries = BTreeMap::new();
    for peer in connected {
        let entry = Entry {
            id: peer.node_id,
            connected: true,
            num_channels: 0,
            netaddr: peer
                .address
                .as_ref()
                .and_then(NetAddress::of)
                .map(|address| [address.to_string()]),
            features: features_hex(peer.features.le_flags()),
        };
        entries.insert(peer.node_id, entry);
    }
    for channel in channels {
        let id = channel.counterparty.node_id;
        let entry = entries.entry(id).or_insert_with(|| Entry {
            id,
            connected: false,
            num_channels: 0,
            netaddr: None,
            features: features_hex(channel.counterparty.features.le_flags()),
        });
        entry.num_channels += 1;
    }
    entries.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::channel::tests::{channel, key};
    use crate::commands::shared::documented::mismatches;
    use crate::commands::test_call;
    use lightning::types::features::InitFeatures;

    fn peer(id: PublicKey) -> Peer {
        let mut features = InitFeatures::empty();
        features.set_static_remote_key_required();
        let address = Some("127.0.0.1:9735".parse().unwrap());
        Peer {
            node_id: id,
            address,
            features,
            inbound: true,
        }
    }

    #[test]
    fn a_connected_peer_and_its_channels_are_one_entry() {
        let entries = entries(vec![peer(key(2))], &[channel(), channel()]);
        let [entry] = entries.as_slice() else {
            panic!("{entries:?}")
        };
        assert_eq!((entry.connected, entry.num_channels), (true, 2));
        let json = serde_json::to_value(entry).unwrap();
        assert_eq!(mismatches(PEER, &json), [""; 0]);
        assert_eq!(json["netaddr"], serde_json::json!(["127.0.0.1:9735"]));
        assert_eq!(json["features"], "1000");
    }

    #[test]
    fn a_peer_with_a_channel_is_listed_while_it_is_away() {
        let entries = entries(vec![peer(key(3))], &[channel()]);
        assert_eq!(entries.len(), 2);
        let away = entries.iter().find(|entry| entry.id == key(2)).unwrap();
        assert_eq!(
            (away.connected, away.num_channels, &away.netaddr),
            (false, 1, &None)
        );
    }

    #[tokio::test]
    async fn the_log_of_a_peer_is_refused_and_not_left_out() {
        let answer = test_call().answer("listpeers", r#"{"level":"debug"}"#).await;
        assert_eq!(
            answer.unwrap_err(),
            "level: not supported: there is no log for each peer"
        );
    }
}
