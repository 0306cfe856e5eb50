//! What every engine of the ledger owes of invoice_requests, and of what is paid for them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use boltill_ledger::{
    Begun, ChangeDetails, CreateInvoiceRequestError, DisableInvoiceRequestError, IndexKind, InvoiceRequest,
    InvoiceStatus, NewInvoiceRequest, NewPayment, Order, PayOwnInvoiceError, PayOwnPayoutError,
    PaymentStatus, Payout, PayoutLimits, PayoutRefusal, PayoutState, PayoutSums, Range, Recorded, Repeat,
    Subsystem, Unavailable,
};
use boltill_types::{CreatedIndex, Msat, UnixSeconds, UpdatedIndex};
use common::{TestLedger, hash, invoice, invoice_request, invreq_id, payment, payment_id, preimage};

const NOW: UnixSeconds = UnixSeconds(100);
const LATER: UnixSeconds = UnixSeconds(200);

async fn create(ledger: &TestLedger, request: NewInvoiceRequest) -> InvoiceRequest {
    ledger.create_invoice_request(request).await.unwrap().into_inner()
}

fn reusable(name: &str, limits: PayoutLimits) -> NewInvoiceRequest {
    NewInvoiceRequest {
        single_use: false,
        limits,
        ..invoice_request(name)
    }
}

async fn begin(ledger: &TestLedger, request: &str, name: &str) -> Result<Begun, PayoutRefusal> {
    ledger.begin_payout(invreq_id(request), payment(name), NOW).await
}

async fn complete(ledger: &TestLedger, name: &str) {
    let completed = ledger.complete_payment(payment_id(name), preimage(name), Some(Msat(1_010)), LATER);
    completed.await.unwrap();
}

async fn fail(ledger: &TestLedger, name: &str) {
    let failed = ledger.fail_payment(payment_id(name), 205, "no route".to_owned(), LATER);
    failed.await.unwrap();
}

async fn look(ledger: &TestLedger, name: &str) -> InvoiceRequest {
    ledger.invoice_request(invreq_id(name)).await.unwrap().unwrap()
}

async fn payouts(ledger: &TestLedger, name: &str) -> Vec<Payout> {
    ledger
        .payouts_of(invreq_id(name), CreatedIndex(0), None)
        .collect()
        .await
        .unwrap()
}

/// What the request's row says: active, used, paid_count, paid, pending_count, pending.
fn outline(request: &InvoiceRequest) -> (bool, bool, u64, u64, u64, u64) {
    let sums = request.sums;
    (
        request.active,
        request.used,
        sums.paid_count,
        sums.paid.0,
        sums.pending_count,
        sums.pending.0,
    )
}

#[tokio::test]
async fn a_request_comes_back_as_it_was_filed() {
    let mut ledger = TestLedger::new();
    let new = NewInvoiceRequest {
        label: Some("salary".to_owned()),
        bolt12_unsigned: Some("lnr1unsigned".to_owned()),
        single_use: false,
        absolute_expiry: Some(UnixSeconds(500)),
        limits: PayoutLimits {
            max_payments: Some(12),
            max_total: Some(Msat(12_000)),
            min_interval: Some(86_400),
        },
        ..invoice_request("a")
    };
    let filed = create(&ledger, new.clone()).await;
    let bare = create(&ledger, invoice_request("b")).await;
    let expected = InvoiceRequest {
        created_index: CreatedIndex(1),
        updated_index: None,
        id: new.id,
        label: new.label,
        bolt12: new.bolt12,
        bolt12_unsigned: new.bolt12_unsigned,
        single_use: false,
        active: true,
        used: false,
        amount: new.amount,
        absolute_expiry: new.absolute_expiry,
        limits: new.limits,
        sums: PayoutSums::default(),
        last_paid_at: None,
    };
    assert_eq!(filed, expected);
    ledger.reopen();
    assert_eq!(look(&ledger, "a").await, filed);
    assert_eq!(look(&ledger, "b").await, bare);
    assert_eq!(ledger.invoice_request(invreq_id("c")).await.unwrap(), None);
    assert_eq!(payouts(&ledger, "c").await, []);
}

