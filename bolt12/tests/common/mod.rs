//! Keys, paths and messages that the tests start from.

#![allow(dead_code, reason = "each test file uses its own part")]

use bitcoin::constants::ChainHash;
use bitcoin::secp256k1::schnorr::Signature;
use bitcoin::secp256k1::{Keypair, Message, PublicKey, Secp256k1, SecretKey};
use boltill_bolt12::{
    BlindedHop, BlindedPath, BlindedPayInfo, CompleteInvoice, Features, IntroductionNode, InvoiceBuilder,
    InvoiceRequestBuilder, OfferlessRequest, SignedInvoice,
};
use boltill_types::{Msat, PaymentHash, UnixSeconds};
use std::convert::Infallible;

pub const CHAIN: ChainHash = ChainHash::REGTEST;
pub const NOW: UnixSeconds = UnixSeconds(1_750_000_000);

pub fn keypair(number: u8) -> Keypair {
    let secret = SecretKey::from_slice(&[number; 32]).unwrap();
    Keypair::from_secret_key(&Secp256k1::new(), &secret)
}

pub fn key(number: u8) -> PublicKey {
    keypair(number).public_key()
}

/// Signs whatever is asked for with a test key.
pub fn signer(number: u8) -> impl Fn(&Message) -> Result<Signature, Infallible> {
    move |digest| Ok(Secp256k1::new().sign_schnorr_no_aux_rand(digest, &keypair(number)))
}

pub const PAYER: u8 = 1;
pub const PAYEE: u8 = 2;

pub fn builder() -> InvoiceRequestBuilder {
    InvoiceRequestBuilder::new(CHAIN, Msat(1_000_000), "ATM withdrawal", [7; 16], key(PAYER))
}

pub fn unsigned() -> OfferlessRequest {
    builder().build().unwrap()
}

pub fn signed() -> OfferlessRequest {
    unsigned().sign(signer(PAYER)).unwrap()
}

pub fn path() -> BlindedPath {
    let hop = |number, data: &[u8]| BlindedHop {
        blinded_node_id: key(number),
        encrypted_recipient_data: data.to_vec(),
    };
    let hops = vec![hop(10, b"first hop"), hop(11, b"last hop")];
    BlindedPath::new(IntroductionNode::NodeId(key(12)), key(13), hops).unwrap()
}

pub fn payinfo() -> BlindedPayInfo {
    BlindedPayInfo {
        fee_base_msat: 1_000,
        fee_proportional_millionths: 100,
        cltv_expiry_delta: 40,
        htlc_minimum: Msat(1),
        htlc_maximum: Msat(100_000_000),
        features: Features::default(),
    }
}

pub fn invoice_builder(request: &OfferlessRequest) -> InvoiceBuilder {
    InvoiceBuilder::new(
        request,
        PaymentHash([9; 32]),
        key(PAYEE),
        NOW,
        &[(path(), payinfo())],
    )
}

pub fn invoice(request: &OfferlessRequest) -> SignedInvoice {
    sign(invoice_builder(request).relative_expiry(90).build().unwrap())
}

pub fn sign(invoice: CompleteInvoice) -> SignedInvoice {
    invoice.sign(signer(PAYEE)).unwrap()
}
