//! What a client is told when a command cannot be done: Core Lightning's numbers, and one place where they become JSON.
//!
//! The domain has typed errors of its own. Each says its number by implementing [`Failure`], and `?` does the rest.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Every error number that clients may meet; they are Core Lightning's, and clients match on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i32)]
pub enum Code {
    /// The request is not JSON.
    ParseError = -32700,
    /// A parameter is missing, unknown, given twice, or not of its form.
    InvalidParams = -32602,
    /// There is no command of that name.
    MethodNotFound = -32601,
    /// The JSON is no JSON-RPC request.
    InvalidRequest = -32600,
    /// The daemon is stopping, and what waited is given up.
    ShuttingDown = -5,
    /// Anything that has no number of its own.
    Unspecified = -1,

    /// A payment of this payment hash is under way.
    PayInProgress = 200,
    /// This payment hash was already paid, with another amount or to another destination.
    PayHashAlreadyUsed = 201,
    /// The failure that came back could not be read.
    PayUnparseableOnion = 202,
    /// The destination refused for good.
    PayDestinationFailed = 203,
    /// This route failed; another may do.
    PayTryOtherRoute = 204,
    /// There is no route.
    PayRouteNotFound = 205,
    /// Every route costs more, or takes longer, than allowed.
    PayRouteTooExpensive = 206,
    /// The invoice has expired.
    PayInvoiceExpired = 207,
    /// There is no such payment.
    PayNoSuchPayment = 208,
    /// The payment failed, and why is not known.
    PayUnspecifiedError = 209,
    /// The time for retrying is over.
    PayStoppedRetrying = 210,
    /// The payment is not in the state that the caller expects.
    PayStatusUnexpected = 211,
    /// The invoice_request that is to be paid is unknown, used or disabled.
    PayInvoiceRequestInvalid = 212,
    /// A policy refused to pay this invoice.
    PayInvoiceDeclined = 213,
    /// A policy refused this keysend.
    PayKeysendDeclined = 214,
    /// The invoice is already paid.
    PayAlreadyPaid = 219,

    /// The channel would be larger than is allowed.
    FundMaxExceeded = 300,
    /// The wallet has not enough coins.
    FundCannotAfford = 301,
    /// The output would be dust.
    FundOutputIsDust = 302,
    /// Bitcoin's network did not take the transaction.
    FundBroadcastFailed = 303,
    /// The chain is still being caught up with.
    FundStillSyncing = 304,
    /// The peer is not connected.
    FundPeerNotConnected = 305,
    /// The peer is not known.
    FundUnknownPeer = 306,
    /// There is no channel being opened that could be given up.
    FundNothingToCancel = 307,
    /// The funding transaction may already be out.
    FundCancelNotSafe = 308,
    /// There is no such channel.
    FundUnknownChannel = 311,
    /// The channel is not in a state that allows this.
    FundStateInvalid = 312,
    /// What must be kept back for emergencies would be spent.
    FundEmergencyReserve = 313,

    /// No address of the peer is known.
    ConnectNoKnownAddress = 400,
    /// Every address of the peer was tried.
    ConnectAllAddressesFailed = 401,
    /// The peer hung up while connecting.
    ConnectDisconnected = 402,

    /// There is an invoice of this label.
    InvoiceLabelExists = 900,
    /// There is an invoice of this preimage.
    InvoicePreimageExists = 901,
    /// None of the channels asked for can be a route hint.
    InvoiceHintsUnusable = 902,
    /// The invoice expired before it was paid.
    InvoiceExpired = 903,
    /// No invoice was paid in the time allowed.
    InvoiceWaitTimedOut = 904,
    /// There is no such invoice.
    InvoiceNotFound = 905,
    /// The invoice is not in the status that the caller expects.
    InvoiceStatusUnexpected = 906,
    /// The offer that the invoice belongs to is not active.
    InvoiceOfferInactive = 907,
    /// The invoice has no description to remove.
    InvoiceNoDescription = 908,

