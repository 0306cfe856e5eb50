//! The fields that a decoded text may have.

use crate::params::{Field, Kind};

/// All of them; which there are depends on `type`, and on what the text says.
pub const FIELDS: &[Field] = &[
    Field::always(
        "type",
        Kind::String,
        "`bolt11 invoice`, `bolt12 offer`, `bolt12 invoice_request`, `bolt12 invoice` or `rune`.",
    ),
    // Runes.
    Field::sometimes("unique_id", Kind::String, "The rune's id."),
    Field::sometimes(
        "string",
        Kind::String,
        "The rune's code, and its restrictions as they are written.",
    ),
    Field::sometimes(
        "restrictions",
        Kind::Array(&Kind::Object(super::rune::RESTRICTION)),
        "What the rune demands: all of these.",
    ),
    // BOLT 11.
    Field::sometimes(
        "currency",
        Kind::String,
        "The chain, as the invoice begins: `bc`, `tb`, `bcrt`.",
    ),
    Field::sometimes("created_at", Kind::U64, "When it was made, in UNIX seconds."),
    Field::sometimes(
        "expiry",
        Kind::U64,
        "For how many seconds from then it can be paid.",
    ),
    Field::sometimes("payee", Kind::Pubkey, "The node to pay."),
    Field::sometimes(
        "amount_msat",
        Kind::Msat,
        "What is to be paid; absent where the payer chooses.",
    ),
    Field::sometimes("description", Kind::String, "What it is for."),
    Field::sometimes("description_hash", Kind::Hash, "The hash of what it is for."),
    Field::sometimes(
        "min_final_cltv_expiry",
        Kind::U32,
        "How many blocks the last hop must leave the payee.",
    ),
    Field::sometimes("payment_secret", Kind::Secret, "What the payer sends along."),
    Field::sometimes("features", Kind::Hex, "The feature bits."),
    Field::sometimes(
        "payment_metadata",
        Kind::Hex,
        "What the payer sends along as well, unread.",
    ),
    Field::sometimes(
        "fallbacks",
        Kind::Array(&Kind::Object(FALLBACK)),
        "On-chain addresses.",
    ),
    Field::sometimes(
        "routes",
        Kind::Array(&Kind::Array(&Kind::Object(HOP))),
        "Ways to the payee (route hints).",
    ),
    Field::sometimes(
        "extra",
        Kind::Array(&Kind::Object(EXTRA)),
        "Fields that are not known.",
    ),
    Field::sometimes(
        "payment_hash",
        Kind::Hash,
        "The hash of the preimage that proves the payment.",
    ),
    // BOLT 12: what belongs to an offer.
    Field::sometimes("offer_id", Kind::Hash, "The offer's id: the hash of its fields."),
    Field::sometimes(
        "offer_chains",
        Kind::Array(&Kind::Hash),
        "The chains it is for, by their first blocks; Bitcoin when absent.",
    ),
    Field::sometimes("offer_metadata", Kind::Hex, "What its issuer noted for itself."),
    Field::sometimes(
        "offer_currency",
        Kind::String,
        "The currency of the amount (ISO 4217); bitcoin when absent.",
    ),
    Field::sometimes(
        "currency_minor_unit",
        Kind::U32,
        "How many decimal places that currency has, if it is known.",
    ),
    Field::sometimes(
        "offer_amount",
        Kind::U64,
        "The amount in the smallest unit of that currency.",
    ),
    Field::sometimes("offer_amount_msat", Kind::Msat, "The amount in bitcoin."),
    Field::sometimes("offer_description", Kind::String, "What it is for."),
    Field::sometimes("offer_features", Kind::Hex, "The feature bits."),
    Field::sometimes(
        "offer_absolute_expiry",
        Kind::U64,
        "When it expires, in UNIX seconds.",
    ),
    Field::sometimes(
        "offer_paths",
        Kind::Array(&Kind::Object(PATH)),
        "Blinded paths to its issuer.",
    ),
    Field::sometimes("offer_issuer", Kind::String, "Its issuer, in words."),
    Field::sometimes(
        "offer_quantity_max",
        Kind::U64,
        "How many may be bought at once; 0 for any number.",
    ),
    Field::sometimes("offer_issuer_id", Kind::Pubkey, "The key of its issuer."),
    Field::sometimes(
        "unknown_offer_tlvs",
        Kind::Array(&Kind::Object(TLV)),
        "Fields of an offer that are not known.",
    ),
    // BOLT 12: what belongs to an invoice_request.
    Field::sometimes("invreq_metadata", Kind::Hex, "What the payer noted for itself."),
    Field::sometimes(
        "invreq_payer_id",
        Kind::Pubkey,
        "The payer's key, made for this request.",
    ),
    Field::sometimes(
        "invreq_chain",
        Kind::Hash,
        "The chain it is for, by its first block; Bitcoin when absent.",
    ),
    Field::sometimes("invreq_amount_msat", Kind::Msat, "What the payer wants to pay."),
    Field::sometimes("invreq_features", Kind::Hex, "The feature bits."),
    Field::sometimes("invreq_quantity", Kind::U64, "How many are bought."),
    Field::sometimes("invreq_payer_note", Kind::String, "What the payer writes."),
    Field::sometimes(
        "invreq_paths",
        Kind::Array(&Kind::Object(PATH)),
        "Blinded paths to the payer.",
    ),
    Field::sometimes(
        "invreq_bip_353_name",
        Kind::Object(NAME),
        "The name by which the offer was found.",
    ),
    Field::sometimes(
        "unknown_invoice_request_tlvs",
        Kind::Array(&Kind::Object(TLV)),
        "Fields of an invoice_request that are not known.",
    ),
    // BOLT 12: what belongs to an invoice.
    Field::sometimes(
        "invoice_paths",
        Kind::Array(&Kind::Object(PATH)),
        "Blinded paths to the payee, with their terms.",
    ),
    Field::sometimes(
        "invoice_created_at",
        Kind::U64,
        "When it was made, in UNIX seconds.",
    ),
    Field::sometimes(
        "invoice_relative_expiry",
        Kind::U32,
        "For how many seconds from then it can be paid; 7200 when absent.",
    ),
    Field::sometimes(
        "invoice_payment_hash",
        Kind::Hash,
        "The hash of the preimage that proves the payment.",
    ),
    Field::sometimes("invoice_amount_msat", Kind::Msat, "What is to be paid."),
    Field::sometimes(
        "invoice_fallbacks",
        Kind::Array(&Kind::Object(WITNESS)),
        "On-chain addresses.",
    ),
    Field::sometimes("invoice_features", Kind::Hex, "The feature bits."),
    Field::sometimes("invoice_node_id", Kind::Pubkey, "The key of the payee."),
    Field::sometimes(
        "unknown_invoice_tlvs",
        Kind::Array(&Kind::Object(TLV)),
        "Fields of an invoice that are not known.",
    ),
    // Of any kind.
    Field::sometimes(
        "signature",
        Kind::Hex,
        "Who made it signed it: in BOLT 11 the payee, in BOLT 12 the payer a request, the payee an invoice.",
    ),
    Field::sometimes(
        "warning_invalid_offer_description",
        Kind::String,
        "`offer_description` is not UTF-8.",
    ),
    Field::sometimes(
        "warning_invalid_offer_currency",
        Kind::String,
        "`offer_currency` is not UTF-8.",
    ),
    Field::sometimes(
        "warning_unknown_offer_currency",
        Kind::String,
        "`offer_currency` is none that is known.",
    ),
    Field::sometimes(
        "warning_invalid_offer_issuer",
        Kind::String,
        "`offer_issuer` is not UTF-8.",
    ),
    Field::sometimes(
        "warning_invalid_invreq_payer_note",
        Kind::String,
        "`invreq_payer_note` is not UTF-8.",
    ),
    Field::sometimes(
        "warning_missing_offer_issuer_id",
        Kind::String,
        "`offer_issuer_id` is absent, and there are no paths.",
    ),
    Field::sometimes(
        "warning_missing_offer_description",
        Kind::String,
        "`offer_description` is absent, but an amount is there.",
    ),
    Field::sometimes(
        "warning_missing_invreq_metadata",
        Kind::String,
        "`invreq_metadata` is absent.",
    ),
    Field::sometimes(
        "warning_missing_invreq_payer_id",
        Kind::String,
        "`invreq_payer_id` is absent.",
    ),
    Field::sometimes(
        "warning_invreq_bip_353_name_name_invalid",
        Kind::String,
        "What stands before the `@` has characters that no name has.",
    ),
    Field::sometimes(
        "warning_invreq_bip_353_name_domain_invalid",
        Kind::String,
        "What stands behind it does.",
    ),
    Field::sometimes(
        "warning_missing_invoice_request_signature",
        Kind::String,
        "`signature` is absent from a request that answers an offer.",
    ),
    Field::sometimes(
        "warning_missing_invoice_paths",
        Kind::String,
        "`invoice_paths` is absent.",
    ),
    Field::sometimes(
        "warning_missing_invoice_blindedpay",
        Kind::String,
        "`invoice_blindedpay` is absent.",
    ),
    Field::sometimes(
        "warning_missing_invoice_created_at",
        Kind::String,
        "`invoice_created_at` is absent.",
    ),
    Field::sometimes(
        "warning_missing_invoice_payment_hash",
        Kind::String,
        "`invoice_payment_hash` is absent.",
    ),
    Field::sometimes(
        "warning_missing_invoice_amount",
        Kind::String,
        "`invoice_amount` is absent.",
    ),
    Field::sometimes(
        "warning_missing_invoice_node_id",
        Kind::String,
        "`invoice_node_id` is absent.",
    ),
    Field::sometimes(
        "warning_missing_invoice_signature",
        Kind::String,
        "`signature` is absent.",
    ),
    Field::sometimes(
        "warning_invalid_invoice_request_signature",
        Kind::String,
        "`signature` is wrong.",
    ),
    Field::sometimes(
        "warning_invalid_invoice_signature",
        Kind::String,
        "`signature` is wrong.",
    ),
    Field::always(
        "valid",
        Kind::Bool,
        "Whether it may be used for anything but finding out what is wrong with it.",
    ),
];

