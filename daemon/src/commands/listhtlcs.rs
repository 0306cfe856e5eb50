//! `listhtlcs`

use super::listpeerchannels::Htlc;
use super::prelude::*;
use super::shared::channel::{is_called, scid};
use crate::params::{FromToken, Refusal, ShortChannelId, Token};
use boltill_node::{ChannelDetails, ChannelId, Node};
use boltill_till::Order;
use serde::Serialize;

parameters! {
    /// List the HTLCs that are under way
    ///
    /// Those that are pending in open channels, in either direction. Core Lightning also lists those that are over; of these,
    /// `listforwards`, `listsendpays` and `listinvoices` tell.
    pub struct ListHtlcs {
        /// Only those of this channel, by its id or its short channel id.
        optional id: ChannelName,
        /// In which order: `created`; with `updated` nothing is listed, as changes are not counted.
        optional index: Order,
        /// From which index on; only with *index*.
        default start: u64 = 0,
        /// How many at most; only with *index*.
        optional limit: u32,
    }
}

pub const COMMAND: Command = Command {
    name: "listhtlcs",
    category: Category::Channels,
    answer: &[Field::always(
        "htlcs",
        Kind::Array(&Kind::Object(HTLC)),
        "The HTLCs, in the order in which they were first seen.",
    )],
    errors: &[(
        Code::InvalidParams,
        "There is no such channel, or *start* or *limit* without *index*.",
    )],
    examples: &[Example {
        typed: "listhtlcs 109x1x1",
        answer: r#"{"htlcs":[{"short_channel_id":"109x1x1","created_index":5,"id":4,"expiry":152,"amount_msat":10001,"direction":"out","payment_hash":"a18157896d0f098ab239af9e4865ef6dd1d85e6ccef7bad876261c96c4bd0461","state":"SENT_ADD_ACK_REVOCATION"}]}"#,
    }],
    see_also: &["listforwards", "listpeerchannels"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListHtlcs>()
};

const HTLC: &[Field] = &[
    Field::always(
        "short_channel_id",
        Kind::ShortChannelId,
        "The channel: its place in the chain, or our alias while it has none.",
    ),
    Field::always(
        "created_index",
        Kind::U64,
        "In which order it was first seen, from 1 at each start of the node.",
    ),
    Field::always("id", Kind::U64, "The number that its sender gave it."),
    Field::always("expiry", Kind::U32, "The block at which it expires."),
    Field::always("amount_msat", Kind::Msat, "What it is worth."),
    Field::always("direction", Kind::String, "`in`, or `out` when we offered it."),
    Field::always("payment_hash", Kind::Hash, "What it pays for."),
    Field::always("state", Kind::String, "How far both sides have agreed on it."),
];

/// A channel as it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelName {
    /// By its id.
    Id(ChannelId),
    /// By its place in the chain, or our alias for it.
    Short(ShortChannelId),
}

impl FromToken for ChannelName {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<ChannelName, Refusal> {
        if let Ok(id) = <[u8; 32]>::from_token(token) {
            return Ok(ChannelName::Id(ChannelId(id)));
        }
        match ShortChannelId::from_token(token) {
            Ok(id) => Ok(ChannelName::Short(id)),
            Err(_) => Err("must be channel id or short channel id".into()),
        }
    }
}

impl ChannelName {
    fn is(self, channel: &ChannelDetails) -> bool {
        match self {
            ChannelName::Id(id) => channel.channel_id == id,
            ChannelName::Short(id) => is_called(channel, id),
        }
    }
}

#[derive(Serialize)]
struct Entry {
    short_channel_id: String,
    created_index: u64,
    id: u64,
    expiry: u32,
    amount_msat: boltill_types::Msat,
    direction: &'static str,
    payment_hash: String,
    state: &'static str,
}

#[derive(Serialize)]
struct Listing {
    htlcs: Vec<Entry>,
}

impl Run for ListHtlcs {
    async fn run(self, call: Call) -> Outcome {
        let range = super::shared::page::range(self.index, self.start, self.limit)?;
        let node = call.node()?;
        let mut channels = node.channels();
        if let Some(name) = self.id {
            channels.retain(|channel| name.is(channel));
            if channels.is_empty() {
                return Err(RpcError::invalid_params("id: unknown channel"));
            }
        }
        let mut htlcs: Vec<_> = match range.order {
            Order::Created => channels
                .iter()
                .flat_map(|channel| entries(node, channel))
                .collect(),
            Order::Updated => Vec::new(),
        };
        htlcs.retain(|htlc| htlc.created_index >= range.start);
        htlcs.sort_by_key(|htlc| htlc.created_index);
        htlcs.truncate(range.limit.map_or(usize::MAX, |limit| limit as usize));
        Answer::of(&Listing { htlcs })
    }
}

/// Those of a channel. One that has come since the node last looked is left for the next time.
fn entries(node: &Node, channel: &ChannelDetails) -> Vec<Entry> {
    let called = channel.short_channel_id.or(channel.outbound_scid_alias);
    let entry = |htlc: Htlc| {
        let incoming = htlc.direction == "in";
        Some(Entry {
            short_channel_id: scid(called?),
            created_index: node.htlc_number(channel.channel_id, incoming, htlc.id)?,
            id: htlc.id,
            expiry: htlc.expiry,
            amount_msat: htlc.amount_msat,
            direction: htlc.direction,
            payment_hash: htlc.payment_hash,
            state: htlc.state,
        })
    };
    Htlc::all_of(channel).into_iter().filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::documented::mismatches;
    use crate::commands::test_call;
    use serde_json::to_value;

    #[test]
    fn an_entry_has_what_is_documented() {
        let entry = Entry {
            short_channel_id: scid(103 << 40),
            created_index: 1,
            id: 0,
            expiry: 181,
            amount_msat: boltill_types::Msat(1_000),
            direction: "in",
            payment_hash: "ab".repeat(32),
            state: "RCVD_ADD_ACK_REVOCATION",
        };
        assert_eq!(mismatches(HTLC, &to_value(entry).unwrap()), [""; 0]);
    }

    #[tokio::test]
    async fn only_a_channel_is_named() {
        let answer = test_call().answer("listhtlcs", r#"["coffee"]"#).await;
        let words = "id: must be channel id or short channel id: invalid token '\"coffee\"'";
        assert_eq!(answer, Err(words.to_owned()));
        let answer = test_call().answer("listhtlcs", r#"{"limit":1}"#).await;
        assert_eq!(answer, Err("Can only specify {limit} with {index}".to_owned()));
    }
}
