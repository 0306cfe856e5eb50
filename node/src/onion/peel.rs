//! Messages about offers, taken out of their onion as they are.
//!
//! LDK reads such messages by its own types, and drops what those do not take: an invoice for less than was asked, one whose signature is broken, any
//! invoice_error that has the form of BOLT 12. Their senders would hear nothing. So LDK is shown another number for the record that holds the message, one
//! that it leaves to us; the rest of the onion it peels as ever, and checks by which path it came.

use super::{MessageTag, OffersArrival, OffersMessageBytes, ReplyTo};
use crate::logger::LdkLogger;
use bitcoin::hashes::cmp::fixed_time_eq;
use bitcoin::hashes::{Hash, HashEngine, Hmac, HmacEngine, sha256};
use bitcoin::secp256k1::{All, Scalar, Secp256k1};
use chacha20_poly1305::chacha20::ChaCha20;
use chacha20_poly1305::{Key, Nonce};
use lightning::blinded_path::message::BlindedMessagePath;
use lightning::io::{self, Read};
use lightning::ln::msgs::{DecodeError, OnionMessage};
use lightning::onion_message::messenger::{
    CustomOnionMessageHandler, MessageSendInstructions, PeeledOnion, Responder, ResponseInstruction,
    peel_onion_message,
};
use lightning::onion_message::packet::OnionMessageContents;
use lightning::sign::{NodeSigner, Recipient};
use lightning::util::ser::{BigSize, Readable, Writeable, Writer};
use std::sync::Arc;

/// BOLT 4, `onionmsg_tlv`: the records that hold a message about offers. The number of each, with this bit set, is one that nobody uses.
const INVOICE_REQUEST: u64 = 64;
const INVOICE: u64 = 66;
const INVOICE_ERROR: u64 = 68;
const OURS: u8 = 1;

/// The lowest number of a record that holds a message.
const FIRST_MESSAGE: u64 = 64;
/// The HMAC after the payload of an onion's last hop.
const NO_NEXT_HOP: [u8; 32] = [0; 32];

/// Takes messages about offers out of their onions.
pub(crate) struct Peeler<K> {
    keys: Arc<K>,
    secp_ctx: Secp256k1<All>,
}

impl<K: NodeSigner> Peeler<K> {
    pub(crate) fn new(keys: Arc<K>) -> Peeler<K> {
        Peeler {
            keys,
            secp_ctx: Secp256k1::new(),
        }
    }

    /// The message about offers in an onion that is for us; or the onion, which is for somebody else or about something else.
    pub(super) fn peel<'a>(&self, onion: &'a OnionMessage) -> Peeled<'a> {
        let Some(relabelled) = self.relabelled(onion) else {
            return Peeled::Other(onion);
        };
        let keys = &*self.keys;
        match peel_onion_message(&relabelled, &self.secp_ctx, keys, &LdkLogger, &Contents) {
            Ok(PeeledOnion::Custom(record, context, reply)) => {
                Peeled::AboutOffers(arrival(record, context.as_deref(), reply).map(Box::new))
            }
            _ => Peeled::AboutOffers(None),
        }
    }

    /// The onion with another number for the record that holds a message about offers; `None` if there is none for us in it.
    fn relabelled(&self, onion: &OnionMessage) -> Option<OnionMessage> {
        let packet = &onion.onion_routing_packet;
        let shared_secret = self.shared_secret(onion)?;
        let mac = |data: &[u8]| hmac(&hmac(b"mu", &shared_secret), data);
        if !fixed_time_eq(&mac(&packet.hop_data), &packet.hmac) {
            return None;
        }
        let mut payload = packet.hop_data.clone();
        let rho = Key::new(hmac(b"rho", &shared_secret));
        ChaCha20::new(rho, Nonce::new([0; 12]), 0).apply_keystream(&mut payload);
        let at = number_at(&payload)?;
        let mut relabelled = onion.clone();
        let packet = &mut relabelled.onion_routing_packet;
        // What is changed in the ciphertext of a stream cipher is changed in the text.
        *packet.hop_data.get_mut(at)? ^= OURS;
        packet.hmac = mac(&packet.hop_data);
        Some(relabelled)
    }

    /// The secret that the onion's layer for us is encrypted with (BOLT 4, "Onion Messages").
    fn shared_secret(&self, onion: &OnionMessage) -> Option<[u8; 32]> {
        let keys = &self.keys;
        let blinding = keys.ecdh(Recipient::Node, &onion.blinding_point, None).ok()?;
        let factor = Scalar::from_be_bytes(hmac(b"blinded_node_id", blinding.as_ref())).ok()?;
        let public_key = &onion.onion_routing_packet.public_key;
        let secret = keys.ecdh(Recipient::Node, public_key, Some(&factor)).ok()?;
        Some(secret.secret_bytes())
    }
}

/// What was in an onion.
pub(super) enum Peeled<'a> {
    /// A message about offers; `None` if it did not come by the path that it should have, or cannot be read.
    AboutOffers(Option<Box<OffersArrival>>),
    /// Something else.
    Other(&'a OnionMessage),
}

fn hmac(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut engine = HmacEngine::<sha256::Hash>::new(key);
    engine.input(data);
    Hmac::from_engine(engine).to_byte_array()
}

