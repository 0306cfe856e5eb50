//! The datastore's errors.

use crate::error::{Code, Failure};
use boltill_ledger::{DatastoreDeleteError, DatastoreWriteError};

impl Failure for DatastoreWriteError {
    fn code(&self) -> Code {
        match self {
            DatastoreWriteError::HasChildren => Code::DatastoreHasChildren,
            DatastoreWriteError::ParentExists(_) => Code::DatastoreNoChildren,
            DatastoreWriteError::Exists => Code::DatastoreAlreadyExists,
            DatastoreWriteError::DoesNotExist => Code::DatastoreNotFound,
            DatastoreWriteError::WrongGeneration => Code::DatastoreWrongGeneration,
            DatastoreWriteError::TooLong => Code::InvalidParams,
            DatastoreWriteError::Ledger(error) => error.code(),
        }
    }
}

impl Failure for DatastoreDeleteError {
    fn code(&self) -> Code {
        match self {
            DatastoreDeleteError::DoesNotExist => Code::DatastoreDelNotFound,
            DatastoreDeleteError::WrongGeneration => Code::DatastoreDelWrongGeneration,
            DatastoreDeleteError::Ledger(error) => error.code(),
        }
    }
}
