//! Answers for people who sit at a terminal: tables for lists, amounts with their unit, times as one would say them.
//!
//! Only for `-H` where the output is a terminal. What a script gets for `-H` is in `print.rs`, and never changes.

mod table;
mod value;

use serde_json::{Map, Value};
use std::io::{self, Write};

/// How wide a line may be, and what time it is, in UNIX seconds.
#[derive(Clone, Copy)]
pub struct Screen {
    /// In characters.
    pub width: u16,
    /// For "3 minutes ago".
    pub now: i64,
}

impl Screen {
    /// The terminal that the output goes to; `COLUMNS` overrides how wide it says it is.
    pub fn here() -> Screen {
        let set = std::env::var("COLUMNS")
            .ok()
            .and_then(|columns| columns.parse().ok());
        let asked = || terminal_size::terminal_size().map(|(width, _)| width.0);
        Screen {
            width: set.or_else(asked).unwrap_or(80).max(20),
            now: jiff::Timestamp::now().as_second(),
        }
    }
}

/// Writes an answer.
pub fn answer(out: &mut impl Write, answer: &Value, screen: Screen) -> io::Result<()> {
    match answer {
        Value::Object(members) => match members.iter().next() {
            // An answer of a single part is that part.
            Some((name, part)) if members.len() == 1 => only(out, name, part, screen),
            _ => record(out, members, 0, screen),
        },
        Value::Array(items) => list(out, items, 0, screen),
        scalar => writeln!(out, "{}", value::of("", scalar, screen)),
    }
}

fn only(out: &mut impl Write, name: &str, part: &Value, screen: Screen) -> io::Result<()> {
    match part {
        Value::Array(items) if items.is_empty() => writeln!(out, "No {}.", name.replace('_', " ")),
        // Of a single entry all is told.
        Value::Array(items) => match &items[..] {
            [Value::Object(entry)] => record(out, entry, 0, screen),
            _ => list(out, items, 0, screen),
        },
        Value::Object(members) => record(out, members, 0, screen),
        scalar => writeln!(out, "{}", value::of(name, scalar, screen)),
    }
}

/// One line for each member, and below it what a member has in it.
fn record(
    out: &mut impl Write,
    members: &Map<String, Value>,
    depth: usize,
    screen: Screen,
) -> io::Result<()> {
    let indent = depth * 2;
    let longest = members.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    for (name, member) in members {
        match member {
            Value::Object(inner) if !inner.is_empty() => {
                writeln!(out, "{:indent$}{}:", "", value::plain(name))?;
                record(out, inner, depth + 1, screen)?;
            }
            Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
                writeln!(out, "{:indent$}{}:", "", value::plain(name))?;
                list(out, items, depth + 1, screen)?;
            }
            scalar => {
                let words = value::in_full(name, scalar, screen);
                writeln!(out, "{:indent$}{:longest$}  {words}", "", value::plain(name))?;
            }
        }
    }
    Ok(())
}

/// A table of entries, or of rows; or one line for each item.
fn list(out: &mut impl Write, items: &[Value], depth: usize, screen: Screen) -> io::Result<()> {
    if !items.is_empty() && items.iter().all(Value::is_object) {
        return table::entries(out, items, depth * 2, screen);
    }
    if !items.is_empty() && items.iter().all(Value::is_array) {
        return table::rows(out, items, depth * 2, screen);
    }
    let indent = depth * 2;
    for item in items {
        writeln!(out, "{:indent$}{}", "", value::in_full("", item, screen))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    pub(super) const SCREEN: Screen = Screen {
        width: 80,
        now: 1_795_230_880,
    };

    fn shown(value: &Value) -> Vec<String> {
        let mut out = Vec::new();
        answer(&mut out, value, SCREEN).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.lines().map(|line| line.trim_end().to_owned()).collect()
    }

    #[test]
    fn a_single_entry_is_told_in_full() {
        let invoice = json!({"invoices": [{
            "label": "tea", "amount_msat": 1_500_000, "paid_at": 1_795_230_700, "payment_hash": "ab".repeat(32),
        }]});
        assert_eq!(
            shown(&invoice),
            [
                "label         tea",
                "amount_msat   1,500,000 msat",
                "paid_at       2026-11-21T03:11:40Z (3 minutes ago)",
                &format!("payment_hash  {}", "ab".repeat(32)),
            ]
        );
    }

    #[test]
    fn what_is_inside_stands_below_its_name() {
        let answer = json!({
            "id": "02aa", "features": ["a", "b"], "none": [], "our": {"init": "08"}, "address": [{"type": "ipv4", "port": 9735}],
        });
        assert_eq!(
            shown(&answer),
            [
                "id        02aa",
                "features  a, b",
                "none",
                "our:",
                "  init  08",
                "address:",
                "  type  port",
                "  ──────────",
                "  ipv4  9735",
            ]
        );
    }

    #[test]
    fn nothing_is_said_to_be_nothing() {
        assert_eq!(shown(&json!({"invoices": []})), ["No invoices."]);
        assert_eq!(shown(&json!({"pong": "yes"})), ["yes"]);
    }
}
