//! Offers, the invoice_requests that answer them, and their invoices; each also as LDK reads it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use boltill_bolt12::{
    AnswerableOffer, Bip353Name, InvoiceBuilder, InvoiceRequest, Offer, OfferBuilder, OfferRequest,
    OfferRequestBuilder, TlvWriter, types,
};
use boltill_types::{Msat, PaymentHash, UnixSeconds};
use common::{CHAIN, NOW, PAYEE, PAYER, key, keypair, path, payinfo, signer};
use lightning::offers::invoice::Bolt12Invoice;
use proptest::prelude::*;

fn builder() -> OfferBuilder {
    OfferBuilder::new(CHAIN, key(PAYEE))
        .amount(Msat(10_000))
        .description("coffee")
}

fn offer() -> AnswerableOffer {
    builder().build().unwrap()
}

fn sign(builder: OfferRequestBuilder) -> OfferRequest {
    builder.sign(|digest| signer(PAYER)(digest).unwrap()).unwrap()
}

fn request_builder(offer: &AnswerableOffer) -> OfferRequestBuilder {
    OfferRequestBuilder::new(offer, &[7; 16], key(PAYER))
}

fn bytes(request: &OfferRequest) -> Vec<u8> {
    request.request().tlvs().as_bytes().to_vec()
}

/// The offer with records replaced, added, or (by `None`) removed.
fn rejection(changes: &[(u64, Option<&[u8]>)]) -> String {
    let mut writer = TlvWriter::default();
    for record in offer().offer().tlvs().records() {
        if !changes.contains(&(record.number(), None)) {
            writer.set(record.number(), record.value());
        }
    }
    for (number, value) in changes {
        writer.set_some(*number, *value);
    }
    let changed = Offer::from_bytes(writer.finish().into_bytes()).unwrap();
    changed.into_answerable(CHAIN).unwrap_err().to_string()
}

#[test]
fn an_offer_is_read_back_as_it_was_written_by_us_and_by_ldk() {
    let offer = builder()
        .issuer("boltill")
        .quantity_max(5)
        .absolute_expiry(NOW)
        .paths(&[path()])
        .metadata(&[3; 32])
        .build()
        .unwrap();
    assert_eq!(
        AnswerableOffer::parse(&offer.to_string(), CHAIN),
        Ok(offer.clone())
    );
    assert!(!offer.is_expired(NOW) && offer.is_expired(UnixSeconds(NOW.0 + 1)));
    let theirs: lightning::offers::offer::Offer = offer.to_string().parse().unwrap();
    assert_eq!(theirs.issuer_signing_pubkey(), Some(key(PAYEE)));
    assert_eq!(theirs.description().unwrap().0, "coffee");
    assert_eq!(theirs.paths().len(), 1);
    assert_eq!(theirs.metadata(), Some(&vec![3; 32]));
    assert!(theirs.supports_chain(CHAIN));
}

#[test]
fn an_offer_that_must_not_be_answered_is_refused_with_the_reason() {
    assert_eq!(
        rejection(&[(types::OFFER_CHAINS, None)]),
        "Unparsable offer: wrong chain"
    );
    assert_eq!(
        rejection(&[(types::OFFER_DESCRIPTION, None)]),
        "Offer contains an amount without a description"
    );
    assert_eq!(
        rejection(&[(types::OFFER_AMOUNT, None), (types::OFFER_CURRENCY, Some(b"USD"))]),
        "Offer contains a currency without an amount"
    );
    assert_eq!(
        rejection(&[(types::OFFER_AMOUNT, Some(&[]))]),
        "Offer contains an amount of zero"
    );
    assert_eq!(
        rejection(&[(types::OFFER_ISSUER_ID, None)]),
        "Offer contains neither offer_issuer_id nor offer_paths"
    );
    assert_eq!(
        rejection(&[(types::OFFER_FEATURES, Some(&[1]))]),
        "Unparsable offer: unknown feature bit 0"
    );
    assert_eq!(
        rejection(&[(81, Some(&[]))]),
        "Unparsable offer: Offer 81 field outside offer range"
    );
}

#[test]
fn a_request_mirrors_the_offer_and_ldk_reads_it() {
    let offer = builder().quantity_max(0).build().unwrap();
    let name: Bip353Name = "₿bob@example.com".parse().unwrap();
    let request = sign(
        request_builder(&offer)
            .amount(Msat(35_000))
            .quantity(3)
            .payer_note("no sugar")
            .bip_353_name(&name),
    );
    assert_eq!((request.offer_id(), request.offer()), (offer.id(), &offer));
    assert_eq!(request.charge(), Ok(Msat(35_000)));
    assert_eq!(request.request().invreq().bip_353_name, Some(name));
    let read = InvoiceRequest::from_bytes(bytes(&request)).unwrap();
    assert_eq!(read.into_offer_request(CHAIN), Ok(request.clone()));
    let theirs = lightning::offers::invoice_request::InvoiceRequest::try_from(bytes(&request)).unwrap();
    assert_eq!(theirs.payer_note().unwrap().0, "no sugar");
    assert_eq!(
        (theirs.amount_msats(), theirs.quantity()),
        (Some(35_000), Some(3))
    );
}

