//! bitcoind's error codes.

use serde_json::{Value, json};
use thiserror::Error;

use crate::chain::node::NodeError;
use crate::chain::package::PackageReject;
use crate::chain::reject::{BlockReject, TxReject};
use crate::chain::store::StoreError;
use crate::chain::wallet::WalletError;

/// Why a call failed; the text is what bitcoind says.
#[derive(Debug, Error)]
pub(crate) enum RpcError {
    #[error("Parse error")]
    Parse,
    #[error("{0}")]
    InvalidRequest(&'static str),
    #[error("Method not found")]
    MethodNotFound,
    /// The wrong number of parameters; bitcoind answers with the command's help.
    #[error("{0}")]
    Usage(String),
    #[error("JSON value of type {found} is not of expected type {expected}")]
    Type {
        found: &'static str,
        expected: &'static str,
    },
    #[error("{0}")]
    Amount(&'static str),
    #[error("{0}")]
    InvalidParameter(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    Deserialization(&'static str),
    #[error("{}", .0.full())]
    Rejected(TxReject),
    #[error("Transaction outputs already in utxo set")]
    AlreadyInUtxoSet,
    #[error("Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)")]
    MaxFeeExceeded,
    #[error("Unspendable output exceeds maximum configured by user (maxburnamount)")]
    MaxBurnExceeded,
    #[error("{0}")]
    Package(#[from] PackageReject),
    #[error("TestBlockValidity failed: {0}")]
    InvalidBlock(BlockReject),
    #[error("Insufficient funds")]
    InsufficientFunds,
    #[error("{0}")]
    Wallet(WalletError),
    #[error("{0}")]
    Storage(#[from] StoreError),
    #[error("{0}")]
    Internal(&'static str),
}

impl RpcError {
    /// The number that bitcoind gives this error (`rpc/protocol.h`).
    pub(crate) fn code(&self) -> i32 {
        match self {
            Self::Parse => -32700,
            Self::InvalidRequest(_) => -32600,
            Self::MethodNotFound => -32601,
            Self::Usage(_) | Self::Internal(_) | Self::Storage(_) => -1,
            Self::Type { .. } | Self::Amount(_) => -3,
            Self::Wallet(_) => -4,
            Self::NotFound(_) => -5,
            Self::InsufficientFunds => -6,
            Self::InvalidParameter(_) => -8,
            Self::Deserialization(_) => -22,
            Self::Rejected(TxReject::MissingOrSpent)
            | Self::MaxFeeExceeded
            | Self::MaxBurnExceeded
            | Self::Package(_)
            | Self::InvalidBlock(_) => -25,
            Self::Rejected(_) => -26,
            Self::AlreadyInUtxoSet => -27,
        }
    }

    /// The error object of an answer.
    pub(crate) fn to_json(&self) -> Value {
        json!({ "code": self.code(), "message": self.to_string() })
    }
}

impl From<NodeError> for RpcError {
    fn from(error: NodeError) -> Self {
        match error {
            NodeError::Store(error) => Self::Storage(error),
            NodeError::Block(reject) => Self::InvalidBlock(reject),
            NodeError::Transaction(reject) => Self::Rejected(reject),
            NodeError::Wallet(WalletError::InsufficientFunds) => Self::InsufficientFunds,
            NodeError::Wallet(error) => Self::Wallet(error),
            NodeError::NoWork => Self::Internal("no proof of work found"),
            NodeError::UnknownBlock => Self::NotFound("Block not found".to_owned()),
        }
    }
}
