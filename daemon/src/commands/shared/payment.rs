//! A payment that we make as answers show it: an entry of `listsendpays` and `delpay`, or one of `listpays`.
//!
//! LDK splits a payment into parts by itself and does not tell them apart, so an attempt to pay is one entry in both.

mod fields;

pub use fields::{DELETED, PAID, PAY, SENDPAY, SENT};

use super::invoice::TextEntry;
use crate::error::RpcError;
use crate::hex::Hex;
use bitcoin::secp256k1::PublicKey;
use boltill_till::{Paid, Payment, PaymentQuery, PaymentState, Range};
use boltill_types::{CreatedIndex, Msat, PaymentHash, UnixSeconds, UpdatedIndex};
use serde::Serialize;

/// Which payments are asked for.
///
/// # Errors
/// `-32602 Can only specify one of {bolt11} or {payment_hash}`.
pub fn query(
    invstring: Option<String>,
    payment_hash: Option<PaymentHash>,
    range: Range,
) -> Result<PaymentQuery, RpcError> {
    match (invstring, payment_hash) {
        (Some(_), Some(_)) => Err(RpcError::invalid_params(
            "Can only specify one of {bolt11} or {payment_hash}",
        )),
        (Some(invstring), None) => Ok(PaymentQuery::Invstring(invstring)),
        (None, Some(hash)) => Ok(PaymentQuery::PaymentHash(hash)),
        (None, None) => Ok(PaymentQuery::Range(range)),
    }
}

/// An entry of `listsendpays`, borrowed from the payment.
#[derive(Serialize)]
pub struct SendpayEntry<'a> {
    created_index: CreatedIndex,
    /// Core Lightning's older name for the same.
    id: CreatedIndex,
    payment_hash: Hex<'a>,
    groupid: u64,
    #[serde(skip_serializing_if = "is_zero")]
    partid: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_index: Option<UpdatedIndex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<PublicKey>,
    amount_msat: Msat,
    /// Until the fees are known, what the payee is to get.
    amount_sent_msat: Msat,
    created_at: UnixSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<UnixSeconds>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_preimage: Option<Hex<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    text: Option<TextEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

impl<'a> SendpayEntry<'a> {
    /// Shows a payment.
    pub fn of(payment: &'a Payment) -> SendpayEntry<'a> {
        SendpayEntry {
            created_index: payment.created_index,
            id: payment.created_index,
            payment_hash: Hex(&payment.payment_hash.0),
            groupid: payment.groupid,
            partid: payment.partid,
            updated_index: payment.updated_index,
            destination: payment.destination,
            amount_msat: payment.amount,
            amount_sent_msat: payment.amount_sent.unwrap_or(payment.amount),
            created_at: payment.created_at,
            completed_at: completed_at(&payment.state),
            status: payment.state.status().as_str(),
            payment_preimage: preimage(&payment.state),
            label: payment.label.as_deref(),
            text: payment.text.as_ref().map(TextEntry::of),
            description: payment.description.as_deref(),
        }
    }

    /// Without the description, which `delpay` does not show.
    pub fn without_description(self) -> SendpayEntry<'a> {
        SendpayEntry {
            description: None,
            ..self
        }
    }
}

/// An entry of `listpays`, borrowed from the payment.
#[derive(Serialize)]
pub struct PayEntry<'a> {
    payment_hash: Hex<'a>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<PublicKey>,
    created_at: UnixSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<UnixSeconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    text: Option<TextEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_msat: Option<Msat>,
    amount_sent_msat: Msat,
    #[serde(skip_serializing_if = "Option::is_none")]
    preimage: Option<Hex<'a>>,
    created_index: CreatedIndex,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_index: Option<UpdatedIndex>,
}

impl<'a> PayEntry<'a> {
    /// Shows a payment. Of one that failed nothing was sent in the end, nor did it complete.
    pub fn of(payment: &'a Payment) -> PayEntry<'a> {
        let failed = matches!(payment.state, PaymentState::Failed { .. });
        let sent = payment.amount_sent.unwrap_or(payment.amount);
        PayEntry {
            payment_hash: Hex(&payment.payment_hash.0),
            status: payment.state.status().as_str(),
            destination: payment.destination,
            created_at: payment.created_at,
            completed_at: completed_at(&payment.state).filter(|_| !failed),
            label: payment.label.as_deref(),
            text: payment.text.as_ref().map(TextEntry::of),
            description: payment.description.as_deref(),
            amount_msat: (!failed).then_some(payment.amount),
            amount_sent_msat: if failed { Msat::ZERO } else { sent },
            preimage: preimage(&payment.state),
            created_index: payment.created_index,
            updated_index: payment.updated_index,
        }
    }
}

/// What `pay` and `keysend` answer, borrowed from the payment.
#[derive(Serialize)]
pub struct PaidEntry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<PublicKey>,
    payment_hash: Hex<'a>,
    created_at: UnixSeconds,
    parts: u64,
    amount_msat: Msat,
    amount_sent_msat: Msat,
    payment_preimage: Hex<'a>,
    status: &'static str,
}

