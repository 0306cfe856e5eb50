//! Bytes as answers show them.

use hex_conservative::DisplayHex;
use serde::{Serialize, Serializer};

/// Bytes that are written as lower-case hexadecimal, straight into the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hex<'a>(pub &'a [u8]);

impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.as_hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_lower_case_hexadecimal() {
        let written = |bytes: &[u8]| serde_json::to_string(&Hex(bytes)).unwrap();
        assert_eq!(written(&[0x00, 0xAB, 0xff]), r#""00abff""#);
        assert_eq!(written(&[]), r#""""#);
    }
}
