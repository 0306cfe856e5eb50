//! The client of the daemon's socket.
//!
//! The daemon speaks Core Lightning's JSON-RPC over a Unix stream socket, so this client also works with a
//! `lightningd`. The command line `boltill` is one user of it; test networks and benchmarks are others.
//!
//! ```no_run
//! # async fn example() -> Result<(), boltill::CallError> {
//! let client = boltill::Client::new("/home/shop/.boltill/bitcoin/lightning-rpc");
//! let invoice = client.call("invoice", serde_json::json!({
//!     "amount_msat": 10_000, "label": "order 7", "description": "coffee",
//! })).await?;
//! println!("{}", invoice["bolt11"]);
//! # Ok(())
//! # }
//! ```

mod client;
pub mod options;
mod socket;
mod wire;

pub use client::{Client, Connection};
pub use wire::{Answer, CallError, Message, RpcError};
