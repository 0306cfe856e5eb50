//! Writing an invoice for an invoice_request, as the one who is paid.

use super::complete::{CompleteInvoice, InvoiceRejection};
use super::fields::FallbackAddress;
use super::parse::Invoice;
use crate::blinded_path::{BlindedPath, write_paths};
use crate::error::{DataError, MessageKind, in_message};
use crate::features::Features;
use crate::field::truncated;
use crate::invoice_request::{OfferRequest, OfferlessRequest};
use crate::payinfo::BlindedPayInfo;
use crate::tlv::{MAX_STREAM_BYTES, TlvWriter};
use crate::{signature, types};
use bitcoin::constants::ChainHash;
use bitcoin::secp256k1::PublicKey;
use boltill_types::{Msat, PaymentHash, UnixSeconds};

/// Collects the fields of an invoice. It mirrors every record of the request but signatures, unknown ones included, byte
/// for byte, so the payer of either dialect recognises its request.
#[derive(Clone, Debug)]
pub struct InvoiceBuilder {
    tlvs: TlvWriter,
    chain: ChainHash,
    created_at: UnixSeconds,
}

impl InvoiceBuilder {
    /// The fields that every invoice has. The amount is the request's unless [`Self::amount`] is used.
    pub fn new(
        request: &OfferlessRequest,
        payment_hash: PaymentHash,
        node_id: PublicKey,
        created_at: UnixSeconds,
        paths: &[(BlindedPath, BlindedPayInfo)],
    ) -> InvoiceBuilder {
        let chain = request.request().invreq().chain_or_bitcoin();
        let builder = InvoiceBuilder {
            tlvs: request.mirrored(),
            chain,
            created_at,
        };
        let builder = builder.amount(request.amount());
        builder.payable(payment_hash, node_id, paths)
    }

    /// The same for a request that answers an offer; `amount` is what [`OfferRequest::charge`] says.
    pub fn for_offer(
        request: &OfferRequest,
        amount: Msat,
        payment_hash: PaymentHash,
        node_id: PublicKey,
        created_at: UnixSeconds,
        paths: &[(BlindedPath, BlindedPayInfo)],
    ) -> InvoiceBuilder {
        let builder = InvoiceBuilder {
            tlvs: request.mirrored(),
            chain: request.offer().chain(),
            created_at,
        };
        let builder = builder.amount(amount);
        builder.payable(payment_hash, node_id, paths)
    }

    fn payable(
        mut self,
        payment_hash: PaymentHash,
        node_id: PublicKey,
        paths: &[(BlindedPath, BlindedPayInfo)],
    ) -> InvoiceBuilder {
        let mut blindedpay = Vec::new();
        for (_, payinfo) in paths {
            payinfo.write(&mut blindedpay);
        }
        let tlvs = &mut self.tlvs;
        tlvs.set(
            types::INVOICE_PATHS,
            write_paths(paths.iter().map(|(path, _)| path)),
        );
        tlvs.set(types::INVOICE_BLINDEDPAY, blindedpay);
        tlvs.set(types::INVOICE_CREATED_AT, truncated(self.created_at.0));
        tlvs.set(types::INVOICE_PAYMENT_HASH, payment_hash.0);
        tlvs.set(types::INVOICE_NODE_ID, node_id.serialize());
        self
    }

    /// Asks for another amount than the request's. BOLT 12 lets payers refuse that; Core Lightning pays if it is less.
    pub fn amount(mut self, amount: Msat) -> Self {
        self.tlvs.set(types::INVOICE_AMOUNT, truncated(amount.0));
        self
    }

    /// How many seconds the invoice holds, instead of 7200.
    pub fn relative_expiry(mut self, seconds: u32) -> Self {
        self.tlvs
            .set(types::INVOICE_RELATIVE_EXPIRY, truncated(seconds.into()));
        self
    }

    /// Addresses on the chain, the best first.
    pub fn fallbacks(mut self, fallbacks: &[FallbackAddress]) -> Self {
        let mut value = Vec::new();
        for fallback in fallbacks {
            fallback.write(&mut value);
        }
        self.tlvs.set(types::INVOICE_FALLBACKS, value);
        self
    }

    /// What the payer must or may understand; bit 17 lets it pay in parts.
    pub fn features(mut self, features: &Features) -> Self {
        self.tlvs.set(types::INVOICE_FEATURES, features.0.clone());
        self
    }

    /// The invoice, still to be signed. It fails for what a payer would reject: no path, a path without hops, unknown
    /// features, or more than fits into a message.
    pub fn build(self) -> Result<CompleteInvoice, InvoiceRejection> {
        let tlvs = self.tlvs.finish();
        if tlvs.as_bytes().len() > MAX_STREAM_BYTES - signature::RECORD_BYTES {
            return Err(in_message(MessageKind::Invoice)(DataError::TooLong).into());
        }
        Invoice::from_bytes(tlvs.as_bytes().to_vec())?.into_complete(self.chain, self.created_at)
    }
}
