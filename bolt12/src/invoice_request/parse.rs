//! Reading an invoice_request.

use super::fields::InvreqFields;
use crate::bech32::{self, Prefix};
use crate::error::{MessageKind, ParseError, in_message};
use crate::offer::{OfferFields, offer_id};
use crate::tlv::{TlvRecord, TlvStream, TlvWriter};
use crate::{field, signature, types};
use bitcoin::secp256k1::schnorr::Signature;
use boltill_types::{InvreqId, OfferId};
use std::fmt;
use std::str::FromStr;

/// A well-formed invoice_request of either dialect. Whether it makes sense is checked by
/// [`InvoiceRequest::into_offerless`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceRequest {
    tlvs: TlvStream,
    offer: OfferFields,
    invreq: InvreqFields,
    signature: Option<Signature>,
}

impl InvoiceRequest {
    /// Reads an invoice_request's bytes: a TLV stream in which every even type is known and each field has its form.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<InvoiceRequest, ParseError> {
        let read = || {
            let tlvs = TlvStream::parse(bytes)?;
            tlvs.refuse_unknown_even(&types::KNOWN_IN_REQUEST)?;
            let offer = OfferFields::read(&tlvs)?;
            let invreq = InvreqFields::read(&tlvs)?;
            let signature = tlvs.field(types::SIGNATURE, field::signature)?;
            Ok(InvoiceRequest {
                tlvs,
                offer,
                invreq,
                signature,
            })
        };
        read().map_err(in_message(MessageKind::InvoiceRequest))
    }

    /// The same fields with another signature, or none; `tlvs` are their records.
    pub(super) fn with_signature(&self, tlvs: TlvStream, signature: Option<Signature>) -> InvoiceRequest {
        InvoiceRequest {
            tlvs,
            signature,
            ..self.clone()
        }
    }

    /// The fields that an offer has too.
    pub fn offer(&self) -> &OfferFields {
        &self.offer
    }

    /// The fields that are the request's own.
    pub fn invreq(&self) -> &InvreqFields {
        &self.invreq
    }

    /// The signature by the payer's key, which only one of the dialects has. It may be wrong.
    pub fn signature(&self) -> Option<&Signature> {
        self.signature.as_ref()
    }

    /// Whether there is a signature, and it is by `invreq_payer_id`.
    pub fn is_signature_valid(&self) -> bool {
        let (Some(signature), Some(payer_id)) = (&self.signature, &self.invreq.payer_id) else {
            return false;
        };
        let digest = signature::stream_digest(signature::INVOICE_REQUEST, &self.tlvs);
        signature::is_valid(signature, &digest, payer_id)
    }

    /// The records, as read.
    pub fn tlvs(&self) -> &TlvStream {
        &self.tlvs
    }

    /// The records that no field is made of.
    pub fn unknown_records(&self) -> impl Iterator<Item = TlvRecord<'_>> {
        self.tlvs.unknown(&types::KNOWN_IN_REQUEST)
    }

    /// The records that an invoice must mirror: all but signatures, known or not.
    pub(super) fn mirrored(&self) -> TlvWriter {
        self.tlvs.writer_of(types::in_request_range)
    }

    /// The hash by which Core Lightning knows the request; signatures do not change it.
    pub fn id(&self) -> InvreqId {
        InvreqId(self.tlvs.hash_of(types::in_request_range))
    }

    /// The id of the offer that this answers; meaningless if it answers none.
    pub fn offer_id(&self) -> OfferId {
        offer_id(&self.tlvs)
    }
}

impl FromStr for InvoiceRequest {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<InvoiceRequest, ParseError> {
        InvoiceRequest::from_bytes(bech32::decode_as(Prefix::Lnr, text)?)
    }
}

impl fmt::Display for InvoiceRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        bech32::encode(Prefix::Lnr, self.tlvs.as_bytes()).fmt(f)
    }
}
