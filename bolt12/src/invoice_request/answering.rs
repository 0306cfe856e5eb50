//! Invoice_requests that answer an offer: written by whoever wants to pay it, read by whoever made it.

use super::fields::Bip353Name;
use super::parse::InvoiceRequest;
use super::validate::RequestRejection;
use crate::error::{DataError, MessageKind, in_message};
use crate::field::truncated;
use crate::offer::{AnswerableOffer, Offer, QuantityFault};
use crate::tlv::{MAX_STREAM_BYTES, TlvWriter};
use crate::{signature, types};
use bitcoin::constants::ChainHash;
use bitcoin::secp256k1::schnorr::Signature;
use bitcoin::secp256k1::{Message, PublicKey};
use boltill_types::{InvreqId, Msat, OfferId, UnixSeconds};
use std::fmt;

/// Why an invoice_request is not answered with an invoice, beside the reasons that every invoice_request has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChargeFault {
    /// The number of items does not go with the offer.
    #[error(transparent)]
    Quantity(#[from] QuantityFault),
    /// Neither offer nor request says how much.
    #[error("Missing invreq_amount")]
    AmountMissing,
    /// The request says less than the offer.
    #[error("Amount must be at least {0}")]
    AmountTooLow(Msat),
    /// It would cost nothing.
    #[error("Amount must not be zero")]
    AmountZero,
    /// The offer's amount is in a currency, and nobody knows what that is worth.
    #[error("no exchange rate is configured for {0}")]
    NoRate(String),
}

/// An invoice_request that answers an offer and that BOLT 12 allows to be answered with an invoice. The offer that it mirrors may be anybody's, and over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferRequest {
    request: InvoiceRequest,
    offer: AnswerableOffer,
    id: InvreqId,
    payer_id: PublicKey,
}

impl InvoiceRequest {
    /// Checks all that BOLT 12 demands of an invoice_request that answers an offer and is to be paid on `chain`, but for what is to be paid.
    ///
    /// # Errors
    /// [`RequestRejection`].
    pub fn into_offer_request(self, chain: ChainHash) -> Result<OfferRequest, RequestRejection> {
        self.check_as_any_request(chain)?;
        let payer_id = self.invreq().payer_id.ok_or(RequestRejection::MissingPayerId)?;
        if self.invreq().metadata.is_none() {
            return Err(RequestRejection::MissingMetadata);
        }
        if self.signature().is_none() {
            return Err(RequestRejection::MissingSignature);
        }
        if !self.is_signature_valid() {
            return Err(RequestRejection::InvalidSignature);
        }
        let offer = Offer::from_bytes(self.tlvs().writer_of(types::in_offer_range).finish().into_bytes())?;
        let offer = offer.into_answerable(chain).map_err(RequestRejection::Offer)?;
        Ok(OfferRequest {
            id: self.id(),
            request: self,
            offer,
            payer_id,
        })
    }
}

impl OfferRequest {
    /// The id of the offer that is mirrored.
    pub fn offer_id(&self) -> OfferId {
        self.offer.id()
    }

    /// The offer that is mirrored.
    pub fn offer(&self) -> &AnswerableOffer {
        &self.offer
    }

    /// The hash by which the request is known.
    pub fn id(&self) -> InvreqId {
        self.id
    }

    /// The payer's key, made for this request.
    pub fn payer_id(&self) -> PublicKey {
        self.payer_id
    }

    /// All fields.
    pub fn request(&self) -> &InvoiceRequest {
        &self.request
    }

    /// Whether the offer's time has passed.
    pub fn is_expired(&self, now: UnixSeconds) -> bool {
        self.offer.is_expired(now)
    }

    /// What an invoice asks for: what the payer wants to pay, if that is enough, else the offer's amount for each of its items.
    ///
    /// # Errors
    /// [`ChargeFault`].
    pub fn charge(&self) -> Result<Msat, ChargeFault> {
        let (offer, invreq) = (self.offer.offer().fields(), self.request.invreq());
        self.offer.check_quantity(invreq.quantity)?;
        if let Some(currency) = &offer.currency {
            return Err(ChargeFault::NoRate(currency.clone()));
        }
        match (self.offer.price(invreq.quantity), invreq.amount) {
            (None, None) => Err(ChargeFault::AmountMissing),
            (_, Some(Msat::ZERO)) => Err(ChargeFault::AmountZero),
            (Some(price), Some(amount)) if amount < price => Err(ChargeFault::AmountTooLow(price)),
            (_, Some(amount)) | (Some(amount), None) => Ok(amount),
        }
    }

    /// The records that an invoice must mirror: all but signatures, known or not.
    pub(crate) fn mirrored(&self) -> TlvWriter {
        self.request.mirrored()
    }
}

impl fmt::Display for OfferRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.request.fmt(f)
    }
}

/// Collects the fields of an invoice_request that answers an offer, as the payer. It mirrors every record of the offer, unknown ones included, byte for byte.
#[derive(Clone, Debug)]
pub struct OfferRequestBuilder {
    tlvs: TlvWriter,
    chain: ChainHash,
}

impl OfferRequestBuilder {
    /// The fields that BOLT 12 demands of the writer. `metadata` must be unpredictable, and `payer_id` a key for this request alone: both hide who pays.
    pub fn new(offer: &AnswerableOffer, metadata: &[u8], payer_id: PublicKey) -> OfferRequestBuilder {
        let mut tlvs = offer.offer().tlvs().writer_of(types::in_offer_range);
        tlvs.set(types::INVREQ_METADATA, metadata);
        if offer.chain() != ChainHash::BITCOIN {
            tlvs.set(types::INVREQ_CHAIN, offer.chain().as_bytes());
        }
        tlvs.set(types::INVREQ_PAYER_ID, payer_id.serialize());
        OfferRequestBuilder {
            tlvs,
            chain: offer.chain(),
        }
    }

    /// What is to be paid.
    pub fn amount(mut self, amount: Msat) -> Self {
        self.tlvs.set(types::INVREQ_AMOUNT, truncated(amount.0));
        self
    }

    /// How many items.
    pub fn quantity(mut self, quantity: u64) -> Self {
        self.tlvs.set(types::INVREQ_QUANTITY, truncated(quantity));
        self
    }

    /// The payer's words.
    pub fn payer_note(mut self, note: &str) -> Self {
        self.tlvs.set(types::INVREQ_PAYER_NOTE, note);
        self
    }

    /// The name by which the offer was found.
    pub fn bip_353_name(mut self, name: &Bip353Name) -> Self {
        self.tlvs.set(types::INVREQ_BIP_353_NAME, name.to_bytes());
        self
    }

    /// The request, signed. `sign` is given the digest that the payer's key must sign.
    ///
    /// # Errors
    /// [`RequestRejection`]: it does not fit into a message, the name has other characters than such names have, or the signature is by another key.
    pub fn sign(self, sign: impl FnOnce(&Message) -> Signature) -> Result<OfferRequest, RequestRejection> {
        let chain = self.chain;
        let mut tlvs = self.tlvs;
        let digest = signature::stream_digest(signature::INVOICE_REQUEST, &tlvs.clone().finish());
        tlvs.set(types::SIGNATURE, sign(&digest).serialize());
        let bytes = tlvs.finish().into_bytes();
        if bytes.len() > MAX_STREAM_BYTES {
            return Err(in_message(MessageKind::InvoiceRequest)(DataError::TooLong).into());
        }
        InvoiceRequest::from_bytes(bytes)?.into_offer_request(chain)
    }
}
