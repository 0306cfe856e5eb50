//! `close`

use super::prelude::*;
use super::shared::channel::is_called;
use super::shared::onchain::BitcoinAddress;
use super::shared::unsupported;
use crate::error::{Code, Failure};
use crate::params::{FromToken, NodeId, OutPoint, Refusal, ShortChannelId, Token};
use bitcoin::consensus::encode::serialize_hex;
use bitcoin::{Transaction, Txid};
use boltill_node::{ChannelDetails, ChannelId, CloseError, CloseOutcome, CloseRequest, FeeRange};
use boltill_onchain::{FeeRates, Feerate};
use serde::Serialize;
use std::time::Duration;

parameters! {
    /// Close a channel
    ///
    /// First asks the peer to close it together, as soon as the peer is connected; that takes until what is under way
    /// in the channel has come to its end. When it has not happened after *unilateraltimeout* seconds, closes it
    /// alone: the money then comes back after a delay that the peer chose when the channel was opened.
    ///
    /// Answers when the channel is closed. If the client hangs up before, or the daemon stops while the peer is away, closing
    /// together goes on, after a restart too; but nothing is closed alone later. Give the command again for that.
    pub struct Close {
        /// The channel: its id, its short channel id, or the peer's id when there is one channel with that peer.
        required id: ChannelName,
        /// After how many seconds to close alone; 0 for never. Two days when it is not given.
        default unilateraltimeout: u32 = 172_800,
        /// The address that our money goes to when the channel is closed together; one of the wallet when it is not given. A
        /// taproot address is only possible when the peer knows such (`option_shutdown_anysegwit`).
        optional destination: BitcoinAddress,
        /// Looked at and without effect: how far to give way in each round of agreeing on a fee, in satoshi or per
        /// cent. Nodes of today tell each other what fees they would accept and need no rounds.
        optional fee_negotiation_step: FeeStep,
        /// Not supported: the closing transaction always spends the funding transaction.
        optional wrong_funding: OutPoint,
        /// Without effect, as no channel is leased.
        default force_lease_closed: bool = false,
        /// The least and the most feerate of the closing transaction, as `[min, max]`. Only for a channel that we opened, as
        /// otherwise the peer pays; and *max* may not be less than the feerate `unilateral_close` of the moment. When the fees have
        /// risen above *max* before the peer is there, closing waits until they have fallen.
        optional feerange: Vec<Feerate>,
    }
}

pub const COMMAND: Command = Command {
    name: "close",
    category: Category::Channels,
    answer: &[
        Field::always(
            "type",
            Kind::String,
            "`mutual`: closed together; `unilateral`: closed alone, by us or by the peer; `unopened`: there was no funding transaction yet.",
        ),
        Field::sometimes(
            "txs",
            Kind::Array(&Kind::Hex),
            "The closing transaction, unless the channel was unopened.",
        ),
        Field::sometimes(
            "txids",
            Kind::Array(&Kind::Txid),
            "Its id, unless the channel was unopened.",
        ),
    ],
    errors: &[
        (
            Code::Unspecified,
            "There is no such channel, or several, or it cannot be closed now.",
        ),
        (
            Code::InvalidParams,
            "The channel cannot be closed to that *destination* or in that *feerange*, or it is being closed already in another way.",
        ),
    ],
    examples: &[Example {
        typed: "close 103x1x0 60",
        answer: r#"{"type":"mutual","txs":["020000000001..."],"txids":["0101010101010101010101010101010101010101010101010101010101010101"]}"#,
    }],
    see_also: &["listpeerchannels", "fundchannel", "disconnect"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<Close>()
};

/// What a channel is called by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelName {
    /// The peer that it is with.
    Peer(NodeId),
    /// Its id.
    Id(ChannelId),
    /// Its place in the chain, or our alias for it.
    Short(ShortChannelId),
}

impl FromToken for ChannelName {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<ChannelName, Refusal> {
        if let Ok(peer) = NodeId::from_token(token) {
            return Ok(ChannelName::Peer(peer));
        }
        if let Ok(id) = <[u8; 32]>::from_token(token) {
            return Ok(ChannelName::Id(ChannelId(id)));
        }
        match ShortChannelId::from_token(token) {
            Ok(id) => Ok(ChannelName::Short(id)),
            Err(_) => Err("should be a channel ID or short channel ID".into()),
        }
    }
}

/// A number of satoshi, or a number with `%` behind it. Nothing depends on which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeStep;

