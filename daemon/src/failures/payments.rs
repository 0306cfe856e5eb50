//! The errors of whoever pays.

use super::{Data, data};
use crate::commands::shared::route::FailureEntry;
use crate::error::{Code, Failure};
use boltill_node::RouteError;
use boltill_till::{BeginPartError, PayError, PayFailure, SendpayError, WaitSendpayError};
use serde::Serialize;

impl Failure for PayError {
    fn code(&self) -> Code {
        match self {
            PayError::NotFetched(error) => error.code(),
            PayError::PayerNoteUnnecessary
            | PayError::InvalidBolt11(_)
            | PayError::InvalidBolt12(_)
            | PayError::WrongNetwork { .. }
            | PayError::DescriptionRequired
            | PayError::DescriptionMismatch
            | PayError::AmountRequired
            | PayError::AmountUnnecessary
            | PayError::Bolt12AmountUnnecessary
            | PayError::PartialTooLarge(_)
            | PayError::PartialUnsupported
            | PayError::InvalidTlvs
            | PayError::KeysendToSelf => Code::InvalidParams,
            PayError::Expired { .. } => Code::PayInvoiceExpired,
            PayError::InProgress(_) => Code::PayInProgress,
            PayError::PaidDifferently(_) => Code::PayHashAlreadyUsed,
            PayError::AlreadyPaid(_) => Code::PayAlreadyPaid,
            PayError::Failed { failure, .. } => match failure {
                PayFailure::RefusedByPayee => Code::PayDestinationFailed,
                PayFailure::NoRoute => Code::PayRouteNotFound,
                PayFailure::InvoiceExpired => Code::PayInvoiceExpired,
                PayFailure::TimedOut => Code::PayStoppedRetrying,
                PayFailure::Other => Code::PayUnspecifiedError,
            },
            PayError::Randomness(_) => Code::Unspecified,
            PayError::Stopped => Code::ShuttingDown,
            PayError::Ledger(error) => error.code(),
        }
    }

    fn data(&self) -> Data {
        #[derive(Serialize)]
        struct Times {
            now: u64,
            expiry: u64,
        }
        match self {
            PayError::NotFetched(error) => error.data(),
            PayError::Expired { ago, expires_at } => data(Times {
                now: expires_at.saturating_add(*ago).0,
                expiry: expires_at.0,
            }),
            _ => None,
        }
    }
}

impl Failure for SendpayError {
    fn code(&self) -> Code {
        match self {
            SendpayError::PartWithoutAmount
            | SendpayError::OwnWithoutAmount
            | SendpayError::OwnWithPart
            | SendpayError::AmountNotThatOfTheWay { .. }
            | SendpayError::PartTooLarge { .. }
            | SendpayError::PartWithoutSecret
            | SendpayError::PartUnsupported { .. }
            | SendpayError::Way(_) => Code::InvalidParams,
            SendpayError::Begin(error) => match error {
                BeginPartError::OtherGroup(_)
                | BeginPartError::Mixed { .. }
                | BeginPartError::Enough { .. }
                | BeginPartError::IdInUse => Code::PayInProgress,
                BeginPartError::PaidOtherAmount { .. }
                | BeginPartError::PaidOtherNode(_)
                | BeginPartError::PendingOtherAmount { .. }
                | BeginPartError::PendingOtherNode(_)
                | BeginPartError::Used { .. }
                | BeginPartError::OtherPartsPaid => Code::PayHashAlreadyUsed,
                BeginPartError::Ledger(error) => error.code(),
            },
            SendpayError::Refused { by_payee: true, .. } => Code::PayDestinationFailed,
            SendpayError::Refused { .. } => Code::PayTryOtherRoute,
            SendpayError::NotSent(_) | SendpayError::Randomness(_) => Code::Unspecified,
            SendpayError::Stopped => Code::ShuttingDown,
            SendpayError::Ledger(error) => error.code(),
        }
    }

    fn data(&self) -> Data {
        match self {
            SendpayError::Refused { failure, .. } => data(FailureEntry::of(None, Some(failure))),
            _ => None,
        }
    }
}

impl Failure for WaitSendpayError {
    fn code(&self) -> Code {
        match self {
            WaitSendpayError::Unknown { .. } => Code::PayNoSuchPayment,
            WaitSendpayError::TimedOut => Code::PayInProgress,
            WaitSendpayError::Failed { code, .. } => kept_code(*code),
            WaitSendpayError::Ledger(error) => error.code(),
        }
    }

    /// The payment, and what broke on its way.
    fn data(&self) -> Data {
        match self {
            WaitSendpayError::Failed { payment, failure, .. } => {
                data(FailureEntry::of(Some(payment), failure.as_ref()))
            }
            _ => None,
        }
    }
}

/// The kind of a failure that is on file.
fn kept_code(number: i32) -> Code {
    let kinds = [
        Code::PayDestinationFailed,
        Code::PayTryOtherRoute,
        Code::PayRouteNotFound,
        Code::PayInvoiceExpired,
        Code::PayStoppedRetrying,
    ];
    let kept = kinds.into_iter().find(|kind| kind.number() == number);
    kept.unwrap_or(Code::PayUnspecifiedError)
}

impl Failure for RouteError {
    fn code(&self) -> Code {
        match self {
            RouteError::UnknownSource(_) | RouteError::UnknownDestination(_) => Code::InvalidParams,
            RouteError::NotFound => Code::PayRouteNotFound,
            RouteError::TooExpensive => Code::PayRouteTooExpensive,
        }
    }
}
