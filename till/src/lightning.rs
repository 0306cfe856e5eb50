//! What the till needs of a Lightning node, and nothing else.
//!
//! [`Node`] is one; the tests have another, without a network, which can crash and repeat itself on demand.

mod candidates;

use crate::receive::HintCandidate;
use bitcoin::Network;
use bitcoin::secp256k1::ecdsa::RecoverableSignature;
use bitcoin::secp256k1::{Message, PublicKey, schnorr};
use boltill_node::{
    BoxFuture, FirstHopError, GivenPayment, MessageDestination, MessageError, MessageTag, NoMessagePath,
    NoPaymentPath, Node, OffersMessageBytes, OutgoingPayment, PaymentPath, RecentPayment, RegisterError,
    ReplyTo, SendError, SignError,
};
use boltill_types::{Msat, PaymentHash, PaymentPreimage, PaymentSecret};
use lightning::routing::gossip::NodeId;
use lightning::types::features::Bolt11InvoiceFeatures;

/// A Lightning node, as the till sees it; [`boltill_node::Node`] says what each method means.
pub trait Lightning: Send + Sync + 'static {
    /// The node's public key.
    fn id(&self) -> PublicKey;
    /// Which chain the money is on.
    fn network(&self) -> Network;

    /// What our BOLT 11 invoices must offer.
    fn bolt11_features(&self) -> Bolt11InvoiceFeatures;
    /// Signs the digest of a BOLT 11 invoice with the node's key.
    fn sign_bolt11(&self, digest: &Message) -> Result<RecoverableSignature, SignError>;
    /// Every channel that could be a route hint.
    fn hint_candidates(&self) -> Vec<HintCandidate>;

    /// Makes the node accept payments of this hash; the secret belongs into the invoice.
    fn register_inbound(
        &self,
        payment_hash: PaymentHash,
        min_amount: Option<Msat>,
        expiry_seconds: u32,
        min_final_cltv_delta: Option<u16>,
    ) -> Result<PaymentSecret, RegisterError>;
    /// Takes the money of a claimable payment; nothing happens when none is.
    fn claim(&self, preimage: PaymentPreimage);
    /// Sends a claimable payment back; nothing happens when none is.
    fn fail_back(&self, payment_hash: PaymentHash);

    /// Sends a payment.
    fn send(&self, payment: OutgoingPayment) -> Result<(), SendError>;
    /// Sends a payment that nobody asked for (keysend).
    fn send_spontaneous(&self, payment: OutgoingPayment, preimage: PaymentPreimage) -> Result<(), SendError>;
    /// By which of our channels so much can be sent to that node.
    fn first_channel(&self, node: &PublicKey, named: Option<u64>, amount: Msat)
    -> Result<u64, FirstHopError>;
    /// Sends a payment along its way.
    fn send_along(&self, payment: GivenPayment) -> Result<(), SendError>;
    /// The payments that are not, or only just, over.
    fn recent_payments(&self) -> Vec<RecentPayment>;
    /// The public channels of another node, by short channel id.
    fn public_channels_of(&self, node: &PublicKey) -> Vec<u64>;

    /// Signs a digest of BOLT 12 with the node's key.
    fn sign_bolt12(&self, digest: &Message) -> schnorr::Signature;
    /// The key that pays for an offer with that metadata.
    fn payer_id(&self, metadata: &[u8]) -> PublicKey;
    /// Signs a digest of BOLT 12 with that key.
    fn sign_as_payer(&self, metadata: &[u8], digest: &Message) -> schnorr::Signature;
    /// Whether anybody can find the node by its id alone.
    fn is_reachable_by_id(&self) -> bool;
    /// Blinded paths by which messages reach us, in their binary form; what comes by them has this tag.
    fn message_paths(&self, tag: MessageTag) -> Result<Vec<Vec<u8>>, NoMessagePath>;
    /// Blinded paths for a payment to us, whose secret [`Lightning::register_inbound`] gave.
    fn payment_paths(
        &self,
        amount: Msat,
        secret: PaymentSecret,
        expiry_seconds: u32,
    ) -> Result<Vec<PaymentPath>, NoPaymentPath>;
    /// Sends a message about offers; with a tag it carries a path for the answer, which will come with that tag.
    fn send_offers_message<'a>(
        &'a self,
        message: OffersMessageBytes,
        to: MessageDestination,
        reply: Option<MessageTag>,
    ) -> BoxFuture<'a, Result<(), MessageError>>;
    /// Answers a message about offers, likewise.
    fn reply<'a>(
        &'a self,
        to: &'a ReplyTo,
        message: OffersMessageBytes,
        reply: Option<MessageTag>,
    ) -> BoxFuture<'a, Result<(), MessageError>>;
}

