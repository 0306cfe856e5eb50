//! The messages on the socket: JSON-RPC 2.0, each answer followed by an empty line.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::io;
use std::path::PathBuf;

/// Why a call gave no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody listens at the socket, or we may not open it.
    #[error("cannot reach the daemon at {}: {source}", socket.display())]
    Unreachable {
        /// The socket that was tried.
        socket: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The connection broke while it was in use.
    #[error("the connection to the daemon broke: {0}")]
    Io(#[from] io::Error),
    /// The daemon went away, or hung up, before it had answered.
    #[error("the daemon closed the connection before it answered")]
    Closed,
    /// What came back is not a JSON-RPC message.
    #[error("the daemon's answer is not JSON-RPC: {0}")]
    Malformed(serde_json::Error),
    /// The parameters cannot be written as JSON.
    #[error("the parameters cannot be written as JSON: {0}")]
    Params(serde_json::Error),
    /// The daemon answered with an error.
    #[error(transparent)]
    Rpc(Box<RpcError>),
}

impl CallError {
    /// The number of the error the daemon answered with, if it did answer.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Rpc(error) => Some(error.code),
            _ => None,
        }
    }
}

/// An error answer of the daemon.
#[derive(Clone, Debug, PartialEq, Deserialize, thiserror::Error)]
#[error("{message} (code {code})")]
pub struct RpcError {
    /// One of Core Lightning's numbers, or JSON-RPC's own below -32000.
    pub code: i64,
    /// What went wrong, for people.
    pub message: String,
    /// Details that some errors carry, such as the clashing invoice.
    pub data: Option<Value>,
}

/// One message from the daemon.
#[derive(Debug)]
pub enum Message {
    /// The answer to the request of this id.
    Answer {
        /// The id of the request, or null when the daemon could not read it.
        id: Value,
        /// What it answered.
        answer: Answer,
    },
    /// Something the daemon tells unasked, after `notifications` were enabled.
    Notification {
        /// What kind of thing happened.
        method: String,
        /// What is said about it.
        params: Value,
    },
}

/// The two kinds of answer, as the daemon wrote them.
#[derive(Debug)]
pub enum Answer {
    /// The command succeeded.
    Result(Box<RawValue>),
    /// The command failed; the JSON of an [`RpcError`].
    Error(Box<RawValue>),
}

impl Answer {
    /// The answer as a value, and an error answer as a typed error.
    pub fn into_value(self) -> Result<Value, CallError> {
        match self {
            Self::Result(raw) => serde_json::from_str(raw.get()).map_err(CallError::Malformed),
            Self::Error(raw) => match serde_json::from_str(raw.get()) {
                Ok(error) => Err(CallError::Rpc(error)),
                Err(error) => Err(CallError::Malformed(error)),
            },
        }
    }
}

/// A request as it goes over the socket.
#[derive(Serialize)]
pub(crate) struct Request<'a, P> {
    pub jsonrpc: &'static str,
    pub id: &'a str,
    pub method: &'a str,
    pub params: P,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<&'a RawValue>,
}

/// Every field that a message may have; which are there tells its kind.
#[derive(Deserialize)]
struct Envelope {
    id: Option<Value>,
    result: Option<Box<RawValue>>,
    error: Option<Box<RawValue>>,
    method: Option<String>,
    #[serde(default)]
    params: Value,
}

/// Reads one message.
pub(crate) fn parse(text: &[u8]) -> Result<Message, CallError> {
    let envelope: Envelope = serde_json::from_slice(text).map_err(CallError::Malformed)?;
    let id = envelope.id.unwrap_or_default();
    match (envelope.result, envelope.error, envelope.method) {
        (_, Some(error), _) => Ok(Message::Answer {
            id,
            answer: Answer::Error(error),
        }),
        (Some(result), None, _) => Ok(Message::Answer {
            id,
            answer: Answer::Result(result),
        }),
        (None, None, Some(method)) => Ok(Message::Notification {
            method,
            params: envelope.params,
        }),
        (None, None, None) => Err(CallError::Malformed(serde::de::Error::custom(
            "neither a result, an error nor a method",
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_keeps_the_digits_that_were_written() {
        let message = parse(br#"{"jsonrpc":"2.0","id":"a","result":{"perkw":1.500}}"#).unwrap();
        let Message::Answer {
            id,
            answer: Answer::Result(raw),
        } = message
        else {
            panic!("{message:?}")
        };
        assert_eq!(id, "a");
        assert_eq!(raw.get(), r#"{"perkw":1.500}"#);
    }

    #[test]
    fn an_error_answer_becomes_a_typed_error_with_its_data() {
        let text = br#"{"id":1,"error":{"code":900,"message":"Duplicate label","data":{"label":"x"}}}"#;
        let Message::Answer { answer, .. } = parse(text).unwrap() else {
            panic!("not an answer")
        };
        let error = answer.into_value().unwrap_err();
        assert_eq!(error.code(), Some(900));
        assert_eq!(error.to_string(), "Duplicate label (code 900)");
        let CallError::Rpc(error) = error else {
            panic!("{error:?}")
        };
        assert_eq!(error.data.unwrap()["label"], "x");
    }

    #[test]
    fn an_error_that_is_null_is_no_error() {
        let text = br#"{"id":1,"result":{},"error":null}"#;
        assert!(matches!(
            parse(text).unwrap(),
            Message::Answer {
                answer: Answer::Result(_),
                ..
            }
        ));
    }

    #[test]
    fn a_message_of_no_known_kind_is_malformed() {
        for text in [&b"[]"[..], b"{}", b"{\"id\":1}", b"hello"] {
            assert!(matches!(parse(text), Err(CallError::Malformed(_))));
        }
    }
}
