//! `sendpay`

use super::prelude::*;
use super::shared::payment::{SENT, SendpayEntry};
use super::shared::route::RouteHop;
use super::shared::unsupported;
use crate::params::HexBytes;
use boltill_till::{Payment, PaymentState, SendpayRequest};
use boltill_types::{Msat, PaymentHash, PaymentSecret};
use serde::Serialize;

parameters! {
    /// Send a payment along a way of your own choice
    ///
    /// The way comes from `getroute` or `getroutes`, or is of one's own making. It is tried once; `waitsendpay` waits for what comes of
    /// it. An empty way pays an invoice of this node.
    ///
    /// The answer comes when the payment is on file and on its way. The very same payment is never sent twice: while it is pending,
    /// *groupid* and *partid* say that it is the same, and after it has arrived its hash does.
    ///
    /// A payee may be paid in parts by several nodes or channels. LDK tells it that what this node sends is all, so *amount_msat* has to
    /// be what the way brings; `pay` and `xpay` split payments.
    pub struct Sendpay {
        /// The channels, from this node on.
        required route: Vec<RouteHop>,
        /// The hash of what proves the payment.
        required payment_hash: PaymentHash,
        /// A name of our own for the payment.
        optional label: String,
        /// What the payee gets: that of the last channel. Needed with *partid*, and for an empty way.
        optional amount_msat: Msat; also "msatoshi",
        /// The invoice that is paid; it is kept, and shown by `listsendpays`.
        optional bolt11: String; also "invstring",
        /// The secret from the invoice, without which most payees refuse.
        optional payment_secret: PaymentSecret,
        /// A number for the payment in its group.
        default partid: u64 = 0,
        /// Not supported: the invoice for an invoice_request of ours is paid as it arrives.
        optional localinvreqid: HexBytes,
        /// The attempt that the payment belongs to; a new one when it is not given.
        optional groupid: u64,
        /// The metadata from the invoice, which the payee wants back.
        optional payment_metadata: HexBytes,
        /// What the payment is for.
        optional description: String,
    }
}

pub const COMMAND: Command = Command {
    name: "sendpay",
    category: Category::Payments,
    answer: SENT,
    errors: &[
        (
            Code::InvalidParams,
            "The route cannot be one, or the amount and *partid* do not go with it.",
        ),
        (
            Code::PayInProgress,
            "Another attempt, or another part, may be on its way.",
        ),
        (
            Code::PayHashAlreadyUsed,
            "This payment hash was paid with another amount or to another node, or this part of the group has failed.",
        ),
        (
            Code::PayDestinationFailed,
            "An empty way, and no invoice of ours that this pays.",
        ),
        (
            Code::PayTryOtherRoute,
            "The first channel cannot send it; the error's data say why.",
        ),
    ],
    examples: &[Example {
        typed: r#"sendpay route='[{"id":"036745b76a194d89a340f9fd195ed1179f28c72728c5c01723c502fe9d0cb27095","channel":"109x1x1","amount_msat":1000,"delay":9}]' payment_hash=116a8a53cea4e017a8163b033fc7b6711a2355e84dfd64594bdb87885d36a041 payment_secret=a18157896d0f098ab239af9e4865ef6dd1d85e6ccef7bad876261c96c4bd0461"#,
        answer: r#"{"message":"Monitor status with listpays or waitsendpay","created_index":12,"id":12,"payment_hash":"116a8a53cea4e017a8163b033fc7b6711a2355e84dfd64594bdb87885d36a041","groupid":1,"destination":"036745b76a194d89a340f9fd195ed1179f28c72728c5c01723c502fe9d0cb27095","amount_msat":1000,"amount_sent_msat":1000,"created_at":1795230700,"status":"pending"}"#,
    }],
    see_also: &["waitsendpay", "getroute", "getroutes", "listsendpays", "xpay"],
    ..Command::of::<Sendpay>()
};

#[derive(Serialize)]
struct Sent<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    #[serde(flatten)]
    payment: SendpayEntry<'a>,
}

impl Sendpay {
    fn into_request(self) -> Result<SendpayRequest, RpcError> {
        unsupported(
            "localinvreqid",
            &self.localinvreqid,
            "the invoice for an invoice_request of ours is paid as it arrives",
        )?;
        Ok(SendpayRequest {
            route: self.route.into_iter().map(|hop| hop.0).collect(),
            payment_hash: self.payment_hash,
            label: self.label,
            amount: self.amount_msat,
            invstring: self.bolt11,
            payment_secret: self.payment_secret,
            partid: self.partid,
            groupid: self.groupid,
            payment_metadata: self.payment_metadata.map(|bytes| bytes.0),
            description: self.description,
        })
    }
}

impl Run for Sendpay {
    async fn run(self, call: Call) -> Outcome {
        let request = self.into_request()?;
        let payment = call.till()?.sendpay(request).await?;
        Answer::of(&sent(&payment))
    }
}

fn sent(payment: &Payment) -> Sent<'_> {
    let pending = payment.state == PaymentState::Pending;
    Sent {
        message: pending.then_some("Monitor status with listpays or waitsendpay"),
        payment: SendpayEntry::of(payment),
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn a_route_must_be_one_that_can_be_read() {
        let hash = "0a".repeat(32);
        let refusals = [
            (
                format!(r#"{{"route":[{{}}],"payment_hash":"{hash}"}}"#),
                "missing required parameter: id",
            ),
            (
                format!(r#"{{"route":5,"payment_hash":"{hash}"}}"#),
                "route: should be an array: invalid token '5'",
            ),
            (
                r#"{"route":[]}"#.to_owned(),
                "missing required parameter: payment_hash",
            ),
            (
                format!(r#"{{"route":[],"payment_hash":"{hash}","localinvreqid":"00"}}"#),
                "localinvreqid: not supported: the invoice for an invoice_request of ours is paid as it arrives",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(
                test_call().answer("sendpay", &params).await,
                Err(words.to_owned())
            );
        }
    }
}
