//! What can be wrong with the form of a message.

use crate::bech32::Bech32Error;
use crate::bigsize::BigSizeError;
use crate::field::FieldFault;
use crate::types;
use std::fmt;

/// The messages of BOLT 12, by the words Core Lightning has for them in errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// An offer, `lno`.
    Offer,
    /// An invoice_request, `lnr`.
    InvoiceRequest,
    /// An invoice, `lni`.
    Invoice,
    /// An invoice_error, which has no text form.
    InvoiceError,
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MessageKind::Offer => "offer",
            MessageKind::InvoiceRequest => "invreq",
            MessageKind::Invoice => "invoice",
            MessageKind::InvoiceError => "invoice_error",
        })
    }
}

/// Why a text or bytes are not a well-formed message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The text is not a BOLT 12 string with the expected prefix.
    #[error(transparent)]
    Text(#[from] Bech32Error),
    /// The bytes are not the message.
    #[error("invalid {message} data: {source}")]
    Data {
        /// What the bytes should have been.
        message: MessageKind,
        /// What is wrong with them.
        source: DataError,
    },
}

/// Why bytes are not the TLV stream they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// The stream is longer than [`crate::MAX_STREAM_BYTES`].
    #[error("longer than {} bytes", crate::MAX_STREAM_BYTES)]
    TooLong,
    /// A type or a length is not a BigSize.
    #[error(transparent)]
    BigSize(#[from] BigSizeError),
    /// A record's length exceeds what is left of the stream.
    #[error("{} ends too early", FieldName(*.0))]
    Truncated(u64),
    /// A record's type does not exceed the one before it.
    #[error("{} is out of order", FieldName(*.0))]
    OutOfOrder(u64),
    /// The record must be understood and is not.
    #[error("{} is unknown and even", FieldName(*.0))]
    UnknownEven(u64),
    /// A record's value does not have the form of its type.
    #[error("{} {fault}", FieldName(*.number))]
    Field {
        /// The record's type.
        number: u64,
        /// What is wrong with its value.
        fault: FieldFault,
    },
}

/// A field as people know it: by BOLT 12's name, or by its number.
struct FieldName(u64);

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match types::name(self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "field {}", self.0),
        }
    }
}

/// Says of which message the bytes were wrong.
pub(crate) fn in_message(message: MessageKind) -> impl Fn(DataError) -> ParseError {
    move |source| ParseError::Data { message, source }
}
