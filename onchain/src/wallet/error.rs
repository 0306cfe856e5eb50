//! Why the wallet could not do what it was asked for.

use bitcoin::{Amount, OutPoint};
use boltill_types::StoreError;

/// The wallet could not be opened, or what it knows could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// The store failed.
    #[error("the wallet cannot be kept on disk: {0}")]
    Store(#[from] StoreError),
    /// What is on disk is not a wallet, or not whole.
    #[error("the wallet on disk is damaged: {0}")]
    Damaged(String),
    /// What is on disk belongs to another seed or another network.
    #[error("the wallet on disk is another one: {0}")]
    Mismatch(String),
    /// No keys can be derived from the seed.
    #[error("the wallet's keys cannot be derived: {0}")]
    Keys(String),
}

/// Why there is no transaction for a spend. Amounts are in satoshi.
#[derive(Debug, thiserror::Error)]
pub enum SpendError {
    /// The coins that may be used are not enough.
    #[error("Could not afford {} sat with the fee: {} sat available, {} sat short{}",
        .needed.to_sat(), .available.to_sat(), .needed.checked_sub(*.available).unwrap_or_default().to_sat(),
        besides(*.unusable))]
    InsufficientFunds {
        /// The amount and the fee of the transaction.
        needed: Amount,
        /// What the coins are worth that may be used.
        available: Amount,
        /// What the other coins are worth: not deep enough yet, reserved, or not among those that were named.
        unusable: Amount,
    },
    /// Too little would be left for channels with anchors.
    #[error("We would not have enough left for our anchor channels: {} sat available, {} sat needed with the fee, \
             {} sat would be left, {} sat must stay",
        .available.to_sat(), .needed.to_sat(), .available.checked_sub(*.needed).unwrap_or_default().to_sat(),
        .reserve.to_sat())]
    ReserveNotKept {
        /// What there is, whether it may be used or not.
        available: Amount,
        /// What would go.
        needed: Amount,
        /// What must be left.
        reserve: Amount,
    },
    /// The amount is too small to be relayed.
    #[error("Output of {} sat would be dust: {} sat is the least", .amount.to_sat(), .least.to_sat())]
    Dust {
        /// The amount.
        amount: Amount,
        /// The least amount for this kind of script.
        least: Amount,
    },
    /// A coin that was named is not there, or is spent.
    #[error("{0} is not one of our unspent coins")]
    UnknownCoin(OutPoint),
    /// A coin that was named is reserved for another transaction.
    #[error("{outpoint} is reserved for another transaction until block {until}")]
    CoinReserved {
        /// Which one.
        outpoint: OutPoint,
        /// Until which height.
        until: u32,
    },
    /// The transaction could not be put together or signed; a fault of the wallet's.
    #[error("the transaction could not be made: {0}")]
    Build(String),
    /// The reservation of its coins could not be written down.
    #[error(transparent)]
    Wallet(#[from] WalletError),
}

fn besides(unusable: Amount) -> String {
    match unusable {
        Amount::ZERO => String::new(),
        more => format!(
            " ({} sat more are unconfirmed, reserved or not to be used)",
            more.to_sat()
        ),
    }
}
