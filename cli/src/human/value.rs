//! One value as people read it.

use super::Screen;
use jiff::fmt::friendly::{Designator, Spacing, SpanPrinter};
use jiff::{Span, Timestamp};
use serde_json::Value;

/// As short as it goes: the time from now alone.
pub fn of(name: &str, value: &Value, screen: Screen) -> String {
    match time(name, value) {
        Some(time) => from_now(time, screen.now),
        None => words(name, value, screen),
    }
}

/// With the time in full before the time from now.
pub fn in_full(name: &str, value: &Value, screen: Screen) -> String {
    match time(name, value) {
        Some(time) => match Timestamp::from_second(time) {
            Ok(stamp) => format!("{stamp} ({})", from_now(time, screen.now)),
            Err(_) => time.to_string(),
        },
        None => words(name, value, screen),
    }
}

fn words(name: &str, value: &Value, screen: Screen) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Number(number) if name.ends_with("_msat") => {
            format!("{} msat", grouped(&number.to_string()))
        }
        Value::Number(number) => number.to_string(),
        Value::String(text) => plain(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| in_full(name, item, screen)).collect();
            items.join(", ")
        }
        Value::Object(_) => plain(&value.to_string()),
    }
}

/// Text without what a terminal would obey: aliases and descriptions are written by strangers.
pub fn plain(text: &str) -> String {
    let is_unseen = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match is_unseen(c) {
            true => plain.extend(c.escape_default()),
            false => plain.push(c),
        }
    }
    plain
}

/// With a comma before every third digit.
pub fn grouped(number: &str) -> String {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number),
    };
    let mut grouped = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The UNIX seconds of a field that is a time, as its name says.
fn time(name: &str, value: &Value) -> Option<i64> {
    let is_time = name.ends_with("_at")
        || name.ends_with("_time")
        || name.ends_with("timestamp")
        || matches!(
            name,
            "last_update" | "absolute_expiry" | "last_used" | "last_stable_connection"
        );
    // Nothing was before 2001; a smaller number is not meant as a time.
    value
        .as_f64()
        .filter(|seconds| is_time && *seconds >= 1e9 && *seconds < 1e11)
        .map(|seconds| seconds as i64)
}

/// "3 minutes ago", "in 2 days": the largest unit alone, as one speaks.
fn from_now(time: i64, now: i64) -> String {
    let away = time.saturating_sub(now);
    if away == 0 {
        return "now".to_owned();
    }
    let printer = SpanPrinter::new()
        .designator(Designator::Verbose)
        .spacing(Spacing::BetweenUnitsAndDesignators);
    let size = away.unsigned_abs() as i64;
    let span = match size {
        0..60 => Span::new().seconds(size),
        60..3_600 => Span::new().minutes(size / 60),
        3_600..86_400 => Span::new().hours(size / 3_600),
        86_400..31_536_000 => Span::new().days(size / 86_400),
        _ => Span::new().years(size / 31_536_000),
    };
    match away < 0 {
        true => format!("{} ago", printer.span_to_string(&span)),
        false => format!("in {}", printer.span_to_string(&span)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::SCREEN;
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_told_from_now() {
        for (away, words) in [
            (0, "now"),
            (-1, "1 second ago"),
            (-180, "3 minutes ago"),
            (-7_200, "2 hours ago"),
            (-86_400 * 400, "1 year ago"),
            (604_800, "in 7 days"),
        ] {
            assert_eq!(of("paid_at", &json!(SCREEN.now + away), SCREEN), words);
        }
        assert_eq!(of("paid_at", &json!(103), SCREEN), "103");
        assert_eq!(
            of("blockheight", &json!(SCREEN.now), SCREEN),
            SCREEN.now.to_string()
        );
    }

    #[test]
    fn amounts_have_their_unit() {
        assert_eq!(of("amount_msat", &json!(0), SCREEN), "0 msat");
        assert_eq!(of("amount_msat", &json!(21_000_000), SCREEN), "21,000,000 msat");
        assert_eq!(of("fee_msat", &json!(-1000), SCREEN), "-1,000 msat");
    }

    #[test]
    fn a_terminal_is_not_made_to_obey() {
        assert_eq!(plain("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
        assert_eq!(plain("à la ⚡"), "à la ⚡");
    }
}
