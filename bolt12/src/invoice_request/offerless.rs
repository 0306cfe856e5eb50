//! A checked invoice_request that answers no offer, and its two dialects.

use super::parse::InvoiceRequest;
use super::validate::RequestRejection;
use crate::signature;
use crate::tlv::TlvWriter;
use crate::types;
use bitcoin::constants::ChainHash;
use bitcoin::secp256k1::schnorr::Signature;
use bitcoin::secp256k1::{Message, PublicKey};
use boltill_types::{InvreqId, Msat, UnixSeconds};
use std::fmt;

/// The two ways in which one request is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// With a signature by the payer's key, as Core Lightning writes and demands it.
    Signed,
    /// Without signature, as BOLT 12 has it and LDK demands it.
    Unsigned,
}

/// An invoice_request that answers no offer and that BOLT 12 allows to be answered with an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferlessRequest {
    request: InvoiceRequest,
    id: InvreqId,
    payer_id: PublicKey,
    amount: Msat,
}

impl OfferlessRequest {
    /// Reads the text form and checks it; the error is what `sendinvoice` answers.
    pub fn parse(text: &str, chain: ChainHash) -> Result<OfferlessRequest, RequestRejection> {
        text.parse::<InvoiceRequest>()?.into_offerless(chain)
    }

    pub(super) fn from_checked(
        request: InvoiceRequest,
        payer_id: PublicKey,
        amount: Msat,
    ) -> OfferlessRequest {
        OfferlessRequest {
            id: request.id(),
            request,
            payer_id,
            amount,
        }
    }

    /// The hash by which the request is known, the same in both dialects.
    pub fn id(&self) -> InvreqId {
        self.id
    }

    /// The payer's key: who is to be sent an invoice if there are no paths.
    pub fn payer_id(&self) -> PublicKey {
        self.payer_id
    }

    /// What the payer wants to pay.
    pub fn amount(&self) -> Msat {
        self.amount
    }

    /// What the payment is for. BOLT 12 tells writers to say so, but not readers to insist.
    pub fn description(&self) -> Option<&str> {
        self.request.offer().description.as_deref()
    }

    /// When the request ends.
    pub fn absolute_expiry(&self) -> Option<UnixSeconds> {
        self.request.offer().absolute_expiry
    }

    /// Whether the request has ended: its last second is the one it names.
    pub fn is_expired(&self, now: UnixSeconds) -> bool {
        self.absolute_expiry().is_some_and(|expiry| now > expiry)
    }

    /// All fields.
    pub fn request(&self) -> &InvoiceRequest {
        &self.request
    }

    /// Whether the request is signed.
    pub fn dialect(&self) -> Dialect {
        match self.request.signature() {
            Some(_) => Dialect::Signed,
            None => Dialect::Unsigned,
        }
    }

    /// The same request without signature.
    pub fn to_unsigned(&self) -> OfferlessRequest {
        self.with_signature(None)
    }

    /// The same request with a signature. `sign` is given the digest that the key of [`Self::payer_id`] must sign; it is
    /// trusted to have that key, for to verify takes as long as to sign.
    pub fn sign<E>(
        &self,
        sign: impl FnOnce(&Message) -> Result<Signature, E>,
    ) -> Result<OfferlessRequest, E> {
        let digest = signature::stream_digest(signature::INVOICE_REQUEST, self.request.tlvs());
        Ok(self.with_signature(Some(sign(&digest)?)))
    }

    fn with_signature(&self, signature: Option<Signature>) -> OfferlessRequest {
        let mut writer = self.mirrored();
        writer.set_some(types::SIGNATURE, signature.map(|signature| signature.serialize()));
        OfferlessRequest {
            request: self.request.with_signature(writer.finish(), signature),
            ..self.clone()
        }
    }

    /// The records that an invoice must mirror: all but signatures, known or not.
    pub(crate) fn mirrored(&self) -> TlvWriter {
        self.request.mirrored()
    }
}

impl fmt::Display for OfferlessRequest {
    /// The text form, in its dialect.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.request.fmt(f)
    }
}
