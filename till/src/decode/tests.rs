use super::{Decoded, decode};
use crate::collect::read_invoice_request;
use crate::test::{Bench, blinded_path};
use bitcoin::secp256k1::PublicKey;
use boltill_bolt12::{
    BlindedPath, BlindedPayInfo, FallbackAddress, Features, InvoiceBuilder, TlvStream, TlvWriter, bech32,
    types,
};
use boltill_types::{Msat, PaymentHash, UnixSeconds};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::str::FromStr;

/// The examples of `invoicerequest` in Core Lightning's manual.
const FIRST_REQUEST: &str = "lnr1qqgypua5g7rp293k00s66ayvnv26czst2d5k6urvv5s8getnw3gzqp3zderpzxstt8927ynqg044h0egcd8n5h3n9g0u0v4h8ncc3yg02gps7sjqtqssytfzxcs2xkdy0lml0tzy0jzugmyj8kjn8zfzrgq9fsgurc72x82e7pq947t0ks7a4yejz8w79x4zj25s3pu6zrnw2e0v2ugdescpcqsq307z4p2dlxe92fv7xd43qut0pjkg4y094hupqyhsj8dlhvmmfng6sv";
const SECOND_REQUEST: &str = "lnr1qqgx5t5hcw5ru9fgkhgxj4thjq4ugzsk2fjhzat9wd6xjmn8ypnx7u3qd9h8vmmfvdj3yyrrd35kw6r5de5kueeqwd6x7un92qsqvgnwgcg35z6ee2h3yczraddm72xrfua9uve2rlrm9deu7xyfzr6jqwvfdqzcyypz6g3kyz34nfrl7lm6c3rushzxey3a55ecjgs6qp2vz8q78j336k0sgpvamrunx5t6vdaeu7nmmlh5u6f0dnscasy2alyxq79f5wnc043gxrzyqt640dmuj7c94644j5ae6wfse7tsejwqnmc575ly9t38h4hf";

fn decoded(text: &str) -> Value {
    serde_json::to_value(decode(text).unwrap()).unwrap()
}

#[test]
fn an_invoice_of_the_specification_is_told_field_by_field() {
    // BOLT 11, examples: "Please send $30 for coffee beans to the same peer, which supports features 9, 15 and 99".
    let text = "lnbc25m1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5vdhkven9v5sxyetpdeessp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygs9q5sqqqqqqqqqqqqqqqpqsq67gye39hfg3zd8rgc80k32tvy9xk2xunwm5lzexnvpx6fd77en8qaq424dxgt56cag2dpt359k3ssyhetktkpqh24jqnjyw6uqd08sgptq44qu";
    let told = decoded(&text.to_uppercase());
    assert_eq!(
        told,
        json!({
            "type": "bolt11 invoice",
            "currency": "bc",
            "created_at": 1_496_314_658,
            "expiry": 3_600,
            "payee": "03e7156ae33b0a208d0744199163177e909e80176e55d97a2f221ede0f934dd9ad",
            "amount_msat": 2_500_000_000u64,
            "description": "coffee beans",
            "min_final_cltv_expiry": 18,
            "payment_secret": "1111111111111111111111111111111111111111111111111111111111111111",
            "features": told["features"],
            "payment_hash": "0001020304050607080900010203040506070809000102030405060708090102",
            "signature": told["signature"],
            "valid": true,
        })
    );
    assert!(told["signature"].as_str().unwrap().starts_with("30"), "in DER");
    assert!(
        told["features"].as_str().unwrap().ends_with("8200"),
        "features 9 and 15"
    );
}

