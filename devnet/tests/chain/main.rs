//! The embedded chain from outside: over HTTP, with transactions made and signed here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests do"
)]

mod blocks;
mod consensus;
mod packages;
mod policy;
mod reorganisation;
mod restart;
mod server;
mod support;
mod wallet;
