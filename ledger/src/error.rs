//! What can go wrong with the store itself, as opposed to a rule of the ledger that refuses something.

use boltill_types::StoreError;
use std::path::PathBuf;
use std::sync::Arc;

/// The store failed; nothing of what was asked has been done, unless the variant says that it cannot be known.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LedgerError {
    /// There is no space left on the disk. The ledger goes on, and writes succeed again once there is.
    #[error("the disk that holds the ledger is full")]
    DiskFull,
    /// The database refused or the disk failed. When a commit failed this way, what reached the disk is unknown until
    /// the ledger is opened again, so its writer stops and every later write answers [`LedgerError::Closed`].
    #[error("the ledger's database failed: {0}")]
    Database(#[source] Arc<rusqlite::Error>),
    /// A file of the index by which invoices are found (`keys.rs`) cannot be read or is damaged. All of them may be deleted while the ledger
    /// is closed; they are made anew when it is opened.
    #[error("the index of invoices failed: {0}")]
    Keys(#[source] Arc<std::io::Error>),
    /// The transaction that this write shared with others was given up, because one of them met a full or failing
    /// disk, or was refused when it had changed something that could not be undone by itself.
    #[error("the ledger gave up the transaction")]
    RolledBack,
    /// The write panicked, which is a fault of the program; it left nothing behind.
    #[error("a write to the ledger panicked")]
    Panicked,
    /// The ledger has been closed, or its writer has stopped after a failed commit.
    #[error("the ledger is closed")]
    Closed,
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> LedgerError {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => LedgerError::DiskFull,
            _ => LedgerError::Database(Arc::new(error)),
        }
    }
}

impl From<std::io::Error> for LedgerError {
    fn from(error: std::io::Error) -> LedgerError {
        LedgerError::Keys(Arc::new(error))
    }
}

impl From<LedgerError> for StoreError {
    fn from(error: LedgerError) -> StoreError {
        match error {
            LedgerError::Closed => StoreError::Closed,
            LedgerError::DiskFull
            | LedgerError::Database(_)
            | LedgerError::Keys(_)
            | LedgerError::RolledBack
            | LedgerError::Panicked => StoreError::Database(error.to_string()),
        }
    }
}

/// Why a ledger cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be created or read.
    #[error("cannot open the ledger {path}: {source}")]
    File {
        /// The ledger's file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is a database of some other program.
    #[error("{0} is not a ledger of Boltill's")]
    NotALedger(PathBuf),
    /// A newer release wrote the ledger; going back to an older release is not possible.
    #[error(
        "{path} has schema {found}, and this release knows schemas up to {known}: a newer release is needed"
    )]
    Newer {
        /// The ledger's file.
        path: PathBuf,
        /// The schema's version in the file.
        found: u32,
        /// The newest version that this release knows.
        known: u32,
    },
    /// The ledger belongs to a node on another network.
    #[error("{path} is a ledger for {found}, not for {wanted}")]
    WrongNetwork {
        /// The ledger's file.
        path: PathBuf,
        /// The network it was made for.
        found: String,
        /// The network that was asked for.
        wanted: String,
    },
    /// The schema could not be brought up to date.
    #[error("cannot bring the ledger's schema up to date: {0}")]
    Migration(#[from] rusqlite_migration::Error),
    /// The database refused or the disk failed.
    #[error("cannot open the ledger: {0}")]
    Database(#[from] rusqlite::Error),
    /// A thread of the ledger could not be started.
    #[error("cannot start the ledger's thread: {0}")]
    Thread(std::io::Error),
}
