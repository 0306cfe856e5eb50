use super::merkle::root;
use super::{Decoded, decode, fields};
use bitcoin::hex::FromHex;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The second of the examples of `invoicerequest` in Core Lightning's manual.
const REQUEST: &str = "lnr1qqgx5t5hcw5ru9fgkhgxj4thjq4ugzsk2fjhzat9wd6xjmn8ypnx7u3qd9h8vmmfvdj3yyrrd35kw6r5de5kueeqwd6x7un92qsqvgnwgcg35z6ee2h3yczraddm72xrfua9uve2rlrm9deu7xyfzr6jqwvfdqzcyypz6g3kyz34nfrl7lm6c3rushzxey3a55ecjgs6qp2vz8q78j336k0sgpvamrunx5t6vdaeu7nmmlh5u6f0dnscasy2alyxq79f5wnc043gxrzyqt640dmuj7c94644j5ae6wfse7tsejwqnmc575ly9t38h4hf";

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
fn a_signed_invoice_request_is_told_and_its_signature_checked() {
    let told = decoded(REQUEST);
    assert_eq!(told["type"], "bolt12 invoice_request");
    assert_eq!(told["valid"], true, "{told:#}");
    assert!(told["signature"].is_string());
    assert!(told["invreq_amount_msat"].is_number());
    assert!(told.get("offer_id").is_none(), "it answers no offer");
}

#[test]
fn merkle_roots_are_those_of_the_specification() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../tests/vectors/bolt12-signature-test.json")).unwrap();
    for vector in vectors.as_array().unwrap().iter().take(3) {
        let leaves = vector["leaves"].as_array().unwrap();
        let raw = leaves.iter().flat_map(|leaf| {
            let name = leaf.as_object().unwrap().keys().next().unwrap();
            let record = name.trim_start_matches("H(`LnLeaf`,").trim_end_matches(')');
            Vec::<u8>::from_hex(record).unwrap()
        });
        let raw: Vec<u8> = raw.collect();
        let root = root(fields::records(&raw).unwrap()).unwrap();
        assert_eq!(
            fields::hex(&root),
            fields::Value::Text(vector["merkle"].as_str().unwrap().to_owned())
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
    fn a_request_with_one_character_changed_is_refused_or_not_valid(position in 4..300usize, to in 0..32usize) {
        let to = char::from(b"qpzry9x8gf2tvdw0s3jn54khce6mua7l"[to]);
        let mut changed: Vec<char> = REQUEST.chars().collect();
        let position = position.min(changed.len() - 2);
        prop_assume!(changed[position] != to);
        changed[position] = to;
        match decode(&changed.into_iter().collect::<String>()) {
            Ok(Decoded::Bolt12(told)) => prop_assert!(!told.is_valid()),
            Ok(other) => prop_assert!(false, "{other:?}"),
            Err(_) => {}
        }
    }
}
