//! What becomes of an invoice that comes for a request of ours.

use super::*;
use crate::test::label;
use crate::{CollectError, CollectRequest, Refusal};
use boltill_ledger::{InvoiceStatus, NewPayment, PaymentId, PaymentStatus, PayoutRefusal};
use boltill_node::{RecentPayment, SendError};
use lightning::routing::router::Payee;
use std::time::{Duration, Instant};

#[tokio::test]
async fn an_invoice_is_paid_once_and_the_request_is_used_up() {
    let mut bench = public();
    let request = make(
        &bench,
        NewRequest {
            label: Some("atm".to_owned()),
            ..cash()
        },
    )
    .await;
    let asked = invoice(&request.bolt12, "a");
    arrive(&bench, asked.as_bytes()).await;
    let payment = sent(&mut bench).await;
    assert_eq!((payment.amount, payment.payment_hash), (AMOUNT, hash("a")));
    assert_eq!(payment.max_fee, Msat(5_000), "the limits of `pay`");
    assert!(matches!(&payment.payee.payee, Payee::Blinded { .. }));
    let filed = bench.payment(payment.payment_id).await;
    assert_eq!(filed.state.status(), PaymentStatus::Pending);
    assert_eq!(filed.label.as_deref(), Some("atm"));
    assert_eq!(filed.description.as_deref(), Some("cash"));
    assert_eq!(look(&bench, &request).await.sums.pending, AMOUNT);

    let other = invoice(&request.bolt12, "b");
    arrive(&bench, other.as_bytes()).await;
    assert_eq!(refusal(&bench, other.as_bytes()), "already in progress");

    arrives(&bench, &payment, "a").await;
    let paid = look(&bench, &request).await;
    assert!(paid.used && !paid.active);
    assert_eq!((paid.sums.paid, paid.sums.pending), (AMOUNT, Msat(0)));
    arrive(&bench, other.as_bytes()).await;
    assert_eq!(
        refusal(&bench, other.as_bytes()),
        "invoice_request no longer available: it has been paid"
    );
    // The same once more, as it comes when it was sent by two ways: nobody has done wrong.
    arrive(&bench, asked.as_bytes()).await;
    assert_eq!(answers(&bench), []);
    nothing_sent(&mut bench);
}

#[tokio::test]
async fn whichever_dialect_is_read_the_invoice_is_paid() {
    for dialects in [Dialects::Signed, Dialects::Unsigned, Dialects::Both] {
        let mut bench = public();
        let request = make(&bench, NewRequest { dialects, ..wages() }).await;
        for (name, text) in [
            ("a", Some(&request.bolt12)),
            ("b", request.bolt12_unsigned.as_ref()),
        ] {
            let Some(text) = text else { continue };
            arrive(&bench, invoice(text, name).as_bytes()).await;
            assert_eq!(sent(&mut bench).await.payment_hash, hash(name));
        }
        assert_eq!(answers(&bench), []);
    }
}

#[tokio::test]
async fn each_check_comes_in_its_turn() {
    let mut bench = public();
    let request = make(&bench, cash()).await;
    let text = request.bolt12.clone();
    let now = UnixSeconds::now();
    let good = invoice(&text, "a").as_bytes().to_vec();
    let without = |bytes: &[u8], number: u64| {
        let read = Invoice::from_bytes(bytes.to_vec()).unwrap();
        read.tlvs()
            .records()
            .filter(|record| record.number() != number)
            .fold(Vec::new(), |mut all, record| {
                all.extend_from_slice(record.bytes());
                all
            })
    };
    let unsigned_by_anybody = |builder: InvoiceBuilder| {
        let complete = builder.build().unwrap();
        complete.invoice().tlvs().as_bytes().to_vec()
    };
    let strangers = make(&Bench::with_key(5), cash()).await;
    let pathless = public_stranger().await;
    // Each has all the faults that come behind its own as well: the signature is missing, and the request is somebody else's.
    let cases = [
        (
            vec![0xff],
            "invalid invoice data: a number ends too early".to_owned(),
        ),
        (
            unsigned_by_anybody(drawn(&strangers.bolt12, "a", now)),
            format!("Unknown invoice_request {}", strangers.id),
        ),
        (
            without(&unsigned_by_anybody(drawn(&pathless, "a", now)), 170),
            "missing invoice_amount".to_owned(),
        ),
        (
            without(&unsigned_by_anybody(drawn(&pathless, "a", now)), 164),
            "missing invoice_created_at".to_owned(),
        ),
        (
            without(&unsigned_by_anybody(drawn(&pathless, "a", now)), 168),
            "missing invoice_payment_hash".to_owned(),
        ),
        (
            without(&unsigned_by_anybody(drawn(&pathless, "a", now)), 176),
            "missing invoice_node_id".to_owned(),
        ),
        (
            without(&unsigned_by_anybody(drawn(&pathless, "a", now)), 160),
            "missing/empty invoice_paths".to_owned(),
        ),
        (
            without(&unsigned_by_anybody(drawn(&pathless, "a", now)), 162),
            "expected 1 payinfo but found 0".to_owned(),
        ),
        (
            unsigned_by_anybody(drawn(&pathless, "a", now)),
            format!("Unknown invoice_request {}", read(&pathless).id()),
        ),
        (without(&good, 240), "missing signature".to_owned()),
        (
            signed(drawn(&text, "a", now).amount(Msat(AMOUNT.0 + 1)))
                .as_bytes()
                .to_vec(),
            "invoice amount is too large: the invoice_request is for 50000msat".to_owned(),
        ),
        (
            signed(drawn(&text, "a", now).amount(Msat(0))).as_bytes().to_vec(),
            "invoice amount is zero".to_owned(),
        ),
    ];
    for (bytes, words) in cases {
        arrive(&bench, &bytes).await;
        assert_eq!(refusal(&bench, &bytes), words);
    }
    nothing_sent(&mut bench);
    assert_eq!(look(&bench, &request).await, request, "nothing has changed");
}

