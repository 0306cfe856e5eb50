//! Which number each of the till's errors has towards clients, and what they get beside the words.
//!
//! Every variant is named, so that a new one does not compile before it has a number.

mod datastore;

use crate::commands::shared::invoice::InvoiceEntry;
use crate::commands::shared::route::FailureEntry;
use crate::error::{Code, Failure};
use crate::hex::Hex;
use boltill_ledger::{CreateInvoiceError as FilingError, CreateOfferError as OfferFilingError};
use boltill_node::RouteError;
use boltill_till::{
    BeginPartError, CollectError, CreateInvoiceError, CreateInvoiceRequestError, CreateOfferError,
    CreateRequestError, DecodeError, DeleteInvoiceError, DisableInvoiceRequestError, DisableOfferError,
    EnableOfferError, FetchError, FileInvoiceError, LedgerError, ListError, NoWayIn, PayError, PayFailure,
    Refusal, SendpayError, SignInvoiceError, WaitAnyInvoiceError, WaitInvoiceError, WaitSendpayError,
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

type Data = Option<Box<RawValue>>;

/// Writes what comes beside the words; what is written here always can be.
fn data(value: impl Serialize) -> Data {
    to_raw_value(&value).ok()
}

/// The disk or the database has failed, which is no fault of the client's.
impl Failure for LedgerError {
    fn code(&self) -> Code {
        Code::Unspecified
    }
}

impl Failure for FilingError {
    fn code(&self) -> Code {
        match self {
            FilingError::PreimageUsed(_) => Code::InvoicePreimageExists,
            FilingError::DuplicateLabel(_) => Code::InvoiceLabelExists,
            FilingError::Ledger(error) => error.code(),
        }
    }

    /// The invoice that has the label: what an earlier call made, when this one is a repetition.
    fn data(&self) -> Data {
        match self {
            FilingError::DuplicateLabel(invoice) => data(InvoiceEntry::of(invoice)),
            FilingError::PreimageUsed(_) | FilingError::Ledger(_) => None,
        }
    }
}

impl Failure for CreateInvoiceError {
    fn code(&self) -> Code {
        match self {
            CreateInvoiceError::DescriptionTooLong(_)
            | CreateInvoiceError::ExpiryTooLong(_)
            | CreateInvoiceError::AmountTooLarge(_) => Code::InvalidParams,
            CreateInvoiceError::FallbackInvalid
            | CreateInvoiceError::FallbackWrongNetwork(_)
            | CreateInvoiceError::Randomness(_)
            | CreateInvoiceError::Sign(_) => Code::Unspecified,
            CreateInvoiceError::NoSuitableHints(_) => Code::InvoiceHintsUnusable,
            CreateInvoiceError::NotFiled(error) => error.code(),
        }
    }

    fn data(&self) -> Data {
        match self {
            CreateInvoiceError::NotFiled(error) => error.data(),
            _ => None,
        }
    }
}

impl Failure for SignInvoiceError {
    fn code(&self) -> Code {
        match self {
            SignInvoiceError::Unparsable { .. } => Code::InvalidParams,
            SignInvoiceError::Sign(_) => Code::Unspecified,
        }
    }
}

impl Failure for FileInvoiceError {
    fn code(&self) -> Code {
        match self {
            FileInvoiceError::Sign(error) => error.code(),
            FileInvoiceError::IncorrectPreimage | FileInvoiceError::MissingDescription => Code::InvalidParams,
            FileInvoiceError::Create(error) => error.code(),
        }
    }

    fn data(&self) -> Data {
        match self {
            FileInvoiceError::Create(error) => error.data(),
            _ => None,
        }
    }
}

impl Failure for ListError {
    fn code(&self) -> Code {
        match self {
            ListError::InvalidInvstring => Code::InvalidParams,
            ListError::Ledger(error) => error.code(),
        }
    }
}

impl Failure for DeleteInvoiceError {
    fn code(&self) -> Code {
        match self {
            DeleteInvoiceError::UnknownInvoice => Code::InvoiceNotFound,
            DeleteInvoiceError::StatusMismatch { .. } => Code::InvoiceStatusUnexpected,
            DeleteInvoiceError::DescriptionRemoved => Code::InvoiceNoDescription,
            DeleteInvoiceError::Ledger(error) => error.code(),
        }
    }

    fn data(&self) -> Data {
        #[derive(Serialize)]
        struct Statuses {
            current_status: &'static str,
            expected_status: &'static str,
        }
        match self {
            DeleteInvoiceError::StatusMismatch { current, expected } => data(Statuses {
                current_status: current.as_str(),
                expected_status: expected.as_str(),
            }),
            _ => None,
        }
    }
}

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

impl Failure for WaitInvoiceError {
    fn code(&self) -> Code {
        match self {
            WaitInvoiceError::LabelNotFound | WaitInvoiceError::Deleted => Code::Unspecified,
            WaitInvoiceError::Expired(_) => Code::InvoiceExpired,
            WaitInvoiceError::Ledger(error) => error.code(),
        }
    }

    fn data(&self) -> Data {
        match self {
            WaitInvoiceError::Expired(invoice) => data(InvoiceEntry::of(invoice)),
            _ => None,
        }
    }
}

impl Failure for WaitAnyInvoiceError {
    fn code(&self) -> Code {
        match self {
            WaitAnyInvoiceError::TimedOut => Code::InvoiceWaitTimedOut,
            WaitAnyInvoiceError::Ledger(error) => error.code(),
        }
    }
}

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

impl Failure for DecodeError {
    fn code(&self) -> Code {
        match self {
            DecodeError::Unparsable | DecodeError::Bolt11(_) | DecodeError::Bolt12(_) => Code::InvalidParams,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::invoice::tests::unpaid;
    use crate::error::RpcError;
    use boltill_till::InvoiceStatus;
    use boltill_types::UnixSeconds;
    use serde_json::{Value, json};

    fn told(failure: impl Failure) -> Value {
        serde_json::to_value(RpcError::from(failure)).unwrap()
    }

    #[test]
    fn a_label_that_is_taken_comes_with_the_invoice_that_has_it() {
        let error = CreateInvoiceError::from(FilingError::DuplicateLabel(Box::new(unpaid())));
        let told = told(error);
        assert_eq!(
            (&told["code"], &told["message"]),
            (&json!(900), &json!("Duplicate label 'coffee'"))
        );
        assert_eq!(told["data"]["created_index"], 1);
    }

    #[test]
    fn an_invoice_that_expired_is_the_data_of_the_error() {
        let told = told(WaitInvoiceError::Expired(Box::new(unpaid())));
        assert_eq!(
            (&told["code"], &told["message"]),
            (&json!(903), &json!("invoice expired during wait"))
        );
        assert_eq!(told["data"]["label"], "coffee");
    }

    #[test]
    fn another_status_than_expected_is_told_with_both() {
        let error = DeleteInvoiceError::StatusMismatch {
            current: InvoiceStatus::Paid,
            expected: InvoiceStatus::Unpaid,
        };
        assert_eq!(
            told(error),
            json!({
                "code": 906,
                "message": "Invoice status is paid not unpaid",
                "data": {"current_status": "paid", "expected_status": "unpaid"},
            })
        );
    }

    #[test]
    fn an_expired_invoice_is_refused_with_both_times() {
        let error = PayError::Expired {
            ago: 5,
            expires_at: UnixSeconds(1_700_000_000),
        };
        assert_eq!(
            told(error),
            json!({
                "code": 207,
                "message": "Invoice expired 5 seconds ago",
                "data": {"now": 1_700_000_005, "expiry": 1_700_000_000},
            })
        );
    }

    #[test]
    fn a_payers_refusal_is_told_in_its_own_words() {
        let refused = |refusal| told(CollectError::Refused(refusal))["data"].take();
        let mut error = boltill_till::InvoiceError {
            erroneous_field: Some(170),
            suggested_value: Some(vec![1, 0]),
            error: "too much".to_owned(),
        };
        assert_eq!(
            refused(Refusal::Told(error.clone())),
            json!({"erroneous_field": 170, "suggested_value": "0100", "error": "too much"})
        );
        (error.erroneous_field, error.suggested_value) = (None, None);
        assert_eq!(refused(Refusal::Told(error)), json!({"error": "too much"}));
        assert_eq!(
            refused(Refusal::Unreadable(vec![2, 0])),
            json!({"invoice_error_hex": "0200"})
        );
        let taken = CollectError::NotFiled(FilingError::DuplicateLabel(Box::new(unpaid())));
        assert_eq!(told(taken)["data"]["label"], "coffee");
    }

    #[test]
    fn the_rest_has_core_lightnings_numbers_and_words() {
        let rest = [
            (
                told(FilingError::PreimageUsed(Box::new(unpaid()))),
                901,
                "preimage already used",
            ),
            (told(DeleteInvoiceError::UnknownInvoice), 905, "Unknown invoice"),
            (
                told(DeleteInvoiceError::DescriptionRemoved),
                908,
                "Invoice description already removed",
            ),
            (told(WaitInvoiceError::LabelNotFound), -1, "Label not found"),
            (told(WaitInvoiceError::Deleted), -1, "Invoice deleted during wait"),
            (
                told(WaitAnyInvoiceError::TimedOut),
                904,
                "Timed out while waiting for invoice to be paid",
            ),
            (
                told(CreateInvoiceError::DescriptionTooLong(700)),
                -32602,
                "Description greater than 639 bytes invalid (description length 700)",
            ),
            (
                told(CreateInvoiceError::FallbackInvalid),
                -1,
                "Fallback address not valid",
            ),
            (
                told(FileInvoiceError::IncorrectPreimage),
                -32602,
                "Incorrect preimage",
            ),
            (told(ListError::InvalidInvstring), -32602, "Invalid invstring"),
            (
                told(CollectError::Expired { ago: 3 }),
                1002,
                "Invoice request expired 3 seconds ago",
            ),
            (
                told(CollectError::TimedOut),
                1005,
                "Failed: timeout waiting for response",
            ),
        ];
        for (told, code, words) in rest {
            assert_eq!(told, json!({"code": code, "message": words}));
        }
    }

    #[test]
    fn a_failure_that_is_on_file_keeps_its_number() {
        for failure in [
            PayFailure::RefusedByPayee,
            PayFailure::NoRoute,
            PayFailure::InvoiceExpired,
            PayFailure::TimedOut,
            PayFailure::Other,
        ] {
            let message = "no".to_owned();
            let error = PayError::Failed { failure, message };
            assert_eq!(error.code().number(), failure.code());
        }
    }
}
