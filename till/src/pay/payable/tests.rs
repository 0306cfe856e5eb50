use crate::test::{Bench, order, request};
use crate::{FeeLimit, PayError, PayRequest};
use boltill_ledger::Range;
use boltill_node::SendError;
use boltill_types::Msat;

/// An invoice of somebody else.
async fn theirs(amount: Option<u64>) -> String {
    Bench::with_key(2)
        .till
        .create_invoice(order(amount, "theirs"))
        .await
        .unwrap()
        .bolt11
}

#[tokio::test]
async fn an_invoice_that_must_not_be_paid_is_refused_in_core_lightnings_words() {
    let bench = Bench::new();
    let (fixed, open) = (theirs(Some(1_000)).await, theirs(None).await);
    let mainnet = "lnbc25m1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5vdhkven9v5sxyetpdeessp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygs9q5sqqqqqqqqqqqqqqqpqsq67gye39hfg3zd8rgc80k32tvy9xk2xunwm5lzexnvpx6fd77en8qaq424dxgt56cag2dpt359k3ssyhetktkpqh24jqnjyw6uqd08sgptq44qu";
    let mut hashed = order(Some(1_000), "hashed");
    hashed.deschashonly = true;
    let hashed = Bench::with_key(2)
        .till
        .create_invoice(hashed)
        .await
        .unwrap()
        .bolt11;
    let mut expired = order(Some(1_000), "expired");
    expired.expiry = 0;
    let expired = Bench::with_key(2)
        .till
        .create_invoice(expired)
        .await
        .unwrap()
        .bolt11;
    let with_amount = |invoice: &str| PayRequest {
        amount: Some(Msat(5)),
        ..request(invoice)
    };
    let with_part = |part| PayRequest {
        partial: Some(Msat(part)),
        ..request(&fixed)
    };
    let with_description = |text: &str| PayRequest {
        description: Some(text.to_owned()),
        ..request(&hashed)
    };
    for (request, words) in [
        (request("nonsense"), "Invalid bolt11 invoice: "),
        (request("lni1qq"), "Invalid bolt12 invoice: "),
        (
            request(mainnet),
            "Invalid bolt11 invoice: Prefix bc is not for regtest",
        ),
        (request(&open), "amount_msat required"),
        (
            PayRequest {
                amount: Some(Msat::ZERO),
                ..request(&open)
            },
            "amount_msat required",
        ),
        (with_amount(&fixed), "amount_msat unnecessary"),
        (request(&expired), "Invoice expired "),
        (
            with_part(1_001),
            "partial_msat must be less or equal to total amount 1000msat",
        ),
        (
            with_part(999),
            "partial_msat below the total amount is not supported",
        ),
        (
            request(&hashed),
            "bolt11 uses description_hash, but you did not provide description parameter",
        ),
        (
            with_description("something else"),
            "Invalid bolt11 invoice: h: does not match description",
        ),
    ] {
        let error = bench.till.pay(request).await.unwrap_err();
        assert!(error.to_string().starts_with(words), "{error}");
    }
    assert!(
        bench
            .ledger
            .list_payments(Range::ALL)
            .collect()
            .await
            .unwrap()
            .is_empty()
    );
    let described = with_description("what hashed is for");
    bench.node.state.lock().unwrap().refuse_to_send = Some(SendError::RouteNotFound);
    let sent = bench.till.pay(described).await.unwrap_err();
    assert!(
        matches!(sent, PayError::Failed { .. }),
        "the right description is taken"
    );
}

#[test]
fn a_fee_limit_is_a_share_of_the_amount_or_what_is_exempt() {
    assert_eq!(FeeLimit::PAY.of(Msat(1_000_000)), Msat(5_000));
    assert_eq!(FeeLimit::PAY.of(Msat(10_000_000)), Msat(50_000));
    assert_eq!(FeeLimit::XPAY.of(Msat(u64::MAX)), Msat(184_467_440_737_095_516));
    assert_eq!(FeeLimit::Absolute(Msat(3)).of(Msat(1)), Msat(3));
}
