//! One node makes an offer, another pays it; the tests carry the messages between them.

use super::{FetchError, FetchRequest, Fetched, NewOffer};
use crate::collect::Refusal;
use crate::test::{Bench, blinded_path, incoming, request, soon};
use crate::{InvoiceState, Offer};
use boltill_bolt12::{Invoice, InvoiceError};
use boltill_node::{
    MessageDestination, MessageTag, NodeEvent, OffersArrival, OffersMessageBytes, OffersSink, ReplyTo,
};
use boltill_types::{Msat, UnixSeconds};
use std::time::Duration;
use tokio::task::JoinHandle;

fn coffee() -> NewOffer {
    NewOffer {
        amount: Some(Msat(10_000)),
        description: Some("coffee".to_owned()),
        may_have_paths: true,
        ..NewOffer::default()
    }
}

fn asking(offer: &Offer) -> FetchRequest {
    FetchRequest {
        offer: offer.bolt12.clone(),
        amount: None,
        quantity: None,
        timeout: Duration::from_secs(60),
        payer_note: None,
        payer_metadata: None,
        bip_353_name: None,
    }
}

/// Two tills, of which the first is public and the second pays.
fn shop_and_payer() -> (Bench, Bench) {
    let shop = Bench::with_key(1);
    shop.node.state.lock().unwrap().reachable_by_id = true;
    (shop, Bench::with_key(2))
}

fn fetch(payer: &Bench, request: FetchRequest) -> JoinHandle<Result<Fetched, FetchError>> {
    let till = payer.till.clone();
    tokio::spawn(async move { till.fetch_invoice(request).await })
}

/// The message that a node sends next.
async fn sent(bench: &Bench) -> crate::test::SentMessage {
    soon(async {
        loop {
            let next = {
                let mut state = bench.node.state.lock().unwrap();
                (!state.messages.is_empty()).then(|| state.messages.remove(0))
            };
            match next {
                Some(message) => return message,
                None => tokio::task::yield_now().await,
            }
        }
    })
    .await
}

/// Brings a message to a node, by a path that was made for `tag`.
async fn bring(to: &Bench, message: OffersMessageBytes, tag: Option<MessageTag>) {
    let reply = ReplyTo::read(&blinded_path(&crate::Lightning::id(&*to.node))).unwrap();
    let arrival = OffersArrival {
        message,
        tag,
        reply: Some(reply),
    };
    to.till.arrived(arrival).await;
}

/// Carries request and answer between the two.
async fn answered(shop: &Bench, payer: &Bench, tag: Option<MessageTag>) -> OffersMessageBytes {
    let asked = sent(payer).await;
    bring(shop, asked.message, tag).await;
    let answer = sent(shop).await.message;
    bring(payer, answer.clone(), asked.reply).await;
    answer
}

fn words(refused: FetchError) -> String {
    match refused {
        FetchError::Refused(Refusal::Told(InvoiceError { error, .. })) => error,
        other => panic!("{other}"),
    }
}

async fn refusal(shop: &Bench, payer: &Bench, request: FetchRequest) -> String {
    let fetching = fetch(payer, request);
    answered(shop, payer, None).await;
    words(soon(fetching).await.unwrap().unwrap_err())
}

#[tokio::test]
async fn an_invoice_is_fetched_for_an_offer_filed_by_its_maker_and_paid() {
    let (shop, mut payer) = shop_and_payer();
    let offer = shop.till.create_offer(coffee()).await.unwrap().offer;
    let with_note = FetchRequest {
        payer_note: Some("no sugar".to_owned()),
        ..asking(&offer)
    };
    let fetching = fetch(&payer, with_note);
    answered(&shop, &payer, None).await;
    let fetched = soon(fetching).await.unwrap().unwrap();
    assert_eq!(fetched.changed_amount, None);
    let invoice: Invoice = fetched.invoice.parse().unwrap();
    assert_eq!(invoice.offer_id(), offer.id);
    let hash = invoice.fields().payment_hash.unwrap();
    let filed = shop.ledger.invoice_by_hash(hash).await.unwrap().unwrap();
    assert_eq!(filed.text.as_str(), fetched.invoice);
    assert_eq!(
        (filed.local_offer_id, filed.amount),
        (Some(offer.id), Some(Msat(10_000)))
    );
    assert_eq!(filed.description.as_deref(), Some("coffee"));
    assert_eq!(filed.invreq_payer_note.as_deref(), Some("no sugar"));
    let till = payer.till.clone();
    let paying = tokio::spawn(async move { till.pay(request(&fetched.invoice)).await });
    let outgoing = soon(payer.sendings.recv()).await.unwrap();
    assert_eq!((outgoing.payment_hash, outgoing.amount), (hash, Msat(10_000)));
    paying.abort();
    shop.tell(NodeEvent::PaymentClaimable(incoming(hash, 10_000)))
        .await;
    shop.tell(NodeEvent::PaymentClaimed(incoming(hash, 10_000))).await;
    let offer = shop.till.offer(offer.id).await.unwrap().unwrap();
    assert!(offer.used && offer.active);
}

