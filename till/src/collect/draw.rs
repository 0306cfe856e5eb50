//! The invoice for an invoice_request.

use super::{CollectError, CollectRequest};
use crate::receive::random_preimage;
use crate::till::Till;
use bitcoin::hashes::{Hash, sha256};
use boltill_bolt12::{
    BlindedPath, BlindedPayInfo, Features, InvoiceBuilder, InvoiceRejection, OfferlessRequest, ParseError,
    SignedInvoice,
};
use boltill_ledger::{InvoiceText, NewInvoice};
use boltill_node::{MessageDestination, PaymentPath, RegisterError};
use boltill_types::{PaymentHash, UnixSeconds};
use std::convert::Infallible;

/// BOLT 9, `basic_mpp`: the payer may send several parts.
const MPP_OPTIONAL: [u8; 3] = [0b10, 0, 0];

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
        let preimage = random_preimage()?;
        let payment_hash = PaymentHash(sha256::Hash::hash(&preimage.0).to_byte_array());
        let secret = self
            .lightning()
            .register_inbound(payment_hash, Some(amount), timeout, None)
            .map_err(|RegisterError| CollectError::AmountTooLarge(amount))?;
        let paths = self.lightning().payment_paths(amount, secret, timeout)?;
        let paths = read_paths(&paths)?;
        let created_at = UnixSeconds::now();
        let us = self.lightning().id();
        let complete = InvoiceBuilder::new(&invreq, payment_hash, us, created_at, &paths)
            .amount(amount)
            .relative_expiry(timeout)
            .features(&Features(MPP_OPTIONAL.to_vec()))
            .build()?;
        let Ok(signed) = complete.sign(|digest| Ok::<_, Infallible>(self.lightning().sign_bolt12(digest)));
        let filed = NewInvoice {
            label,
            text: InvoiceText::Bolt12(signed.to_string()),
            payment_hash,
            payment_preimage: preimage,
            amount: Some(amount),
            description: Some(invreq.description().unwrap_or_default().to_owned()),
            expires_at: created_at.saturating_add(timeout.into()),
            local_offer_id: None,
            invreq_payer_note: invreq.request().invreq().payer_note.clone(),
        };
        Ok(Drawn {
            filed,
            signed,
            ways: ways_to_the_payer(&invreq),
        })
    }
}

/// The node gives paths in their binary form.
fn read_paths(paths: &[PaymentPath]) -> Result<Vec<(BlindedPath, BlindedPayInfo)>, InvoiceRejection> {
    let mut read = Vec::new();
    for PaymentPath { path, payinfo } in paths {
        let paths = BlindedPath::parse_all(path).map_err(invalid)?;
        let payinfos = BlindedPayInfo::parse_all(payinfo).map_err(invalid)?;
        read.extend(paths.into_iter().zip(payinfos));
    }
    Ok(read)
}

fn invalid(source: boltill_bolt12::DataError) -> InvoiceRejection {
    let message = boltill_bolt12::MessageKind::Invoice;
    ParseError::Data { message, source }.into()
}

/// The request's paths, or, without any, the payer's own key.
fn ways_to_the_payer(invreq: &OfferlessRequest) -> Vec<MessageDestination> {
    let paths = invreq.request().invreq().paths.as_deref().unwrap_or_default();
    if paths.is_empty() {
        return vec![MessageDestination::Node(invreq.payer_id())];
    }
    let written = paths.iter().map(|path| {
        let mut bytes = Vec::new();
        path.write(&mut bytes);
        MessageDestination::Path(bytes)
    });
    written.collect()
}
