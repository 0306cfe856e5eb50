//! An embedded regtest chain that speaks bitcoind's RPC, and small networks of nodes on it.

pub mod chain;
pub mod demo;
mod interrupt;
pub mod network;
pub mod options;
pub mod up;
