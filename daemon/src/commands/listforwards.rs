//! `listforwards`

use super::prelude::*;
use super::shared::channel::scid;
use super::shared::page;
use crate::answer::Page;
use crate::params::ShortChannelId;
use boltill_till::{Forward, ForwardFailure, ForwardPages, ForwardQuery, ForwardState, ForwardStatus, Order};
use boltill_types::{CreatedIndex, Msat, UnixSeconds, UpdatedIndex};
use serde::Serialize;

parameters! {
    /// List payments that were forwarded, or were to be
    ///
    /// One entry for each HTLC that came in to go on, made when it is offered to the next node, or when it fails before that. What
    /// cannot be read, and so may not have been meant to go on, is not listed.
    ///
    /// Where several HTLCs on the same channels are worth the same, it is not known which of them came to which end; and of several that
    /// fail before they are offered at the same moment, not which for what reason. Sums and counts are always right.
    pub struct ListForwards {
        /// Only those that are `offered`, `settled`, `failed` or `local_failed`.
        optional status: ForwardStatus,
        /// Only those that came in on this channel.
        optional in_channel: ShortChannelId,
        /// Only those that went to this channel, or should have.
        optional out_channel: ShortChannelId,
        /// In which order: `created`, or `updated` for those that have changed at all. Those of a channel are listed as they were created.
        optional index: Order,
        /// From which index on; only with *index*, and not with a channel.
        default start: u64 = 0,
        /// How many at most; only with *index*.
        optional limit: u32,
    }
}

pub const COMMAND: Command = Command {
    name: "listforwards",
    category: Category::Channels,
    answer: &[Field::always(
        "forwards",
        Kind::Array(&Kind::Object(FORWARD)),
        "The forwards, in the order of *index*.",
    )],
    errors: &[(
        Code::InvalidParams,
        "*start* or *limit* without *index*, or *start* with a channel.",
    )],
    examples: &[Example {
        typed: "listforwards settled",
        answer: r#"{"forwards":[{"created_index":7,"updated_index":7,"in_channel":"105x1x0","in_htlc_id":3,"out_channel":"109x1x1","out_htlc_id":2,"in_msat":25000251,"out_msat":25000000,"fee_msat":251,"status":"settled","style":"tlv","received_time":1795230700,"resolved_time":1795230701}]}"#,
    }],
    see_also: &["getinfo", "listhtlcs", "listpeerchannels", "wait"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListForwards>()
};

const FORWARD: &[Field] = &[
    Field::always(
        "created_index",
        Kind::U64,
        "The order in which they were made, from 1.",
    ),
    Field::sometimes(
        "updated_index",
        Kind::U64,
        "The order of the latest change; absent before the first.",
    ),
    Field::always(
        "in_channel",
        Kind::ShortChannelId,
        "The channel that it came in on: its place in the chain, or our alias while it had none.",
    ),
    Field::always(
        "in_htlc_id",
        Kind::U64,
        "The peer's number for it on that channel.",
    ),
    Field::sometimes(
        "out_channel",
        Kind::ShortChannelId,
        "The channel that it went to, or what the sender called the one that it should have gone to.",
    ),
    Field::sometimes(
        "out_htlc_id",
        Kind::U64,
        "Our number for it on that channel; absent when it had to wait for its turn.",
    ),
    Field::always("in_msat", Kind::Msat, "What came in."),
    Field::sometimes("out_msat", Kind::Msat, "What went out, if it did."),
    Field::sometimes(
        "fee_msat",
        Kind::Msat,
        "What is left of what came in; earned if it is settled.",
    ),
    Field::always(
        "status",
        Kind::String,
        "`offered` while it is under way, `settled` when it was paid for, `failed` when it came back, `local_failed` when it \
         was never offered.",
    ),
    Field::always("style", Kind::String, "Always `tlv`."),
    Field::sometimes(
        "failcode",
        Kind::U32,
        "Of one that failed here: the number of the error (BOLT 4).",
    ),
    Field::sometimes("failreason", Kind::String, "The name of that error."),
    Field::always("received_time", Kind::U64, "When it came, in UNIX seconds."),
    Field::sometimes(
        "resolved_time",
        Kind::U64,
        "When it was paid for or came back, in UNIX seconds.",
    ),
];

#[derive(Serialize)]
struct Entry<'a> {
    created_index: CreatedIndex,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_index: Option<UpdatedIndex>,
    in_channel: String,
    in_htlc_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    out_channel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out_htlc_id: Option<u64>,
    in_msat: Msat,
    #[serde(skip_serializing_if = "Option::is_none")]
    out_msat: Option<Msat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee_msat: Option<Msat>,
    status: &'static str,
    style: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failcode: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failreason: Option<&'a str>,
    received_time: UnixSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_time: Option<UnixSeconds>,
}