/// Where in a payload the number stands of the record that holds a message about offers. It has one byte there.
fn number_at(payload: &[u8]) -> Option<usize> {
    let mut rest = payload;
    let length = usize::try_from(read_size(&mut rest)?).ok()?;
    let (mut records, after) = rest.split_at_checked(length)?;
    if !after.starts_with(&NO_NEXT_HOP) {
        return None;
    }
    while !records.is_empty() {
        let at = payload.len() - after.len() - records.len();
        let number = read_size(&mut records)?;
        if number >= FIRST_MESSAGE {
            return matches!(number, INVOICE_REQUEST | INVOICE | INVOICE_ERROR).then_some(at);
        }
        let length = usize::try_from(read_size(&mut records)?).ok()?;
        (_, records) = records.split_at_checked(length)?;
    }
    None
}

fn read_size(bytes: &mut &[u8]) -> Option<u64> {
    BigSize::read(bytes).ok().map(|size| size.0)
}

/// The message in our words; `None` if it is not what its path was made for. Saying so to the sender would tell whose path it is.
fn arrival(
    record: Record,
    context: Option<&[u8]>,
    reply: Option<BlindedMessagePath>,
) -> Option<OffersArrival> {
    let tag = match context {
        Some(context) => Some(MessageTag::read(context)?),
        None => None,
    };
    let bytes = record.bytes;
    let message = match (record.number ^ u64::from(OURS), tag) {
        (INVOICE_REQUEST, None | Some(MessageTag::Offer(_))) => OffersMessageBytes::InvoiceRequest(bytes),
        (INVOICE, None | Some(MessageTag::Request(_))) => OffersMessageBytes::Invoice(bytes),
        (INVOICE_ERROR, Some(MessageTag::Request(_) | MessageTag::Invoice(_))) => {
            OffersMessageBytes::InvoiceError(without_length(bytes))
        }
        // An error that nobody knows the cause of, and what came by the wrong path.
        _ => return None,
    };
    Some(OffersArrival {
        message,
        tag,
        reply: reply.map(ReplyTo),
    })
}

/// An invoice_error in BOLT 12's form. LDK writes its length before it. Which form it is shows in what would be the first record's number: of an
/// invoice_error all are odd, while in BOLT 12's form there stands, where that number is the length of the rest, an even one.
fn without_length(bytes: Vec<u8>) -> Vec<u8> {
    let mut rest = bytes.as_slice();
    match (read_size(&mut rest), rest.first()) {
        (Some(length), Some(first)) if length == rest.len() as u64 && first % 2 == 1 => rest.to_vec(),
        _ => bytes,
    }
}

/// The record that holds a message.
#[derive(Clone, Debug)]
struct Record {
    number: u64,
    bytes: Vec<u8>,
}

impl Writeable for Record {
    fn write<W: Writer>(&self, writer: &mut W) -> Result<(), io::Error> {
        writer.write_all(&self.bytes)
    }
}

impl OnionMessageContents for Record {
    fn tlv_type(&self) -> u64 {
        self.number
    }

    fn msg_type(&self) -> &'static str {
        "message about offers"
    }
}

/// Reads the records that LDK leaves to us, as they are.
struct Contents;

impl CustomOnionMessageHandler for Contents {
    type CustomMessage = Record;

    fn read_custom_message<R: Read>(
        &self,
        number: u64,
        buffer: &mut R,
    ) -> Result<Option<Record>, DecodeError> {
        let mut bytes = Vec::new();
        let mut chunk = [0; 1_024];
        // An onion, which this is a part of, has 32 kB.
        loop {
            match buffer.read(&mut chunk)? {
                0 => return Ok(Some(Record { number, bytes })),
                read => bytes.extend_from_slice(&chunk[..read]),
            }
        }
    }

    fn handle_custom_message(
        &self,
        _: Record,
        _: Option<Vec<u8>>,
        _: Option<Responder>,
    ) -> Option<(Record, ResponseInstruction)> {
        None
    }

    fn release_pending_custom_messages(&self) -> Vec<(Record, MessageSendInstructions)> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invoice_error_of_either_form_is_read() {
        let standard = vec![5, 2, b'n', b'o'];
        let of_ldk = [vec![4], standard.clone()].concat();
        assert_eq!(without_length(standard.clone()), standard);
        assert_eq!(without_length(of_ldk), standard);
        // The number of its only record is the length of the rest.
        let ambiguous = vec![5, 4, b'n', b'o', b'p', b'e'];
        assert_eq!(without_length(ambiguous.clone()), ambiguous);
        assert_eq!(without_length(Vec::new()), Vec::<u8>::new());
    }

    #[test]
    fn only_the_last_hop_has_a_message_and_only_one_about_offers_is_ours() {
        let payload = |records: &[u8], next: [u8; 32]| [&[records.len() as u8][..], records, &next].concat();
        let invoice = [4, 1, 0, 66, 2, 1, 1];
        assert_eq!(number_at(&payload(&invoice, NO_NEXT_HOP)), Some(4));
        assert_eq!(number_at(&payload(&invoice, [1; 32])), None);
        assert_eq!(number_at(&payload(&[4, 1, 0, 72, 0], NO_NEXT_HOP)), None);
        assert_eq!(number_at(&payload(&[4, 1, 0], NO_NEXT_HOP)), None);
        for cut in 0..8 {
            assert_eq!(number_at(&payload(&invoice, NO_NEXT_HOP)[..cut]), None);
        }
    }
}
