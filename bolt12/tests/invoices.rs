//! Writing and reading invoices, and every reason to reject one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use bitcoin::constants::ChainHash;
use boltill_bolt12::{
    FallbackAddress, Features, Invoice, InvoiceBuilder, InvoiceRejection, InvoiceRequest, OfferlessRequest,
    SignedInvoice, TlvWriter, types,
};
use boltill_types::{Msat, PaymentHash, UnixSeconds};
use common::{
    CHAIN, NOW, PAYEE, PAYER, builder, invoice, invoice_builder, key, path, payinfo, sign, signed, unsigned,
};

/// The invoice for the unsigned request with records replaced, added, or (by `None`) removed. Its signature is wrong.
fn changed(changes: &[(u64, Option<&[u8]>)]) -> Invoice {
    let mut writer = TlvWriter::default();
    for record in invoice(&unsigned()).invoice().tlvs().records() {
        if !changes.contains(&(record.number(), None)) {
            writer.set(record.number(), record.value());
        }
    }
    for (number, value) in changes {
        writer.set_some(*number, *value);
    }
    Invoice::from_bytes(writer.finish().as_bytes().to_vec()).unwrap()
}

fn rejection(changes: &[(u64, Option<&[u8]>)]) -> String {
    changed(changes)
        .into_complete(CHAIN, NOW)
        .and_then(|invoice| invoice.verify())
        .unwrap_err()
        .to_string()
}

fn read_back(invoice: &SignedInvoice) -> SignedInvoice {
    let read: Invoice = invoice.to_string().parse().unwrap();
    read.into_complete(CHAIN, NOW).unwrap().verify().unwrap()
}

#[test]
fn every_field_that_is_set_is_read_back() {
    let fallback = FallbackAddress {
        version: 1,
        program: vec![5; 32],
    };
    let features = Features(vec![0b10, 0, 0]);
    let invoice = sign(
        invoice_builder(&signed())
            .amount(Msat(900_000))
            .relative_expiry(90)
            .fallbacks(std::slice::from_ref(&fallback))
            .features(&features)
            .build()
            .unwrap(),
    );
    let read = read_back(&invoice);
    assert_eq!(read, invoice);
    assert_eq!(read.amount(), Msat(900_000));
    assert_eq!(read.payment_hash(), PaymentHash([9; 32]));
    assert_eq!(read.node_id(), key(PAYEE));
    assert_eq!(read.created_at(), NOW);
    assert_eq!(read.expires_at(), UnixSeconds(NOW.0 + 90));
    assert_eq!(read.usable_paths(), [(path(), payinfo())]);
    assert!(read.allows_multiple_parts());
    assert_eq!(read.invoice().fields().fallbacks, Some(vec![fallback]));
    assert_eq!(read.invoice().fields().features, Some(features));
    assert_eq!(read.invoice().invreq().payer_id, Some(key(PAYER)));
    assert_eq!(
        read.invoice().offer().description.as_deref(),
        Some("ATM withdrawal")
    );
}

#[test]
fn an_invoice_asks_for_what_the_request_offers_and_holds_two_hours() {
    let invoice = invoice_builder(&unsigned()).build().unwrap();
    assert_eq!(invoice.amount(), unsigned().amount());
    assert_eq!(invoice.expires_at(), UnixSeconds(NOW.0 + 7200));
    assert!(!invoice.allows_multiple_parts());
}

#[test]
fn an_invoice_mirrors_the_request_of_either_dialect_with_its_unknown_fields() {
    let mut writer = TlvWriter::default();
    let known = builder().payer_note("thanks").paths(&[path()]).build().unwrap();
    for record in known.request().tlvs().records() {
        writer.set(record.number(), record.value());
    }
    writer.set(33, b"hello");
    writer.set(2_999_999_999, b"world");
    let request = InvoiceRequest::from_bytes(writer.finish().as_bytes().to_vec()).unwrap();
    let request = request.into_offerless(CHAIN).unwrap();
    let signed = request.sign(common::signer(PAYER)).unwrap();
    assert_eq!(invoice(&request), invoice(&signed));

    let invoice = read_back(&invoice(&signed));
    assert_eq!(invoice.invreq_id(), request.id());
    let mirrored = |invoice: &SignedInvoice| {
        let records = invoice.invoice().tlvs().records();
        let mirrored = records.filter(|record| types::in_request_range(record.number()));
        mirrored
            .flat_map(|record| record.bytes().to_vec())
            .collect::<Vec<_>>()
    };
    assert_eq!(mirrored(&invoice), request.request().tlvs().as_bytes());
}

