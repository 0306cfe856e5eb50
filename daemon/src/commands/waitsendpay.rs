//! `waitsendpay`

use super::prelude::*;
use super::shared::payment::{SENDPAY, SendpayEntry};
use boltill_types::PaymentHash;
use std::time::Duration;

parameters! {
    /// Wait until a payment is over
    ///
    /// For what `sendpay` has sent; `pay` and `xpay` wait by themselves, and what they have sent can be waited for as well. Answers the
    /// payment once it has arrived, also after a restart; one that fails is an error, whose data are the payment and what broke on its
    /// way: `erring_index`, `erring_node`, `erring_channel`, `erring_direction`, and `failcode` with `failcodename` where LDK leaves no
    /// doubt about it. Hanging up ends the wait and nothing else.
    pub struct Waitsendpay {
        /// The payment hash.
        required payment_hash: PaymentHash,
        /// For how many seconds to wait at most; 0 only looks.
        optional timeout: u32,
        /// Which part, as it was given to `sendpay`.
        default partid: u64 = 0,
        /// Which attempt; the latest when it is not given.
        optional groupid: u64,
    }
}

pub const COMMAND: Command = Command {
    name: "waitsendpay",
    category: Category::Payments,
    answer: SENDPAY,
    errors: &[
        (
            Code::PayInProgress,
            "The *timeout* is over; the payment may still arrive.",
        ),
        (
            Code::PayDestinationFailed,
            "The payee refused. A reply that nobody can read is among these: LDK does not tell it apart.",
        ),
        (Code::PayTryOtherRoute, "It failed on its way; another may work."),
        (Code::PayRouteNotFound, "Of `pay`: there was no way to the payee."),
        (Code::PayNoSuchPayment, "There is no such payment."),
        (
            Code::PayUnspecifiedError,
            "It failed for another reason: for example, it was never sent because the node was stopped just before.",
        ),
        (Code::PayStoppedRetrying, "Of `pay`: it was tried long enough."),
    ],
    examples: &[Example {
        typed: "waitsendpay 116a8a53cea4e017a8163b033fc7b6711a2355e84dfd64594bdb87885d36a041",
        answer: r#"{"created_index":12,"id":12,"payment_hash":"116a8a53cea4e017a8163b033fc7b6711a2355e84dfd64594bdb87885d36a041","groupid":1,"updated_index":9,"destination":"036745b76a194d89a340f9fd195ed1179f28c72728c5c01723c502fe9d0cb27095","amount_msat":1000,"amount_sent_msat":1000,"created_at":1795230700,"completed_at":1795230701,"status":"complete","payment_preimage":"fa6d08e52d6d2490d0b1817ab1ada55d19fb5d1ecd6255ab9fccc8095f7d51e5"}"#,
    }],
    see_also: &["sendpay", "listsendpays", "wait"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<Waitsendpay>()
};

impl Run for Waitsendpay {
    async fn run(self, call: Call) -> Outcome {
        let timeout = self.timeout.map(|seconds| Duration::from_secs(seconds.into()));
        let paid = call
            .till()?
            .waitsendpay(self.payment_hash, self.partid, self.groupid, timeout)
            .await?;
        Answer::of(&SendpayEntry::of(&paid))
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn a_payment_hash_must_be_given_and_be_one() {
        let refusals = [
            ("[]", "missing required parameter: payment_hash"),
            (
                r#"["00"]"#,
                "payment_hash: should be a 32 byte hex value: invalid token '\"00\"'",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(
                test_call().answer("waitsendpay", params).await,
                Err(words.to_owned())
            );
        }
    }
}
