//! `keysend`

use super::prelude::*;
use super::shared::limits::fee_limit;
use super::shared::payment::{PAID, PaidEntry};
use crate::params::{FromToken, HexBytes, NodeId, Refusal, ShortChannelId, Token};
use boltill_till::{KeysendRequest, PayRequest};
use boltill_types::Msat;
use lightning::routing::gossip::RoutingFees;
use lightning::routing::router::{RouteHint, RouteHintHop};
use std::borrow::Cow;
use std::time::Duration;

parameters! {
    /// Pay a node without an invoice
    ///
    /// The money carries its own preimage, which only the payee can read. So nothing has to be asked for, and the preimage proves
    /// nothing: the payer has known it from the start. The payee must accept such payments.
    ///
    /// Hanging up does not stop a payment; `listpays` tells what came of it.
    pub struct Keysend {
        /// The public key of the node to pay.
        required destination: NodeId,
        /// What it gets.
        required amount_msat: Msat; also "msatoshi",
        /// A name of our own for the payment; `listpays` and `listsendpays` show it.
        optional label: String,
        /// What forwarding may cost at most, in percent of the amount; 0.5 when nothing is said.
        optional maxfeepercent: f64,
        /// For how many seconds to try other ways, from the first.
        default retry_for: u32 = 60,
        /// For how many blocks the money may be under way at most; 2016 when nothing is said.
        optional maxdelay: u32,
        /// A fee that is allowed whatever *maxfeepercent* says; 5 sat when nothing is said.
        optional exemptfee: Msat,
        /// Ways to the payee that are not public: arrays of hops, each with `id`, `scid`, `feebase`, `feeprop` and `expirydelta`.
        optional routehints: Vec<HintParam>,
        /// What the payee is told beside the payment: hexadecimal values by TLV type, which is 65536 or more.
        optional extratlvs: ExtraTlvs,
        /// What forwarding may cost at most, in place of *maxfeepercent* and *exemptfee*.
        optional maxfee: Msat,
    }
}

pub const COMMAND: Command = Command {
    name: "keysend",
    category: Category::Payments,
    answer: PAID,
    errors: &[
        (
            Code::InvalidParams,
            "The payee is ourselves, or *extratlvs* has types that cannot be sent.",
        ),
        (
            Code::PayDestinationFailed,
            "The payee refused, perhaps because it takes no such payments.",
        ),
        (
            Code::PayRouteNotFound,
            "There is no way to the payee, or none within the limits.",
        ),
        (Code::PayUnspecifiedError, "It failed for another reason."),
        (
            Code::PayStoppedRetrying,
            "*retry_for* is over, and no part is under way any more.",
        ),
    ],
    examples: &[Example {
        typed: "keysend 036745b76a194d89a340f9fd195ed1179f28c72728c5c01723c502fe9d0cb27095 10sat thanks",
        answer: r#"{"destination":"036745b76a194d89a340f9fd195ed1179f28c72728c5c01723c502fe9d0cb27095","payment_hash":"a7df9dde8275333a0db769122c4dd01fcc792f5deedb17f9aa9ff2c5732f5e07","created_at":1795230900,"parts":1,"amount_msat":10000,"amount_sent_msat":10000,"payment_preimage":"222a14db4e6915f9b1acd8b33814750f4a65ebc6124e7b635e875c18d441cf84","status":"complete"}"#,
    }],
    see_also: &["pay", "xpay", "listpays"],
    // The payment itself goes on when nobody waits for it any more.
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<Keysend>()
};

/// One way to the payee: an array of hops.
pub struct HintParam(RouteHint);

impl FromToken for HintParam {
    const KIND: Kind = Kind::Array(&Kind::Object(HOP));

    fn from_token(token: Token<'_>) -> Result<HintParam, Refusal> {
        let hops = token
            .elements()
            .and_then(|hops| hops.into_iter().map(hop).collect());
        let hops: Vec<_> = hops
            .ok_or("should be an array of arrays of hops with id, scid, feebase, feeprop and expirydelta")?;
        Ok(HintParam(RouteHint(hops)))
    }
}

const HOP: &[Field] = &[
    Field::always("id", Kind::Pubkey, "The node at which the hop begins."),
    Field::always("scid", Kind::ShortChannelId, "The channel."),
    Field::always("feebase", Kind::Msat, "The fee for any amount."),
    Field::always("feeprop", Kind::U32, "The fee in millionths of the amount."),
    Field::always("expirydelta", Kind::U16, "How many blocks the node wants."),
];

/// All five members, each once, and no other.
fn hop(token: Token<'_>) -> Option<RouteHintHop> {
    let members = token.members().filter(|members| members.len() == HOP.len())?;
    fn member<T: FromToken>(members: &[(Cow<'_, str>, Token<'_>)], name: &str) -> Option<T> {
        let (_, token) = members.iter().find(|(other, _)| other == name)?;
        T::from_token(*token).ok()
    }
    Some(RouteHintHop {
        src_node_id: member::<NodeId>(&members, "id")?.0,
        short_channel_id: member::<ShortChannelId>(&members, "scid")?.0,
        fees: RoutingFees {
            base_msat: member::<Msat>(&members, "feebase")?.0.try_into().ok()?,
            proportional_millionths: member(&members, "feeprop")?,
        },
        cltv_expiry_delta: member(&members, "expirydelta")?,
        htlc_minimum_msat: None,
        htlc_maximum_msat: None,
    })
}