impl FromToken for FeeStep {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<FeeStep, Refusal> {
        let word = token.word().unwrap_or_default();
        let percent = word.strip_suffix('%');
        let why = match percent.unwrap_or(&word).parse::<u64>() {
            Ok(0) => "must be positive",
            Ok(101..) if percent.is_some() => "the percentage should be between 1 and 100",
            Ok(_) => return Ok(FeeStep),
            Err(_) => "should be an integer or an integer followed by %",
        };
        Err(Refusal::Message(format!(
            "Wrong value given for fee_negotiation_step: \"{word}\", {why}"
        )))
    }
}

#[derive(Serialize)]
struct Closed {
    #[serde(rename = "type")]
    how: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    txs: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    txids: Option<Vec<Txid>>,
}

/// Says what will be waited for.
fn tell(call: &Call, is_connected: bool, patience: Duration) {
    let alone = match patience.as_secs() {
        0 => String::new(),
        seconds => format!(", and close alone after {seconds} seconds"),
    };
    if is_connected {
        let words = format_args!("Agreeing with the peer on how to close{alone}");
        call.caller.tell(Level::Info, words);
    } else {
        let words = format_args!("Peer is offline, will negotiate once they reconnect{alone}");
        call.caller.tell(Level::Unusual, words);
    }
}

impl Run for Close {
    async fn run(self, call: Call) -> Outcome {
        unsupported(
            "wrong_funding",
            &self.wrong_funding,
            "only the funding transaction can be spent",
        )?;
        if self.fee_negotiation_step.is_some() || self.force_lease_closed {
            tracing::info!("close: fee_negotiation_step and force_lease_closed are without effect");
        }
        let node = call.node()?;
        let destination = self
            .destination
            .map(|address| address.script(node.network()))
            .transpose()?;
        let fees = self
            .feerange
            .as_deref()
            .map(|range| fee_range(range, node.fees()));
        let channels = node.channels();
        let channel = find(&channels, &self.id)?;
        let patience = Duration::from_secs(self.unilateraltimeout.into());
        tell(
            &call,
            node.connected_peer(&channel.counterparty.node_id).is_some(),
            patience,
        );
        let outcome = node.close_channel(CloseRequest {
            channel_id: channel.channel_id,
            peer: channel.counterparty.node_id,
            destination,
            fees: fees.transpose()?,
            unilateral_after: (!patience.is_zero()).then_some(patience),
        });
        Answer::of(&Closed::from(outcome.await?))
    }
}

/// The feerates that the range comes to at this moment.
fn fee_range(range: &[Feerate], fees: &FeeRates) -> Result<FeeRange, RpcError> {
    let per_kw = |feerate| u32::try_from(fees.resolve(feerate).to_sat_per_kwu()).unwrap_or(u32::MAX);
    match *range {
        [min, max] if per_kw(min) <= per_kw(max) => Ok(FeeRange {
            min: per_kw(min),
            max: per_kw(max),
        }),
        [_, _] => Err(RpcError::invalid_params(
            "feerange: the minimum is above the maximum",
        )),
        _ => Err(RpcError::invalid_params(
            "feerange: should be an array of 2 feerates: [min, max]",
        )),
    }
}

fn find<'a>(channels: &'a [ChannelDetails], name: &ChannelName) -> Result<&'a ChannelDetails, RpcError> {
    let (is_wanted, none): (&dyn Fn(&ChannelDetails) -> bool, _) = match name {
        ChannelName::Peer(NodeId(peer)) => (
            &|channel| channel.counterparty.node_id == *peer,
            "Peer has no active channel",
        ),
        ChannelName::Id(id) => (&|channel| channel.channel_id == *id, "Channel not found"),
        ChannelName::Short(id) => (&|channel| is_called(channel, *id), "Channel not found"),
    };
    let mut found = channels.iter().filter(|channel| is_wanted(channel));
    let failed = |words: &'static str| RpcError::failed(Code::Unspecified, words);
    let channel = found.next().ok_or_else(|| failed(none))?;
    match found.next() {
        None => Ok(channel),
        Some(_) => Err(failed(
            "Peer has multiple channels: use channel_id or short_channel_id",
        )),
    }
}

