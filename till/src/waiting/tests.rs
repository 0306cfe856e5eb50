use super::*;
use crate::test::{Bench, incoming, label, order, soon};
use boltill_node::NodeEvent;
use boltill_types::PaymentHash;

async fn invoiced(bench: &Bench, name: &str) -> PaymentHash {
    bench
        .till
        .create_invoice(order(Some(1_000), name))
        .await
        .unwrap()
        .payment_hash
}

async fn pay(bench: &Bench, hash: PaymentHash) {
    bench.tell(NodeEvent::PaymentClaimed(incoming(hash, 1_000))).await;
}

#[tokio::test]
async fn every_waiter_for_an_invoice_is_told_whether_it_came_before_or_after_the_payment() {
    let bench = Bench::new();
    let hash = invoiced(&bench, "a").await;
    let waiters: Vec<_> = (0..64)
        .map(|_| {
            let till = bench.till.clone();
            tokio::spawn(async move { till.wait_invoice(&label("a")).await })
        })
        .collect();
    tokio::task::yield_now().await;
    pay(&bench, hash).await;
    for waiter in waiters {
        let invoice = soon(waiter).await.unwrap().unwrap();
        assert_eq!(invoice.payment_hash, hash);
    }
    assert!(soon(bench.till.wait_invoice(&label("a"))).await.is_ok());
}

#[tokio::test]
async fn waiting_for_an_invoice_ends_when_there_is_nothing_to_wait_for() {
    let bench = Bench::new();
    let unknown = bench.till.wait_invoice(&label("a")).await.unwrap_err();
    assert_eq!(unknown.to_string(), "Label not found");

    // Whether the waiter has looked by then is not ours to say, so it is tried until it has.
    loop {
        invoiced(&bench, "a").await;
        let till = bench.till.clone();
        let waiter = tokio::spawn(async move { till.wait_invoice(&label("a")).await });
        tokio::task::yield_now().await;
        bench
            .ledger
            .delete_invoice(label("a"), InvoiceStatus::Unpaid)
            .await
            .unwrap();
        match soon(waiter).await.unwrap() {
            Err(WaitInvoiceError::LabelNotFound) => {}
            ended => break assert!(matches!(ended, Err(WaitInvoiceError::Deleted)), "{ended:?}"),
        }
    }

    let mut due = order(Some(1), "due");
    due.expiry = 0;
    bench.till.create_invoice(due).await.unwrap();
    let expired = bench.till.wait_invoice(&label("due")).await.unwrap_err();
    assert!(matches!(expired, WaitInvoiceError::Expired(invoice) if invoice.label == label("due")));
}

#[tokio::test]
async fn nobody_is_told_that_an_invoice_expired_while_a_payment_that_came_in_time_is_being_taken() {
    let bench = Bench::new();
    let hash = invoiced(&bench, "a").await;
    let payment = incoming(hash, 1_000);
    bench.tell(NodeEvent::PaymentClaimable(payment.clone())).await;
    let end = bench.invoice("a").await.expires_at;
    bench.ledger.expire_due_invoices(end, 1).await.unwrap();
    // So that there is nothing to do for whoever waits but to look.
    bench.till.expire_some().await.unwrap();
    let label = label("a");
    let mut waiter = std::pin::pin!(bench.till.wait_invoice(&label));
    for _ in 0..100 {
        tokio::select! {
            biased;
            told = &mut waiter => panic!("{told:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    bench.tell(NodeEvent::PaymentClaimed(payment)).await;
    let paid = soon(waiter).await.unwrap();
    assert_eq!(paid.state.status(), InvoiceStatus::Paid);
}

#[tokio::test]
async fn whoever_waits_for_any_invoice_gets_each_payment_in_turn() {
    let bench = Bench::new();
    let (first, second) = (invoiced(&bench, "a").await, invoiced(&bench, "b").await);
    let none = bench
        .till
        .wait_any_invoice(PayIndex(0), Some(Duration::ZERO))
        .await
        .unwrap_err();
    assert_eq!(none.to_string(), "Timed out while waiting for invoice to be paid");
    let none = bench
        .till
        .wait_any_invoice(PayIndex(0), Some(Duration::from_millis(1)))
        .await;
    assert!(matches!(none, Err(WaitAnyInvoiceError::TimedOut)));

    let till = bench.till.clone();
    let waiter = tokio::spawn(async move {
        let mut labels = Vec::new();
        for after in 0..2 {
            labels.push(till.wait_any_invoice(PayIndex(after), None).await.unwrap().label);
        }
        labels
    });
    pay(&bench, second).await;
    pay(&bench, first).await;
    assert_eq!(soon(waiter).await.unwrap(), [label("b"), label("a")]);
    let now = bench
        .till
        .wait_any_invoice(PayIndex(1), Some(Duration::ZERO))
        .await
        .unwrap();
    assert_eq!(now.label, label("a"), "a time out of zero still looks");
}

#[tokio::test]
async fn an_index_is_waited_for_until_it_is_reached() {
    let bench = Bench::new();
    let wait = |kind, next| {
        let till = bench.till.clone();
        async move { till.wait(Subsystem::Invoices, kind, next).await.unwrap() }
    };
    assert_eq!(
        wait(IndexKind::Created, 0).await,
        Waited {
            index: 0,
            details: None
        }
    );
    let (created, updated) = (
        tokio::spawn(wait(IndexKind::Created, 2)),
        tokio::spawn(wait(IndexKind::Updated, 1)),
    );
    tokio::task::yield_now().await;
    let first = invoiced(&bench, "a").await;
    invoiced(&bench, "b").await;
    pay(&bench, first).await;
    let created = soon(created).await.unwrap();
    assert_eq!(created.index, 2);
    if let Some(ChangeDetails::Invoice(change)) = created.details {
        assert_eq!(
            (change.label.as_str(), change.status),
            ("b", InvoiceStatus::Unpaid)
        );
    }
    let updated = soon(updated).await.unwrap();
    assert_eq!(updated.index, 1);
    assert_eq!(
        wait(IndexKind::Created, 1).await,
        Waited {
            index: 2,
            details: None
        }
    );
}
