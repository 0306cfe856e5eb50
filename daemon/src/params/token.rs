//! One JSON value as the client wrote it.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// One JSON value of a request, valid and not yet interpreted, without space around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a>(&'a str);

impl<'a> Token<'a> {
    /// Checks that the text is one JSON value and nothing else.
    pub fn parse(text: &'a str) -> Result<Token<'a>, serde_json::Error> {
        serde_json::from_str::<&'a RawValue>(text).map(Token::from)
    }

    /// The text as it was written, quotes included.
    pub fn raw(self) -> &'a str {
        self.0
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// Whether it is a number.
    pub fn is_number(self) -> bool {
        self.0
            .starts_with(|first: char| first == '-' || first.is_ascii_digit())
    }

    /// A string's text; `None` for anything else, and for a string that is no Unicode (half a surrogate pair).
    pub fn string(self) -> Option<Cow<'a, str>> {
        let inside = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if inside.contains('\\') {
            return serde_json::from_str(self.0).ok().map(Cow::Owned);
        }
        Some(Cow::Borrowed(inside))
    }

    /// What Core Lightning makes of a value where a word is expected: a string's text, or how a number, `true` or
    /// `false` is written. The command line cannot always know which of them is meant.
    pub fn word(self) -> Option<Cow<'a, str>> {
        match self.0.as_bytes().first() {
            Some(b'"') => self.string(),
            Some(b'{' | b'[' | b'n') | None => None,
            Some(_) => Some(Cow::Borrowed(self.0)),
        }
    }

    /// An array's values; `None` for anything else.
    pub fn elements(self) -> Option<Vec<Token<'a>>> {
        if !self.0.starts_with('[') {
            return None;
        }
        let values: Vec<&'a RawValue> = serde_json::from_str(self.0).ok()?;
        Some(values.into_iter().map(Token::from).collect())
    }

    /// An object's members in their order, duplicates included; `None` for anything else.
    pub fn members(self) -> Option<Vec<(Cow<'a, str>, Token<'a>)>> {
        if !self.0.starts_with('{') {
            return None;
        }
        serde_json::from_str::<Members<'a>>(self.0)
            .ok()
            .map(|members| members.0)
    }
}

impl<'a> From<&'a RawValue> for Token<'a> {
    fn from(value: &'a RawValue) -> Token<'a> {
        Token(value.get())
    }
}

struct Members<'a>(Vec<(Cow<'a, str>, Token<'a>)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, Token::from(map.next_value::<&'de RawValue>()?)));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

/// A member's name, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Token<'_> {
        Token::parse(text).unwrap()
    }

    #[test]
    fn a_string_is_unescaped_and_half_a_surrogate_pair_is_none() {
        assert_eq!(token(r#""plain""#).string().as_deref(), Some("plain"));
        assert_eq!(token(r#""a\"\u00e9""#).string().as_deref(), Some("a\"é"));
        assert_eq!(token(r#""\ud800""#).string(), None);
        assert_eq!(token("25").string(), None);
    }

    #[test]
    fn a_word_is_a_string_or_what_the_command_line_took_for_a_number() {
        for (text, word) in [("\"25\"", Some("25")), ("25", Some("25")), ("true", Some("true"))] {
            assert_eq!(token(text).word().as_deref(), word);
        }
        for text in ["null", "[]", "{}"] {
            assert_eq!(token(text).word(), None);
        }
    }

    #[test]
    fn arrays_and_objects_come_apart_in_order_with_duplicates() {
        let elements = token("[1, [2] ,null]").elements().unwrap();
        assert_eq!(
            elements.iter().map(|e| e.raw()).collect::<Vec<_>>(),
            ["1", "[2]", "null"]
        );
        let members = token(r#"{"b":1, "a":{ } ,"b":2}"#).members().unwrap();
        assert_eq!(
            members
                .iter()
                .map(|(name, value)| (&**name, value.raw()))
                .collect::<Vec<_>>(),
            [("b", "1"), ("a", "{ }"), ("b", "2")]
        );
    }

    #[test]
    fn depth_is_no_danger() {
        let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(token(&deep).elements().map(|elements| elements.len()), Some(1));
    }
}
