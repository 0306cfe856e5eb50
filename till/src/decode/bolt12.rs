//! Offers, invoice_requests and invoices of BOLT 12.
//!
//! The fields are told as they are. Whether the whole is valid is LDK's judgement, which is strict; only
//! invoice_requests that are signed although they answer no offer, which Core Lightning issues and LDK refuses, are
//! judged here.

use super::DecodeError;
use super::fields::{Form, Record, Value, hex, known, records, value};
use super::merkle::{is_signed, root};
use lightning::offers::invoice::Bolt12Invoice;
use lightning::offers::invoice_request::InvoiceRequest;
use lightning::offers::offer::Offer;
use lightning::offers::refund::Refund;
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

    pub(super) fn read(prefix: &str, bytes: Vec<u8>) -> Result<Bolt12, DecodeError> {
        let kind = match prefix {
            "lno" => Kind::Offer,
            "lnr" => Kind::InvoiceRequest,
            "lni" => Kind::Invoice,
            _ => return Err(DecodeError::Unparsable),
        };
        let records = records(&bytes)?;
        if records.is_empty() {
            return Err(DecodeError::Unparsable);
        }
        let mut told = vec![("type", Value::Text(kind.name().to_owned()))];
        told.extend(offer_id(kind, &records));
        let (fields, unknown) = fields(&records)?;
        told.extend(with_payinfo(with_currency(fields)));
        if !unknown.is_empty() {
            told.push((kind.unknown(), Value::List(unknown)));
        }
        let warnings = warnings(kind, &records);
        let wrong = told.iter().any(|(name, _)| name.starts_with("warning_invalid"));
        let valid = warnings.is_empty() && !wrong && is_valid(kind, &records, bytes.clone());
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Offer,
    InvoiceRequest,
    Invoice,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Offer => "bolt12 offer",
            Kind::InvoiceRequest => "bolt12 invoice_request",
            Kind::Invoice => "bolt12 invoice",
        }
    }

    fn unknown(self) -> &'static str {
        match self {
            Kind::Offer => "unknown_offer_tlvs",
            Kind::InvoiceRequest => "unknown_invoice_request_tlvs",
            Kind::Invoice => "unknown_invoice_tlvs",
        }
    }
}

type Members = Vec<(&'static str, Value)>;

/// The fields that we know, by name, and the others.
fn fields(records: &[Record<'_>]) -> Result<(Members, Vec<Value>), DecodeError> {
    let (mut fields, mut unknown) = (Members::new(), Vec::new());
    for record in records {
        match known(record.number) {
            Some((name, form)) => match value(form, record.value) {
                Some(value) => fields.push((name, value)),
                None if form == Form::Utf8 => fields.push(not_utf8(name)),
                None => return Err(DecodeError::Bolt12(name)),
            },
            None => unknown.push(Value::Object(vec![
                ("type", Value::Number(record.number)),
                ("length", Value::Number(record.value.len() as u64)),
                ("value", hex(record.value)),
            ])),
        }
    }
    Ok((fields, unknown))
}

fn not_utf8(field: &str) -> (&'static str, Value) {
    let warning = match field {
        "offer_description" => "warning_invalid_offer_description",
        "offer_currency" => "warning_invalid_offer_currency",
        "offer_issuer" => "warning_invalid_offer_issuer",
        _ => "warning_invalid_invreq_payer_note",
    };
    (warning, Value::Text(format!("{field} is not valid UTF-8")))
}

/// With a currency, the offer's amount is not in msat.
fn with_currency(mut fields: Members) -> Members {
    let currency = fields.iter().any(|(name, _)| *name == "offer_currency");
    for (name, _) in fields.iter_mut().filter(|_| currency) {
        if *name == "offer_amount_msat" {
            *name = "offer_amount";
        }
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

/// The id of the offer that it is, or that it answers: the merkle root of the offer's fields.
fn offer_id(kind: Kind, records: &[Record<'_>]) -> Option<(&'static str, Value)> {
    let of_offer = |record: &Record<'_>| matches!(record.number, 1..=79 | 1_000_000_000..=1_999_999_999);
    let answers_one = field(records, 22).or(field(records, 16)).is_some();
    if kind != Kind::Offer && !answers_one {
        return None;
    }
    let root = root(records.iter().copied().filter(of_offer))?;
    Some(("offer_id", hex(&root)))
}

fn field<'a>(records: &[Record<'a>], number: u64) -> Option<&'a [u8]> {
    records
        .iter()
        .find(|record| record.number == number)
        .map(|record| record.value)
}

/// What must be there and is not.
fn warnings(kind: Kind, records: &[Record<'_>]) -> Members {
    let required: &[(u64, &'static str)] = match kind {
        Kind::Offer if field(records, 16).is_none() => &[(22, "warning_missing_offer_issuer_id")],
        Kind::Offer => &[],
        Kind::InvoiceRequest => &[
            (0, "warning_missing_invreq_metadata"),
            (88, "warning_missing_invreq_payer_id"),
        ],
        Kind::Invoice => &[
            (0, "warning_missing_invreq_metadata"),
            (160, "warning_missing_invoice_paths"),
            (162, "warning_missing_invoice_blindedpay"),
            (164, "warning_missing_invoice_created_at"),
            (168, "warning_missing_invoice_payment_hash"),
            (170, "warning_missing_invoice_amount"),
            (176, "warning_missing_invoice_node_id"),
            (240, "warning_missing_invoice_signature"),
        ],
    };
    let missing = required
        .iter()
        .filter(|(number, _)| field(records, *number).is_none());
    let mut warnings: Members = missing.map(|(_, name)| (*name, absent(name))).collect();
    let described = field(records, 10).is_some() || kind != Kind::Offer || field(records, 8).is_none();
    if !described {
        let name = "warning_missing_offer_description";
        warnings.push((name, absent(name)));
    }
    warnings.extend(bad_signature(kind, records));
    warnings
}

fn absent(warning: &str) -> Value {
    Value::Text(format!(
        "{} is not present",
        warning.trim_start_matches("warning_missing_")
    ))
}

/// A signature that is there must be right. (An invoice_request that answers no offer need not have one.)
fn bad_signature(kind: Kind, records: &[Record<'_>]) -> Option<(&'static str, Value)> {
    let (message, signer, warning) = match kind {
        Kind::Offer => return None,
        Kind::InvoiceRequest => ("invoice_request", 88, "warning_invalid_invoice_request_signature"),
        Kind::Invoice => ("invoice", 176, "warning_invalid_invoice_signature"),
    };
    let (signature, key) = (field(records, 240)?, field(records, signer)?);
    let right = is_signed(message, records, signature, key);
    (!right).then(|| (warning, Value::Text("Incorrect signature".to_owned())))
}

fn is_valid(kind: Kind, records: &[Record<'_>], bytes: Vec<u8>) -> bool {
    match kind {
        Kind::Offer => Offer::try_from(bytes).is_ok(),
        Kind::Invoice => Bolt12Invoice::try_from(bytes).is_ok(),
        Kind::InvoiceRequest if field(records, 22).or(field(records, 16)).is_some() => {
            InvoiceRequest::try_from(bytes).is_ok()
        }
        // LDK takes it for what it is without the signature, which has been checked.
        Kind::InvoiceRequest => {
            let unsigned = records.iter().filter(|record| record.number != 240);
            Refund::try_from(
                unsigned
                    .flat_map(|record| record.raw)
                    .copied()
                    .collect::<Vec<u8>>(),
            )
            .is_ok()
        }
    }
}
