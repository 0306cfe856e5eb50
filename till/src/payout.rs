//! Paying out, as the one who shows an invoice_request: it is made here, and the invoices that come back for it are judged and paid.

use crate::till::Till;
use boltill_node::ReplyTo;

impl Till {
    /// An invoice has come: by the path that was made for that request, or to our node id.
    pub(crate) async fn on_invoice(&self, _invoice: Vec<u8>, _by: Option<[u8; 32]>, _reply: Option<ReplyTo>) {
        tracing::debug!("no use for an invoice");
    }
}
