//! `invoice`, `createinvoice`, `signinvoice`, `listinvoices`, and expiry.

use super::*;
use crate::Lightning;
use crate::test::{Bench, incoming, label, order, soon};
use crate::{ListError, Range};
use bitcoin::hashes::{Hash, sha256};
use boltill_ledger::{InvoiceStatus, Order};
use boltill_node::{MIN_FINAL_CLTV_DELTA, NodeEvent};
use boltill_types::{Msat, PaymentHash, PaymentPreimage};
use lightning_invoice::{Bolt11Invoice, Bolt11InvoiceDescriptionRef};

fn parsed(bolt11: &str) -> Bolt11Invoice {
    bolt11.parse().unwrap()
}

#[tokio::test]
async fn an_invoice_says_what_was_asked_for() {
    let bench = Bench::new();
    let mut asked = order(Some(1_234), "a");
    asked.preimage = Some(PaymentPreimage([3; 32]));
    asked.fallbacks = vec!["bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080".to_owned()];
    asked.cltv = Some(144);
    let made = bench.till.create_invoice(asked).await.unwrap();
    let invoice = parsed(&made.bolt11);
    assert_eq!(invoice.get_payee_pub_key(), bench.node.id());
    assert_eq!(invoice.amount_milli_satoshis(), Some(1_234));
    assert_eq!(invoice.payment_hash(), &sha256::Hash::hash(&[3; 32]));
    assert_eq!(invoice.payment_secret(), &made.payment_secret);
    assert_eq!(invoice.expiry_time().as_secs(), 3_600);
    assert_eq!(invoice.expires_at().unwrap().as_secs(), made.expires_at.0);
    assert_eq!(invoice.min_final_cltv_expiry_delta(), 144);
    assert_eq!(invoice.fallbacks().len(), 1);
    let described = match invoice.description() {
        Bolt11InvoiceDescriptionRef::Direct(description) => description.to_string(),
        Bolt11InvoiceDescriptionRef::Hash(_) => panic!("a hash"),
    };
    assert_eq!(described, "what a is for");
    assert_eq!(made.warnings, [HintWarning::Capacity], "there are no channels");
    let filed = bench.invoice("a").await;
    assert_eq!(filed.text.as_str(), made.bolt11);
    assert_eq!(filed.created_index, made.created_index);
}

#[tokio::test]
async fn the_final_delta_is_never_less_than_ldk_demands() {
    let bench = Bench::new();
    let made = bench.till.create_invoice(order(None, "a")).await.unwrap();
    let invoice = parsed(&made.bolt11);
    assert_eq!(
        invoice.min_final_cltv_expiry_delta(),
        u64::from(MIN_FINAL_CLTV_DELTA)
    );
    assert_eq!(invoice.amount_milli_satoshis(), None);
}

#[tokio::test]
async fn a_long_description_is_hashed_and_kept() {
    let bench = Bench::new();
    let mut asked = order(Some(1), "a");
    asked.description = "x".repeat(640);
    let error = bench.till.create_invoice(asked.clone()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Description greater than 639 bytes invalid (description length 640)"
    );
    asked.deschashonly = true;
    let made = bench.till.create_invoice(asked.clone()).await.unwrap();
    let invoice = parsed(&made.bolt11);
    let Bolt11InvoiceDescriptionRef::Hash(hash) = invoice.description() else {
        panic!("no hash")
    };
    assert_eq!(hash.0, sha256::Hash::hash(asked.description.as_bytes()));
    assert_eq!(bench.invoice("a").await.description, Some(asked.description));
}

