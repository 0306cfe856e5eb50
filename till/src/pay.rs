//! Paying: an invoice is checked, the payment filed, sent, and followed to its end.

mod finish;
mod flights;
mod given;
mod keysend;
mod list;
mod offer;
mod own;
mod pay_out;
mod payable;
mod reconcile;
mod send;
mod sendpay;
mod waitsendpay;

pub(crate) use flights::{Flights, Landing};
pub use given::{WayError, failure_name};
pub use keysend::KeysendRequest;
pub use list::{PaymentPages, PaymentQuery};
pub use sendpay::{SendpayError, SendpayRequest};
pub use waitsendpay::WaitSendpayError;

use crate::offers::FetchError;
use bitcoin::Network;
use bitcoin::secp256k1::PublicKey;
use boltill_ledger::{LedgerError, Payment, PaymentState};
use boltill_types::{Msat, PaymentPreimage, UnixSeconds};
use std::sync::Arc;
use std::time::Duration;

/// What `pay` and `xpay` ask for.
#[derive(Clone, Debug)]
pub struct PayRequest {
    /// The invoice, of BOLT 11 or BOLT 12, or an offer.
    pub invstring: String,
    /// What to pay, if and only if the invoice leaves it to the payer; for an offer it may be more than that says.
    pub amount: Option<Msat>,
    /// Words for whoever made an offer.
    pub payer_note: Option<String>,
    /// Our own name for the payment.
    pub label: Option<String>,
    /// What the payment is for, where the invoice has only the hash of it; it must have that hash.
    pub description: Option<String>,
    /// What forwarding may cost.
    pub fee_limit: FeeLimit,
    /// How long to try other ways, from the first.
    pub retry_for: Duration,
    /// How many blocks the money may be under way at most.
    pub max_delay: u32,
    /// What no way may lead through.
    pub exclude: Vec<Exclude>,
    /// What to pay of the amount, when somebody else pays the rest at the same time.
    pub partial: Option<Msat>,
}

impl PayRequest {
    /// How long `pay` and `xpay` try when nobody says otherwise.
    pub const DEFAULT_RETRY_FOR: Duration = Duration::from_secs(60);
    /// How many blocks the money may be under way when nobody says otherwise: two weeks.
    pub const DEFAULT_MAX_DELAY: u32 = 2_016;
}

/// What forwarding a payment may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeeLimit {
    /// So much.
    Absolute(Msat),
    /// So many millionths of the amount; or `exempt`, if that is more.
    Relative {
        /// Millionths of the amount.
        millionths: u64,
        /// What is allowed for any amount.
        exempt: Msat,
    },
}

impl FeeLimit {
    /// `pay` and `keysend`: half a percent, or 5 sat.
    pub const PAY: FeeLimit = FeeLimit::Relative {
        millionths: 5_000,
        exempt: Msat(5_000),
    };
    /// `xpay`: one percent, or 5 sat.
    pub const XPAY: FeeLimit = FeeLimit::Relative {
        millionths: 10_000,
        exempt: Msat(5_000),
    };

    /// The most that forwarding this amount may cost.
    pub fn of(self, amount: Msat) -> Msat {
        match self {
            FeeLimit::Absolute(limit) => limit,
            FeeLimit::Relative { millionths, exempt } => {
                let share = u128::from(amount.0) * u128::from(millionths) / 1_000_000;
                exempt.max(Msat(u64::try_from(share).unwrap_or(u64::MAX)))
            }
        }
    }
}

/// What a payment may not use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exclude {
    /// A channel, in both directions.
    Channel(u64),
    /// A node, by all its public channels.
    Node(PublicKey),
}

/// A payment that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// The payment, as it is on file.
    pub payment: Payment,
    /// The proof of payment.
    pub preimage: PaymentPreimage,
    /// What left us, fees included.
    pub amount_sent: Msat,
    /// How many parts failed on the way; 0 if the payment was made before this call.
    pub failed_parts: u64,
    /// How many parts are known to have arrived; at least 1.
    pub successful_parts: u64,
}

