//! `boltill-devnet`: a network to play on. Each subcommand is one module of the library.

use std::fmt::Display;
use std::process::ExitCode;

use boltill_devnet::options::{Cli, Command};
use boltill_devnet::{chain, demo, network, up};
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Chain(options) => status(chain::command::run(options).await.map(|()| ExitCode::SUCCESS)),
        Command::Up(options) => status(up::run(options).await),
        Command::Demo(options) => status(demo::run(options).await.map(|()| ExitCode::SUCCESS)),
        Command::Guard(_) => status(network::guard::run(std::io::stdin().lock()).map(|()| ExitCode::SUCCESS)),
    }
}

/// The exit status of a command; its error is printed.
fn status<E: Display>(outcome: Result<ExitCode, E>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        eprintln!("boltill-devnet: {error}");
        ExitCode::FAILURE
    })
}
