//! Why there is no result.

use boltill_devnet::network::NetworkError;
use std::path::{Path, PathBuf};

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error("the node refused a call: {0}")]
    Call(#[from] boltill::CallError),
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("a line of the results could not be written: {0}")]
    Written(std::io::Error),
    #[error("the server that only answers failed: {0}")]
    Echo(std::io::Error),
    #[error("JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("a worker died: {0}")]
    Task(#[from] tokio::task::JoinError),
    #[error("the ledger could not be opened: {0}")]
    Open(#[from] boltill_ledger::OpenError),
    #[error("the ledger could not be filled: {0}")]
    Ledger(#[from] boltill_ledger::LedgerError),
    #[error("an invoice could not be filed: {0}")]
    Create(#[from] boltill_ledger::CreateInvoiceError),
    #[error("an invoice could not be settled: {0}")]
    Settle(#[from] boltill_ledger::SettleInvoiceError),
    #[error(transparent)]
    Label(#[from] boltill_types::LabelError),
    #[error("the node's process cannot be looked at")]
    Process,
    #[error("the node has no invoices to look for")]
    NothingToLookFor,
    #[error("there is nobody to be paid")]
    NoPayee,
    #[error("the connection for HTTP failed: {0}")]
    Http(std::io::Error),
    #[error("HTTP: {0}")]
    Hyper(#[from] hyper::Error),
    #[error("the request for HTTP is none: {0}")]
    Request(#[from] hyper::http::Error),
    #[error("HTTP was answered with {0}")]
    Status(hyper::StatusCode),
    #[error("the node's certificate cannot be read: {0}")]
    Certificate(tokio_rustls::rustls::pki_types::pem::Error),
    #[error("TLS: {0}")]
    Tls(tokio_rustls::rustls::Error),
    #[error("the plot could not be drawn: {0}")]
    Plot(String),
}

impl BenchError {
    /// A failure with this file.
    pub fn file(path: &Path) -> impl FnOnce(std::io::Error) -> BenchError {
        let path = path.to_owned();
        |source| BenchError::File { path, source }
    }
}
