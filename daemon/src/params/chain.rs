//! Keys, hashes, channels, outputs and fee rates.

use super::{FromToken, Kind, Refusal, Token};
use bitcoin::Txid;
use bitcoin::secp256k1::PublicKey;
use boltill_onchain::{Feerate, FeerateError};
use boltill_types::{InvreqId, OfferId, PaymentHash, PaymentPreimage, PaymentSecret};
use hex_conservative::FromHex;
use std::fmt;
use std::str::FromStr;

/// Bytes in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HexBytes(pub Vec<u8>);

impl FromToken for HexBytes {
    const KIND: Kind = Kind::Hex;

    fn from_token(token: Token<'_>) -> Result<HexBytes, Refusal> {
        let bytes = token.word().and_then(|word| Vec::from_hex(&word).ok());
        Ok(HexBytes(bytes.ok_or("should be a hex value")?))
    }
}

/// Exactly 32 bytes in hexadecimal.
impl FromToken for [u8; 32] {
    const KIND: Kind = Kind::Hash;

    fn from_token(token: Token<'_>) -> Result<[u8; 32], Refusal> {
        let bytes = token.word().and_then(|word| FromHex::from_hex(&word).ok());
        Ok(bytes.ok_or("should be a 32 byte hex value")?)
    }
}

impl FromToken for PaymentHash {
    const KIND: Kind = Kind::Hash;

    fn from_token(token: Token<'_>) -> Result<PaymentHash, Refusal> {
        FromToken::from_token(token).map(PaymentHash)
    }
}

impl FromToken for InvreqId {
    const KIND: Kind = Kind::Hash;

    fn from_token(token: Token<'_>) -> Result<InvreqId, Refusal> {
        FromToken::from_token(token).map(InvreqId)
    }
}

impl FromToken for OfferId {
    const KIND: Kind = Kind::Hash;

    fn from_token(token: Token<'_>) -> Result<OfferId, Refusal> {
        FromToken::from_token(token).map(OfferId)
    }
}

impl FromToken for PaymentPreimage {
    const KIND: Kind = Kind::Secret;

    fn from_token(token: Token<'_>) -> Result<PaymentPreimage, Refusal> {
        FromToken::from_token(token).map(PaymentPreimage)
    }
}

impl FromToken for PaymentSecret {
    const KIND: Kind = Kind::Secret;

    fn from_token(token: Token<'_>) -> Result<PaymentSecret, Refusal> {
        FromToken::from_token(token).map(PaymentSecret)
    }
}

/// A public key, where it does not stand for a node.
impl FromToken for PublicKey {
    const KIND: Kind = Kind::Pubkey;

    fn from_token(token: Token<'_>) -> Result<PublicKey, Refusal> {
        Ok(public_key(token).ok_or("should be a compressed pubkey")?)
    }
}

/// A node, by its public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeId(pub PublicKey);

impl FromToken for NodeId {
    const KIND: Kind = Kind::Pubkey;

    fn from_token(token: Token<'_>) -> Result<NodeId, Refusal> {
        Ok(NodeId(public_key(token).ok_or("should be a node id")?))
    }
}

/// Only the 33 bytes of a compressed key: nobody writes the other form on Lightning.
fn public_key(token: Token<'_>) -> Option<PublicKey> {
    let bytes = <[u8; 33]>::from_hex(&token.word()?).ok()?;
    PublicKey::from_slice(&bytes).ok()
}

impl FromToken for Txid {
    const KIND: Kind = Kind::Txid;

    fn from_token(token: Token<'_>) -> Result<Txid, Refusal> {
        Ok(token
            .word()
            .and_then(|word| word.parse().ok())
            .ok_or("should be a txid")?)
    }
}

/// An output of a transaction, written `txid:output`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutPoint(pub bitcoin::OutPoint);

impl FromToken for OutPoint {
    const KIND: Kind = Kind::Outpoint;

    fn from_token(token: Token<'_>) -> Result<OutPoint, Refusal> {
        match token.word().and_then(|word| word.parse().ok()) {
            Some(outpoint) => Ok(OutPoint(outpoint)),
            None => Err(Refusal::Message(format!(
                "Could not decode outpoint {}, expected format: txid:output",
                token.raw()
            ))),
        }
    }
}

/// Where a channel was funded: block, transaction in the block, output of the transaction (BOLT 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShortChannelId(pub u64);

