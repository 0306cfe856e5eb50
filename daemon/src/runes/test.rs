//! Whether a request is what a rune allows. The words are Core Lightning's.

use super::rune::{Alternative, Condition, Rune};
use crate::params::Token;
use bitcoin::secp256k1::PublicKey;
use std::borrow::Cow;
use std::time::Duration;

/// A request that somebody wants to make with a rune.
pub struct Request<'a> {
    /// The node that asks, if it is one.
    pub nodeid: Option<PublicKey>,
    /// The command.
    pub method: Option<&'a str>,
    /// Each parameter under the names by which a rune may speak of it.
    params: Vec<(String, Token<'a>)>,
    /// How many parameters there are.
    count: usize,
}

impl<'a> Request<'a> {
    /// A request with parameters by position or by name.
    pub fn new(nodeid: Option<PublicKey>, method: Option<&'a str>, params: Option<Token<'a>>) -> Request<'a> {
        let mut request = Request {
            nodeid,
            method,
            params: Vec::new(),
            count: 0,
        };
        let (elements, members) = (params.and_then(Token::elements), params.and_then(Token::members));
        for (at, token) in elements.into_iter().flatten().enumerate() {
            request.params.push((format!("parr{at}"), token));
            request.count += 1;
        }
        for (name, token) in members.into_iter().flatten() {
            request.count += 1;
            // Runes cannot spell punctuation, and older ones not even an underscore.
            let kept =
                |underscore: bool| move |c: &char| !c.is_ascii_punctuation() || (underscore && *c == '_');
            let spelt: String = name.chars().filter(kept(true)).collect();
            let older: String = name.chars().filter(kept(false)).collect();
            if older != spelt {
                request.params.push((format!("pname{older}"), token));
            }
            request.params.push((format!("pname{spelt}"), token));
        }
        request
    }

    fn named(&self, field: &str) -> impl Iterator<Item = Token<'a>> {
        let named = self.params.iter().filter(move |(name, _)| name == field);
        named.map(|(_, token)| *token)
    }
}

/// When a rune is used, and when one of its id was before.
#[derive(Clone, Copy)]
pub struct Times {
    /// Now, since 1970.
    pub now: Duration,
    /// The last time; `None` when there was none.
    pub last_used: Option<Duration>,
}

/// Looks at all restrictions, and stops at the first that the request does not satisfy.
pub fn test(rune: &Rune, request: &Request<'_>, times: Times) -> Result<(), String> {
    for restriction in rune.restrictions() {
        let mut refusals = Vec::new();
        for alternative in &restriction.0 {
            match alternative_holds(alternative, request, times) {
                Ok(()) => {
                    refusals.clear();
                    break;
                }
                Err(refusal) => refusals.push(refusal),
            }
        }
        if !refusals.is_empty() {
            return Err(refusals.join(" AND "));
        }
    }
    Ok(())
}

/// Whether how often it is used matters to a rune.
pub fn is_limited(rune: &Rune) -> bool {
    let mut alternatives = rune.restrictions().iter().flat_map(|restriction| &restriction.0);
    alternatives.any(|alternative| matches!(&*alternative.field, "rate" | "per"))
}

fn alternative_holds(alternative: &Alternative, request: &Request<'_>, times: Times) -> Result<(), String> {
    let compare = |value| compare(alternative, &value);
    match &*alternative.field {
        "time" => compare(Value::number(times.now.as_secs())),
        "id" => compare(
            request
                .nodeid
                .map_or(Value::Missing, |id| Value::Text(id.to_string().into())),
        ),
        "method" => compare(
            request
                .method
                .map_or(Value::Missing, |method| Value::Text(method.into())),
        ),
        "pnum" => compare(Value::number(request.count as u64)),
        "rate" => enough_time(rate(alternative)?, times),
        "per" => enough_time(per(alternative)?, times),
        field => match field.strip_prefix("pinv") {
            Some(part) => of_invoice(part, request).and_then(compare),
            None => {
                let mut values = request.named(field).map(Value::of).peekable();
                if values.peek().is_none() {
                    return compare(Value::Missing);
                }
                // Who gives one name twice must not choose which of the two is looked at.
                values.try_for_each(compare)
            }
        },
    }
}

/// What a field of a request is.
enum Value<'a> {
    Missing,
    Text(Cow<'a, str>),
    Number(i64),
}

impl<'a> Value<'a> {
    fn number(number: u64) -> Value<'a> {
        Value::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// A whole number is one, a string its text, and anything else how it is written.
    fn of(token: Token<'a>) -> Value<'a> {
        match token.raw().parse() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::Text(token.string().unwrap_or(Cow::Borrowed(token.raw()))),
        }
    }
}

