//! What every engine of the ledger owes of offers, and of the invoices that are fetched for them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use boltill_ledger::{
    CreateInvoiceError, CreateOfferError, CreateOfferInvoiceError, DisableOfferError, EnableOfferError,
    InvoiceStatus, NewOffer, Offer, Recorded,
};
use boltill_types::{CreatedIndex, Msat, UnixSeconds};
use common::{TestLedger, hash, invoice, offer_id};

const NOW: UnixSeconds = UnixSeconds(100);

fn offer(name: &str) -> NewOffer {
    NewOffer {
        id: offer_id(name),
        label: None,
        bolt12: format!("lno1{name}"),
        single_use: false,
        force_paths: false,
    }
}

fn single_use(name: &str) -> NewOffer {
    NewOffer {
        single_use: true,
        ..offer(name)
    }
}

async fn look(ledger: &TestLedger, name: &str) -> Offer {
    ledger.offer(offer_id(name)).await.unwrap().unwrap()
}

async fn status(ledger: &TestLedger, name: &str) -> InvoiceStatus {
    let invoice = ledger.invoice_by_hash(hash(name)).await.unwrap();
    invoice.unwrap().state.status()
}

async fn fetch(ledger: &TestLedger, offer: &str, name: &str) {
    let filed = ledger.create_offer_invoice(offer_id(offer), invoice(name));
    assert_eq!(filed.await.unwrap().local_offer_id, Some(offer_id(offer)));
}

#[tokio::test]
async fn an_offer_comes_back_as_it_was_filed() {
    let mut ledger = TestLedger::new();
    let new = NewOffer {
        label: Some("coffee".to_owned()),
        single_use: true,
        force_paths: true,
        ..offer("a")
    };
    let filed = ledger.create_offer(new.clone()).await.unwrap();
    let expected = Offer {
        created_index: CreatedIndex(1),
        id: new.id,
        label: new.label.clone(),
        bolt12: new.bolt12.clone(),
        single_use: true,
        active: true,
        used: false,
        force_paths: true,
    };
    assert_eq!(filed, Recorded::Newly(expected.clone()));
    ledger.create_offer(offer("b")).await.unwrap();
    ledger.reopen();
    assert_eq!(look(&ledger, "a").await, expected);
    assert_eq!(ledger.offer(offer_id("c")).await.unwrap(), None);
    let again = ledger.create_offer(new).await.unwrap();
    assert_eq!(again, Recorded::Already(expected));
    let all = ledger.list_offers().collect().await.unwrap();
    assert_eq!(all, [look(&ledger, "a").await, look(&ledger, "b").await]);
}

#[tokio::test]
async fn a_disabled_offer_gives_no_invoices_until_it_is_enabled() {
    let ledger = TestLedger::new();
    for name in ["a", "b"] {
        ledger.create_offer(offer(name)).await.unwrap();
    }
    fetch(&ledger, "a", "unpaid").await;
    fetch(&ledger, "a", "paid").await;
    fetch(&ledger, "b", "other").await;
    ledger.settle_invoice(hash("paid"), Msat(1), NOW).await.unwrap();

    let disabled = ledger.disable_offer(offer_id("a")).await.unwrap();
    assert_eq!((disabled.active, disabled.used), (false, true));
    assert_eq!(status(&ledger, "unpaid").await, InvoiceStatus::Expired);
    assert_eq!(status(&ledger, "paid").await, InvoiceStatus::Paid);
    assert_eq!(status(&ledger, "other").await, InvoiceStatus::Unpaid);
    let refused = ledger.create_offer_invoice(offer_id("a"), invoice("late")).await;
    assert!(matches!(refused, Err(CreateOfferInvoiceError::NotActive)));
    let refused = ledger.create_offer(offer("a")).await;
    assert!(matches!(refused, Err(CreateOfferError::NotActive(same)) if *same == disabled));
    let refused = ledger.disable_offer(offer_id("a")).await;
    assert!(matches!(refused, Err(DisableOfferError::NotActive(same)) if *same == disabled));
    let active = ledger.list_active_offers().collect().await.unwrap();
    assert_eq!(active, [look(&ledger, "b").await]);

    assert!(ledger.enable_offer(offer_id("a")).await.unwrap().active);
    fetch(&ledger, "a", "late").await;
    let refused = ledger.enable_offer(offer_id("a")).await;
    assert!(matches!(refused, Err(EnableOfferError::AlreadyActive(_))));
    assert!(matches!(
        ledger.enable_offer(offer_id("c")).await,
        Err(EnableOfferError::Unknown)
    ));
    assert!(matches!(
        ledger.disable_offer(offer_id("c")).await,
        Err(DisableOfferError::Unknown)
    ));
}

#[tokio::test]
async fn an_offer_for_a_single_use_ends_with_its_first_payment() {
    let mut ledger = TestLedger::new();
    ledger.create_offer(single_use("a")).await.unwrap();
    for name in ["first", "second"] {
        fetch(&ledger, "a", name).await;
    }
    assert!(look(&ledger, "a").await.active, "fetching is not paying");
    ledger.settle_invoice(hash("first"), Msat(1), NOW).await.unwrap();
    ledger.reopen();
    let used = look(&ledger, "a").await;
    assert_eq!((used.active, used.used), (false, true));
    assert_eq!(status(&ledger, "first").await, InvoiceStatus::Paid);
    assert_eq!(status(&ledger, "second").await, InvoiceStatus::Expired);
    let refused = ledger.create_offer_invoice(offer_id("a"), invoice("third")).await;
    assert!(matches!(refused, Err(CreateOfferInvoiceError::NotActive)));
}

#[tokio::test]
async fn a_reusable_offer_is_used_and_stays_active() {
    let ledger = TestLedger::new();
    ledger.create_offer(offer("a")).await.unwrap();
    for name in ["first", "second"] {
        fetch(&ledger, "a", name).await;
        ledger.settle_invoice(hash(name), Msat(1), NOW).await.unwrap();
        let used = look(&ledger, "a").await;
        assert_eq!((used.active, used.used), (true, true));
    }
}

#[tokio::test]
async fn an_invoice_for_an_offer_is_refused_as_any_other() {
    let ledger = TestLedger::new();
    ledger.create_offer(offer("a")).await.unwrap();
    fetch(&ledger, "a", "first").await;
    let refused = ledger.create_offer_invoice(offer_id("a"), invoice("first")).await;
    assert!(matches!(
        refused,
        Err(CreateOfferInvoiceError::Invoice(
            CreateInvoiceError::PreimageUsed(_)
        ))
    ));
    let refused = ledger.create_offer_invoice(offer_id("b"), invoice("b")).await;
    assert!(matches!(refused, Err(CreateOfferInvoiceError::UnknownOffer)));
}
