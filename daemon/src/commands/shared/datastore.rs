//! Keys and values of the datastore, as parameters and as answers show them.

use crate::hex::Hex;
use crate::params::{Field, FromToken, Kind, Refusal, Token};
use boltill_ledger::{DatastoreKey, DatastoreValue};
use serde::Serialize;

/// A key of the datastore with its value.
pub const VALUE: &[Field] = &[
    KEY,
    Field::always("generation", Kind::U64, "How often the value was changed."),
    Field::always("hex", Kind::Hex, "The value."),
    STRING,
];

/// A key of the datastore in a listing.
pub const ITEM: &[Field] = &[
    KEY,
    Field::sometimes(
        "generation",
        Kind::U64,
        "How often the value was changed; this and the value are absent for what has keys below it.",
    ),
    Field::sometimes("hex", Kind::Hex, "The value."),
    STRING,
];

const KEY: Field = Field::always("key", Kind::Array(&Kind::String), "The key.");
const STRING: Field = Field::sometimes("string", Kind::String, "The value as text, if it is text.");

/// The key, by its parts, or by the only one.
impl FromToken for DatastoreKey {
    const KIND: Kind = Kind::OneOrMany(&Kind::String);

    fn from_token(token: Token<'_>) -> Result<DatastoreKey, Refusal> {
        let parts = match token.elements() {
            Some(elements) => elements
                .into_iter()
                .map(|element| element.word().ok_or("should be string"))
                .collect::<Result<Vec<_>, _>>()?,
            None => vec![token.word().ok_or("should be string or array")?],
        };
        DatastoreKey::new(&parts).map_err(|error| Refusal::ShouldBe(error.to_string().into()))
    }
}

/// An entry of an answer.
#[derive(Serialize)]
pub struct DatastoreEntry<'a> {
    key: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<Hex<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    string: Option<&'a str>,
}

impl<'a> DatastoreEntry<'a> {
    /// The entry of a key, with its value if it has one.
    pub fn of(key: &DatastoreKey, value: Option<&'a DatastoreValue>) -> DatastoreEntry<'a> {
        DatastoreEntry {
            key: key.parts().collect(),
            generation: value.map(|value| value.generation),
            hex: value.map(|value| Hex(&value.data)),
            string: value.and_then(|value| std::str::from_utf8(&value.data).ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_part_or_several() {
        let key = |json: &str| DatastoreKey::from_token(Token::parse(json).unwrap());
        assert_eq!(key(r#""a""#), key(r#"["a"]"#));
        assert_eq!(key("5"), key(r#"["5"]"#));
        for (json, words) in [
            ("[]", "should not be empty"),
            ("{}", "should be string or array"),
            (r#"["a", ["b"]]"#, "should be string"),
            (r#"["a\u0000b"]"#, "should be string without NUL"),
        ] {
            assert_eq!(key(json), Err(Refusal::ShouldBe(words.into())), "{json}");
        }
    }

    #[test]
    fn what_is_no_text_is_shown_in_hexadecimal_alone() {
        let key = DatastoreKey::new(&["a", "b"]).unwrap();
        let shown = |data: &[u8]| {
            let value = DatastoreValue {
                generation: 3,
                data: data.to_vec(),
            };
            serde_json::to_string(&DatastoreEntry::of(&key, Some(&value))).unwrap()
        };
        assert_eq!(
            shown(b"hi"),
            r#"{"key":["a","b"],"generation":3,"hex":"6869","string":"hi"}"#
        );
        assert_eq!(shown(&[0xff]), r#"{"key":["a","b"],"generation":3,"hex":"ff"}"#);
        let without = serde_json::to_string(&DatastoreEntry::of(&key, None)).unwrap();
        assert_eq!(without, r#"{"key":["a","b"]}"#);
    }
}