#[test]
fn each_fault_is_named() {
    use types::*;
    let paths = changed(&[]).tlvs().get(INVOICE_PATHS).unwrap().to_vec();
    let pay = changed(&[]).tlvs().get(INVOICE_BLINDEDPAY).unwrap().to_vec();
    let no_hops = [&paths[..66], &[0]].concat();
    let two = [paths.clone(), paths].concat();
    let unknown_feature = [&pay[..pay.len() - 2], &[0, 1, 1]].concat();
    let cases: [(u64, Option<&[u8]>, &str); 16] = [
        (INVREQ_CHAIN, Some(&[3; 32]), "wrong chain"),
        (INVOICE_AMOUNT, None, "missing invoice_amount"),
        (INVOICE_CREATED_AT, None, "missing invoice_created_at"),
        (INVOICE_PAYMENT_HASH, None, "missing invoice_payment_hash"),
        (INVOICE_NODE_ID, None, "missing invoice_node_id"),
        (INVOICE_FEATURES, Some(&[1]), "unknown feature bit 0"),
        (INVOICE_CREATED_AT, Some(&[1]), "invoice expired"),
        (INVOICE_PATHS, None, "missing/empty invoice_paths"),
        (INVOICE_PATHS, Some(&[]), "missing/empty invoice_paths"),
        (INVOICE_PATHS, Some(&no_hops), "zero num_hops in path 0/1"),
        (INVOICE_PATHS, Some(&two), "expected 2 payinfo but found 1"),
        (INVOICE_BLINDEDPAY, None, "expected 1 payinfo but found 0"),
        (
            INVOICE_BLINDEDPAY,
            Some(&unknown_feature),
            "no invoice_paths with known features",
        ),
        (SIGNATURE, None, "missing signature"),
        (SIGNATURE, Some(&[1; 64]), "invalid signature"),
        (INVREQ_AMOUNT, Some(&[1]), "invalid signature"),
    ];
    for (number, value, words) in cases {
        assert_eq!(rejection(&[(number, value)]), words);
    }
}

#[test]
fn an_invoice_is_good_through_its_last_second() {
    let invoice = || -> Invoice { invoice(&unsigned()).to_string().parse().unwrap() };
    let last = UnixSeconds(NOW.0 + 90);
    assert!(invoice().into_complete(CHAIN, last).is_ok());
    let later = invoice().into_complete(CHAIN, UnixSeconds(last.0 + 1));
    assert_eq!(later.unwrap_err(), InvoiceRejection::Expired);
    let forever = changed(&[(types::INVOICE_CREATED_AT, Some(&[255; 8]))]);
    assert!(forever.into_complete(CHAIN, UnixSeconds(u64::MAX)).is_ok());
}

#[test]
fn an_invoice_that_nobody_could_pay_is_not_built() {
    let build = |paths: &[_]| {
        InvoiceBuilder::new(&unsigned(), PaymentHash([9; 32]), key(PAYEE), NOW, paths)
            .build()
            .unwrap_err()
    };
    assert_eq!(build(&[]), InvoiceRejection::NoPaths);
    let too_many = vec![(path(), payinfo()); 400];
    assert_eq!(
        build(&too_many).to_string(),
        "invalid invoice data: longer than 65535 bytes"
    );
}

#[test]
fn an_invoice_for_mainnet_is_rejected_elsewhere() {
    let invoice: Invoice = invoice(&unsigned()).to_string().parse().unwrap();
    let rejection = invoice.into_complete(ChainHash::BITCOIN, NOW).unwrap_err();
    assert_eq!(rejection, InvoiceRejection::WrongChain);
}

#[test]
fn a_text_of_another_message_is_told_by_its_prefix() {
    let request: OfferlessRequest = signed();
    let error = request.to_string().parse::<Invoice>().unwrap_err();
    assert_eq!(error.to_string(), "unexpected prefix lnr");
}
