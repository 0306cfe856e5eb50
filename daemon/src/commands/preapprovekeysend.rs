//! `preapprovekeysend`

use super::prelude::*;
use crate::params::NodeId;
use boltill_types::{Msat, PaymentHash};
use hex_conservative::DisplayHex;
use serde_json::json;

parameters! {
    /// Ask whether a node may be paid without an invoice
    ///
    /// Where keys are in a signer of their own, that has a say in what is paid. Here they are in the daemon, which approves of
    /// everything.
    pub struct PreapproveKeysend {
        /// The public key of the node to pay.
        required destination: NodeId,
        /// The payment hash.
        required payment_hash: PaymentHash,
        /// What it gets.
        required amount_msat: Msat,
    }
}

pub const COMMAND: Command = Command {
    name: "preapprovekeysend",
    category: Category::Payments,
    examples: &[Example {
        typed: "preapprovekeysend 036745b76a194d89a340f9fd195ed1179f28c72728c5c01723c502fe9d0cb27095 a18157896d0f098ab239af9e4865ef6dd1d85e6ccef7bad876261c96c4bd0461 1500000",
        answer: "{}",
    }],
    see_also: &["keysend", "preapproveinvoice"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<PreapproveKeysend>()
};

impl Run for PreapproveKeysend {
    async fn run(self, _call: Call) -> Outcome {
        tracing::debug!(
            "approved of {} for {} with payment hash {}",
            self.amount_msat,
            self.destination.0,
            self.payment_hash.0.as_hex(),
        );
        Answer::of(&json!({}))
    }
}
