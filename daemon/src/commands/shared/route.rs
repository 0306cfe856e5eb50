//! Ways through the network: as `sendpay` reads them, and what `waitsendpay` tells of one that broke.

use crate::commands::shared::channel::scid;
use crate::commands::shared::payment::SendpayEntry;
use crate::params::{Field, FromToken, Kind, NodeId, Refusal, ShortChannelId, Token};
use bitcoin::secp256k1::PublicKey;
use boltill_node::{Avoid, GivenHop};
use boltill_till::{Payment, WayFailure, failure_name};
use boltill_types::Msat;
use serde::Serialize;

/// A channel of a way, by the names of `getroute` or of `getroutes`; other members are ignored.
pub struct RouteHop(pub GivenHop);

const HOP: &[Field] = &[
    Field::sometimes(
        "id",
        Kind::Pubkey,
        "The node at the channel's end; also `node_id_out`.",
    ),
    Field::sometimes(
        "channel",
        Kind::ShortChannelId,
        "The channel; also `short_channel_id_dir`. 0x0x0 for the first one is any that we have with the node.",
    ),
    Field::sometimes(
        "amount_msat",
        Kind::Msat,
        "What arrives at the channel's end; also `amount_out_msat`.",
    ),
    Field::sometimes(
        "delay",
        Kind::U32,
        "How many blocks are left at the channel's end; also `cltv_out`.",
    ),
];

impl FromToken for RouteHop {
    const KIND: Kind = Kind::Object(HOP);

    fn from_token(token: Token<'_>) -> Result<RouteHop, Refusal> {
        let members = token.members().ok_or("should be an array of objects")?;
        let find = |name: &'static str, newer: &str| {
            let found = members
                .iter()
                .find(|(member, _)| member == name || member == newer);
            let found = found.map(|(_, value)| *value);
            found.ok_or_else(|| Refusal::Message(format!("missing required parameter: {name}")))
        };
        let NodeId(node) = NodeId::from_token(find("id", "node_id_out")?)?;
        let channel = find("channel", "short_channel_id_dir")?;
        let channel = channel.word().and_then(|word| parse_channel(&word));
        let (channel, _) = channel.ok_or("should be a short_channel_id of form NxNxN")?;
        let amount = Msat::from_token(find("amount_msat", "amount_out_msat")?)?;
        let delay = u32::from_token(find("delay", "cltv_out")?)?;
        if let Some((_, style)) = members.iter().find(|(member, _)| member == "style")
            && style.string().as_deref() != Some("tlv")
        {
            return Err("style should be 'tlv' ('legacy' not supported)".into());
        }
        Ok(RouteHop(GivenHop {
            node,
            channel,
            amount,
            delay,
        }))
    }
}

/// What a way is to keep out of: a channel, in one direction or both, or a node.
pub struct Avoided(pub Avoid);

impl FromToken for Avoided {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<Avoided, Refusal> {
        if let Ok(NodeId(node)) = NodeId::from_token(token) {
            return Ok(Avoided(Avoid::Node(node)));
        }
        let channel = token.word().and_then(|word| parse_channel(&word));
        let (channel, direction) = channel.ok_or("should be short_channel_id_dir or node id")?;
        Ok(Avoided(Avoid::Channel(channel, direction)))
    }
}

/// `NxNxN`, perhaps with `/0` or `/1` behind it.
fn parse_channel(word: &str) -> Option<(u64, Option<u8>)> {
    let (channel, direction) = match word.split_once('/') {
        Some((channel, "0")) => (channel, Some(0)),
        Some((channel, "1")) => (channel, Some(1)),
        Some(_) => return None,
        None => (word, None),
    };
    let ShortChannelId(channel) = channel.parse().ok()?;
    Some((channel, direction))
}

/// What is told of a payment that failed on its way, as the data of the error.
#[derive(Serialize)]
pub struct FailureEntry<'a> {
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    payment: Option<SendpayEntry<'a>>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    failure: Option<WayEntry>,
}

#[derive(Serialize)]
struct WayEntry {
    erring_index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    failcode: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failcodename: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    erring_node: Option<PublicKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    erring_channel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    erring_direction: Option<u8>,
}

impl<'a> FailureEntry<'a> {
    /// Shows what broke, and the payment if it is on file.
    pub fn of(payment: Option<&'a Payment>, failure: Option<&WayFailure>) -> FailureEntry<'a> {
        FailureEntry {
            payment: payment.map(SendpayEntry::of),
            failure: failure.map(|failure| WayEntry {
                erring_index: failure.erring_index,
                failcode: failure.failcode,
                failcodename: failure.failcode.and_then(failure_name),
                erring_node: failure.erring_node,
                erring_channel: failure.erring_channel.map(scid),
                erring_direction: failure.erring_direction,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    fn hop(value: Value) -> Result<GivenHop, Refusal> {
        let text = value.to_string();
        RouteHop::from_token(Token::parse(&text).unwrap()).map(|hop| hop.0)
    }

    #[test]
    fn a_hop_has_the_names_of_either_command() {
        let expected = GivenHop {
            node: KEY.parse().unwrap(),
            channel: 7,
            amount: Msat(1_000),
            delay: 9,
        };
        let older = json!({
            "id": KEY, "channel": "0x0x7", "amount_msat": 1_000, "delay": 9, "direction": 1, "style": "tlv",
        });
        let newer = json!({
            "node_id_out": KEY, "short_channel_id_dir": "0x0x7/1", "amount_out_msat": "1sat", "cltv_out": 9,
            "node_id_in": KEY,
        });
        assert_eq!(hop(older.clone()), Ok(expected));
        assert_eq!(hop(newer), Ok(expected));
        for member in ["id", "channel", "amount_msat", "delay"] {
            let mut less = older.clone();
            less.as_object_mut().unwrap().remove(member);
            let words = format!("missing required parameter: {member}");
            assert_eq!(hop(less), Err(Refusal::Message(words)));
        }
        let mut legacy = older;
        legacy["style"] = json!("legacy");
        assert!(hop(legacy).is_err());
    }

    #[test]
    fn one_direction_of_a_channel_can_be_avoided() {
        let avoided = |text: &str| Avoided::from_token(Token::parse(text).unwrap()).map(|avoided| avoided.0);
        assert_eq!(avoided("\"0x0x7/1\""), Ok(Avoid::Channel(7, Some(1))));
        assert_eq!(avoided("\"0x0x7\""), Ok(Avoid::Channel(7, None)));
        assert_eq!(
            avoided(&format!("\"{KEY}\"")),
            Ok(Avoid::Node(KEY.parse().unwrap()))
        );
        assert!(avoided("\"0x0x7/2\"").is_err());
    }

    #[test]
    fn what_broke_is_told_with_the_name_of_the_failure() {
        let failure = WayFailure {
            erring_index: 2,
            erring_node: Some(KEY.parse().unwrap()),
            erring_channel: Some(7),
            erring_direction: Some(1),
            failcode: Some(0x400f),
        };
        assert_eq!(
            serde_json::to_value(FailureEntry::of(None, Some(&failure))).unwrap(),
            json!({
                "erring_index": 2, "failcode": 16_399,
                "failcodename": "WIRE_INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS", "erring_node": KEY,
                "erring_channel": "0x0x7", "erring_direction": 1,
            })
        );
    }
}
