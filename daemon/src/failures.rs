//! Which number each of the till's errors has towards clients, and what they get beside the words.
//!
//! Every variant is named, so that a new one does not compile before it has a number.

mod datastore;
mod invoices;
mod offers;
mod payments;

use crate::error::{Code, Failure};
use boltill_till::{DecodeError, LedgerError};
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
    use boltill_ledger::CreateInvoiceError as FilingError;
    use boltill_till::{
        CollectError, CreateInvoiceError, DeleteInvoiceError, FileInvoiceError, InvoiceStatus, ListError,
        PayError, PayFailure, Refusal, WaitAnyInvoiceError, WaitInvoiceError,
    };
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
