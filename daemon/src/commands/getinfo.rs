//! `getinfo`

use super::prelude::*;
use super::shared::address::{self, NetAddress};
use super::shared::channel::ChannelState;
use bitcoin::secp256k1::PublicKey;
use boltill_node::{ChannelDetails, Features, Node, Profile};
use boltill_onchain::ChainStatus;
use boltill_till::Till;
use boltill_types::Msat;
use hex_conservative::DisplayHex;
use lightning::ln::msgs::SocketAddress;
use serde::Serialize;
use std::cmp::Ordering;

parameters! {
    /// Tell about the node: its id, its addresses, how far it has got
    ///
    /// Takes no parameters. Answers also while the node waits for bitcoind or catches up with the chain after its
    /// start, when the other commands about money fail: the numbers of peers and channels are 0 then. Warnings say what is
    /// waited for, then and later.
    pub struct GetInfo {}
}

/// Clients decide by the version what they may ask for, so it begins with the release of Core Lightning whose commands these
/// are; behind it is our own.
pub const VERSION: &str = concat!("v26.06-boltill-", env!("CARGO_PKG_VERSION"));

pub const COMMAND: Command = Command {
    name: "getinfo",
    category: Category::Utility,
    answer: &[
        Field::always(
            "id",
            Kind::Pubkey,
            "The node's public key, by which others know it.",
        ),
        Field::always("alias", Kind::String, "The name shown to others."),
        Field::always(
            "color",
            Kind::Hex,
            "The colour shown to others: red, green and blue.",
        ),
        Field::always(
            "num_peers",
            Kind::U32,
            "How many nodes are connected or share a channel with us.",
        ),
        Field::always(
            "num_pending_channels",
            Kind::U32,
            "How many channels are being opened.",
        ),
        Field::always("num_active_channels", Kind::U32, "How many channels are in use."),
        Field::always(
            "num_inactive_channels",
            Kind::U32,
            "How many channels are being closed.",
        ),
        Field::always(
            "address",
            Kind::Array(&Kind::Object(address::FIELDS)),
            "Where others are told to connect to.",
        ),
        Field::always(
            "binding",
            Kind::Array(&Kind::Object(address::FIELDS)),
            "Where we listen.",
        ),
        Field::always(
            "version",
            Kind::String,
            "The release of Core Lightning whose commands these are, and Boltill's own version.",
        ),
        Field::always(
            "blockheight",
            Kind::U32,
            "The last block that the whole node has seen.",
        ),
        Field::always(
            "network",
            Kind::String,
            "`bitcoin`, `testnet`, `testnet4`, `signet` or `regtest`.",
        ),
        Field::always("fees_collected_msat", Kind::Msat, "What forwarding has earned."),
        Field::always("lightning-dir", Kind::String, "Where the node's files are."),
        Field::sometimes(
            "our_features",
            Kind::Object(FEATURES),
            "The features that we offer (BOLT 9); as soon as the node has started.",
        ),
        Field::sometimes(
            "warning_bitcoind_sync",
            Kind::String,
            "bitcoind is away, or behind the network.",
        ),
        Field::sometimes(
            "warning_lightningd_sync",
            Kind::String,
            "The node is behind bitcoind.",
        ),
    ],
    examples: &[Example {
        typed: "getinfo",
        answer: r#"{"id":"02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5","alias":"SILENTARTIST","color":"022d22","num_peers":1,"num_pending_channels":0,"num_active_channels":1,"num_inactive_channels":0,"address":[],"binding":[{"type":"ipv4","address":"127.0.0.1","port":19846}],"version":"v26.06-boltill-0.1.0","blockheight":110,"network":"regtest","fees_collected_msat":0,"lightning-dir":"/home/till/.boltill/regtest","our_features":{"init":"0898882a8a59a1","node":"8898882a8a59a1","channel":"","invoice":"024100"}}"#,
    }],
    see_also: &["listfunds", "listpeers", "listpeerchannels", "listconfigs"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<GetInfo>()
};

const FEATURES: &[Field] = &[
    Field::always("init", Kind::Hex, "To peers."),
    Field::always("node", Kind::Hex, "To everybody, in node_announcement."),
    Field::always("channel", Kind::Hex, "To everybody, in channel_announcement."),
    Field::always("invoice", Kind::Hex, "To payers, in BOLT 11 invoices."),
];

#[derive(Serialize)]
struct Info {
    id: PublicKey,
    alias: String,
    color: String,
    num_peers: u32,
    #[serde(flatten)]
    channels: Channels,
    address: Vec<NetAddress>,
    binding: Vec<NetAddress>,
    version: &'static str,
    blockheight: u32,
    network: String,
    fees_collected_msat: Msat,
    #[serde(rename = "lightning-dir")]
    lightning_dir: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    our_features: Option<OurFeatures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning_bitcoind_sync: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning_lightningd_sync: Option<String>,
}

#[derive(Debug, Default, PartialEq, Serialize)]
struct Channels {
    num_pending_channels: u32,
    num_active_channels: u32,
    num_inactive_channels: u32,
}

#[derive(Serialize)]
struct OurFeatures {
    init: String,
    node: String,
    channel: String,
    invoice: String,
}

impl Run for GetInfo {
    async fn run(self, call: Call) -> Outcome {
        let fees_collected = call.till().map(Till::forwarding_fees).unwrap_or_default();
        Answer::of(&Info::of(call.profile()?, call.node().ok(), fees_collected))
    }
}

impl Info {
    /// What there is to tell of a node that may still be starting.
    fn of(profile: &Profile, node: Option<&Node>, fees_collected_msat: Msat) -> Info {
        let config = profile.config();
        let channels = node.map(Node::channels).unwrap_or_default();
        let closing = node.map_or(0, |node| node.closing_channels().len());
        // The height before the status, which is never the older of the two.
        let blockheight = *profile.height().borrow();
        let warnings = Warnings::of(&profile.chain_status(), blockheight, profile.missing_block());
        Info {
            id: profile.id(),
            alias: profile.alias(),
            color: profile.rgb().to_lower_hex_string(),
            num_peers: node.map_or(0, |node| super::listpeers::count(node.peers(), &channels)),
            channels: Channels::count(&channels, closing),
            address: config.announce.iter().filter_map(NetAddress::of).collect(),
            binding: config
                .bind
                .iter()
                .filter_map(|bind| NetAddress::of(&SocketAddress::from(*bind)))
                .collect(),
            version: VERSION,
            blockheight,
            network: profile.network().to_string(),
            fees_collected_msat,
            lightning_dir: config.network_dir.display().to_string(),
            our_features: node.map(|node| node.features().into()),
            warning_bitcoind_sync: warnings.bitcoind,
            warning_lightningd_sync: warnings.lightningd,
        }
    }
}

/// What keeps the node from the tip of the chain; as in Core Lightning one thing at a time.
#[derive(Debug, Default, PartialEq, Eq)]
struct Warnings {
    bitcoind: Option<String>,
    lightningd: Option<String>,
}

impl Warnings {
    fn of(status: &ChainStatus, blockheight: u32, missing_block: Option<String>) -> Warnings {
        let mut warnings = Warnings {
            bitcoind: status.warning(),
            lightningd: missing_block.map(|why| format!("Still loading latest blocks from bitcoind: {why}.")),
        };
        let ChainStatus::Synced { height } = status else {
            warnings.lightningd = None;
            return warnings;
        };
        match blockheight.cmp(height) {
            Ordering::Greater => {
                warnings.bitcoind = Some(format!(
                    "Bitcoind is not up-to-date with network: its chain ends at block {height}, and this node has seen \
                     block {blockheight}."
                ));
            }
            Ordering::Less => {
                let words =
                    || format!("Still loading latest blocks from bitcoind: block {blockheight} of {height}.");
                warnings.lightningd.get_or_insert_with(words);
            }
            Ordering::Equal => warnings.lightningd = None,
        }
        warnings
    }
}

impl Channels {
    /// `closed` are those that are closed and still listed.
    fn count(channels: &[ChannelDetails], closed: usize) -> Channels {
        let mut count = Channels {
            num_inactive_channels: u32::try_from(closed).unwrap_or(u32::MAX),
            ..Channels::default()
        };
        for channel in channels {
            *match ChannelState::of(channel) {
                ChannelState::Openingd | ChannelState::ChanneldAwaitingLockin => {
                    &mut count.num_pending_channels
                }
                ChannelState::ChanneldNormal => &mut count.num_active_channels,
                ChannelState::ChanneldShuttingDown
                | ChannelState::ClosingdSigexchange
                | ChannelState::ClosingdComplete
                | ChannelState::AwaitingUnilateral
                | ChannelState::Onchain => &mut count.num_inactive_channels,
            } += 1;
        }
        count
    }
}

impl From<Features> for OurFeatures {
    fn from(features: Features) -> OurFeatures {
        OurFeatures {
            init: features.init.to_lower_hex_string(),
            node: features.node.to_lower_hex_string(),
            channel: features.channel.to_lower_hex_string(),
            invoice: features.invoice.to_lower_hex_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::channel::tests::channel;
    use lightning::ln::channel_state::ChannelShutdownState;

    #[test]
    fn channels_are_counted_by_what_can_be_done_with_them() {
        let waiting = ChannelDetails {
            is_channel_ready: false,
            ..channel()
        };
        let closing = ChannelDetails {
            channel_shutdown_state: Some(ChannelShutdownState::ResolvingHTLCs),
            ..channel()
        };
        let counted = Channels::count(&[channel(), waiting, closing, channel()], 2);
        let expected = Channels {
            num_pending_channels: 1,
            num_active_channels: 2,
            num_inactive_channels: 3,
        };
        assert_eq!(counted, expected);
    }

    #[test]
    fn being_behind_bitcoind_and_bitcoind_behind_us_are_warned_of() {
        let status = ChainStatus::Synced { height: 110 };
        assert_eq!(Warnings::of(&status, 110, None), Warnings::default());
        let behind = Warnings::of(&status, 109, None);
        assert_eq!(behind.bitcoind, None);
        assert!(behind.lightningd.unwrap().ends_with("block 109 of 110."));
        let pruned = Warnings::of(&status, 109, Some("it is gone".to_owned()));
        assert!(pruned.lightningd.unwrap().ends_with("it is gone."));
        let ahead = Warnings::of(&status, 111, None);
        assert_eq!(ahead.lightningd, None);
        assert!(ahead.bitcoind.unwrap().contains("ends at block 110"));
        assert!(Warnings::of(&ChainStatus::Unknown, 0, None).bitcoind.is_some());
    }

    #[tokio::test]
    async fn without_a_profile_the_daemon_is_still_starting() {
        let call = crate::commands::test_call();
        let error = call.answer("getinfo", "{}").await.unwrap_err();
        assert!(error.contains("still starting"), "{error}");
    }
}
