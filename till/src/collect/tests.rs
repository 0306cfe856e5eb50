use super::*;
use crate::test::{Bench, blinded_path, incoming, label, soon};
use bitcoin::secp256k1::PublicKey;
use boltill_bolt12::{BlindedPath, InvoiceError, InvoiceRequestBuilder};
use boltill_ledger::{IndexKind, InvoiceState, InvoiceStatus, InvoiceText, Subsystem};
use boltill_node::{
    MessageDestination, MessageTag, NodeEvent, OffersArrival, OffersMessageBytes, OffersSink,
};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tokio::task::JoinHandle;

const AMOUNT: Msat = Msat(50_000);
const REGTEST: ChainHash = ChainHash::REGTEST;

/// The key of whoever pays.
fn payer() -> PublicKey {
    Bench::with_key(2).till.lightning().id()
}

fn build(
    chain: ChainHash,
    shape: impl FnOnce(InvoiceRequestBuilder) -> InvoiceRequestBuilder,
) -> OfferlessRequest {
    let builder = InvoiceRequestBuilder::new(chain, AMOUNT, "a refund", [3; 16], payer());
    shape(builder).build().unwrap()
}

fn plain() -> OfferlessRequest {
    build(REGTEST, |builder| builder)
}

fn collect(invreq: OfferlessRequest, name: &str, timeout: u32) -> CollectRequest {
    CollectRequest {
        invreq,
        label: label(name),
        amount: None,
        timeout,
        quantity: None,
    }
}

/// Long enough for anything here.
const LONG: u32 = 600;

type Collecting = JoinHandle<Result<Invoice, CollectError>>;

