//! Offers, invoice_requests and invoices of BOLT 12.
//!
//! The fields are told as they are, even of a text that must not be used. Whether it may be is for the codec to say; an invoice_request that answers no offer may
//! be signed, as Core Lightning has it, or not, as BOLT 12 has it.

use super::DecodeError;
use super::currency::minor_unit;
use super::fields::{Form, Value, hex, known, value};
use bitcoin::constants::ChainHash;
use bitcoin::hashes::{Hash, HashEngine, sha256};
use boltill_bolt12::bech32::Prefix;
use boltill_bolt12::{Invoice, InvoiceRequest, Offer, TlvRecord, TlvStream, types};
use boltill_types::UnixSeconds;
use serde::Serialize;
use serde::ser::Serializer;

/// What a BOLT 12 text says: fields in the order of their numbers, with warnings where something is wrong.
#[derive(Clone, Debug)]
pub struct Bolt12 {
    told: Value,
    valid: bool,
}

impl Bolt12 {
    /// Whether it may be used for anything but finding out what is wrong with it.
    pub fn is_valid(&self) -> bool {
        self.valid
    }

    pub(super) fn read(kind: Prefix, bytes: Vec<u8>) -> Result<Bolt12, DecodeError> {
        let stream = TlvStream::parse(bytes).map_err(|fault| DecodeError::Bolt12(fault.to_string()))?;
        if stream.records().next().is_none() {
            return Err(DecodeError::Unparsable);
        }
        let message = Message { kind, stream };
        let mut told = vec![("type", Value::Text(message.name().to_owned()))];
        told.extend(message.offer_id());
        let (fields, unknown) = message.fields()?;
        told.extend(with_payinfo(with_currency(fields)));
        if !unknown.is_empty() {
            told.push((message.unknown(), Value::List(unknown)));
        }
        let warnings = message.warnings();
        let valid = warnings.is_empty() && message.is_valid();
        told.extend(warnings);
        told.push(("valid", Value::Bool(valid)));
        Ok(Bolt12 {
            told: Value::Object(told),
            valid,
        })
    }
}

impl Serialize for Bolt12 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.told.serialize(serializer)
    }
}

