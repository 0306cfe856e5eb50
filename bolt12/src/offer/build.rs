//! Writing an offer, as the one who is to be paid.

use super::answerable::{AnswerableOffer, OfferRejection};
use super::parse::Offer;
use crate::blinded_path::{BlindedPath, write_paths};
use crate::error::{DataError, MessageKind, in_message};
use crate::field::truncated;
use crate::tlv::{MAX_STREAM_BYTES, TlvWriter};
use crate::types;
use bitcoin::constants::ChainHash;
use bitcoin::secp256k1::PublicKey;
use boltill_types::{Msat, UnixSeconds};

/// Half of what fits into a message: the other half is for what the payer and the invoice add to the fields that they mirror.
const MAX_OFFER_BYTES: usize = MAX_STREAM_BYTES / 2;

/// Collects the fields of an offer.
#[derive(Clone, Debug)]
pub struct OfferBuilder {
    tlvs: TlvWriter,
    chain: ChainHash,
}

impl OfferBuilder {
    /// An offer of whoever has that key, to be paid on that chain, of any amount.
    pub fn new(chain: ChainHash, issuer_id: PublicKey) -> OfferBuilder {
        let mut tlvs = TlvWriter::default();
        if chain != ChainHash::BITCOIN {
            tlvs.set(types::OFFER_CHAINS, chain.as_bytes());
        }
        tlvs.set(types::OFFER_ISSUER_ID, issuer_id.serialize());
        OfferBuilder { tlvs, chain }
    }

    /// What one item costs. BOLT 12 demands a description then.
    pub fn amount(mut self, amount: Msat) -> Self {
        self.tlvs.set(types::OFFER_AMOUNT, truncated(amount.0));
        self
    }

    /// What the payment is for.
    pub fn description(mut self, description: &str) -> Self {
        self.tlvs.set(types::OFFER_DESCRIPTION, description);
        self
    }

    /// Who is paid.
    pub fn issuer(mut self, issuer: &str) -> Self {
        self.tlvs.set(types::OFFER_ISSUER, issuer);
        self
    }

    /// How many items one may ask for; zero for any number.
    pub fn quantity_max(mut self, quantity_max: u64) -> Self {
        self.tlvs.set(types::OFFER_QUANTITY_MAX, truncated(quantity_max));
        self
    }

    /// The last second in which an invoice is made.
    pub fn absolute_expiry(mut self, expiry: UnixSeconds) -> Self {
        self.tlvs.set(types::OFFER_ABSOLUTE_EXPIRY, truncated(expiry.0));
        self
    }

    /// Bytes that mean something to whoever makes the offer.
    pub fn metadata(mut self, metadata: &[u8]) -> Self {
        self.tlvs.set(types::OFFER_METADATA, metadata);
        self
    }

    /// Ways to whoever makes the offer, who cannot be found by the key alone.
    pub fn paths(mut self, paths: &[BlindedPath]) -> Self {
        self.tlvs.set(types::OFFER_PATHS, write_paths(paths));
        self
    }

    /// The offer. It fails for what could not be answered: an amount without a description, a path without hops, or so much that
    /// nothing would be left for an invoice.
    pub fn build(self) -> Result<AnswerableOffer, OfferRejection> {
        let tlvs = self.tlvs.finish();
        if tlvs.as_bytes().len() > MAX_OFFER_BYTES {
            return Err(in_message(MessageKind::Offer)(DataError::TooLong).into());
        }
        Offer::from_bytes(tlvs.as_bytes().to_vec())?.into_answerable(self.chain)
    }
}
