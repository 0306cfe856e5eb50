//! Reading a call's parameters, by position or by name.

use std::str::FromStr;

use bitcoin::consensus::encode::deserialize_hex;
use bitcoin::{Address, Amount, BlockHash, FeeRate, Network, Transaction, Txid};
use serde_json::{Map, Value};

use super::Command;
use super::error::RpcError;

/// The parameters of one call, in the order in which the command declares them; absent ones are null.
#[derive(Debug)]
pub(crate) struct Params {
    names: &'static [&'static str],
    values: Vec<Value>,
}

impl Params {
    /// Sorts what was sent into the command's parameters.
    ///
    /// # Errors
    /// Too many, an unknown name, or a name given twice.
    pub(crate) fn bind(command: &Command, sent: Value) -> Result<Self, RpcError> {
        let names = command.params;
        let values = match sent {
            Value::Null => Vec::new(),
            Value::Array(values) => values,
            Value::Object(fields) => by_name(names, fields)?,
            _ => return Err(RpcError::InvalidRequest("Params must be an array or object")),
        };
        if values.len() > names.len() {
            return Err(RpcError::Usage(command.usage()));
        }
        let mut values = values;
        values.resize(names.len(), Value::Null);
        if values.iter().take(command.required).any(Value::is_null) {
            return Err(RpcError::Usage(command.usage()));
        }
        Ok(Self { names, values })
    }

    /// The value of a parameter; null if it was not sent.
    pub(crate) fn get(&self, name: &str) -> &Value {
        let index = self
            .names
            .iter()
            .position(|declared| aliases(declared).any(|alias| alias == name));
        index
            .and_then(|index| self.values.get(index))
            .unwrap_or(&Value::Null)
    }

    pub(crate) fn str(&self, name: &str) -> Result<&str, RpcError> {
        let value = self.get(name);
        value.as_str().ok_or_else(|| wrong_type(value, "string"))
    }

    pub(crate) fn opt_str(&self, name: &str) -> Result<Option<&str>, RpcError> {
        self.optional(name, |_| self.str(name))
    }

    pub(crate) fn opt_bool(&self, name: &str) -> Result<Option<bool>, RpcError> {
        self.optional(name, |value| {
            value.as_bool().ok_or_else(|| wrong_type(value, "bool"))
        })
    }

    pub(crate) fn int(&self, name: &str) -> Result<i64, RpcError> {
        let value = self.get(name);
        value.as_i64().ok_or_else(|| wrong_type(value, "number"))
    }

    pub(crate) fn opt_int(&self, name: &str) -> Result<Option<i64>, RpcError> {
        self.optional(name, |_| self.int(name))
    }

    /// A verbosity: a number, or a bool as of old.
    pub(crate) fn verbosity(&self, name: &str, default: i64) -> Result<i64, RpcError> {
        match self.get(name) {
            Value::Null => Ok(default),
            Value::Bool(verbose) => Ok(i64::from(*verbose)),
            _ => self.int(name),
        }
    }

    pub(crate) fn array(&self, name: &str) -> Result<&[Value], RpcError> {
        let value = self.get(name);
        value
            .as_array()
            .map(Vec::as_slice)
            .ok_or_else(|| wrong_type(value, "array"))
    }

    pub(crate) fn block_hash(&self, name: &str) -> Result<BlockHash, RpcError> {
        parse_hash(name, self.str(name)?)
    }

    pub(crate) fn txid(&self, name: &str) -> Result<Txid, RpcError> {
        parse_hash(name, self.str(name)?)
    }

    /// A transaction in hex.
    pub(crate) fn transaction(&self, name: &str) -> Result<Transaction, RpcError> {
        parse_transaction(self.get(name))
    }

    /// Transactions in hex.
    pub(crate) fn transactions(&self, name: &str) -> Result<Vec<Transaction>, RpcError> {
        self.array(name)?.iter().map(parse_transaction).collect()
    }

    /// An amount in BTC.
    pub(crate) fn amount(&self, name: &str) -> Result<Amount, RpcError> {
        parse_amount(self.get(name))
    }

