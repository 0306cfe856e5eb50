//! A peer that speaks BOLT 8 and says what it is told to, whatever BOLT 1 thinks of it.

use crate::words::{PING, PONG};
use bitcoin::hashes::{Hash, HashEngine, Hmac, HmacEngine, sha256};
use bitcoin::secp256k1::{All, PublicKey, Secp256k1, SecretKey, ecdh::SharedSecret};
use boltill_e2e::{Node, SOON};
use chacha20_poly1305::{ChaCha20Poly1305, Key, Nonce};
use rand::RngCore;
use std::str::FromStr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// The type of `init`.
pub const INIT: u16 = 16;
const PROTOCOL: &[u8] = b"Noise_XK_secp256k1_ChaChaPoly_SHA256";
const PROLOGUE: &[u8] = b"lightning";
/// After so many messages a key is replaced.
const KEY_LASTS: u64 = 1_000;

/// Somebody else's node, or what pretends to be one.
pub struct Peer {
    /// Its public key.
    pub id: PublicKey,
    stream: TcpStream,
    sending: Cipher,
    receiving: Cipher,
}

/// The secret key of one of many peers.
pub fn random_secret() -> SecretKey {
    let mut bytes = [0; 32];
    loop {
        rand::rng().fill_bytes(&mut bytes);
        if let Ok(secret) = SecretKey::from_slice(&bytes) {
            return secret;
        }
    }
}

/// The public key of nobody.
pub fn random_id() -> PublicKey {
    random_secret().public_key(&Secp256k1::signing_only())
}

/// A connection on which nothing has been said.
pub async fn dial(node: &Node) -> TcpStream {
    let stream = timeout(SOON, TcpStream::connect(node.p2p())).await;
    stream.expect("the node listens").expect("the node accepts")
}

/// Whether the node ends the connection, whatever it says before.
pub async fn is_hung_up_on(stream: &mut TcpStream) -> bool {
    let mut heard = [0; 4096];
    let end = timeout(SOON, async {
        while let Ok(1..) = stream.read(&mut heard).await {}
    });
    end.await.is_ok()
}

/// The first words of a handshake, and what it takes to go on.
pub struct ActOne {
    pub bytes: [u8; 50],
    state: Handshake,
    ephemeral: SecretKey,
}

impl ActOne {
    pub fn to(node: &Node) -> ActOne {
        let node_id = PublicKey::from_str(node.id()).expect("a node's id");
        let mut state = Handshake::with(&node_id);
        let ephemeral = random_secret();
        let point = ephemeral.public_key(&state.secp);
        state.mix_hash(&point.serialize());
        state.mix_key(&node_id, &ephemeral);
        let tag = state.seal(&mut []);
        let mut bytes = [0; 50];
        bytes[1..34].copy_from_slice(&point.serialize());
        bytes[34..].copy_from_slice(&tag);
        ActOne {
            bytes,
            state,
            ephemeral,
        }
    }
}

impl Peer {
    /// Does the handshake, and has said nothing yet.
    pub async fn shake_hands(node: &Node) -> Peer {
        let mut stream = dial(node).await;
        let ActOne {
            bytes,
            mut state,
            ephemeral,
        } = ActOne::to(node);
        stream.write_all(&bytes).await.expect("act one");

        let mut act_two = [0; 50];
        let answered = timeout(SOON, stream.read_exact(&mut act_two)).await;
        answered.expect("act two in time").expect("act two");
        let point = PublicKey::from_slice(&act_two[1..34]).expect("a key in act two");
        state.mix_hash(&point.serialize());
        state.mix_key(&point, &ephemeral);
        // The tag of nothing is not looked at: who has another key fails at the next message.
        state.mix_hash(&act_two[34..]);
        state.nonce += 1;

        let secret = random_secret();
        let id = secret.public_key(&state.secp);
        let mut act_three = [0; 66];
        act_three[1..34].copy_from_slice(&id.serialize());
        let tag = state.seal(&mut act_three[1..34]);
        act_three[34..50].copy_from_slice(&tag);
        state.mix_key(&point, &secret);
        let tag = state.seal(&mut []);
        act_three[50..].copy_from_slice(&tag);
        stream.write_all(&act_three).await.expect("act three");

        let (sending, receiving) = hkdf(&state.chaining, &[]);
        Peer::after(state, id, stream, sending, receiving)
    }

