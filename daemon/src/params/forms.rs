//! Numbers, booleans, arrays, and any JSON.

use super::{FromToken, Kind, Refusal, Token};
use serde_json::value::RawValue;

/// A number may come in quotes, as it may from the command line.
macro_rules! whole_number {
    ($type:ty, $kind:expr, $words:literal) => {
        impl FromToken for $type {
            const KIND: Kind = $kind;

            fn from_token(token: Token<'_>) -> Result<$type, Refusal> {
                let word = token.word().filter(|word| !word.starts_with('+'));
                Ok(word.and_then(|word| word.parse().ok()).ok_or($words)?)
            }
        }
    };
}

whole_number!(u16, Kind::U16, "should be an unsigned 16 bit integer");
whole_number!(u32, Kind::U32, "should be an unsigned 32 bit integer");
whole_number!(u64, Kind::U64, "should be an unsigned 64 bit integer");
whole_number!(i64, Kind::Integer, "should be a signed 64 bit integer");

impl FromToken for f64 {
    const KIND: Kind = Kind::Number;

    fn from_token(token: Token<'_>) -> Result<f64, Refusal> {
        let number = token.word().and_then(|word| word.parse::<f64>().ok());
        let number = number.filter(|number| number.is_finite() && !number.is_sign_negative());
        Ok(number.ok_or("should be a non-negative floating-point number")?)
    }
}

impl FromToken for bool {
    const KIND: Kind = Kind::Bool;

    fn from_token(token: Token<'_>) -> Result<bool, Refusal> {
        match token.word().as_deref() {
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            _ => Err("should be 'true' or 'false'".into()),
        }
    }
}

/// Every element has the same form; one that has not refuses the whole.
impl<T: FromToken> FromToken for Vec<T> {
    const KIND: Kind = Kind::Array(&T::KIND);

    fn from_token(token: Token<'_>) -> Result<Vec<T>, Refusal> {
        let elements = token.elements().ok_or("should be an array")?;
        elements.into_iter().map(T::from_token).collect()
    }
}

/// Several values, where a single one may come without an array around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T: FromToken> FromToken for OneOrMany<T> {
    const KIND: Kind = Kind::OneOrMany(&T::KIND);

    fn from_token(token: Token<'_>) -> Result<OneOrMany<T>, Refusal> {
        match token.elements() {
            Some(elements) => elements
                .into_iter()
                .map(T::from_token)
                .collect::<Result<_, _>>()
                .map(OneOrMany),
            None => T::from_token(token).map(|one| OneOrMany(vec![one])),
        }
    }
}

/// Any JSON, for the command to look into.
impl FromToken for Box<RawValue> {
    const KIND: Kind = Kind::Any;

    fn from_token(token: Token<'_>) -> Result<Box<RawValue>, Refusal> {
        Ok(RawValue::from_string(token.raw().to_owned()).map_err(|_| "should be JSON")?)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn parse<T: FromToken>(json: &str) -> T {
        match T::from_token(Token::parse(json).unwrap()) {
            Ok(value) => value,
            Err(refusal) => panic!("{json}: {refusal:?}"),
        }
    }

    pub fn refusal<T: FromToken>(json: &str) -> String {
        match T::from_token(Token::parse(json).unwrap()) {
            Ok(_) => panic!("{json} was accepted"),
            Err(Refusal::ShouldBe(words)) => words.into_owned(),
            Err(Refusal::Message(words)) => words,
        }
    }

    #[test]
    fn numbers_may_come_in_quotes_and_stay_in_their_range() {
        assert_eq!(parse::<u16>("65535"), 65_535);
        assert_eq!(parse::<u32>("\"7\""), 7);
        assert_eq!(parse::<u64>("18446744073709551615"), u64::MAX);
        assert_eq!(parse::<i64>("-3"), -3);
        for wrong in [
            "65536", "-1", "1.0", "1e3", "\"+1\"", "\"\"", "\" 1\"", "true", "null", "[1]", "{}",
        ] {
            assert_eq!(
                refusal::<u16>(wrong),
                "should be an unsigned 16 bit integer",
                "{wrong}"
            );
        }
    }

    #[test]
    fn booleans_may_come_in_quotes() {
        assert!(parse::<bool>("true") && parse::<bool>("\"true\"") && !parse::<bool>("\"false\""));
        for wrong in ["1", "\"yes\"", "null", "\"True\""] {
            assert_eq!(refusal::<bool>(wrong), "should be 'true' or 'false'", "{wrong}");
        }
    }

    #[test]
    fn fractions_are_never_negative_or_endless() {
        assert_eq!(parse::<f64>("0.5"), 0.5);
        for wrong in ["-0.5", "\"inf\"", "\"nan\"", "1e999", "{}"] {
            refusal::<f64>(wrong);
        }
    }

    #[test]
    fn several_values_share_one_form() {
        assert_eq!(parse::<Vec<u16>>("[1,\"2\"]"), [1, 2]);
        assert_eq!(refusal::<Vec<u16>>("1"), "should be an array");
        assert_eq!(
            refusal::<Vec<u16>>("[1,[]]"),
            "should be an unsigned 16 bit integer"
        );
        assert_eq!(
            parse::<OneOrMany<String>>("\"a\""),
            parse::<OneOrMany<String>>("[\"a\"]")
        );
    }
}
