//! `getroutes`

use super::prelude::*;
use super::shared::channel::scid;
use crate::params::NodeId;
use bitcoin::secp256k1::PublicKey;
use boltill_node::{FoundHop, FoundPath, RouteError, RouteQuery};
use boltill_types::Msat;
use serde::Serialize;

parameters! {
    /// Find ways to a node, perhaps several that share the amount
    ///
    /// As LDK finds them in the public network, with how likely they are to work as far as earlier payments have shown. Nothing is sent.
    ///
    /// Of Core Lightning's layers there are `auto.localchans`, with which this node's own channels are used as they are, unannounced ones
    /// as well; `auto.sourcefree`, with which the source takes no fee and no delay for its own channels; and `auto.no_mpp_support`, which is
    /// *maxparts* 1. Others cannot be made here.
    pub struct Getroutes {
        /// Where the ways begin.
        required source: NodeId,
        /// Where they end.
        required destination: NodeId,
        /// What is to arrive.
        required amount_msat: Msat,
        /// The layers to be used, by name.
        required layers: Vec<String>,
        /// What the ways may cost at most.
        required maxfee_msat: Msat,
        /// How many blocks the destination wants to have left.
        required final_cltv: u32,
        /// For how many blocks the money may be under way at most; no more than 2016.
        default maxdelay: u32 = MOST_DELAY,
        /// How many ways may share the amount.
        default maxparts: u32 = 100,
    }
}

/// Two weeks: no more is allowed by most nodes.
const MOST_DELAY: u32 = 2_016;

