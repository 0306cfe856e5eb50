//! A rune, as `decode` shows it.

use crate::params::{Field, Kind};
use crate::runes::{Rune, restriction_in_english};
use serde::Serialize;

/// What a rune demands of a request.
#[derive(Serialize)]
pub struct DecodedRune {
    r#type: &'static str,
    unique_id: String,
    string: String,
    restrictions: Vec<DecodedRestriction>,
    valid: bool,
}

#[derive(Serialize)]
struct DecodedRestriction {
    alternatives: Vec<String>,
    summary: String,
}

/// The fields of a restriction.
pub const RESTRICTION: &[Field] = &[
    Field::always(
        "alternatives",
        Kind::Array(&Kind::String),
        "The ways to satisfy it, as they are written.",
    ),
    Field::always("summary", Kind::String, "The same in words."),
];

impl From<&Rune> for DecodedRune {
    fn from(rune: &Rune) -> DecodedRune {
        let restrictions = rune.restrictions().iter().map(|restriction| DecodedRestriction {
            alternatives: restriction.0.iter().map(ToString::to_string).collect(),
            summary: restriction_in_english(restriction),
        });
        DecodedRune {
            r#type: "rune",
            unique_id: rune.id().to_string(),
            string: rune.plain(),
            restrictions: restrictions.collect(),
            valid: true,
        }
    }
}
