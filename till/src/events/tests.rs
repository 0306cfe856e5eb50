use super::*;
use crate::test::{Bench, incoming, label, order, soon};
use bitcoin::hashes::{Hash, sha256};
use boltill_ledger::{InvoiceStatus, NewInvoiceRequest, NewPayment, PaymentId, PayoutLimits};
use boltill_node::NodeEvent;
use boltill_types::{InvreqId, Msat, PaymentHash, PaymentPreimage, UnixSeconds};

const NOW: UnixSeconds = UnixSeconds(100);

async fn invoiced(bench: &Bench, name: &str) -> PaymentHash {
    let created = bench.till.create_invoice(order(Some(1_000), name)).await;
    created.unwrap().payment_hash
}

async fn pay(bench: &Bench, hash: PaymentHash) {
    bench.tell(NodeEvent::PaymentClaimed(incoming(hash, 1_000))).await;
}

async fn expire(bench: &Bench, name: &str) {
    let mut due = order(Some(1), name);
    due.expiry = 0;
    bench.till.create_invoice(due).await.unwrap();
    bench
        .ledger
        .expire_due_invoices(UnixSeconds::now(), 100)
        .await
        .unwrap();
}

fn preimage(name: &str) -> PaymentPreimage {
    PaymentPreimage(sha256::Hash::hash(name.as_bytes()).to_byte_array())
}

async fn request(bench: &Bench, name: &str) {
    let new = NewInvoiceRequest {
        id: InvreqId([7; 32]),
        label: Some(name.to_owned()),
        bolt12: "lnr1".to_owned(),
        bolt12_unsigned: None,
        single_use: false,
        amount: Msat(1_000),
        absolute_expiry: None,
        limits: PayoutLimits::default(),
    };
    bench.ledger.create_invoice_request(new).await.unwrap();
}

async fn begin(bench: &Bench, name: &str) {
    let payment_hash = PaymentHash(sha256::Hash::hash(&preimage(name).0).to_byte_array());
    let payment = NewPayment {
        payment_id: PaymentId(payment_hash.0),
        payment_hash,
        partid: 0,
        amount: Msat(1_000),
        destination: None,
        label: Some(name.to_owned()),
        text: None,
        description: None,
        created_at: NOW,
    };
    let begun = bench.ledger.begin_payout(InvreqId([7; 32]), payment, NOW);
    begun.await.unwrap();
}

fn payment_id(name: &str) -> PaymentId {
    PaymentId(sha256::Hash::hash(&preimage(name).0).to_byte_array())
}

/// What happened to what.
fn told(event: &Event) -> String {
    let of = |payout: &PayoutOf| format!("{} {}", payout.label.as_deref().unwrap(), payout.payout.payment.0);
    match event {
        Event::InvoiceCreated(invoice) => format!("created {}", invoice.label.as_str()),
        Event::InvoicePaid(invoice) => format!("paid {}", invoice.label.as_str()),
        Event::InvoiceExpired(invoice) => format!("expired {}", invoice.label.as_str()),
        Event::RequestCreated(request) => format!("request {}", request.label.as_deref().unwrap()),
        Event::PayoutBegun(payout) => format!("begun {}", of(payout)),
        Event::PayoutPaid(payout) => format!("paid out {}", of(payout)),
        Event::PayoutFailed(payout) => format!("failed {}", of(payout)),
    }
}

/// The next so many events.
async fn take(events: &mut Events, count: usize) -> Vec<(Cursor, String)> {
    let mut taken = Vec::new();
    while taken.len() < count {
        let next = soon(events.next()).await.unwrap();
        taken.extend(next.iter().map(|(cursor, event)| (*cursor, told(event))));
    }
    taken
}

fn words(taken: &[(Cursor, String)]) -> Vec<&str> {
    taken.iter().map(|(_, words)| &**words).collect()
}

/// All there is from the beginning.
async fn all(bench: &Bench, count: usize) -> Vec<(Cursor, String)> {
    let mut events = bench.till.events(Some(Cursor::default())).unwrap();
    take(&mut events, count).await
}

