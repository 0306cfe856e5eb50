//! A payment for an invoice_request as answers show it.

use crate::hex::Hex;
use crate::params::{Field, Kind};
use boltill_till::{Payout, PayoutState};
use boltill_types::{CreatedIndex, Msat, UnixSeconds};
use serde::Serialize;

/// The fields of an entry.
pub const PAYOUT: &[Field] = &[
    Field::always("payment_index", Kind::U64, "Its created index in `listsendpays`."),
    Field::always(
        "payment_hash",
        Kind::Hash,
        "The hash of the preimage that proves the payment.",
    ),
    Field::always("status", Kind::String, "`pending`, `complete` or `failed`."),
    Field::always(
        "amount_msat",
        Kind::Msat,
        "What the payee gets; fees come on top.",
    ),
    Field::always("began_at", Kind::U64, "When it was begun, in UNIX seconds."),
    Field::sometimes(
        "ended_at",
        Kind::U64,
        "When it had arrived, or failed for good, in UNIX seconds.",
    ),
];

/// A payment for an invoice_request in an answer.
#[derive(Serialize)]
pub struct PayoutEntry<'a> {
    payment_index: CreatedIndex,
    payment_hash: Hex<'a>,
    status: &'static str,
    amount_msat: Msat,
    began_at: UnixSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<UnixSeconds>,
}

impl PayoutEntry<'_> {
    /// The payment as it is.
    pub fn of(payout: &Payout) -> PayoutEntry<'_> {
        PayoutEntry {
            payment_index: payout.payment,
            payment_hash: Hex(&payout.payment_hash.0),
            status: payout.state.status().as_str(),
            amount_msat: payout.amount,
            began_at: payout.began_at,
            ended_at: match payout.state {
                PayoutState::Pending => None,
                PayoutState::Complete { paid_at } => Some(paid_at),
                PayoutState::Failed { failed_at } => Some(failed_at),
            },
        }
    }
}
