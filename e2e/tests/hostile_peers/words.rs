//! Messages as bytes, for those who do not mean well.

use super::noise::random_secret;
use bitcoin::constants::ChainHash;
use bitcoin::hashes::{Hash, sha256d};
use bitcoin::secp256k1::{Message, PublicKey, Secp256k1, SecretKey};

pub const WARNING: u16 = 1;
pub const ERROR: u16 = 17;
pub const PING: u16 = 18;
pub const PONG: u16 = 19;
pub const OPEN_CHANNEL: u16 = 32;
pub const ACCEPT_CHANNEL: u16 = 33;
pub const CHANNEL_ANNOUNCEMENT: u16 = 256;
pub const NODE_ANNOUNCEMENT: u16 = 257;
pub const CHANNEL_UPDATE: u16 = 258;
pub const ONION_MESSAGE: u16 = 513;

/// Every type of message that BOLTs 1, 2 and 7 and their extensions give a form to, but for `init`, `ping` and `pong`.
pub const KNOWN_TYPES: [u16; 40] = [
    7, 9, 17, 32, 33, 34, 35, 36, 38, 39, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 77, 80, 81, 127, 128,
    130, 131, 132, 133, 134, 135, 136, 259, 261, 262, 263, 264, 265, 513,
];

fn regtest() -> [u8; 32] {
    ChainHash::REGTEST.to_bytes()
}

/// An `open_channel` that is as it should be, until somebody changes it.
#[derive(Clone, Debug)]
pub struct Offer {
    pub chain: [u8; 32],
    pub temporary_id: [u8; 32],
    pub funding_sat: u64,
    pub push_msat: u64,
    pub dust_limit_sat: u64,
    pub max_in_flight_msat: u64,
    pub reserve_sat: u64,
    pub htlc_minimum_msat: u64,
    pub feerate: u32,
    pub to_self_delay: u16,
    pub max_accepted_htlcs: u16,
    pub shutdown_script: Vec<u8>,
    pub channel_type: Vec<u8>,
}

impl Offer {
    pub fn sound() -> Offer {
        Offer {
            chain: regtest(),
            temporary_id: random_secret().secret_bytes(),
            funding_sat: 1_000_000,
            push_msat: 0,
            dust_limit_sat: 354,
            max_in_flight_msat: 1_000_000_000,
            reserve_sat: 10_000,
            htlc_minimum_msat: 1,
            feerate: 5_000,
            to_self_delay: 144,
            max_accepted_htlcs: 30,
            shutdown_script: Vec::new(),
            // option_static_remotekey
            channel_type: vec![0x10, 0x00],
        }
    }

    pub fn with(change: impl FnOnce(&mut Offer)) -> Offer {
        let mut offer = Offer::sound();
        change(&mut offer);
        offer
    }

    pub fn payload(&self) -> Vec<u8> {
        let mut payload = [self.chain, self.temporary_id].concat();
        let amounts = [
            self.funding_sat,
            self.push_msat,
            self.dust_limit_sat,
            self.max_in_flight_msat,
            self.reserve_sat,
            self.htlc_minimum_msat,
        ];
        payload.extend(amounts.iter().flat_map(|amount| amount.to_be_bytes()));
        payload.extend(self.feerate.to_be_bytes());
        payload.extend(self.to_self_delay.to_be_bytes());
        payload.extend(self.max_accepted_htlcs.to_be_bytes());
        for _ in 0..6 {
            payload.extend(public(&random_secret()).serialize());
        }
        // Not to be announced.
        payload.push(0);
        for (kind, value) in [(0, &self.shutdown_script), (1, &self.channel_type)] {
            payload.extend([kind, u8::try_from(value.len()).expect("a short record")]);
            payload.extend(value);
        }
        payload
    }
}

/// An `error` or a `warning`.
pub fn error(channel_id: [u8; 32], text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("what fits a message");
    [&channel_id[..], &length.to_be_bytes(), text].concat()
}

/// What an `error` says.
pub fn text_of(error: &[u8]) -> String {
    String::from_utf8_lossy(&error[34..]).into_owned()
}

/// A `ping` that asks for this many bytes.
pub fn ping(pong_bytes: u16) -> Vec<u8> {
    [pong_bytes.to_be_bytes(), 0u16.to_be_bytes()].concat()
}

/// An `onion_message` for nobody.
pub fn onion_message() -> Vec<u8> {
    let packet = [
        &[0],
        &public(&random_secret()).serialize()[..],
        &[7; 1300],
        &[9; 32],
    ]
    .concat();
    let length = u16::try_from(packet.len()).expect("what fits a message");
    let point = public(&random_secret()).serialize();
    [&point[..], &length.to_be_bytes(), &packet].concat()
}

/// A `channel_announcement` of a channel that there is not, which both owners have signed, or nobody.
pub fn channel_announcement(short_channel_id: u64, is_signed: bool) -> Vec<u8> {
    let mut nodes = [random_secret(), random_secret()];
    nodes.sort_by_key(|secret| public(secret).serialize());
    let owners = [nodes[0], nodes[1], random_secret(), random_secret()];
    let mut contents = 0u16.to_be_bytes().to_vec();
    contents.extend(regtest());
    contents.extend(short_channel_id.to_be_bytes());
    contents.extend(owners.iter().flat_map(|owner| public(owner).serialize()));
    let signatures = owners
        .iter()
        .flat_map(|owner| signature(is_signed.then_some(owner), &contents));
    signatures.chain(contents.iter().copied()).collect()
}

/// A `channel_update` of a channel that there is not, with a signature of nobody's.
pub fn channel_update(short_channel_id: u64) -> Vec<u8> {
    let mut payload = signature(None, &[]).to_vec();
    payload.extend(regtest());
    payload.extend(short_channel_id.to_be_bytes());
    payload.extend(1_700_000_000u32.to_be_bytes());
    // htlc_maximum_msat is there; the first direction.
    payload.extend([1, 0]);
    payload.extend(40u16.to_be_bytes());
    payload.extend(1u64.to_be_bytes());
    payload.extend([0; 8]);
    payload.extend(1_000_000u64.to_be_bytes());
    payload
}

/// A `node_announcement` of a node without channels, with a signature of nobody's.
pub fn node_announcement() -> Vec<u8> {
    let mut payload = signature(None, &[]).to_vec();
    payload.extend(0u16.to_be_bytes());
    payload.extend(1_700_000_000u32.to_be_bytes());
    payload.extend(public(&random_secret()).serialize());
    payload.extend([1, 2, 3]);
    payload.extend([b'x'; 32]);
    payload.extend(0u16.to_be_bytes());
    payload
}

fn signature(owner: Option<&SecretKey>, contents: &[u8]) -> [u8; 64] {
    let digest = sha256d::Hash::hash(contents).to_byte_array();
    owner.map_or([1; 64], |owner| {
        let signature = Secp256k1::signing_only().sign_ecdsa(&Message::from_digest(digest), owner);
        signature.serialize_compact()
    })
}

fn public(secret: &SecretKey) -> PublicKey {
    secret.public_key(&Secp256k1::signing_only())
}