/// Why a payment was not made, with Core Lightning's codes. Checked in the order of the variants.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PayError {
    /// There are words for whoever made the offer, and no offer; code -32602.
    #[error("payer_note is for offers only")]
    PayerNoteUnnecessary,
    /// No invoice was fetched for the offer; the code is that of `fetchinvoice`.
    #[error(transparent)]
    NotFetched(#[from] Arc<FetchError>),
    /// The text is no BOLT 11 invoice, or one that must not be paid; code -32602.
    #[error("Invalid bolt11 invoice: {0}")]
    InvalidBolt11(String),
    /// The text is no BOLT 12 invoice, or one that must not be paid; code -32602.
    #[error("Invalid bolt12 invoice: {0}")]
    InvalidBolt12(String),
    /// The invoice is for another chain; code -32602.
    #[error("Invalid bolt11 invoice: Prefix {prefix} is not for {network}")]
    WrongNetwork {
        /// How the invoice begins, without `ln`.
        prefix: String,
        /// Our chain.
        network: Network,
    },
    /// The invoice has the hash of a description, and none was given; code -32602.
    #[error("bolt11 uses description_hash, but you did not provide description parameter")]
    DescriptionRequired,
    /// The description has not the hash that the invoice says; code -32602.
    #[error("Invalid bolt11 invoice: h: does not match description")]
    DescriptionMismatch,
    /// The invoice leaves the amount to us, and none was given; code -32602.
    #[error("amount_msat required")]
    AmountRequired,
    /// The invoice says the amount, and one was given; code -32602.
    #[error("amount_msat unnecessary")]
    AmountUnnecessary,
    /// A BOLT 12 invoice always says the amount, and one was given; code -32602.
    #[error("Cannot override amount for bolt12 invoices")]
    Bolt12AmountUnnecessary,
    /// The invoice has expired, so many seconds ago; code 207.
    #[error("Invoice expired {ago} seconds ago")]
    Expired {
        /// For how many seconds.
        ago: u64,
        /// When it expired.
        expires_at: UnixSeconds,
    },
    /// More is to be paid than the invoice says; code -32602.
    #[error("partial_msat must be less or equal to total amount {0}")]
    PartialTooLarge(Msat),
    /// LDK always pays the whole amount; code -32602.
    #[error("partial_msat below the total amount is not supported")]
    PartialUnsupported,
    /// What the payee is to be told beside the payment is not allowed; code -32602.
    #[error("extratlvs: types must be 65536 or more, and not those of the payment itself")]
    InvalidTlvs,
    /// A keysend to ourselves; code -32602.
    #[error("keysend cannot be used to send funds to yourself")]
    KeysendToSelf,
    /// Another payment of the invoice may be on its way; code 200.
    #[error("Payment is already in progress")]
    InProgress(Box<Payment>),
    /// The payment hash was paid before, with another amount or to another node; code 201.
    #[error("Already succeeded with a different amount or destination")]
    PaidDifferently(Box<Payment>),
    /// The invoice was paid before, by the enclosed payment; code 219.
    #[error("Already paid")]
    AlreadyPaid(Box<Payment>),
    /// It was tried, and has failed for good: the money is ours again.
    #[error("{message}")]
    Failed {
        /// The kind of failure.
        failure: PayFailure,
        /// The words for people.
        message: String,
    },
    /// The operating system gave no random numbers; code -1.
    #[error("no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    /// The program is being stopped; what came of the payment will be on file. Code -5.
    #[error("stopped while the payment was being made")]
    Stopped,
    /// The ledger failed. The payment may have been made all the same; it will be on file after a restart.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Why a payment failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PayFailure {
    /// The payee refused.
    RefusedByPayee,
    /// There is no way to the payee, or none within the limits.
    NoRoute,
    /// The invoice expired while we tried.
    InvoiceExpired,
    /// The time for trying was over.
    TimedOut,
    /// Anything else.
    Other,
}

impl PayFailure {
    /// Core Lightning's number, which is also how the ledger keeps it.
    pub fn code(self) -> i32 {
        match self {
            PayFailure::RefusedByPayee => 203,
            PayFailure::NoRoute => 205,
            PayFailure::InvoiceExpired => 207,
            PayFailure::TimedOut => 210,
            PayFailure::Other => 209,
        }
    }

    fn from_code(code: i32) -> PayFailure {
        match code {
            203 => PayFailure::RefusedByPayee,
            205 => PayFailure::NoRoute,
            207 => PayFailure::InvoiceExpired,
            210 => PayFailure::TimedOut,
            _ => PayFailure::Other,
        }
    }
}

/// What a payment on file means to whoever waited for its end.
fn outcome(payment: Payment, failed_parts: u64, successful_parts: u64) -> Result<Paid, PayError> {
    match payment.state.clone() {
        PaymentState::Complete { preimage, .. } => Ok(Paid {
            preimage,
            amount_sent: payment.amount_sent.unwrap_or(payment.amount),
            failed_parts,
            successful_parts: successful_parts.max(1),
            payment,
        }),
        PaymentState::Failed { code, message, .. } => Err(PayError::Failed {
            failure: PayFailure::from_code(code),
            message,
        }),
        PaymentState::Pending => Err(PayError::InProgress(Box::new(payment))),
    }
}

#[cfg(test)]
mod tests;