impl<'a> PaidEntry<'a> {
    /// Shows a payment that has arrived.
    pub fn of(paid: &'a Paid) -> PaidEntry<'a> {
        PaidEntry {
            destination: paid.payment.destination,
            payment_hash: Hex(&paid.payment.payment_hash.0),
            created_at: paid.payment.created_at,
            parts: paid.failed_parts.saturating_add(paid.successful_parts),
            amount_msat: paid.payment.amount,
            amount_sent_msat: paid.amount_sent,
            payment_preimage: Hex(&paid.preimage.0),
            status: "complete",
        }
    }
}

fn completed_at(state: &PaymentState) -> Option<UnixSeconds> {
    match state {
        PaymentState::Pending => None,
        PaymentState::Complete { completed_at, .. } | PaymentState::Failed { completed_at, .. } => {
            Some(*completed_at)
        }
    }
}

fn preimage(state: &PaymentState) -> Option<Hex<'_>> {
    match state {
        PaymentState::Pending | PaymentState::Failed { .. } => None,
        PaymentState::Complete { preimage, .. } => Some(Hex(&preimage.0)),
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::super::documented::mismatches;
    use super::*;
    use crate::params::Field;
    use boltill_ledger::PaymentId;
    use boltill_till::InvoiceText;
    use boltill_types::PaymentPreimage;
    use serde_json::{Value, json};

    const PAYEE: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    /// A payment that has just been begun.
    fn pending() -> Payment {
        Payment {
            created_index: CreatedIndex(7),
            updated_index: None,
            payment_id: PaymentId([9; 32]),
            payment_hash: PaymentHash([1; 32]),
            groupid: 1,
            partid: 0,
            destination: Some(PAYEE.parse().unwrap()),
            amount: Msat(1_000),
            amount_sent: None,
            created_at: UnixSeconds(1_600_000_000),
            label: Some("rent".to_owned()),
            text: Some(InvoiceText::Bolt11("lnbcrt1".to_owned())),
            description: Some("March".to_owned()),
            state: PaymentState::Pending,
        }
    }

    fn complete() -> Payment {
        Payment {
            updated_index: Some(UpdatedIndex(3)),
            amount_sent: Some(Msat(1_010)),
            state: PaymentState::Complete {
                preimage: PaymentPreimage([2; 32]),
                completed_at: UnixSeconds(1_600_000_009),
            },
            ..pending()
        }
    }

    fn failed() -> Payment {
        Payment {
            updated_index: Some(UpdatedIndex(4)),
            state: PaymentState::Failed {
                code: 205,
                message: "no way".to_owned(),
                completed_at: UnixSeconds(1_600_000_009),
            },
            ..pending()
        }
    }

    fn shown(entry: impl Serialize, fields: &[Field]) -> Value {
        let shown = serde_json::to_value(entry).unwrap();
        assert_eq!(mismatches(fields, &shown), [] as [&str; 0]);
        shown
    }

    #[test]
    fn listsendpays_shows_an_attempt_whatever_came_of_it() {
        let begun = json!({
            "created_index": 7, "id": 7, "payment_hash": "01".repeat(32), "groupid": 1, "destination": PAYEE,
            "amount_msat": 1_000, "amount_sent_msat": 1_000, "created_at": 1_600_000_000, "status": "pending",
            "label": "rent", "bolt11": "lnbcrt1", "description": "March",
        });
        assert_eq!(shown(SendpayEntry::of(&pending()), SENDPAY), begun);

        let (complete, failed) = (complete(), failed());
        let mut ended = begun.clone();
        ended["status"] = json!("failed");
        ended["completed_at"] = json!(1_600_000_009);
        ended["updated_index"] = json!(4);
        assert_eq!(shown(SendpayEntry::of(&failed), SENDPAY), ended);

        ended["status"] = json!("complete");
        ended["updated_index"] = json!(3);
        ended["amount_sent_msat"] = json!(1_010);
        ended["payment_preimage"] = json!("02".repeat(32));
        assert_eq!(shown(SendpayEntry::of(&complete), SENDPAY), ended);

        ended.as_object_mut().unwrap().remove("description");
        assert_eq!(
            shown(SendpayEntry::of(&complete).without_description(), DELETED),
            ended
        );
    }

    #[test]
    fn a_part_has_its_number() {
        let part = Payment {
            partid: 2,
            ..pending()
        };
        assert_eq!(shown(SendpayEntry::of(&part), SENDPAY)["partid"], 2);
    }

    #[test]
    fn listpays_shows_what_was_paid_and_of_a_failure_that_nothing_was() {
        let begun = json!({
            "payment_hash": "01".repeat(32), "status": "complete", "destination": PAYEE,
            "created_at": 1_600_000_000, "completed_at": 1_600_000_009, "label": "rent", "bolt11": "lnbcrt1",
            "description": "March", "amount_msat": 1_000, "amount_sent_msat": 1_010,
            "preimage": "02".repeat(32), "created_index": 7, "updated_index": 3,
        });
        assert_eq!(shown(PayEntry::of(&complete()), PAY), begun);

        let failed = shown(PayEntry::of(&failed()), PAY);
        assert_eq!(failed["status"], "failed");
        assert_eq!(failed["amount_sent_msat"], 0);
        for absent in ["amount_msat", "preimage", "completed_at"] {
            assert_eq!(failed.get(absent), None, "{absent}");
        }
        assert_eq!(shown(PayEntry::of(&pending()), PAY)["amount_msat"], 1_000);
    }

    #[test]
    fn pay_counts_every_part_that_was_sent() {
        let paid = Paid {
            payment: complete(),
            preimage: PaymentPreimage([2; 32]),
            amount_sent: Msat(1_010),
            failed_parts: 1,
            successful_parts: 2,
        };
        assert_eq!(
            shown(PaidEntry::of(&paid), PAID),
            json!({
                "destination": PAYEE, "payment_hash": "01".repeat(32), "created_at": 1_600_000_000, "parts": 3,
                "amount_msat": 1_000, "amount_sent_msat": 1_010, "payment_preimage": "02".repeat(32),
                "status": "complete",
            })
        );
    }
}
