//! The fields of payments, for the documents.

use crate::params::{Field, Kind};

const CREATED_INDEX: Field = Field::always(
    "created_index",
    Kind::U64,
    "The order in which attempts were begun, from 1.",
);
const UPDATED_INDEX: Field = Field::sometimes(
    "updated_index",
    Kind::U64,
    "The order of the latest change; absent before the first.",
);
const PAYMENT_HASH: Field = Field::always(
    "payment_hash",
    Kind::Hash,
    "The hash of the preimage that proves the payment.",
);
const STATUS: Field = Field::always(
    "status",
    Kind::String,
    "`pending` while it may be on its way, `complete`, or `failed`.",
);
const DESTINATION: Field = Field::sometimes("destination", Kind::Pubkey, "The payee, if known.");
const CREATED_AT: Field = Field::always(
    "created_at",
    Kind::U64,
    "When the attempt was begun, in UNIX seconds.",
);
const LABEL: Field = Field::sometimes("label", Kind::String, "Our own name for it.");
const BOLT11: Field = Field::sometimes("bolt11", Kind::String, "The BOLT 11 invoice that is paid.");
const BOLT12: Field = Field::sometimes("bolt12", Kind::String, "The BOLT 12 invoice that is paid.");
const DESCRIPTION: Field = Field::sometimes("description", Kind::String, "What the payment is for.");

/// The fields of an entry of `delpay`.
pub const DELETED: &[Field] = &[
    CREATED_INDEX,
    Field::always(
        "id",
        Kind::U64,
        "The same as `created_index`, as older clients call it.",
    ),
    PAYMENT_HASH,
    Field::always(
        "groupid",
        Kind::U64,
        "Counts the attempts at one payment hash from 1.",
    ),
    Field::sometimes(
        "partid",
        Kind::U64,
        "Which part of a payment whose parts are sent one by one.",
    ),
    UPDATED_INDEX,
    DESTINATION,
    Field::always("amount_msat", Kind::Msat, "What the payee is to get."),
    Field::always(
        "amount_sent_msat",
        Kind::Msat,
        "What left us, fees included; without them while they are not known.",
    ),
    CREATED_AT,
    Field::sometimes(
        "completed_at",
        Kind::U64,
        "When it came to its end, in UNIX seconds.",
    ),
    STATUS,
    Field::sometimes(
        "payment_preimage",
        Kind::Secret,
        "Of a complete payment: the proof of it.",
    ),
    LABEL,
    BOLT11,
    BOLT12,
];

/// The fields of an entry of `listsendpays`.
pub const SENDPAY: &[Field] = &{
    let mut fields = [DESCRIPTION; DELETED.len() + 1];
    let mut at = 0;
    while at < DELETED.len() {
        fields[at] = DELETED[at];
        at += 1;
    }
    fields
};

/// The fields of the answer of `sendpay`.
pub const SENT: &[Field] = &{
    let message = Field::sometimes(
        "message",
        Kind::String,
        "Of a pending payment: how to learn what becomes of it.",
    );
    let mut fields = [message; SENDPAY.len() + 1];
    let mut at = 0;
    while at < SENDPAY.len() {
        fields[at] = SENDPAY[at];
        at += 1;
    }
    fields
};

/// The fields of an entry of `listpays`.
pub const PAY: &[Field] = &[
    PAYMENT_HASH,
    STATUS,
    DESTINATION,
    CREATED_AT,
    Field::sometimes(
        "completed_at",
        Kind::U64,
        "Of a complete payment: when, in UNIX seconds.",
    ),
    LABEL,
    BOLT11,
    BOLT12,
    DESCRIPTION,
    Field::sometimes(
        "amount_msat",
        Kind::Msat,
        "What the payee is to get; absent when it failed.",
    ),
    Field::always(
        "amount_sent_msat",
        Kind::Msat,
        "What left us, fees included once they are known; 0 when it failed.",
    ),
    Field::sometimes(
        "preimage",
        Kind::Secret,
        "Of a complete payment: the proof of it.",
    ),
    CREATED_INDEX,
    UPDATED_INDEX,
];

/// The fields of the answer of `pay` and `keysend`.
pub const PAID: &[Field] = &[
    DESTINATION,
    PAYMENT_HASH,
    CREATED_AT,
    Field::always(
        "parts",
        Kind::U32,
        "How many parts were sent, those that failed on the way included.",
    ),
    Field::always("amount_msat", Kind::Msat, "What the payee got."),
    Field::always("amount_sent_msat", Kind::Msat, "What left us, fees included."),
    Field::always("payment_preimage", Kind::Secret, "The proof of the payment."),
    Field::always("status", Kind::String, "Always `complete`."),
];