    /// Does the handshake, and offers the features that the node offers.
    pub async fn connect(node: &Node) -> Peer {
        let mut peer = Peer::shake_hands(node).await;
        let init = peer.hear(INIT).await;
        peer.say(INIT, &init).await;
        peer
    }

    /// Lets a node in that believes to have found the owner of `secret`, and says nothing yet.
    pub async fn answer(listener: &TcpListener, secret: &SecretKey) -> Peer {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let id = secret.public_key(&Secp256k1::signing_only());
        let mut state = Handshake::with(&id);

        let mut act_one = [0; 50];
        stream.read_exact(&mut act_one).await.expect("act one");
        let point = PublicKey::from_slice(&act_one[1..34]).expect("a key in act one");
        state.mix_hash(&point.serialize());
        state.mix_key(&point, secret);
        state.mix_hash(&act_one[34..]);

        let ephemeral = random_secret();
        let mut act_two = [0; 50];
        act_two[1..34].copy_from_slice(&ephemeral.public_key(&state.secp).serialize());
        state.mix_hash(&act_two[1..34]);
        state.mix_key(&point, &ephemeral);
        let tag = state.seal(&mut []);
        act_two[34..].copy_from_slice(&tag);
        stream.write_all(&act_two).await.expect("act two");

        let mut act_three = [0; 66];
        stream.read_exact(&mut act_three).await.expect("act three");
        let their_key = state.open(&act_three[1..50]);
        let their_key = PublicKey::from_slice(&their_key).expect("a key in act three");
        state.mix_key(&their_key, &ephemeral);

        let (receiving, sending) = hkdf(&state.chaining, &[]);
        Peer::after(state, id, stream, sending, receiving)
    }

    fn after(
        state: Handshake,
        id: PublicKey,
        stream: TcpStream,
        sending: [u8; 32],
        receiving: [u8; 32],
    ) -> Peer {
        let chaining = state.chaining;
        let cipher = |key| Cipher {
            key,
            chaining,
            nonce: 0,
        };
        Peer {
            id,
            stream,
            sending: cipher(sending),
            receiving: cipher(receiving),
        }
    }

    /// Says one message. The node may have hung up already; that is for others to see.
    pub async fn say(&mut self, kind: u16, payload: &[u8]) -> bool {
        let mut message = kind.to_be_bytes().to_vec();
        message.extend_from_slice(payload);
        let length = u16::try_from(message.len()).expect("what fits a message");
        let mut sent = self.sending.encrypt(&length.to_be_bytes());
        sent.extend(self.sending.encrypt(&message));
        self.say_bytes(&sent).await
    }

    /// Says something that need not be a message. False when the node does not listen any more.
    pub async fn say_bytes(&mut self, bytes: &[u8]) -> bool {
        matches!(timeout(SOON, self.stream.write_all(bytes)).await, Ok(Ok(())))
    }

    /// The next message of this type, as all others are of no interest.
    pub async fn hear(&mut self, kind: u16) -> Vec<u8> {
        self.hear_one_of(&[kind]).await.1
    }

    /// The next message of one of these types.
    pub async fn hear_one_of(&mut self, kinds: &[u16]) -> (u16, Vec<u8>) {
        loop {
            let next = timeout(SOON, self.next()).await;
            let (kind, payload) = next
                .unwrap_or_else(|_| panic!("waited in vain for a message of {kinds:?}"))
                .unwrap_or_else(|| panic!("hung up on instead of a message of {kinds:?}"));
            if kinds.contains(&kind) {
                return (kind, payload);
            }
        }
    }

    /// The next message; None when the node has hung up.
    async fn next(&mut self) -> Option<(u16, Vec<u8>)> {
        let mut header = [0; 18];
        self.stream.read_exact(&mut header).await.ok()?;
        let length = self.receiving.decrypt(&header);
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let mut message = vec![0; length + 16];
        self.stream.read_exact(&mut message).await.ok()?;
        let message = self.receiving.decrypt(&message);
        Some((
            u16::from_be_bytes([message[0], message[1]]),
            message[2..].to_vec(),
        ))
    }

    /// Says that there is nothing more to say, and listens to what the node has left; whether it ends the connection then, if it has not
    /// done so before.
    pub async fn takes_leave(mut self) -> bool {
        let _ = self.stream.shutdown().await;
        self.is_sent_away().await
    }