#[tokio::test]
async fn the_same_request_is_found_again_while_it_is_active_and_refused_afterwards() {
    let ledger = TestLedger::new();
    let first = create(&ledger, invoice_request("a")).await;
    let again = ledger.create_invoice_request(invoice_request("a")).await.unwrap();
    assert_eq!(again, Recorded::Already(first));
    let disabled = ledger.disable_invoice_request(invreq_id("a")).await.unwrap();
    assert_eq!(
        (disabled.active, disabled.updated_index),
        (false, Some(UpdatedIndex(1)))
    );
    let refused = ledger.create_invoice_request(invoice_request("a")).await;
    assert!(matches!(refused, Err(CreateInvoiceRequestError::NotActive(same)) if *same == disabled));
    let refused = ledger.disable_invoice_request(invreq_id("a")).await;
    assert!(matches!(refused, Err(DisableInvoiceRequestError::NotActive(same)) if *same == disabled));
    let refused = ledger.disable_invoice_request(invreq_id("b")).await;
    assert!(matches!(refused, Err(DisableInvoiceRequestError::Unknown)));
}

#[tokio::test]
async fn a_request_for_a_single_use_is_paid_once() {
    let mut ledger = TestLedger::new();
    create(&ledger, invoice_request("r")).await;
    let begun = begin(&ledger, "r", "a").await.unwrap();
    assert_eq!(begun.payment.state.status(), PaymentStatus::Pending);
    assert_eq!(outline(&begun.request), (true, false, 0, 0, 1, 1_000));
    ledger.reopen();
    assert!(matches!(begin(&ledger, "r", "b").await, Err(PayoutRefusal::Busy)));
    complete(&ledger, "a").await;
    ledger.reopen();
    let paid = look(&ledger, "r").await;
    assert_eq!(outline(&paid), (false, true, 1, 1_000, 0, 0));
    assert_eq!(paid.last_paid_at, Some(LATER));
    assert!(matches!(
        begin(&ledger, "r", "b").await,
        Err(PayoutRefusal::NoLongerAvailable(Unavailable::Used))
    ));
    assert_eq!(
        payouts(&ledger, "r").await,
        [Payout {
            payment: begun.payment.created_index,
            request: paid.created_index,
            payment_hash: hash("a"),
            amount: Msat(1_000),
            began_at: NOW,
            state: PayoutState::Complete { paid_at: LATER },
        }]
    );
    // What was refused has left nothing behind.
    assert_eq!(ledger.payments_by_hash(hash("b")).await.unwrap(), []);
}

#[tokio::test]
async fn a_failed_payout_frees_its_request() {
    let mut ledger = TestLedger::new();
    create(&ledger, invoice_request("r")).await;
    begin(&ledger, "r", "a").await.unwrap();
    fail(&ledger, "a").await;
    fail(&ledger, "a").await;
    ledger.reopen();
    let freed = look(&ledger, "r").await;
    assert_eq!(outline(&freed), (true, false, 0, 0, 0, 0));
    assert_eq!(freed.last_paid_at, None);
    // The same invoice may come again, and so may another.
    begin(&ledger, "r", "a").await.unwrap();
    fail(&ledger, "a").await;
    begin(&ledger, "r", "b").await.unwrap();
    complete(&ledger, "b").await;
    let states: Vec<_> = payouts(&ledger, "r")
        .await
        .iter()
        .map(|payout| (payout.payment_hash, payout.state.status()))
        .collect();
    assert_eq!(
        states,
        [
            (hash("a"), PaymentStatus::Failed),
            (hash("a"), PaymentStatus::Failed),
            (hash("b"), PaymentStatus::Complete)
        ]
    );
}

