//! Writing an invoice_request that answers no offer.

use super::offerless::OfferlessRequest;
use super::parse::InvoiceRequest;
use super::validate::RequestRejection;
use crate::blinded_path::{BlindedPath, write_paths};
use crate::error::{DataError, MessageKind, in_message};
use crate::field::truncated;
use crate::tlv::{MAX_STREAM_BYTES, TlvWriter};
use crate::{signature, types};
use bitcoin::constants::ChainHash;
use bitcoin::secp256k1::PublicKey;
use boltill_types::{Msat, UnixSeconds};

/// Collects the fields of an invoice_request that answers no offer, as the payer.
#[derive(Clone, Debug)]
pub struct InvoiceRequestBuilder {
    tlvs: TlvWriter,
    chain: ChainHash,
}

impl InvoiceRequestBuilder {
    /// The fields that BOLT 12 demands of the writer. `metadata` must be unpredictable, for it hides the other fields in
    /// proofs that leave them out.
    pub fn new(
        chain: ChainHash,
        amount: Msat,
        description: &str,
        metadata: [u8; 16],
        payer_id: PublicKey,
    ) -> InvoiceRequestBuilder {
        let mut tlvs = TlvWriter::default();
        tlvs.set(types::INVREQ_METADATA, metadata);
        tlvs.set(types::OFFER_DESCRIPTION, description);
        if chain != ChainHash::BITCOIN {
            tlvs.set(types::INVREQ_CHAIN, chain.as_bytes());
        }
        tlvs.set(types::INVREQ_AMOUNT, truncated(amount.0));
        tlvs.set(types::INVREQ_PAYER_ID, payer_id.serialize());
        InvoiceRequestBuilder { tlvs, chain }
    }

    /// Who pays.
    pub fn issuer(mut self, issuer: &str) -> Self {
        self.tlvs.set(types::OFFER_ISSUER, issuer);
        self
    }

    /// The last second in which an invoice is accepted.
    pub fn absolute_expiry(mut self, expiry: UnixSeconds) -> Self {
        self.tlvs.set(types::OFFER_ABSOLUTE_EXPIRY, truncated(expiry.0));
        self
    }

    /// Ways to the payer, for one that cannot be found by its key.
    pub fn paths(mut self, paths: &[BlindedPath]) -> Self {
        self.tlvs.set(types::INVREQ_PATHS, write_paths(paths));
        self
    }

    /// How many items the payment is for.
    pub fn quantity(mut self, quantity: u64) -> Self {
        self.tlvs.set(types::INVREQ_QUANTITY, truncated(quantity));
        self
    }

    /// The payer's words.
    pub fn payer_note(mut self, note: &str) -> Self {
        self.tlvs.set(types::INVREQ_PAYER_NOTE, note);
        self
    }

    /// The request in the unsigned dialect; [`OfferlessRequest::sign`] makes the other one. It fails for what could not be
    /// read back: a path without hops, or more than fits into a message.
    pub fn build(self) -> Result<OfferlessRequest, RequestRejection> {
        let tlvs = self.tlvs.finish();
        if tlvs.as_bytes().len() > MAX_STREAM_BYTES - signature::RECORD_BYTES {
            return Err(in_message(MessageKind::InvoiceRequest)(DataError::TooLong).into());
        }
        InvoiceRequest::from_bytes(tlvs.as_bytes().to_vec())?.into_offerless(self.chain)
    }
}
