//! Messages between nodes that consist of nothing but LDK's messenger and ours around it.

pub(super) mod map;

use super::inbox::{Arrivals, Inbox, inbox};
use super::paths::Introduction;
use super::peel::{Peeled, Peeler};
use super::send::Outgoing;
use super::{GraphRouter, MessageTag, OffersArrival, OffersMessageBytes, ReplyTo};
use crate::ldk::Graph;
use crate::logger::LdkLogger;
use bitcoin::constants::ChainHash;
use bitcoin::secp256k1::schnorr::Signature;
use bitcoin::secp256k1::{Keypair, Message, PublicKey, Secp256k1};
use boltill_bolt12::{
    BlindedHop, BlindedPath, BlindedPayInfo, Features, IntroductionNode, InvoiceBuilder, InvoiceError,
    InvoiceRequestBuilder, OfferlessRequest,
};
use boltill_types::{Msat, PaymentHash, UnixSeconds};
use lightning::blinded_path::EmptyNodeIdLookUp;
use lightning::blinded_path::message::BlindedMessagePath;
use lightning::ln::msgs::{BaseMessageHandler, Init, OnionMessage, OnionMessageHandler};
use lightning::ln::peer_handler::IgnoringMessageHandler;
use lightning::onion_message::messenger::{Destination, MessageSendInstructions, OnionMessenger};
use lightning::sign::{KeysManager, NodeSigner, Recipient};
use map::Map;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

type Messenger = OnionMessenger<
    Arc<KeysManager>,
    Arc<KeysManager>,
    Arc<LdkLogger>,
    Arc<EmptyNodeIdLookUp>,
    Arc<GraphRouter>,
    IgnoringMessageHandler,
    IgnoringMessageHandler,
    IgnoringMessageHandler,
    IgnoringMessageHandler,
>;

struct Party {
    id: PublicKey,
    keys: Arc<KeysManager>,
    router: Arc<GraphRouter>,
    messenger: Messenger,
    peeler: Peeler<KeysManager>,
    inbox: Inbox,
    arrivals: Arrivals,
}

impl Party {
    fn new(seed: u8, graph: &Arc<Graph>) -> Party {
        let keys = Arc::new(KeysManager::new(&[seed; 32], 0, 0, true));
        let router = Arc::new(GraphRouter::new(Arc::clone(graph), Arc::clone(&keys)));
        let (inbox, arrivals) = inbox();
        let messenger = Messenger::new(
            Arc::clone(&keys),
            Arc::clone(&keys),
            Arc::new(LdkLogger),
            Arc::new(EmptyNodeIdLookUp {}),
            Arc::clone(&router),
            IgnoringMessageHandler {},
            IgnoringMessageHandler {},
            IgnoringMessageHandler {},
            IgnoringMessageHandler {},
        );
        Party {
            id: keys.get_node_id(Recipient::Node).unwrap(),
            peeler: Peeler::new(Arc::clone(&keys)),
            keys,
            router,
            messenger,
            inbox,
            arrivals,
        }
    }

    fn keypair(&self) -> Keypair {
        Keypair::from_secret_key(&Secp256k1::new(), &self.keys.get_node_secret_key())
    }

    fn path(&self, from: Introduction, tag: MessageTag) -> BlindedMessagePath {
        let (key, context) = (self.keys.get_receive_auth_key(), tag.context());
        self.router
            .path_from(from, self.id, key, context, &Secp256k1::new())
    }

    fn send(
        &self,
        message: &OffersMessageBytes,
        destination: Destination,
        reply: Option<BlindedMessagePath>,
    ) {
        for form in Outgoing::forms_of(message) {
            let destination = destination.clone();
            let instructions = match reply.clone() {
                Some(reply_path) => MessageSendInstructions::WithSpecifiedReplyPath {
                    destination,
                    reply_path,
                },
                None => MessageSendInstructions::WithoutReplyPath { destination },
            };
            self.messenger.send_onion_message(form, instructions).unwrap();
        }
    }

    /// As `gate.rs` does it.
    fn receive(&self, from: &Party, message: &OnionMessage) {
        match self.peeler.peel(message) {
            Peeled::AboutOffers(arrival) => arrival.into_iter().for_each(|arrival| self.inbox.put(*arrival)),
            Peeled::Other(message) => self.messenger.handle_onion_message(from.id, message),
        }
    }

