//! The merkle root that signatures commit to (BOLT 12, "Signature Calculation").

use crate::tlv::{TlvRecord, TlvStream};
use crate::types::in_signature_range;
use bitcoin::hashes::{Hash, HashEngine, sha256};

/// The root over all records but signatures.
///
/// A stream without such records has a root of zeros, which no stream with records has.
pub fn root(stream: &TlvStream) -> sha256::Hash {
    let tags = Tags::new(stream);
    let mut level: Vec<_> = stream
        .records()
        .filter(|record| !in_signature_range(record.number()))
        .map(|record| tags.leaf_with_nonce(&record))
        .collect();
    // Neighbours are joined until one is left. One without a neighbour waits for a higher level, so the tree is deepest
    // at the lowest types, as BOLT 12 has it.
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => tags.branch(*left, *right),
                alone => alone[0],
            })
            .collect();
    }
    level.first().copied().unwrap_or_else(sha256::Hash::all_zeros)
}

/// `H(tag, message)`: BIP 340's tagged hash.
pub(crate) fn tagged_hash(tag: &[u8], message: &[u8]) -> sha256::Hash {
    finish(engine(sha256::Hash::hash(tag)), &[message])
}

/// The three tags' beginnings of a hash, computed once for a stream.
struct Tags {
    leaf: sha256::HashEngine,
    nonce: sha256::HashEngine,
    branch: sha256::HashEngine,
}

impl Tags {
    fn new(stream: &TlvStream) -> Tags {
        // The nonce's tag holds the first record (`invreq_metadata`), so that nobody can guess the leaves that a proof
        // leaves out.
        let mut nonce = sha256::Hash::engine();
        nonce.input(b"LnNonce");
        nonce.input(stream.records().next().map_or(&[], |first| first.bytes()));
        Tags {
            leaf: engine(sha256::Hash::hash(b"LnLeaf")),
            nonce: engine(sha256::Hash::from_engine(nonce)),
            branch: engine(sha256::Hash::hash(b"LnBranch")),
        }
    }

    fn leaf_with_nonce(&self, record: &TlvRecord<'_>) -> sha256::Hash {
        let leaf = finish(self.leaf.clone(), &[record.bytes()]);
        let nonce = finish(self.nonce.clone(), &[record.type_bytes()]);
        self.branch(leaf, nonce)
    }

    fn branch(&self, one: sha256::Hash, other: sha256::Hash) -> sha256::Hash {
        let (lesser, greater) = if one < other { (one, other) } else { (other, one) };
        finish(
            self.branch.clone(),
            &[lesser.as_byte_array(), greater.as_byte_array()],
        )
    }
}

fn engine(tag: sha256::Hash) -> sha256::HashEngine {
    let mut engine = sha256::Hash::engine();
    engine.input(tag.as_byte_array());
    engine.input(tag.as_byte_array());
    engine
}

fn finish(mut engine: sha256::HashEngine, parts: &[&[u8]]) -> sha256::Hash {
    for part in parts {
        engine.input(part);
    }
    sha256::Hash::from_engine(engine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::hex::FromHex;
    use serde_json::Value;

    const VECTORS: &str = include_str!("../tests/data/bolt12-signature-test.json");

    /// The bytes in a vector's key, ``H(`LnLeaf`,010203e8)``.
    fn hashed(key: &str) -> Vec<u8> {
        let (_, hex) = key.trim_end_matches(')').split_once(',').unwrap();
        Vec::from_hex(hex).unwrap()
    }

    fn entry<'a>(leaf: &'a Value, start: &str) -> (&'a str, &'a str) {
        let entries = leaf.as_object().unwrap();
        let (key, hash) = entries.iter().find(|(key, _)| key.starts_with(start)).unwrap();
        (key, hash.as_str().unwrap())
    }

    #[test]
    fn leaves_branches_and_root_are_those_of_the_vectors_of_bolt_12() {
        let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
        for vector in vectors {
            let leaves = vector["leaves"].as_array().unwrap();
            let bytes = leaves.iter().flat_map(|leaf| hashed(entry(leaf, "H(`LnLeaf`").0));
            let stream = TlvStream::parse(bytes.collect()).unwrap();
            let tags = Tags::new(&stream);
            for (record, leaf) in stream.records().zip(leaves) {
                let plain = finish(tags.leaf.clone(), &[record.bytes()]);
                let nonce = finish(tags.nonce.clone(), &[record.type_bytes()]);
                assert_eq!(plain.to_string(), entry(leaf, "H(`LnLeaf`").1);
                assert_eq!(nonce.to_string(), entry(leaf, "H(`LnNonce`").1);
                assert_eq!(
                    tags.leaf_with_nonce(&record).to_string(),
                    entry(leaf, "H(`LnBranch`").1
                );
            }
            assert_eq!(root(&stream).to_string(), vector["merkle"].as_str().unwrap());
        }
    }
}
