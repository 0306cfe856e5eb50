//! Writes manual pages and completions, and the comparison with Core Lightning.

use clap::Parser;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Writes the documents that are made from the lists of commands and options.
#[derive(Debug, Parser)]
#[command(version)]
enum Cli {
    /// Write manual pages and completions below this directory, as they stand in PREFIX/share
    Share {
        /// The directory
        dir: PathBuf,
    },
    /// Print docs/from-core-lightning.md
    Comparison {
        /// The directory of Core Lightning's schemas, one file per command
        schemas: PathBuf,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse() {
        Cli::Share { dir } => boltill_manual::write(&dir),
        Cli::Comparison { schemas } => boltill_manual::comparison::document(&schemas)
            .and_then(|text| io::stdout().write_all(text.as_bytes())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("boltill-manual: {error}");
            ExitCode::FAILURE
        }
    }
}