type Members = Vec<(&'static str, Value)>;

/// A message whose records are in order; what they hold may be anything.
struct Message {
    kind: Prefix,
    stream: TlvStream,
}

impl Message {
    fn name(&self) -> &'static str {
        match self.kind {
            Prefix::Lno => "bolt12 offer",
            Prefix::Lnr => "bolt12 invoice_request",
            Prefix::Lni => "bolt12 invoice",
        }
    }

    fn unknown(&self) -> &'static str {
        match self.kind {
            Prefix::Lno => "unknown_offer_tlvs",
            Prefix::Lnr => "unknown_invoice_request_tlvs",
            Prefix::Lni => "unknown_invoice_tlvs",
        }
    }

    fn has(&self, number: u64) -> bool {
        self.stream.get(number).is_some()
    }

    fn bytes(&self) -> Vec<u8> {
        self.stream.as_bytes().to_vec()
    }

    /// The fields that we know, by name, and the others. Text that is none is left to the warnings.
    fn fields(&self) -> Result<(Members, Vec<Value>), DecodeError> {
        let (mut fields, mut unknown) = (Members::new(), Vec::new());
        for record in self.stream.records() {
            match known(record.number()) {
                Some((name, form)) => match value(form, record.value(), self.chain()) {
                    Some(value) => fields.push((name, value)),
                    None if form == Form::Utf8 => {}
                    None => return Err(DecodeError::Bolt12(format!("{name} cannot be read"))),
                },
                None => unknown.push(unknown_record(record)),
            }
        }
        Ok((fields, unknown))
    }

    /// The chain that a request or an invoice is for.
    fn chain(&self) -> ChainHash {
        let named = self.stream.get(types::INVREQ_CHAIN);
        let named = named.and_then(|value| <[u8; 32]>::try_from(value).ok());
        named.map_or(ChainHash::BITCOIN, ChainHash::from)
    }

    /// The id of the offer that it is, or that it answers: the hash of the offer's records, as Core Lightning has it.
    fn offer_id(&self) -> Option<(&'static str, Value)> {
        if self.kind != Prefix::Lno && !self.answers_an_offer() {
            return None;
        }
        let mut engine = sha256::Hash::engine();
        for record in self.stream.records() {
            if types::in_offer_range(record.number()) {
                engine.input(record.bytes());
            }
        }
        let id = sha256::Hash::from_engine(engine);
        Some(("offer_id", hex(id.as_byte_array())))
    }

    fn answers_an_offer(&self) -> bool {
        self.has(types::OFFER_ISSUER_ID) || self.has(types::OFFER_PATHS)
    }

    /// What is missing or wrong, as far as Core Lightning has a name for it.
    fn warnings(&self) -> Members {
        let mut warnings: Members = TEXTS
            .iter()
            .filter(|(number, _)| {
                self.stream
                    .get(*number)
                    .is_some_and(|text| str::from_utf8(text).is_err())
            })
            .map(|(number, warning)| warn(warning, format!("{} is not valid UTF-8", name_of(*number))))
            .collect();
        let missing = self.required().iter().filter(|(number, _)| !self.has(*number));
        warnings.extend(
            missing.map(|(number, warning)| warn(warning, format!("{} is not present", name_of(*number)))),
        );
        if self.has(types::OFFER_AMOUNT) && !self.has(types::OFFER_DESCRIPTION) {
            let words = "offer_description is not present, but offer_amount is".to_owned();
            warnings.push(warn("warning_missing_offer_description", words));
        }
        warnings.extend(self.name_warnings());
        warnings.extend(self.signature_warning());
        warnings
    }

    fn required(&self) -> &'static [(u64, &'static str)] {
        match self.kind {
            Prefix::Lno if self.has(types::OFFER_PATHS) => &[],
            Prefix::Lno => REQUIRED_IN_OFFER,
            Prefix::Lnr if self.answers_an_offer() => REQUIRED_IN_ANSWER,
            Prefix::Lnr => REQUIRED_IN_REQUEST,
            Prefix::Lni => REQUIRED_IN_INVOICE,
        }
    }

    /// A name that nobody has (BIP 353).
    fn name_warnings(&self) -> Members {
        let request = match self.kind {
            Prefix::Lnr => InvoiceRequest::from_bytes(self.bytes()).ok(),
            Prefix::Lno | Prefix::Lni => None,
        };
        let Some(name) = request.and_then(|request| request.invreq().bip_353_name.clone()) else {
            return Members::new();
        };
        let parts = [
            ("warning_invreq_bip_353_name_name_invalid", &name.name),
            ("warning_invreq_bip_353_name_domain_invalid", &name.domain),
        ];
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let unusual = parts.into_iter().filter(|(_, part)| !part.chars().all(allowed));
        let unusual =
            unusual.map(|(warning, part)| warn(warning, format!("{part:?} has unusual characters")));
        unusual.collect()
    }

    /// A signature that is there must be right.
    fn signature_warning(&self) -> Option<(&'static str, Value)> {
        self.stream.get(types::SIGNATURE)?;
        let (right, warning) = match self.kind {
            Prefix::Lno => return None,
            Prefix::Lnr => {
                let request = InvoiceRequest::from_bytes(self.bytes());
                let right = request.map(|request| request.is_signature_valid());
                (right, "warning_invalid_invoice_request_signature")
            }
            Prefix::Lni => {
                let invoice = Invoice::from_bytes(self.bytes());
                let right = invoice.map(|invoice| invoice.is_signature_valid());
                (right, "warning_invalid_invoice_signature")
            }
        };
        // Of what is not well-formed no signature can be right; what is wrong with it has been told.
        (right == Ok(false)).then(|| warn(warning, "Incorrect signature".to_owned()))
    }

    /// Whether it may be answered or paid, on some chain and at some time.
    fn is_valid(&self) -> bool {
        match self.kind {
            Prefix::Lno => Offer::from_bytes(self.bytes()).is_ok_and(|offer| {
                let chains = offer.fields().chains.as_deref();
                let chain = chains.map_or(Some(ChainHash::BITCOIN), |chains| chains.first().copied());
                chain.is_some_and(|chain| offer.into_answerable(chain).is_ok())
            }),
            Prefix::Lnr => InvoiceRequest::from_bytes(self.bytes()).is_ok_and(|request| {
                if self.answers_an_offer() {
                    request.into_offer_request(self.chain()).is_ok()
                } else {
                    request.into_offerless(self.chain()).is_ok()
                }
            }),
            Prefix::Lni => Invoice::from_bytes(self.bytes()).is_ok_and(|invoice| {
                let has_payer = invoice.invreq().payer_id.is_some();
                let made_at = invoice.fields().created_at.unwrap_or(UnixSeconds(0));
                let complete = invoice.into_complete(self.chain(), made_at);
                has_payer && complete.and_then(|invoice| invoice.verify()).is_ok()
            }),
        }
    }
}

