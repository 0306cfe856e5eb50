//! The fields of an invoice besides those it mirrors.

use crate::blinded_path::{BlindedPath, paths};
use crate::error::DataError;
use crate::features::Features;
use crate::field::{self, FieldFault, Input, list};
use crate::payinfo::{BlindedPayInfo, payinfos};
use crate::tlv::TlvStream;
use crate::types;
use bitcoin::secp256k1::PublicKey;
use boltill_types::{Msat, PaymentHash, UnixSeconds};

/// The fields that are an invoice's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvoiceFields {
    /// Ways to pay.
    pub paths: Option<Vec<BlindedPath>>,
    /// Fees and limits of each of those ways, in the same order.
    pub blindedpay: Option<Vec<BlindedPayInfo>>,
    /// When the invoice was made.
    pub created_at: Option<UnixSeconds>,
    /// How many seconds after that it ends; absent means 7200.
    pub relative_expiry: Option<u32>,
    /// The hash of the preimage that proves the payment.
    pub payment_hash: Option<PaymentHash>,
    /// The least that is taken.
    pub amount: Option<Msat>,
    /// Addresses on the chain, the best first.
    pub fallbacks: Option<Vec<FallbackAddress>>,
    /// What must be understood to pay.
    pub features: Option<Features>,
    /// The key that signs the invoice.
    pub node_id: Option<PublicKey>,
}

impl InvoiceFields {
    pub(crate) fn read(tlvs: &TlvStream) -> Result<InvoiceFields, DataError> {
        Ok(InvoiceFields {
            paths: tlvs.field(types::INVOICE_PATHS, paths)?,
            blindedpay: tlvs.field(types::INVOICE_BLINDEDPAY, payinfos)?,
            created_at: tlvs
                .field(types::INVOICE_CREATED_AT, field::tu64)?
                .map(UnixSeconds),
            relative_expiry: tlvs.field(types::INVOICE_RELATIVE_EXPIRY, field::tu32)?,
            payment_hash: tlvs
                .field(types::INVOICE_PAYMENT_HASH, field::hash)?
                .map(PaymentHash),
            amount: tlvs.field(types::INVOICE_AMOUNT, field::tu64)?.map(Msat),
            fallbacks: tlvs.field(types::INVOICE_FALLBACKS, |value| {
                list(value, FallbackAddress::read)
            })?,
            features: tlvs.field(types::INVOICE_FEATURES, field::bytes)?.map(Features),
            node_id: tlvs.field(types::INVOICE_NODE_ID, field::point)?,
        })
    }
}

/// An address on the chain, as a witness program. BOLT 12 tells readers to ignore those they do not understand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FallbackAddress {
    /// Witness version.
    pub version: u8,
    /// Witness program.
    pub program: Vec<u8>,
}

impl FallbackAddress {
    fn read(input: &mut Input<'_>) -> Result<FallbackAddress, FieldFault> {
        let version = input.u8()?;
        let length = input.u16()?;
        Ok(FallbackAddress {
            version,
            program: input.take(length.into())?.to_vec(),
        })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(self.version);
        out.extend_from_slice(&(self.program.len() as u16).to_be_bytes());
        out.extend_from_slice(&self.program);
    }
}
