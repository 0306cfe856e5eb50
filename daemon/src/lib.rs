//! The daemon: options, socket, one file per command.
//!
//! A request comes in through [`rpc`], is found in the one list in [`commands`], has its parameters read by [`params`] and is answered
//! with an [`answer::Answer`] or an [`error::RpcError`]. [`run`] is the daemon from its first moment to its last.

pub mod answer;
mod autoclean;
mod background;
pub mod commands;
pub mod context;
mod engine;
pub mod error;
mod failures;
mod hex;
pub mod http;
pub mod lock;
pub mod logging;
pub mod options;
pub mod params;
mod pid_file;
pub mod rpc;
mod run;
pub mod runes;
mod signals;
pub mod sql;

pub use run::run;