#[tokio::test]
async fn each_event_is_told_once_to_whoever_listens_while_it_happens() {
    let bench = Bench::new();
    invoiced(&bench, "before").await;
    let mut events = bench.till.events(None).unwrap();
    let hash = invoiced(&bench, "a").await;
    assert_eq!(words(&take(&mut events, 1).await), ["created a"]);
    pay(&bench, hash).await;
    assert_eq!(words(&take(&mut events, 1).await), ["paid a"]);
    expire(&bench, "b").await;
    assert_eq!(words(&take(&mut events, 2).await), ["created b", "expired b"]);
    request(&bench, "atm").await;
    begin(&bench, "x").await;
    assert_eq!(words(&take(&mut events, 2).await), ["request atm", "begun atm 1"]);
    begin(&bench, "y").await;
    let failed = bench
        .ledger
        .fail_payment(payment_id("x"), 205, "no route".to_owned(), NOW);
    failed.await.unwrap();
    let paid = bench
        .ledger
        .complete_payment(payment_id("y"), preimage("y"), Some(Msat(1_000)), NOW);
    paid.await.unwrap();
    assert_eq!(
        words(&take(&mut events, 3).await),
        ["begun atm 2", "failed atm 1", "paid out atm 2"]
    );
}

#[tokio::test]
async fn from_each_event_on_the_rest_is_told_even_after_a_restart() {
    let bench = Bench::new();
    let (a, b) = (invoiced(&bench, "a").await, invoiced(&bench, "b").await);
    pay(&bench, b).await;
    pay(&bench, a).await;
    expire(&bench, "c").await;
    request(&bench, "atm").await;
    begin(&bench, "x").await;
    let paid = bench
        .ledger
        .complete_payment(payment_id("x"), preimage("x"), Some(Msat(1_000)), NOW);
    paid.await.unwrap();
    let bench = bench.restart();
    let told = all(&bench, 9).await;
    assert_eq!(
        words(&told),
        [
            "created a",
            "created b",
            "created c",
            "paid b",
            "paid a",
            "expired c",
            "request atm",
            "begun atm 1",
            "paid out atm 1",
        ]
    );
    for (at, (cursor, _)) in told.iter().enumerate() {
        let rest = &told[at + 1..];
        let mut events = bench.till.events(Some(*cursor)).unwrap();
        assert_eq!(words(&take(&mut events, rest.len()).await), words(rest));
    }
    let mut events = bench.till.events(Some(told[8].0)).unwrap();
    invoiced(&bench, "d").await;
    assert_eq!(
        words(&take(&mut events, 1).await),
        ["created d"],
        "and nothing twice"
    );
}

#[tokio::test]
async fn more_than_a_page_is_told_in_order_and_what_was_deleted_is_not() {
    let bench = Bench::new();
    for number in 0..600 {
        invoiced(&bench, &number.to_string()).await;
    }
    let hash = bench.invoice("599").await.payment_hash;
    for deleted in [0, 300, 598] {
        let deleted = bench
            .ledger
            .delete_invoice(label(&deleted.to_string()), InvoiceStatus::Unpaid);
        deleted.await.unwrap();
    }
    pay(&bench, hash).await;
    let expected: Vec<_> = (0..600)
        .filter(|number| ![0, 300, 598].contains(number))
        .map(|number| format!("created {number}"))
        .chain(["paid 599".to_owned()])
        .collect();
    assert_eq!(words(&all(&bench, 598).await), expected);
}

#[tokio::test]
async fn a_payment_is_told_once_whatever_becomes_of_its_invoice_afterwards() {
    let bench = Bench::new();
    let mut events = bench.till.events(None).unwrap();
    let hash = invoiced(&bench, "a").await;
    pay(&bench, hash).await;
    let removed = bench
        .ledger
        .delete_invoice_description(label("a"), InvoiceStatus::Paid);
    removed.await.unwrap();
    invoiced(&bench, "b").await;
    let mut told = take(&mut events, 3).await;
    told.sort_by(|one, other| one.1.cmp(&other.1));
    assert_eq!(words(&told), ["created a", "created b", "paid a"]);
}

#[tokio::test]
async fn a_cursor_of_another_ledger_is_refused() {
    let bench = Bench::new();
    invoiced(&bench, "a").await;
    let ahead = "c2.p0.u0.r0.b0.e0".parse().unwrap();
    assert_eq!(bench.till.events(Some(ahead)).err(), Some(CursorError::Ahead));
}
