//! `listclosedchannels`

use super::fundchannel::CHANNEL_TYPE;
use super::listpeerchannels::{Alias, side};
use super::prelude::*;
use super::shared::channel::{ChannelType, scid};
use crate::answer::Page;
use crate::params::NodeId;
use bitcoin::Txid;
use bitcoin::secp256k1::PublicKey;
use boltill_till::{ClosedChannel, Listing};
use boltill_types::Msat;
use hex_conservative::DisplayHex;
use lightning::types::features::ChannelTypeFeatures;
use serde::Serialize;

parameters! {
    /// List the channels that were closed
    ///
    /// A channel is listed when it is closed, all that was to come of it is in the wallet, and one more block has come. Until then it is
    /// in `listpeerchannels`. Channels that were never funded are not listed.
    pub struct ListClosedChannels {
        /// Only channels with this node.
        optional id: NodeId,
    }
}

pub const COMMAND: Command = Command {
    name: "listclosedchannels",
    category: Category::Channels,
    answer: &[Field::always(
        "closedchannels",
        Kind::Array(&Kind::Object(CHANNEL)),
        "The channels, in the order in which they came to their end.",
    )],
    examples: &[Example {
        typed: "listclosedchannels",
        answer: r#"{"closedchannels":[{"peer_id":"02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5","channel_id":"3500003500003500003500003500003500003500003500003500003500003501","short_channel_id":"109x1x1","alias":{"local":"16000000x1x1","remote":"15000000x2x2"},"opener":"local","closer":"local","private":false,"channel_type":{"bits":[12,22],"names":["static_remotekey/even","anchors/even"]},"total_local_commitments":16,"total_remote_commitments":16,"total_htlcs_sent":8,"funding_txid":"3500003500003500003500003500003500003500003500003500003500003500","funding_outnum":1,"funding_withheld":false,"leased":false,"total_msat":1000000000,"final_to_us_msat":489809898,"min_to_us_msat":489809898,"max_to_us_msat":1000000000,"close_cause":"user"}]}"#,
    }],
    see_also: &["listpeerchannels", "close", "listfunds"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListClosedChannels>()
};

const CHANNEL: &[Field] = &[
    Field::sometimes("peer_id", Kind::Pubkey, "The node at the other end."),
    Field::always("channel_id", Kind::Hash, "Its id."),
    Field::sometimes(
        "short_channel_id",
        Kind::ShortChannelId,
        "Where it was in the chain.",
    ),
    Field::sometimes("alias", Kind::Object(ALIAS), "What it was called beside that."),
    Field::always("opener", Kind::String, "Who opened it: `local` or `remote`."),
    Field::sometimes(
        "closer",
        Kind::String,
        "Who closed it, if somebody decided to: `local` or `remote`.",
    ),
    Field::always("private", Kind::Bool, "Whether the network was not told of it."),
    Field::sometimes("channel_type", Kind::Object(CHANNEL_TYPE), "Its type (BOLT 2)."),
    Field::always(
        "total_local_commitments",
        Kind::U64,
        "No fewer than the commitment transactions that were ours: how often the channel's state was written.",
    ),
    Field::always("total_remote_commitments", Kind::U64, "The same of the peer's."),
    Field::always("total_htlcs_sent", Kind::U64, "How many HTLCs we offered."),
    Field::always("funding_txid", Kind::Txid, "The transaction that funded it."),
    Field::always("funding_outnum", Kind::U32, "Which output of that it was."),
    Field::always(
        "funding_withheld",
        Kind::Bool,
        "Always `false`: it was broadcast.",
    ),
    Field::always("leased", Kind::Bool, "Always `false`."),
    Field::always("total_msat", Kind::Msat, "All that was in it."),
    Field::always("final_to_us_msat", Kind::Msat, "What of it was ours in the end."),
    Field::always("min_to_us_msat", Kind::Msat, "The least that was ever ours."),
    Field::always("max_to_us_msat", Kind::Msat, "The most that was ever ours."),
    Field::sometimes(
        "last_commitment_txid",
        Kind::Hash,
        "The transaction that closed it, where it is known.",
    ),
    Field::always(
        "close_cause",
        Kind::String,
        "`user`: the operator; `local`: the node, to save money; `remote`: the peer; `protocol`: one side broke the rules; \
         `onchain`: a transaction on the chain; `unknown`.",
    ),
];

const ALIAS: &[Field] = &[
    Field::sometimes("local", Kind::ShortChannelId, "What we called it."),
    Field::sometimes("remote", Kind::ShortChannelId, "What the peer called it."),
];

#[derive(Serialize)]
struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    peer_id: Option<PublicKey>,
    channel_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    short_channel_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<Alias>,
    opener: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    closer: Option<&'static str>,
    private: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_type: Option<ChannelType>,
    total_local_commitments: u64,
    total_remote_commitments: u64,
    total_htlcs_sent: u64,
    funding_txid: Txid,
    funding_outnum: u32,
    funding_withheld: bool,
    leased: bool,
    total_msat: Msat,
    final_to_us_msat: Msat,
    min_to_us_msat: Msat,
    max_to_us_msat: Msat,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_commitment_txid: Option<Txid>,
    close_cause: &'static str,
}

