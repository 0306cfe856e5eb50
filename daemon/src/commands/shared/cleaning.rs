//! What `autoclean-once` and `autoclean-status` have in common.

use crate::params::{Field, FromToken, Kind, Refusal, Token};
use boltill_ledger::Cleanable;

/// What can be cleaned, by its name.
pub struct Subsystem(pub Cleanable);

impl FromToken for Subsystem {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<Subsystem, Refusal> {
        let word = token.word().unwrap_or_default();
        let found = Cleanable::ALL.into_iter().find(|what| what.as_str() == word);
        Ok(Subsystem(found.ok_or("should be a valid subsystem name")?))
    }
}

/// A number of seconds that is not zero.
pub struct NonZero(pub u64);

impl FromToken for NonZero {
    const KIND: Kind = Kind::U64;

    fn from_token(token: Token<'_>) -> Result<NonZero, Refusal> {
        match u64::from_token(token)? {
            0 => Err("should be greater than zero".into()),
            number => Ok(NonZero(number)),
        }
    }
}

/// An object for each that can be cleaned.
pub const fn of_each(fields: &'static [Field]) -> [Field; 6] {
    const fn field(name: &'static str, fields: &'static [Field], doc: &'static str) -> Field {
        Field::sometimes(name, Kind::Object(fields), doc)
    }
    [
        field("succeededforwards", fields, "Forwards that were paid for."),
        field("failedforwards", fields, "Forwards that failed."),
        field("succeededpays", fields, "Payments of ours that arrived."),
        field("failedpays", fields, "Payments of ours that failed."),
        field("paidinvoices", fields, "Invoices that were paid."),
        field("expiredinvoices", fields, "Invoices that were not."),
    ]
}
