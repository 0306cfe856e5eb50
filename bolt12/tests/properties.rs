//! What holds for every message: it is read as it was written, no input panics, and no changed byte goes unnoticed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use boltill_bolt12::{
    BlindedHop, BlindedPath, BlindedPayInfo, Direction, FallbackAddress, Features, IntroductionNode, Invoice,
    InvoiceBuilder, InvoiceError, InvoiceRequest, InvoiceRequestBuilder, Offer, OfferlessRequest,
    SignedInvoice, TlvStream, TlvWriter, bech32,
};
use boltill_types::{Msat, PaymentHash, UnixSeconds};
use common::{CHAIN, NOW, PAYEE, PAYER, invoice, key, sign, signed, signer};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

fn a_path() -> impl Strategy<Value = BlindedPath> {
    let start = prop_oneof![
        (1..20u8).prop_map(|number| IntroductionNode::NodeId(key(number))),
        any::<u64>().prop_map(|scid| IntroductionNode::ChannelEnd(Direction::NodeOne, scid)),
        any::<u64>().prop_map(|scid| IntroductionNode::ChannelEnd(Direction::NodeTwo, scid)),
    ];
    let hop = (1..20u8, vec(any::<u8>(), 0..60)).prop_map(|(number, data)| BlindedHop {
        blinded_node_id: key(number),
        encrypted_recipient_data: data,
    });
    (start, 1..20u8, vec(hop, 1..4))
        .prop_map(|(start, number, hops)| BlindedPath::new(start, key(number), hops).unwrap())
}

fn a_payinfo() -> impl Strategy<Value = BlindedPayInfo> {
    (
        any::<u32>(),
        any::<u32>(),
        any::<u16>(),
        any::<u64>(),
        any::<u64>(),
    )
        .prop_map(|(base, proportional, delta, least, most)| BlindedPayInfo {
            fee_base_msat: base,
            fee_proportional_millionths: proportional,
            cltv_expiry_delta: delta,
            htlc_minimum: Msat(least),
            htlc_maximum: Msat(most),
            features: Features(vec![0b10]),
        })
}

/// Fields that nobody knows, but that may be there.
fn unknown_fields() -> impl Strategy<Value = Vec<(u64, Vec<u8>)>> {
    let number = prop_oneof![92..=159u64, 23..=79u64, 1_000_000_000..=2_999_999_999u64];
    let odd = number.prop_map(|number| number | 1);
    btree_map(odd, vec(any::<u8>(), 0..40), 0..4).prop_map(|fields| fields.into_iter().collect())
}

prop_compose! {
    fn an_unsigned_request()(
        amount in any::<u64>(),
        description in ".{0,40}",
        metadata in any::<[u8; 16]>(),
        issuer in option::of(".{0,20}"),
        expiry in option::of(any::<u64>()),
        note in option::of(".{0,40}"),
        quantity in option::of(any::<u64>()),
        paths in vec(a_path(), 0..3),
        unknown in unknown_fields(),
    ) -> OfferlessRequest {
        let mut builder =
            InvoiceRequestBuilder::new(CHAIN, Msat(amount), &description, metadata, key(PAYER));
        if let Some(issuer) = issuer {
            builder = builder.issuer(&issuer);
        }
        if let Some(expiry) = expiry {
            builder = builder.absolute_expiry(UnixSeconds(expiry));
        }
        if let Some(note) = note {
            builder = builder.payer_note(&note);
        }
        if let Some(quantity) = quantity {
            builder = builder.quantity(quantity);
        }
        if !paths.is_empty() {
            builder = builder.paths(&paths);
        }
        let mut writer = TlvWriter::default();
        for record in builder.build().unwrap().request().tlvs().records() {
            writer.set(record.number(), record.value());
        }
        for (number, value) in unknown {
            writer.set(number, value);
        }
        let bytes = writer.finish().as_bytes().to_vec();
        InvoiceRequest::from_bytes(bytes).unwrap().into_offerless(CHAIN).unwrap()
    }
}

fn a_request() -> impl Strategy<Value = OfferlessRequest> {
    (an_unsigned_request(), any::<bool>()).prop_map(|(request, signed)| match signed {
        true => request.sign(signer(PAYER)).unwrap(),
        false => request,
    })
}

