//! BIP 340 signatures over messages (BOLT 12, "Signature Calculation").

use crate::merkle;
use crate::tlv::TlvStream;
use bitcoin::hashes::{Hash, sha256};
use bitcoin::secp256k1::schnorr::Signature;
use bitcoin::secp256k1::{Message, PublicKey, Secp256k1, VerifyOnly};
use std::sync::LazyLock;

/// The name under which invoice_requests are signed.
pub const INVOICE_REQUEST: &str = "invoice_request";
/// The name under which invoices are signed.
pub const INVOICE: &str = "invoice";
/// The field that holds the signature, in both.
pub const SIGNATURE: &str = "signature";

/// How many bytes a signature's record takes: type, length, signature.
pub(crate) const RECORD_BYTES: usize = 2 + 64;

static SECP: LazyLock<Secp256k1<VerifyOnly>> = LazyLock::new(Secp256k1::verification_only);

/// What is signed: the tagged hash, for a field of a kind of message, of a merkle root.
pub fn digest(message_name: &str, field_name: &str, merkle_root: sha256::Hash) -> Message {
    let tag = format!("lightning{message_name}{field_name}");
    let hash = merkle::tagged_hash(tag.as_bytes(), merkle_root.as_byte_array());
    Message::from_digest(hash.to_byte_array())
}

/// What is signed in the field `signature` of a message.
pub fn stream_digest(message_name: &str, stream: &TlvStream) -> Message {
    digest(message_name, SIGNATURE, merkle::root(stream))
}

/// Whether the digest was signed with the key. BIP 340 knows only the x coordinate of the key.
pub fn is_valid(signature: &Signature, digest: &Message, key: &PublicKey) -> bool {
    let (key, _parity) = key.x_only_public_key();
    SECP.verify_schnorr(signature, digest, &key).is_ok()
}