    /// Says no more than that it is still there when it is asked, for as long as the node wants that.
    pub async fn stays(mut self) {
        while let Some((kind, _)) = self.next().await {
            if kind == PING {
                self.say(PONG, &[0, 0]).await;
            }
        }
    }

    /// Whether the node ends the connection.
    pub async fn is_sent_away(&mut self) -> bool {
        is_hung_up_on(&mut self.stream).await
    }
}

struct Handshake {
    secp: Secp256k1<All>,
    hash: [u8; 32],
    chaining: [u8; 32],
    key: [u8; 32],
    nonce: u64,
}

impl Handshake {
    fn with(node_id: &PublicKey) -> Handshake {
        let chaining = sha256::Hash::hash(PROTOCOL).to_byte_array();
        let mut state = Handshake {
            secp: Secp256k1::new(),
            hash: chaining,
            chaining,
            key: [0; 32],
            nonce: 0,
        };
        state.mix_hash(PROLOGUE);
        state.mix_hash(&node_id.serialize());
        state
    }

    fn mix_hash(&mut self, data: &[u8]) {
        let mut engine = sha256::Hash::engine();
        engine.input(&self.hash);
        engine.input(data);
        self.hash = sha256::Hash::from_engine(engine).to_byte_array();
    }

    fn mix_key(&mut self, theirs: &PublicKey, ours: &SecretKey) {
        let shared = SharedSecret::new(theirs, ours).secret_bytes();
        (self.chaining, self.key) = hkdf(&self.chaining, &shared);
        self.nonce = 0;
    }

    /// Encrypts in place, and gives the tag that belongs behind.
    fn seal(&mut self, plain: &mut [u8]) -> [u8; 16] {
        let tag = aead(&self.key, self.nonce).encrypt(plain, Some(&self.hash));
        self.nonce += 1;
        self.mix_hash(&[&*plain, &tag].concat());
        tag
    }

    /// Decrypts what is followed by its tag.
    fn open(&mut self, sealed: &[u8]) -> Vec<u8> {
        let (text, tag) = sealed.split_at(sealed.len() - 16);
        let mut text = text.to_vec();
        let tag = tag.try_into().expect("16 bytes");
        let cipher = aead(&self.key, self.nonce);
        let opened = cipher.decrypt(&mut text, tag, Some(&self.hash));
        opened.expect("a handshake of the node's");
        self.nonce += 1;
        self.mix_hash(sealed);
        text
    }
}

/// One direction of a connection.
struct Cipher {
    key: [u8; 32],
    chaining: [u8; 32],
    nonce: u64,
}

impl Cipher {
    fn encrypt(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut sent = plain.to_vec();
        let tag = self.next().encrypt(&mut sent, None);
        sent.extend(tag);
        sent
    }

    fn decrypt(&mut self, heard: &[u8]) -> Vec<u8> {
        let (text, tag) = heard.split_at(heard.len() - 16);
        let mut text = text.to_vec();
        let tag = tag.try_into().expect("16 bytes");
        self.next()
            .decrypt(&mut text, tag, None)
            .expect("a message of the node's");
        text
    }

    fn next(&mut self) -> ChaCha20Poly1305 {
        if self.nonce == KEY_LASTS {
            (self.chaining, self.key) = hkdf(&self.chaining, &self.key);
            self.nonce = 0;
        }
        self.nonce += 1;
        aead(&self.key, self.nonce - 1)
    }
}

fn aead(key: &[u8; 32], number: u64) -> ChaCha20Poly1305 {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_le_bytes());
    ChaCha20Poly1305::new(Key::new(*key), Nonce::new(nonce))
}

/// RFC 5869 with two blocks of output and no info.
fn hkdf(salt: &[u8], material: &[u8]) -> ([u8; 32], [u8; 32]) {
    let hmac = |key: &[u8], parts: &[&[u8]]| {
        let mut engine = HmacEngine::<sha256::Hash>::new(key);
        parts.iter().for_each(|part| engine.input(part));
        Hmac::from_engine(engine).to_byte_array()
    };
    let secret = hmac(salt, &[material]);
    let first = hmac(&secret, &[&[1]]);
    (first, hmac(&secret, &[&first, &[2]]))
}
