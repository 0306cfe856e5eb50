//! The command line of `boltill-devnet`.

use crate::{chain, demo, network, up};
use clap::{Parser, Subcommand};

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "boltill-devnet", version, about, long_about = None)]
pub struct Cli {
    #[command(subcommand)]
    /// What to do.
    pub command: Command,
}

/// What it can do; each is one module.
#[derive(Debug, Subcommand)]
#[allow(
    missing_docs,
    reason = "clap would print it; what each does is said at its options"
)]
pub enum Command {
    Chain(chain::command::Options),
    Up(up::Options),
    Demo(demo::Options),
    Guard(network::guard::Options),
}
