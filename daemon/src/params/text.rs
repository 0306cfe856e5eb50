//! Words, labels and descriptions.

use super::{FromToken, Kind, Refusal, Token};
use crate::error::RpcError;
use boltill_types::{Label, LabelError};

/// Any word; a number or a boolean is taken as it is written, since the command line may have made one of it.
impl FromToken for String {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<String, Refusal> {
        Ok(token.word().ok_or("should be a string")?.into_owned())
    }
}

/// Text that must be a string and have no `\u` in it, as Core Lightning has it for what goes into an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscapedText(pub String);

impl FromToken for EscapedText {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<EscapedText, Refusal> {
        let text = token.string().filter(|_| !has_unicode_escape(token.raw()));
        Ok(EscapedText(
            text.ok_or(r"should be a string (without \u)")?.into_owned(),
        ))
    }
}

/// Whether a `u` follows a backslash that is not itself escaped.
fn has_unicode_escape(raw: &str) -> bool {
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'\\' && bytes.next() == Some(b'u') {
            return true;
        }
    }
    false
}

/// A label in its form alone: a string or a number. Its length is looked at behind the forms of all parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelText(String);

impl LabelText {
    /// The text, of whatever length.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The label, or `-32602 Label 'x' over 128 bytes`.
    pub fn into_label(self) -> Result<Label, RpcError> {
        Label::new(self.0).map_err(|error: LabelError| error.into())
    }
}

impl FromToken for LabelText {
    const KIND: Kind = Kind::Label;

    fn from_token(token: Token<'_>) -> Result<LabelText, Refusal> {
        let text = if token.is_number() {
            Some(token.raw().into())
        } else {
            token.string()
        };
        Ok(LabelText(
            text.ok_or("should be a string or number")?.into_owned(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::forms::tests::{parse, refusal};
    use super::*;

    #[test]
    fn a_label_is_a_string_or_a_number_and_25_is_25() {
        assert_eq!(parse::<LabelText>("25"), parse::<LabelText>("\"25\""));
        assert_ne!(parse::<LabelText>("\"01\""), parse::<LabelText>("1"));
        for wrong in ["true", "null", "[1]", "{}", r#""\ud800""#] {
            assert_eq!(
                refusal::<LabelText>(wrong),
                "should be a string or number",
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_description_is_a_string_without_unicode_escapes() {
        assert_eq!(
            parse::<EscapedText>(r#""a \"cup\" of \n caf\\u00e9 é""#).0,
            "a \"cup\" of \n caf\\u00e9 é"
        );
        for wrong in ["1", "null", r#""caf\u00e9""#, r#""\\\u00e9""#] {
            assert_eq!(
                refusal::<EscapedText>(wrong),
                r"should be a string (without \u)",
                "{wrong}"
            );
        }
    }
}
