//! Why a network could not be started, or a call on it failed.

use crate::chain::ChainError;
use boltill::CallError;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Any failure of a network.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// A program that the network is made of has not been built.
    #[error("{} is not there: build it with `cargo build --bins`, or name it in {variable}", path.display())]
    NoProgram {
        /// Where it was looked for.
        path: PathBuf,
        /// The environment variable that can name another place.
        variable: &'static str,
    },
    /// A program could not be started.
    #[error("cannot start {}: {source}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A process of the network ended by itself.
    #[error("{name} ended by itself ({status}); the end of its log:\n{log}")]
    Ended {
        /// Which one.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// The last lines that it wrote.
        log: String,
    },
    /// A node is used that has been killed or stopped.
    #[error("{name} is not running")]
    NotRunning {
        /// Which one.
        name: String,
    },
    /// Something that was waited for did not come.
    #[error("waited {} s in vain until {what}", within.as_secs())]
    TimedOut {
        /// The condition.
        what: String,
        /// How long it was waited for.
        within: Duration,
    },
    /// A call to a node failed.
    #[error("{method} of {node}: {source}")]
    Call {
        /// The node's name.
        node: String,
        /// The command.
        method: String,
        /// Why.
        source: CallError,
    },
    /// A call to the chain failed.
    #[error("{method} of the chain: {reason}")]
    Chain {
        /// The command.
        method: String,
        /// Why.
        reason: ChainFailure,
    },
    /// The embedded chain cannot run.
    #[error("the embedded chain: {0}")]
    Embedded(#[from] ChainError),
    /// An answer lacks something.
    #[error("no {field} in the answer to {method}")]
    Answer {
        /// The command.
        method: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A file or a directory of the network cannot be used.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A port or a signal could not be had from the operating system.
    #[error("the operating system refuses {what}: {source}")]
    System {
        /// What it was asked for.
        what: &'static str,
        /// What it said.
        source: io::Error,
    },
}

/// Why a call to the chain failed.
#[derive(Debug, thiserror::Error)]
pub enum ChainFailure {
    /// It could not be reached, or its answer was not JSON-RPC.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    /// It answered with an error.
    #[error("{message} (code {code})")]
    Rpc {
        /// bitcoind's number.
        code: i64,
        /// bitcoind's words.
        message: String,
    },
}

impl NetworkError {
    /// The number of the error a node answered with, if this is one.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Call { source, .. } => source.code(),
            _ => None,
        }
    }
}