#[tokio::test]
async fn an_invoice_is_paid_once_whatever_it_is_paid_for() {
    let ledger = TestLedger::new();
    for name in ["r", "s"] {
        create(&ledger, reusable(name, PayoutLimits::default())).await;
    }
    begin(&ledger, "r", "a").await.unwrap();
    for request in ["r", "s"] {
        let refused = begin(&ledger, request, "a").await;
        assert!(matches!(refused, Err(PayoutRefusal::AlreadyInProgress)));
    }
    let refused = ledger.begin_payment(payment("a"), Repeat::Refuse).await;
    assert!(refused.is_err(), "`pay` sees it too");
    complete(&ledger, "a").await;
    for request in ["r", "s"] {
        let refused = begin(&ledger, request, "a").await;
        assert!(matches!(refused, Err(PayoutRefusal::AlreadyPaid)));
    }
    // Also when the payment is forgotten.
    ledger
        .delete_payments(hash("a"), PaymentStatus::Complete, None)
        .await
        .unwrap();
    assert!(matches!(
        begin(&ledger, "r", "a").await,
        Err(PayoutRefusal::AlreadyPaid)
    ));
    assert_eq!(payouts(&ledger, "r").await.len(), 1);
    // What `pay` has paid is not paid for a request.
    ledger.begin_payment(payment("b"), Repeat::Refuse).await.unwrap();
    assert!(matches!(
        begin(&ledger, "r", "b").await,
        Err(PayoutRefusal::AlreadyInProgress)
    ));
    complete(&ledger, "b").await;
    assert!(matches!(
        begin(&ledger, "r", "b").await,
        Err(PayoutRefusal::AlreadyPaid)
    ));
    assert_eq!(outline(&look(&ledger, "r").await), (true, true, 1, 1_000, 0, 0));
}

#[tokio::test]
async fn an_invoice_that_comes_twice_is_told_apart_from_one_that_competes() {
    let ledger = TestLedger::new();
    create(&ledger, invoice_request("r")).await;
    begin(&ledger, "r", "a").await.unwrap();
    let twice = begin(&ledger, "r", "a").await;
    assert!(matches!(twice, Err(PayoutRefusal::AlreadyInProgress)));
    ledger.disable_invoice_request(invreq_id("r")).await.unwrap();
    let twice = begin(&ledger, "r", "a").await;
    assert!(matches!(twice, Err(PayoutRefusal::AlreadyInProgress)));
    complete(&ledger, "a").await;
    let twice = begin(&ledger, "r", "a").await;
    assert!(matches!(twice, Err(PayoutRefusal::AlreadyPaid)));
}

#[tokio::test]
async fn disabling_lets_a_payout_finish_and_nothing_else_begin() {
    let ledger = TestLedger::new();
    for name in ["r", "s"] {
        create(&ledger, reusable(name, PayoutLimits::default())).await;
    }
    begin(&ledger, "r", "a").await.unwrap();
    begin(&ledger, "s", "b").await.unwrap();
    for name in ["r", "s"] {
        ledger.disable_invoice_request(invreq_id(name)).await.unwrap();
    }
    let refused = begin(&ledger, "r", "c").await;
    assert!(matches!(
        refused,
        Err(PayoutRefusal::NoLongerAvailable(Unavailable::Disabled))
    ));
    complete(&ledger, "a").await;
    fail(&ledger, "b").await;
    assert_eq!(outline(&look(&ledger, "r").await), (false, true, 1, 1_000, 0, 0));
    assert_eq!(outline(&look(&ledger, "s").await), (false, false, 0, 0, 0, 0));
}

