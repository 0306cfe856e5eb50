//! The daemon: options, socket, one file per command.
//!
//! A request comes in through [`rpc`], is found in the one list in [`commands`], has its parameters read by [`params`] and is answered
//! with an [`answer::Answer`] or an [`error::RpcError`].

pub mod answer;
pub mod commands;
pub mod context;
pub mod error;
pub mod params;
