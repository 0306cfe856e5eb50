//! Writing and reading invoice_requests, and every reason to reject one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use bitcoin::constants::ChainHash;
use boltill_bolt12::{
    BlindedPath, Dialect, IntroductionNode, InvoiceRequest, InvoiceRequestBuilder, OfferlessRequest,
    TlvWriter, types,
};
use boltill_types::{Msat, UnixSeconds};
use common::{CHAIN, NOW, PAYER, builder, key, path, signed, signer, unsigned};

/// The unsigned request with records replaced, added, or (by `None`) removed.
fn changed(changes: &[(u64, Option<&[u8]>)]) -> InvoiceRequest {
    InvoiceRequest::from_bytes(changed_bytes(&unsigned(), changes)).unwrap()
}

fn changed_bytes(request: &OfferlessRequest, changes: &[(u64, Option<&[u8]>)]) -> Vec<u8> {
    let mut writer = TlvWriter::default();
    for record in request.request().tlvs().records() {
        if !changes.contains(&(record.number(), None)) {
            writer.set(record.number(), record.value());
        }
    }
    for (number, value) in changes {
        writer.set_some(*number, *value);
    }
    writer.finish().as_bytes().to_vec()
}

fn rejection(changes: &[(u64, Option<&[u8]>)]) -> String {
    changed(changes).into_offerless(CHAIN).unwrap_err().to_string()
}

#[test]
fn every_field_that_is_set_is_read_back() {
    let request = builder()
        .issuer("boltill")
        .absolute_expiry(NOW)
        .paths(&[path(), path()])
        .quantity(3)
        .payer_note("with thanks")
        .build()
        .unwrap();
    let read = OfferlessRequest::parse(&request.to_string(), CHAIN).unwrap();
    assert_eq!(read, request);
    assert_eq!(read.amount(), Msat(1_000_000));
    assert_eq!(read.payer_id(), key(PAYER));
    assert_eq!(read.description(), Some("ATM withdrawal"));
    assert_eq!(read.absolute_expiry(), Some(NOW));
    let (offer, invreq) = (read.request().offer(), read.request().invreq());
    assert_eq!(offer.issuer.as_deref(), Some("boltill"));
    assert_eq!(invreq.metadata, Some(vec![7; 16]));
    assert_eq!(invreq.chain, Some(CHAIN));
    assert_eq!(invreq.quantity, Some(3));
    assert_eq!(invreq.payer_note.as_deref(), Some("with thanks"));
    assert_eq!(invreq.paths, Some(vec![path(), path()]));
}

#[test]
fn bitcoin_is_the_chain_of_a_request_that_names_none() {
    let request = InvoiceRequestBuilder::new(ChainHash::BITCOIN, Msat(1), "", [0; 16], key(PAYER))
        .build()
        .unwrap();
    assert_eq!(request.request().invreq().chain, None);
    assert!(OfferlessRequest::parse(&request.to_string(), ChainHash::BITCOIN).is_ok());
}

#[test]
fn both_dialects_are_one_request() {
    let (signed, unsigned) = (signed(), unsigned());
    assert_eq!(signed.dialect(), Dialect::Signed);
    assert!(signed.request().is_signature_valid());
    assert_eq!(unsigned.dialect(), Dialect::Unsigned);
    assert_ne!(signed.to_string(), unsigned.to_string());
    assert_eq!(signed.id(), unsigned.id());
    assert_eq!(signed.to_unsigned(), unsigned);
    assert_eq!(signed.sign(signer(PAYER)).unwrap(), signed);
    for request in [&signed, &unsigned] {
        assert_eq!(
            &OfferlessRequest::parse(&request.to_string(), CHAIN).unwrap(),
            request
        );
    }
}

#[test]
fn a_request_is_good_through_the_second_it_names() {
    let request = builder().absolute_expiry(NOW).build().unwrap();
    assert!(!request.is_expired(NOW));
    assert!(request.is_expired(UnixSeconds(NOW.0 + 1)));
    assert!(!unsigned().is_expired(UnixSeconds(u64::MAX)));
}

