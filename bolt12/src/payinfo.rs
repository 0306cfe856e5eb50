//! What a blinded path costs, and what it carries (BOLT 12, "Invoices").

use crate::error::DataError;
use crate::features::Features;
use crate::field::{FieldFault, Input, list};
use crate::types;
use boltill_types::Msat;

/// Fees and limits of one of an invoice's paths, from the introduction node to the recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindedPayInfo {
    /// Fee for each payment, in msat.
    pub fee_base_msat: u32,
    /// Fee for each million of the amount.
    pub fee_proportional_millionths: u32,
    /// Blocks that the path adds to the expiry of an HTLC.
    pub cltv_expiry_delta: u16,
    /// The least that the path carries.
    pub htlc_minimum: Msat,
    /// The most that the path carries.
    pub htlc_maximum: Msat,
    /// What must be understood to use the path.
    pub features: Features,
}

impl BlindedPayInfo {
    /// Whether we may use the path: BOLT 12 knows no feature of a path so far, so any even bit forbids it.
    pub fn is_usable(&self) -> bool {
        self.features.unknown_even_bit(&[]).is_none()
    }

    /// Reads those that stand one after another, as LDK's `Writeable` puts each of them.
    pub fn parse_all(bytes: &[u8]) -> Result<Vec<BlindedPayInfo>, DataError> {
        payinfos(bytes).map_err(|fault| DataError::Field {
            number: types::INVOICE_BLINDEDPAY,
            fault,
        })
    }

    /// Appends the form that LDK's `Readable` takes.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.fee_base_msat.to_be_bytes());
        out.extend_from_slice(&self.fee_proportional_millionths.to_be_bytes());
        out.extend_from_slice(&self.cltv_expiry_delta.to_be_bytes());
        out.extend_from_slice(&self.htlc_minimum.0.to_be_bytes());
        out.extend_from_slice(&self.htlc_maximum.0.to_be_bytes());
        out.extend_from_slice(&(self.features.0.len() as u16).to_be_bytes());
        out.extend_from_slice(&self.features.0);
    }

    fn read(input: &mut Input<'_>) -> Result<BlindedPayInfo, FieldFault> {
        Ok(BlindedPayInfo {
            fee_base_msat: input.u32()?,
            fee_proportional_millionths: input.u32()?,
            cltv_expiry_delta: input.u16()?,
            htlc_minimum: Msat(input.u64()?),
            htlc_maximum: Msat(input.u64()?),
            features: {
                let length = input.u16()?;
                Features(input.take(length.into())?.to_vec())
            },
        })
    }
}

/// Reads `invoice_blindedpay`.
pub(crate) fn payinfos(value: &[u8]) -> Result<Vec<BlindedPayInfo>, FieldFault> {
    list(value, BlindedPayInfo::read)
}
