use super::*;
use crate::test::{Bench, label, order, request, soon};
use boltill_ledger::{InvoiceState, PaymentStatus, Range};
use boltill_node::{FailureReason, NodeEvent, OutgoingPayment, PathFault, RecentPayment, SendError};
use boltill_types::PaymentHash;
use lightning::routing::router::Payee;
use tokio::task::JoinSet;

const PREIMAGE: PaymentPreimage = PaymentPreimage([6; 32]);

/// An invoice of somebody else.
async fn theirs(amount: Option<u64>) -> String {
    let mut asked = order(amount, "theirs");
    asked.preimage = Some(PREIMAGE);
    Bench::with_key(2)
        .till
        .create_invoice(asked)
        .await
        .unwrap()
        .bolt11
}

fn arrived(payment: &OutgoingPayment, fee: u64) -> NodeEvent {
    NodeEvent::PaymentSent {
        payment_id: payment.payment_id,
        payment_hash: payment.payment_hash,
        preimage: PREIMAGE,
        amount: Some(payment.amount),
        fee: Some(Msat(fee)),
    }
}

/// Begins to pay, and answers when the payment is under way.
async fn begin(
    bench: &mut Bench,
    request: PayRequest,
) -> (tokio::task::JoinHandle<Result<Paid, PayError>>, OutgoingPayment) {
    let till = bench.till.clone();
    let paying = tokio::spawn(async move { till.pay(request).await });
    let sent = soon(bench.sendings.recv()).await.unwrap();
    (paying, sent)
}

#[tokio::test]
async fn a_payment_is_on_file_before_it_is_sent_and_complete_when_it_arrives() {
    let mut bench = Bench::new();
    let mut asked = request(&theirs(Some(100_000)).await);
    asked.label = Some("rent".to_owned());
    asked.exclude = vec![Exclude::Channel(5)];
    let (paying, sent) = begin(&mut bench, asked).await;
    assert_eq!((sent.amount, sent.max_fee), (Msat(100_000), Msat(5_000)));
    assert!(matches!(&sent.payee.payee, Payee::Clear { .. }));
    assert_eq!(sent.payee.previously_failed_channels, [5]);
    let filed = bench.payment(sent.payment_id).await;
    assert_eq!(filed.state, PaymentState::Pending);
    assert_eq!(filed.description.as_deref(), Some("what theirs is for"));

    bench
        .tell(NodeEvent::PartFailed {
            payment_id: sent.payment_id,
            refused_by_payee: false,
            short_channel_id: None,
            fault: PathFault::default(),
        })
        .await;
    bench.tell(arrived(&sent, 7)).await;
    bench.tell(arrived(&sent, 7)).await;
    let paid = soon(paying).await.unwrap().unwrap();
    assert_eq!((paid.preimage, paid.amount_sent), (PREIMAGE, Msat(100_007)));
    assert_eq!((paid.failed_parts, paid.successful_parts), (1, 1));
    assert_eq!(paid.payment.label.as_deref(), Some("rent"));
}

#[tokio::test]
async fn an_invoice_is_paid_once_however_many_want_to_pay_it() {
    let mut bench = Bench::new();
    let invoice = theirs(Some(1_000)).await;
    let mut paying = JoinSet::new();
    for _ in 0..16 {
        let (till, request) = (bench.till.clone(), request(&invoice));
        paying.spawn(async move { till.pay(request).await });
    }
    let sent = soon(bench.sendings.recv()).await.unwrap();
    for _ in 0..15 {
        let refused = soon(paying.join_next()).await.unwrap().unwrap().unwrap_err();
        assert!(matches!(refused, PayError::InProgress(_)), "{refused}");
    }
    bench.tell(arrived(&sent, 0)).await;
    let paid = soon(paying.join_next()).await.unwrap().unwrap().unwrap();
    assert!(bench.sendings.try_recv().is_err(), "nothing else was sent");

    let again = bench.till.pay(request(&invoice)).await.unwrap();
    assert_eq!(
        again.payment, paid.payment,
        "paying what is paid answers the earlier payment"
    );
    let again = bench.till.xpay(request(&invoice)).await.unwrap_err();
    assert_eq!(again.to_string(), "Already paid");
}

