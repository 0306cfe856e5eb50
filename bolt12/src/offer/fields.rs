//! The fields of an offer, wherever they stand.

use crate::blinded_path::{BlindedPath, paths};
use crate::error::DataError;
use crate::features::Features;
use crate::tlv::TlvStream;
use crate::{field, types};
use bitcoin::constants::ChainHash;
use bitcoin::secp256k1::PublicKey;
use boltill_types::UnixSeconds;

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