/// What the payee is told, by TLV type in rising order.
pub struct ExtraTlvs(Vec<(u64, Vec<u8>)>);

impl FromToken for ExtraTlvs {
    const KIND: Kind = Kind::Object(&[]);

    fn from_token(token: Token<'_>) -> Result<ExtraTlvs, Refusal> {
        let record = |(name, value): (Cow<'_, str>, Token<'_>)| {
            let number: u64 = name.parse().ok()?;
            Some((number, HexBytes::from_token(value).ok()?.0))
        };
        let records = token
            .members()
            .and_then(|members| members.into_iter().map(record).collect());
        let mut records: Vec<_> = records.ok_or("should be an object of hex values by field number")?;
        records.sort_unstable();
        Ok(ExtraTlvs(records))
    }
}

impl Keysend {
    fn into_request(self) -> Result<KeysendRequest, RpcError> {
        Ok(KeysendRequest {
            destination: self.destination.0,
            amount: self.amount_msat,
            label: self.label,
            fee_limit: fee_limit(self.maxfee, self.maxfeepercent, self.exemptfee)?,
            retry_for: Duration::from_secs(self.retry_for.into()),
            max_delay: self.maxdelay.unwrap_or(PayRequest::DEFAULT_MAX_DELAY),
            route_hints: self
                .routehints
                .unwrap_or_default()
                .into_iter()
                .map(|hint| hint.0)
                .collect(),
            extra_tlvs: self.extratlvs.map(|tlvs| tlvs.0).unwrap_or_default(),
        })
    }
}

impl Run for Keysend {
    async fn run(self, call: Call) -> Outcome {
        let request = self.into_request()?;
        let paid = call.till()?.keysend(request).await?;
        Answer::of(&PaidEntry::of(&paid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::test_call;
    use crate::params::Parameters;

    const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    fn request(others: &str) -> KeysendRequest {
        let params = format!(r#"{{"destination":"{KEY}","amount_msat":1{others}}}"#);
        Keysend::parse(Token::parse(&params).unwrap())
            .unwrap()
            .into_request()
            .unwrap()
    }

    #[test]
    fn ways_that_are_not_public_are_read_hop_by_hop() {
        let hop =
            format!(r#"{{"id":"{KEY}","scid":"0x0x7","feebase":"1sat","feeprop":20,"expirydelta":30}}"#);
        let request = request(&format!(r#","routehints":[[{hop}]]"#));
        let hop = &request.route_hints[0].0[0];
        assert_eq!(
            (hop.src_node_id.to_string().as_str(), hop.short_channel_id),
            (KEY, 7)
        );
        assert_eq!(
            (hop.fees.base_msat, hop.fees.proportional_millionths),
            (1_000, 20)
        );
        assert_eq!(hop.cltv_expiry_delta, 30);
    }

    #[test]
    fn what_the_payee_is_told_is_in_the_order_of_its_types() {
        let request = request(r#","extratlvs":{"133773310":"FE","65537":""}"#);
        assert_eq!(request.extra_tlvs, [(65_537, vec![]), (133_773_310, vec![0xfe])]);
    }

    #[tokio::test]
    async fn what_is_not_of_its_form_is_refused() {
        let hints = "routehints: should be an array of arrays of hops with id, scid, feebase, feeprop and expirydelta";
        let tlvs = "extratlvs: should be an object of hex values by field number";
        let refusals = [
            (
                r#""routehints":[[{}]]"#,
                format!("{hints}: invalid token '[[{{}}]]'"),
            ),
            (r#""routehints":[{}]"#, format!("{hints}: invalid token '[{{}}]'")),
            (
                r#""extratlvs":{"x":"00"}"#,
                format!("{tlvs}: invalid token '{{\"x\":\"00\"}}'"),
            ),
            (
                r#""extratlvs":{"7":"0"}"#,
                format!("{tlvs}: invalid token '{{\"7\":\"0\"}}'"),
            ),
            (
                r#""maxfee":1,"maxfeepercent":1"#,
                "If you specify maxfee, cannot specify maxfeepercent or exemptfee.".to_owned(),
            ),
        ];
        for (others, words) in refusals {
            let params = format!(r#"{{"destination":"{KEY}","amount_msat":1,{others}}}"#);
            assert_eq!(
                test_call().answer("keysend", &params).await,
                Err(words),
                "{others}"
            );
        }
        assert_eq!(
            test_call().answer("keysend", r#"["02", 1]"#).await,
            Err("destination: should be a node id: invalid token '\"02\"'".to_owned())
        );
    }
}