#[tokio::test]
async fn checks_come_in_the_order_of_core_lightning() {
    let bench = Bench::new();
    let mut wrong = order(Some(1), "a");
    wrong.preimage = Some(PaymentPreimage([3; 32]));
    bench.till.create_invoice(wrong.clone()).await.unwrap();
    wrong.description = "x".repeat(640);
    wrong.fallbacks = vec!["nowhere".to_owned()];
    wrong.expose_private = ExposePrivate::Only(vec![1]);
    let mut messages = Vec::new();
    while let Err(error) = bench.till.create_invoice(wrong.clone()).await {
        match &error {
            CreateInvoiceError::DescriptionTooLong(_) => wrong.description.clear(),
            CreateInvoiceError::FallbackInvalid => wrong.fallbacks.clear(),
            CreateInvoiceError::NoSuitableHints(_) => wrong.expose_private = ExposePrivate::Never,
            CreateInvoiceError::NotFiled(boltill_ledger::CreateInvoiceError::PreimageUsed(_)) => {
                wrong.preimage = None;
            }
            CreateInvoiceError::NotFiled(boltill_ledger::CreateInvoiceError::DuplicateLabel(_)) => {
                wrong.label = label("b");
            }
            other => panic!("{other}"),
        }
        messages.push(error.to_string());
    }
    assert_eq!(
        messages,
        [
            "Description greater than 639 bytes invalid (description length 640)",
            "Fallback address not valid",
            "None of those hints were suitable local channels",
            "preimage already used",
            "Duplicate label 'a'",
        ]
    );
}

