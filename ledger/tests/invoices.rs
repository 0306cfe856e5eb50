//! What every engine of the ledger owes of invoices.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use boltill_ledger::{
    CreateInvoiceError, DeleteInvoiceError, InvoiceState, InvoiceStatus, InvoiceText, NewInvoice, OfferId,
    Order, Range, Recorded, SettleInvoiceError,
};
use boltill_types::{CreatedIndex, Msat, PayIndex, UnixSeconds, UpdatedIndex};
use common::{TestLedger, hash, invoice, label};
use std::time::{Duration, Instant};

const NOW: UnixSeconds = UnixSeconds(1_000);

fn expiring(name: &str, expires_at: u64) -> NewInvoice {
    NewInvoice {
        expires_at: UnixSeconds(expires_at),
        ..invoice(name)
    }
}

#[tokio::test]
async fn an_invoice_comes_back_as_it_was_filed_by_label_and_by_hash() {
    let mut ledger = TestLedger::new();
    let full = NewInvoice {
        text: InvoiceText::Bolt12("lni1full".to_owned()),
        amount: None,
        description: None,
        local_offer_id: Some(OfferId([9; 32])),
        invreq_payer_note: Some("thanks, \"é\"".to_owned()),
        ..invoice("full")
    };
    let plain = ledger.create_invoice(invoice("plain")).await.unwrap();
    let filed = ledger.create_invoice(full.clone()).await.unwrap();
    assert_eq!(
        (plain.created_index, filed.created_index),
        (CreatedIndex(1), CreatedIndex(2))
    );
    assert_eq!(filed.text, full.text);
    assert_eq!(filed.local_offer_id, full.local_offer_id);
    assert_eq!(filed.invreq_payer_note, full.invreq_payer_note);
    assert_eq!((filed.updated_index, filed.state), (None, InvoiceState::Unpaid));
    ledger.reopen();
    for expected in [plain, filed] {
        assert_eq!(
            ledger.invoice_by_label(&expected.label).await.unwrap().as_ref(),
            Some(&expected)
        );
        assert_eq!(
            ledger.invoice_by_hash(expected.payment_hash).await.unwrap(),
            Some(expected)
        );
    }
    assert_eq!(ledger.invoice_by_label(&label("other")).await.unwrap(), None);
    assert_eq!(ledger.invoice_by_hash(hash("other")).await.unwrap(), None);
}

#[tokio::test]
async fn a_used_preimage_is_refused_before_a_used_label_and_neither_costs_an_index() {
    let ledger = TestLedger::new();
    let first = ledger.create_invoice(invoice("a")).await.unwrap();
    let both = ledger.create_invoice(invoice("a")).await;
    assert!(matches!(both, Err(CreateInvoiceError::PreimageUsed(other)) if *other == first));
    let relabelled = NewInvoice {
        label: label("b"),
        ..invoice("a")
    };
    assert!(matches!(
        ledger.create_invoice(relabelled).await,
        Err(CreateInvoiceError::PreimageUsed(other)) if *other == first
    ));
    let same_label = NewInvoice {
        label: label("a"),
        ..invoice("b")
    };
    let refused = ledger.create_invoice(same_label).await.unwrap_err();
    assert_eq!(refused.to_string(), "Duplicate label 'a'");
    assert!(matches!(refused, CreateInvoiceError::DuplicateLabel(other) if *other == first));
    assert_eq!(
        ledger.create_invoice(invoice("b")).await.unwrap().created_index,
        CreatedIndex(2)
    );
}

#[tokio::test]
async fn settling_twice_records_one_payment() {
    let mut ledger = TestLedger::new();
    for name in ["a", "b"] {
        ledger.create_invoice(invoice(name)).await.unwrap();
    }
    let Recorded::Newly(paid) = ledger.settle_invoice(hash("b"), Msat(1_500), NOW).await.unwrap() else {
        panic!("it was unpaid");
    };
    assert_eq!(
        paid.state,
        InvoiceState::Paid {
            pay_index: PayIndex(1),
            received: Msat(1_500),
            paid_at: NOW
        }
    );
    assert_eq!(paid.updated_index, Some(UpdatedIndex(1)));
    ledger.reopen();
    let again = ledger
        .settle_invoice(hash("b"), Msat(9), UnixSeconds(9))
        .await
        .unwrap();
    assert_eq!(again, Recorded::Already(paid));
    let other = ledger
        .settle_invoice(hash("a"), Msat(1_000), NOW)
        .await
        .unwrap()
        .into_inner();
    assert!(matches!(
        other.state,
        InvoiceState::Paid {
            pay_index: PayIndex(2),
            ..
        }
    ));
    assert_eq!(ledger.last_pay_index(), PayIndex(2));
    assert!(matches!(
        ledger.settle_invoice(hash("c"), Msat(1), NOW).await,
        Err(SettleInvoiceError::UnknownInvoice)
    ));
}