impl From<CloseOutcome> for Closed {
    fn from(outcome: CloseOutcome) -> Closed {
        let (how, transaction) = match outcome {
            CloseOutcome::Unopened => {
                return Closed {
                    how: "unopened",
                    txs: None,
                    txids: None,
                };
            }
            CloseOutcome::Mutual(transaction) => ("mutual", transaction),
            CloseOutcome::Unilateral(transaction) => ("unilateral", transaction),
        };
        Closed {
            how,
            txs: Some(transaction.iter().map(serialize_hex).collect()),
            txids: Some(transaction.iter().map(Transaction::compute_txid).collect()),
        }
    }
}

impl Failure for CloseError {
    fn code(&self) -> Code {
        match self {
            CloseError::NotFound | CloseError::Refused(_) | CloseError::Store(_) => Code::Unspecified,
            CloseError::BadDestination
            | CloseError::UnknownToPeer
            | CloseError::Fees(_)
            | CloseError::Closing => Code::InvalidParams,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::channel::tests::{channel, key};
    use crate::commands::shared::documented::mismatches;
    use serde_json::{json, to_value};

    fn found(channels: &[ChannelDetails], name: &str) -> Result<ChannelId, String> {
        let name = format!("\"{name}\"");
        let name = ChannelName::from_token(Token::parse(&name).unwrap());
        let name = name.map_err(|refusal| format!("{refusal:?}"))?;
        find(channels, &name)
            .map(|channel| channel.channel_id)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_channel_is_found_by_each_of_its_names() {
        let channels = [
            ChannelDetails {
                channel_id: ChannelId([1; 32]),
                short_channel_id: None,
                ..channel()
            },
            channel(),
        ];
        let id = ChannelId([7; 32]);
        assert_eq!(found(&channels, &id.to_string()), Ok(id));
        assert_eq!(found(&channels, "103x1x0"), Ok(id));
        assert_eq!(found(&channels[1..], &key(2).to_string()), Ok(id));
    }

    #[test]
    fn a_name_that_fits_no_channel_or_several_is_refused() {
        let channels = [channel(), channel()];
        let peer = key(2).to_string();
        for (name, words) in [
            (
                peer.as_str(),
                "Peer has multiple channels: use channel_id or short_channel_id",
            ),
            (&key(3).to_string(), "Peer has no active channel"),
            ("104x1x0", "Channel not found"),
        ] {
            assert_eq!(found(&channels, name), Err(words.to_owned()));
        }
        assert!(
            found(&channels, "x")
                .unwrap_err()
                .contains("should be a channel ID or short channel ID")
        );
    }

    #[test]
    fn the_answer_says_how_and_by_which_transaction() {
        let unopened = to_value(Closed::from(CloseOutcome::Unopened)).unwrap();
        assert_eq!(unopened, json!({ "type": "unopened" }));
        let transaction = Transaction {
            version: bitcoin::transaction::Version::TWO,
            lock_time: bitcoin::absolute::LockTime::ZERO,
            input: Vec::new(),
            output: Vec::new(),
        };
        let txid = transaction.compute_txid();
        let mutual = to_value(Closed::from(CloseOutcome::Mutual(Some(transaction)))).unwrap();
        assert_eq!(mismatches(COMMAND.answer, &mutual), [""; 0]);
        assert_eq!(
            (&mutual["type"], &mutual["txids"]),
            (&json!("mutual"), &json!([txid]))
        );
        let unseen = to_value(Closed::from(CloseOutcome::Unilateral(None))).unwrap();
        assert_eq!(unseen, json!({ "type": "unilateral", "txs": [], "txids": [] }));
    }

    #[test]
    fn a_range_of_fees_is_two_feerates_in_order() {
        let range = |feerates: &[Feerate]| fee_range(feerates, &FeeRates::new());
        let (low, high) = (Feerate::PerKw(1_000), Feerate::PerKb(8_000));
        let both = FeeRange {
            min: 1_000,
            max: 2_000,
        };
        assert_eq!(range(&[low, high]).unwrap(), both);
        assert!(range(&[low, low]).is_ok());
        for wrong in [&[high, low][..], &[low], &[], &[low, low, low]] {
            assert!(range(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_step_of_negotiation_is_satoshi_or_per_cent() {
        let step = |json: &str| FeeStep::from_token(Token::parse(json).unwrap());
        for good in ["10", "\"1\"", "\"100%\""] {
            assert_eq!(step(good), Ok(FeeStep));
        }
        for wrong in ["0", "\"0%\"", "\"101%\"", "\"-1\"", "\"1sat\"", "\"\""] {
            assert!(step(wrong).is_err(), "{wrong}");
        }
    }
}