#[tokio::test]
async fn an_offer_is_paid_as_an_invoice_is() {
    let (shop, mut payer) = shop_and_payer();
    let offer = shop.till.create_offer(coffee()).await.unwrap().offer;
    let till = payer.till.clone();
    let bolt12 = offer.bolt12.clone();
    let paying = tokio::spawn(async move { till.xpay(request(&bolt12)).await });
    answered(&shop, &payer, None).await;
    let outgoing = soon(payer.sendings.recv()).await.unwrap();
    assert_eq!(outgoing.amount, Msat(10_000));
    paying.abort();
}

#[tokio::test]
async fn the_same_offer_is_one_offer_and_one_that_was_disabled_is_refused() {
    let (shop, payer) = shop_and_payer();
    let first = shop.till.create_offer(coffee()).await.unwrap();
    let again = shop.till.create_offer(coffee()).await.unwrap();
    assert!(first.created && !again.created);
    assert_eq!(first.offer, again.offer);
    let id = first.offer.id;
    shop.till.disable_offer(id).await.unwrap();
    let refused = shop.till.create_offer(coffee()).await.unwrap_err();
    assert_eq!(refused.to_string(), "Already exists, but isn't active");
    let told = refusal(&shop, &payer, asking(&first.offer)).await;
    assert!(
        told.starts_with("Failed invreq lnr1") && told.ends_with(": Offer no longer available"),
        "{told}"
    );
    shop.till.enable_offer(id).await.unwrap();
    let fetching = fetch(&payer, asking(&first.offer));
    answered(&shop, &payer, None).await;
    assert!(soon(fetching).await.unwrap().is_ok());
}

#[tokio::test]
async fn an_offer_for_a_single_use_is_paid_once_whoever_has_an_invoice() {
    let (shop, payer) = shop_and_payer();
    let single = NewOffer {
        single_use: true,
        ..coffee()
    };
    let offer = shop.till.create_offer(single).await.unwrap().offer;
    let mut hashes = Vec::new();
    for _ in 0..2 {
        let fetching = fetch(&payer, asking(&offer));
        answered(&shop, &payer, None).await;
        let invoice: Invoice = soon(fetching).await.unwrap().unwrap().invoice.parse().unwrap();
        hashes.push(invoice.fields().payment_hash.unwrap());
    }
    for hash in &hashes {
        shop.tell(NodeEvent::PaymentClaimable(incoming(*hash, 10_000)))
            .await;
        if shop.node.state.lock().unwrap().failed_back.is_empty() {
            shop.tell(NodeEvent::PaymentClaimed(incoming(*hash, 10_000)))
                .await;
        }
    }
    assert_eq!(shop.node.state.lock().unwrap().failed_back, hashes[1..]);
    let told = refusal(&shop, &payer, asking(&offer)).await;
    assert!(told.ends_with(": Offer no longer available"), "{told}");
}

#[tokio::test]
async fn a_request_that_comes_twice_gets_the_same_invoice_until_that_is_paid() {
    let (shop, payer) = shop_and_payer();
    let offer = shop.till.create_offer(coffee()).await.unwrap().offer;
    let fetching = fetch(&payer, asking(&offer));
    let asked = sent(&payer).await;
    fetching.abort();
    bring(&shop, asked.message.clone(), None).await;
    let first = sent(&shop).await;
    bring(&shop, asked.message.clone(), None).await;
    assert_eq!(sent(&shop).await.message, first.message);
    let Some(MessageTag::Invoice(hash)) = first.reply else {
        panic!("{:?}", first.reply);
    };
    shop.tell(NodeEvent::PaymentClaimed(incoming(hash, 10_000))).await;
    bring(&shop, asked.message, None).await;
    let refused = sent(&shop).await.message;
    let error = InvoiceError::from_bytes(refused.bytes().to_vec()).unwrap().error;
    assert!(error.ends_with("answered, and the invoice is paid"), "{error}");
}

#[tokio::test]
async fn an_offer_of_a_node_that_is_not_public_is_answered_by_its_paths_alone() {
    let (shop, payer) = shop_and_payer();
    shop.node.state.lock().unwrap().reachable_by_id = false;
    let offer = shop.till.create_offer(coffee()).await.unwrap().offer;
    let parsed: boltill_bolt12::Offer = offer.bolt12.parse().unwrap();
    assert_eq!(parsed.fields().paths.as_ref().unwrap().len(), 1);
    let fetching = fetch(&payer, asking(&offer));
    let asked = sent(&payer).await;
    assert!(matches!(asked.to, Some(MessageDestination::Path(_))));
    let right = Some(MessageTag::Offer(parsed.id_without_paths().0));
    for wrong in [None, Some(MessageTag::Offer([9; 32]))] {
        bring(&shop, asked.message.clone(), wrong).await;
    }
    assert!(shop.node.state.lock().unwrap().messages.is_empty());
    bring(&shop, asked.message, right).await;
    bring(&payer, sent(&shop).await.message, asked.reply).await;
    assert!(soon(fetching).await.unwrap().is_ok());
}

