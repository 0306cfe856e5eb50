//! The errors of whoever is to be paid by invoice.

use super::{Data, data};
use crate::commands::shared::invoice::InvoiceEntry;
use crate::error::{Code, Failure};
use boltill_ledger::CreateInvoiceError as FilingError;
use boltill_till::{
    CreateInvoiceError, DeleteInvoiceError, FileInvoiceError, ListError, SignInvoiceError,
    WaitAnyInvoiceError, WaitInvoiceError,
};
use serde::Serialize;

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
