//! `delpay`

use super::prelude::*;
use super::shared::payment::{DELETED, SendpayEntry};
use crate::error::Failure;
use crate::params::{FromToken, Refusal, Token};
use boltill_till::{DeletePaymentError, PaymentStatus};
use boltill_types::PaymentHash;
use hex_conservative::DisplayHex;
use serde::Serialize;

parameters! {
    /// Delete payments that are over
    ///
    /// Those of a payment hash that have the expected *status*, or of them only one part. Answers what they were. Payments under way
    /// are never deleted, and a deleted one no longer keeps its invoice from being paid again.
    pub struct DelPay {
        /// The payment hash.
        required payment_hash: PaymentHash,
        /// The status that they have: `complete` or `failed`.
        required status: OverStatus,
        /// Only this part, of the attempt *groupid*.
        optional partid: u64,
        /// Only this attempt; with *partid*.
        optional groupid: u64,
    }
}

pub const COMMAND: Command = Command {
    name: "delpay",
    category: Category::Payments,
    answer: &[Field::always(
        "payments",
        Kind::Array(&Kind::Object(DELETED)),
        "The payments that are deleted.",
    )],
    errors: &[
        (
            Code::InvalidParams,
            "The *status* is `pending`, or only one of *partid* and *groupid* is given.",
        ),
        (Code::PayNoSuchPayment, "There is no such payment."),
        (Code::PayStatusUnexpected, "There is, and it has another status."),
    ],
    examples: &[Example {
        typed: "delpay 116a8a53cea4e017a8163b033fc7b6711a2355e84dfd64594bdb87885d36a041 failed",
        answer: r#"{"payments":[{"created_index":11,"id":11,"payment_hash":"116a8a53cea4e017a8163b033fc7b6711a2355e84dfd64594bdb87885d36a041","groupid":1,"updated_index":8,"destination":"036745b76a194d89a340f9fd195ed1179f28c72728c5c01723c502fe9d0cb27095","amount_msat":500000,"amount_sent_msat":500000,"created_at":1795230610,"completed_at":1795230671,"status":"failed","bolt11":"lnbcrt5u1p4sz0ht..."}]}"#,
    }],
    see_also: &["listpays", "listsendpays", "pay"],
    ..Command::of::<DelPay>()
};

/// The status of a payment that is over.
pub struct OverStatus(PaymentStatus);

impl FromToken for OverStatus {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<OverStatus, Refusal> {
        match PaymentStatus::from_token(token)? {
            PaymentStatus::Pending => Err("Cannot delete pending status".into()),
            over @ (PaymentStatus::Complete | PaymentStatus::Failed) => Ok(OverStatus(over)),
        }
    }
}

#[derive(Serialize)]
struct Deleted<'a> {
    payments: Vec<SendpayEntry<'a>>,
}

impl Run for DelPay {
    async fn run(self, call: Call) -> Outcome {
        let part = match (self.groupid, self.partid) {
            (Some(groupid), Some(partid)) => Some((groupid, partid)),
            (None, None) => None,
            _ => {
                return Err(RpcError::invalid_params(
                    "Must set both partid and groupid, or neither",
                ));
            }
        };
        let hash = self.payment_hash;
        let deleted = call.till()?.delete_payments(hash, self.status.0, part).await;
        let deleted = deleted.map_err(|error| refused(error, hash, part.is_some()))?;
        let payments = deleted
            .iter()
            .map(SendpayEntry::of)
            .map(SendpayEntry::without_description);
        Answer::of(&Deleted {
            payments: payments.collect(),
        })
    }
}

/// Core Lightning's words name the payment hash, which the till's error does not know.
fn refused(error: DeletePaymentError, hash: PaymentHash, one_part: bool) -> RpcError {
    let hash = hash.0.as_hex();
    match error {
        DeletePaymentError::Pending => {
            RpcError::failed(Code::PayStatusUnexpected, "Cannot delete pending status")
        }
        DeletePaymentError::UnknownPayment if one_part => RpcError::failed(
            Code::PayNoSuchPayment,
            "No payment for that payment_hash with that partid and groupid",
        ),
        DeletePaymentError::UnknownPayment => RpcError::failed(
            Code::PayNoSuchPayment,
            format!("Unknown payment with payment_hash: {hash}"),
        ),
        DeletePaymentError::StatusMismatch { current, expected } => RpcError::failed(
            Code::PayStatusUnexpected,
            format!(
                "Payment with hash {hash} has {current} status but it different from the one provided {expected}"
            ),
        ),
        DeletePaymentError::Ledger(error) => RpcError::failed(error.code(), error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::test_call;

    #[tokio::test]
    async fn only_payments_that_are_over_can_be_meant() {
        let hash = "0a".repeat(32);
        let refusals = [
            (
                format!(r#"["{hash}", "pending"]"#),
                "status: Cannot delete pending status: invalid token '\"pending\"'",
            ),
            (
                format!(r#"["{hash}", "paid"]"#),
                "status: should be an invoice status: invalid token '\"paid\"'",
            ),
            (
                format!(r#"["{hash}", "failed", 1]"#),
                "Must set both partid and groupid, or neither",
            ),
            (
                format!(r#"{{"payment_hash":"{hash}","status":"failed","groupid":1}}"#),
                "Must set both partid and groupid, or neither",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(test_call().answer("delpay", &params).await, Err(words.to_owned()));
        }
    }

    #[test]
    fn what_is_not_deleted_is_named_by_its_hash() {
        let told = |error, one_part| {
            let error = refused(error, PaymentHash([10; 32]), one_part);
            (error.code().number(), error.to_string())
        };
        let hash = "0a".repeat(32);
        assert_eq!(
            told(DeletePaymentError::UnknownPayment, false),
            (208, format!("Unknown payment with payment_hash: {hash}"))
        );
        let part = "No payment for that payment_hash with that partid and groupid";
        assert_eq!(
            told(DeletePaymentError::UnknownPayment, true),
            (208, part.to_owned())
        );
        let mismatch = DeletePaymentError::StatusMismatch {
            current: PaymentStatus::Complete,
            expected: PaymentStatus::Failed,
        };
        let (code, words) = told(mismatch, false);
        assert_eq!(code, 211);
        assert!(words.contains("has complete status but it different from the one provided failed"));
    }
}
