//! Invoices as people hand them over: upper or lower case, with `lightning:` in front or not.

use boltill_bolt12::Invoice;
use boltill_ledger::LedgerError;
use boltill_types::PaymentHash;
use lightning_invoice::SignedRawBolt11Invoice;

/// The text as it is in the specifications: lower case (which is what checksums and signatures are made of) and
/// nothing in front.
pub(crate) fn canonical(text: &str) -> String {
    without_scheme(text).to_ascii_lowercase()
}

/// The text without what may stand in front of it, which is not a part of it.
pub(crate) fn without_scheme(text: &str) -> &str {
    const SCHEME: &str = "lightning:";
    let text = text.trim();
    match text.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => rest,
        _ => text,
    }
}

/// Whether the text begins like something of BOLT 12 (`lno1`, `lnr1`, `lni1`, `lnp1`); a canonical text.
pub(crate) fn is_bolt12(text: &str) -> bool {
    ["lno1", "lnr1", "lni1", "lnp1"]
        .iter()
        .any(|prefix| text.starts_with(prefix))
}

/// The payment hash of an invoice, whoever signed it.
pub(crate) fn payment_hash_of(text: &str) -> Option<PaymentHash> {
    let text = canonical(text);
    if is_bolt12(&text) {
        let invoice: Invoice = text.parse().ok()?;
        return invoice.fields().payment_hash;
    }
    let invoice: SignedRawBolt11Invoice = text.parse().ok()?;
    invoice.payment_hash().map(|hash| PaymentHash(*hash.0.as_ref()))
}

/// Why invoices or payments cannot be listed; nothing found is no error.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ListError {
    /// The text is no invoice; code -32602.
    #[error("Invalid invstring")]
    InvalidInvstring,
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}