/// A request of another node, which is public.
async fn public_stranger() -> String {
    let bench = Bench::with_key(5);
    bench.node.state.lock().unwrap().reachable_by_id = true;
    make(&bench, cash()).await.bolt12
}

#[tokio::test]
async fn features_and_expiry_are_looked_at_before_the_request() {
    let bench = public();
    let pathless = public_stranger().await;
    let created = UnixSeconds(UnixSeconds::now().0 - 100);
    let old = signed(drawn(&pathless, "a", created).relative_expiry(50))
        .as_bytes()
        .to_vec();
    arrive(&bench, &old).await;
    assert_eq!(refusal(&bench, &old), "invoice expired");
}

#[tokio::test]
async fn who_asks_for_too_much_is_told_what_would_be_paid() {
    let bench = public();
    let request = make(&bench, cash()).await;
    let greedy = signed(drawn(&request.bolt12, "a", UnixSeconds::now()).amount(Msat(50_001)));
    arrive(&bench, greedy.as_bytes()).await;
    let answers = answers(&bench);
    assert_eq!(answers[0].erroneous_field, Some(170));
    assert_eq!(answers[0].suggested_value, Some(vec![0xc3, 0x50]));
}

#[tokio::test]
async fn less_than_the_request_is_paid() {
    let mut bench = public();
    let request = make(&bench, cash()).await;
    let modest = signed(drawn(&request.bolt12, "a", UnixSeconds::now()).amount(Msat(20)));
    arrive(&bench, modest.as_bytes()).await;
    assert_eq!(sent(&mut bench).await.amount, Msat(20));
    assert!(answers(&bench).is_empty());
}

#[tokio::test]
async fn a_request_that_is_paid_no_more_is_told_before_the_invoice_is_looked_at_closely() {
    let bench = public();
    let request = make(&bench, cash()).await;
    bench.till.disable_invoice_request(request.id).await.unwrap();
    let greedy = signed(drawn(&request.bolt12, "a", UnixSeconds::now()).amount(Msat(50_001)));
    arrive(&bench, greedy.as_bytes()).await;
    assert_eq!(
        refusal(&bench, greedy.as_bytes()),
        "invoice_request no longer available: it was disabled"
    );
}

#[tokio::test]
async fn an_invoice_for_a_request_with_paths_comes_by_those_or_is_unknown() {
    let mut bench = Bench::new();
    let (ours, other) = (make(&bench, wages()).await, make(&bench, wages()).await);
    let asked = invoice(&ours.bolt12, "a");
    let tag = |text: &str| {
        let invoice = Invoice::from_bytes(invoice(text, "a").as_bytes().to_vec()).unwrap();
        Some(MessageTag::Request(invoice.invreq_id_without_paths().0))
    };
    let unknown = format!("Unknown invoice_request {}", ours.id);
    for by in [
        None,
        tag(&other.bolt12),
        Some(MessageTag::Request(ours.id.0)),
        Some(MessageTag::Request([0; 32])),
    ] {
        arrive_by(&bench, asked.as_bytes(), by).await;
        assert_eq!(refusal(&bench, asked.as_bytes()), unknown, "{by:?}");
    }
    nothing_sent(&mut bench);
    arrive_by(&bench, asked.as_bytes(), tag(&ours.bolt12)).await;
    assert_eq!(sent(&mut bench).await.payment_hash, hash("a"));

    // And one for a request without paths comes by none.
    bench.node.state.lock().unwrap().reachable_by_id = true;
    let open = make(&bench, wages()).await;
    let asked = invoice(&open.bolt12, "b");
    arrive_by(&bench, asked.as_bytes(), tag(&ours.bolt12)).await;
    assert_eq!(
        refusal(&bench, asked.as_bytes()),
        format!("Unknown invoice_request {}", open.id)
    );
}

