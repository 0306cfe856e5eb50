//! Turns the words of the command line into the parameters of a request.

use boltill::options::Options;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Number;
use serde_json::value::RawValue;

/// The parameters of a command, as they were typed: a key given twice is sent twice, for the daemon to refuse.
#[derive(Debug)]
pub enum Params {
    /// `key=value` each.
    Named(Vec<(String, Word)>),
    /// Values in the order of the command's usage line.
    Ordered(Vec<Word>),
}

/// One value.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Word {
    /// Something that is JSON already, and goes out as it was typed.
    Json(Box<RawValue>),
    /// Any other text.
    Text(String),
}

/// A word that should have been `key=value`.
#[derive(Debug, thiserror::Error)]
#[error("expected key=value in '{0}'")]
pub struct NotKeyValue(String);

impl Params {
    /// Reads the words after the command, by the options `-k` and `-o` or by the look of the first word.
    pub fn read(words: &[String], options: &Options) -> Result<Self, NotKeyValue> {
        let autodetected = !options.order && words.first().is_some_and(|word| starts_with_key(word));
        if options.keywords || autodetected {
            words
                .iter()
                .map(|word| named(word))
                .collect::<Result<_, _>>()
                .map(Self::Named)
        } else {
            Ok(Self::Ordered(words.iter().map(|word| Word::read(word)).collect()))
        }
    }
}

impl Word {
    fn read(word: &str) -> Self {
        match serde_json::from_str::<&RawValue>(word) {
            Ok(raw) if is_literal(word) => Self::Json(raw.to_owned()),
            _ => Self::Text(word.to_owned()),
        }
    }
}

/// Whether a word that is valid JSON is meant as such. A number is, unless it would come out different: `1e5` is
/// rather a label, and an all-digit payment hash is no number.
fn is_literal(word: &str) -> bool {
    match word.as_bytes().first() {
        Some(b'-' | b'0'..=b'9') => {
            serde_json::from_str::<Number>(word).is_ok_and(|number| number.to_string() == word)
        }
        Some(first) => !first.is_ascii_whitespace(),
        None => false,
    }
}

fn starts_with_key(word: &str) -> bool {
    let Some((key, _)) = word.split_once('=') else {
        return false;
    };
    key.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && key
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn named(word: &str) -> Result<(String, Word), NotKeyValue> {
    match word.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), Word::read(value))),
        None => Err(NotKeyValue(word.to_owned())),
    }
}

impl Serialize for Params {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Named(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                for (key, value) in pairs {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
            Self::Ordered(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(value)?;
                }
                list.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    /// The JSON that a command line sends as its parameters.
    fn sent(line: &[&str]) -> String {
        let options = Options::parse_from(["boltill"].iter().chain(line));
        let params = Params::read(&options.words[1..], &options).unwrap();
        serde_json::to_string(&params).unwrap()
    }

    #[test]
    fn numbers_and_json_are_sent_as_such_and_all_else_as_strings() {
        assert_eq!(
            sent(&[
                "x",
                "10",
                "-3",
                "0.5",
                "true",
                "null",
                "[1,\"a\"]",
                "{\"a\":{}}",
                "\"25\""
            ]),
            r#"[10,-3,0.5,true,null,[1,"a"],{"a":{}},"25"]"#
        );
        assert_eq!(
            sent(&["x", "any", "10sat", "", "127.0.0.1", "a b"]),
            r#"["any","10sat","","127.0.0.1","a b"]"#
        );
    }

    #[test]
    fn what_json_would_write_differently_stays_a_string() {
        let hash = "1".repeat(64);
        assert_eq!(
            sent(&["x", "01", "1e5", "1.50", "[1,", " 7", &hash]),
            format!(r#"["01","1e5","1.50","[1,"," 7","{hash}"]"#)
        );
    }

    #[test]
    fn key_and_value_are_noticed_by_the_first_parameter_only() {
        assert_eq!(
            sent(&["invoice", "amount_msat=any", "label=a=b", "expiry=60"]),
            r#"{"amount_msat":"any","label":"a=b","expiry":60}"#
        );
        assert_eq!(sent(&["invoice", "any", "label=x"]), r#"["any","label=x"]"#);
        assert_eq!(sent(&["checkrune", "tUabc2-Rune=="]), r#"["tUabc2-Rune=="]"#);
    }

    #[test]
    fn the_options_overrule_what_is_noticed() {
        assert_eq!(sent(&["-o", "datastore", "a=b"]), r#"["a=b"]"#);
        assert_eq!(sent(&["-k", "datastore", "Key=b"]), r#"{"Key":"b"}"#);
        let options = Options::parse_from(["boltill", "-k", "x", "novalue"]);
        let error = Params::read(&options.words[1..], &options).unwrap_err();
        assert_eq!(error.to_string(), "expected key=value in 'novalue'");
    }

    #[test]
    fn a_key_given_twice_is_left_for_the_daemon_to_refuse() {
        assert_eq!(sent(&["x", "a=1", "a=2"]), r#"{"a":1,"a":2}"#);
    }
}
