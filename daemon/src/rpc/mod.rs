//! JSON-RPC on a Unix socket, as Core Lightning speaks it.
//!
//! Requests are JSON objects one after another; each answer is one JSON object and an empty line. The requests of one
//! connection run side by side, and each answer comes when it is ready.

mod connection;
mod dispatch;
mod filter;
mod notify;
mod request;
mod response;
mod scanner;
mod server;
mod topics;

pub use connection::MAX_REQUEST;
pub use dispatch::start;
pub use filter::Filter;
pub use notify::{Caller, Level, Topic, Wishes};
pub use server::{BindError, Server};