#[tokio::test]
async fn the_same_hash_with_another_amount_is_refused_after_it_was_paid() {
    let mut bench = Bench::new();
    let invoice = theirs(None).await;
    let with_amount = |amount| PayRequest {
        amount: Some(Msat(amount)),
        ..request(&invoice)
    };
    let (paying, sent) = begin(&mut bench, with_amount(500)).await;
    bench.tell(arrived(&sent, 0)).await;
    soon(paying).await.unwrap().unwrap();
    assert!(bench.till.pay(with_amount(500)).await.is_ok());
    let other = bench.till.pay(with_amount(501)).await.unwrap_err();
    assert!(matches!(other, PayError::PaidDifferently(_)), "{other}");
}

#[tokio::test]
async fn a_failed_payment_is_on_file_with_its_reason_and_may_be_tried_again() {
    let mut bench = Bench::new();
    let invoice = theirs(Some(1_000)).await;
    for (reason, failure) in [
        (FailureReason::RecipientRejected, PayFailure::RefusedByPayee),
        (FailureReason::RouteNotFound, PayFailure::NoRoute),
        (FailureReason::RetriesExhausted, PayFailure::TimedOut),
        (FailureReason::Expired, PayFailure::InvoiceExpired),
        (FailureReason::Unexpected, PayFailure::Other),
    ] {
        let (paying, sent) = begin(&mut bench, request(&invoice)).await;
        bench
            .tell(NodeEvent::PaymentFailed {
                payment_id: sent.payment_id,
                reason,
            })
            .await;
        bench
            .tell(NodeEvent::PaymentFailed {
                payment_id: sent.payment_id,
                reason,
            })
            .await;
        let error = soon(paying).await.unwrap().unwrap_err();
        assert!(
            matches!(error, PayError::Failed { failure: told, .. } if told == failure),
            "{error:?}"
        );
        let filed = bench.payment(sent.payment_id).await;
        assert!(matches!(filed.state, PaymentState::Failed { code, .. } if code == failure.code()));
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_failed_at_once() {
    let bench = Bench::new();
    bench.node.state.lock().unwrap().refuse_to_send = Some(SendError::RouteNotFound);
    let error = bench
        .till
        .pay(request(&theirs(Some(1_000)).await))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            PayError::Failed {
                failure: PayFailure::NoRoute,
                ..
            }
        ),
        "{error:?}"
    );
    let payments = bench.ledger.list_payments(Range::ALL).collect().await.unwrap();
    assert_eq!(payments.len(), 1);
    assert_eq!(payments[0].state.status(), PaymentStatus::Failed);
}

#[tokio::test]
async fn a_payment_goes_on_when_its_caller_hangs_up() {
    let mut bench = Bench::new();
    let (paying, sent) = begin(&mut bench, request(&theirs(Some(1_000)).await)).await;
    paying.abort();
    let _ = paying.await;
    bench.tell(arrived(&sent, 3)).await;
    let filed = bench.payment(sent.payment_id).await;
    assert_eq!(
        (filed.state.status(), filed.amount_sent),
        (PaymentStatus::Complete, Some(Msat(1_003)))
    );
}

#[tokio::test]
async fn after_a_crash_only_what_was_never_sent_is_failed() {
    let mut bench = Bench::new();
    let (_, known) = begin(&mut bench, request(&theirs(Some(1_000)).await)).await;
    let mut other = order(Some(1_000), "theirs");
    other.preimage = Some(PaymentPreimage([7; 32]));
    let other = Bench::with_key(3)
        .till
        .create_invoice(other)
        .await
        .unwrap()
        .bolt11;
    let (_, unknown) = begin(&mut bench, request(&other)).await;

    let bench = bench.restart();
    bench.node.state.lock().unwrap().recent = vec![RecentPayment::Fulfilled(known.payment_id)];
    bench.till.reconcile().await.unwrap();
    assert_eq!(
        bench.payment(known.payment_id).await.state.status(),
        PaymentStatus::Pending
    );
    assert_eq!(
        bench.payment(unknown.payment_id).await.state.status(),
        PaymentStatus::Failed
    );
    bench.tell(arrived(&known, 0)).await;
    assert_eq!(
        bench.payment(known.payment_id).await.state.status(),
        PaymentStatus::Complete
    );
}

