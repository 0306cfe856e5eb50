//! BOLT 12's merkle tree, by which signatures and the ids of offers are made.

use super::fields::Record;
use bitcoin::hashes::{Hash, HashEngine, sha256};
use bitcoin::secp256k1::{Message, Secp256k1, XOnlyPublicKey, schnorr::Signature};

/// BIP 340's tagged hash.
fn tagged(tag: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let tag = sha256::Hash::hash(tag);
    let mut engine = sha256::Hash::engine();
    for part in [tag.as_byte_array().as_slice(), tag.as_byte_array()]
        .iter()
        .chain(parts)
    {
        engine.input(part);
    }
    sha256::Hash::from_engine(engine).to_byte_array()
}

fn branch(one: [u8; 32], other: [u8; 32]) -> [u8; 32] {
    tagged(b"LnBranch", &[&one.min(other), &one.max(other)])
}

/// The root of the tree over these records; `None` when there are none.
pub(super) fn root<'a>(records: impl IntoIterator<Item = Record<'a>>) -> Option<[u8; 32]> {
    let mut records = records.into_iter().peekable();
    let nonce_tag = [b"LnNonce".as_slice(), records.peek()?.raw].concat();
    let mut level: Vec<[u8; 32]> = records
        .map(|record| {
            // The number of the record alone is what its nonce is made of.
            let number_length = bigsize_length(record.raw);
            let nonce = tagged(&nonce_tag, &[&record.raw[..number_length]]);
            branch(tagged(b"LnLeaf", &[record.raw]), nonce)
        })
        .collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [one, other] => branch(*one, *other),
                alone => alone[0],
            })
            .collect();
    }
    level.first().copied()
}

fn bigsize_length(bytes: &[u8]) -> usize {
    match bytes.first() {
        Some(0xff) => 9,
        Some(0xfe) => 5,
        Some(0xfd) => 3,
        _ => 1,
    }
}

/// Whether the signature field (240) of a message is by that key.
pub(super) fn is_signed(message: &str, records: &[Record<'_>], signature: &[u8], key: &[u8]) -> bool {
    let unsigned = records
        .iter()
        .copied()
        .filter(|record| !(240..=1000).contains(&record.number));
    let Some(root) = root(unsigned) else { return false };
    let digest = tagged(format!("lightning{message}signature").as_bytes(), &[&root]);
    let (Ok(signature), Some(key)) = (Signature::from_slice(signature), key.get(1..)) else {
        return false;
    };
    let Ok(key) = XOnlyPublicKey::from_slice(key) else {
        return false;
    };
    Secp256k1::verification_only()
        .verify_schnorr(&signature, &Message::from_digest(digest), &key)
        .is_ok()
}