impl Entry<'_> {
    fn of(forward: &Forward) -> Entry<'_> {
        let Forward {
            incoming, outgoing, ..
        } = forward;
        let (resolved_time, failure): (_, Option<&ForwardFailure>) = match &forward.state {
            ForwardState::Offered => (None, None),
            ForwardState::Settled { resolved_at } => (Some(*resolved_at), None),
            ForwardState::Failed { resolved_at, failure } => (Some(*resolved_at), failure.as_ref()),
            ForwardState::LocalFailed { failure, .. } => (None, failure.as_ref()),
        };
        Entry {
            created_index: forward.created_index,
            updated_index: forward.updated_index,
            // There is no HTLC in a channel that is not called anything.
            in_channel: scid(incoming.short_channel_id.unwrap_or_default()),
            in_htlc_id: incoming.htlc_id,
            out_channel: outgoing.short_channel_id.map(scid),
            out_htlc_id: outgoing.htlc_id,
            in_msat: incoming.amount,
            out_msat: outgoing.amount,
            fee_msat: forward.fee(),
            status: forward.state.status().as_str(),
            style: "tlv",
            failcode: failure.map(|failure| failure.code),
            failreason: failure.map(|failure| failure.name.as_str()),
            received_time: incoming.received_at,
            resolved_time,
        }
    }
}

impl Run for ListForwards {
    async fn run(self, call: Call) -> Outcome {
        let query = ForwardQuery {
            status: self.status,
            in_channel: self.in_channel.map(|id| id.0),
            out_channel: self.out_channel.map(|id| id.0),
            range: page::range(self.index, self.start, self.limit)?,
        };
        let pages = call.till()?.list_forwards(query);
        let pages = pages.map_err(|error| RpcError::invalid_params(error.to_string()))?;
        Answer::rows("forwards", pages, next_page)
    }
}

async fn next_page(mut pages: ForwardPages) -> Result<Option<(Page, ForwardPages)>, RpcError> {
    match pages.next_page().await? {
        Some(forwards) => Ok(Some((Page::of(forwards.iter().map(Entry::of))?, pages))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::documented::mismatches;
    use crate::commands::test_call;
    use boltill_ledger::{ChannelId, HtlcIn, HtlcOut};
    use boltill_types::PaymentHash;
    use serde_json::{Value, json, to_value};

    fn shown(outgoing: HtlcOut, state: ForwardState) -> Value {
        let forward = Forward {
            created_index: CreatedIndex(3),
            updated_index: None,
            incoming: HtlcIn {
                channel: ChannelId([1; 32]),
                short_channel_id: Some(103 << 40 | 1 << 16),
                htlc_id: 4,
                amount: Msat(1_010),
                payment_hash: PaymentHash([2; 32]),
                received_at: UnixSeconds(1_000),
            },
            outgoing,
            state,
        };
        let shown = to_value(Entry::of(&forward)).unwrap();
        assert_eq!(mismatches(FORWARD, &shown), [""; 0]);
        shown
    }

    #[test]
    fn a_settled_forward_tells_what_it_earned() {
        let outgoing = HtlcOut {
            channel: Some(ChannelId([3; 32])),
            short_channel_id: Some(104 << 40),
            htlc_id: Some(0),
            amount: Some(Msat(1_000)),
        };
        let settled = ForwardState::Settled {
            resolved_at: UnixSeconds(1_001),
        };
        assert_eq!(
            shown(outgoing, settled),
            json!({
                "created_index": 3, "in_channel": "103x1x0", "in_htlc_id": 4, "out_channel": "104x0x0", "out_htlc_id": 0,
                "in_msat": 1_010, "out_msat": 1_000, "fee_msat": 10, "status": "settled", "style": "tlv",
                "received_time": 1_000, "resolved_time": 1_001,
            })
        );
    }

    #[test]
    fn a_forward_that_was_never_offered_tells_why() {
        let failed = ForwardState::LocalFailed {
            resolved_at: UnixSeconds(1_001),
            failure: Some(ForwardFailure {
                code: 0x400a,
                name: "WIRE_UNKNOWN_NEXT_PEER".to_owned(),
            }),
        };
        assert_eq!(
            shown(HtlcOut::default(), failed),
            json!({
                "created_index": 3, "in_channel": "103x1x0", "in_htlc_id": 4, "in_msat": 1_010, "status": "local_failed",
                "style": "tlv", "failcode": 16_394, "failreason": "WIRE_UNKNOWN_NEXT_PEER", "received_time": 1_000,
            })
        );
    }

    #[tokio::test]
    async fn what_does_not_go_together_is_refused() {
        let refusals = [
            (r#"{"start":1}"#, "Can only specify {start} with {index}"),
            (r#"{"limit":1}"#, "Can only specify {limit} with {index}"),
            (
                r#"{"status":"any"}"#,
                "status: Unrecognized status: invalid token '\"any\"'",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(
                test_call().answer("listforwards", params).await,
                Err(words.to_owned())
            );
        }
    }
}
