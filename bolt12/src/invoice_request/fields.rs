//! The fields of an invoice_request besides those of an offer.

use crate::blinded_path::{BlindedPath, paths};
use crate::error::DataError;
use crate::features::Features;
use crate::field::{self, FieldFault, Input};
use crate::tlv::TlvStream;
use crate::types;
use bitcoin::constants::ChainHash;
use bitcoin::secp256k1::PublicKey;
use boltill_types::Msat;
use std::str::FromStr;

/// The fields that are an invoice_request's own; an invoice mirrors them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvreqFields {
    /// Bytes of the payer's own, unpredictable.
    pub metadata: Option<Vec<u8>>,
    /// The chain to pay on; absent means bitcoin.
    pub chain: Option<ChainHash>,
    /// What is to be paid.
    pub amount: Option<Msat>,
    /// What must be understood to answer.
    pub features: Option<Features>,
    /// How many items of an offer.
    pub quantity: Option<u64>,
    /// The payer's key.
    pub payer_id: Option<PublicKey>,
    /// The payer's words.
    pub payer_note: Option<String>,
    /// Ways to the payer.
    pub paths: Option<Vec<BlindedPath>>,
    /// The name by which an offer was found.
    pub bip_353_name: Option<Bip353Name>,
}

impl InvreqFields {
    pub(crate) fn read(tlvs: &TlvStream) -> Result<InvreqFields, DataError> {
        Ok(InvreqFields {
            metadata: tlvs.field(types::INVREQ_METADATA, field::bytes)?,
            chain: tlvs.field(types::INVREQ_CHAIN, field::chain)?,
            amount: tlvs.field(types::INVREQ_AMOUNT, field::tu64)?.map(Msat),
            features: tlvs.field(types::INVREQ_FEATURES, field::bytes)?.map(Features),
            quantity: tlvs.field(types::INVREQ_QUANTITY, field::tu64)?,
            payer_id: tlvs.field(types::INVREQ_PAYER_ID, field::point)?,
            payer_note: tlvs.field(types::INVREQ_PAYER_NOTE, field::text)?,
            paths: tlvs.field(types::INVREQ_PATHS, paths)?,
            bip_353_name: tlvs.field(types::INVREQ_BIP_353_NAME, Bip353Name::read)?,
        })
    }

    /// The chain to pay on.
    pub fn chain_or_bitcoin(&self) -> ChainHash {
        self.chain.unwrap_or(ChainHash::BITCOIN)
    }
}

/// A name that is looked up in the DNS, `name@domain` (BIP 353).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bip353Name {
    /// What stands in front of the `@`.
    pub name: String,
    /// What stands behind it.
    pub domain: String,
}

/// The text is not `name@domain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a BIP 353 name, which is like name@domain")]
pub struct NotBip353Name;

impl FromStr for Bip353Name {
    type Err = NotBip353Name;

    /// Reads `name@domain`, with or without `₿` in front.
    fn from_str(text: &str) -> Result<Bip353Name, NotBip353Name> {
        let text = text.strip_prefix('₿').unwrap_or(text);
        let (name, domain) = text.split_once('@').ok_or(NotBip353Name)?;
        let fits = |part: &str| (1..=usize::from(u8::MAX)).contains(&part.len());
        let found = Bip353Name {
            name: name.to_owned(),
            domain: domain.to_owned(),
        };
        if fits(name) && fits(domain) && found.has_allowed_characters() {
            Ok(found)
        } else {
            Err(NotBip353Name)
        }
    }
}

impl Bip353Name {
    fn read(value: &[u8]) -> Result<Bip353Name, FieldFault> {
        let mut input = Input(value);
        let mut part = || {
            let length = input.u8()?;
            field::text(input.take(length.into())?)
        };
        let name = Bip353Name {
            name: part()?,
            domain: part()?,
        };
        input.end()?;
        Ok(name)
    }

    /// The field's form. What is too long for it comes out as what nobody can read.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in [&self.name, &self.domain] {
            bytes.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }

    /// Whether name and domain have only the characters that BOLT 12 allows in them.
    pub fn has_allowed_characters(&self) -> bool {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        self.name.chars().chain(self.domain.chars()).all(allowed)
    }
}
