//! Paying an offer: an invoice is fetched for it, and paid.

use super::{PayError, PayRequest};
use crate::invstring::canonical;
use crate::offers::FetchRequest;
use crate::till::Till;
use std::sync::Arc;

impl Till {
    /// The request with an invoice in place of an offer, if it is to pay one.
    pub(super) async fn with_invoice(&self, request: PayRequest) -> Result<PayRequest, PayError> {
        if !canonical(&request.invstring).starts_with("lno1") {
            return match request.payer_note {
                Some(_) => Err(PayError::PayerNoteUnnecessary),
                None => Ok(request),
            };
        }
        let fetched = self.fetch_invoice(FetchRequest {
            offer: request.invstring,
            amount: request.amount,
            quantity: None,
            timeout: request.retry_for,
            payer_note: request.payer_note,
            payer_metadata: None,
            bip_353_name: None,
        });
        let fetched = fetched.await.map_err(Arc::new)?;
        if fetched.changed_amount.is_some() {
            // The offer is in a currency, and how much that is, its maker alone has said.
            return Err(PayError::AmountRequired);
        }
        Ok(PayRequest {
            invstring: fetched.invoice,
            amount: None,
            payer_note: None,
            ..request
        })
    }
}
