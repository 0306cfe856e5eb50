//! What every engine of the ledger owes those who wait for changes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use boltill_ledger::{
    Change, ChangeDetails, IndexKind, InvoiceStatus, PaymentStatus, Recorded, Repeat, Subsystem,
};
use boltill_types::{Msat, UnixSeconds};
use common::{TestLedger, hash, invoice, label, payment, payment_id};

const NOW: UnixSeconds = UnixSeconds(1_000);

/// The subsystem, the index, and the status of the entry.
fn outline(change: &Change) -> (Subsystem, IndexKind, u64, &'static str) {
    let status = match &change.details {
        ChangeDetails::Invoice(invoice) => invoice.status.as_str(),
        ChangeDetails::Sendpay(payment) => payment.status.as_str(),
        ChangeDetails::Forward(forward) => forward.status.as_str(),
        ChangeDetails::InvoiceRequest(request) if request.active => "active",
        ChangeDetails::InvoiceRequest(_) => "inactive",
    };
    (change.subsystem(), change.kind, change.index, status)
}

#[tokio::test]
async fn every_change_is_told_once_in_order_with_what_wait_needs() {
    let ledger = TestLedger::new();
    let mut changes = ledger.subscribe();
    ledger.create_invoice(invoice("a")).await.unwrap();
    ledger.create_invoice(invoice("a")).await.unwrap_err();
    ledger.settle_invoice(hash("a"), Msat(1), NOW).await.unwrap();
    let again = ledger.settle_invoice(hash("a"), Msat(1), NOW).await.unwrap();
    assert!(matches!(again, Recorded::Already(_)));
    ledger
        .delete_invoice_description(label("a"), InvoiceStatus::Paid)
        .await
        .unwrap();
    ledger
        .delete_invoice(label("a"), InvoiceStatus::Paid)
        .await
        .unwrap();
    ledger.begin_payment(payment("p"), Repeat::Refuse).await.unwrap();
    ledger
        .fail_payment(payment_id("p"), 205, "no route".to_owned(), NOW)
        .await
        .unwrap();
    ledger
        .delete_payments(hash("p"), PaymentStatus::Failed, None)
        .await
        .unwrap();

    use IndexKind::{Created, Deleted, Updated};
    use Subsystem::{Invoices, Sendpays};
    let mut told = Vec::new();
    while let Ok(change) = changes.try_recv() {
        told.push(change);
    }
    assert_eq!(
        told.iter().map(outline).collect::<Vec<_>>(),
        [
            (Invoices, Created, 1, "unpaid"),
            (Invoices, Updated, 1, "paid"),
            (Invoices, Updated, 2, "paid"),
            (Invoices, Deleted, 1, "paid"),
            (Sendpays, Created, 1, "pending"),
            (Sendpays, Updated, 1, "failed"),
            (Sendpays, Deleted, 1, "failed"),
        ]
    );
    let ChangeDetails::Invoice(created) = &told[0].details else {
        panic!("an invoice was made")
    };
    assert_eq!((&created.label, created.text.as_str()), (&label("a"), "lnbcrt1a"));
    assert_eq!(created.payment_hash, hash("a"));
    assert_eq!(created.description.as_deref(), Some("what a is for"));
    let ChangeDetails::Sendpay(begun) = &told[4].details else {
        panic!("a payment was begun")
    };
    assert_eq!(
        (begun.payment_hash, begun.groupid, begun.partid),
        (hash("p"), 1, 0)
    );
}

#[tokio::test]
async fn a_change_is_on_file_when_it_is_told_and_the_counter_has_moved() {
    let ledger = TestLedger::new();
    let mut changes = ledger.subscribe();
    drop(ledger.create_invoice(invoice("a")));
    let change = changes.recv().await.unwrap();
    assert_eq!(
        outline(&change),
        (Subsystem::Invoices, IndexKind::Created, 1, "unpaid")
    );
    assert_eq!(ledger.current_index(Subsystem::Invoices, IndexKind::Created), 1);
    assert!(ledger.invoice_by_label(&label("a")).await.unwrap().is_some());
}

#[tokio::test]
async fn counters_go_on_after_a_restart() {
    let mut ledger = TestLedger::new();
    for name in ["a", "b"] {
        ledger.create_invoice(invoice(name)).await.unwrap();
    }
    ledger.settle_invoice(hash("a"), Msat(1), NOW).await.unwrap();
    ledger
        .delete_invoice(label("b"), InvoiceStatus::Unpaid)
        .await
        .unwrap();
    ledger.reopen();
    let indexes = [IndexKind::Created, IndexKind::Updated, IndexKind::Deleted]
        .map(|kind| ledger.current_index(Subsystem::Invoices, kind));
    assert_eq!(indexes, [2, 1, 1]);
    assert_eq!(ledger.current_index(Subsystem::Sendpays, IndexKind::Created), 0);
}
