//! `decode`: what an invoice, offer or invoice_request says, field by field.
//!
//! The names of the fields are those of the specifications, so what is returned is what the command answers.

mod bolt11;
mod bolt12;
mod currency;
mod fields;

pub use bolt11::Bolt11;
pub use bolt12::Bolt12;

use crate::invstring::{canonical, is_bolt12, without_scheme};
use boltill_bolt12::bech32;
use serde::Serialize;

/// What a text says.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Decoded {
    /// A BOLT 11 invoice.
    Bolt11(Box<Bolt11>),
    /// An offer, an invoice_request or an invoice of BOLT 12.
    Bolt12(Bolt12),
}

/// The text says nothing that can be told; Core Lightning's code -32602.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It is nothing that Lightning knows, or breaks off.
    #[error("Unparsable string")]
    Unparsable,
    /// It is a BOLT 11 invoice with something wrong in it.
    #[error("Invalid bolt11: {0}")]
    Bolt11(String),
    /// It is of BOLT 12, and it or a field of it cannot be read.
    #[error("Invalid bolt12: {0}")]
    Bolt12(String),
}

/// Tells what a text says; it may be in upper case, and have `lightning:` in front.
///
/// # Errors
/// [`DecodeError`]. What can be read but must not be used is no error: it is told, with `valid` false.
pub fn decode(text: &str) -> Result<Decoded, DecodeError> {
    let given = without_scheme(text);
    let text = canonical(given);
    if is_bolt12(&text) {
        let read = bech32::decode(given).map_err(|fault| DecodeError::Bolt12(fault.to_string()));
        return read.and_then(|(prefix, bytes)| Bolt12::read(prefix, bytes).map(Decoded::Bolt12));
    }
    if text.starts_with("ln") {
        return Bolt11::read(&text).map(|invoice| Decoded::Bolt11(Box::new(invoice)));
    }
    Err(DecodeError::Unparsable)
}

/// A short channel id as people write it: block, transaction and output.
fn short_channel_id(scid: u64) -> String {
    format!("{}x{}x{}", scid >> 40, scid >> 16 & 0xff_ffff, scid & 0xffff)
}

#[cfg(test)]
mod tests;
