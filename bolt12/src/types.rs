//! The numbers of BOLT 12's TLV types, their names, and the ranges they lie in.

macro_rules! types {
    ($($(#[$doc:meta])* $constant:ident = $number:literal $name:literal;)*) => {
        $($(#[$doc])* pub const $constant: u64 = $number;)*

        /// The name that BOLT 12 gives a type, if it gives one.
        pub fn name(number: u64) -> Option<&'static str> {
            match number {
                $($number => Some($name),)*
                _ => None,
            }
        }
    };
}

types! {
    /// Bytes of the payer's own, unpredictable.
    INVREQ_METADATA = 0 "invreq_metadata";
    /// Chains an offer can be paid on.
    OFFER_CHAINS = 2 "offer_chains";
    /// Bytes of the offer's maker's own.
    OFFER_METADATA = 4 "offer_metadata";
    /// ISO 4217 code of the currency of `offer_amount`.
    OFFER_CURRENCY = 6 "offer_currency";
    /// Amount expected for one item.
    OFFER_AMOUNT = 8 "offer_amount";
    /// Purpose of the payment.
    OFFER_DESCRIPTION = 10 "offer_description";
    /// Feature bits of the offer.
    OFFER_FEATURES = 12 "offer_features";
    /// When the offer, or the request that answers none, ends.
    OFFER_ABSOLUTE_EXPIRY = 14 "offer_absolute_expiry";
    /// Blinded paths to the offer's maker.
    OFFER_PATHS = 16 "offer_paths";
    /// Who makes the offer, or the request that answers none.
    OFFER_ISSUER = 18 "offer_issuer";
    /// How many items may be asked for.
    OFFER_QUANTITY_MAX = 20 "offer_quantity_max";
    /// Key of the offer's maker.
    OFFER_ISSUER_ID = 22 "offer_issuer_id";
    /// The chain to be paid on.
    INVREQ_CHAIN = 80 "invreq_chain";
    /// The amount to be paid.
    INVREQ_AMOUNT = 82 "invreq_amount";
    /// Feature bits of the request.
    INVREQ_FEATURES = 84 "invreq_features";
    /// How many items are asked for.
    INVREQ_QUANTITY = 86 "invreq_quantity";
    /// Key of the payer.
    INVREQ_PAYER_ID = 88 "invreq_payer_id";
    /// The payer's words.
    INVREQ_PAYER_NOTE = 89 "invreq_payer_note";
    /// Blinded paths to the payer.
    INVREQ_PATHS = 90 "invreq_paths";
    /// The BIP 353 name by which the offer was found.
    INVREQ_BIP_353_NAME = 91 "invreq_bip_353_name";
    /// Blinded paths to be paid by.
    INVOICE_PATHS = 160 "invoice_paths";
    /// Fees and limits of each of those paths.
    INVOICE_BLINDEDPAY = 162 "invoice_blindedpay";
    /// When the invoice was made.
    INVOICE_CREATED_AT = 164 "invoice_created_at";
    /// How long the invoice holds.
    INVOICE_RELATIVE_EXPIRY = 166 "invoice_relative_expiry";
    /// Hash whose preimage proves the payment.
    INVOICE_PAYMENT_HASH = 168 "invoice_payment_hash";
    /// The amount to be paid.
    INVOICE_AMOUNT = 170 "invoice_amount";
    /// Addresses to be paid at on the chain.
    INVOICE_FALLBACKS = 172 "invoice_fallbacks";
    /// Feature bits of the invoice.
    INVOICE_FEATURES = 174 "invoice_features";
    /// Key that the invoice is signed by.
    INVOICE_NODE_ID = 176 "invoice_node_id";
    /// The signature of an invoice_request or of an invoice.
    SIGNATURE = 240 "signature";
}

/// The types of an offer's fields.
pub(crate) const OFFER: [u64; 11] = [
    OFFER_CHAINS,
    OFFER_METADATA,
    OFFER_CURRENCY,
    OFFER_AMOUNT,
    OFFER_DESCRIPTION,
    OFFER_FEATURES,
    OFFER_ABSOLUTE_EXPIRY,
    OFFER_PATHS,
    OFFER_ISSUER,
    OFFER_QUANTITY_MAX,
    OFFER_ISSUER_ID,
];

/// The types that an invoice_request may hold besides an offer's.
const INVREQ: [u64; 10] = [
    INVREQ_METADATA,
    INVREQ_CHAIN,
    INVREQ_AMOUNT,
    INVREQ_FEATURES,
    INVREQ_QUANTITY,
    INVREQ_PAYER_ID,
    INVREQ_PAYER_NOTE,
    INVREQ_PATHS,
    INVREQ_BIP_353_NAME,
    SIGNATURE,
];

/// The types that an invoice may hold besides an invoice_request's.
const INVOICE: [u64; 9] = [
    INVOICE_PATHS,
    INVOICE_BLINDEDPAY,
    INVOICE_CREATED_AT,
    INVOICE_RELATIVE_EXPIRY,
    INVOICE_PAYMENT_HASH,
    INVOICE_AMOUNT,
    INVOICE_FALLBACKS,
    INVOICE_FEATURES,
    INVOICE_NODE_ID,
];

/// All types known in an invoice_request.
pub(crate) const KNOWN_IN_REQUEST: [u64; 21] = joined(OFFER, INVREQ);
/// All types known in an invoice.
pub(crate) const KNOWN_IN_INVOICE: [u64; 30] = joined(KNOWN_IN_REQUEST, INVOICE);

const fn joined<const A: usize, const B: usize, const SUM: usize>(a: [u64; A], b: [u64; B]) -> [u64; SUM] {
    let mut all = [0; SUM];
    let mut at = 0;
    while at < SUM {
        all[at] = if at < A { a[at] } else { b[at - A] };
        at += 1;
    }
    all
}

/// Whether an offer may hold a field of this type (BOLT 12, "Offers").
pub fn in_offer_range(number: u64) -> bool {
    matches!(number, 1..=79 | 1_000_000_000..=1_999_999_999)
}

/// Whether an invoice_request may hold a field of this type besides signatures, which is also what an invoice
/// mirrors (BOLT 12, "Invoice Requests").
pub fn in_request_range(number: u64) -> bool {
    matches!(number, 0..=159 | 1_000_000_000..=2_999_999_999)
}

/// Whether this is the type of a signature, which no signature covers (BOLT 12, "Signature Calculation").
pub fn in_signature_range(number: u64) -> bool {
    matches!(number, 240..=1000)
}