pub const COMMAND: Command = Command {
    name: "getroutes",
    category: Category::Payments,
    answer: &[
        Field::always(
            "probability_ppm",
            Kind::U64,
            "How likely all of them are to work, in millionths.",
        ),
        Field::always("routes", Kind::Array(&Kind::Object(ROUTE)), "The ways."),
    ],
    errors: &[
        (
            Code::InvalidParams,
            "A layer that does not exist, or a *maxdelay* above 2016.",
        ),
        (
            Code::PayRouteNotFound,
            "There is no way, or the source or destination is not known.",
        ),
        (
            Code::PayRouteTooExpensive,
            "There is one, which costs more than *maxfee_msat* or takes longer than *maxdelay*.",
        ),
    ],
    examples: &[Example {
        typed: r#"getroutes source=02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5 destination=036745b76a194d89a340f9fd195ed1179f28c72728c5c01723c502fe9d0cb27095 amount_msat=1250000 layers='[]' maxfee_msat=125000 final_cltv=0"#,
        answer: r#"{"probability_ppm":997501,"routes":[{"probability_ppm":997501,"amount_msat":1250000,"final_cltv":0,"path":[{"short_channel_id_dir":"109x1x1/1","node_id_in":"02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5","node_id_out":"036745b76a194d89a340f9fd195ed1179f28c72728c5c01723c502fe9d0cb27095","amount_in_msat":1250013,"amount_out_msat":1250000,"cltv_in":6,"cltv_out":0,"amount_msat":1250013,"next_node_id":"036745b76a194d89a340f9fd195ed1179f28c72728c5c01723c502fe9d0cb27095","delay":6}]}]}"#,
    }],
    see_also: &["sendpay", "getroute", "listchannels"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<Getroutes>()
};

const ROUTE: &[Field] = &[
    Field::always(
        "probability_ppm",
        Kind::U64,
        "How likely this one is to work, in millionths.",
    ),
    Field::always("amount_msat", Kind::Msat, "What arrives by it."),
    Field::always("final_cltv", Kind::U32, "As it was asked for."),
    Field::always("path", Kind::Array(&Kind::Object(HOP)), "Its channels."),
];

const HOP: &[Field] = &[
    Field::always(
        "short_channel_id_dir",
        Kind::String,
        "The channel, and which way it is used: `/0` from the lesser to the greater id, otherwise `/1`.",
    ),
    Field::always("node_id_in", Kind::Pubkey, "The node at its start."),
    Field::always("node_id_out", Kind::Pubkey, "The node at its end."),
    Field::always(
        "amount_in_msat",
        Kind::Msat,
        "What the node at its start is given.",
    ),
    Field::always("amount_out_msat", Kind::Msat, "What arrives at its end."),
    Field::always(
        "cltv_in",
        Kind::U32,
        "How many blocks the node at its start is given.",
    ),
    Field::always("cltv_out", Kind::U32, "How many blocks are left at its end."),
    Field::always("amount_msat", Kind::Msat, "An older name of `amount_in_msat`."),
    Field::always("next_node_id", Kind::Pubkey, "An older name of `node_id_out`."),
    Field::always("delay", Kind::U32, "An older name of `cltv_in`."),
];

#[derive(Serialize)]
struct Found {
    probability_ppm: u64,
    routes: Vec<Route>,
}

#[derive(Serialize)]
struct Route {
    probability_ppm: u64,
    amount_msat: Msat,
    final_cltv: u32,
    path: Vec<Hop>,
}

#[derive(Serialize)]
struct Hop {
    short_channel_id_dir: String,
    node_id_in: PublicKey,
    node_id_out: PublicKey,
    amount_in_msat: Msat,
    amount_out_msat: Msat,
    cltv_in: u32,
    cltv_out: u32,
    amount_msat: Msat,
    next_node_id: PublicKey,
    delay: u32,
}

impl Found {
    fn of(paths: &[FoundPath]) -> Found {
        Found {
            probability_ppm: millionths(paths.iter().map(|path| path.probability).product()),
            routes: paths.iter().map(Route::of).collect(),
        }
    }
}

impl Route {
    fn of(path: &FoundPath) -> Route {
        let last = path.hops.last();
        Route {
            probability_ppm: millionths(path.probability),
            amount_msat: last.map_or(Msat::ZERO, |hop| hop.amount_out),
            final_cltv: last.map_or(0, |hop| hop.cltv_out),
            path: path.hops.iter().map(Hop::of).collect(),
        }
    }
}

impl Hop {
    fn of(hop: &FoundHop) -> Hop {
        Hop {
            short_channel_id_dir: format!("{}/{}", scid(hop.channel), hop.direction()),
            node_id_in: hop.from,
            node_id_out: hop.to,
            amount_in_msat: hop.amount_in,
            amount_out_msat: hop.amount_out,
            cltv_in: hop.cltv_in,
            cltv_out: hop.cltv_out,
            amount_msat: hop.amount_in,
            next_node_id: hop.to,
            delay: hop.cltv_in,
        }
    }
}

/// A probability is never outside of 0 to 1, and neither is what comes of it.
fn millionths(probability: f64) -> u64 {
    (probability * 1_000_000.0).round() as u64
}

impl Getroutes {
    fn into_query(self) -> Result<RouteQuery, RpcError> {
        if self.maxdelay > MOST_DELAY {
            return Err(RpcError::invalid_params(format!(
                "maximum delay allowed is {MOST_DELAY}"
            )));
        }
        if self.maxparts == 0 {
            return Err(RpcError::invalid_params("maxparts must be at least 1"));
        }
        let (mut local_channels, mut source_free) = (false, false);
        let mut max_parts = u8::try_from(self.maxparts).unwrap_or(u8::MAX);
        for layer in &self.layers {
            match layer.as_str() {
                "auto.localchans" => local_channels = true,
                "auto.sourcefree" => source_free = true,
                "auto.no_mpp_support" => max_parts = 1,
                "auto.include_fees" => {
                    return Err(RpcError::invalid_params(
                        "layers: auto.include_fees is not supported: say what is to arrive",
                    ));
                }
                _ => {
                    return Err(RpcError::invalid_params(format!(
                        "layers: unknown layer '{layer}'"
                    )));
                }
            }
        }
        Ok(RouteQuery {
            source: self.source.0,
            destination: self.destination.0,
            amount: self.amount_msat,
            final_cltv: self.final_cltv,
            max_fee: Some(self.maxfee_msat),
            max_delay: self.maxdelay,
            max_hops: u8::MAX,
            max_parts,
            risk_percent: 0.0,
            avoid: Vec::new(),
            local_channels,
            source_free,
        })
    }
}

impl Run for Getroutes {
    async fn run(self, call: Call) -> Outcome {
        let query = self.into_query()?;
        let paths = call.node()?.find_paths(&query).map_err(refused)?;
        Answer::of(&Found::of(&paths))
    }
}

/// Core Lightning has no way to a node that it does not know, where `getroute` finds fault with the parameter.
fn refused(error: RouteError) -> RpcError {
    match error {
        RouteError::UnknownSource(_) | RouteError::UnknownDestination(_) => {
            RpcError::failed(Code::PayRouteNotFound, error.to_string())
        }
        RouteError::NotFound | RouteError::TooExpensive => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::documented::mismatches;
    use crate::params::{Parameters, Token};

    const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    fn query(rest: &str) -> Result<RouteQuery, String> {
        let params = format!(
            r#"{{"source":"{KEY}","destination":"{KEY}","amount_msat":1000,"maxfee_msat":5,"final_cltv":9,{rest}}}"#
        );
        let asked = Getroutes::parse(Token::parse(&params).unwrap());
        asked
            .and_then(Getroutes::into_query)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_automatic_layers_are_known_and_no_others() {
        let all = query(r#""layers":["auto.localchans","auto.sourcefree"],"maxparts":3"#).unwrap();
        assert!(all.local_channels && all.source_free);
        assert_eq!(
            (all.max_parts, all.max_delay, all.max_fee),
            (3, 2_016, Some(Msat(5)))
        );
        assert_eq!(query(r#""layers":["auto.no_mpp_support"]"#).unwrap().max_parts, 1);
        let refusals = [
            (r#""layers":["mine"]"#, "layers: unknown layer 'mine'"),
            (
                r#""layers":["auto.include_fees"]"#,
                "layers: auto.include_fees is not supported: say what is to arrive",
            ),
            (r#""layers":[],"maxdelay":2017"#, "maximum delay allowed is 2016"),
            (r#""layers":[],"maxparts":0"#, "maxparts must be at least 1"),
        ];
        for (rest, words) in refusals {
            assert_eq!(query(rest).err().as_deref(), Some(words));
        }
    }

    #[test]
    fn the_answer_is_as_documented() {
        let key: PublicKey = KEY.parse().unwrap();
        let hop = FoundHop {
            channel: 7,
            from: key,
            to: key,
            amount_in: Msat(1_010),
            amount_out: Msat(1_000),
            cltv_in: 15,
            cltv_out: 9,
        };
        let path = FoundPath {
            hops: vec![hop],
            probability: 0.5,
        };
        let shown = serde_json::to_value(Found::of(&[path.clone(), path])).unwrap();
        assert_eq!(mismatches(COMMAND.answer, &shown), [] as [&str; 0]);
        assert_eq!(
            (&shown["probability_ppm"], &shown["routes"][0]["probability_ppm"]),
            (&250_000.into(), &500_000.into())
        );
        assert_eq!(shown["routes"][1]["path"][0]["short_channel_id_dir"], "0x0x7/0");
    }
}