#[tokio::test]
async fn our_own_invoice_is_paid_without_the_network_and_once() {
    let mut bench = Bench::new();
    let ours = bench
        .till
        .create_invoice(order(Some(1_000), "ours"))
        .await
        .unwrap();
    let paid = bench.till.pay(request(&ours.bolt11)).await.unwrap();
    assert_eq!(
        (paid.payment.amount, paid.amount_sent),
        (Msat(1_000), Msat(1_000))
    );
    let invoice = bench.invoice("ours").await;
    assert!(matches!(
        invoice.state,
        InvoiceState::Paid {
            received: Msat(1_000),
            ..
        }
    ));
    assert_eq!(invoice.payment_preimage, paid.preimage);
    assert!(bench.sendings.try_recv().is_err(), "nothing was sent");
    assert!(matches!(
        bench.till.xpay(request(&ours.bolt11)).await,
        Err(PayError::AlreadyPaid(_))
    ));

    let gone = bench
        .till
        .create_invoice(order(Some(1_000), "gone"))
        .await
        .unwrap();
    bench
        .till
        .delete_invoice(label("gone"), boltill_ledger::InvoiceStatus::Unpaid, false)
        .await
        .unwrap();
    let error = bench.till.pay(request(&gone.bolt11)).await.unwrap_err();
    assert!(
        matches!(
            error,
            PayError::Failed {
                failure: PayFailure::RefusedByPayee,
                ..
            }
        ),
        "{error:?}"
    );
    let attempts = bench.ledger.payments_by_hash(gone.payment_hash).await.unwrap();
    assert!(attempts.is_empty(), "what is refused leaves nothing behind");
}

#[tokio::test]
async fn a_keysend_brings_its_own_hash_and_never_goes_to_ourselves() {
    let mut bench = Bench::new();
    let keysend = |destination| KeysendRequest {
        destination,
        amount: Msat(2_000),
        label: None,
        fee_limit: FeeLimit::PAY,
        retry_for: PayRequest::DEFAULT_RETRY_FOR,
        max_delay: PayRequest::DEFAULT_MAX_DELAY,
        route_hints: Vec::new(),
        extra_tlvs: vec![(65_537, vec![1])],
    };
    let (us, them) = (
        bench.till.lightning().id(),
        Bench::with_key(2).till.lightning().id(),
    );
    assert!(matches!(
        bench.till.keysend(keysend(us)).await,
        Err(PayError::KeysendToSelf)
    ));
    let forbidden = KeysendRequest {
        extra_tlvs: vec![(8, vec![])],
        ..keysend(them)
    };
    assert!(matches!(
        bench.till.keysend(forbidden).await,
        Err(PayError::InvalidTlvs)
    ));

    let till = bench.till.clone();
    let paying = tokio::spawn(async move { till.keysend(keysend(them)).await });
    let sent = soon(bench.sendings.recv()).await.unwrap();
    assert_eq!(sent.onion.custom_tlvs(), &vec![(65_537, vec![1])]);
    bench.tell(arrived(&sent, 0)).await;
    let paid = soon(paying).await.unwrap().unwrap();
    assert_eq!(paid.payment.destination, Some(them));
    assert_eq!(paid.payment.text, None);
}

#[tokio::test]
async fn payments_are_listed_by_hash_invoice_and_status() {
    let mut bench = Bench::new();
    let invoice = theirs(Some(1_000)).await;
    let (failing, sent) = begin(&mut bench, request(&invoice)).await;
    let failed = NodeEvent::PaymentFailed {
        payment_id: sent.payment_id,
        reason: FailureReason::Unexpected,
    };
    bench.tell(failed).await;
    soon(failing).await.unwrap().unwrap_err();
    let (_paying, sent) = begin(&mut bench, request(&invoice)).await;
    let hash = sent.payment_hash;
    for (query, status, count) in [
        (PaymentQuery::Range(Range::ALL), None, 2),
        (PaymentQuery::Range(Range::ALL), Some(PaymentStatus::Failed), 1),
        (
            PaymentQuery::Range(Range {
                start: 2,
                ..Range::ALL
            }),
            Some(PaymentStatus::Failed),
            0,
        ),
        (PaymentQuery::PaymentHash(hash), Some(PaymentStatus::Pending), 1),
        (PaymentQuery::Invstring(invoice), None, 2),
        (PaymentQuery::PaymentHash(PaymentHash([0; 32])), None, 0),
    ] {
        let mut pages = bench.till.list_payments(query.clone(), status).await.unwrap();
        let mut found = 0;
        while let Some(page) = pages.next_page().await.unwrap() {
            found += page.len();
        }
        assert_eq!(found, count, "{query:?} {status:?}");
    }
}
