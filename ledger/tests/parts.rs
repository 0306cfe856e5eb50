//! Payments along a way that the caller gave.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use boltill_ledger::{
    BeginPartError, NewPart, NewPayment, PayOwnInvoiceError, Payment, PaymentId, PaymentState, PaymentStatus,
    Recorded, WayFailure,
};
use boltill_types::{Msat, UnixSeconds};
use common::{TestLedger, hash, invoice, payment, preimage};

const NOW: UnixSeconds = UnixSeconds(200);

/// A part of the payment of that name.
fn part(name: &str, id: u8, partid: u64, groupid: Option<u64>) -> NewPart {
    NewPart {
        payment: NewPayment {
            payment_id: PaymentId([id; 32]),
            partid,
            ..payment(name)
        },
        groupid,
        amount_sent: Msat(1_010),
    }
}

async fn begin(ledger: &TestLedger, part: NewPart) -> Result<Recorded<Payment>, String> {
    ledger.begin_part(part).await.map_err(|error| error.to_string())
}

async fn begun(ledger: &TestLedger, part: NewPart) -> Payment {
    match begin(ledger, part).await.unwrap() {
        Recorded::Newly(payment) => payment,
        Recorded::Already(payment) => panic!("{payment:?} was there before"),
    }
}

#[tokio::test]
async fn the_same_part_is_begun_once_and_found_again_pending_and_complete() {
    let ledger = TestLedger::new();
    let first = begun(&ledger, part("a", 1, 0, Some(7))).await;
    assert_eq!((first.groupid, first.amount_sent), (7, Some(Msat(1_010))));
    let again = begin(&ledger, part("a", 2, 0, Some(7))).await;
    assert_eq!(again, Ok(Recorded::Already(first.clone())));

    let done = ledger.complete_payment(first.payment_id, preimage("a"), None, NOW);
    let done = done.await.unwrap().into_inner();
    assert_eq!(
        done.amount_sent,
        Some(Msat(1_010)),
        "what is known of the fees is kept"
    );
    for group in [None, Some(7), Some(9)] {
        let again = begin(&ledger, part("a", 3, 0, group)).await;
        assert_eq!(again, Ok(Recorded::Already(done.clone())));
    }
    assert_eq!(ledger.payments_by_hash(hash("a")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_part_that_does_not_go_with_those_there_are_is_refused() {
    let ledger = TestLedger::new();
    let first = begun(&ledger, part("a", 1, 1, Some(7))).await;
    let dearer = |mut part: NewPart| {
        part.payment.amount = Msat(2_000);
        part
    };
    let refusals = [
        (
            part("a", 2, 1, None),
            "Payment with groupid=7 still in progress, cannot retry before that completes.",
        ),
        (
            part("a", 2, 0, Some(7)),
            "Already have parallel payment in progress",
        ),
        (
            dearer(part("a", 2, 1, Some(7))),
            "Already pending with amount 1000msat (not 2000msat)",
        ),
        (
            part("a", 2, 2, Some(7)),
            "Already have 1000msat of 1000msat payments in progress",
        ),
    ];
    for (part, words) in refusals {
        assert_eq!(begin(&ledger, part).await, Err(words.to_owned()));
    }
    ledger
        .complete_payment(first.payment_id, preimage("a"), None, NOW)
        .await
        .unwrap();
    let refusals = [
        (
            dearer(part("a", 2, 1, None)),
            "Already succeeded with amount 1000msat (not 2000msat)",
        ),
        (part("a", 2, 2, Some(7)), "Already succeeded other parts"),
    ];
    for (part, words) in refusals {
        assert_eq!(begin(&ledger, part).await, Err(words.to_owned()));
    }
}

#[tokio::test]
async fn what_broke_on_the_way_is_kept_until_the_payment_is_deleted() {
    let ledger = TestLedger::new();
    let pending = begun(&ledger, part("a", 1, 0, None)).await;
    assert!(ledger.is_way_given(pending.payment_id).await.unwrap());
    assert_eq!(ledger.way_failure(pending.created_index).await.unwrap(), None);
    let failure = WayFailure {
        erring_index: 1,
        erring_node: Some(
            "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
                .parse()
                .unwrap(),
        ),
        erring_channel: Some(u64::MAX),
        erring_direction: Some(1),
        failcode: Some(0x400f),
    };
    for _ in 0..2 {
        let failed = ledger.fail_part(pending.payment_id, 203, "no".to_owned(), failure, NOW);
        let failed = failed.await.unwrap().into_inner();
        assert_eq!(failed.state.status(), PaymentStatus::Failed);
    }
    assert_eq!(
        ledger.way_failure(pending.created_index).await.unwrap(),
        Some(failure)
    );

    let words = format!(
        "There already is a payment with payment_hash={}, groupid=1, partid=0.",
        hash("a")
    );
    let refused = begin(&ledger, part("a", 2, 0, Some(1))).await.unwrap_err();
    assert!(refused.starts_with(&words), "{refused}");
    let second = begun(&ledger, part("a", 2, 0, None)).await;
    assert_eq!(second.groupid, 2);

    let deleted = ledger.delete_payments(hash("a"), PaymentStatus::Failed, Some((1, 0)));
    assert_eq!(deleted.await.unwrap().len(), 1);
    assert_eq!(ledger.way_failure(pending.created_index).await.unwrap(), None);
    assert!(!ledger.is_way_given(pending.payment_id).await.unwrap());
}

#[tokio::test]
async fn a_payment_whose_way_ldk_chooses_has_none_given() {
    let ledger = TestLedger::new();
    let payment = ledger.begin_payment(payment("a"), boltill_ledger::Repeat::Refuse);
    assert!(
        !ledger
            .is_way_given(payment.await.unwrap().payment_id)
            .await
            .unwrap()
    );
    assert!(!ledger.is_way_given(PaymentId([9; 32])).await.unwrap());
}

#[tokio::test]
async fn an_own_invoice_is_paid_in_the_group_that_was_asked_for_and_once() {
    let ledger = TestLedger::new();
    ledger.create_invoice(invoice("a")).await.unwrap();
    let paid = ledger.pay_own_part(part("a", 1, 0, Some(5)), NOW).await.unwrap();
    let Recorded::Newly(paid) = paid else {
        panic!("{paid:?}");
    };
    assert_eq!(paid.groupid, 5);
    assert!(matches!(paid.state, PaymentState::Complete { .. }));
    let again = ledger.pay_own_part(part("a", 2, 0, None), NOW).await.unwrap();
    assert_eq!(again, Recorded::Already(paid));
    let unknown = ledger.pay_own_part(part("b", 3, 0, None), NOW).await;
    assert!(matches!(unknown, Err(PayOwnInvoiceError::UnknownInvoice)));
    assert!(ledger.payments_by_hash(hash("b")).await.unwrap().is_empty());

    begun(&ledger, part("c", 4, 0, Some(1))).await;
    let busy = ledger.pay_own_part(part("c", 5, 0, Some(2)), NOW).await;
    assert!(matches!(
        busy,
        Err(PayOwnInvoiceError::BeginPart(BeginPartError::OtherGroup(1)))
    ));
}