    /// The next message that has arrived already.
    async fn has(&mut self) -> Option<OffersArrival> {
        tokio::time::timeout(Duration::ZERO, self.arrivals.next())
            .await
            .ok()?
    }
}

fn connect(one: &Party, other: &Party) {
    for (party, peer) in [(one, other), (other, one)] {
        let init = Init {
            features: peer.messenger.provided_init_features(party.id),
            networks: None,
            remote_network_address: None,
        };
        party.messenger.peer_connected(peer.id, &init, false).unwrap();
    }
}

/// Carries messages between the parties until there are no more.
fn carry(parties: &[&Party]) {
    let mut is_moving = true;
    while is_moving {
        is_moving = false;
        for from in parties {
            for to in parties {
                while let Some(message) = from.messenger.next_onion_message_for_peer(to.id) {
                    to.receive(from, &message);
                    is_moving = true;
                }
            }
        }
    }
}

/// A collector and a public node, that know each other by way of a third; the payer is not public and has a channel with the public node.
struct Street {
    collector: Party,
    between: Party,
    public: Party,
    payer: Party,
}

impl Street {
    fn new() -> Street {
        let map = Map::new();
        let [collector, between, public, payer] = [1, 2, 3, 4].map(|seed| Party::new(seed, &map.graph));
        map.channel(1, &collector.id, &between.id);
        map.channel(2, &between.id, &public.id);
        for party in [&collector, &between, &public] {
            map.announce(&party.id, true, true);
        }
        connect(&collector, &between);
        connect(&between, &public);
        connect(&public, &payer);
        Street {
            collector,
            between,
            public,
            payer,
        }
    }

    fn carry(&self) {
        carry(&[&self.collector, &self.between, &self.public, &self.payer]);
    }

    fn request(&self) -> OfferlessRequest {
        let payer_id = self.payer.id;
        InvoiceRequestBuilder::new(
            ChainHash::REGTEST,
            Msat(1_000_000),
            "ATM withdrawal",
            [7; 16],
            payer_id,
        )
        .build()
        .unwrap()
    }

    fn invoice(&self, request: &OfferlessRequest) -> Vec<u8> {
        let hop = BlindedHop {
            blinded_node_id: self.between.id,
            encrypted_recipient_data: vec![1; 40],
        };
        let start = IntroductionNode::NodeId(self.public.id);
        let path = BlindedPath::new(start, self.between.id, vec![hop]).unwrap();
        let payinfo = BlindedPayInfo {
            fee_base_msat: 1_000,
            fee_proportional_millionths: 100,
            cltv_expiry_delta: 40,
            htlc_minimum: Msat(1),
            htlc_maximum: Msat(100_000_000),
            features: Features::default(),
        };
        let (payment_hash, payee) = (PaymentHash([9; 32]), self.collector.id);
        let invoice = InvoiceBuilder::new(
            request,
            payment_hash,
            payee,
            UnixSeconds(1_750_000_000),
            &[(path, payinfo)],
        );
        let invoice = invoice.relative_expiry(90).build().unwrap();
        let invoice = invoice.sign(signer(self.collector.keypair())).unwrap();
        invoice.as_bytes().to_vec()
    }
}

fn signer(keys: Keypair) -> impl Fn(&Message) -> Result<Signature, Infallible> {
    move |digest| Ok(Secp256k1::new().sign_schnorr_no_aux_rand(digest, &keys))
}

const REQUEST: MessageTag = MessageTag::Request([5; 32]);

#[tokio::test]
async fn an_invoice_for_either_dialect_arrives_byte_for_byte_and_its_refusal_comes_back() {
    let mut street = Street::new();
    let unsigned = street.request();
    let signed = unsigned.clone().sign(signer(street.payer.keypair())).unwrap();
    for request in [unsigned, signed] {
        let invoice = OffersMessageBytes::Invoice(street.invoice(&request));
        let path = street.payer.path(Introduction::Peer(street.public.id), REQUEST);
        let sent = MessageTag::Invoice(PaymentHash([9; 32]));
        let reply_path = street.collector.path(Introduction::Ourselves, sent);
        street
            .collector
            .send(&invoice, Destination::BlindedPath(path), Some(reply_path.clone()));
        street.carry();
        let arrival = street.payer.has().await.unwrap();
        assert_eq!(arrival.message, invoice);
        assert_eq!(arrival.tag, Some(REQUEST));
        assert_eq!(arrival.reply, Some(ReplyTo(reply_path)));

        let refusal = InvoiceError::new("no longer available").to_bytes();
        let refusal = OffersMessageBytes::InvoiceError(refusal);
        let ReplyTo(back) = arrival.reply.unwrap();
        street.payer.send(&refusal, Destination::BlindedPath(back), None);
        street.carry();
        // In LDK's form and in BOLT 12's, which both read the same here.
        for _ in 0..2 {
            let arrival = street.collector.has().await.unwrap();
            assert_eq!(arrival.message, refusal);
            assert_eq!(arrival.tag, Some(sent));
            assert_eq!(arrival.reply, None);
        }
        assert!(street.collector.has().await.is_none());
        assert!(street.payer.has().await.is_none());
    }
}