impl Lightning for Node {
    fn id(&self) -> PublicKey {
        Node::id(self)
    }

    fn network(&self) -> Network {
        Node::network(self)
    }

    fn bolt11_features(&self) -> Bolt11InvoiceFeatures {
        Node::bolt11_features(self)
    }

    fn sign_bolt11(&self, digest: &Message) -> Result<RecoverableSignature, SignError> {
        Node::sign_bolt11(self, digest)
    }

    fn hint_candidates(&self) -> Vec<HintCandidate> {
        candidates::of(self)
    }

    fn register_inbound(
        &self,
        payment_hash: PaymentHash,
        min_amount: Option<Msat>,
        expiry_seconds: u32,
        min_final_cltv_delta: Option<u16>,
    ) -> Result<PaymentSecret, RegisterError> {
        Node::register_inbound(
            self,
            payment_hash,
            min_amount,
            expiry_seconds,
            min_final_cltv_delta,
        )
    }

    fn claim(&self, preimage: PaymentPreimage) {
        Node::claim(self, preimage);
    }

    fn fail_back(&self, payment_hash: PaymentHash) {
        Node::fail_back(self, payment_hash);
    }

    fn send(&self, payment: OutgoingPayment) -> Result<(), SendError> {
        Node::send(self, payment)
    }

    fn send_spontaneous(&self, payment: OutgoingPayment, preimage: PaymentPreimage) -> Result<(), SendError> {
        Node::send_spontaneous(self, payment, preimage)
    }

    fn first_channel(
        &self,
        node: &PublicKey,
        named: Option<u64>,
        amount: Msat,
    ) -> Result<u64, FirstHopError> {
        Node::first_channel(self, node, named, amount)
    }

    fn send_along(&self, payment: GivenPayment) -> Result<(), SendError> {
        Node::send_along(self, payment)
    }

    fn recent_payments(&self) -> Vec<RecentPayment> {
        Node::recent_payments(self)
    }

    fn public_channels_of(&self, node: &PublicKey) -> Vec<u64> {
        let graph = self.graph().read_only();
        graph
            .node(&NodeId::from_pubkey(node))
            .map(|node| node.channels.clone())
            .unwrap_or_default()
    }

    fn sign_bolt12(&self, digest: &Message) -> schnorr::Signature {
        Node::sign_bolt12(self, digest)
    }

    fn payer_id(&self, metadata: &[u8]) -> PublicKey {
        Node::payer_id(self, metadata)
    }

    fn sign_as_payer(&self, metadata: &[u8], digest: &Message) -> schnorr::Signature {
        Node::sign_as_payer(self, metadata, digest)
    }

    fn is_reachable_by_id(&self) -> bool {
        Node::is_reachable_by_id(self)
    }

    fn message_paths(&self, tag: MessageTag) -> Result<Vec<Vec<u8>>, NoMessagePath> {
        Node::message_paths(self, tag)
    }

    fn payment_paths(
        &self,
        amount: Msat,
        secret: PaymentSecret,
        expiry_seconds: u32,
    ) -> Result<Vec<PaymentPath>, NoPaymentPath> {
        Node::payment_paths(self, amount, secret, expiry_seconds)
    }

    fn send_offers_message<'a>(
        &'a self,
        message: OffersMessageBytes,
        to: MessageDestination,
        reply: Option<MessageTag>,
    ) -> BoxFuture<'a, Result<(), MessageError>> {
        Box::pin(Node::send_offers_message(self, message, to, reply))
    }

    fn reply<'a>(
        &'a self,
        to: &'a ReplyTo,
        message: OffersMessageBytes,
        reply: Option<MessageTag>,
    ) -> BoxFuture<'a, Result<(), MessageError>> {
        Box::pin(Node::reply(self, to, message, reply))
    }
}