#[tokio::test]
async fn what_whoever_asks_gets_wrong_is_told_before_anything_is_sent() {
    let (shop, payer) = shop_and_payer();
    let till = &payer.till;
    let refused = async |request: FetchRequest| till.fetch_invoice(request).await.unwrap_err().to_string();
    let mut none = asking(&shop.till.create_offer(coffee()).await.unwrap().offer);
    none.amount = Some(Msat(9_999));
    assert_eq!(
        refused(none.clone()).await,
        "amount_msat must be at least 10000msat"
    );
    none.amount = None;
    none.quantity = Some(1);
    assert_eq!(refused(none.clone()).await, "quantity parameter unnecessary");
    none.offer.push_str("qq");
    assert!(refused(none).await.starts_with("Unparsable offer: "));
    let any = NewOffer {
        quantity_max: Some(2),
        ..NewOffer::default()
    };
    let any = shop.till.create_offer(any).await.unwrap().offer;
    assert_eq!(refused(asking(&any)).await, "amount_msat parameter required");
    let several = FetchRequest {
        amount: Some(Msat(1)),
        quantity: Some(3),
        ..asking(&any)
    };
    assert_eq!(refused(several).await, "quantity must be <= 2");
    let over = NewOffer {
        absolute_expiry: Some(UnixSeconds(1)),
        ..coffee()
    };
    let over = shop.till.create_offer(over).await.unwrap().offer;
    assert_eq!(refused(asking(&over)).await, "Offer expired");
    assert!(payer.node.state.lock().unwrap().messages.is_empty());
    let nameless = NewOffer {
        description: None,
        ..coffee()
    };
    let refused = shop.till.create_offer(nameless).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "description is required for the user to know what it was they paid for"
    );
}

#[tokio::test]
async fn an_offer_that_nobody_knows_is_refused() {
    let (shop, payer) = shop_and_payer();
    let stranger = Bench::with_key(1);
    stranger.node.state.lock().unwrap().reachable_by_id = true;
    let offer = stranger.till.create_offer(coffee()).await.unwrap().offer;
    let told = refusal(&shop, &payer, asking(&offer)).await;
    assert!(told.ends_with(": Unknown offer"), "{told}");
}

#[tokio::test]
async fn an_invoice_that_is_not_for_what_was_asked_is_not_answered() {
    let (shop, payer) = shop_and_payer();
    let offer = shop.till.create_offer(coffee()).await.unwrap().offer;
    let invoice_for = async |request: FetchRequest| {
        let fetching = fetch(&payer, request);
        let asked = sent(&payer).await;
        bring(&shop, asked.message.clone(), None).await;
        (fetching, asked, sent(&shop).await.message)
    };
    let (_other, _, invoice_of_other) = invoice_for(asking(&offer)).await;
    let (fetching, asked, _) = invoice_for(asking(&offer)).await;
    bring(&payer, invoice_of_other, asked.reply).await;
    let wrong = soon(fetching).await.unwrap().unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "Remote node sent an invalid invoice: it is for another invoice_request"
    );
    let (fetching, asked, right) = invoice_for(asking(&offer)).await;
    let mut tampered = right.bytes().to_vec();
    *tampered.last_mut().unwrap() ^= 1;
    bring(&payer, OffersMessageBytes::Invoice(tampered), asked.reply).await;
    let wrong = soon(fetching).await.unwrap().unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "Remote node sent an invalid invoice: invalid signature"
    );
}

#[tokio::test]
async fn who_cannot_be_reached_and_who_does_not_answer_are_told_apart() {
    let (shop, payer) = shop_and_payer();
    let offer = shop.till.create_offer(coffee()).await.unwrap().offer;
    let at_once = FetchRequest {
        timeout: Duration::ZERO,
        ..asking(&offer)
    };
    let silent = payer.till.fetch_invoice(at_once).await.unwrap_err();
    assert_eq!(silent.to_string(), "Failed: timeout waiting for response");
    payer.node.state.lock().unwrap().nobody_reachable = true;
    let unreachable = payer.till.fetch_invoice(asking(&offer)).await.unwrap_err();
    assert_eq!(
        unreachable.to_string(),
        "Failed: could not route or connect directly to nobody: fetchinvoice-noconnect set: not initiating a new connection"
    );
}

#[tokio::test]
async fn invoices_of_a_disabled_offer_expire() {
    let (shop, payer) = shop_and_payer();
    let offer = shop.till.create_offer(coffee()).await.unwrap().offer;
    let fetching = fetch(&payer, asking(&offer));
    answered(&shop, &payer, None).await;
    let invoice: Invoice = soon(fetching).await.unwrap().unwrap().invoice.parse().unwrap();
    shop.till.disable_offer(offer.id).await.unwrap();
    let hash = invoice.fields().payment_hash.unwrap();
    let filed = shop.ledger.invoice_by_hash(hash).await.unwrap().unwrap();
    assert_eq!(filed.state, InvoiceState::Expired);
}