#[test]
fn each_fault_is_named_in_core_lightnings_words() {
    use types::*;
    let point = key(3).serialize();
    let mut empty_path = Vec::new();
    BlindedPath::new(IntroductionNode::NodeId(key(1)), key(2), vec![])
        .unwrap()
        .write(&mut empty_path);
    let cases: [(u64, Option<&[u8]>, &str); 17] = [
        (INVREQ_CHAIN, None, "Unparsable invoice_request: wrong chain"),
        (
            INVREQ_FEATURES,
            Some(&[1, 0]),
            "Unparsable invoice_request: unknown feature bit 8",
        ),
        (
            161,
            Some(&[]),
            "Unparsable invoice_request: Invoice request 161 field outside invoice request range",
        ),
        (
            1001,
            Some(&[]),
            "Unparsable invoice_request: Invoice request 1001 field outside invoice request range",
        ),
        (
            3_000_000_001,
            Some(&[]),
            "Unparsable invoice_request: Invoice request 3000000001 field outside invoice request range",
        ),
        (
            INVREQ_PATHS,
            Some(&empty_path),
            "Unparsable invoice_request: Invoice request contains an empty invreq_path",
        ),
        (INVREQ_PAYER_ID, None, "Missing invreq_payer_id"),
        (INVREQ_METADATA, None, "Missing invreq_metadata"),
        (SIGNATURE, Some(&[1; 64]), "Invalid signature"),
        (OFFER_ISSUER_ID, Some(&point), "This is based on an offer?"),
        (OFFER_PATHS, Some(&[]), "This is based on an offer?"),
        (OFFER_CHAINS, Some(&[0; 32]), "Unexpected offer_chains"),
        (OFFER_FEATURES, Some(&[]), "Unexpected offer_features"),
        (OFFER_QUANTITY_MAX, Some(&[]), "Unexpected offer_quantity_max"),
        (INVREQ_AMOUNT, None, "Missing invreq_amount"),
        (
            INVREQ_BIP_353_NAME,
            Some(b"\x01a\x03b/c"),
            "Invalid invreq_bip_353_name",
        ),
        (
            INVREQ_BIP_353_NAME,
            Some("\x02é\x01b".as_bytes()),
            "Invalid invreq_bip_353_name",
        ),
    ];
    for (number, value, words) in cases {
        assert_eq!(rejection(&[(number, value)]), words);
    }
}

#[test]
fn of_two_faults_the_one_that_core_lightning_looks_for_first_is_named() {
    use types::*;
    let order: [(u64, Option<&[u8]>, &str); 11] = [
        (INVREQ_CHAIN, None, "wrong chain"),
        (INVREQ_FEATURES, Some(&[1]), "unknown feature bit 0"),
        (161, Some(&[]), "outside invoice request range"),
        (INVREQ_PAYER_ID, None, "Missing invreq_payer_id"),
        (INVREQ_METADATA, None, "Missing invreq_metadata"),
        (SIGNATURE, Some(&[1; 64]), "Invalid signature"),
        (OFFER_PATHS, Some(&[]), "This is based on an offer?"),
        (OFFER_CHAINS, Some(&[]), "offer_chains"),
        (OFFER_FEATURES, Some(&[]), "offer_features"),
        (OFFER_QUANTITY_MAX, Some(&[]), "offer_quantity_max"),
        (INVREQ_AMOUNT, None, "Missing invreq_amount"),
    ];
    for (at, (number, value, words)) in order.iter().enumerate() {
        let changes: Vec<_> = order[at..]
            .iter()
            .map(|(number, value, _)| (*number, *value))
            .collect();
        assert!(rejection(&changes).contains(words), "{number} {value:?}");
    }
}

#[test]
fn malformed_fields_are_invalid_invreq_data() {
    use types::*;
    let cases: [(u64, &[u8], &str); 9] = [
        (78, &[], "field 78 is unknown and even"),
        (250, &[], "field 250 is unknown and even"),
        (2_000_000_000, &[], "field 2000000000 is unknown and even"),
        (
            INVREQ_AMOUNT,
            &[0, 1],
            "invreq_amount is not a whole number in its shortest form",
        ),
        (INVREQ_CHAIN, &[1; 31], "invreq_chain has 31 bytes instead of 32"),
        (INVREQ_PAYER_ID, &[5; 33], "invreq_payer_id holds no valid point"),
        (OFFER_DESCRIPTION, &[0xff], "offer_description is not UTF-8"),
        (
            INVREQ_PATHS,
            &[4],
            "invreq_paths has a blinded path that starts nowhere",
        ),
        (
            INVREQ_BIP_353_NAME,
            &[0, 0, 0],
            "invreq_bip_353_name has bytes left over",
        ),
    ];
    for (number, value, words) in cases {
        let bytes = changed_bytes(&unsigned(), &[(number, Some(value))]);
        let error = InvoiceRequest::from_bytes(bytes).unwrap_err().to_string();
        assert_eq!(error, format!("invalid invreq data: {words}"));
    }
}

#[test]
fn unknown_odd_fields_are_kept_and_belong_to_the_id() {
    let request = changed(&[(33, Some(b"hello")), (2_000_000_001, Some(b"world"))]);
    let numbers: Vec<_> = request.unknown_records().map(|record| record.number()).collect();
    assert_eq!(numbers, [33, 2_000_000_001]);
    let request = request.into_offerless(CHAIN).unwrap();
    assert_ne!(request.id(), unsigned().id());
    let signed = request.sign(signer(PAYER)).unwrap();
    let read = OfferlessRequest::parse(&signed.to_string(), CHAIN).unwrap();
    assert_eq!(read.id(), request.id());
    assert_eq!(read.request().tlvs().get(33), Some(&b"hello"[..]));
}

#[test]
fn a_changed_field_breaks_the_signature() {
    let bytes = changed_bytes(&signed(), &[(types::INVREQ_AMOUNT, Some(&[1]))]);
    let request = InvoiceRequest::from_bytes(bytes).unwrap();
    assert!(!request.is_signature_valid());
    assert_eq!(
        request.into_offerless(CHAIN).unwrap_err().to_string(),
        "Invalid signature"
    );
}

#[test]
fn what_does_not_fit_into_a_message_is_not_built() {
    let error = builder().payer_note(&"a".repeat(65_535)).build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "Unparsable invoice_request: invalid invreq data: longer than 65535 bytes"
    );
}
