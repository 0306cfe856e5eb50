//! The invoice for an invoice_request.

use super::{CollectError, CollectRequest};
use crate::messages::ways;
use crate::receive::WayIn;
use crate::till::Till;
use boltill_bolt12::{Features, InvoiceBuilder, SignedInvoice};
use boltill_ledger::{InvoiceText, NewInvoice};
use boltill_node::MessageDestination;
use boltill_types::UnixSeconds;
use std::convert::Infallible;

/// An invoice that is not on file yet.
pub(super) struct Drawn {
    pub(super) filed: NewInvoice,
    pub(super) signed: SignedInvoice,
    /// The ways to the payer, to be tried in this order.
    pub(super) ways: Vec<MessageDestination>,
}

impl Till {
    /// Makes and signs the invoice. It holds as long as the caller waits.
    pub(super) fn draw_up(&self, request: CollectRequest) -> Result<Drawn, CollectError> {
        let CollectRequest {
            invreq,
            label,
            amount,
            timeout,
            ..
        } = request;
        let amount = amount.unwrap_or(invreq.amount());
        let WayIn {
            payment_hash,
            preimage,
            paths,
        } = self.way_in(amount, timeout)?;
        let created_at = UnixSeconds::now();
        let us = self.lightning().id();
        let complete = InvoiceBuilder::new(&invreq, payment_hash, us, created_at, &paths)
            .amount(amount)
            .relative_expiry(timeout)
            .features(&Features::basic_mpp())
            .build()?;
        let Ok(signed) = complete.sign(|digest| Ok::<_, Infallible>(self.lightning().sign_bolt12(digest)));
        let filed = NewInvoice {
            label,
            text: InvoiceText::Bolt12(signed.to_string()),
            payment_hash,
            payment_preimage: preimage,
            preimage_is_fresh: true,
            amount: Some(amount),
            description: Some(invreq.description().unwrap_or_default().to_owned()),
            expires_at: created_at.saturating_add(timeout.into()),
            local_offer_id: None,
            invreq_payer_note: invreq.request().invreq().payer_note.clone(),
        };
        Ok(Drawn {
            filed,
            signed,
            ways: ways(
                invreq.request().invreq().paths.as_deref(),
                Some(invreq.payer_id()),
            ),
        })
    }
}
