//! What the tests share: a till on a real ledger in a temporary directory, and a Lightning node without a network.

use crate::{ExposePrivate, FeeLimit, HintCandidate, Lightning, NewBolt11, PayRequest, Till, TillConfig};
use bitcoin::Network;
use bitcoin::hashes::{Hash, sha256};
use bitcoin::secp256k1::ecdsa::RecoverableSignature;
use bitcoin::secp256k1::{Keypair, Message, PublicKey, Secp256k1, SecretKey, schnorr};
use boltill_bolt12::{BlindedHop, BlindedPath, BlindedPayInfo, Features, IntroductionNode};
use boltill_ledger::{Invoice, Ledger, Payment, PaymentId};
use boltill_node::{
    BoxFuture, EventSink, FirstHopError, GivenPayment, IncomingPayment, MessageDestination, MessageError,
    MessageTag, NoMessagePath, NoPaymentPath, NodeEvent, NotConnected, OffersMessageBytes, OutgoingPayment,
    PaymentPath, RecentPayment, RegisterError, ReplyTo, SendError, SignError,
};
use boltill_types::{Label, Msat, PaymentHash, PaymentPreimage, PaymentSecret};
use lightning::types::features::Bolt11InvoiceFeatures;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

/// Far more than anything here takes.
const DEADLINE: Duration = Duration::from_secs(180);

/// Waits for what must happen.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, what)
        .await
        .expect("it did not happen in time")
}

/// A node that does as it is told, and remembers it.
pub(crate) struct FakeNode {
    key: SecretKey,
    pub(crate) state: Mutex<State>,
    sent: UnboundedSender<OutgoingPayment>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) claimed: Vec<PaymentPreimage>,
    pub(crate) failed_back: Vec<PaymentHash>,
    pub(crate) candidates: Vec<HintCandidate>,
    pub(crate) recent: Vec<RecentPayment>,
    pub(crate) refuse_to_send: Option<SendError>,
    /// Why nothing can leave; otherwise all goes by the channel that is named, or by 77.
    pub(crate) first_hop: Option<FirstHopError>,
    pub(crate) sent_along: Vec<GivenPayment>,
    /// Whether the node is public.
    pub(crate) reachable_by_id: bool,
    /// Whether no message gets anywhere.
    pub(crate) nobody_reachable: bool,
    pub(crate) messages: Vec<SentMessage>,
}

/// A message that was sent, or would have been.
#[derive(Clone, Debug)]
pub(crate) struct SentMessage {
    pub(crate) message: OffersMessageBytes,
    /// Where to; `None` for an answer.
    pub(crate) to: Option<MessageDestination>,
    /// What its answer will come with.
    pub(crate) reply: Option<MessageTag>,
}

impl FakeNode {
    fn new(key: u8) -> (Arc<FakeNode>, UnboundedReceiver<OutgoingPayment>) {
        let (sent, sendings) = mpsc::unbounded_channel();
        let key = SecretKey::from_slice(&[key; 32]).unwrap();
        (
            Arc::new(FakeNode {
                key,
                state: Mutex::default(),
                sent,
            }),
            sendings,
        )
    }
}

impl Lightning for FakeNode {
    fn id(&self) -> PublicKey {
        PublicKey::from_secret_key(&Secp256k1::new(), &self.key)
    }

    fn network(&self) -> Network {
        Network::Regtest
    }

    fn bolt11_features(&self) -> Bolt11InvoiceFeatures {
        let mut features = Bolt11InvoiceFeatures::empty();
        features.set_variable_length_onion_required();
        features.set_payment_secret_required();
        features.set_basic_mpp_optional();
        features
    }

    fn sign_bolt11(&self, digest: &Message) -> Result<RecoverableSignature, SignError> {
        Ok(Secp256k1::new().sign_ecdsa_recoverable(digest, &self.key))
    }

    fn hint_candidates(&self) -> Arc<[HintCandidate]> {
        self.state.lock().unwrap().candidates.clone().into()
    }

