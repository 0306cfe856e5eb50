//! The kinds of value that parameters and answers have, as Core Lightning's schemas name them.

use std::fmt;

/// What a parameter, or a field of an answer, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    String,
    /// Text or a number; `25` and `"25"` are the same.
    Label,
    /// `true` or `false`.
    Bool,
    /// A whole number up to 65,535.
    U16,
    /// A whole number up to 4,294,967,295.
    U32,
    /// A whole number up to 18,446,744,073,709,551,615.
    U64,
    /// A whole number of either sign.
    Integer,
    /// A number with decimals.
    Number,
    /// An amount in millisatoshi.
    Msat,
    /// An amount in millisatoshi, or `any`.
    MsatOrAny,
    /// An amount in millisatoshi, or `all`.
    MsatOrAll,
    /// An amount in satoshi.
    Sat,
    /// An amount in satoshi, or `all`.
    SatOrAll,
    /// Bytes in hexadecimal.
    Hex,
    /// 32 bytes in hexadecimal.
    Hash,
    /// 32 bytes in hexadecimal that nobody else should know.
    Secret,
    /// A compressed public key in hexadecimal.
    Pubkey,
    /// `BLOCKxTRANSACTIONxOUTPUT`.
    ShortChannelId,
    /// `txid:output`.
    Outpoint,
    /// A transaction's id in hexadecimal.
    Txid,
    /// `slow`, `normal`, `urgent`, `minimum`, `Nblocks`, or a number with `perkw` or `perkb` behind it.
    Feerate,
    /// Several of one kind.
    Array(&'static Kind),
    /// One of some kind, or several of it.
    OneOrMany(&'static Kind),
    /// An object of these fields; of any when there are none.
    Object(&'static [Field]),
    /// Any JSON.
    Any,
}

impl Kind {
    /// The name in Core Lightning's schemas.
    pub fn name(&self) -> &'static str {
        match self {
            Kind::String => "string",
            Kind::Label => "string or number",
            Kind::Bool => "boolean",
            Kind::U16 => "u16",
            Kind::U32 => "u32",
            Kind::U64 => "u64",
            Kind::Integer => "integer",
            Kind::Number => "number",
            Kind::Msat => "msat",
            Kind::MsatOrAny => "msat_or_any",
            Kind::MsatOrAll => "msat_or_all",
            Kind::Sat => "sat",
            Kind::SatOrAll => "sat_or_all",
            Kind::Hex => "hex",
            Kind::Hash => "hash",
            Kind::Secret => "secret",
            Kind::Pubkey => "pubkey",
            Kind::ShortChannelId => "short_channel_id",
            Kind::Outpoint => "outpoint",
            Kind::Txid => "txid",
            Kind::Feerate => "feerate",
            Kind::Array(_) => "array",
            Kind::OneOrMany(_) => "one or array",
            Kind::Object(_) => "object",
            Kind::Any => "any",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Array(of) => write!(f, "array of {of}"),
            Kind::OneOrMany(of) => write!(f, "{of}, or array of them"),
            kind => f.write_str(kind.name()),
        }
    }
}

/// One field of an answer as it is documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Whether it is in every answer.
    pub always: bool,
    /// What it means.
    pub doc: &'static str,
}

impl Field {
    /// A field that is in every answer.
    pub const fn always(name: &'static str, kind: Kind, doc: &'static str) -> Field {
        Field {
            name,
            kind,
            always: true,
            doc,
        }
    }

    /// A field that is in some answers; the text says in which.
    pub const fn sometimes(name: &'static str, kind: Kind, doc: &'static str) -> Field {
        Field {
            name,
            kind,
            always: false,
            doc,
        }
    }
}