/// The text is not of the form `BLOCKxTRANSACTIONxOUTPUT`, or one of the three is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("should be a short_channel_id of form NxNxN")]
pub struct ShortChannelIdError;

impl FromStr for ShortChannelId {
    type Err = ShortChannelIdError;

    fn from_str(text: &str) -> Result<ShortChannelId, ShortChannelIdError> {
        let mut parts = text.split('x').map(|part| {
            let digits = part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse::<u64>().ok()).flatten()
        });
        let mut part = |bits: u32| {
            let number = parts.next().flatten().ok_or(ShortChannelIdError)?;
            if number >> bits == 0 {
                Ok(number)
            } else {
                Err(ShortChannelIdError)
            }
        };
        let (block, transaction, output) = (part(24)?, part(24)?, part(16)?);
        if parts.next().is_some() {
            return Err(ShortChannelIdError);
        }
        Ok(ShortChannelId(block << 40 | transaction << 16 | output))
    }
}

impl fmt::Display for ShortChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}x{}x{}",
            self.0 >> 40,
            (self.0 >> 16) & 0xff_ffff,
            self.0 & 0xffff
        )
    }
}

impl FromToken for ShortChannelId {
    const KIND: Kind = Kind::ShortChannelId;

    fn from_token(token: Token<'_>) -> Result<ShortChannelId, Refusal> {
        let id = token.word().and_then(|word| word.parse().ok());
        Ok(id.ok_or("should be a short_channel_id of form NxNxN")?)
    }
}

impl FromToken for Feerate {
    const KIND: Kind = Kind::Feerate;

    fn from_token(token: Token<'_>) -> Result<Feerate, Refusal> {
        let word = token.word().unwrap_or_default();
        word.parse()
            .map_err(|error: FeerateError| Refusal::ShouldBe(error.to_string().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::forms::tests::{parse, refusal};
    use super::*;

    const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    #[test]
    fn hashes_and_secrets_are_exactly_32_bytes() {
        let hash = format!("\"{}\"", "0a".repeat(32));
        assert_eq!(parse::<PaymentHash>(&hash), PaymentHash([10; 32]));
        assert_eq!(parse::<PaymentPreimage>(&hash.to_uppercase()).0, [10; 32]);
        for wrong in [
            &hash[..65],
            "\"\"",
            "7",
            "null",
            &format!("\"{}zz\"", "0a".repeat(31)),
        ] {
            let wrong = if wrong.len() == 65 { "\"0a\"" } else { wrong };
            assert_eq!(
                refusal::<PaymentHash>(wrong),
                "should be a 32 byte hex value",
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_node_is_a_compressed_public_key() {
        parse::<NodeId>(&format!("\"{KEY}\""));
        assert_eq!(refusal::<NodeId>(&format!("\"04{KEY}\"")), "should be a node id");
        assert_eq!(
            refusal::<PublicKey>(&format!("\"{}\"", "ff".repeat(33))),
            "should be a compressed pubkey"
        );
    }

    #[test]
    fn a_short_channel_id_is_three_numbers_that_fit() {
        let id: ShortChannelId = parse("\"103x1x0\"");
        assert_eq!((id.0, id.to_string().as_str()), (103 << 40 | 1 << 16, "103x1x0"));
        assert_eq!(parse::<ShortChannelId>("\"16777215x16777215x65535\"").0, u64::MAX);
        for wrong in [
            "\"1x2\"",
            "\"1x2x3x4\"",
            "\"16777216x0x0\"",
            "\"0x0x65536\"",
            "\"+1x0x0\"",
            "\"axbxc\"",
            "\"xx\"",
            "1",
        ] {
            assert_eq!(
                refusal::<ShortChannelId>(wrong),
                "should be a short_channel_id of form NxNxN",
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_fee_rate_is_a_word_or_a_number_with_a_unit() {
        assert_eq!(parse::<Feerate>("1000"), Feerate::PerKb(1000));
        assert_eq!(parse::<Feerate>("\"253perkw\""), Feerate::PerKw(253));
        for wrong in ["\"fast\"", "\"\"", "-1", "null"] {
            refusal::<Feerate>(wrong);
        }
    }

    #[test]
    fn an_output_is_a_txid_and_a_number() {
        let txid = "11".repeat(32);
        assert_eq!(parse::<OutPoint>(&format!("\"{txid}:1\"")).0.vout, 1);
        assert_eq!(
            refusal::<OutPoint>("\"x\""),
            "Could not decode outpoint \"x\", expected format: txid:output"
        );
    }
}