#[tokio::test]
async fn nothing_is_paid_after_the_last_second_of_a_request() {
    let ledger = TestLedger::new();
    let until = |name: &str, second| NewInvoiceRequest {
        single_use: false,
        absolute_expiry: Some(UnixSeconds(second)),
        ..invoice_request(name)
    };
    create(&ledger, until("r", 150)).await;
    create(&ledger, until("s", 160)).await;
    create(&ledger, invoice_request("t")).await;
    let at = |second, name: &str| ledger.begin_payout(invreq_id("r"), payment(name), UnixSeconds(second));
    at(150, "a").await.unwrap();
    let expired = |refused| {
        matches!(
            refused,
            Err(PayoutRefusal::NoLongerAvailable(Unavailable::Expired))
        )
    };
    assert!(expired(at(151, "b").await));
    assert_eq!(
        ledger.next_invoice_request_expiry().await.unwrap(),
        Some(UnixSeconds(150))
    );
    let expire = |second| ledger.expire_due_invoice_requests(UnixSeconds(second), 10);
    assert_eq!(expire(150).await.unwrap(), 0);
    assert_eq!(expire(151).await.unwrap(), 1);
    assert_eq!(expire(151).await.unwrap(), 0);
    assert!(expired(at(151, "b").await), "it was not disabled");
    assert_eq!(
        ledger.next_invoice_request_expiry().await.unwrap(),
        Some(UnixSeconds(160))
    );
    complete(&ledger, "a").await;
    assert_eq!(outline(&look(&ledger, "r").await), (false, true, 1, 1_000, 0, 0));
}

#[tokio::test]
async fn the_limits_count_what_is_pending_and_what_is_paid_but_not_what_failed() {
    let ledger = TestLedger::new();
    let limits = PayoutLimits {
        max_payments: Some(3),
        max_total: Some(Msat(2_500)),
        min_interval: None,
    };
    create(&ledger, reusable("r", limits)).await;
    let pay = |name: &str, amount| {
        let new = NewPayment {
            amount: Msat(amount),
            ..payment(name)
        };
        ledger.begin_payout(invreq_id("r"), new, NOW)
    };
    pay("a", 1_000).await.unwrap();
    pay("b", 1_000).await.unwrap();
    let refused = pay("c", 501).await;
    assert!(matches!(
        refused,
        Err(PayoutRefusal::MaxTotal { left: Msat(500) })
    ));
    complete(&ledger, "a").await;
    let refused = pay("c", 501).await;
    assert!(matches!(
        refused,
        Err(PayoutRefusal::MaxTotal { left: Msat(500) })
    ));
    pay("c", 500).await.unwrap();
    let refused = pay("d", 0).await;
    assert!(matches!(refused, Err(PayoutRefusal::MaxPayments { max: 3 })));
    fail(&ledger, "b").await;
    pay("d", 1_000).await.unwrap();
    assert_eq!(
        outline(&look(&ledger, "r").await),
        (true, true, 1, 1_000, 2, 1_500)
    );
}

#[tokio::test]
async fn payouts_keep_their_distance_from_those_that_did_not_fail() {
    let mut ledger = TestLedger::new();
    let limits = PayoutLimits {
        min_interval: Some(60),
        ..PayoutLimits::default()
    };
    create(&ledger, reusable("r", limits)).await;
    create(&ledger, reusable("s", PayoutLimits::default())).await;
    let at = |ledger: &TestLedger, second, name: &str| {
        ledger.begin_payout(invreq_id("r"), payment(name), UnixSeconds(second))
    };
    at(&ledger, 1_000, "a").await.unwrap();
    complete(&ledger, "a").await;
    begin(&ledger, "s", "z").await.unwrap();
    ledger.reopen();
    let Err(PayoutRefusal::TooSoon { not_before, seconds }) = at(&ledger, 1_059, "b").await else {
        panic!("it is too soon")
    };
    assert_eq!((not_before, seconds), (UnixSeconds(1_060), 1));
    at(&ledger, 1_060, "b").await.unwrap();
    let refused = at(&ledger, 1_061, "c").await;
    assert!(
        matches!(refused, Err(PayoutRefusal::TooSoon { .. })),
        "one is pending"
    );
    fail(&ledger, "b").await;
    at(&ledger, 1_061, "c").await.unwrap();
}

#[tokio::test]
async fn of_64_that_race_for_a_single_use_one_is_paid() {
    let ledger = TestLedger::new();
    create(&ledger, invoice_request("r")).await;
    let attempts: Vec<_> = (0..64)
        .map(|number| ledger.begin_payout(invreq_id("r"), payment(&number.to_string()), NOW))
        .collect();
    let mut begun = 0;
    for attempt in attempts {
        match attempt.await {
            Ok(_) => begun += 1,
            Err(refusal) => assert!(matches!(refusal, PayoutRefusal::Busy)),
        }
    }
    assert_eq!(begun, 1);
}