#[test]
fn fallbacks_and_route_hints_are_told() {
    // BOLT 11, examples: on mainnet, with a fallback address and extra routing info over two hops.
    let text = "lnbc20m1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqhp58yjmdan79s6qqdhdzgynm4zwqd5d7xmw5fk98klysy043l2ahrqsfpp3qjmp7lwpagxun9pygexvgpjdc4jdj85fr9yq20q82gphp2nflc7jtzrcazrra7wwgzxqc8u7754cdlpfrmccae92qgzqvzq2ps8pqqqqqqpqqqqq9qqqvpeuqafqxu92d8lr6fvg0r5gv0heeeqgcrqlnm6jhphu9y00rrhy4grqszsvpcgpy9qqqqqqgqqqqq7qqzq9qrsgqdfjcdk6w3ak5pca9hwfwfh63zrrz06wwfya0ydlzpgzxkn5xagsqz7x9j4jwe7yj7vaf2k9lqsdk45kts2fd0fkr28am0u4w95tt2nsq76cqw0";
    let told = decoded(text);
    assert_eq!(told["fallbacks"][0]["type"], "P2PKH");
    assert_eq!(told["fallbacks"][0]["addr"], "1RustyRX2oai4EYYDpQGWvEL62BBGqN9T");
    let hops = told["routes"][0].as_array().unwrap();
    assert_eq!(hops.len(), 2);
    assert_eq!(hops[0]["short_channel_id"], "66051x263430x1800");
    assert_eq!(hops[1]["fee_base_msat"], 2);
    assert!(told.get("description").is_none());
    assert!(told["description_hash"].is_string());
}

#[test]
fn both_examples_of_invoice_requests_are_told_field_by_field() {
    let told = decoded(FIRST_REQUEST);
    assert_eq!(
        told,
        json!({
            "type": "bolt12 invoice_request",
            "invreq_metadata": told["invreq_metadata"],
            "offer_description": "Simple test",
            "invreq_chain": "06226e46111a0b59caaf126043eb5bbf28c34f3a5e332a1fc7b2b73cf188910f",
            "invreq_amount_msat": 1_000_000,
            "invreq_payer_id": told["invreq_payer_id"],
            "signature": told["signature"],
            "valid": true,
        })
    );
    assert_eq!(told["invreq_metadata"].as_str().unwrap().len(), 32);
    assert_eq!(told["signature"].as_str().unwrap().len(), 128);
    let id = "93f193cd2432d292f8b64af08942989d71c0a0366fb52d57ddb688c8fb066399";
    assert_eq!(read_invoice_request(FIRST_REQUEST).unwrap().id().to_string(), id);

    let told = decoded(SECOND_REQUEST);
    assert_eq!(told["offer_description"], "Requesting for invoice");
    assert_eq!(told["offer_issuer"], "clightning store");
    assert_eq!(told["invreq_amount_msat"], 10_000_000);
    assert_eq!(told["valid"], true, "{told:#}");
    let id = "a621a0e8e8ea9aa97fd47ab9b140e413be7f4ea45377617e693eb7afe5a3dbf9";
    assert_eq!(read_invoice_request(SECOND_REQUEST).unwrap().id().to_string(), id);
}

#[test]
fn text_may_be_in_upper_case_and_in_several_pieces() {
    let told = decoded(FIRST_REQUEST);
    assert_eq!(
        decoded(&format!("LIGHTNING:{}", FIRST_REQUEST.to_uppercase())),
        told
    );
    let (front, back) = FIRST_REQUEST.split_at(100);
    assert_eq!(decoded(&format!("{front}+\n  {back}")), told);
    let refused = |text: &str| decode(text).unwrap_err().to_string();
    assert_eq!(
        refused(&format!("{FIRST_REQUEST}+")),
        "Invalid bolt12: unfinished string"
    );
    assert_eq!(refused("lnr1qq"), "Invalid bolt12: a number ends too early");
}

/// The same request with other records; an empty one takes the record away.
fn changed(text: &str, records: &[(u64, &[u8])]) -> String {
    let (prefix, bytes) = bech32::decode(text).unwrap();
    let stream = TlvStream::parse(bytes).unwrap();
    let mut writer = TlvWriter::default();
    for record in stream.records() {
        let removed = records.iter().any(|(number, _)| *number == record.number());
        if !removed {
            writer.set(record.number(), record.value());
        }
    }
    for (number, value) in records.iter().filter(|(_, value)| !value.is_empty()) {
        writer.set(*number, *value);
    }
    bech32::encode(prefix, writer.finish().as_bytes()).to_string()
}

