//! `getroute`

use super::prelude::*;
use super::shared::channel::scid;
use super::shared::route::Avoided;
use crate::params::NodeId;
use bitcoin::secp256k1::PublicKey;
use boltill_node::{FoundHop, RouteQuery};
use boltill_types::Msat;
use serde::Serialize;

parameters! {
    /// Find a way to a node
    ///
    /// One path, as LDK finds it in the public network and in this node's own channels: cheap, and likely to work as far as earlier
    /// payments have shown. Nothing is sent. `sendpay` takes the answer as it is. A channel that no money can go through now is not used.
    pub struct Getroute {
        /// The node to be reached.
        required id: NodeId,
        /// What is to arrive there; with 0 no channel's minimum is minded.
        required amount_msat: Msat; also "msatoshi",
        /// What a year's delay is worth, in percent of the amount: 0 looks at fees only, 1000 at little but the delay.
        required riskfactor: f64,
        /// How many blocks the node wants to have left.
        default cltv: u32 = 9,
        /// Where the way begins; this node when nothing is said.
        optional fromid: NodeId,
        /// Accepted, and of no effect, as in Core Lightning.
        optional fuzzpercent: f64,
        /// Channels and nodes to keep out of: short channel ids, with `/0` or `/1` behind them for one direction only, or public keys of
        /// nodes.
        optional exclude: Vec<Avoided>,
        /// Over how many channels the way may go at most.
        default maxhops: u32 = 20,
    }
}

pub const COMMAND: Command = Command {
    name: "getroute",
    category: Category::Payments,
    answer: &[Field::always(
        "route",
        Kind::Array(&Kind::Object(HOP)),
        "The channels, from the source on.",
    )],
    errors: &[
        (
            Code::InvalidParams,
            "Nobody has announced a channel of *id* or *fromid*.",
        ),
        (Code::PayRouteNotFound, "There is no way."),
    ],
    examples: &[Example {
        typed: "getroute 036745b76a194d89a340f9fd195ed1179f28c72728c5c01723c502fe9d0cb27095 10000 1",
        answer: r#"{"route":[{"id":"02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5","channel":"109x1x1","direction":1,"amount_msat":10001,"delay":15,"style":"tlv"},{"id":"036745b76a194d89a340f9fd195ed1179f28c72728c5c01723c502fe9d0cb27095","channel":"111x1x1","direction":0,"amount_msat":10000,"delay":9,"style":"tlv"}]}"#,
    }],
    see_also: &["sendpay", "getroutes", "listchannels"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<Getroute>()
};

const HOP: &[Field] = &[
    Field::always("id", Kind::Pubkey, "The node at the channel's end."),
    Field::always("channel", Kind::ShortChannelId, "The channel."),
    Field::always(
        "direction",
        Kind::U32,
        "0 if it is used from the lesser to the greater id, otherwise 1.",
    ),
    Field::always("amount_msat", Kind::Msat, "What arrives at the channel's end."),
    Field::always(
        "delay",
        Kind::U32,
        "How many blocks are left at the channel's end.",
    ),
    Field::always("style", Kind::String, "Always `tlv`."),
];

#[derive(Serialize)]
struct Found {
    route: Vec<Hop>,
}

#[derive(Serialize)]
struct Hop {
    id: PublicKey,
    channel: String,
    direction: u8,
    amount_msat: Msat,
    delay: u32,
    style: &'static str,
}

impl Hop {
    fn of(hop: &FoundHop) -> Hop {
        Hop {
            id: hop.to,
            channel: scid(hop.channel),
            direction: hop.direction(),
            amount_msat: hop.amount_out,
            delay: hop.cltv_out,
            style: "tlv",
        }
    }
}

impl Getroute {
    fn into_query(self, us: PublicKey) -> RouteQuery {
        if let Some(fuzzpercent) = self.fuzzpercent {
            tracing::debug!("a fuzzpercent of {fuzzpercent} has no effect");
        }
        RouteQuery {
            source: self.fromid.map_or(us, |node| node.0),
            destination: self.id.0,
            amount: self.amount_msat,
            final_cltv: self.cltv,
            max_fee: None,
            max_delay: u32::MAX,
            max_hops: u8::try_from(self.maxhops).unwrap_or(u8::MAX),
            max_parts: 1,
            risk_percent: self.riskfactor,
            avoid: self
                .exclude
                .unwrap_or_default()
                .into_iter()
                .map(|avoided| avoided.0)
                .collect(),
            local_channels: true,
            source_free: true,
        }
    }
}

impl Run for Getroute {
    async fn run(self, call: Call) -> Outcome {
        let node = call.node()?;
        let paths = node.find_paths(&self.into_query(node.id()))?;
        let hops = paths.iter().flat_map(|path| &path.hops);
        Answer::of(&Found {
            route: hops.map(Hop::of).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::test_call;
    use crate::params::{Parameters, Token};
    use boltill_node::Avoid;

    const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    #[test]
    fn what_is_not_said_is_as_core_lightning_has_it() {
        let query = |params: String| {
            let token = Token::parse(&params).unwrap();
            Getroute::parse(token).unwrap().into_query(KEY.parse().unwrap())
        };
        let plain = query(format!(r#"["{KEY}", "1sat", 10]"#));
        assert_eq!(
            (plain.amount, plain.final_cltv, plain.max_hops),
            (Msat(1_000), 9, 20)
        );
        assert_eq!(plain.source, KEY.parse().unwrap());
        let full = query(format!(
            r#"{{"id":"{KEY}","amount_msat":1,"riskfactor":0.5,"cltv":18,"fuzzpercent":5,"exclude":["0x0x7/0"],"maxhops":3}}"#
        ));
        assert_eq!((full.final_cltv, full.max_hops, full.risk_percent), (18, 3, 0.5));
        assert_eq!(full.avoid, [Avoid::Channel(7, Some(0))]);
    }

    #[tokio::test]
    async fn a_node_and_an_amount_must_be_given() {
        let refusals = [
            ("[]".to_owned(), "missing required parameter: id"),
            (format!(r#"["{KEY}"]"#), "missing required parameter: amount_msat"),
            (
                format!(r#"["{KEY}", 1]"#),
                "missing required parameter: riskfactor",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(
                test_call().answer("getroute", &params).await,
                Err(words.to_owned())
            );
        }
    }
}
