//! LDK, as the other implementation: each understands what the other writes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use bitcoin::Network;
use bitcoin::secp256k1::Secp256k1;
use boltill_bolt12::{BlindedPath, Direction, IntroductionNode, Invoice, Offer, OfferlessRequest};
use boltill_types::{Msat, UnixSeconds};
use common::{CHAIN, NOW, PAYEE, PAYER, builder, invoice, key, keypair, path, signed, unsigned};
use lightning::blinded_path as ldk;
use lightning::blinded_path::message::BlindedMessagePath;
use lightning::blinded_path::payment::{BlindedPayInfo, BlindedPaymentPath};
use lightning::offers::invoice::{Bolt12Invoice, UnsignedBolt12Invoice};
use lightning::offers::offer::{OfferBuilder, Quantity};
use lightning::offers::parse::Bolt12ParseError;
use lightning::offers::refund::{Refund, RefundBuilder};
use lightning::types::features::BlindedHopFeatures;
use lightning::types::payment::PaymentHash;
use lightning::util::ser::{Readable, Writeable};
use std::time::Duration;

fn ldk_path() -> BlindedMessagePath {
    let mut bytes = Vec::new();
    path().write(&mut bytes);
    Readable::read(&mut &bytes[..]).unwrap()
}

fn ldk_payment_path() -> BlindedPaymentPath {
    let hop = ldk::BlindedHop {
        blinded_node_id: key(10),
        encrypted_payload: vec![4; 50],
    };
    let payinfo = BlindedPayInfo {
        fee_base_msat: 1,
        fee_proportional_millionths: 2,
        cltv_expiry_delta: 3,
        htlc_minimum_msat: 4,
        htlc_maximum_msat: 5_000_000,
        features: BlindedHopFeatures::empty(),
    };
    BlindedPaymentPath::from_blinded_path_and_payinfo(key(12), key(13), vec![hop], payinfo)
}

#[test]
fn ldk_reads_the_unsigned_dialect_and_refuses_the_signed_one() {
    let request = builder()
        .issuer("boltill")
        .absolute_expiry(NOW)
        .paths(&[path()])
        .payer_note("thanks")
        .build()
        .unwrap();
    let refund: Refund = request.to_string().parse().unwrap();
    assert_eq!(refund.amount_msats(), request.amount().0);
    assert_eq!(refund.description().to_string(), "ATM withdrawal");
    assert_eq!(refund.issuer().unwrap().to_string(), "boltill");
    assert_eq!(refund.absolute_expiry(), Some(Duration::from_secs(NOW.0)));
    assert_eq!(refund.chain(), CHAIN);
    assert_eq!(refund.payer_signing_pubkey(), key(PAYER));
    assert_eq!(refund.payer_note().unwrap().to_string(), "thanks");
    assert_eq!(refund.paths(), [ldk_path()]);
    assert_eq!(refund.to_string(), request.to_string());

    let refused = signed().to_string().parse::<Refund>();
    assert!(matches!(refused, Err(Bolt12ParseError::Decode(_))));
}

#[test]
fn a_refund_of_ldk_is_read() {
    let refund = RefundBuilder::new(vec![8; 20], key(PAYER), 25_000)
        .unwrap()
        .description("refund".into())
        .issuer("shop".into())
        .chain(Network::Regtest)
        .absolute_expiry(Duration::from_secs(NOW.0))
        .path(ldk_path())
        .quantity(2)
        .build()
        .unwrap();
    let request = OfferlessRequest::parse(&refund.to_string(), CHAIN).unwrap();
    assert_eq!(request.to_string(), refund.to_string());
    assert_eq!(request.amount(), Msat(25_000));
    assert_eq!(request.payer_id(), key(PAYER));
    assert_eq!(request.absolute_expiry(), Some(NOW));
    assert_eq!(request.request().invreq().quantity, Some(2));
    assert_eq!(request.request().invreq().paths, Some(vec![path()]));
}

