//! Collecting, as the one who reads somebody's invoice_request: an invoice is made for it, sent, and awaited.

use crate::till::Till;
use boltill_types::PaymentHash;

impl Till {
    /// Whoever got an invoice of ours refuses it.
    pub(crate) fn on_invoice_refused(&self, hash: PaymentHash, _error: Vec<u8>) {
        tracing::debug!(%hash, "an invoice is refused");
    }
}
