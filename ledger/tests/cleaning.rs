//! Cleaning: what is over and old goes, a little at a time, and nothing else.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use boltill_ledger::{
    ChannelId, Cleanable, ForwardClaimed, HtlcIn, HtlcOut, IndexKind, InvoiceStatus, Ledger, Range, Repeat,
    Subsystem,
};
use boltill_types::{Msat, PaymentHash, UnixSeconds};
use common::{TestLedger, hash, invoice, payment, payment_id, preimage};

/// Cleans until there is no more, and gives how many went and in how many writes.
async fn clean(ledger: &Ledger, what: Cleanable, ended: u64) -> (u64, u32) {
    let (mut cleaned, mut writes) = (0, 0);
    loop {
        let batch = ledger.clean(what, UnixSeconds(ended)).await.unwrap();
        cleaned += batch.cleaned;
        writes += 1;
        if !batch.more {
            return (cleaned, writes);
        }
    }
}

fn deleted(ledger: &Ledger, subsystem: Subsystem) -> u64 {
    ledger.current_index(subsystem, IndexKind::Deleted)
}

async fn statuses(ledger: &Ledger) -> Vec<InvoiceStatus> {
    let invoices = ledger.list_invoices(Range::ALL).collect().await.unwrap();
    invoices.iter().map(|invoice| invoice.state.status()).collect()
}

#[tokio::test]
async fn invoices_go_by_their_status_and_when_they_came_to_it() {
    let mut ledger = TestLedger::new();
    for number in 0..1000_u64 {
        let mut new = invoice(&format!("expired {number}"));
        new.expires_at = UnixSeconds(number);
        ledger.create_invoice(new).await.unwrap();
    }
    while ledger.expire_due_invoices(UnixSeconds(5000), 1000).await.unwrap() > 0 {}
    for name in ["a", "b", "unpaid"] {
        ledger.create_invoice(invoice(name)).await.unwrap();
    }
    for (name, paid_at) in [("b", 100), ("a", 200)] {
        let settled = ledger.settle_invoice(hash(name), Msat(1000), UnixSeconds(paid_at));
        settled.await.unwrap();
    }
    assert_eq!(clean(&ledger, Cleanable::PaidInvoices, 99).await, (0, 1));
    assert_eq!(clean(&ledger, Cleanable::PaidInvoices, 199).await, (1, 1));
    let (cleaned, writes) = clean(&ledger, Cleanable::ExpiredInvoices, 899).await;
    assert_eq!(cleaned, 900);
    assert!(writes > 3, "in {writes} writes");
    assert_eq!(ledger.cleanable(Cleanable::ExpiredInvoices).await.unwrap(), 100);
    assert_eq!(ledger.cleanable(Cleanable::PaidInvoices).await.unwrap(), 1);
    assert_eq!(deleted(&ledger, Subsystem::Invoices), 901);
    ledger.reopen();
    assert_eq!(ledger.cleaned(Cleanable::ExpiredInvoices).await.unwrap(), 900);
    assert_eq!(ledger.cleaned(Cleanable::PaidInvoices).await.unwrap(), 1);
    let left = statuses(&ledger).await;
    let unpaid = left.iter().filter(|status| **status == InvoiceStatus::Unpaid);
    assert_eq!((left.len(), unpaid.count()), (102, 1));
}

#[tokio::test]
async fn payments_under_way_stay_whatever_their_age() {
    let ledger = TestLedger::new();
    for name in ["arrived", "failed", "late", "pending"] {
        ledger.begin_payment(payment(name), Repeat::Refuse).await.unwrap();
    }
    for (name, at) in [("arrived", 200), ("late", 900)] {
        let complete = ledger.complete_payment(payment_id(name), preimage(name), None, UnixSeconds(at));
        complete.await.unwrap();
    }
    let fail = ledger.fail_payment(payment_id("failed"), 210, "no".to_owned(), UnixSeconds(200));
    fail.await.unwrap();
    assert_eq!(clean(&ledger, Cleanable::SucceededPays, 500).await.0, 1);
    assert_eq!(clean(&ledger, Cleanable::FailedPays, 500).await.0, 1);
    assert_eq!(ledger.cleanable(Cleanable::SucceededPays).await.unwrap(), 1);
    assert_eq!(clean(&ledger, Cleanable::SucceededPays, 900).await.0, 1);
    let left = ledger.list_payments(Range::ALL).collect().await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].payment_hash, hash("pending"));
    assert_eq!(deleted(&ledger, Subsystem::Sendpays), 3);
}

#[tokio::test]
async fn forwards_go_and_what_they_earned_stays() {
    let ledger = TestLedger::new();
    let channel = |number| ChannelId([number; 32]);
    let incoming = |htlc_id, received_at| HtlcIn {
        channel: channel(1),
        short_channel_id: Some(101),
        htlc_id,
        amount: Msat(1_010),
        payment_hash: PaymentHash([9; 32]),
        received_at: UnixSeconds(received_at),
    };
    let outgoing = HtlcOut {
        channel: Some(channel(2)),
        short_channel_id: Some(102),
        htlc_id: Some(7),
        amount: Some(Msat(1_000)),
    };
    let offers = vec![(incoming(0, 100), outgoing), (incoming(1, 100), outgoing)];
    ledger.offer_forwards(offers).await.unwrap();
    let claimed = ForwardClaimed {
        in_channel: channel(1),
        out_channel: channel(2),
        out_short_channel_id: Some(102),
        out_amount: Some(Msat(1_000)),
        fee: Some(Msat(10)),
    };
    ledger
        .settle_forward(claimed, UnixSeconds(200))
        .await
        .unwrap()
        .unwrap();
    for number in 2..4 {
        let refused = ledger.refuse_forward(incoming(number, 100), outgoing, None, UnixSeconds(200 * number));
        refused.await.unwrap();
    }
    assert_eq!(clean(&ledger, Cleanable::SucceededForwards, 200).await.0, 1);
    assert_eq!(clean(&ledger, Cleanable::FailedForwards, 500).await.0, 1);
    assert_eq!(ledger.cleanable(Cleanable::FailedForwards).await.unwrap(), 1);
    assert_eq!(ledger.forwarding_fees(), Msat(10));
    let left = ledger.list_forwards(Range::ALL).collect().await.unwrap();
    let left: Vec<_> = left.iter().map(|forward| forward.incoming.htlc_id).collect();
    assert_eq!(left, [1, 3]);
    assert_eq!(deleted(&ledger, Subsystem::Forwards), 2);
}