    fn register_inbound(
        &self,
        payment_hash: PaymentHash,
        _min_amount: Option<Msat>,
        _expiry_seconds: u32,
        _min_final_cltv_delta: Option<u16>,
    ) -> Result<PaymentSecret, RegisterError> {
        Ok(PaymentSecret(sha256::Hash::hash(&payment_hash.0).to_byte_array()))
    }

    fn claim(&self, preimage: PaymentPreimage) {
        self.state.lock().unwrap().claimed.push(preimage);
    }

    fn fail_back(&self, payment_hash: PaymentHash) {
        self.state.lock().unwrap().failed_back.push(payment_hash);
    }

    fn send(&self, payment: OutgoingPayment) -> Result<(), SendError> {
        if let Some(error) = self.state.lock().unwrap().refuse_to_send {
            return Err(error);
        }
        self.sent.send(payment).unwrap();
        Ok(())
    }

    fn send_spontaneous(
        &self,
        payment: OutgoingPayment,
        _preimage: PaymentPreimage,
    ) -> Result<(), SendError> {
        self.send(payment)
    }

    fn first_channel(
        &self,
        _node: &PublicKey,
        named: Option<u64>,
        _amount: Msat,
    ) -> Result<u64, FirstHopError> {
        match self.state.lock().unwrap().first_hop {
            Some(error) => Err(error),
            None => Ok(named.unwrap_or(77)),
        }
    }

    fn send_along(&self, payment: GivenPayment) -> Result<(), SendError> {
        let mut state = self.state.lock().unwrap();
        if let Some(error) = state.refuse_to_send {
            return Err(error);
        }
        state.sent_along.push(payment);
        Ok(())
    }

    fn recent_payments(&self) -> Vec<RecentPayment> {
        self.state.lock().unwrap().recent.clone()
    }

    fn public_channels_of(&self, _node: &PublicKey) -> Vec<u64> {
        vec![7, 8]
    }

    fn sign_bolt12(&self, digest: &Message) -> schnorr::Signature {
        let secp = Secp256k1::new();
        secp.sign_schnorr_no_aux_rand(digest, &Keypair::from_secret_key(&secp, &self.key))
    }

    fn payer_id(&self, metadata: &[u8]) -> PublicKey {
        payer(metadata).public_key()
    }

    fn sign_as_payer(&self, metadata: &[u8], digest: &Message) -> schnorr::Signature {
        Secp256k1::new().sign_schnorr_no_aux_rand(digest, &payer(metadata))
    }

    fn is_reachable_by_id(&self) -> bool {
        self.state.lock().unwrap().reachable_by_id
    }

    fn message_paths(&self, _tag: MessageTag) -> Result<Vec<Vec<u8>>, NoMessagePath> {
        Ok(vec![blinded_path(&self.id())])
    }

    fn payment_paths(
        &self,
        _amount: Msat,
        _secret: PaymentSecret,
        _expiry_seconds: u32,
    ) -> Result<Vec<PaymentPath>, NoPaymentPath> {
        let mut payinfo = Vec::new();
        let free = BlindedPayInfo {
            fee_base_msat: 0,
            fee_proportional_millionths: 0,
            cltv_expiry_delta: 18,
            htlc_minimum: Msat(1),
            htlc_maximum: Msat(u64::MAX),
            features: Features::default(),
        };
        free.write(&mut payinfo);
        let path = blinded_path(&self.id());
        Ok(vec![PaymentPath { path, payinfo }])
    }

    fn send_offers_message<'a>(
        &'a self,
        message: OffersMessageBytes,
        to: MessageDestination,
        reply: Option<MessageTag>,
    ) -> BoxFuture<'a, Result<(), MessageError>> {
        Box::pin(async move { self.send_message(message, Some(to), reply) })
    }

    fn reply<'a>(
        &'a self,
        _to: &'a ReplyTo,
        message: OffersMessageBytes,
        reply: Option<MessageTag>,
    ) -> BoxFuture<'a, Result<(), MessageError>> {
        Box::pin(async move { self.send_message(message, None, reply) })
    }
}