fn compare(alternative: &Alternative, actual: &Value<'_>) -> Result<(), String> {
    let Alternative {
        field,
        condition,
        value,
    } = alternative;
    let text: Cow<'_, str> = match (condition, actual) {
        (Condition::Comment, _) | (Condition::Missing, Value::Missing) => return Ok(()),
        (Condition::Missing, _) => return Err(format!("{field} is present")),
        (_, Value::Missing) => return Err(format!("{field} not present")),
        (_, Value::Text(text)) => Cow::Borrowed(text),
        (_, Value::Number(number)) => number.to_string().into(),
    };
    let number = || match actual {
        Value::Number(number) => match value.trim_start().parse::<i64>() {
            Ok(other) => Ok((*number, other)),
            Err(_) => Err(format!("{value} is not a valid integer")),
        },
        Value::Missing | Value::Text(_) => Err(format!("{field} is not an integer field")),
    };
    let (holds, complaint) = match condition {
        Condition::Missing | Condition::Comment => (true, ""),
        Condition::Equal => (text == *value, "is not equal to"),
        Condition::NotEqual => (text != *value, "is equal to"),
        Condition::Begins => (text.starts_with(value.as_str()), "does not start with"),
        Condition::Ends => (text.ends_with(value.as_str()), "does not end with"),
        Condition::Contains => (text.contains(value.as_str()), "does not contain"),
        Condition::Less => {
            let (actual, other) = number()?;
            (actual < other, "is greater or equal to")
        }
        Condition::Greater => {
            let (actual, other) = number()?;
            (actual > other, "is less or equal to")
        }
        Condition::Before => (*text < **value, "is equal to or ordered after"),
        Condition::After => (*text > **value, "is equal to or ordered before"),
    };
    match holds {
        true => Ok(()),
        false => Err(format!("{field} {complaint} {value}")),
    }
}

/// `rate=60`: so often a minute, evenly spread.
fn rate(alternative: &Alternative) -> Result<Duration, String> {
    if alternative.condition != Condition::Equal {
        return Err("rate operator must be =".to_owned());
    }
    match count(&alternative.value) {
        Some((rate, "")) => Ok(Duration::from_nanos(60_000_000_000 / rate)),
        _ => Err("malformed rate".to_owned()),
    }
}

/// `per=5min`: once in that time.
fn per(alternative: &Alternative) -> Result<Duration, String> {
    if alternative.condition != Condition::Equal {
        return Err("per operator must be =".to_owned());
    }
    let (count, suffix) = count(&alternative.value).ok_or("malformed per")?;
    let nanoseconds: u64 = match suffix {
        "" | "sec" => 1_000_000_000,
        "nsec" => 1,
        "usec" => 1_000,
        "msec" => 1_000_000,
        "min" => 60_000_000_000,
        "hour" => 3_600_000_000_000,
        "day" => 86_400_000_000_000,
        _ => return Err("malformed suffix".to_owned()),
    };
    let product = count.checked_mul(nanoseconds).ok_or("per overflow")?;
    Ok(Duration::from_nanos(product))
}

/// A number from 1 on, and what follows it.
fn count(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..end].parse().ok()?;
    (1..u64::from(u32::MAX))
        .contains(&number)
        .then_some((number, &text[end..]))
}

fn enough_time(wanted: Duration, times: Times) -> Result<(), String> {
    match times.last_used {
        Some(last) if times.now.saturating_sub(last) < wanted => Err("too soon".to_owned()),
        _ => Ok(()),
    }
}

/// `pinvX_amount`: what the invoice in the parameter X says. Whatever is no invoice satisfies nothing.
fn of_invoice<'a>(part: &str, request: &Request<'_>) -> Result<Value<'a>, String> {
    let bad = || format!("pinv{part}: no such field of an invoice");
    let (param, field) = part.rsplit_once('_').ok_or_else(bad)?;
    let members = match field {
        "amount" => ["amount_msat", "invoice_amount_msat"],
        "description" => ["description", "offer_description"],
        "node" => ["payee", "invoice_node_id"],
        _ => return Err(bad()),
    };
    let name = format!("pname{param}");
    let mut tokens = request.named(&name);
    let (Some(token), None) = (tokens.next(), tokens.next()) else {
        return Err(format!("pinv{part}: {param} not present"));
    };
    let text = token.string().unwrap_or_default();
    let decoded = boltill_till::decode(&text)
        .ok()
        .and_then(|decoded| serde_json::to_value(decoded).ok());
    let decoded =
        decoded.filter(|decoded| !decoded["payee"].is_null() || !decoded["invoice_node_id"].is_null());
    let decoded = decoded.ok_or_else(|| format!("pinv{part}: {param} is no invoice"))?;
    let found = members.iter().find_map(|member| decoded.get(member));
    Ok(match found {
        Some(serde_json::Value::String(text)) => Value::Text(text.clone().into()),
        Some(value) => value.as_u64().map_or(Value::Missing, Value::number),
        None => Value::Missing,
    })
}