    /// The offer, or invoice_request, exists and is not active.
    OfferAlreadyExists = 1000,
    /// The offer, or invoice_request, is not active.
    OfferAlreadyDisabled = 1001,
    /// The offer, or invoice_request, has expired.
    OfferExpired = 1002,
    /// The other node cannot be reached.
    OfferRouteNotFound = 1003,
    /// The other node answered with an error.
    OfferBadReply = 1004,
    /// The other node did not answer, or did not pay, in time.
    OfferTimedOut = 1005,
    /// The offer is active already.
    OfferAlreadyEnabled = 1006,

    /// The key to delete does not exist.
    DatastoreDelNotFound = 1200,
    /// The key to delete is of another generation.
    DatastoreDelWrongGeneration = 1201,
    /// The key exists and must not.
    DatastoreAlreadyExists = 1202,
    /// The key does not exist and must.
    DatastoreNotFound = 1203,
    /// The key is of another generation.
    DatastoreWrongGeneration = 1204,
    /// The key has keys below it, so it cannot hold a value.
    DatastoreHasChildren = 1205,
    /// A key above this one holds a value, so nothing can be below it.
    DatastoreNoChildren = 1206,

    /// The key that signed is no known node's.
    CheckmessageUnknownKey = 1301,

    /// The rune is no rune of ours.
    RuneNotAuthorized = 1501,
    /// The rune does not allow this.
    RuneNotPermitted = 1502,
    /// The rune has been withdrawn.
    RuneBlacklisted = 1503,

    /// No successful payment of this invoice can be proven.
    ProofNotFound = 1700,

    /// The time to wait is over.
    WaitTimedOut = 2000,
}

impl Code {
    /// The number as it appears on the wire.
    pub fn number(self) -> i32 {
        self as i32
    }
}

/// An error of the domain that knows which number it has towards clients.
///
/// Its `Display` is the message. Match every variant by name, so that a new one does not compile before it has a number.
pub trait Failure: std::error::Error {
    /// The number clients match on.
    fn code(&self) -> Code;

    /// What clients get beside the message, as JSON.
    fn data(&self) -> Option<Box<RawValue>> {
        None
    }
}

