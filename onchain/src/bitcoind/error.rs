//! What can go wrong between us and bitcoind.

use std::path::PathBuf;

/// Why a call to bitcoind has no answer. No variant, and no text of one, holds a password or a cookie.
#[derive(Debug, thiserror::Error)]
pub enum BitcoindError {
    /// Nobody answers there, or not in time. A call that changes something may have happened nevertheless.
    #[error("bitcoind does not answer at {url}: {why}")]
    Unreachable {
        /// Host and port that were tried.
        url: String,
        /// What the network layer said.
        why: String,
    },
    /// There is no cookie to authenticate with, as is the case while bitcoind is not running.
    #[error("no bitcoind is running with its cookie at {path}: {why}")]
    NoCookie {
        /// Where bitcoind would write it.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// bitcoind does not take our user name and password, or our cookie.
    #[error("bitcoind at {url} refused our {credentials}")]
    Unauthorized {
        /// Host and port.
        url: String,
        /// Which kind it refused: "user name and password" or "cookie (PATH)".
        credentials: String,
    },
    /// bitcoind is starting (RPC error -28).
    #[error("bitcoind is warming up: {message}")]
    WarmingUp {
        /// What it is doing, in its own words.
        message: String,
    },
    /// bitcoind has too much to do already (HTTP status 503).
    #[error("bitcoind at {url} is too busy")]
    Busy {
        /// Host and port.
        url: String,
    },
    /// bitcoind understood and said no.
    #[error("bitcoind refused {method}: {message} (code {code})")]
    Rpc {
        /// Which call.
        method: &'static str,
        /// Its error code; negative.
        code: i64,
        /// Its words.
        message: String,
    },
    /// The answer is not what this call answers with.
    #[error("bitcoind's answer to {method} makes no sense: {why}")]
    Malformed {
        /// Which call.
        method: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

/// `RPC_MISC_ERROR`: among others, a block that has been pruned.
pub(crate) const RPC_MISC_ERROR: i64 = -1;
/// `RPC_INVALID_ADDRESS_OR_KEY`: also "no such block", "no such transaction".
pub(crate) const RPC_NOT_FOUND: i64 = -5;
/// `RPC_VERIFY_ERROR`: among others, inputs that are missing or spent.
pub(crate) const RPC_VERIFY_ERROR: i64 = -25;
/// `RPC_VERIFY_ALREADY_IN_UTXO_SET`: the transaction is already in the chain.
pub(crate) const RPC_VERIFY_ALREADY_IN_CHAIN: i64 = -27;
/// `RPC_IN_WARMUP`.
pub(crate) const RPC_IN_WARMUP: i64 = -28;

impl BitcoindError {
    /// Whether the same call may succeed later with nobody changing anything: bitcoind is away, starting or busy.
    ///
    /// Refused credentials count as well: bitcoind writes a new cookie at every start, and for a moment the old one
    /// is still there. Who starts a node stops at them nevertheless, see [`Bitcoind::wait_until_ready`].
    ///
    /// [`Bitcoind::wait_until_ready`]: crate::Bitcoind::wait_until_ready
    pub fn is_transient(&self) -> bool {
        match self {
            BitcoindError::Unreachable { .. }
            | BitcoindError::NoCookie { .. }
            | BitcoindError::Unauthorized { .. }
            | BitcoindError::WarmingUp { .. }
            | BitcoindError::Busy { .. } => true,
            BitcoindError::Rpc { .. } | BitcoindError::Malformed { .. } => false,
        }
    }

    /// The code of bitcoind's refusal, when it is one.
    pub fn rpc_code(&self) -> Option<i64> {
        match self {
            BitcoindError::Rpc { code, .. } => Some(*code),
            _ => None,
        }
    }
}

/// bitcoind follows another chain than this node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this node is for {expected}, but bitcoind's chain is {found}: check --network and --bitcoin-rpcport"
)]
pub struct WrongChain {
    /// Our network, as Core Lightning names it.
    pub expected: bitcoin::Network,
    /// The chain's name in bitcoind's words: `main`, `testnet4`, `signet`, `regtest` ...
    pub found: String,
}

/// What no amount of waiting for bitcoind will cure.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Wrong user name, password or cookie, or an answer that is not bitcoind's.
    #[error(transparent)]
    Bitcoind(#[from] BitcoindError),
    /// It follows another chain.
    #[error(transparent)]
    WrongChain(#[from] WrongChain),
}