#[tokio::test]
async fn money_that_arrives_after_the_expiry_is_recorded() {
    let ledger = TestLedger::new();
    ledger.create_invoice(expiring("late", 10)).await.unwrap();
    assert_eq!(ledger.expire_due_invoices(NOW, 10).await.unwrap(), 1);
    let settled = ledger
        .settle_invoice(hash("late"), Msat(1_000), NOW)
        .await
        .unwrap();
    assert!(matches!(settled, Recorded::Newly(invoice) if invoice.state.status() == InvoiceStatus::Paid));
}

#[tokio::test]
async fn paid_invoices_are_found_in_the_order_of_payment() {
    let ledger = TestLedger::new();
    for name in ["a", "b", "c"] {
        ledger.create_invoice(invoice(name)).await.unwrap();
    }
    assert_eq!(ledger.next_paid_invoice(PayIndex(0)).await.unwrap(), None);
    for name in ["c", "a", "b"] {
        ledger.settle_invoice(hash(name), Msat(1_000), NOW).await.unwrap();
    }
    ledger
        .delete_invoice(label("a"), InvoiceStatus::Paid)
        .await
        .unwrap();
    let mut found = Vec::new();
    let mut last = PayIndex(0);
    while let Some(invoice) = ledger.next_paid_invoice(last).await.unwrap() {
        let InvoiceState::Paid { pay_index, .. } = invoice.state else {
            panic!("it is not paid")
        };
        last = pay_index;
        found.push((pay_index.0, invoice.label.as_str().to_owned()));
    }
    assert_eq!(found, [(1, "c".to_owned()), (3, "b".to_owned())]);
}

#[tokio::test]
async fn only_what_is_due_and_unpaid_expires_and_the_longest_due_first() {
    let ledger = TestLedger::new();
    for (name, expires_at) in [
        ("later", 2_000),
        ("second", 900),
        ("first", 800),
        ("paid", 10),
        ("edge", 1_000),
    ] {
        ledger.create_invoice(expiring(name, expires_at)).await.unwrap();
    }
    ledger
        .settle_invoice(hash("paid"), Msat(1_000), NOW)
        .await
        .unwrap();
    assert_eq!(
        ledger.next_invoice_expiry().await.unwrap(),
        Some(UnixSeconds(800))
    );
    assert_eq!(ledger.expire_due_invoices(NOW, 1).await.unwrap(), 1);
    assert_eq!(
        ledger.next_invoice_expiry().await.unwrap(),
        Some(UnixSeconds(900))
    );
    assert_eq!(ledger.expire_due_invoices(NOW, 10).await.unwrap(), 2);
    assert_eq!(ledger.expire_due_invoices(NOW, 10).await.unwrap(), 0);
    assert_eq!(
        ledger.next_invoice_expiry().await.unwrap(),
        Some(UnixSeconds(2_000))
    );
    let changed = ledger
        .list_invoices(Range {
            order: Order::Updated,
            ..Range::ALL
        })
        .collect()
        .await
        .unwrap();
    let names: Vec<_> = changed.iter().map(|invoice| invoice.label.as_str()).collect();
    assert_eq!(names, ["paid", "first", "second", "edge"]);
    assert!(
        changed[1..]
            .iter()
            .all(|invoice| invoice.state == InvoiceState::Expired)
    );
}

