//! What a reusable request allows, and races.

use super::*;
use tokio::task::JoinSet;

fn limited(limits: PayoutLimits) -> NewRequest {
    NewRequest { limits, ..wages() }
}

#[tokio::test]
async fn a_reusable_request_pays_each_invoice_once_up_to_its_sum() {
    let mut bench = public();
    let max_total = Some(Msat(120_000));
    let request = make(
        &bench,
        limited(PayoutLimits {
            max_total,
            ..PayoutLimits::default()
        }),
    )
    .await;
    let ask = |name: &str| invoice(&request.bolt12, name);
    let (first, second, third) = (ask("a"), ask("b"), ask("c"));
    for invoice in [&first, &second, &first] {
        arrive(&bench, invoice.as_bytes()).await;
    }
    assert_eq!(answers(&bench), [], "a copy is no reason to complain");
    let (one, two) = (sent(&mut bench).await, sent(&mut bench).await);
    arrives(&bench, &one, "a").await;
    arrive(&bench, first.as_bytes()).await;
    assert_eq!(answers(&bench), []);
    nothing_sent(&mut bench);

    arrive(&bench, third.as_bytes()).await;
    let told = answers(&bench);
    assert!(
        told[0]
            .error
            .ends_with(": invoice_request has no more than 20000msat left to pay"),
        "{told:?}"
    );
    assert_eq!(told[0].suggested_value, Some(vec![0x4e, 0x20]));
    fails(&bench, &two).await;
    arrive(&bench, third.as_bytes()).await;
    let three = sent(&mut bench).await;
    arrives(&bench, &three, "c").await;
    let end = look(&bench, &request).await;
    assert!(end.used && end.active);
    assert_eq!((end.sums.paid_count, end.sums.paid), (2, Msat(100_000)));
}

#[tokio::test]
async fn a_request_is_paid_as_often_as_it_says() {
    let mut bench = public();
    let max_payments = Some(2);
    let request = make(
        &bench,
        limited(PayoutLimits {
            max_payments,
            ..PayoutLimits::default()
        }),
    )
    .await;
    for name in ["a", "b"] {
        arrive(&bench, invoice(&request.bolt12, name).as_bytes()).await;
    }
    let one = sent(&mut bench).await;
    arrives(&bench, &one, "a").await;
    let third = invoice(&request.bolt12, "c");
    arrive(&bench, third.as_bytes()).await;
    assert_eq!(
        refusal(&bench, third.as_bytes()),
        "invoice_request allows no more than 2 payments"
    );
}

#[tokio::test]
async fn payments_keep_their_distance() {
    let mut bench = public();
    let request = make(
        &bench,
        limited(PayoutLimits {
            min_interval: Some(3_600),
            ..PayoutLimits::default()
        }),
    )
    .await;
    arrive(&bench, invoice(&request.bolt12, "a").as_bytes()).await;
    let payment = sent(&mut bench).await;
    arrives(&bench, &payment, "a").await;
    let soon_after = invoice(&request.bolt12, "b");
    arrive(&bench, soon_after.as_bytes()).await;
    let told = refusal(&bench, soon_after.as_bytes());
    assert!(
        told.starts_with("invoice_request is not paid again for 3"),
        "{told}"
    );
    nothing_sent(&mut bench);
}

/// Has 64 invoices arrive at once, and gives what was sent.
async fn race(bench: &mut Bench, request: &InvoiceRequest) -> Vec<OutgoingPayment> {
    let mut arriving = JoinSet::new();
    for number in 0..64 {
        let (till, name) = (bench.till.clone(), number.to_string());
        let asked = invoice(&request.bolt12, &name).as_bytes().to_vec();
        arriving.spawn(async move { till.on_invoice(asked, None, None).await });
    }
    soon(arriving.join_all()).await;
    let mut all = Vec::new();
    while let Ok(payment) = bench.sendings.try_recv() {
        all.push(payment);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_who_race_for_a_single_use_one_is_paid() {
    let mut bench = public();
    for _ in 0..10 {
        let request = make(&bench, cash()).await;
        assert_eq!(race(&mut bench, &request).await.len(), 1);
        assert_eq!(look(&bench, &request).await.sums.pending, AMOUNT);
        bench.till.disable_invoice_request(request.id).await.unwrap();
        // So that the hashes are free for the next round.
        let pending = bench
            .ledger
            .list_payments_by_status(boltill_ledger::PaymentStatus::Pending);
        for payment in pending.collect().await.unwrap() {
            let failed =
                bench
                    .ledger
                    .fail_payment(payment.payment_id, 205, String::new(), UnixSeconds::now());
            failed.await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_who_race_for_a_sum_as_many_are_paid_as_it_allows() {
    let mut bench = public();
    let max_total = Some(Msat(AMOUNT.0 * 10 + 1));
    let request = make(
        &bench,
        limited(PayoutLimits {
            max_total,
            ..PayoutLimits::default()
        }),
    )
    .await;
    assert_eq!(race(&mut bench, &request).await.len(), 10);
    assert_eq!(look(&bench, &request).await.sums.pending, Msat(AMOUNT.0 * 10));
}
