//! Offers, and their fields wherever they are mirrored (BOLT 12, "Offers").

use crate::bech32::{self, Prefix};
use crate::blinded_path::{BlindedPath, paths};
use crate::error::{DataError, MessageKind, ParseError, in_message};
use crate::features::Features;
use crate::tlv::{TlvRecord, TlvStream};
use crate::{field, types};
use bitcoin::constants::ChainHash;
use bitcoin::secp256k1::PublicKey;
use boltill_types::{OfferId, UnixSeconds};
use std::fmt;
use std::str::FromStr;

/// The fields of an offer. A request that answers no offer has a few of them as its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfferFields {
    /// The chains it can be paid on; absent means bitcoin alone.
    pub chains: Option<Vec<ChainHash>>,
    /// Bytes of the maker's own.
    pub metadata: Option<Vec<u8>>,
    /// ISO 4217 code of the currency of `amount`; absent means msat.
    pub currency: Option<String>,
    /// The amount for one item, in msat or in the smallest unit of `currency`.
    pub amount: Option<u64>,
    /// What the payment is for.
    pub description: Option<String>,
    /// What must be understood to answer.
    pub features: Option<Features>,
    /// When it ends.
    pub absolute_expiry: Option<UnixSeconds>,
    /// Ways to the maker.
    pub paths: Option<Vec<BlindedPath>>,
    /// Who makes it.
    pub issuer: Option<String>,
    /// How many items one may ask for; zero means any number.
    pub quantity_max: Option<u64>,
    /// The maker's key.
    pub issuer_id: Option<PublicKey>,
}

impl OfferFields {
    pub(crate) fn read(tlvs: &TlvStream) -> Result<OfferFields, DataError> {
        Ok(OfferFields {
            chains: tlvs.field(types::OFFER_CHAINS, field::chains)?,
            metadata: tlvs.field(types::OFFER_METADATA, field::bytes)?,
            currency: tlvs.field(types::OFFER_CURRENCY, field::text)?,
            amount: tlvs.field(types::OFFER_AMOUNT, field::tu64)?,
            description: tlvs.field(types::OFFER_DESCRIPTION, field::text)?,
            features: tlvs.field(types::OFFER_FEATURES, field::bytes)?.map(Features),
            absolute_expiry: tlvs
                .field(types::OFFER_ABSOLUTE_EXPIRY, field::tu64)?
                .map(UnixSeconds),
            paths: tlvs.field(types::OFFER_PATHS, paths)?,
            issuer: tlvs.field(types::OFFER_ISSUER, field::text)?,
            quantity_max: tlvs.field(types::OFFER_QUANTITY_MAX, field::tu64)?,
            issuer_id: tlvs.field(types::OFFER_ISSUER_ID, field::point)?,
        })
    }
}

/// A well-formed offer, to be shown field by field. Whether it can be answered is not checked.
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
