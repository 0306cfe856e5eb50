//! The command line.

use clap::{Parser, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Measures a node that speaks Core Lightning's JSON-RPC
///
/// Without --socket it starts networks of its own, in target/bench of the current folder, so that the disk that is measured is the
/// one that the nodes write to.
#[derive(Clone, Debug, Parser)]
#[command(version)]
pub struct Arguments {
    /// The socket of a node to measure, in place of a network of its own
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// The socket of another node, which the one at --socket has channels with: payments are measured as well
    #[arg(long, value_name = "PATH", requires = "socket")]
    pub payee: Option<PathBuf>,
    /// The socket of a node to compare with, in the same run
    #[arg(long, value_name = "PATH")]
    pub against: Option<PathBuf>,
    /// The socket of another node, which the one at --against has channels with
    #[arg(long, value_name = "PATH", requires = "against")]
    pub against_payee: Option<PathBuf>,
    /// Measure only this; repeat it for several
    #[arg(long, value_name = "SECTION")]
    pub only: Vec<Section>,
    /// How long each load lasts, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    pub seconds: u64,
    /// How many connections call at once; repeat it for several
    #[arg(long, value_name = "N", default_values_t = [1, 16, 64, 256])]
    pub connections: Vec<usize>,
    /// With how many invoices on file, beside those that the measurements make, the calls are measured; repeat it for several, growing
    #[arg(long, value_name = "N", default_values_t = [0, 100_000, 1_000_000, 10_000_000])]
    pub invoices: Vec<u64>,
    /// How many invoices expire, and are deleted, while others call
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub expiring: u64,
    /// Over how many channels payments are measured; repeat it for several, growing
    #[arg(long, value_name = "N", default_values_t = [1, 8, 32])]
    pub paid_channels: Vec<usize>,
    /// With how many channels starts are measured
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub channels: usize,
    /// After how many missed blocks a start is measured
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub missed_blocks: u32,
    /// Only show that everything can be measured, in a minute; the figures mean nothing
    #[arg(long)]
    pub smoke: bool,
}

/// A part of the measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Section {
    /// Calls, memory and starts as the number of invoices grows
    Growth,
    /// Expiry and deletion of many invoices, and what other calls feel of it
    Cleaning,
    /// The same call over the socket and over HTTP
    Http,
    /// Payments and payouts
    Payments,
    /// Starts with many channels, and after an absence; invoices with many channels
    Starts,
}

impl Arguments {
    /// As they are meant: `--smoke` makes everything small.
    pub fn read() -> Arguments {
        let arguments = Arguments::parse();
        match arguments.smoke {
            false => arguments,
            true => Arguments {
                seconds: 1,
                connections: vec![1, 64],
                invoices: vec![0, 2_000],
                expiring: 1_000,
                paid_channels: vec![1, 2],
                channels: 2,
                missed_blocks: 10,
                ..arguments
            },
        }
    }

    /// How long each load lasts.
    pub fn span(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// How long a glance at the machine lasts, and a turn of two nodes that are asked in turns: machines change within a minute.
    pub fn moment(&self) -> Duration {
        self.span() / 5
    }

    /// Whether this part is wanted.
    pub fn wants(&self, section: Section) -> bool {
        self.only.is_empty() || self.only.contains(&section)
    }
}
