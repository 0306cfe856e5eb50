//! Prints an answer in the format that was asked for.
//!
//! The text of the answer is walked and never turned into values, so that numbers keep the digits the daemon wrote,
//! fields keep their order, and a listing of half a gigabyte needs little more than its own size.

use boltill::options::Format;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use std::io::{self, Write};

/// Writes one answer, and the line break after it.
pub fn answer(out: &mut impl Write, raw: &RawValue, format: Format) -> io::Result<()> {
    match format {
        Format::Raw => writeln!(out, "{raw}"),
        Format::Json => {
            json(out, raw, 0)?;
            writeln!(out)
        }
        Format::Human => human(out, raw, 0),
        Format::Flat => flat(out, raw, ""),
    }
}

/// The daemon's word that an answer is best read as plain text, which is so for help; not printed.
const HINT: &str = "format-hint";

/// Whether the daemon says that this answer is best read as plain text.
pub fn is_simple(raw: &RawValue) -> bool {
    matches!(Level::open(raw), Ok(Level::Object(members)) if members.iter().any(|(key, value)| {
        unquoted(key.get()) == HINT && unquoted(value.get()) == "simple"
    }))
}

/// One level of a JSON text, its members still unread.
enum Level<'a> {
    Scalar(&'a str),
    Array(Vec<&'a RawValue>),
    Object(Vec<(&'a RawValue, &'a RawValue)>),
}

impl<'a> Level<'a> {
    fn open(raw: &'a RawValue) -> io::Result<Self> {
        Ok(match raw.get().as_bytes().first() {
            Some(b'[') => Self::Array(serde_json::from_str(raw.get())?),
            Some(b'{') => Self::Object(serde_json::from_str::<Members<'a>>(raw.get())?.0),
            _ => Self::Scalar(raw.get()),
        })
    }
}

/// Indented by three spaces a level.
fn json(out: &mut impl Write, raw: &RawValue, depth: usize) -> io::Result<()> {
    let open = |out: &mut _, index, bracket| match index {
        0 => write_line(out, bracket, depth + 1),
        _ => write_line(out, ",", depth + 1),
    };
    match Level::open(raw)? {
        Level::Scalar(text) => out.write_all(text.as_bytes()),
        Level::Array(items) if items.is_empty() => out.write_all(b"[]"),
        Level::Object(members) if members.is_empty() => out.write_all(b"{}"),
        Level::Array(items) => {
            for (index, item) in items.into_iter().enumerate() {
                open(out, index, "[")?;
                json(out, item, depth + 1)?;
            }
            write_line(out, "", depth)?;
            out.write_all(b"]")
        }
        Level::Object(members) => {
            for (index, (key, value)) in members.into_iter().enumerate() {
                open(out, index, "{")?;
                write!(out, "{key}: ")?;
                json(out, value, depth + 1)?;
            }
            write_line(out, "", depth)?;
            out.write_all(b"}")
        }
    }
}

/// `text`, a line break and the indentation of the next line.
fn write_line(out: &mut impl Write, text: &str, depth: usize) -> io::Result<()> {
    writeln!(out, "{text}")?;
    write!(out, "{:width$}", "", width = depth * 3)
}

/// `key=value` lines, indented below the key where a value has parts; an object of a single member is that member.
fn human(out: &mut impl Write, raw: &RawValue, depth: usize) -> io::Result<()> {
    match Level::open(raw)? {
        Level::Scalar(text) => writeln!(out, "{:width$}{}", "", plain(text), width = depth * 3),
        Level::Array(items) => items.into_iter().try_for_each(|item| human(out, item, depth)),
        Level::Object(mut members) => {
            members.retain(|(key, _)| unquoted(key.get()) != HINT);
            if let [(_, value)] = members[..] {
                return human(out, value, depth);
            }
            members.into_iter().try_for_each(|(key, value)| {
                write!(out, "{:width$}{}", "", plain(key.get()), width = depth * 3)?;
                if let Level::Scalar(text) = Level::open(value)? {
                    return writeln!(out, "={}", plain(text));
                }
                writeln!(out, ":")?;
                human(out, value, depth + 1)
            })
        }
    }
}

/// One `a.b[0].c=value` line for each value; strings keep their escapes, so that each is one line.
fn flat(out: &mut impl Write, raw: &RawValue, path: &str) -> io::Result<()> {
    match Level::open(raw)? {
        Level::Scalar(text) => writeln!(out, "{path}={}", unquoted(text)),
        Level::Array(items) => {
            let mut items = items.into_iter().enumerate();
            items.try_for_each(|(index, item)| flat(out, item, &format!("{path}[{index}]")))
        }
        Level::Object(members) => members.into_iter().try_for_each(|(key, value)| {
            let key = unquoted(key.get());
            match path {
                "" => flat(out, value, key),
                _ => flat(out, value, &format!("{path}.{key}")),
            }
        }),
    }
}

/// What is between the quotes of a string; other scalars as they are.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}

/// A string without quotes and escapes; other scalars as they are.
fn plain(text: &str) -> String {
    serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned())
}

/// The members of an object in the order they were written.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str, format: Format) -> String {
        let mut out = Vec::new();
        answer(&mut out, serde_json::from_str(text).unwrap(), format).unwrap();
        String::from_utf8(out).unwrap()
    }

    const ANSWER: &str = r#"{"id":"02ab","list":[{"s":"a\n\"b\"","n":1.500},[]],"none":{}}"#;

    #[test]
    fn json_is_indented_and_keeps_order_digits_and_escapes() {
        let lines = [
            "{",
            "   \"id\": \"02ab\",",
            "   \"list\": [",
            "      {",
            "         \"s\": \"a\\n\\\"b\\\"\",",
            "         \"n\": 1.500",
            "      },",
            "      []",
            "   ],",
            "   \"none\": {}",
            "}\n",
        ];
        assert_eq!(printed(ANSWER, Format::Json), lines.join("\n"));
    }

    #[test]
    fn raw_is_what_was_received() {
        assert_eq!(printed(ANSWER, Format::Raw), format!("{ANSWER}\n"));
    }

    #[test]
    fn flat_is_one_line_for_each_value() {
        assert_eq!(
            printed(ANSWER, Format::Flat),
            "id=02ab\nlist[0].s=a\\n\\\"b\\\"\nlist[0].n=1.500\n"
        );
    }

    #[test]
    fn for_people_strings_are_written_out_and_single_members_lose_their_name() {
        assert_eq!(
            printed(ANSWER, Format::Human),
            "id=02ab\nlist:\n   s=a\n\"b\"\n   n=1.500\nnone:\n"
        );
        let help = r#"{"help":[{"command":"getinfo"}],"format-hint":"simple"}"#;
        assert!(is_simple(serde_json::from_str(help).unwrap()));
        assert_eq!(printed(help, Format::Human), "getinfo\n");
    }
}
