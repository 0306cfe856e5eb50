//! The name a merchant gives an invoice.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An invoice's unique name: at most 128 bytes of UTF-8, never revealed to other nodes.
///
/// A number is taken as the text of its digits, so `25` and `"25"` are one label, and `"01"` and `"1"` are two.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(String);

/// The label is longer than [`Label::MAX_BYTES`]; the words are Core Lightning's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Label '{0}' over 128 bytes")]
pub struct LabelError(pub String);

impl Label {
    /// The longest label, in bytes.
    pub const MAX_BYTES: usize = 128;

    /// Takes a label, refusing one that is too long.
    pub fn new(text: impl Into<String>) -> Result<Label, LabelError> {
        let text = text.into();
        if text.len() > Label::MAX_BYTES {
            return Err(LabelError(text));
        }
        Ok(Label(text))
    }

    /// The label's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Label {
    type Error = LabelError;
    fn try_from(text: String) -> Result<Label, LabelError> {
        Label::new(text)
    }
}

impl From<Label> for String {
    fn from(label: Label) -> String {
        label.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_in_bytes_not_characters() {
        assert!(Label::new("é".repeat(64)).is_ok());
        assert!(Label::new("é".repeat(65)).is_err());
    }
}
