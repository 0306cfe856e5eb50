//! The payer's side, without a network.

mod arriving;
mod limits;
mod making;
mod tampered;

use super::*;
use crate::test::{Bench, blinded_path, soon};
use bitcoin::constants::ChainHash;
use bitcoin::hashes::{Hash, sha256};
use bitcoin::secp256k1::{Keypair, Secp256k1};
use boltill_bolt12::{
    BlindedPath, BlindedPayInfo, Features, Invoice, InvoiceBuilder, InvoiceError, OfferlessRequest,
    SignedInvoice,
};
use boltill_ledger::{InvoiceRequest, PayoutLimits};
use boltill_node::{
    FailureReason, MessageTag, NodeEvent, OffersArrival, OffersMessageBytes, OffersSink, OutgoingPayment,
    ReplyTo,
};
use boltill_types::{InvreqId, Msat, PaymentHash, PaymentPreimage, UnixSeconds};
use std::convert::Infallible;

const AMOUNT: Msat = Msat(50_000);
const REGTEST: ChainHash = ChainHash::REGTEST;

/// A withdrawal for a single use.
fn cash() -> NewRequest {
    NewRequest {
        amount: AMOUNT,
        description: "cash".to_owned(),
        issuer: None,
        label: None,
        absolute_expiry: None,
        single_use: true,
        limits: PayoutLimits::default(),
        dialects: Dialects::Signed,
    }
}

/// A code that is paid as often as somebody comes.
fn wages() -> NewRequest {
    NewRequest {
        single_use: false,
        ..cash()
    }
}

/// A node that is found by its id.
fn public() -> Bench {
    let bench = Bench::new();
    bench.node.state.lock().unwrap().reachable_by_id = true;
    bench
}

async fn make(bench: &Bench, new: NewRequest) -> InvoiceRequest {
    bench.till.create_invoice_request(new).await.unwrap()
}

async fn look(bench: &Bench, request: &InvoiceRequest) -> InvoiceRequest {
    let found = bench.ledger.invoice_request(request.id).await.unwrap();
    found.unwrap()
}

fn preimage(name: &str) -> PaymentPreimage {
    PaymentPreimage(sha256::Hash::hash(name.as_bytes()).to_byte_array())
}

fn hash(name: &str) -> PaymentHash {
    PaymentHash(sha256::Hash::hash(&preimage(name).0).to_byte_array())
}

/// What whoever reads the code makes of it.
fn read(request: &str) -> OfferlessRequest {
    OfferlessRequest::parse(request, REGTEST).unwrap()
}

/// The key of whoever collects.
fn payee() -> Keypair {
    Keypair::from_seckey_slice(&Secp256k1::new(), &[2; 32]).unwrap()
}

/// The beginning of an invoice for it.
fn drawn(request: &str, name: &str, created_at: UnixSeconds) -> InvoiceBuilder {
    let payee = payee().public_key();
    let [path] = &BlindedPath::parse_all(&blinded_path(&payee)).unwrap()[..] else {
        panic!("one path");
    };
    let payinfo = BlindedPayInfo {
        fee_base_msat: 0,
        fee_proportional_millionths: 0,
        cltv_expiry_delta: 18,
        htlc_minimum: Msat(1),
        htlc_maximum: Msat(u64::MAX),
        features: Features::default(),
    };
    let paths = [(path.clone(), payinfo)];
    InvoiceBuilder::new(&read(request), hash(name), payee, created_at, &paths)
}

fn signed(builder: InvoiceBuilder) -> SignedInvoice {
    let sign = |digest: &_| Ok::<_, Infallible>(Secp256k1::new().sign_schnorr_no_aux_rand(digest, &payee()));
    let Ok(signed) = builder.build().unwrap().sign(sign);
    signed
}

/// An invoice for a request, as any other node would make it.
fn invoice(request: &str, name: &str) -> SignedInvoice {
    signed(drawn(request, name, UnixSeconds::now()))
}

/// Lets an invoice arrive by our node id, with a path for the answer.
async fn arrive(bench: &Bench, invoice: &[u8]) {
    arrive_by(bench, invoice, None).await;
}

async fn arrive_by(bench: &Bench, invoice: &[u8], tag: Option<MessageTag>) {
    let reply = ReplyTo::read(&blinded_path(&bench.till.lightning().id())).unwrap();
    let arrival = OffersArrival {
        message: OffersMessageBytes::Invoice(invoice.to_vec()),
        tag,
        reply: Some(reply),
    };
    soon(bench.till.arrived(arrival)).await;
}

/// What has been answered since the last look.
fn answers(bench: &Bench) -> Vec<InvoiceError> {
    let messages = std::mem::take(&mut bench.node.state.lock().unwrap().messages);
    let read = |bytes: &[u8]| InvoiceError::from_bytes(bytes.to_vec()).unwrap();
    messages
        .into_iter()
        .map(|sent| {
            assert!(sent.to.is_none() && sent.reply.is_none(), "{sent:?}");
            assert!(matches!(sent.message, OffersMessageBytes::InvoiceError(_)));
            read(sent.message.bytes())
        })
        .collect()
}

/// The one answer, behind the invoice that it is about.
fn refusal(bench: &Bench, invoice: &[u8]) -> String {
    let answers = answers(bench);
    let [answer] = &answers[..] else {
        panic!("one answer, not {answers:?}");
    };
    let text = boltill_bolt12::bech32::encode(boltill_bolt12::bech32::Prefix::Lni, invoice);
    let before = format!("Failed invoice {text}: ");
    let Some(reason) = answer.error.strip_prefix(&before) else {
        panic!("{}", answer.error);
    };
    reason.to_owned()
}

/// The payment that was sent.
async fn sent(bench: &mut Bench) -> OutgoingPayment {
    soon(bench.sendings.recv()).await.unwrap()
}

fn nothing_sent(bench: &mut Bench) {
    assert!(bench.sendings.try_recv().is_err(), "a payment was sent");
}

/// Waits until something is answered. It is on tasks of the till's own.
async fn answered(bench: &Bench) {
    soon(async {
        while bench.node.state.lock().unwrap().messages.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn arrives(bench: &Bench, payment: &OutgoingPayment, name: &str) {
    bench
        .tell(NodeEvent::PaymentSent {
            payment_id: payment.payment_id,
            payment_hash: payment.payment_hash,
            preimage: preimage(name),
            amount: Some(payment.amount),
            fee: Some(Msat(1)),
        })
        .await;
}

async fn fails(bench: &Bench, payment: &OutgoingPayment) {
    bench
        .tell(NodeEvent::PaymentFailed {
            payment_id: payment.payment_id,
            reason: FailureReason::RouteNotFound,
        })
        .await;
}
