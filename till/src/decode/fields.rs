//! The fields of BOLT 12 messages: their numbers, names and forms, in one table.

use super::short_channel_id;
use bitcoin::constants::ChainHash;
use bitcoin::hex::DisplayHex;
use bitcoin::{Address, KnownHrp, Network, WitnessProgram, WitnessVersion};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A value as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Bool(bool),
    Number(u64),
    Text(String),
    List(Vec<Value>),
    Object(Vec<(&'static str, Value)>),
}

/// How a field's bytes are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Hex,
    /// An unsigned number without leading zeros.
    Number,
    Utf8,
    /// Hashes of chains' first blocks.
    Chains,
    Paths,
    Name,
    /// The terms of each path; told with the paths.
    Payinfo,
    Fallbacks,
}

const FIELDS: &[(u64, &str, Form)] = &[
    (0, "invreq_metadata", Form::Hex),
    (2, "offer_chains", Form::Chains),
    (4, "offer_metadata", Form::Hex),
    (6, "offer_currency", Form::Utf8),
    (8, "offer_amount_msat", Form::Number),
    (10, "offer_description", Form::Utf8),
    (12, "offer_features", Form::Hex),
    (14, "offer_absolute_expiry", Form::Number),
    (16, "offer_paths", Form::Paths),
    (18, "offer_issuer", Form::Utf8),
    (20, "offer_quantity_max", Form::Number),
    (22, "offer_issuer_id", Form::Hex),
    (80, "invreq_chain", Form::Hex),
    (82, "invreq_amount_msat", Form::Number),
    (84, "invreq_features", Form::Hex),
    (86, "invreq_quantity", Form::Number),
    (88, "invreq_payer_id", Form::Hex),
    (89, "invreq_payer_note", Form::Utf8),
    (90, "invreq_paths", Form::Paths),
    (91, "invreq_bip_353_name", Form::Name),
    (160, "invoice_paths", Form::Paths),
    (162, "invoice_blindedpay", Form::Payinfo),
    (164, "invoice_created_at", Form::Number),
    (166, "invoice_relative_expiry", Form::Number),
    (168, "invoice_payment_hash", Form::Hex),
    (170, "invoice_amount_msat", Form::Number),
    (172, "invoice_fallbacks", Form::Fallbacks),
    (174, "invoice_features", Form::Hex),
    (176, "invoice_node_id", Form::Hex),
    (240, "signature", Form::Hex),
];

/// The name and form of the field of that number, if it is known.
pub(super) fn known(number: u64) -> Option<(&'static str, Form)> {
    let field = FIELDS.iter().find(|(known, ..)| *known == number);
    field.map(|(_, name, form)| (*name, *form))
}

/// Reads one field; `None` when its bytes are not of its form.
pub(super) fn value(form: Form, bytes: &[u8], chain: ChainHash) -> Option<Value> {
    let mut reader = Reader(bytes);
    let value = match form {
        Form::Hex => hex(reader.take(bytes.len())?),
        Form::Number => Value::Number(reader.truncated()?),
        Form::Utf8 => Value::Text(str::from_utf8(reader.take(bytes.len())?).ok()?.to_owned()),
        Form::Chains => reader.list(|reader| reader.take(32).map(hex))?,
        Form::Paths => reader.list(Reader::path)?,
        Form::Payinfo => reader.list(Reader::payinfo)?,
        Form::Fallbacks => reader.list(|reader| reader.fallback(chain))?,
        Form::Name => {
            let (name, domain) = (reader.short_text()?, reader.short_text()?);
            Value::Object(vec![("name", name), ("domain", domain)])
        }
    };
    reader.0.is_empty().then_some(value)
}

pub(super) fn hex(bytes: &[u8]) -> Value {
    Value::Text(bytes.to_lower_hex_string())
}

/// Takes bytes from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number in so many bytes, the highest first.
    fn number(&mut self, length: usize) -> Option<u64> {
        Some(
            self.take(length)?
                .iter()
                .fold(0, |number, byte| number << 8 | u64::from(*byte)),
        )
    }

    /// BOLT 1 `tu64`: all that is left, without leading zeros.
    fn truncated(&mut self) -> Option<u64> {
        let minimal = self.0.first() != Some(&0);
        let number = if self.0.len() <= 8 {
            self.number(self.0.len())
        } else {
            None
        };
        number.filter(|_| minimal)
    }

    /// Items to the end.
    fn list(&mut self, mut item: impl FnMut(&mut Reader<'a>) -> Option<Value>) -> Option<Value> {
        let mut items = Vec::new();
        while !self.0.is_empty() {
            items.push(item(self)?);
        }
        Some(Value::List(items))
    }

    fn short_text(&mut self) -> Option<Value> {
        let length = self.number(1)?;
        let bytes = self.take(usize::try_from(length).ok()?)?;
        Some(Value::Text(str::from_utf8(bytes).ok()?.to_owned()))
    }

    fn long_hex(&mut self) -> Option<Value> {
        let length = self.number(2)?;
        self.take(usize::try_from(length).ok()?).map(hex)
    }

    /// BOLT 4 `blinded_path`. It begins at a node, or at one end of a channel.
    fn path(&mut self) -> Option<Value> {
        let mut path = match *self.0.first()? {
            direction @ (0 | 1) => {
                self.take(1)?;
                let scid = short_channel_id(self.number(8)?);
                vec![
                    ("first_scid", Value::Text(scid)),
                    ("first_scid_dir", Value::Number(u64::from(direction))),
                ]
            }
            _ => vec![("first_node_id", hex(self.take(33)?))],
        };
        path.push(("first_path_key", hex(self.take(33)?)));
        let hops = self.number(1)?;
        let hops = (0..hops).map(|_| {
            let node = hex(self.take(33)?);
            Some(Value::Object(vec![
                ("blinded_node_id", node),
                ("encrypted_recipient_data", self.long_hex()?),
            ]))
        });
        path.push(("path", Value::List(hops.collect::<Option<_>>()?)));
        Some(Value::Object(path))
    }

    fn payinfo(&mut self) -> Option<Value> {
        Some(Value::Object(vec![
            ("fee_base_msat", Value::Number(self.number(4)?)),
            ("fee_proportional_millionths", Value::Number(self.number(4)?)),
            ("cltv_expiry_delta", Value::Number(self.number(2)?)),
            ("htlc_minimum_msat", Value::Number(self.number(8)?)),
            ("htlc_maximum_msat", Value::Number(self.number(8)?)),
            ("features", self.long_hex()?),
        ]))
    }

    /// An address on the chain, as a witness program. BOLT 12 allows for some that no address can be made of.
    fn fallback(&mut self, chain: ChainHash) -> Option<Value> {
        let version = self.number(1)?;
        let length = self.number(2)?;
        let program = self.take(usize::try_from(length).ok()?)?;
        let mut fallback = vec![("version", Value::Number(version)), ("hex", hex(program))];
        if let Some(address) = address(version, program, chain) {
            fallback.push(("address", Value::Text(address)));
        }
        Some(Value::Object(fallback))
    }
}

fn address(version: u64, program: &[u8], chain: ChainHash) -> Option<String> {
    let version = WitnessVersion::try_from(u8::try_from(version).ok()?).ok()?;
    let program = WitnessProgram::new(version, program).ok()?;
    let network = Network::from_chain_hash(chain)?;
    Some(Address::from_witness_program(program, KnownHrp::from(network)).to_string())
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Bool(value) => value.serialize(serializer),
            Value::Number(value) => value.serialize(serializer),
            Value::Text(value) => value.serialize(serializer),
            Value::List(values) => values.serialize(serializer),
            Value::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}
