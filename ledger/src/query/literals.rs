//! The values that a query names, and how rows are found by them.
//!
//! The ledger finds invoices by an index of its own (`keys.rs`), and other rows by six bytes in place of a hash (`sql.rs`), of all of which a
//! query from outside knows nothing. So each view carries a condition that is always true and mentions the values of the
//! query; here the invoice of that label, if there is one, is the 77th:
//!
//! ```sql
//! created_index BETWEEN CASE WHEN label = 'tea' THEN 77 ELSE 0 END AND CASE WHEN label = 'tea' THEN 77 ELSE 9223372036854775807 END
//! ```
//!
//! Where the query asks for `label = 'tea'`, SQLite puts `'tea'` in the place of `label` ("constant propagation"), both ends become
//! 77, and one row is read. Where it asks for anything else, nothing is left out. The query itself is not touched.

use super::views::Key;
use crate::error::LedgerError;
use crate::keys::{self, Keys};
use crate::sql::{hash_key, int, one, text_key};
use rusqlite::Connection;
use std::collections::BTreeMap;

/// How many values of each kind are made use of; a query with more is not helped.
const MOST: usize = 16;
/// The last of all keys, which have six bytes.
const LAST_KEY: i64 = (1 << 48) - 1;

/// The labels and hashes that a query may be looking for, as SQL, with their keys.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Literals {
    texts: BTreeMap<String, i64>,
    hashes: BTreeMap<String, i64>,
}

impl Literals {
    /// Those of a query. One that is none, such as the name of a column in quotes, does no harm.
    pub(super) fn of(query: &str) -> Literals {
        let mut literals = Literals::default();
        let mut rest = query;
        while let Some(first) = rest.chars().next() {
            rest = match first {
                '\'' | '"' => {
                    let (text, rest) = quoted(rest, first);
                    literals.text(&text);
                    rest
                }
                'x' | 'X' if rest[1..].starts_with('\'') => {
                    let (hex, rest) = quoted(&rest[1..], '\'');
                    literals.hash(&hex);
                    rest
                }
                '-' if rest.starts_with("--") => behind(rest, "\n"),
                '/' if rest.starts_with("/*") => behind(&rest[2..], "*/"),
                '0'..='9' => {
                    let (number, rest) = split(rest, |c| c.is_ascii_digit());
                    literals.text(number);
                    rest
                }
                c if is_of_a_word(c) => split(rest, is_of_a_word).1,
                other => &rest[other.len_utf8()..],
            };
        }
        literals
    }

    fn text(&mut self, text: &str) {
        if self.texts.len() < MOST && !text.contains('\0') {
            let sql = format!("'{}'", text.replace('\'', "''"));
            self.texts.insert(sql, text_key(text));
        }
    }

    fn hash(&mut self, hex: &str) {
        let bytes = <[u8; 32] as bitcoin::hex::FromHex>::from_hex(hex);
        if let (Ok(hash), true) = (bytes, self.hashes.len() < MOST) {
            self.hashes.insert(format!("x'{hex}'"), hash_key(&hash));
        }
    }

    /// The condition for a view, if it has a column that some value of the query may be looking for.
    pub(super) fn condition(
        &self,
        columns: &[Key],
        index: &Keys,
        conn: &Connection,
    ) -> Result<Option<String>, LedgerError> {
        let conditions = columns
            .iter()
            .map(|key| match key {
                Key::Hash { column, key } => Ok(between(column, key, LAST_KEY, &at_their_keys(&self.hashes))),
                Key::InvoiceLabel => of_invoices(conn, index, "label", &self.texts, keys::Key::of_label_key),
                Key::InvoiceHash => {
                    of_invoices(conn, index, "payment_hash", &self.hashes, keys::Key::of_hash_key)
                }
            })
            .filter_map(Result::transpose)
            .collect::<Result<Vec<_>, _>>()?;
        Ok((!conditions.is_empty()).then(|| conditions.join(" AND ")))
    }
}

/// The number in another column that the rows with a value have, of each value; `None` where no row has the value.
type Places = Vec<(String, Option<i64>)>;

fn at_their_keys(values: &BTreeMap<String, i64>) -> Places {
    values
        .iter()
        .map(|(value, key)| (value.clone(), Some(*key)))
        .collect()
}

/// The condition by which the invoice is found that has one of these values.
fn of_invoices(
    conn: &Connection,
    index: &Keys,
    column: &str,
    values: &BTreeMap<String, i64>,
    key_of: fn(i64) -> keys::Key,
) -> Result<Option<String>, LedgerError> {
    let mut places = Places::new();
    for (value, key) in values {
        let sql = format!(
            "SELECT created_index FROM main.invoices WHERE created_index = ?1 AND {column} = {value}"
        );
        let found = index.find(key_of(*key), |invoice| {
            one(conn, &sql, [int(invoice.0)], |row| row.get::<_, i64>(0))
        })?;
        places.push((value.clone(), found));
    }
    Ok(between(column, "created_index", i64::MAX, &places))
}

fn between(column: &str, found_by: &str, greatest: i64, places: &Places) -> Option<String> {
    if places.is_empty() {
        return None;
    }
    let end = |of_none: i64, otherwise: i64| {
        let cases: String = places
            .iter()
            .map(|(value, place)| format!("WHEN t.{column} = {value} THEN {} ", place.unwrap_or(of_none)))
            .collect();
        format!("CASE {cases}ELSE {otherwise} END")
    };
    // Between 1 and 0 there is none.
    let (first, last) = (end(1, 0), end(0, greatest));
    Some(format!("t.{found_by} BETWEEN {first} AND {last}"))
}

/// What is between quotes, of which two stand for one, and what comes behind.
fn quoted(from: &str, quote: char) -> (String, &str) {
    let mut rest = from.get(1..).unwrap_or_default();
    let mut text = String::new();
    loop {
        let Some(end) = rest.find(quote) else {
            text.push_str(rest);
            return (text, "");
        };
        text.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        let Some(more) = rest.strip_prefix(quote) else {
            return (text, rest);
        };
        text.push(quote);
        rest = more;
    }
}

fn behind<'a>(rest: &'a str, end: &str) -> &'a str {
    rest.split_once(end).map_or("", |(_, rest)| rest)
}

fn split(rest: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    rest.split_at(rest.find(|c| !belongs(c)).unwrap_or(rest.len()))
}

fn is_of_a_word(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_a_query_are_found_wherever_they_stand() {
        let hash = "Ab".repeat(32);
        let query = format!(
            "SELECT 'it''s', x1, x'{hash}' -- 'a comment'\n FROM t /* 'another' */ WHERE a = \"tea\" OR b=25 OR c = x'01' \
             OR d = 'unfinished"
        );
        let found = Literals::of(&query);
        let texts: Vec<_> = found.texts.keys().map(String::as_str).collect();
        assert_eq!(texts, ["'25'", "'it''s'", "'tea'", "'unfinished'"]);
        assert_eq!(found.texts["'it''s'"], text_key("it's"));
        assert_eq!(found.hashes[&format!("x'{hash}'")], hash_key(&[0xab; 32]));
        assert_eq!(found.hashes.len(), 1);
    }

    #[test]
    fn a_query_of_many_values_is_looked_at_in_bounds() {
        let query: String = (0..1_000).map(|number| format!("'{number}',")).collect();
        assert_eq!(Literals::of(&query).texts.len(), MOST);
        assert_eq!(Literals::of("é'ü").texts.len(), 1);
    }
}