prop_compose! {
    fn an_invoice()(
        request in a_request(),
        hash in any::<[u8; 32]>(),
        paths in vec((a_path(), a_payinfo()), 1..3),
        amount in option::of(any::<u64>()),
        expiry in option::of(any::<u32>()),
        fallbacks in vec((any::<u8>(), vec(any::<u8>(), 0..42)), 0..3),
    ) -> (OfferlessRequest, SignedInvoice) {
        let mut builder =
            InvoiceBuilder::new(&request, PaymentHash(hash), key(PAYEE), NOW, &paths);
        if let Some(amount) = amount {
            builder = builder.amount(Msat(amount));
        }
        if let Some(seconds) = expiry {
            builder = builder.relative_expiry(seconds);
        }
        let fallbacks: Vec<_> = fallbacks
            .into_iter()
            .map(|(version, program)| FallbackAddress { version, program })
            .collect();
        let invoice = sign(builder.fallbacks(&fallbacks).build().unwrap());
        (request, invoice)
    }
}

fn read_request(bytes: Vec<u8>) -> Option<OfferlessRequest> {
    InvoiceRequest::from_bytes(bytes).ok()?.into_offerless(CHAIN).ok()
}

fn read_invoice(bytes: Vec<u8>) -> Option<SignedInvoice> {
    let complete = Invoice::from_bytes(bytes).ok()?.into_complete(CHAIN, NOW).ok()?;
    complete.verify().ok()
}

/// Every message that differs from this one in one byte, for a few values of that byte.
fn with_one_byte_changed(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let changes = [0x01, 0x02, 0x10, 0x80, 0xff];
    (0..bytes.len()).flat_map(move |at| {
        changes.map(|change| {
            let mut changed = bytes.to_vec();
            changed[at] ^= change;
            changed
        })
    })
}

