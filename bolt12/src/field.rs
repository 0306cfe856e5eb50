//! The forms that fields have (BOLT 1, "Fundamental Types").

use bitcoin::constants::ChainHash;
use bitcoin::secp256k1::PublicKey;
use bitcoin::secp256k1::schnorr::Signature;

/// Why the bytes of a field do not have the form of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldFault {
    /// A whole number has leading zeros, or does not fit.
    #[error("is not a whole number in its shortest form")]
    Integer,
    /// A field of fixed length has another length.
    #[error("has {found} bytes instead of {expected}")]
    Length {
        /// How many bytes the field has by definition, or, of a list, each of its elements.
        expected: usize,
        /// How many bytes there are.
        found: usize,
    },
    /// The field ends inside something.
    #[error("ends too early")]
    Truncated,
    /// There are bytes behind the field's end.
    #[error("has bytes left over")]
    LeftOver,
    /// 33 bytes are not a compressed point of the curve.
    #[error("holds no valid point")]
    Point,
    /// A text is not UTF-8.
    #[error("is not UTF-8")]
    Utf8,
    /// A blinded path starts with a byte that is neither a public key's nor a direction.
    #[error("has a blinded path that starts nowhere")]
    IntroductionNode,
}

/// What is left to be read of a field that has parts.
pub(crate) struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], FieldFault> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(FieldFault::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FieldFault> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(FieldFault::Truncated)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub fn u8(&mut self) -> Result<u8, FieldFault> {
        self.array().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Result<u16, FieldFault> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, FieldFault> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, FieldFault> {
        self.array().map(u64::from_be_bytes)
    }

    pub fn point(&mut self) -> Result<PublicKey, FieldFault> {
        PublicKey::from_slice(self.take(33)?).map_err(|_| FieldFault::Point)
    }

    pub fn end(self) -> Result<(), FieldFault> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(FieldFault::LeftOver)
        }
    }
}

/// Reads elements until the field ends.
pub(crate) fn list<T>(
    value: &[u8],
    element: impl Fn(&mut Input<'_>) -> Result<T, FieldFault>,
) -> Result<Vec<T>, FieldFault> {
    let mut input = Input(value);
    let mut elements = Vec::new();
    while !input.0.is_empty() {
        elements.push(element(&mut input)?);
    }
    Ok(elements)
}

fn exactly<const N: usize>(value: &[u8]) -> Result<[u8; N], FieldFault> {
    value.try_into().map_err(|_| FieldFault::Length {
        expected: N,
        found: value.len(),
    })
}

pub(crate) fn bytes(value: &[u8]) -> Result<Vec<u8>, FieldFault> {
    Ok(value.to_vec())
}

pub(crate) fn hash(value: &[u8]) -> Result<[u8; 32], FieldFault> {
    exactly(value)
}

pub(crate) fn chain(value: &[u8]) -> Result<ChainHash, FieldFault> {
    exactly::<32>(value).map(ChainHash::from)
}

pub(crate) fn chains(value: &[u8]) -> Result<Vec<ChainHash>, FieldFault> {
    value.chunks(32).map(chain).collect()
}

pub(crate) fn point(value: &[u8]) -> Result<PublicKey, FieldFault> {
    let bytes = exactly::<33>(value)?;
    PublicKey::from_slice(&bytes).map_err(|_| FieldFault::Point)
}

pub(crate) fn signature(value: &[u8]) -> Result<Signature, FieldFault> {
    let expected = bitcoin::secp256k1::constants::SCHNORR_SIGNATURE_SIZE;
    Signature::from_slice(value).map_err(|_| FieldFault::Length {
        expected,
        found: value.len(),
    })
}

pub(crate) fn text(value: &[u8]) -> Result<String, FieldFault> {
    String::from_utf8(value.to_vec()).map_err(|_| FieldFault::Utf8)
}

/// A whole number without its leading zero bytes: `tu64`.
pub(crate) fn tu64(value: &[u8]) -> Result<u64, FieldFault> {
    if value.len() > 8 || value.first() == Some(&0) {
        return Err(FieldFault::Integer);
    }
    Ok(value
        .iter()
        .fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

/// A whole number of at most 32 bits without its leading zero bytes: `tu32`.
pub(crate) fn tu32(value: &[u8]) -> Result<u32, FieldFault> {
    u32::try_from(tu64(value)?).map_err(|_| FieldFault::Integer)
}

/// Writes a `tu64`, and also a `tu32`, for they look the same.
pub(crate) fn truncated(number: u64) -> Vec<u8> {
    let zeros = number.leading_zeros() / 8;
    number.to_be_bytes()[zeros as usize..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_one_form() {
        for (number, form) in [(0, &[][..]), (1, &[1]), (256, &[1, 0]), (u64::MAX, &[255; 8])] {
            assert_eq!(truncated(number), form);
            assert_eq!(tu64(form), Ok(number));
        }
        assert_eq!(tu64(&[0]), Err(FieldFault::Integer));
        assert_eq!(tu64(&[0, 1]), Err(FieldFault::Integer));
        assert_eq!(tu64(&[1; 9]), Err(FieldFault::Integer));
        assert_eq!(tu32(&[1; 5]), Err(FieldFault::Integer));
    }
}
