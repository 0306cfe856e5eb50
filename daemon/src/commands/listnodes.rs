//! `listnodes`

use super::prelude::*;
use super::shared::address::{self, NetAddress};
use super::shared::channel::features_hex;
use crate::answer::Page;
use crate::params::NodeId;
use hex_conservative::DisplayHex;
use lightning::routing::gossip::{NodeAnnouncementInfo, NodeId as GossipId};
use serde::Serialize;

parameters! {
    /// List the nodes of the public network
    ///
    /// What each says about itself comes from its latest node_announcement (BOLT 7); of a node that has sent none,
    /// only its id is known, from its channels.
    pub struct ListNodes {
        /// Only this node; the list is empty when it is not known.
        optional id: NodeId,
    }
}

pub const COMMAND: Command = Command {
    name: "listnodes",
    category: Category::Network,
    answer: &[Field::always(
        "nodes",
        Kind::Array(&Kind::Object(NODE)),
        "The nodes, in the order of their ids.",
    )],
    examples: &[Example {
        typed: "listnodes 02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5",
        answer: r#"{"nodes":[{"nodeid":"02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5","alias":"HOPPINGFIRE","color":"035d2b","last_timestamp":1738000000,"features":"8898882a8a59a1","addresses":[]}]}"#,
    }],
    see_also: &["listchannels", "listpeers"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListNodes>()
};

const NODE: &[Field] = &[
    Field::always("nodeid", Kind::Pubkey, "The node."),
    Field::sometimes("alias", Kind::String, "The name that it gives itself."),
    Field::sometimes("color", Kind::Hex, "Its colour: red, green and blue."),
    Field::sometimes("last_timestamp", Kind::U32, "When it said so, by its own clock."),
    Field::sometimes("features", Kind::Hex, "The features that it offers (BOLT 9)."),
    Field::sometimes(
        "addresses",
        Kind::Array(&Kind::Object(address::FIELDS)),
        "Where it says that it can be connected to.",
    ),
];

/// How many nodes are read under one lock of the graph, while which no gossip can come in.
const PAGE: usize = 500;

#[derive(Serialize)]
struct Entry {
    nodeid: String,
    #[serde(flatten)]
    announced: Option<Announced>,
}

#[derive(Serialize)]
struct Announced {
    alias: String,
    color: String,
    last_timestamp: u32,
    features: String,
    addresses: Vec<NetAddress>,
}

impl Run for ListNodes {
    async fn run(self, call: Call) -> Outcome {
        let node = call.node()?.clone();
        let ids = match self.id {
            Some(NodeId(id)) => vec![GossipId::from_pubkey(&id)],
            None => {
                let mut ids: Vec<_> = node
                    .graph()
                    .read_only()
                    .nodes()
                    .unordered_keys()
                    .copied()
                    .collect();
                ids.sort_unstable();
                ids
            }
        };
        Answer::rows("nodes", ids.into_iter(), move |mut left| {
            let node = node.clone();
            async move {
                let wanted: Vec<GossipId> = left.by_ref().take(PAGE).collect();
                if wanted.is_empty() {
                    return Ok(None);
                }
                let graph = node.graph().read_only();
                let known = wanted
                    .iter()
                    .filter_map(|id| graph.node(id).map(|node| (id, node)));
                let page = Page::of(known.map(|(id, node)| Entry::of(id, node.announcement_info.as_ref())))?;
                Ok(Some((page, left)))
            }
        })
    }
}

impl Entry {
    fn of(id: &GossipId, announcement: Option<&NodeAnnouncementInfo>) -> Entry {
        Entry {
            nodeid: id.as_slice().to_lower_hex_string(),
            announced: announcement.map(|info| Announced {
                alias: info.alias().to_string(),
                color: info.rgb().to_lower_hex_string(),
                last_timestamp: info.last_update(),
                features: features_hex(info.features().le_flags()),
                addresses: info.addresses().iter().filter_map(NetAddress::of).collect(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::channel::tests::key;
    use crate::commands::shared::documented::mismatches;
    use lightning::routing::gossip::{NodeAlias, NodeAnnouncementDetails};
    use lightning::types::features::NodeFeatures;
    use serde_json::{json, to_value};

    #[test]
    fn a_node_shows_what_it_announces() {
        let mut alias = [0; 32];
        alias[..5].copy_from_slice("caf\u{e9}".as_bytes());
        let info = NodeAnnouncementInfo::Local(NodeAnnouncementDetails {
            features: NodeFeatures::empty(),
            last_update: 1_738_000_000,
            rgb: [3, 93, 43],
            alias: NodeAlias(alias),
            addresses: vec!["127.0.0.1:9735".parse().unwrap()],
        });
        let entry = to_value(Entry::of(&GossipId::from_pubkey(&key(2)), Some(&info))).unwrap();
        assert_eq!(mismatches(NODE, &entry), [""; 0]);
        assert_eq!(entry["alias"], "café");
        assert_eq!(entry["color"], "035d2b");
        assert_eq!(
            entry["addresses"],
            json!([{"type": "ipv4", "address": "127.0.0.1", "port": 9735}])
        );
    }

    #[test]
    fn a_node_that_announces_nothing_shows_its_id_alone() {
        let entry = to_value(Entry::of(&GossipId::from_pubkey(&key(2)), None)).unwrap();
        assert_eq!(entry, json!({ "nodeid": key(2).to_string() }));
    }
}