#[test]
fn an_invoice_for_either_dialect_is_one_that_ldk_can_pay() {
    for request in [signed(), unsigned()] {
        let invoice = invoice(&request);
        let read = Bolt12Invoice::try_from(invoice.as_bytes().to_vec()).unwrap();
        assert_eq!(read.amount_msats(), invoice.amount().0);
        assert_eq!(read.payment_hash().0, invoice.payment_hash().0);
        assert_eq!(read.signing_pubkey(), key(PAYEE));
        assert_eq!(read.relative_expiry(), Duration::from_secs(90));
        let (ours, payinfo) = &invoice.usable_paths()[0];
        let theirs = &read.payment_paths()[0];
        assert_eq!(theirs.blinding_point(), ours.path_key());
        assert_eq!(theirs.blinded_hops().len(), ours.hops().len());
        let mut bytes = Vec::new();
        payinfo.write(&mut bytes);
        assert_eq!(theirs.payinfo.encode(), bytes);
    }
}

#[test]
fn an_invoice_of_ldk_for_our_request_verifies_and_mirrors_it() {
    let request = builder().payer_note("thanks").paths(&[path()]).build().unwrap();
    let refund: Refund = request.to_string().parse().unwrap();
    let created_at = Duration::from_secs(NOW.0);
    let sign = |invoice: &UnsignedBolt12Invoice| {
        let secp = Secp256k1::new();
        Ok::<_, ()>(secp.sign_schnorr_no_aux_rand(invoice.as_ref().as_digest(), &keypair(PAYEE)))
    };
    let invoice = refund
        .respond_with_no_std(
            vec![ldk_payment_path()],
            PaymentHash([6; 32]),
            key(PAYEE),
            created_at,
        )
        .unwrap()
        .relative_expiry(60)
        .allow_mpp()
        .build()
        .unwrap()
        .sign(sign)
        .unwrap();

    let read = Invoice::from_bytes(invoice.encode()).unwrap();
    let read = read.into_complete(CHAIN, NOW).unwrap().verify().unwrap();
    assert_eq!(read.invreq_id(), request.id());
    assert_eq!(read.amount(), request.amount());
    assert_eq!(read.payment_hash().0, [6; 32]);
    assert_eq!(read.expires_at(), UnixSeconds(NOW.0 + 60));
    assert!(read.allows_multiple_parts());
    let (path, payinfo) = &read.usable_paths()[0];
    assert_eq!(path.hops()[0].encrypted_recipient_data, [4; 50]);
    assert_eq!(payinfo.htlc_maximum, Msat(5_000_000));
}

#[test]
fn an_offer_of_ldk_is_read() {
    let theirs = OfferBuilder::new(key(PAYEE))
        .description("coffee".into())
        .issuer("cafe".into())
        .chain(Network::Regtest)
        .amount_msats(5_000)
        .absolute_expiry(Duration::from_secs(NOW.0))
        .supported_quantity(Quantity::Unbounded)
        .path(ldk_path())
        .build()
        .unwrap();
    let ours: Offer = theirs.to_string().parse().unwrap();
    assert_eq!(ours.to_string(), theirs.to_string());
    let fields = ours.fields();
    assert_eq!(fields.chains, Some(vec![CHAIN]));
    assert_eq!((fields.amount, fields.currency.as_deref()), (Some(5_000), None));
    assert_eq!(fields.description.as_deref(), Some("coffee"));
    assert_eq!(fields.issuer.as_deref(), Some("cafe"));
    assert_eq!(fields.absolute_expiry, Some(NOW));
    assert_eq!(fields.quantity_max, Some(0));
    assert_eq!(fields.paths, Some(vec![path()]));
    assert_eq!(fields.issuer_id, Some(key(PAYEE)));
    assert_eq!(ours.unknown_records().count(), 0);
}

#[test]
fn paths_by_channel_are_read_as_ldk_writes_them() {
    const SCID: u64 = 0x0001_0000_0200_0003;
    let start = IntroductionNode::ChannelEnd(Direction::NodeTwo, SCID);
    let path = BlindedPath::new(start, key(13), path().hops().to_vec()).unwrap();
    let mut bytes = Vec::new();
    path.write(&mut bytes);
    let theirs: BlindedMessagePath = Readable::read(&mut &bytes[..]).unwrap();
    let their_start = ldk::IntroductionNode::DirectedShortChannelId(ldk::Direction::NodeTwo, SCID);
    assert_eq!(theirs.introduction_node(), &their_start);
    assert_eq!(theirs.encode(), bytes);
    assert_eq!(BlindedPath::parse_all(&bytes), Ok(vec![path]));
}