#[tokio::test]
async fn a_payment_that_fails_is_told_and_frees_the_request() {
    let mut bench = public();
    let request = make(&bench, cash()).await;
    let first = invoice(&request.bolt12, "a");
    arrive(&bench, first.as_bytes()).await;
    let payment = sent(&mut bench).await;
    fails(&bench, &payment).await;
    answered(&bench).await;
    assert_eq!(
        refusal(&bench, first.as_bytes()),
        "pay attempt failed: \"Could not find a route within the limits\""
    );
    let free = look(&bench, &request).await;
    assert!(free.active && !free.used && free.sums.count() == 0);
    // The same invoice may be tried again, and any other.
    arrive(&bench, first.as_bytes()).await;
    let payment = sent(&mut bench).await;
    fails(&bench, &payment).await;
    arrive(&bench, invoice(&request.bolt12, "b").as_bytes()).await;
    let payment = sent(&mut bench).await;
    arrives(&bench, &payment, "b").await;
    assert!(look(&bench, &request).await.used);
}

#[tokio::test]
async fn a_payment_that_cannot_be_begun_is_told_at_once() {
    let bench = public();
    let request = make(&bench, cash()).await;
    bench.node.state.lock().unwrap().refuse_to_send = Some(SendError::RouteNotFound);
    let asked = invoice(&request.bolt12, "a");
    arrive(&bench, asked.as_bytes()).await;
    answered(&bench).await;
    assert_eq!(
        refusal(&bench, asked.as_bytes()),
        "pay attempt failed: \"Could not find a route within the limits\""
    );
    assert_eq!(look(&bench, &request).await.sums.count(), 0);
}

#[tokio::test]
async fn a_request_whose_payments_keep_failing_has_to_wait() {
    let bench = public();
    let request = make(&bench, wages()).await;
    // So far in the future that they are not forgiven while this runs.
    let then = Instant::now() + Duration::from_secs(3_600);
    for _ in 0..99 {
        bench.till.inner.failures.count(request.id, then);
    }
    bench.node.state.lock().unwrap().refuse_to_send = Some(SendError::RouteNotFound);
    arrive(&bench, invoice(&request.bolt12, "a").as_bytes()).await;
    answered(&bench).await;
    assert_eq!(answers(&bench).len(), 1);
    let another = invoice(&request.bolt12, "another");
    arrive(&bench, another.as_bytes()).await;
    assert_eq!(
        refusal(&bench, another.as_bytes()),
        "too many payments for this invoice_request have failed: try again later"
    );
    assert_eq!(look(&bench, &request).await.sums.count(), 0);
}

#[tokio::test]
async fn disabling_during_a_payment_lets_it_finish_and_nothing_else_start() {
    let mut bench = public();
    let request = make(&bench, wages()).await;
    arrive(&bench, invoice(&request.bolt12, "a").as_bytes()).await;
    let payment = sent(&mut bench).await;
    bench.till.disable_invoice_request(request.id).await.unwrap();
    let other = invoice(&request.bolt12, "b");
    arrive(&bench, other.as_bytes()).await;
    assert_eq!(
        refusal(&bench, other.as_bytes()),
        "invoice_request no longer available: it was disabled"
    );
    arrives(&bench, &payment, "a").await;
    let end = look(&bench, &request).await;
    assert!(end.used && !end.active);
    assert_eq!(end.sums.paid, AMOUNT);
}

