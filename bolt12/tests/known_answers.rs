//! Messages that others made: Core Lightning's examples, and the vector of BOLT 12.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use bitcoin::constants::ChainHash;
use bitcoin::hex::DisplayHex;
use boltill_bolt12::{Dialect, InvoiceRequest, OfferlessRequest, RequestRejection, merkle, signature};
use boltill_types::Msat;
use serde_json::Value;

/// The examples of Core Lightning's `invoicerequest`: text, id, amount, description, issuer.
const EXAMPLES: [(&str, &str, u64, &str, Option<&str>); 2] = [
    (
        "lnr1qqgypua5g7rp293k00s66ayvnv26czst2d5k6urvv5s8getnw3gzqp3zderpzxstt8927ynqg044h0egcd8n5h3n9g0u0v4h8ncc3yg02gps7sjqtqssytfzxcs2xkdy0lml0tzy0jzugmyj8kjn8zfzrgq9fsgurc72x82e7pq947t0ks7a4yejz8w79x4zj25s3pu6zrnw2e0v2ugdescpcqsq307z4p2dlxe92fv7xd43qut0pjkg4y094hupqyhsj8dlhvmmfng6sv",
        "93f193cd2432d292f8b64af08942989d71c0a0366fb52d57ddb688c8fb066399",
        1_000_000,
        "Simple test",
        None,
    ),
    (
        "lnr1qqgx5t5hcw5ru9fgkhgxj4thjq4ugzsk2fjhzat9wd6xjmn8ypnx7u3qd9h8vmmfvdj3yyrrd35kw6r5de5kueeqwd6x7un92qsqvgnwgcg35z6ee2h3yczraddm72xrfua9uve2rlrm9deu7xyfzr6jqwvfdqzcyypz6g3kyz34nfrl7lm6c3rushzxey3a55ecjgs6qp2vz8q78j336k0sgpvamrunx5t6vdaeu7nmmlh5u6f0dnscasy2alyxq79f5wnc043gxrzyqt640dmuj7c94644j5ae6wfse7tsejwqnmc575ly9t38h4hf",
        "a621a0e8e8ea9aa97fd47ab9b140e413be7f4ea45377617e693eb7afe5a3dbf9",
        10_000_000,
        "Requesting for invoice",
        Some("clightning store"),
    ),
];

#[test]
fn core_lightnings_examples_decode_verify_and_have_their_printed_ids() {
    for (text, id, amount, description, issuer) in EXAMPLES {
        let request = OfferlessRequest::parse(text, ChainHash::REGTEST).unwrap();
        assert_eq!(request.id().to_string(), id);
        assert_eq!(request.amount(), Msat(amount));
        assert_eq!(request.description(), Some(description));
        assert_eq!(request.request().offer().issuer.as_deref(), issuer);
        assert_eq!(
            request.request().invreq().metadata.as_ref().map(Vec::len),
            Some(16)
        );
        assert_eq!(request.dialect(), Dialect::Signed);
        assert!(request.request().is_signature_valid());
        assert_eq!(request.to_string(), text);
    }
}

#[test]
fn the_unsigned_dialect_of_the_examples_has_the_same_id() {
    for (text, id, ..) in EXAMPLES {
        let signed = OfferlessRequest::parse(text, ChainHash::REGTEST).unwrap();
        let unsigned =
            OfferlessRequest::parse(&signed.to_unsigned().to_string(), ChainHash::REGTEST).unwrap();
        assert_eq!(unsigned.dialect(), Dialect::Unsigned);
        assert_eq!(unsigned.id().to_string(), id);
        assert_eq!(unsigned.amount(), signed.amount());
    }
}

#[test]
fn the_signed_request_of_bolt_12_verifies_and_is_found_to_answer_an_offer() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("data/bolt12-signature-test.json")).unwrap();
    let vector = vectors
        .iter()
        .find(|vector| vector.get("bolt12").is_some())
        .unwrap();
    let expected = |name: &str| vector[name].as_str().unwrap();

    let request: InvoiceRequest = expected("bolt12").parse().unwrap();
    assert_eq!(
        request.offer().description.as_deref(),
        Some("A Mathematical Treatise")
    );
    assert_eq!(request.offer().currency.as_deref(), Some("USD"));
    assert_eq!(request.offer().amount, Some(100));
    let root = merkle::root(request.tlvs());
    assert_eq!(root.to_string(), expected("merkle"));
    let digest = signature::digest(signature::INVOICE_REQUEST, signature::SIGNATURE, root);
    assert_eq!(
        digest.as_ref().to_lower_hex_string(),
        expected("H(signature_tag,merkle)")
    );
    assert_eq!(request.signature().unwrap().to_string(), expected("signature"));
    assert!(request.is_signature_valid());

    let rejection = request.into_offerless(ChainHash::BITCOIN).unwrap_err();
    assert_eq!(rejection, RequestRejection::BasedOnOffer);
}