#[test]
fn a_request_without_signature_is_valid_unless_it_answers_an_offer() {
    let unsigned = changed(FIRST_REQUEST, &[(types::SIGNATURE, &[])]);
    let told = decoded(&unsigned);
    assert_eq!(told["valid"], true, "{told:#}");
    assert!(told.get("signature").is_none());
    let key =
        PublicKey::from_str("02eec7245d6b7d2ccb30380bfbe2a3648cd7a942653f5aa340edcea1f283686619").unwrap();
    let answer = decoded(&changed(&unsigned, &[(types::OFFER_ISSUER_ID, &key.serialize())]));
    assert_eq!(answer["valid"], false);
    assert!(answer["warning_missing_invoice_request_signature"].is_string());
    assert!(answer["offer_id"].is_string());
}

#[test]
fn what_is_missing_or_wrong_in_a_request_is_told() {
    let warned = |records: &[(u64, &[u8])]| {
        let told = decoded(&changed(FIRST_REQUEST, records));
        assert_eq!(told["valid"], false, "{told:#}");
        let names = told.as_object().unwrap().keys();
        let mut warnings: Vec<_> = names
            .filter(|name| name.starts_with("warning_"))
            .cloned()
            .collect();
        warnings.sort_unstable();
        warnings
    };
    let signature = "warning_invalid_invoice_request_signature";
    assert_eq!(warned(&[(types::INVREQ_AMOUNT, &[1])]), [signature]);
    assert_eq!(
        warned(&[(types::INVREQ_METADATA, &[])]),
        [signature, "warning_missing_invreq_metadata"]
    );
    // Without a key there is nothing to check the signature with.
    assert_eq!(
        warned(&[(types::INVREQ_PAYER_ID, &[])]),
        [signature, "warning_missing_invreq_payer_id"]
    );
    assert_eq!(
        warned(&[
            (types::OFFER_DESCRIPTION, &[0xff]),
            (types::OFFER_ISSUER, &[0xff])
        ]),
        [
            "warning_invalid_offer_description",
            "warning_invalid_offer_issuer"
        ]
    );
    assert_eq!(
        warned(&[(types::INVREQ_BIP_353_NAME, b"\x02a$\x03b.c")]),
        [signature, "warning_invreq_bip_353_name_name_invalid"]
    );
    // CLN has no names for these: an amount that is missing, and what must be understood.
    assert_eq!(
        warned(&[(types::INVREQ_AMOUNT, &[]), (types::SIGNATURE, &[])]),
        [""; 0]
    );
    assert_eq!(warned(&[(92, &[1]), (types::SIGNATURE, &[])]), [""; 0]);
}

#[test]
fn unknown_fields_are_told_with_their_bytes() {
    let told = decoded(&changed(FIRST_REQUEST, &[(93, &[1, 2]), (types::SIGNATURE, &[])]));
    assert_eq!(told["valid"], true);
    assert_eq!(
        told["unknown_invoice_request_tlvs"],
        json!([{"type": 93, "length": 2, "value": "0102"}])
    );
    let told = decoded(&changed(FIRST_REQUEST, &[(92, &[1])]));
    assert_eq!(told["unknown_invoice_request_tlvs"][0]["type"], 92);
}

#[test]
fn an_offer_in_a_currency_is_told_with_its_decimal_places() {
    const OFFER: &str = "lno1pgx9getnwss8vetrw3hhyuckyypwa3eyt44h6txtxquqh7lz5djge4afgfjn7k4rgrkuag0jsd5xvxg";
    let told = decoded(&changed(
        OFFER,
        &[(types::OFFER_AMOUNT, &[200]), (types::OFFER_CURRENCY, b"JPY")],
    ));
    assert_eq!(
        (&told["offer_amount"], &told["currency_minor_unit"]),
        (&json!(200), &json!(0))
    );
    assert_eq!(told["valid"], true, "{told:#}");
    let told = decoded(&changed(
        OFFER,
        &[(types::OFFER_AMOUNT, &[200]), (types::OFFER_CURRENCY, b"AAA")],
    ));
    assert!(told["warning_unknown_offer_currency"].is_string());
    let told = decoded(&changed(
        OFFER,
        &[(types::OFFER_AMOUNT, &[200]), (types::OFFER_DESCRIPTION, &[])],
    ));
    assert!(told["warning_missing_offer_description"].is_string());
    let told = decoded(&changed(OFFER, &[(types::OFFER_ISSUER_ID, &[])]));
    assert!(told["warning_missing_offer_issuer_id"].is_string());
}

