//! The errors of offers and invoice_requests, and of what is fetched and collected by them.

use super::{Data, data};
use crate::error::{Code, Failure};
use crate::hex::Hex;
use boltill_ledger::CreateOfferError as OfferFilingError;
use boltill_till::{
    CollectError, CreateInvoiceRequestError, CreateOfferError, CreateRequestError,
    DisableInvoiceRequestError, DisableOfferError, EnableOfferError, FetchError, NoWayIn, Refusal,
};
use serde::Serialize;

impl Failure for CreateRequestError {
    fn code(&self) -> Code {
        match self {
            CreateRequestError::NoAmount
            | CreateRequestError::LimitOfSingleUse(_)
            | CreateRequestError::NothingAllowed(_)
            | CreateRequestError::Expired
            | CreateRequestError::Unwritable(_) => Code::InvalidParams,
            CreateRequestError::Randomness(_) => Code::Unspecified,
            CreateRequestError::NotFiled(error) => match error {
                CreateInvoiceRequestError::NotActive(_) => Code::OfferAlreadyExists,
                CreateInvoiceRequestError::Ledger(error) => error.code(),
            },
        }
    }
}

impl Failure for DisableInvoiceRequestError {
    fn code(&self) -> Code {
        match self {
            DisableInvoiceRequestError::Unknown => Code::Unspecified,
            DisableInvoiceRequestError::NotActive(_) => Code::OfferAlreadyDisabled,
            DisableInvoiceRequestError::Ledger(error) => error.code(),
        }
    }
}

impl Failure for CreateOfferError {
    fn code(&self) -> Code {
        match self {
            CreateOfferError::DescriptionRequired | CreateOfferError::Rejected(_) => Code::InvalidParams,
            CreateOfferError::NotFiled(error) => match error {
                OfferFilingError::NotActive(_) => Code::OfferAlreadyExists,
                OfferFilingError::Ledger(error) => error.code(),
            },
        }
    }
}

impl Failure for DisableOfferError {
    fn code(&self) -> Code {
        match self {
            DisableOfferError::Unknown => Code::Unspecified,
            DisableOfferError::NotActive(_) => Code::OfferAlreadyDisabled,
            DisableOfferError::Ledger(error) => error.code(),
        }
    }
}

impl Failure for EnableOfferError {
    fn code(&self) -> Code {
        match self {
            EnableOfferError::Unknown => Code::Unspecified,
            EnableOfferError::AlreadyActive(_) => Code::OfferAlreadyEnabled,
            EnableOfferError::Ledger(error) => error.code(),
        }
    }
}

impl Failure for FetchError {
    fn code(&self) -> Code {
        match self {
            FetchError::Offer(_)
            | FetchError::AmountRequired
            | FetchError::AmountTooLow(_)
            | FetchError::Quantity(_)
            | FetchError::Unwritable(_) => Code::InvalidParams,
            FetchError::Expired => Code::OfferExpired,
            FetchError::Randomness(_) => Code::Unspecified,
            FetchError::NotSent(_) => Code::OfferRouteNotFound,
            FetchError::Refused(_) | FetchError::Invalid(_) => Code::OfferBadReply,
            FetchError::TimedOut => Code::OfferTimedOut,
        }
    }

    /// What whoever made the offer says.
    fn data(&self) -> Data {
        match self {
            FetchError::Refused(refusal) => told(refusal),
            _ => None,
        }
    }
}

impl Failure for CollectError {
    fn code(&self) -> Code {
        match self {
            CollectError::Request(_)
            | CollectError::NothingAsked
            | CollectError::QuantityNotAllowed
            | CollectError::OtherQuantity(_)
            | CollectError::NoWayIn(NoWayIn::AmountTooLarge(_)) => Code::InvalidParams,
            CollectError::Expired { .. } => Code::OfferExpired,
            CollectError::NoWayIn(_) | CollectError::NoInvoice(_) | CollectError::Deleted => {
                Code::Unspecified
            }
            CollectError::NotFiled(error) => error.code(),
            CollectError::NotSent(_) => Code::OfferRouteNotFound,
            CollectError::Refused(_) => Code::OfferBadReply,
            CollectError::TimedOut => Code::OfferTimedOut,
            CollectError::Stopped => Code::ShuttingDown,
            CollectError::Ledger(error) => error.code(),
        }
    }

    /// What the payer says, or the invoice that has the label.
    fn data(&self) -> Data {
        match self {
            CollectError::NotFiled(error) => error.data(),
            CollectError::Refused(refusal) => told(refusal),
            _ => None,
        }
    }
}

/// What another node says when it refuses.
fn told(refusal: &Refusal) -> Data {
    #[derive(Serialize)]
    struct Told<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        erroneous_field: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        suggested_value: Option<Hex<'a>>,
        error: &'a str,
    }
    #[derive(Serialize)]
    struct Unreadable<'a> {
        invoice_error_hex: Hex<'a>,
    }
    match refusal {
        Refusal::Told(error) => data(Told {
            erroneous_field: error.erroneous_field,
            suggested_value: error.suggested_value.as_deref().map(Hex),
            error: &error.error,
        }),
        Refusal::Unreadable(bytes) => data(Unreadable {
            invoice_error_hex: Hex(bytes),
        }),
    }
}
