//! Each kind of restriction, on runes of a ledger.

use super::*;
use bitcoin::Network;

async fn runes(path: &std::path::Path) -> Runes {
    let ledger = Arc::new(Ledger::open(path, Network::Regtest).unwrap());
    Runes::open(ledger).await.unwrap()
}

fn restrictions(texts: &[&[&str]]) -> Vec<Restriction> {
    let restriction = |texts: &&[&str]| {
        Restriction(
            texts
                .iter()
                .map(|text| Alternative::parse(text).unwrap())
                .collect(),
        )
    };
    texts.iter().map(restriction).collect()
}

/// A rune of one restriction on a request; the refusal's words.
fn tested(alternatives: &[&str], method: &str, params: &str) -> Result<(), String> {
    let master = Master::new(&[0; 32]);
    let rune = master.rune(0, restrictions(&[alternatives]));
    let nodeid = "024b9a1fa8e006f1e3937f65f66c408e6da8e1ca728ea43222a7381df1cc449605";
    let request = Request::new(
        nodeid.parse().ok(),
        Some(method),
        Some(Token::parse(params).unwrap()),
    );
    let times = Times {
        now: Duration::from_secs(1_000),
        last_used: Some(Duration::from_secs(995)),
    };
    test::test(&rune, &request, times)
}

#[test]
fn every_condition_has_core_lightnings_meaning_and_words() {
    let params = r#"{"description":"a coffee","amount_msat":1000}"#;
    let refusals = [
        ("pnamelabel!", None),
        ("pnamedescription!", Some("pnamedescription is present")),
        ("method=invoice", None),
        ("method=pay", Some("method is not equal to pay")),
        ("method/pay", None),
        ("method/invoice", Some("method is equal to invoice")),
        ("id^024b9a", None),
        ("id^03", Some("id does not start with 03")),
        ("id$9605", None),
        ("id$03", Some("id does not end with 03")),
        ("pnamedescription~cof", None),
        (
            "pnamedescription~tea",
            Some("pnamedescription does not contain tea"),
        ),
        ("pnameamount_msat<1001", None),
        (
            "pnameamount_msat<1000",
            Some("pnameamount_msat is greater or equal to 1000"),
        ),
        ("pnameamount_msat>999", None),
        (
            "pnameamount_msat>1000",
            Some("pnameamount_msat is less or equal to 1000"),
        ),
        ("pnameamount_msat>x", Some("x is not a valid integer")),
        (
            "pnamedescription<5",
            Some("pnamedescription is not an integer field"),
        ),
        ("method{j", None),
        (
            "method{invoice",
            Some("method is equal to or ordered after invoice"),
        ),
        ("method}inv", None),
        (
            "method}invoice",
            Some("method is equal to or ordered before invoice"),
        ),
        ("anything#goes", None),
        ("pnamelabel=x", Some("pnamelabel not present")),
        ("nothing/x", Some("nothing not present")),
        ("pnamelabel<1", Some("pnamelabel not present")),
    ];
    for (alternative, refusal) in refusals {
        let words = tested(&[alternative], "invoice", params).err();
        assert_eq!(words.as_deref(), refusal, "{alternative}");
    }
    let both = tested(&["method=pay", "pnameamount_msat=1"], "invoice", params);
    assert_eq!(
        both.unwrap_err(),
        "method is not equal to pay AND pnameamount_msat is not equal to 1"
    );
    assert!(tested(&["method=pay", "pnameamount_msat=1000"], "invoice", params).is_ok());
}

