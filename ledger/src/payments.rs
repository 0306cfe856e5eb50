//! Payments that we make.

mod clean;
mod given;
mod own;
mod read;
mod row;
mod write;

pub(crate) use clean::clean;
pub use given::{BeginPartError, NewPart, WayFailure, look_for_part};
pub use own::{PayOwnInvoiceError, PayOwnPayoutError};
pub(crate) use read::by_hash;
pub(crate) use row::{status as status_of_column, status_column};
pub(crate) use write::begin;
pub use write::{BeginPaymentError, DeletePaymentError, FinishPaymentError, Repeat};

#[cfg(test)]
pub(crate) use row::{given_sql, sql};

use crate::invoices::InvoiceText;
use bitcoin::secp256k1::PublicKey;
use boltill_types::{CreatedIndex, Msat, PaymentHash, PaymentPreimage, UnixSeconds, UpdatedIndex};
use std::fmt;

/// The id by which LDK knows an attempt to pay (`lightning::ln::channelmanager::PaymentId`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PaymentId(pub [u8; 32]);

/// An attempt to pay that is about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPayment {
    /// LDK's id of the attempt. It may be that of an earlier attempt which is over.
    pub payment_id: PaymentId,
    /// What is paid.
    pub payment_hash: PaymentHash,
    /// Which part of a payment in several parts that are sent one by one; 0 when the attempt is the whole payment.
    pub partid: u64,
    /// The payee, if known.
    pub destination: Option<PublicKey>,
    /// What the payee is to get.
    pub amount: Msat,
    /// When the attempt was begun.
    pub created_at: UnixSeconds,
    /// Our own name for it.
    pub label: Option<String>,
    /// The invoice that is paid, if there is one.
    pub text: Option<InvoiceText>,
    /// What the payment is for.
    pub description: Option<String>,
}

/// An attempt to pay, on file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The order in which it was begun.
    pub created_index: CreatedIndex,
    /// The order of its latest change; `None` while it never changed.
    pub updated_index: Option<UpdatedIndex>,
    /// LDK's id of the attempt.
    pub payment_id: PaymentId,
    /// What is paid.
    pub payment_hash: PaymentHash,
    /// Counts the attempts at one payment hash from 1.
    pub groupid: u64,
    /// Which part of a payment in several parts that are sent one by one; 0 when the attempt is the whole payment.
    pub partid: u64,
    /// The payee, if known.
    pub destination: Option<PublicKey>,
    /// What the payee is to get.
    pub amount: Msat,
    /// What left us, fees included; `None` until that is known.
    pub amount_sent: Option<Msat>,
    /// When the attempt was begun.
    pub created_at: UnixSeconds,
    /// Our own name for it.
    pub label: Option<String>,
    /// The invoice that is paid, if there is one.
    pub text: Option<InvoiceText>,
    /// What the payment is for.
    pub description: Option<String>,
    /// What came of it.
    pub state: PaymentState,
}

/// What came of an attempt to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentState {
    /// Nothing yet: it may be on its way.
    Pending,
    /// The payee has the money.
    Complete {
        /// The proof of payment.
        preimage: PaymentPreimage,
        /// When the proof came.
        completed_at: UnixSeconds,
    },
    /// It has come back, or never left.
    Failed {
        /// Why, as a JSON-RPC error code of Core Lightning's `pay`.
        code: i32,
        /// Why, in words.
        message: String,
        /// When it had failed for good.
        completed_at: UnixSeconds,
    },
}

impl PaymentState {
    /// The state without its details.
    pub fn status(&self) -> PaymentStatus {
        match self {
            PaymentState::Pending => PaymentStatus::Pending,
            PaymentState::Complete { .. } => PaymentStatus::Complete,
            PaymentState::Failed { .. } => PaymentStatus::Failed,
        }
    }
}

/// A payment's status, as `listsendpays` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaymentStatus {
    /// It may be on its way.
    Pending,
    /// The payee has the money.
    Complete,
    /// It has come back, or never left.
    Failed,
}

impl PaymentStatus {
    /// The name in `listsendpays`.
    pub fn as_str(self) -> &'static str {
        match self {
            PaymentStatus::Pending => "pending",
            PaymentStatus::Complete => "complete",
            PaymentStatus::Failed => "failed",
        }
    }
}

impl fmt::Display for PaymentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