#[tokio::test]
async fn what_was_filed_and_not_sent_before_a_crash_is_free_afterwards() {
    let bench = public();
    let request = make(&bench, cash()).await;
    let asked = invoice(&request.bolt12, "a");
    let payment = NewPayment {
        payment_id: PaymentId([1; 32]),
        payment_hash: hash("a"),
        partid: 0,
        destination: None,
        amount: AMOUNT,
        created_at: UnixSeconds::now(),
        label: None,
        text: None,
        description: None,
    };
    let begun = bench
        .ledger
        .begin_payout(request.id, payment.clone(), UnixSeconds::now());
    begun.await.unwrap();
    // The program ends here; LDK has not heard of the payment.
    let mut bench = bench.restart();
    bench.node.state.lock().unwrap().reachable_by_id = true;
    let refused = bench
        .ledger
        .begin_payout(request.id, payment, UnixSeconds::now())
        .await;
    assert!(
        matches!(refused, Err(PayoutRefusal::AlreadyInProgress)),
        "{refused:?}"
    );
    bench.till.reconcile().await.unwrap();
    assert_eq!(look(&bench, &request).await.sums.count(), 0);
    arrive(&bench, asked.as_bytes()).await;
    assert_eq!(sent(&mut bench).await.payment_hash, hash("a"));
}

#[tokio::test]
async fn what_was_sent_before_a_crash_is_not_paid_again_and_ends_as_it_ends() {
    for arrived in [true, false] {
        let mut bench = public();
        let request = make(&bench, cash()).await;
        arrive(&bench, invoice(&request.bolt12, "a").as_bytes()).await;
        let payment = sent(&mut bench).await;
        let mut bench = bench.restart();
        bench.node.state.lock().unwrap().recent = vec![RecentPayment::Pending(payment.payment_id)];
        bench.till.reconcile().await.unwrap();
        let other = invoice(&request.bolt12, "b");
        arrive(&bench, other.as_bytes()).await;
        assert_eq!(refusal(&bench, other.as_bytes()), "already in progress");
        if arrived {
            arrives(&bench, &payment, "a").await;
            arrive(&bench, other.as_bytes()).await;
            assert_eq!(
                refusal(&bench, other.as_bytes()),
                "invoice_request no longer available: it has been paid"
            );
            nothing_sent(&mut bench);
        } else {
            fails(&bench, &payment).await;
            arrive(&bench, other.as_bytes()).await;
            assert_eq!(sent(&mut bench).await.payment_hash, hash("b"));
        }
    }
}

#[tokio::test]
async fn whoever_deals_with_the_message_may_be_dropped_and_the_payment_is_sent_all_the_same() {
    let mut bench = public();
    let request = make(&bench, cash()).await;
    let asked = invoice(&request.bolt12, "a").as_bytes().to_vec();
    // Dropped at each await in turn, until there is none left.
    let mut polls = 0;
    loop {
        polls += 1;
        let mut dealing = Box::pin(bench.till.on_invoice(asked.clone(), None, None));
        let mut left = polls;
        let ended = soon(std::future::poll_fn(|context| {
            if dealing.as_mut().poll(context).is_ready() {
                return std::task::Poll::Ready(true);
            }
            left -= 1;
            if left == 0 {
                std::task::Poll::Ready(false)
            } else {
                std::task::Poll::Pending
            }
        }))
        .await;
        drop(dealing);
        if ended {
            break;
        }
    }
    let payment = sent(&mut bench).await;
    nothing_sent(&mut bench);
    let pending = look(&bench, &request).await.sums;
    assert_eq!((pending.pending_count, pending.pending), (1, AMOUNT));
    arrives(&bench, &payment, "a").await;
    assert!(look(&bench, &request).await.used);
}

#[tokio::test]
async fn collecting_ones_own_request_moves_no_money_and_closes_all_books() {
    for reachable in [true, false] {
        let mut bench = Bench::new();
        bench.node.state.lock().unwrap().reachable_by_id = reachable;
        let request = make(&bench, cash()).await;
        let collect = |name: &str| CollectRequest {
            invreq: read(&request.bolt12),
            label: label(name),
            amount: None,
            timeout: 600,
            quantity: None,
        };
        let invoice = soon(bench.till.collect(collect("own"))).await.unwrap();
        assert_eq!(invoice.state.status(), InvoiceStatus::Paid);
        let paid = look(&bench, &request).await;
        assert!(paid.used && !paid.active);
        assert_eq!(paid.sums.paid, AMOUNT);
        let again = soon(bench.till.collect(collect("again"))).await.unwrap_err();
        let CollectError::Refused(Refusal::Told(told)) = again else {
            panic!("{again}");
        };
        assert!(
            told.error
                .ends_with(": invoice_request no longer available: it has been paid"),
            "{told:?}"
        );
        assert_eq!(answers(&bench), []);
        nothing_sent(&mut bench);
    }
}

#[tokio::test]
async fn who_gives_no_way_back_is_not_answered() {
    let bench = public();
    bench.till.on_invoice(vec![0xff], None, None).await;
    assert_eq!(answers(&bench), []);
}