impl FakeNode {
    fn send_message(
        &self,
        message: OffersMessageBytes,
        to: Option<MessageDestination>,
        reply: Option<MessageTag>,
    ) -> Result<(), MessageError> {
        let mut state = self.state.lock().unwrap();
        state.messages.push(SentMessage { message, to, reply });
        if state.nobody_reachable {
            return Err(MessageError::Unreachable {
                destination: "nobody".to_owned(),
                why: NotConnected::Forbidden("fetchinvoice-noconnect"),
            });
        }
        Ok(())
    }
}

fn payer(metadata: &[u8]) -> Keypair {
    let secret = sha256::Hash::hash(metadata).to_byte_array();
    Keypair::from_seckey_slice(&Secp256k1::new(), &secret).unwrap()
}

/// A path of one hop that starts with that node, in its binary form.
pub(crate) fn blinded_path(start: &PublicKey) -> Vec<u8> {
    let hop = BlindedHop {
        blinded_node_id: *start,
        encrypted_recipient_data: vec![7; 51],
    };
    let path = BlindedPath::new(IntroductionNode::NodeId(*start), *start, vec![hop]).unwrap();
    let mut bytes = Vec::new();
    path.write(&mut bytes);
    bytes
}

/// A till and all that it stands on.
pub(crate) struct Bench {
    pub(crate) till: Till,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) node: Arc<FakeNode>,
    pub(crate) sendings: UnboundedReceiver<OutgoingPayment>,
    directory: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        Bench::with_key(1)
    }

    /// One whose node has another key.
    pub(crate) fn with_key(key: u8) -> Bench {
        Bench::open(tempfile::tempdir().unwrap(), key)
    }

    fn open(directory: TempDir, key: u8) -> Bench {
        let (node, sendings) = FakeNode::new(key);
        let ledger = Arc::new(Ledger::open(&directory.path().join("ledger"), Network::Regtest).unwrap());
        let config = TillConfig { cltv_final: 10 };
        let till = Till::new(ledger.clone(), node.clone(), config);
        Bench {
            till,
            ledger,
            node,
            sendings,
            directory,
        }
    }

    /// The same ledger, and nothing else of what was.
    pub(crate) fn restart(self) -> Bench {
        self.ledger.close();
        let key = self.node.key.secret_bytes()[0];
        Bench::open(self.directory, key)
    }

    pub(crate) async fn tell(&self, event: NodeEvent) {
        self.till.handle(event).await.unwrap();
    }

    pub(crate) async fn invoice(&self, label: &str) -> Invoice {
        self.ledger
            .invoice_by_label(&self::label(label))
            .await
            .unwrap()
            .unwrap()
    }

    pub(crate) async fn payment(&self, id: boltill_node::PaymentId) -> Payment {
        self.ledger.payment_by_id(PaymentId(id.0)).await.unwrap().unwrap()
    }
}

pub(crate) fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

pub(crate) fn order(amount: Option<u64>, name: &str) -> NewBolt11 {
    NewBolt11 {
        amount: amount.map(Msat),
        label: label(name),
        description: format!("what {name} is for"),
        expiry: 3_600,
        fallbacks: Vec::new(),
        preimage: None,
        expose_private: ExposePrivate::default(),
        cltv: None,
        deschashonly: false,
    }
}

pub(crate) fn incoming(payment_hash: PaymentHash, amount: u64) -> IncomingPayment {
    IncomingPayment {
        payment_hash,
        amount: Msat(amount),
        preimage: None,
        spontaneous: false,
        custom_tlvs: Vec::new(),
        claim_deadline: None,
    }
}

pub(crate) fn request(invstring: &str) -> PayRequest {
    PayRequest {
        invstring: invstring.to_owned(),
        amount: None,
        payer_note: None,
        label: None,
        description: None,
        fee_limit: FeeLimit::PAY,
        retry_for: PayRequest::DEFAULT_RETRY_FOR,
        max_delay: PayRequest::DEFAULT_MAX_DELAY,
        exclude: Vec::new(),
        partial: None,
    }
}