/// Why a request is refused or has failed.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// Not JSON; the connection cannot be followed any further.
    #[error("Invalid token in json input: {0}")]
    Parse(Cow<'static, str>),
    /// JSON, but no request.
    #[error("{0}")]
    InvalidRequest(Cow<'static, str>),
    /// No command of that name.
    #[error("Unknown command '{0}'")]
    UnknownCommand(String),
    /// A command that only exists with `--developer`.
    #[error("Command '{0}' is developer-only")]
    DeveloperOnly(&'static str),

    /// A required parameter is absent.
    #[error("missing required parameter: {0}")]
    MissingParameter(&'static str),
    /// A parameter of a name that the command has not.
    #[error(
        "unknown parameter: {0}, this may be caused by a failure to autodetect key=value-style parameters. \
         Please try using the -k flag and explicit key=value pairs of parameters."
    )]
    UnknownParameter(String),
    /// More parameters by position than the command has.
    #[error("too many parameters: got {got}, expected {expected}")]
    TooManyParameters {
        /// How many there are.
        got: usize,
        /// How many the command has.
        expected: usize,
    },
    /// One parameter by two names, or twice by one.
    #[error("duplicate json names: {0}")]
    DuplicateParameter(Cow<'static, str>),
    /// A parameter that is not of its form.
    #[error("{name}: {should_be}: invalid token '{token}'")]
    BadParameter {
        /// The parameter.
        name: &'static str,
        /// What it should be.
        should_be: Cow<'static, str>,
        /// What it is, as the client wrote it (shortened when very long).
        token: String,
    },
    /// Parameters that do not go together, or whose value is out of its range.
    #[error("{0}")]
    InvalidParams(Cow<'static, str>),

    /// The daemon stops before the command is done.
    #[error("boltilld is shutting down")]
    ShuttingDown,
    /// The command was understood and could not be done.
    #[error("{message}")]
    Failed {
        /// The number clients match on.
        code: Code,
        /// The words for people.
        message: Cow<'static, str>,
        /// What programs get beside the words.
        data: Option<Box<RawValue>>,
    },
}

impl RpcError {
    /// A failure without data.
    pub fn failed(code: Code, message: impl Into<Cow<'static, str>>) -> RpcError {
        RpcError::Failed {
            code,
            message: message.into(),
            data: None,
        }
    }

    /// Parameters that are each of their form and yet cannot be accepted.
    pub fn invalid_params(message: impl Into<Cow<'static, str>>) -> RpcError {
        RpcError::InvalidParams(message.into())
    }

    /// The number clients match on.
    pub fn code(&self) -> Code {
        match self {
            RpcError::Parse(_) => Code::ParseError,
            RpcError::InvalidRequest(_) => Code::InvalidRequest,
            RpcError::UnknownCommand(_) | RpcError::DeveloperOnly(_) => Code::MethodNotFound,
            RpcError::MissingParameter(_)
            | RpcError::UnknownParameter(_)
            | RpcError::TooManyParameters { .. }
            | RpcError::DuplicateParameter(_)
            | RpcError::BadParameter { .. }
            | RpcError::InvalidParams(_) => Code::InvalidParams,
            RpcError::ShuttingDown => Code::ShuttingDown,
            RpcError::Failed { code, .. } => *code,
        }
    }

    /// What programs get beside the words.
    pub fn data(&self) -> Option<&RawValue> {
        match self {
            RpcError::Failed { data, .. } => data.as_deref(),
            _ => None,
        }
    }
}

impl<F: Failure> From<F> for RpcError {
    fn from(failure: F) -> RpcError {
        RpcError::Failed {
            code: failure.code(),
            message: failure.to_string().into(),
            data: failure.data(),
        }
    }
}

impl Failure for boltill_types::LabelError {
    fn code(&self) -> Code {
        Code::InvalidParams
    }
}

/// An answer that cannot be written as JSON is a fault of ours, never of the client.
impl Failure for serde_json::Error {
    fn code(&self) -> Code {
        Code::Unspecified
    }
}

/// The `error` member of an answer; this is the one place where errors become JSON.
impl Serialize for RpcError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let data = self.data();
        let mut error = serializer.serialize_map(Some(2 + usize::from(data.is_some())))?;
        error.serialize_entry("code", &self.code().number())?;
        error.serialize_entry("message", &self.to_string())?;
        if let Some(data) = data {
            error.serialize_entry("data", data)?;
        }
        error.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_code_message_and_data_where_there_is_any() {
        let plain = RpcError::MissingParameter("label");
        assert_eq!(
            serde_json::to_string(&plain).unwrap(),
            r#"{"code":-32602,"message":"missing required parameter: label"}"#
        );
        let failed = RpcError::Failed {
            code: Code::InvoiceStatusUnexpected,
            message: "Invoice status is paid not unpaid".into(),
            data: Some(RawValue::from_string(r#"{"current_status":"paid"}"#.into()).unwrap()),
        };
        assert_eq!(
            serde_json::to_string(&failed).unwrap(),
            r#"{"code":906,"message":"Invoice status is paid not unpaid","data":{"current_status":"paid"}}"#
        );
    }

    #[test]
    fn an_error_of_the_domain_brings_its_own_number_and_words() {
        let too_long = boltill_types::Label::new("x".repeat(129)).unwrap_err();
        let error = RpcError::from(too_long);
        assert_eq!(error.code(), Code::InvalidParams);
        assert!(error.to_string().ends_with("over 128 bytes"));
    }
}