/// Begins to collect, and answers once the invoice is with the payer.
async fn begin(bench: &Bench, request: CollectRequest) -> (Collecting, boltill_bolt12::Invoice) {
    let till = bench.till.clone();
    let collecting = tokio::spawn(async move { till.collect(request).await });
    let sent = soon(async {
        loop {
            if let Some(sent) = bench.node.state.lock().unwrap().messages.pop() {
                break sent;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let invoice = boltill_bolt12::Invoice::from_bytes(sent.message.bytes().to_vec()).unwrap();
    let hash = invoice.fields().payment_hash.unwrap();
    assert!(matches!(sent.message, OffersMessageBytes::Invoice(_)));
    assert_eq!(sent.reply, Some(MessageTag::Invoice(hash)));
    (collecting, invoice)
}

fn hash_of(invoice: &boltill_bolt12::Invoice) -> PaymentHash {
    invoice.fields().payment_hash.unwrap()
}

/// The payer pays.
async fn pay(bench: &Bench, hash: PaymentHash, amount: Msat) {
    let payment = incoming(hash, amount.0);
    bench.tell(NodeEvent::PaymentClaimable(payment.clone())).await;
    bench.tell(NodeEvent::PaymentClaimed(payment)).await;
}

fn poll_once<F: Future>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    let waker = Waker::noop();
    future.as_mut().poll(&mut Context::from_waker(waker))
}

/// The payer refuses.
async fn refuse(bench: &Bench, hash: PaymentHash, bytes: Vec<u8>) {
    let arrival = OffersArrival {
        message: OffersMessageBytes::InvoiceError(bytes),
        tag: Some(MessageTag::Invoice(hash)),
        reply: None,
    };
    soon(bench.till.arrived(arrival)).await;
}

#[tokio::test]
async fn an_invoice_mirrors_its_request_and_is_answered_once_it_is_paid() {
    let bench = Bench::new();
    let request = build(REGTEST, |builder| builder.payer_note("thanks").issuer("a shop"));
    let Ok(signed) =
        request.sign(|digest| Ok::<_, Infallible>(Bench::with_key(2).till.lightning().sign_bolt12(digest)));
    let (collecting, sent) = begin(&bench, collect(signed, "refund", LONG)).await;
    assert_eq!(sent.invreq_id(), request.id(), "every field is mirrored");
    assert!(sent.is_signature_valid());
    let fields = sent.fields();
    assert_eq!(
        (fields.amount, fields.relative_expiry),
        (Some(AMOUNT), Some(LONG))
    );
    assert_eq!(fields.node_id, Some(bench.till.lightning().id()));
    let now = UnixSeconds::now();
    let complete = sent.clone().into_complete(REGTEST, now).unwrap();
    assert!(complete.allows_multiple_parts());

    let filed = bench.invoice("refund").await;
    assert_eq!(filed.text, InvoiceText::Bolt12(sent.to_string()));
    assert_eq!((filed.state, filed.amount), (InvoiceState::Unpaid, Some(AMOUNT)));
    assert_eq!(filed.description.as_deref(), Some("a refund"));
    assert_eq!(filed.invreq_payer_note.as_deref(), Some("thanks"));
    assert_eq!(filed.expires_at, complete.expires_at());

    pay(&bench, hash_of(&sent), AMOUNT).await;
    let paid = soon(collecting).await.unwrap().unwrap();
    assert_eq!(paid, bench.invoice("refund").await);
    assert_eq!(paid.state.status(), InvoiceStatus::Paid);
}

#[tokio::test]
async fn another_amount_is_asked_for_where_the_caller_says_so() {
    let bench = Bench::new();
    let mut request = collect(plain(), "less", LONG);
    request.amount = Some(Msat(1_000));
    let (collecting, sent) = begin(&bench, request).await;
    assert_eq!(sent.fields().amount, Some(Msat(1_000)));
    assert_eq!(sent.invreq().amount, Some(AMOUNT));
    pay(&bench, hash_of(&sent), Msat(1_000)).await;
    assert_eq!(soon(collecting).await.unwrap().unwrap().amount, Some(Msat(1_000)));
}

#[tokio::test]
async fn what_cannot_be_collected_is_refused_in_order_and_leaves_no_trace() {
    let bench = Bench::new();
    let past = UnixSeconds(UnixSeconds::now().0 - 100);
    let expired = |chain| build(chain, |builder| builder.absolute_expiry(past));
    let ask = |invreq, amount, quantity| CollectRequest {
        amount,
        quantity,
        ..collect(invreq, "a", LONG)
    };
    let cases = [
        (
            ask(expired(ChainHash::SIGNET), Some(Msat(0)), Some(1)),
            "Unparsable invoice_request: wrong chain",
        ),
        (
            ask(expired(REGTEST), Some(Msat(0)), Some(1)),
            "amount_msat: must be more than zero",
        ),
        (
            ask(expired(REGTEST), None, Some(1)),
            "quantity: the invoice_request does not allow one",
        ),
        (
            ask(build(REGTEST, |builder| builder.quantity(3)), None, Some(2)),
            "quantity: the invoice_request is for 3",
        ),
        (
            ask(expired(REGTEST), None, None),
            "Invoice request expired 100 seconds ago",
        ),
    ];
    for (request, words) in cases {
        let told = soon(bench.till.collect(request)).await.unwrap_err().to_string();
        // The clock may go on meanwhile.
        assert_eq!(told.replace("101", "100"), words);
    }
    assert_eq!(
        bench
            .ledger
            .current_index(Subsystem::Invoices, IndexKind::Created),
        0
    );
}

#[tokio::test]
async fn the_quantity_of_a_request_may_be_repeated() {
    let bench = Bench::new();
    let mut request = collect(build(REGTEST, |builder| builder.quantity(3)), "three", LONG);
    request.quantity = Some(3);
    let (_collecting, sent) = begin(&bench, request).await;
    assert_eq!(sent.invreq().quantity, Some(3));
}

#[tokio::test]
async fn a_label_that_is_taken_sends_nothing() {
    let bench = Bench::new();
    let (_collecting, first) = begin(&bench, collect(plain(), "a", LONG)).await;
    let refused = soon(bench.till.collect(collect(plain(), "a", LONG))).await;
    let Err(CollectError::NotFiled(CreateInvoiceError::DuplicateLabel(clashing))) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(clashing.payment_hash, hash_of(&first));
    assert!(bench.node.state.lock().unwrap().messages.is_empty());
}

#[tokio::test]
async fn an_invoice_goes_to_the_payers_key_or_else_by_its_paths_until_one_is_open() {
    let bench = Bench::new();
    bench.node.state.lock().unwrap().nobody_reachable = true;
    let destinations = || {
        let messages = std::mem::take(&mut bench.node.state.lock().unwrap().messages);
        messages
            .into_iter()
            .map(|sent| sent.to.unwrap())
            .collect::<Vec<_>>()
    };
    let refused = soon(bench.till.collect(collect(plain(), "to its key", LONG)))
        .await
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "Failed: could not route or connect directly to nobody: fetchinvoice-noconnect set: not initiating a new connection"
    );
    assert_eq!(destinations(), [MessageDestination::Node(payer())]);
    // The label is taken all the same, and the invoice can be paid.
    assert_eq!(bench.invoice("to its key").await.state, InvoiceState::Unpaid);

    let ways: Vec<_> = [7, 8]
        .map(|key| blinded_path(&Bench::with_key(key).till.lightning().id()))
        .to_vec();
    let paths: Vec<_> = ways
        .iter()
        .flat_map(|way| BlindedPath::parse_all(way).unwrap())
        .collect();
    let by_paths = build(REGTEST, |builder| builder.paths(&paths));
    let refused = soon(bench.till.collect(collect(by_paths.clone(), "by paths", LONG)))
        .await
        .unwrap_err();
    assert!(
        matches!(&refused, CollectError::NotSent(errors) if errors.0.len() == 2),
        "{refused}"
    );
    let by_path = |way: &Vec<u8>| MessageDestination::Path(way.clone());
    assert_eq!(destinations(), [by_path(&ways[0]), by_path(&ways[1])]);

    bench.node.state.lock().unwrap().nobody_reachable = false;
    let (_collecting, sent) = begin(&bench, collect(by_paths, "by the first", LONG)).await;
    assert!(destinations().is_empty(), "one was enough");
    assert!(sent.is_signature_valid());
}

#[tokio::test]
async fn a_refusal_is_told_as_the_payer_words_it() {
    let bench = Bench::new();
    let (collecting, sent) = begin(&bench, collect(plain(), "a", LONG)).await;
    let error = InvoiceError {
        erroneous_field: Some(170),
        suggested_value: Some(vec![1, 0]),
        error: "too much".to_owned(),
    };
    // Of an invoice that nobody waits for.
    refuse(&bench, PaymentHash([9; 32]), error.to_bytes()).await;
    refuse(&bench, hash_of(&sent), error.to_bytes()).await;
    refuse(&bench, hash_of(&sent), error.to_bytes()).await;
    let refused = soon(collecting).await.unwrap();
    assert!(
        matches!(&refused, Err(CollectError::Refused(Refusal::Told(told))) if *told == error),
        "{refused:?}"
    );

    let (collecting, sent) = begin(&bench, collect(plain(), "b", LONG)).await;
    refuse(&bench, hash_of(&sent), vec![2, 0]).await;
    let refused = soon(collecting).await.unwrap();
    assert!(
        matches!(&refused, Err(CollectError::Refused(Refusal::Unreadable(_)))),
        "{refused:?}"
    );
    // What is paid after all is paid.
    pay(&bench, hash_of(&sent), AMOUNT).await;
    assert_eq!(bench.invoice("b").await.state.status(), InvoiceStatus::Paid);
}

#[tokio::test]
async fn when_the_time_is_over_the_invoice_has_expired_and_nothing_can_be_paid() {
    let bench = Bench::new();
    let at_once = soon(bench.till.collect(collect(plain(), "a", 0))).await;
    assert!(matches!(at_once, Err(CollectError::TimedOut)), "{at_once:?}");
    assert_eq!(bench.invoice("a").await.state, InvoiceState::Expired, "on file");

    let bench = Bench::new();
    let (collecting, sent) = begin(&bench, collect(plain(), "a", 1)).await;
    let timed_out = soon(collecting).await.unwrap();
    assert!(matches!(timed_out, Err(CollectError::TimedOut)), "{timed_out:?}");
    assert_eq!(bench.invoice("a").await.state, InvoiceState::Expired, "on file");
    let late = incoming(hash_of(&sent), AMOUNT.0);
    bench.tell(NodeEvent::PaymentClaimable(late)).await;
    let state = bench.node.state.lock().unwrap();
    assert_eq!(
        (state.claimed.len(), &state.failed_back[..]),
        (0, &[hash_of(&sent)][..])
    );
}

#[tokio::test]
async fn a_payment_that_is_being_taken_at_the_end_of_the_time_is_waited_for() {
    let bench = Bench::new();
    let (collecting, sent) = begin(&bench, collect(plain(), "a", LONG)).await;
    let payment = incoming(hash_of(&sent), AMOUNT.0);
    bench.tell(NodeEvent::PaymentClaimable(payment.clone())).await;
    let end = bench.invoice("a").await.expires_at;
    bench.ledger.expire_due_invoices(end, 1).await.unwrap();
    assert_eq!(bench.invoice("a").await.state, InvoiceState::Expired);
    // Long enough to look at what has changed, many times over.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!collecting.is_finished());
    bench.tell(NodeEvent::PaymentClaimed(payment)).await;
    let paid = soon(collecting).await.unwrap().unwrap();
    assert_eq!(paid.state.status(), InvoiceStatus::Paid);
}

#[tokio::test]
async fn who_hangs_up_leaves_an_invoice_that_is_filed_and_sent() {
    let bench = Bench::new();
    let mut collecting = Box::pin(bench.till.collect(collect(plain(), "a", LONG)));
    // Once: it is filing now.
    assert!(poll_once(&mut collecting).is_pending());
    drop(collecting);
    let hash = soon(async {
        loop {
            if let Some(sent) = bench.node.state.lock().unwrap().messages.pop() {
                let invoice = boltill_bolt12::Invoice::from_bytes(sent.message.bytes().to_vec()).unwrap();
                break hash_of(&invoice);
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    refuse(&bench, hash, InvoiceError::new("nobody hears this").to_bytes()).await;
    pay(&bench, hash, AMOUNT).await;
    assert_eq!(bench.invoice("a").await.state.status(), InvoiceStatus::Paid);
}

#[tokio::test]
async fn after_a_restart_the_invoice_is_there_and_is_paid() {
    let bench = Bench::new();
    let (collecting, sent) = begin(&bench, collect(plain(), "a", LONG)).await;
    collecting.abort();
    let bench = bench.restart();
    pay(&bench, hash_of(&sent), AMOUNT).await;
    let paid = soon(bench.till.wait_invoice(&label("a"))).await.unwrap();
    assert_eq!(paid.text, InvoiceText::Bolt12(sent.to_string()));
    let again = soon(bench.till.collect(collect(plain(), "a", LONG))).await;
    assert!(matches!(again, Err(CollectError::NotFiled(_))), "{again:?}");
}

#[tokio::test]
async fn an_invoice_that_is_deleted_meanwhile_is_not_waited_for() {
    let bench = Bench::new();
    let (collecting, _) = begin(&bench, collect(plain(), "a", LONG)).await;
    bench
        .till
        .delete_invoice(label("a"), InvoiceStatus::Unpaid, false)
        .await
        .unwrap();
    let gone = soon(collecting).await.unwrap();
    assert!(matches!(gone, Err(CollectError::Deleted)), "{gone:?}");
}

#[test]
fn a_request_is_read_with_and_without_a_scheme_in_front() {
    let text = plain().to_string();
    for text in [
        text.clone(),
        format!(" LIGHTNING:{}\n", text.to_uppercase()),
        format!("{}+\n {}", &text[..20], &text[20..]),
    ] {
        assert_eq!(read_invoice_request(&text).unwrap(), plain());
    }
    assert!(read_invoice_request(&format!("{text}+")).is_err());
}