#[test]
fn a_name_is_one_of_bip_353_or_refused() {
    assert!("bob@example.com".parse::<Bip353Name>().is_ok());
    let long = format!("{}@b", "a".repeat(256));
    for text in ["bob", "@b", "a@", "a b@c", &long] {
        assert!(text.parse::<Bip353Name>().is_err(), "{text}");
    }
}

#[test]
fn what_is_charged_follows_from_offer_and_request() {
    let charge = |offer: &AnswerableOffer, amount: Option<u64>, quantity: Option<u64>| {
        let mut builder = request_builder(offer);
        if let Some(amount) = amount {
            builder = builder.amount(Msat(amount));
        }
        if let Some(quantity) = quantity {
            builder = builder.quantity(quantity);
        }
        sign(builder).charge().map_err(|fault| fault.to_string())
    };
    let refused = |words: &str| Err(words.to_owned());
    let one = offer();
    assert_eq!(charge(&one, None, None), Ok(Msat(10_000)));
    assert_eq!(charge(&one, Some(11_000), None), Ok(Msat(11_000)));
    assert_eq!(
        charge(&one, Some(9_999), None),
        refused("Amount must be at least 10000msat")
    );
    assert_eq!(
        charge(&one, None, Some(1)),
        refused("quantity parameter unnecessary")
    );
    let several = builder().quantity_max(5).build().unwrap();
    assert_eq!(charge(&several, None, Some(5)), Ok(Msat(50_000)));
    assert_eq!(charge(&several, None, Some(6)), refused("quantity must be <= 5"));
    assert_eq!(charge(&several, None, Some(0)), refused("quantity must be > 0"));
    assert_eq!(
        charge(&several, None, None),
        refused("quantity parameter required")
    );
    let any = OfferBuilder::new(CHAIN, key(PAYEE)).build().unwrap();
    assert_eq!(charge(&any, Some(1), None), Ok(Msat(1)));
    assert_eq!(charge(&any, None, None), refused("Missing invreq_amount"));
    assert_eq!(charge(&any, Some(0), None), refused("Amount must not be zero"));
}

#[test]
fn a_request_that_is_not_signed_by_its_payer_is_refused() {
    let other = request_builder(&offer()).sign(|digest| signer(PAYEE)(digest).unwrap());
    assert_eq!(other.unwrap_err().to_string(), "Invalid signature");
    let request = sign(request_builder(&offer()));
    let mut unsigned = TlvWriter::default();
    for record in request.request().tlvs().records() {
        if record.number() != types::SIGNATURE {
            unsigned.set(record.number(), record.value());
        }
    }
    let unsigned = InvoiceRequest::from_bytes(unsigned.finish().into_bytes()).unwrap();
    let refused = unsigned.into_offer_request(CHAIN).unwrap_err();
    assert_eq!(refused.to_string(), "Missing signature");
}

#[test]
fn an_invoice_for_an_offer_mirrors_the_request_and_ldk_reads_it() {
    let request = sign(request_builder(&offer()));
    let paths = [(path(), payinfo())];
    let hash = PaymentHash([9; 32]);
    let builder = InvoiceBuilder::for_offer(&request, Msat(10_000), hash, key(PAYEE), NOW, &paths);
    let invoice = builder.build().unwrap().sign(signer(PAYEE)).unwrap();
    assert_eq!(invoice.invreq_id(), request.id());
    assert_eq!(invoice.amount(), Msat(10_000));
    let theirs = Bolt12Invoice::try_from(invoice.as_bytes().to_vec()).unwrap();
    assert_eq!(theirs.signing_pubkey(), keypair(PAYEE).public_key());
    assert_eq!(theirs.amount_msats(), 10_000);
}

proptest! {
    /// Who changes one byte of a request on its way makes it unreadable, or breaks its signature.
    #[test]
    fn a_changed_byte_of_a_request_is_never_accepted(at in 0_usize..1_000, to in any::<u8>()) {
        let mut bytes = bytes(&sign(request_builder(&offer()).payer_note("no sugar")));
        let at = at % bytes.len();
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        let read = InvoiceRequest::from_bytes(bytes).ok();
        prop_assert!(read.and_then(|request| request.into_offer_request(CHAIN).ok()).is_none());
    }

    #[test]
    fn no_text_makes_the_reader_of_offers_panic(text in "lno1[a-z0-9+ ]{0,200}") {
        let _ = AnswerableOffer::parse(&text, CHAIN);
    }
}
