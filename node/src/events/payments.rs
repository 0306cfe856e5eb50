//! LDK's words about payments, in ours.

use crate::event::{FailureReason, IncomingPayment, NodeEvent};
use boltill_types::Msat;
use lightning::events::{Event, PaymentFailureReason, PaymentPurpose};

/// The event as the books know it; `None` for those that are not about payments.
pub(super) fn translate(event: Event) -> Option<NodeEvent> {
    let translated = match event {
        Event::PaymentClaimable {
            payment_hash,
            amount_msat,
            purpose,
            onion_fields,
            claim_deadline,
            ..
        } => NodeEvent::PaymentClaimable(IncomingPayment {
            payment_hash,
            amount: Msat(amount_msat),
            preimage: purpose.preimage(),
            spontaneous: matches!(purpose, PaymentPurpose::SpontaneousPayment(_)),
            custom_tlvs: onion_fields
                .map(|fields| fields.custom_tlvs().clone())
                .unwrap_or_default(),
            claim_deadline,
        }),
        Event::PaymentClaimed {
            payment_hash,
            amount_msat,
            purpose,
            onion_fields,
            ..
        } => NodeEvent::PaymentClaimed(IncomingPayment {
            payment_hash,
            amount: Msat(amount_msat),
            preimage: purpose.preimage(),
            spontaneous: matches!(purpose, PaymentPurpose::SpontaneousPayment(_)),
            custom_tlvs: onion_fields
                .map(|fields| fields.custom_tlvs().clone())
                .unwrap_or_default(),
            claim_deadline: None,
        }),
        Event::PaymentSent {
            payment_id,
            payment_preimage,
            payment_hash,
            amount_msat,
            fee_paid_msat,
            ..
        } => NodeEvent::PaymentSent {
            payment_id: payment_id?,
            payment_hash,
            preimage: payment_preimage,
            amount: amount_msat.map(Msat),
            fee: fee_paid_msat.map(Msat),
        },
        Event::PaymentFailed {
            payment_id, reason, ..
        } => NodeEvent::PaymentFailed {
            payment_id,
            reason: failure_reason(reason),
        },
        Event::PaymentPathSuccessful { payment_id, .. } => NodeEvent::PartSucceeded { payment_id },
        Event::PaymentPathFailed {
            payment_id,
            payment_failed_permanently,
            failure,
            path,
            short_channel_id,
            ..
        } => NodeEvent::PartFailed {
            payment_id: payment_id?,
            refused_by_payee: payment_failed_permanently,
            short_channel_id,
            fault: super::fault::of(&path, &failure, short_channel_id, payment_failed_permanently),
        },
        _ => return None,
    };
    Some(translated)
}

fn failure_reason(reason: Option<PaymentFailureReason>) -> FailureReason {
    match reason {
        Some(PaymentFailureReason::RecipientRejected) => FailureReason::RecipientRejected,
        Some(PaymentFailureReason::UserAbandoned) => FailureReason::Abandoned,
        Some(PaymentFailureReason::RetriesExhausted) => FailureReason::RetriesExhausted,
        Some(PaymentFailureReason::PaymentExpired) => FailureReason::Expired,
        Some(PaymentFailureReason::RouteNotFound | PaymentFailureReason::BlindedPathCreationFailed) => {
            FailureReason::RouteNotFound
        }
        Some(
            PaymentFailureReason::UnexpectedError
            | PaymentFailureReason::UnknownRequiredFeatures
            | PaymentFailureReason::InvoiceRequestExpired
            | PaymentFailureReason::InvoiceRequestRejected,
        )
        | None => FailureReason::Unexpected,
    }
}
