//! What every engine of the ledger owes of payments that we make.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use bitcoin::secp256k1::PublicKey;
use boltill_ledger::{
    BeginPaymentError, DeletePaymentError, FinishPaymentError, InvoiceStatus, InvoiceText, NewInvoice,
    NewPayment, Order, PayOwnInvoiceError, Payment, PaymentState, PaymentStatus, Range, Recorded, Repeat,
};
use boltill_types::{CreatedIndex, Msat, UnixSeconds, UpdatedIndex};
use common::{TestLedger, hash, invoice, payment, payment_id, preimage};

const LATER: UnixSeconds = UnixSeconds(200);

async fn begin(ledger: &TestLedger, name: &str) -> Payment {
    ledger.begin_payment(payment(name), Repeat::Refuse).await.unwrap()
}

async fn complete(ledger: &TestLedger, name: &str) -> Recorded<Payment> {
    let sent = Some(Msat(1_010));
    ledger
        .complete_payment(payment_id(name), preimage(name), sent, LATER)
        .await
        .unwrap()
}

async fn fail(ledger: &TestLedger, name: &str) -> Recorded<Payment> {
    ledger
        .fail_payment(payment_id(name), 205, "no route".to_owned(), LATER)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_payment_comes_back_as_it_was_filed() {
    let mut ledger = TestLedger::new();
    let generator = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    let new = NewPayment {
        partid: 3,
        destination: Some(generator.parse::<PublicKey>().unwrap()),
        label: Some("rent".to_owned()),
        text: Some(InvoiceText::Bolt12("lni1rent".to_owned())),
        description: Some("for May".to_owned()),
        ..payment("a")
    };
    let filed = ledger.begin_payment(new.clone(), Repeat::Refuse).await.unwrap();
    assert_eq!(
        (filed.created_index, filed.updated_index, filed.groupid),
        (CreatedIndex(1), None, 1)
    );
    assert_eq!((filed.destination, &filed.text), (new.destination, &new.text));
    assert_eq!(filed.state, PaymentState::Pending);
    let bare = NewPayment {
        text: None,
        ..payment("b")
    };
    let bare = ledger.begin_payment(bare, Repeat::Refuse).await.unwrap();
    ledger.reopen();
    assert_eq!(
        ledger.payments_by_hash(hash("a")).await.unwrap(),
        std::slice::from_ref(&filed)
    );
    assert_eq!(ledger.payment_by_id(payment_id("a")).await.unwrap(), Some(filed));
    assert_eq!(ledger.payments_by_hash(hash("b")).await.unwrap(), [bare]);
    assert_eq!(ledger.payments_by_hash(hash("c")).await.unwrap(), []);
}

#[tokio::test]
async fn a_hash_is_not_paid_again_while_in_progress_nor_after_success_but_after_failure() {
    let ledger = TestLedger::new();
    let first = begin(&ledger, "a").await;
    let refused = ledger.begin_payment(payment("a"), Repeat::Refuse).await;
    assert!(matches!(refused, Err(BeginPaymentError::InProgress(other)) if *other == first));
    fail(&ledger, "a").await;
    let second = begin(&ledger, "a").await;
    assert_eq!((second.groupid, second.created_index), (2, CreatedIndex(2)));
    let paid = complete(&ledger, "a").await.into_inner();
    assert_eq!(
        paid.created_index, second.created_index,
        "the latest attempt is the one that is under way"
    );
    let refused = ledger.begin_payment(payment("a"), Repeat::Refuse).await;
    assert!(matches!(refused, Err(BeginPaymentError::AlreadyPaid(other)) if *other == paid));
    let third = ledger.begin_payment(payment("a"), Repeat::Allow).await.unwrap();
    assert_eq!(third.groupid, 3);
}

#[tokio::test]
async fn an_id_is_not_used_by_two_payments_at_once() {
    let ledger = TestLedger::new();
    let first = begin(&ledger, "a").await;
    let other = NewPayment {
        payment_id: payment_id("a"),
        ..payment("b")
    };
    for repeat in [Repeat::Refuse, Repeat::Allow] {
        let refused = ledger.begin_payment(other.clone(), repeat).await;
        assert!(matches!(refused, Err(BeginPaymentError::IdInUse(other)) if *other == first));
    }
    fail(&ledger, "a").await;
    assert_eq!(
        ledger.begin_payment(other, Repeat::Refuse).await.unwrap().groupid,
        1
    );
}

#[tokio::test]
async fn of_many_that_want_to_pay_one_hash_one_begins() {
    let ledger = TestLedger::new();
    let attempts: Vec<_> = (0..64)
        .map(|number| NewPayment {
            payment_id: payment_id(&number.to_string()),
            ..payment("a")
        })
        .map(|new| ledger.begin_payment(new, Repeat::Refuse))
        .collect();
    let mut begun = 0;
    for attempt in attempts {
        match attempt.await {
            Ok(_) => begun += 1,
            Err(error) => assert!(matches!(error, BeginPaymentError::InProgress(_))),
        }
    }
    assert_eq!(begun, 1);
}

#[tokio::test]
async fn the_end_of_a_payment_is_recorded_once() {
    let mut ledger = TestLedger::new();
    for name in ["a", "b"] {
        begin(&ledger, name).await;
    }
    let Recorded::Newly(paid) = complete(&ledger, "a").await else {
        panic!("it was pending")
    };
    assert_eq!(
        (paid.amount_sent, paid.updated_index),
        (Some(Msat(1_010)), Some(UpdatedIndex(1)))
    );
    assert_eq!(
        paid.state,
        PaymentState::Complete {
            preimage: preimage("a"),
            completed_at: LATER
        }
    );
    let Recorded::Newly(failed) = fail(&ledger, "b").await else {
        panic!("it was pending")
    };
    let message = "no route".to_owned();
    assert_eq!(
        failed.state,
        PaymentState::Failed {
            code: 205,
            message,
            completed_at: LATER
        }
    );
    ledger.reopen();
    assert_eq!(complete(&ledger, "a").await, Recorded::Already(paid.clone()));
    assert_eq!(fail(&ledger, "b").await, Recorded::Already(failed));
    assert_eq!(fail(&ledger, "a").await, Recorded::Already(paid));
    let unknown = ledger
        .fail_payment(payment_id("c"), 1, String::new(), LATER)
        .await;
    assert!(matches!(unknown, Err(FinishPaymentError::UnknownPayment)));
}

#[tokio::test]
async fn a_proof_of_payment_overrules_a_failure() {
    let ledger = TestLedger::new();
    begin(&ledger, "a").await;
    fail(&ledger, "a").await;
    let Recorded::Newly(paid) = complete(&ledger, "a").await else {
        panic!("it had failed")
    };
    assert_eq!(paid.state.status(), PaymentStatus::Complete);
    assert_eq!(ledger.payment_by_id(payment_id("a")).await.unwrap(), Some(paid));
}

#[tokio::test]
async fn payments_are_listed_by_creation_by_change_and_by_status() {
    let ledger = TestLedger::new();
    for name in ["a", "b", "c", "d"] {
        begin(&ledger, name).await;
    }
    fail(&ledger, "d").await;
    complete(&ledger, "a").await;
    let indexes = |payments: Vec<Payment>| -> Vec<u64> {
        payments.iter().map(|payment| payment.created_index.0).collect()
    };
    let range = |order, start, limit| Range { order, start, limit };
    for (range, expected) in [
        (Range::ALL, vec![1, 2, 3, 4]),
        (range(Order::Created, 2, Some(2)), vec![2, 3]),
        (range(Order::Updated, 0, None), vec![4, 1]),
        (range(Order::Updated, 2, None), vec![1]),
    ] {
        assert_eq!(
            indexes(ledger.list_payments(range).collect().await.unwrap()),
            expected
        );
    }
    for (status, expected) in [
        (PaymentStatus::Pending, vec![2, 3]),
        (PaymentStatus::Complete, vec![1]),
        (PaymentStatus::Failed, vec![4]),
    ] {
        assert_eq!(
            indexes(ledger.list_payments_by_status(status).collect().await.unwrap()),
            expected
        );
    }
}

#[tokio::test]
async fn deletion_takes_the_attempts_of_the_expected_status_and_never_a_pending_one() {
    let ledger = TestLedger::new();
    for _ in 0..2 {
        begin(&ledger, "a").await;
        fail(&ledger, "a").await;
    }
    begin(&ledger, "a").await;
    let delete = |name, expected, part| ledger.delete_payments(hash(name), expected, part);
    use PaymentStatus::{Complete, Failed, Pending};
    assert!(matches!(
        delete("a", Pending, None).await,
        Err(DeletePaymentError::Pending)
    ));
    assert!(matches!(
        delete("b", Failed, None).await,
        Err(DeletePaymentError::UnknownPayment)
    ));
    assert!(matches!(
        delete("a", Failed, Some((9, 0))).await,
        Err(DeletePaymentError::UnknownPayment)
    ));
    assert!(matches!(
        delete("a", Complete, None).await,
        Err(DeletePaymentError::StatusMismatch {
            current: Failed,
            expected: Complete
        })
    ));
    assert!(matches!(
        delete("a", Failed, Some((3, 0))).await,
        Err(DeletePaymentError::StatusMismatch {
            current: Pending,
            expected: Failed
        })
    ));
    assert_eq!(delete("a", Failed, Some((1, 0))).await.unwrap().len(), 1);
    let deleted = delete("a", Failed, None).await.unwrap();
    assert_eq!(
        deleted.iter().map(|payment| payment.groupid).collect::<Vec<_>>(),
        [2]
    );
    let left = ledger.payments_by_hash(hash("a")).await.unwrap();
    assert_eq!(
        left.iter().map(|payment| payment.groupid).collect::<Vec<_>>(),
        [3]
    );
}

#[tokio::test]
async fn an_invoice_of_our_own_is_paid_in_both_books_or_in_neither() {
    let ledger = TestLedger::new();
    ledger.create_invoice(invoice("a")).await.unwrap();
    let paid = ledger.pay_own_invoice(payment("a"), LATER).await.unwrap();
    assert_eq!(
        paid.state,
        PaymentState::Complete {
            preimage: preimage("a"),
            completed_at: LATER
        }
    );
    let settled = ledger.invoice_by_hash(hash("a")).await.unwrap().unwrap();
    assert_eq!(settled.state.status(), InvoiceStatus::Paid);

    let unknown = ledger.pay_own_invoice(payment("b"), LATER).await;
    assert!(matches!(unknown, Err(PayOwnInvoiceError::UnknownInvoice)));
    let expired = NewInvoice {
        expires_at: UnixSeconds(1),
        ..invoice("c")
    };
    ledger.create_invoice(expired).await.unwrap();
    let late = ledger.pay_own_invoice(payment("c"), LATER).await;
    assert!(matches!(
        late,
        Err(PayOwnInvoiceError::NotUnpaid(InvoiceStatus::Expired))
    ));
    for name in ["b", "c"] {
        assert_eq!(ledger.payments_by_hash(hash(name)).await.unwrap(), []);
    }
    assert_eq!(begin(&ledger, "b").await.created_index, CreatedIndex(2));
}