#[test]
fn parameters_are_found_by_name_by_position_and_by_their_number() {
    assert!(tested(&["parr1=b"], "m", r#"["a","b"]"#).is_ok());
    assert!(
        tested(&["parr0=7"], "m", "[7]").is_ok(),
        "a number is compared as it is written"
    );
    assert_eq!(
        tested(&["parr2=b"], "m", r#"["a","b"]"#).unwrap_err(),
        "parr2 not present"
    );
    assert!(tested(&["pnum=2"], "m", r#"["a","b"]"#).is_ok() && tested(&["pnum<1"], "m", "{}").is_ok());
    assert_eq!(
        tested(&["pnum=0"], "m", r#"{"a":1}"#).unwrap_err(),
        "pnum is not equal to 0"
    );
    assert!(
        tested(&["pnameamountmsat<10000"], "pay", r#"{"amount_msat":9999}"#).is_ok(),
        "as older runes spell it"
    );
    assert!(tested(&["pnamedescription=a|b"], "m", r#"{"description":"\u0061|b"}"#).is_ok());
    let twice = tested(
        &["pnameamount_msat<10"],
        "pay",
        r#"{"amount_msat":1,"amount_msat":99}"#,
    );
    assert_eq!(twice.unwrap_err(), "pnameamount_msat is greater or equal to 10");
}

#[test]
fn time_and_how_often_are_limited() {
    let refusals = [
        ("time<1001", None),
        ("time<1000", Some("time is greater or equal to 1000")),
        ("time>1656675211", Some("time is less or equal to 1656675211")),
        ("rate=12", None),
        ("rate=11", Some("too soon")),
        ("rate<5", Some("rate operator must be =")),
        ("rate=5x", Some("malformed rate")),
        ("rate=0", Some("malformed rate")),
        ("per=5", None),
        ("per=5sec", None),
        ("per=6", Some("too soon")),
        ("per=1min", Some("too soon")),
        ("per=1hour", Some("too soon")),
        ("per=1day", Some("too soon")),
        ("per=5000msec", None),
        ("per=5001msec", Some("too soon")),
        ("per=5000001usec", Some("too soon")),
        ("per=4000000000nsec", None),
        ("per/1", Some("per operator must be =")),
        ("per=x", Some("malformed per")),
        ("per=4294967295", Some("malformed per")),
        ("per=1week", Some("malformed suffix")),
        ("per=4294967294day", Some("per overflow")),
    ];
    for (alternative, refusal) in refusals {
        assert_eq!(
            tested(&[alternative], "m", "{}").err().as_deref(),
            refusal,
            "{alternative}"
        );
    }
}

#[test]
fn what_an_invoice_says_can_be_limited() {
    // From BOLT 11: 2,500 microbitcoin for a cup of coffee.
    let invoice = "lnbc2500u1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpu9qrsgquk0rl77nj30yxdy8j9vdx85fkpmdla2087ne0xh8nhedh8w27kyke0lp53ut353s06fv3qfegext0eh0ymjpf39tuven09sam30g4vgpfna3rh";
    let params = format!(r#"{{"bolt11":"{invoice}"}}"#);
    for (alternative, refusal) in [
        ("pinvbolt11_amount<250000001", None),
        (
            "pinvbolt11_amount<250000000",
            Some("pinvbolt11_amount is greater or equal to 250000000"),
        ),
        (
            "pinvbolt11_description~tea",
            Some("pinvbolt11_description does not contain tea"),
        ),
        ("pinvbolt11_description=1 cup coffee", None),
        ("pinvbolt11_node^03e7156ae33b0a20", None),
        (
            "pinvbolt11_expiry=1",
            Some("pinvbolt11_expiry: no such field of an invoice"),
        ),
        (
            "pinvinvstring_amount!",
            Some("pinvinvstring_amount: invstring not present"),
        ),
    ] {
        let words = tested(&[alternative], "pay", &params).err();
        assert_eq!(words.as_deref(), refusal, "{alternative}");
    }
    let no_invoice = tested(&["pinvbolt11_amount<1"], "pay", r#"{"bolt11":"lnbc1"}"#);
    assert_eq!(no_invoice.unwrap_err(), "pinvbolt11_amount: bolt11 is no invoice");
}

#[tokio::test]
async fn a_use_that_is_limited_counts_after_a_restart_too_and_for_all_that_share_the_id() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger");
    let request = Request::new(None, Some("getinfo"), None);
    let (rune, slower) = {
        let runes = runes(&path).await;
        let rune = runes.create(restrictions(&[&["per=1day"]])).await.unwrap();
        let mut slower = rune.clone();
        slower.restrict(restrictions(&[&["rate=1"]]));
        assert!(runes.check(&rune, &Request::new(None, None, None)).await.is_ok());
        (rune, slower)
    };
    let runes = runes(&path).await;
    for rune in [&rune, &slower] {
        let refusal = runes.check(rune, &request).await.unwrap_err();
        assert_eq!(
            (refusal.code().number(), &*refusal.to_string()),
            (1502, "Not permitted: too soon")
        );
    }
    assert!(runes.last_used(rune.id(), None).is_some());
}

#[tokio::test]
async fn who_is_refused_has_not_used_a_rune_and_of_two_at_once_one_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let runes = runes(&directory.path().join("ledger")).await;
    let rune = runes
        .create(restrictions(&[&["method=getinfo"], &["per=1day"]]))
        .await
        .unwrap();
    let (wrong, right) = (
        Request::new(None, Some("pay"), None),
        Request::new(None, Some("getinfo"), None),
    );
    let refusal = runes.check(&rune, &wrong).await.unwrap_err().to_string();
    assert_eq!(refusal, "Not permitted: method is not equal to getinfo");
    assert_eq!(runes.last_used(rune.id(), None), None);
    let (one, other) = tokio::join!(runes.check(&rune, &right), runes.check(&rune, &right));
    assert!(one.is_ok() != other.is_ok());
}

#[tokio::test]
async fn what_is_withdrawn_or_from_elsewhere_is_refused_by_number_and_words() {
    let directory = tempfile::tempdir().unwrap();
    let runes = runes(&directory.path().join("ledger")).await;
    let rune = runes.create(Vec::new()).await.unwrap();
    let request = Request::new(None, Some("pay"), None);
    runes.check(&rune, &request).await.unwrap();
    let only = RuneRange { first: 0, last: 0 };
    runes.change_blacklist(only, false).await.unwrap();
    let refusal = runes.check(&rune, &request).await.unwrap_err();
    assert_eq!(
        (refusal.code().number(), &*refusal.to_string()),
        (1503, "Not authorized: Blacklisted rune")
    );
    runes.change_blacklist(only, true).await.unwrap();
    runes.check(&rune, &request).await.unwrap();
    let foreign = Master::new(&[7; 32]).rune(0, []);
    let refusal = runes.check(&foreign, &request).await.unwrap_err();
    assert_eq!(
        (refusal.code().number(), &*refusal.to_string()),
        (1501, "Not authorized: Not derived from master")
    );
}

#[test]
fn restrictions_read_as_core_lightning_writes_them() {
    let master = Master::new(&[0; 32]);
    let rune = master.rune(
        0,
        restrictions(&[&["method^list", "method=summary"], &["pnameid!"], &["rate=5"]]),
    );
    assert_eq!(
        in_english(&rune),
        "method starts with list OR method equal to summary AND pnameid is missing AND rate equal to 5"
    );
}
