//! Reading an invoice.

use super::fields::InvoiceFields;
use crate::bech32::{self, Prefix};
use crate::error::{MessageKind, ParseError, in_message};
use crate::invoice_request::InvreqFields;
use crate::offer::{OfferFields, offer_id};
use crate::tlv::{TlvRecord, TlvStream};
use crate::{field, signature, types};
use bitcoin::secp256k1::schnorr::Signature;
use boltill_types::{InvreqId, OfferId};
use std::fmt;
use std::str::FromStr;

/// A well-formed invoice. Whether anything is missing is checked by [`Invoice::into_complete`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    tlvs: TlvStream,
    offer: OfferFields,
    invreq: InvreqFields,
    own: InvoiceFields,
    signature: Option<Signature>,
}

impl Invoice {
    /// Reads an invoice's bytes: a TLV stream in which every even type is known and each field has its form.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Invoice, ParseError> {
        let read = || {
            let tlvs = TlvStream::parse(bytes)?;
            tlvs.refuse_unknown_even(&types::KNOWN_IN_INVOICE)?;
            let offer = OfferFields::read(&tlvs)?;
            let invreq = InvreqFields::read(&tlvs)?;
            let own = InvoiceFields::read(&tlvs)?;
            let signature = tlvs.field(types::SIGNATURE, field::signature)?;
            Ok(Invoice {
                tlvs,
                offer,
                invreq,
                own,
                signature,
            })
        };
        read().map_err(in_message(MessageKind::Invoice))
    }

    /// The mirrored fields that an offer has too.
    pub fn offer(&self) -> &OfferFields {
        &self.offer
    }

    /// The mirrored fields that are an invoice_request's own.
    pub fn invreq(&self) -> &InvreqFields {
        &self.invreq
    }

    /// The fields that are the invoice's own.
    pub fn fields(&self) -> &InvoiceFields {
        &self.own
    }

    /// The signature. It may be wrong.
    pub fn signature(&self) -> Option<&Signature> {
        self.signature.as_ref()
    }

    /// Whether there is a signature, and it is by `invoice_node_id`.
    pub fn is_signature_valid(&self) -> bool {
        let (Some(signature), Some(node_id)) = (&self.signature, &self.own.node_id) else {
            return false;
        };
        let digest = signature::stream_digest(signature::INVOICE, &self.tlvs);
        signature::is_valid(signature, &digest, node_id)
    }

    /// The records, as read.
    pub fn tlvs(&self) -> &TlvStream {
        &self.tlvs
    }

    /// The records that no field is made of.
    pub fn unknown_records(&self) -> impl Iterator<Item = TlvRecord<'_>> {
        self.tlvs.unknown(&types::KNOWN_IN_INVOICE)
    }

    /// The id of the invoice_request that is mirrored. An invoice with the id of our request mirrors our request exactly,
    /// for the id is a hash of all that must be mirrored.
    pub fn invreq_id(&self) -> InvreqId {
        InvreqId(self.tlvs.hash_of(types::in_request_range))
    }

    /// What [`Self::invreq_id`] would be if the request had no `invreq_paths`. Those paths cannot hold an id that covers them, so it is
    /// this one by which they tell what they were made for.
    pub fn invreq_id_without_paths(&self) -> InvreqId {
        let covered = |number| types::in_request_range(number) && number != types::INVREQ_PATHS;
        InvreqId(self.tlvs.hash_of(covered))
    }

    /// The id of the offer that is mirrored; meaningless if the request answered none.
    pub fn offer_id(&self) -> OfferId {
        offer_id(&self.tlvs)
    }

    /// The same fields with a signature in place of the one that was there.
    pub(super) fn with_signature(&self, signature: Signature) -> Invoice {
        let mut writer = self.tlvs.writer_of(|number| !types::in_signature_range(number));
        writer.set(types::SIGNATURE, signature.serialize());
        Invoice {
            tlvs: writer.finish(),
            signature: Some(signature),
            ..self.clone()
        }
    }
}

impl FromStr for Invoice {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Invoice, ParseError> {
        Invoice::from_bytes(bech32::decode_as(Prefix::Lni, text)?)
    }
}

impl fmt::Display for Invoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        bech32::encode(Prefix::Lni, self.tlvs.as_bytes()).fmt(f)
    }
}
