//! Reading an offer.

use super::OfferFields;
use crate::bech32::{self, Prefix};
use crate::error::{MessageKind, ParseError, in_message};
use crate::tlv::{TlvRecord, TlvStream};
use crate::types;
use boltill_types::OfferId;
use std::fmt;
use std::str::FromStr;

/// A well-formed offer. Whether it can be answered is checked by [`Offer::into_answerable`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    tlvs: TlvStream,
    fields: OfferFields,
}

impl Offer {
    /// Reads an offer's bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Offer, ParseError> {
        let read = || {
            let tlvs = TlvStream::parse(bytes)?;
            tlvs.refuse_unknown_even(&types::OFFER)?;
            let fields = OfferFields::read(&tlvs)?;
            Ok(Offer { tlvs, fields })
        };
        read().map_err(in_message(MessageKind::Offer))
    }

    /// The fields.
    pub fn fields(&self) -> &OfferFields {
        &self.fields
    }

    /// The records, as read.
    pub fn tlvs(&self) -> &TlvStream {
        &self.tlvs
    }

    /// The records that no field is made of.
    pub fn unknown_records(&self) -> impl Iterator<Item = TlvRecord<'_>> {
        self.tlvs.unknown(&types::OFFER)
    }

    /// The hash by which Core Lightning knows the offer.
    pub fn id(&self) -> OfferId {
        offer_id(&self.tlvs)
    }

    /// The same hash without the paths, which is what the paths themselves can know.
    pub fn id_without_paths(&self) -> OfferId {
        OfferId(
            self.tlvs
                .hash_of(|number| types::in_offer_range(number) && number != types::OFFER_PATHS),
        )
    }
}

/// The id of the offer whose fields stand in a stream.
pub(crate) fn offer_id(tlvs: &TlvStream) -> OfferId {
    OfferId(tlvs.hash_of(types::in_offer_range))
}

impl FromStr for Offer {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Offer, ParseError> {
        Offer::from_bytes(bech32::decode_as(Prefix::Lno, text)?)
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        bech32::encode(Prefix::Lno, self.tlvs.as_bytes()).fmt(f)
    }
}
