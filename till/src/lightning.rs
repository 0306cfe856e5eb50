//! What the till needs of a Lightning node, and nothing else.
//!
//! [`LiveNode`] is one; the tests have another, without a network, which can crash and repeat itself on demand.

mod candidates;
mod recent;

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
use recent::Recent;
use std::sync::Arc;

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
    fn hint_candidates(&self) -> Arc<[HintCandidate]>;

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

/// A node on the network.
pub struct LiveNode {
    node: Node,
    candidates: Recent<HintCandidate>,
}

impl LiveNode {
    /// The till's view of that node.
    pub fn new(node: Node) -> LiveNode {
        LiveNode {
            node,
            candidates: Recent::default(),
        }
    }
}

impl Lightning for LiveNode {
    fn id(&self) -> PublicKey {
        self.node.id()
    }

    fn network(&self) -> Network {
        self.node.network()
    }

    fn bolt11_features(&self) -> Bolt11InvoiceFeatures {
        self.node.bolt11_features()
    }

    fn sign_bolt11(&self, digest: &Message) -> Result<RecoverableSignature, SignError> {
        self.node.sign_bolt11(digest)
    }

    fn hint_candidates(&self) -> Arc<[HintCandidate]> {
        self.candidates.get(|| candidates::of(&self.node))
    }

    fn register_inbound(
        &self,
        payment_hash: PaymentHash,
        min_amount: Option<Msat>,
        expiry_seconds: u32,
        min_final_cltv_delta: Option<u16>,
    ) -> Result<PaymentSecret, RegisterError> {
        self.node
            .register_inbound(payment_hash, min_amount, expiry_seconds, min_final_cltv_delta)
    }

    fn claim(&self, preimage: PaymentPreimage) {
        self.node.claim(preimage);
    }

    fn fail_back(&self, payment_hash: PaymentHash) {
        self.node.fail_back(payment_hash);
    }

    fn send(&self, payment: OutgoingPayment) -> Result<(), SendError> {
        self.node.send(payment)
    }

    fn send_spontaneous(&self, payment: OutgoingPayment, preimage: PaymentPreimage) -> Result<(), SendError> {
        self.node.send_spontaneous(payment, preimage)
    }

    fn first_channel(
        &self,
        node: &PublicKey,
        named: Option<u64>,
        amount: Msat,
    ) -> Result<u64, FirstHopError> {
        self.node.first_channel(node, named, amount)
    }

    fn send_along(&self, payment: GivenPayment) -> Result<(), SendError> {
        self.node.send_along(payment)
    }

    fn recent_payments(&self) -> Vec<RecentPayment> {
        self.node.recent_payments()
    }

    fn public_channels_of(&self, node: &PublicKey) -> Vec<u64> {
        let graph = self.node.graph().read_only();
        graph
            .node(&NodeId::from_pubkey(node))
            .map(|node| node.channels.clone())
            .unwrap_or_default()
    }

    fn sign_bolt12(&self, digest: &Message) -> schnorr::Signature {
        self.node.sign_bolt12(digest)
    }

    fn payer_id(&self, metadata: &[u8]) -> PublicKey {
        self.node.payer_id(metadata)
    }

    fn sign_as_payer(&self, metadata: &[u8], digest: &Message) -> schnorr::Signature {
        self.node.sign_as_payer(metadata, digest)
    }

    fn is_reachable_by_id(&self) -> bool {
        self.node.is_reachable_by_id()
    }

    fn message_paths(&self, tag: MessageTag) -> Result<Vec<Vec<u8>>, NoMessagePath> {
        self.node.message_paths(tag)
    }

    fn payment_paths(
        &self,
        amount: Msat,
        secret: PaymentSecret,
        expiry_seconds: u32,
    ) -> Result<Vec<PaymentPath>, NoPaymentPath> {
        self.node.payment_paths(amount, secret, expiry_seconds)
    }

    fn send_offers_message<'a>(
        &'a self,
        message: OffersMessageBytes,
        to: MessageDestination,
        reply: Option<MessageTag>,
    ) -> BoxFuture<'a, Result<(), MessageError>> {
        Box::pin(self.node.send_offers_message(message, to, reply))
    }

    fn reply<'a>(
        &'a self,
        to: &'a ReplyTo,
        message: OffersMessageBytes,
        reply: Option<MessageTag>,
    ) -> BoxFuture<'a, Result<(), MessageError>> {
        Box::pin(self.node.reply(to, message, reply))
    }
}