#[tokio::test]
async fn a_path_that_starts_with_the_sender_is_followed_from_its_second_node() {
    let mut street = Street::new();
    let invoice = OffersMessageBytes::Invoice(street.invoice(&street.request()));
    let path = street.payer.path(Introduction::Peer(street.public.id), REQUEST);
    street.public.send(&invoice, Destination::BlindedPath(path), None);
    carry(&[&street.public, &street.payer]);
    assert_eq!(street.payer.has().await.unwrap().message, invoice);
}

#[tokio::test]
async fn a_message_to_our_id_has_no_tag() {
    let mut street = Street::new();
    let invoice = OffersMessageBytes::Invoice(street.invoice(&street.request()));
    let public = Destination::Node(street.public.id);
    street.collector.send(&invoice, public, None);
    street.carry();
    let arrival = street.public.has().await.unwrap();
    assert_eq!((arrival.message, arrival.tag), (invoice, None));
}

#[tokio::test]
async fn what_comes_by_a_path_that_was_made_for_something_else_is_dropped() {
    let mut street = Street::new();
    let invoice = OffersMessageBytes::Invoice(street.invoice(&street.request()));
    let refusal = OffersMessageBytes::InvoiceError(InvoiceError::new("no").to_bytes());
    let public = Introduction::Peer(street.public.id);
    for (message, tag) in [
        (&invoice, MessageTag::Offer([5; 32])),
        (&invoice, MessageTag::Invoice(PaymentHash([5; 32]))),
        (&refusal, MessageTag::Offer([5; 32])),
    ] {
        let path = street.payer.path(public, tag);
        street
            .collector
            .send(message, Destination::BlindedPath(path), None);
    }
    street
        .collector
        .send(&refusal, Destination::Node(street.public.id), None);
    // Somebody else's path to the payer: its content cannot be the payer's.
    let strange = street.between.router.path_from(
        public,
        street.payer.id,
        street.between.keys.get_receive_auth_key(),
        REQUEST.context(),
        &Secp256k1::new(),
    );
    street
        .collector
        .send(&invoice, Destination::BlindedPath(strange), None);
    street.carry();
    assert!(street.payer.has().await.is_none());
    assert!(street.public.has().await.is_none());
}

#[tokio::test]
async fn what_ldk_would_not_read_arrives_as_it_is() {
    let mut street = Street::new();
    let mut broken_signature = street.invoice(&street.request());
    *broken_signature.last_mut().unwrap() ^= 1;
    for bytes in [broken_signature, vec![0xff], Vec::new()] {
        let path = street.payer.path(Introduction::Peer(street.public.id), REQUEST);
        let invoice = OffersMessageBytes::Invoice(bytes);
        street
            .collector
            .send(&invoice, Destination::BlindedPath(path), None);
        street.carry();
        assert_eq!(street.payer.has().await.unwrap().message, invoice);
    }
}

#[tokio::test]
async fn an_onion_that_was_changed_on_its_way_is_dropped() {
    let mut street = Street::new();
    let path = street.payer.path(Introduction::Peer(street.public.id), REQUEST);
    let invoice = OffersMessageBytes::Invoice(street.invoice(&street.request()));
    street.public.send(&invoice, Destination::BlindedPath(path), None);
    let message = street
        .public
        .messenger
        .next_onion_message_for_peer(street.payer.id);
    let message = message.unwrap();
    for at in [0, 100, 1_299] {
        let mut changed = message.clone();
        changed.onion_routing_packet.hop_data[at] ^= 1;
        street.payer.receive(&street.public, &changed);
        assert!(street.payer.has().await.is_none());
    }
    street.payer.receive(&street.public, &message);
    assert_eq!(street.payer.has().await.unwrap().message, invoice);
}