/// What must be there. An offer needs a key only if it has no paths.
const REQUIRED_IN_OFFER: &[(u64, &str)] = &[(types::OFFER_ISSUER_ID, "warning_missing_offer_issuer_id")];

/// A request that answers no offer need not be signed.
const REQUIRED_IN_REQUEST: &[(u64, &str)] = &[
    (types::INVREQ_METADATA, "warning_missing_invreq_metadata"),
    (types::INVREQ_PAYER_ID, "warning_missing_invreq_payer_id"),
];

const REQUIRED_IN_ANSWER: &[(u64, &str)] = &[
    (types::INVREQ_METADATA, "warning_missing_invreq_metadata"),
    (types::INVREQ_PAYER_ID, "warning_missing_invreq_payer_id"),
    (types::SIGNATURE, "warning_missing_invoice_request_signature"),
];

const REQUIRED_IN_INVOICE: &[(u64, &str)] = &[
    (types::INVREQ_METADATA, "warning_missing_invreq_metadata"),
    (types::INVOICE_PATHS, "warning_missing_invoice_paths"),
    (types::INVOICE_BLINDEDPAY, "warning_missing_invoice_blindedpay"),
    (types::INVOICE_CREATED_AT, "warning_missing_invoice_created_at"),
    (
        types::INVOICE_PAYMENT_HASH,
        "warning_missing_invoice_payment_hash",
    ),
    (types::INVOICE_AMOUNT, "warning_missing_invoice_amount"),
    (types::INVOICE_NODE_ID, "warning_missing_invoice_node_id"),
    (types::SIGNATURE, "warning_missing_invoice_signature"),
];

/// Fields that must be UTF-8.
const TEXTS: &[(u64, &str)] = &[
    (types::OFFER_CURRENCY, "warning_invalid_offer_currency"),
    (types::OFFER_DESCRIPTION, "warning_invalid_offer_description"),
    (types::OFFER_ISSUER, "warning_invalid_offer_issuer"),
    (types::INVREQ_PAYER_NOTE, "warning_invalid_invreq_payer_note"),
];

fn warn(warning: &'static str, words: String) -> (&'static str, Value) {
    (warning, Value::Text(words))
}

fn name_of(number: u64) -> &'static str {
    types::name(number).unwrap_or("a field")
}

fn unknown_record(record: TlvRecord<'_>) -> Value {
    Value::Object(vec![
        ("type", Value::Number(record.number())),
        ("length", Value::Number(record.value().len() as u64)),
        ("value", hex(record.value())),
    ])
}

/// With a currency, the offer's amount is not in msat but in the currency's smallest unit.
fn with_currency(mut fields: Members) -> Members {
    let Some(at) = fields.iter().position(|(name, _)| *name == "offer_currency") else {
        return fields;
    };
    for (name, _) in &mut fields {
        if *name == "offer_amount_msat" {
            *name = "offer_amount";
        }
    }
    if let (_, Value::Text(currency)) = &fields[at] {
        let told = match minor_unit(currency) {
            Some(places) => ("currency_minor_unit", Value::Number(places.into())),
            None => warn(
                "warning_unknown_offer_currency",
                format!("unknown currency {currency:?}"),
            ),
        };
        fields.insert(at + 1, told);
    }
    fields
}

/// Each path of an invoice has its terms with it.
fn with_payinfo(mut fields: Members) -> Members {
    let position = fields.iter().position(|(name, _)| *name == "invoice_blindedpay");
    let terms = position.map(|position| fields.remove(position).1);
    let paths = fields.iter_mut().find(|(name, _)| *name == "invoice_paths");
    if let (Some(Value::List(terms)), Some((_, Value::List(paths)))) = (terms, paths) {
        for (path, terms) in paths.iter_mut().zip(terms) {
            if let Value::Object(path) = path {
                path.push(("payinfo", terms));
            }
        }
    }
    fields
}
