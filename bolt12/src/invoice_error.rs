//! The message that refuses an invoice or an invoice_request (BOLT 12, "Invoice Errors").

use crate::error::{DataError, MessageKind, ParseError, in_message};
use crate::field;
use crate::tlv::{TlvStream, TlvWriter};

const ERRONEOUS_FIELD: u64 = 1;
const SUGGESTED_VALUE: u64 = 3;
const ERROR: u64 = 5;

/// Why the other side refuses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvoiceError {
    /// The number of the field that is to blame.
    pub erroneous_field: Option<u64>,
    /// What that field should hold instead, in the form of that field.
    pub suggested_value: Option<Vec<u8>>,
    /// The reason, in words. They are a stranger's.
    pub error: String,
}

impl InvoiceError {
    /// A refusal in words alone.
    pub fn new(error: impl Into<String>) -> InvoiceError {
        InvoiceError {
            error: error.into(),
            ..InvoiceError::default()
        }
    }

    /// Reads the message. That the other side refuses is a fact whatever its words, so missing or broken text is no
    /// fault here.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<InvoiceError, ParseError> {
        let read = || {
            let tlvs = TlvStream::parse(bytes)?;
            tlvs.refuse_unknown_even(&[])?;
            let error = tlvs.get(ERROR).unwrap_or_default();
            Ok::<_, DataError>(InvoiceError {
                erroneous_field: tlvs.field(ERRONEOUS_FIELD, field::tu64)?,
                suggested_value: tlvs.field(SUGGESTED_VALUE, field::bytes)?,
                error: String::from_utf8_lossy(error).into_owned(),
            })
        };
        read().map_err(in_message(MessageKind::InvoiceError))
    }

    /// The message's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = TlvWriter::default();
        writer.set_some(ERRONEOUS_FIELD, self.erroneous_field.map(field::truncated));
        writer.set_some(SUGGESTED_VALUE, self.suggested_value.clone());
        writer.set(ERROR, self.error.as_bytes());
        writer.finish().as_bytes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invoice_error_is_read_as_it_was_written() {
        for error in [
            InvoiceError::new("no longer available"),
            InvoiceError {
                erroneous_field: Some(170),
                suggested_value: Some(vec![1, 0]),
                error: "too much".into(),
            },
        ] {
            assert_eq!(InvoiceError::from_bytes(error.to_bytes()), Ok(error));
        }
    }

    #[test]
    fn a_refusal_without_readable_words_is_still_a_refusal() {
        assert_eq!(InvoiceError::from_bytes(vec![]), Ok(InvoiceError::default()));
        let broken = InvoiceError::from_bytes(vec![5, 2, b'a', 0xff]).unwrap();
        assert_eq!(broken.error, "a\u{fffd}");
        assert!(InvoiceError::from_bytes(vec![2, 0]).is_err());
    }
}