#[tokio::test]
async fn an_expiry_beyond_all_time_is_kept_as_the_end_of_time() {
    let ledger = TestLedger::new();
    ledger
        .create_invoice(expiring("forever", u64::MAX))
        .await
        .unwrap();
    assert_eq!(
        ledger
            .expire_due_invoices(UnixSeconds(u64::from(u32::MAX)), 10)
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        ledger.next_invoice_expiry().await.unwrap(),
        Some(UnixSeconds(i64::MAX as u64))
    );
}

#[tokio::test]
async fn deleting_checks_label_then_status_and_answers_what_was_deleted() {
    let ledger = TestLedger::new();
    let filed = ledger.create_invoice(invoice("a")).await.unwrap();
    let unknown = ledger.delete_invoice(label("b"), InvoiceStatus::Unpaid).await;
    assert!(matches!(unknown, Err(DeleteInvoiceError::UnknownInvoice)));
    let mismatch = ledger
        .delete_invoice(label("a"), InvoiceStatus::Paid)
        .await
        .unwrap_err();
    assert_eq!(mismatch.to_string(), "Invoice status is unpaid not paid");
    assert_eq!(
        ledger
            .delete_invoice(label("a"), InvoiceStatus::Unpaid)
            .await
            .unwrap(),
        filed
    );
    assert_eq!(ledger.invoice_by_label(&label("a")).await.unwrap(), None);
    assert_eq!(ledger.invoice_by_hash(hash("a")).await.unwrap(), None);
    let again = ledger.create_invoice(invoice("a")).await.unwrap();
    assert_eq!(
        again.created_index,
        CreatedIndex(2),
        "an index is never used again"
    );
}

#[tokio::test]
async fn indexes_are_not_used_again_after_deletion_and_a_restart() {
    let mut ledger = TestLedger::new();
    ledger.create_invoice(invoice("a")).await.unwrap();
    ledger.settle_invoice(hash("a"), Msat(1), NOW).await.unwrap();
    ledger
        .delete_invoice(label("a"), InvoiceStatus::Paid)
        .await
        .unwrap();
    ledger.reopen();
    assert_eq!(
        ledger.create_invoice(invoice("a")).await.unwrap().created_index,
        CreatedIndex(2)
    );
    let paid = ledger
        .settle_invoice(hash("a"), Msat(1), NOW)
        .await
        .unwrap()
        .into_inner();
    assert!(matches!(
        paid.state,
        InvoiceState::Paid {
            pay_index: PayIndex(2),
            ..
        }
    ));
    assert_eq!(paid.updated_index, Some(UpdatedIndex(2)));
}

#[tokio::test]
async fn a_description_is_removed_once_and_counts_as_a_change() {
    let ledger = TestLedger::new();
    ledger.create_invoice(invoice("a")).await.unwrap();
    let wrong = ledger
        .delete_invoice_description(label("a"), InvoiceStatus::Paid)
        .await;
    assert!(matches!(wrong, Err(DeleteInvoiceError::StatusMismatch { .. })));
    let stripped = ledger
        .delete_invoice_description(label("a"), InvoiceStatus::Unpaid)
        .await
        .unwrap();
    assert_eq!(
        (&stripped.description, stripped.updated_index),
        (&None, Some(UpdatedIndex(1)))
    );
    assert_eq!(
        ledger.invoice_by_label(&label("a")).await.unwrap(),
        Some(stripped)
    );
    let again = ledger
        .delete_invoice_description(label("a"), InvoiceStatus::Unpaid)
        .await;
    assert!(matches!(again, Err(DeleteInvoiceError::DescriptionRemoved)));
}

async fn indexes(ledger: &TestLedger, start: u64, limit: Option<u32>) -> Vec<u64> {
    let range = Range {
        order: Order::Created,
        start,
        limit,
    };
    let invoices = ledger.list_invoices(range).collect().await.unwrap();
    invoices.iter().map(|invoice| invoice.created_index.0).collect()
}