    /// A feerate in BTC per thousand vbytes; absent is `None`.
    pub(crate) fn opt_feerate(&self, name: &str) -> Result<Option<FeeRate>, RpcError> {
        self.optional(name, |value| {
            parse_amount(value).map(|per_kvb| FeeRate::from_sat_per_kwu(per_kvb.to_sat() / 4))
        })
    }

    fn optional<'a, T>(
        &'a self,
        name: &str,
        read: impl FnOnce(&'a Value) -> Result<T, RpcError>,
    ) -> Result<Option<T>, RpcError> {
        match self.get(name) {
            Value::Null => Ok(None),
            value => read(value).map(Some),
        }
    }
}

/// A parameter may have an older name: `verbosity|verbose`.
fn aliases(declared: &str) -> impl Iterator<Item = &str> {
    declared.split('|')
}

fn by_name(names: &[&'static str], mut fields: Map<String, Value>) -> Result<Vec<Value>, RpcError> {
    // As bitcoind: `args` holds leading positional parameters beside named ones.
    let mut values = match fields.remove("args") {
        Some(Value::Array(leading)) => leading,
        Some(other) => return Err(wrong_type(&other, "array")),
        None => Vec::new(),
    };
    let positional = values.len();
    values.resize(names.len().max(positional), Value::Null);
    for (name, value) in fields {
        let index = names
            .iter()
            .position(|declared| aliases(declared).any(|alias| alias == name))
            .ok_or_else(|| RpcError::InvalidParameter(format!("Unknown named parameter {name}")))?;
        if index < positional || !values[index].is_null() {
            let text = format!("Parameter {name} specified twice both as positional and named argument");
            return Err(RpcError::InvalidParameter(text));
        }
        values[index] = value;
    }
    Ok(values)
}

/// An address of regtest.
pub(crate) fn parse_address(text: &str) -> Option<Address> {
    Address::from_str(text)
        .ok()?
        .require_network(Network::Regtest)
        .ok()
}

fn parse_hash<T: FromStr>(name: &str, text: &str) -> Result<T, RpcError> {
    if text.len() != 64 {
        let message = format!(
            "{name} must be of length 64 (not {}, for '{text}')",
            text.chars().count()
        );
        return Err(RpcError::InvalidParameter(message));
    }
    text.parse()
        .map_err(|_| RpcError::InvalidParameter(format!("{name} must be hexadecimal string (not '{text}')")))
}

fn parse_transaction(value: &Value) -> Result<Transaction, RpcError> {
    let hex = value.as_str().ok_or_else(|| wrong_type(value, "string"))?;
    deserialize_hex(hex)
        .map_err(|_| RpcError::Deserialization("TX decode failed. Make sure the tx has at least one input."))
}

/// An amount in BTC, as a number or a string.
fn parse_amount(value: &Value) -> Result<Amount, RpcError> {
    let parsed = match value {
        Value::Number(number) => number.as_f64().and_then(nearest_satoshi),
        Value::String(text) => Amount::from_str_in(text, bitcoin::Denomination::Bitcoin).ok(),
        _ => return Err(RpcError::Amount("Amount is not a number or string")),
    };
    let amount = parsed.ok_or(RpcError::Amount("Invalid amount"))?;
    if amount > Amount::MAX_MONEY {
        return Err(RpcError::Amount("Amount out of range"));
    }
    Ok(amount)
}

/// The amount that a number means; `None` if it has more than eight decimals. The number may be off by its last bit.
fn nearest_satoshi(btc: f64) -> Option<Amount> {
    let satoshi = btc * 1e8;
    let nearest = satoshi.round();
    let is_amount =
        (0.0..=Amount::MAX_MONEY.to_sat() as f64).contains(&nearest) && (satoshi - nearest).abs() < 0.3;
    is_amount.then_some(Amount::from_sat(nearest as u64))
}

pub(crate) fn wrong_type(value: &Value, expected: &'static str) -> RpcError {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    RpcError::Type { found, expected }
}