#[tokio::test]
async fn a_preimage_that_comes_after_a_failure_counts() {
    let ledger = TestLedger::new();
    create(&ledger, invoice_request("r")).await;
    begin(&ledger, "r", "a").await.unwrap();
    fail(&ledger, "a").await;
    complete(&ledger, "a").await;
    complete(&ledger, "a").await;
    assert_eq!(outline(&look(&ledger, "r").await), (false, true, 1, 1_000, 0, 0));
    assert_eq!(
        payouts(&ledger, "r").await[0].state,
        PayoutState::Complete { paid_at: LATER }
    );
}

#[tokio::test]
async fn every_change_of_a_request_is_told_and_listed() {
    let ledger = TestLedger::new();
    let mut changes = ledger.subscribe();
    for name in ["r", "s"] {
        create(&ledger, invoice_request(name)).await;
    }
    begin(&ledger, "r", "a").await.unwrap();
    begin(&ledger, "r", "b").await.unwrap_err();
    complete(&ledger, "a").await;
    let mut told = Vec::new();
    while let Ok(change) = changes.try_recv() {
        if let ChangeDetails::InvoiceRequest(request) = &change.details {
            assert_eq!(change.subsystem(), Subsystem::InvoiceRequests);
            told.push((
                change.kind,
                change.index,
                request.id,
                request.active,
                request.used,
            ));
        }
    }
    let (r, s) = (invreq_id("r"), invreq_id("s"));
    assert_eq!(
        told,
        [
            (IndexKind::Created, 1, r, true, false),
            (IndexKind::Created, 2, s, true, false),
            (IndexKind::Updated, 1, r, true, false),
            (IndexKind::Updated, 2, r, false, true),
        ]
    );
    let ids = |listed: Vec<InvoiceRequest>| listed.iter().map(|request| request.id).collect::<Vec<_>>();
    let all = ledger.list_invoice_requests(Range::ALL).collect().await.unwrap();
    assert_eq!(ids(all), [r, s]);
    let active = ledger.list_active_invoice_requests().collect().await.unwrap();
    assert_eq!(ids(active), [s]);
    let updated = Range {
        order: Order::Updated,
        ..Range::ALL
    };
    let updated = ledger.list_invoice_requests(updated).collect().await.unwrap();
    assert_eq!(ids(updated), [r]);
}

#[tokio::test]
async fn an_invoice_of_our_own_is_paid_for_a_request_of_our_own_or_nothing_happens() {
    let ledger = TestLedger::new();
    create(&ledger, invoice_request("cash")).await;
    let nobodys = ledger.pay_own_payout(invreq_id("cash"), payment("a"), NOW).await;
    assert!(
        matches!(
            nobodys,
            Err(PayOwnPayoutError::Invoice(PayOwnInvoiceError::UnknownInvoice))
        ),
        "{nobodys:?}"
    );
    assert_eq!(payouts(&ledger, "cash").await, []);
    assert_eq!(outline(&look(&ledger, "cash").await), (true, false, 0, 0, 0, 0));

    ledger.create_invoice(invoice("a")).await.unwrap();
    let paid = ledger
        .pay_own_payout(invreq_id("cash"), payment("a"), NOW)
        .await
        .unwrap();
    assert_eq!(paid.state.status(), PaymentStatus::Complete);
    let found = ledger.invoice_by_hash(hash("a")).await.unwrap().unwrap();
    assert_eq!(found.state.status(), InvoiceStatus::Paid);
    assert_eq!(
        outline(&look(&ledger, "cash").await),
        (false, true, 1, paid.amount.0, 0, 0)
    );
    let again = ledger.pay_own_payout(invreq_id("cash"), payment("a"), NOW).await;
    assert!(
        matches!(again, Err(PayOwnPayoutError::Payout(PayoutRefusal::AlreadyPaid))),
        "{again:?}"
    );
}