/// A changed byte is harmless if the payer, who knows its requests by their ids, will not take the request for its own;
/// or if the byte did no more than turn the signature into an unknown odd field, which leaves the unsigned dialect of the
/// very same request.
fn is_harmless(original: &OfferlessRequest, changed: &OfferlessRequest) -> bool {
    let was_signed = original.request().signature().is_some();
    let is_signed = changed.request().signature().is_some();
    if changed.id() == original.id() {
        was_signed && !is_signed
    } else {
        !is_signed
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_request_is_read_as_it_was_written(request in a_request()) {
        let text = request.to_string();
        let read = OfferlessRequest::parse(&text, CHAIN).unwrap();
        prop_assert_eq!(&read, &request);
        prop_assert_eq!(read.to_string(), text.clone());
        prop_assert_eq!(OfferlessRequest::parse(&text.to_uppercase(), CHAIN).unwrap(), request);
    }

    #[test]
    fn both_dialects_of_a_request_have_one_id(request in an_unsigned_request()) {
        let signed = request.sign(signer(PAYER)).unwrap();
        prop_assert_eq!(signed.id(), request.id());
        prop_assert!(signed.request().is_signature_valid());
        prop_assert_eq!(signed.to_unsigned(), request);
    }

    #[test]
    fn an_invoice_is_read_as_it_was_written_and_mirrors_its_request((request, invoice) in an_invoice()) {
        let read = read_invoice(invoice.as_bytes().to_vec()).unwrap();
        prop_assert_eq!(&read, &invoice);
        prop_assert_eq!(read.invreq_id(), request.id());
        prop_assert_eq!(&read.to_string().parse::<Invoice>().unwrap(), invoice.invoice());
    }

    #[test]
    fn paths_are_read_as_they_were_written(paths in vec(a_path(), 0..4)) {
        let mut bytes = Vec::new();
        for path in &paths {
            path.write(&mut bytes);
        }
        prop_assert_eq!(BlindedPath::parse_all(&bytes).unwrap(), paths);
    }

    #[test]
    fn a_text_without_its_end_or_with_another_character_is_never_the_same_request(
        request in a_request(), at in any::<prop::sample::Index>(), replacement in "[a-z0-9]",
    ) {
        let text = request.to_string();
        let at = at.index(text.len());
        let mut changed = text.clone();
        changed.replace_range(at..=at, &replacement);
        for other in [&text[..at], &changed] {
            if let Ok(read) = OfferlessRequest::parse(other, CHAIN)
                && other != text
            {
                prop_assert!(is_harmless(&request, &read));
            }
        }
    }
}

proptest! {
    // Each case reads a message once for every byte in it, several times.
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn a_changed_byte_of_a_request_is_refused_or_harmless(request in a_request()) {
        for bytes in with_one_byte_changed(request.request().tlvs().as_bytes()) {
            if let Some(changed) = read_request(bytes) {
                prop_assert!(is_harmless(&request, &changed));
            }
        }
    }

    #[test]
    fn a_changed_byte_of_an_invoice_is_refused((_, invoice) in an_invoice()) {
        for bytes in with_one_byte_changed(invoice.as_bytes()) {
            prop_assert!(read_invoice(bytes).is_none());
        }
    }
}

#[test]
fn no_value_of_any_byte_makes_another_signed_request_or_invoice() {
    let request = signed();
    let every_change = |bytes: &[u8], check: &dyn Fn(Vec<u8>)| {
        for at in 0..bytes.len() {
            for value in (0..=u8::MAX).filter(|value| *value != bytes[at]) {
                let mut changed = bytes.to_vec();
                changed[at] = value;
                check(changed);
            }
        }
    };
    every_change(request.request().tlvs().as_bytes(), &|bytes| {
        if let Some(changed) = read_request(bytes) {
            assert!(is_harmless(&request, &changed));
        }
    });
    every_change(invoice(&request).as_bytes(), &|bytes| {
        assert_eq!(read_invoice(bytes), None)
    });
}

/// Reads the bytes as every message there is, and looks at what comes of it.
fn read_as_everything(bytes: &[u8]) {
    let _ = TlvStream::parse(bytes.to_vec());
    let _ = BlindedPath::parse_all(bytes);
    if let Ok(error) = InvoiceError::from_bytes(bytes.to_vec()) {
        assert!(InvoiceError::from_bytes(error.to_bytes()).is_ok());
    }
    if let Ok(offer) = Offer::from_bytes(bytes.to_vec()) {
        let _ = (offer.id(), offer.unknown_records().count());
        assert_eq!(offer.to_string().parse::<Offer>().as_ref(), Ok(&offer));
    }
    if let Ok(request) = InvoiceRequest::from_bytes(bytes.to_vec()) {
        let _ = (
            request.id(),
            request.offer_id(),
            request.is_signature_valid(),
            request.unknown_records().count(),
        );
        assert_eq!(
            request.to_string().parse::<InvoiceRequest>().as_ref(),
            Ok(&request)
        );
        let _ = request.into_offerless(CHAIN);
    }
    if let Ok(invoice) = Invoice::from_bytes(bytes.to_vec()) {
        let _ = (
            invoice.invreq_id(),
            invoice.is_signature_valid(),
            invoice.unknown_records().count(),
        );
        assert_eq!(invoice.to_string().parse::<Invoice>().as_ref(), Ok(&invoice));
        let _ = invoice.into_complete(CHAIN, NOW).map(|invoice| invoice.verify());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..200)) {
        read_as_everything(&bytes);
    }

    #[test]
    fn no_stream_of_known_types_panics(
        records in btree_map(
            prop_oneof![0..=92u64, 160..=177u64, Just(240)],
            vec(prop_oneof![Just(0u8), Just(1), Just(2), Just(3), any::<u8>()], 0..70),
            0..6,
        )
    ) {
        let mut writer = TlvWriter::default();
        for (number, value) in records {
            writer.set(number, value);
        }
        read_as_everything(writer.finish().as_bytes());
    }

    #[test]
    fn no_text_panics(text in prop_oneof![".*", "(lno|lnr|lni|LNR)1[a-z0-9+ \n]*", "ln[oir+]{1,3}1[+ ac-hj-np-z02-9]*"]) {
        if let Ok((_, bytes)) = bech32::decode(&text) {
            read_as_everything(&bytes);
        }
    }
}