const FALLBACK: &[Field] = &[
    Field::sometimes(
        "type",
        Kind::String,
        "`P2PKH`, `P2SH`, `P2WPKH`, `P2WSH` or `P2TR`.",
    ),
    Field::sometimes("addr", Kind::String, "The address."),
    Field::always("hex", Kind::Hex, "Its script."),
];

const HOP: &[Field] = &[
    Field::always("pubkey", Kind::Pubkey, "The node at which the hop begins."),
    Field::always("short_channel_id", Kind::ShortChannelId, "The channel."),
    Field::always("fee_base_msat", Kind::Msat, "The fee for any amount."),
    Field::always(
        "fee_proportional_millionths",
        Kind::U32,
        "The fee in millionths of the amount.",
    ),
    Field::always("cltv_expiry_delta", Kind::U32, "How many blocks the node wants."),
];

const EXTRA: &[Field] = &[
    Field::always("tag", Kind::String, "The field's letter."),
    Field::always("data", Kind::String, "What it holds, in the letters of bech32."),
];

const TLV: &[Field] = &[
    Field::always("type", Kind::U64, "The field's number."),
    Field::always("length", Kind::U64, "How many bytes it holds."),
    Field::always("value", Kind::Hex, "The bytes."),
];

const PATH: &[Field] = &[
    Field::sometimes("first_node_id", Kind::Pubkey, "The node at which it begins."),
    Field::sometimes(
        "first_scid",
        Kind::ShortChannelId,
        "Or the channel at one end of which it begins.",
    ),
    Field::sometimes("first_scid_dir", Kind::U32, "At which end."),
    Field::always("first_path_key", Kind::Pubkey, "The key for that node."),
    Field::always("path", Kind::Array(&Kind::Object(BLINDED_HOP)), "Its hops."),
    Field::sometimes("payinfo", Kind::Object(PAYINFO), "In an invoice: its terms."),
];

const BLINDED_HOP: &[Field] = &[
    Field::always("blinded_node_id", Kind::Pubkey, "The node's key on this path."),
    Field::always(
        "encrypted_recipient_data",
        Kind::Hex,
        "What only the node can read.",
    ),
];

const PAYINFO: &[Field] = &[
    Field::always("fee_base_msat", Kind::Msat, "The fee for any amount."),
    Field::always(
        "fee_proportional_millionths",
        Kind::U32,
        "The fee in millionths of the amount.",
    ),
    Field::always("cltv_expiry_delta", Kind::U32, "How many blocks the path wants."),
    Field::always("htlc_minimum_msat", Kind::Msat, "The least that can be sent."),
    Field::always("htlc_maximum_msat", Kind::Msat, "The most that can be sent."),
    Field::always("features", Kind::Hex, "The feature bits."),
];

const WITNESS: &[Field] = &[
    Field::always("version", Kind::U16, "The version of the witness program."),
    Field::always("hex", Kind::Hex, "The witness program."),
    Field::sometimes("address", Kind::String, "The address."),
];

const NAME: &[Field] = &[
    Field::always("name", Kind::String, "What stands before the `@`."),
    Field::always("domain", Kind::String, "What stands behind it."),
];