#[tokio::test]
async fn listing_starts_where_it_is_told_and_stops_at_its_limit() {
    let ledger = TestLedger::new();
    for number in 1..=600 {
        drop(ledger.create_invoice(invoice(&number.to_string())));
    }
    ledger.create_invoice(invoice("last")).await.unwrap();
    assert_eq!(indexes(&ledger, 0, None).await, (1..=601).collect::<Vec<_>>());
    assert_eq!(indexes(&ledger, 300, Some(3)).await, [300, 301, 302]);
    assert_eq!(
        indexes(&ledger, 200, Some(400)).await,
        (200..600).collect::<Vec<_>>()
    );
    assert_eq!(indexes(&ledger, 601, Some(5)).await, [601]);
    assert_eq!(indexes(&ledger, 602, None).await, [0; 0]);
    assert_eq!(indexes(&ledger, 1, Some(0)).await, [0; 0]);
    assert_eq!(indexes(&ledger, u64::MAX, None).await, [0; 0]);
}

#[tokio::test]
async fn a_listing_ends_where_the_ledger_ended_when_it_began() {
    let ledger = TestLedger::new();
    for number in 0..400 {
        drop(ledger.create_invoice(invoice(&number.to_string())));
    }
    ledger.create_invoice(invoice("last")).await.unwrap();
    let mut listing = ledger.list_invoices(Range::ALL);
    let first = listing.next_page().await.unwrap().unwrap();
    assert!(first.len() < 401, "a page is not the whole");
    ledger.create_invoice(invoice("too late")).await.unwrap();
    ledger
        .delete_invoice(label("399"), InvoiceStatus::Unpaid)
        .await
        .unwrap();
    let rest = listing.collect().await.unwrap();
    assert_eq!(first.len() + rest.len(), 400);
    assert_eq!(rest.last().unwrap().label, label("last"));
}

#[tokio::test]
async fn invoices_of_an_offer_are_listed_apart() {
    let ledger = TestLedger::new();
    for (name, offer) in [("a", Some(1)), ("b", None), ("c", Some(2)), ("d", Some(1))] {
        let local_offer_id = offer.map(|byte| OfferId([byte; 32]));
        ledger
            .create_invoice(NewInvoice {
                local_offer_id,
                ..invoice(name)
            })
            .await
            .unwrap();
    }
    for (byte, expected) in [(1, vec![1, 4]), (2, vec![3]), (3, vec![])] {
        let invoices = ledger
            .list_invoices_of_offer(OfferId([byte; 32]))
            .collect()
            .await
            .unwrap();
        let indexes: Vec<_> = invoices.iter().map(|invoice| invoice.created_index.0).collect();
        assert_eq!(indexes, expected);
    }
}

#[tokio::test]
async fn more_invoices_than_are_gathered_in_memory_are_found_and_refused_as_duplicates_also_after_a_restart()
{
    const MANY: usize = 33_000;
    let mut ledger = TestLedger::new();
    let name = |number: usize| format!("invoice {number}");
    for number in 0..MANY {
        drop(ledger.create_invoice(invoice(&name(number))));
    }
    let mut folder = ledger.path().into_os_string();
    folder.push("-keys");
    let has_file = || std::fs::read_dir(&folder).unwrap().next().is_some();
    let deadline = Instant::now() + Duration::from_secs(180);
    let mut more = MANY;
    // What has been written counts with a commit that comes after it.
    while !has_file() || more < MANY + 20 {
        ledger.create_invoice(invoice(&name(more))).await.unwrap();
        more += 1;
        assert!(Instant::now() < deadline, "a file is written");
    }
    for _ in 0..2 {
        for number in (0..more).step_by(1_000).chain([MANY - 1, more - 1]) {
            let name = name(number);
            let index = CreatedIndex(number as u64 + 1);
            let by_label = ledger.invoice_by_label(&label(&name)).await.unwrap();
            assert_eq!(by_label.unwrap().created_index, index);
            let by_hash = ledger.invoice_by_hash(hash(&name)).await.unwrap();
            assert_eq!(by_hash.unwrap().created_index, index);
            let same_label = NewInvoice {
                label: label(&name),
                ..invoice("another")
            };
            let refused = ledger.create_invoice(same_label).await;
            assert!(
                matches!(refused, Err(CreateInvoiceError::DuplicateLabel(other)) if other.created_index == index)
            );
            let same_hash = NewInvoice {
                label: label("another"),
                ..invoice(&name)
            };
            let refused = ledger.create_invoice(same_hash).await;
            assert!(
                matches!(refused, Err(CreateInvoiceError::PreimageUsed(other)) if other.created_index == index)
            );
        }
        ledger.reopen();
    }
}