#[tokio::test]
async fn an_expiry_that_cannot_be_counted_is_refused() {
    let bench = Bench::new();
    for expiry in [u64::MAX, i64::MAX as u64] {
        let mut asked = order(Some(1), "a");
        asked.expiry = expiry;
        let refused = bench.till.create_invoice(asked).await.unwrap_err();
        assert!(
            matches!(refused, CreateInvoiceError::ExpiryTooLong(_)),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn an_amount_beyond_all_bitcoin_is_refused() {
    let bench = Bench::new();
    let refused = bench
        .till
        .create_invoice(order(Some(u64::MAX), "a"))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, CreateInvoiceError::AmountTooLarge(Msat(u64::MAX))),
        "{refused}"
    );
}

#[tokio::test]
async fn somebody_elses_invoice_is_signed_anew_and_filed() {
    let (bench, other) = (Bench::new(), Bench::with_key(2));
    let mut asked = order(Some(5_000), "theirs");
    asked.preimage = Some(PaymentPreimage([4; 32]));
    let theirs = other.till.create_invoice(asked).await.unwrap().bolt11;

    let signed = parsed(&bench.till.sign_invoice(&theirs).unwrap());
    assert_eq!(signed.get_payee_pub_key(), bench.node.id());

    let wrong = bench
        .till
        .file_invoice(&theirs, label("ours"), PaymentPreimage([5; 32]))
        .await
        .unwrap_err();
    assert_eq!(wrong.to_string(), "Incorrect preimage");
    let filed = bench
        .till
        .file_invoice(&theirs, label("ours"), PaymentPreimage([4; 32]))
        .await
        .unwrap();
    let invoice = parsed(filed.text.as_str());
    assert_eq!(invoice.get_payee_pub_key(), bench.node.id());
    assert_eq!(filed.amount, Some(Msat(5_000)));
    assert_eq!(filed.description.as_deref(), Some("what theirs is for"));
    let again = bench
        .till
        .file_invoice(&theirs, label("ours"), PaymentPreimage([4; 32]))
        .await
        .unwrap_err();
    assert_eq!(again.to_string(), "preimage already used");
    assert!(
        bench
            .till
            .sign_invoice("lnbcrt1nonsense")
            .unwrap_err()
            .to_string()
            .starts_with("Unparsable invoice")
    );
}

async fn listed(bench: &Bench, query: InvoiceQuery) -> Vec<String> {
    let mut pages = bench.till.list_invoices(query).await.unwrap();
    let mut labels = Vec::new();
    while let Some(page) = pages.next_page().await.unwrap() {
        labels.extend(page.into_iter().map(|invoice| invoice.label.to_string()));
    }
    labels
}

#[tokio::test]
async fn invoices_are_found_by_whatever_they_are_known_by() {
    let bench = Bench::new();
    let first = bench.till.create_invoice(order(Some(1), "a")).await.unwrap();
    bench.till.create_invoice(order(Some(1), "b")).await.unwrap();
    assert_eq!(listed(&bench, InvoiceQuery::Range(Range::ALL)).await, ["a", "b"]);
    let range = Range {
        order: Order::Created,
        start: 2,
        limit: Some(5),
    };
    assert_eq!(listed(&bench, InvoiceQuery::Range(range)).await, ["b"]);
    assert_eq!(listed(&bench, InvoiceQuery::Label(label("b"))).await, ["b"]);
    assert_eq!(
        listed(&bench, InvoiceQuery::Label(label("c"))).await,
        Vec::<String>::new()
    );
    assert_eq!(
        listed(&bench, InvoiceQuery::PaymentHash(first.payment_hash)).await,
        ["a"]
    );
    for form in [
        first.bolt11.clone(),
        first.bolt11.to_uppercase(),
        format!("lightning:{}", first.bolt11),
    ] {
        assert_eq!(listed(&bench, InvoiceQuery::Invstring(form)).await, ["a"]);
    }
    let unknown = InvoiceQuery::PaymentHash(PaymentHash([0; 32]));
    assert_eq!(listed(&bench, unknown).await, Vec::<String>::new());
    let nonsense = bench
        .till
        .list_invoices(InvoiceQuery::Invstring("lnbc1".to_owned()))
        .await;
    assert!(matches!(nonsense, Err(ListError::InvalidInvstring)));
}

#[tokio::test]
async fn no_due_invoice_is_ever_listed_as_unpaid() {
    let bench = Bench::new();
    for round in 0..3 {
        let mut asked = order(Some(1), &format!("due {round}"));
        asked.expiry = 0;
        bench.till.create_invoice(asked).await.unwrap();
        let query = InvoiceQuery::Label(label(&format!("due {round}")));
        let mut pages = bench.till.list_invoices(query).await.unwrap();
        let page = pages.next_page().await.unwrap().unwrap();
        assert_eq!(page[0].state.status(), InvoiceStatus::Expired);
        assert!(page[0].updated_index.is_some());
    }
}

#[tokio::test]
async fn the_expiry_task_wakes_for_an_invoice_that_is_due_before_the_others() {
    let bench = Bench::new();
    bench.till.create_invoice(order(Some(1), "late")).await.unwrap();
    let mut changes = bench.ledger.subscribe();
    let till = bench.till.clone();
    let task = tokio::spawn(async move { till.run_expiry().await });
    let mut due = order(Some(1), "due");
    due.expiry = 1;
    bench.till.create_invoice(due).await.unwrap();
    soon(async { while changes.recv().await.unwrap().kind != boltill_ledger::IndexKind::Updated {} }).await;
    assert_eq!(bench.invoice("due").await.state.status(), InvoiceStatus::Expired);
    assert_eq!(bench.invoice("late").await.state.status(), InvoiceStatus::Unpaid);
    task.abort();
}

#[tokio::test]
async fn deleting_takes_an_invoice_for_expired_once_it_is_due() {
    let bench = Bench::new();
    let mut due = order(Some(1), "due");
    due.expiry = 0;
    bench.till.create_invoice(due).await.unwrap();
    let refused = bench
        .till
        .delete_invoice(label("due"), InvoiceStatus::Unpaid, false)
        .await
        .unwrap_err();
    assert_eq!(refused.to_string(), "Invoice status is expired not unpaid");
    let paid = bench.till.create_invoice(order(Some(1), "paid")).await.unwrap();
    bench
        .tell(NodeEvent::PaymentClaimed(incoming(paid.payment_hash, 1)))
        .await;
    let stripped = bench
        .till
        .delete_invoice(label("paid"), InvoiceStatus::Paid, true)
        .await
        .unwrap();
    assert_eq!(stripped.description, None);
}