impl Entry {
    fn of(channel: &ClosedChannel) -> Entry {
        let kind = channel.channel_type.clone();
        Entry {
            peer_id: channel.peer_id,
            channel_id: channel.channel_id.0.to_lower_hex_string(),
            short_channel_id: channel.short_channel_id.map(scid),
            alias: Alias::new(channel.local_alias, channel.remote_alias),
            opener: side(channel.opened_by_us),
            closer: channel.closed_by_us.map(side),
            private: channel.private,
            channel_type: kind.map(|flags| ChannelType::from(&ChannelTypeFeatures::from_le_bytes(flags))),
            total_local_commitments: channel.changes,
            total_remote_commitments: channel.changes,
            total_htlcs_sent: channel.htlcs_sent,
            funding_txid: channel.funding.txid,
            funding_outnum: channel.funding.vout,
            funding_withheld: false,
            leased: false,
            total_msat: channel.total,
            final_to_us_msat: channel.final_to_us,
            min_to_us_msat: channel.min_to_us,
            max_to_us_msat: channel.max_to_us,
            last_commitment_txid: channel.closing_txid,
            close_cause: channel.cause.as_str(),
        }
    }
}

type Channels = Listing<(u64, ClosedChannel)>;

impl Run for ListClosedChannels {
    async fn run(self, call: Call) -> Outcome {
        let channels = call.till()?.list_closed_channels(self.id.map(|NodeId(id)| id));
        Answer::rows("closedchannels", channels, next_page)
    }
}

async fn next_page(mut channels: Channels) -> Result<Option<(Page, Channels)>, RpcError> {
    match channels.next_page().await? {
        Some(page) => {
            let entries = page.iter().map(|(_, channel)| Entry::of(channel));
            Ok(Some((Page::of(entries)?, channels)))
        }
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::channel::tests::key;
    use crate::commands::shared::documented::mismatches;
    use bitcoin::OutPoint;
    use boltill_ledger::{ChannelId, CloseCause};
    use serde_json::{json, to_value};

    #[test]
    fn a_closed_channel_is_shown_as_it_was_in_the_end() {
        let kind = ChannelTypeFeatures::anchors_zero_htlc_fee_and_dependencies();
        let channel = ClosedChannel {
            peer_id: Some(key(2)),
            channel_id: ChannelId([0xab; 32]),
            short_channel_id: Some(103 << 40 | 1 << 16),
            local_alias: None,
            remote_alias: None,
            opened_by_us: true,
            closed_by_us: None,
            private: false,
            channel_type: Some(kind.le_flags().to_vec()),
            funding: OutPoint::null(),
            total: Msat(1_000),
            final_to_us: Msat(400),
            min_to_us: Msat(300),
            max_to_us: Msat(1_000),
            htlcs_sent: 7,
            changes: 30,
            closing_txid: None,
            cause: CloseCause::Onchain,
        };
        let shown = to_value(Entry::of(&channel)).unwrap();
        assert_eq!(mismatches(CHANNEL, &shown), [""; 0]);
        for (name, value) in [
            ("channel_id", json!("ab".repeat(32))),
            ("short_channel_id", json!("103x1x0")),
            ("opener", json!("local")),
            (
                "channel_type",
                json!({"bits": [12, 22], "names": ["static_remotekey/even", "anchors/even"]}),
            ),
            ("final_to_us_msat", json!(400)),
            ("close_cause", json!("onchain")),
        ] {
            assert_eq!(shown[name], value, "{name}");
        }
        assert!(shown.get("closer").is_none() && shown.get("alias").is_none());
    }
}