#[test]
fn an_invoice_for_a_request_is_told_with_the_terms_of_its_paths() {
    let node = Bench::new().till.lightning().id();
    let paths = BlindedPath::parse_all(&blinded_path(&node)).unwrap();
    let payinfo = BlindedPayInfo {
        fee_base_msat: 1,
        fee_proportional_millionths: 2,
        cltv_expiry_delta: 3,
        htlc_minimum: Msat(4),
        htlc_maximum: Msat(5),
        features: Features::default(),
    };
    let request = read_invoice_request(FIRST_REQUEST).unwrap();
    let program = [7; 32].to_vec();
    let complete = InvoiceBuilder::new(
        &request,
        PaymentHash([9; 32]),
        node,
        UnixSeconds(1_700_000_000),
        &[(paths[0].clone(), payinfo)],
    )
    .relative_expiry(90)
    .fallbacks(&[FallbackAddress { version: 1, program }])
    .build()
    .unwrap();
    let Ok(signed) =
        complete.sign(|digest| Ok::<_, Infallible>(Bench::new().till.lightning().sign_bolt12(digest)));
    let told = decoded(&signed.to_string());
    assert_eq!(told["type"], "bolt12 invoice");
    assert_eq!(told["valid"], true, "{told:#}");
    assert_eq!(told["offer_description"], "Simple test");
    assert_eq!(told["invoice_amount_msat"], 1_000_000);
    assert_eq!(told["invoice_relative_expiry"], 90);
    assert_eq!(told["invoice_paths"][0]["first_node_id"], node.to_string());
    assert_eq!(told["invoice_paths"][0]["payinfo"]["cltv_expiry_delta"], 3);
    assert!(told.get("invoice_blindedpay").is_none());
    let address = told["invoice_fallbacks"][0]["address"].as_str().unwrap();
    assert!(address.starts_with("bcrt1p"), "{address}");

    let told = decoded(&changed(&signed.to_string(), &[(types::INVOICE_AMOUNT, &[1])]));
    assert_eq!(told["warning_invalid_invoice_signature"], "Incorrect signature");
    let missing = [
        (types::INVOICE_PATHS, "warning_missing_invoice_paths"),
        (types::INVOICE_BLINDEDPAY, "warning_missing_invoice_blindedpay"),
        (types::INVOICE_CREATED_AT, "warning_missing_invoice_created_at"),
        (
            types::INVOICE_PAYMENT_HASH,
            "warning_missing_invoice_payment_hash",
        ),
        (types::INVOICE_AMOUNT, "warning_missing_invoice_amount"),
        (types::INVOICE_NODE_ID, "warning_missing_invoice_node_id"),
        (types::SIGNATURE, "warning_missing_invoice_signature"),
    ];
    for (number, warning) in missing {
        let told = decoded(&changed(&signed.to_string(), &[(number, &[])]));
        assert!(
            told[warning].is_string() && told["valid"] == false,
            "{warning}: {told:#}"
        );
    }
}

#[test]
fn what_is_nothing_is_refused() {
    for text in [
        "",
        "ln",
        "lno1",
        "lnr1qq",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        "lnp1qq",
        "lightning:",
    ] {
        assert!(decode(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(lnbcrt|lno1|lnr1|lni1)?[0-9a-z+ ]{0,90}") {
        let _ = decode(&text);
    }

    #[test]
    fn a_signed_request_with_one_character_changed_is_refused_or_not_valid(position in 4..300usize, to in 0..32usize) {
        let to = char::from(b"qpzry9x8gf2tvdw0s3jn54khce6mua7l"[to]);
        let mut changed: Vec<char> = SECOND_REQUEST.chars().collect();
        let position = position.min(changed.len() - 2);
        prop_assume!(changed[position] != to);
        changed[position] = to;
        match decode(&changed.into_iter().collect::<String>()) {
            // A signature whose record has another number is none, and a request needs none.
            Ok(Decoded::Bolt12(told)) => {
                let signed = serde_json::to_value(&told).unwrap()["signature"].is_string();
                prop_assert!(!signed || !told.is_valid());
            }
            Ok(other) => prop_assert!(false, "{other:?}"),
            Err(_) => {}
        }
    }
}
