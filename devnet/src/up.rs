//! `boltill-devnet up`.

use crate::interrupt::Interrupt;
use crate::network::{self, Network, NetworkError};
use clap::Args;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};
use tokio::process::Command;

/// The environment variable in which a command finds the network.
const VARIABLE: &str = "BOLTILL_DEVNET";

/// Run a network of nodes on a regtest chain: alice, bob, carol ... in a line, each with coins, and an announced
/// channel of 10,000,000 sat between neighbours with money on both sides.
///
/// When all is usable, one line of JSON on standard output tells how to reach the chain and each node. The network
/// stays until SIGINT or SIGTERM, or until the command of --run ends.
#[derive(Debug, Args)]
pub struct Options {
    /// How many nodes
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u16).range(1..))]
    nodes: u16,

    /// Keep everything in this directory, which may be used again [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Run this bitcoind in place of the embedded chain
    #[arg(long, value_name = "PATH")]
    bitcoind: Option<PathBuf>,

    /// Run a command with the network's JSON in the environment variable BOLTILL_DEVNET, and end as it ends
    #[arg(long, value_name = "CMD", num_args = 1.., allow_hyphen_values = true)]
    run: Option<Vec<OsString>>,
}

/// Runs the command and gives the exit status.
///
/// # Errors
/// The network could not be started, or the command of `--run` could not.
pub async fn run(options: Options) -> Result<ExitCode, NetworkError> {
    let wanted = network::Options {
        nodes: options.nodes.into(),
        directory: options.dir,
        bitcoind: options.bitcoind,
        ..network::Options::default()
    };
    let mut interrupt = Interrupt::listen()?;
    let Some(network) = start(wanted, &mut interrupt).await? else {
        return Ok(ExitCode::FAILURE);
    };
    let description = network.description().to_json();
    let outcome = match options.run {
        Some(command) => run_command(&command, &description, &network, &mut interrupt).await,
        None => stay(&description, &network, &mut interrupt).await,
    };
    network.stop().await;
    outcome
}

/// Starts a network, telling on standard error what is done; none when interrupted meanwhile.
pub(crate) async fn start(
    options: network::Options,
    interrupt: &mut Interrupt,
) -> Result<Option<Network>, NetworkError> {
    let narrator = tracing_subscriber::fmt()
        .with_env_filter("boltill_devnet=info")
        .with_writer(io::stderr)
        .without_time()
        .with_level(false)
        .with_target(false);
    // There may be one already when this is used by a program of its own.
    let _ = narrator.try_init();
    tokio::select! {
        started = Network::start(options) => started.map(Some),
        () = interrupt.received() => Ok(None),
    }
}

async fn stay(
    description: &str,
    network: &Network,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, NetworkError> {
    let mut out = io::stdout();
    let printed = writeln!(out, "{description}").and_then(|()| out.flush());
    printed.map_err(|source| NetworkError::System {
        what: "to write to standard output",
        source,
    })?;
    if io::stderr().is_terminal() {
        eprintln!("\nThe network is up until you press Ctrl-C. To look at it:\n");
        for node in network.nodes() {
            eprintln!("  {} getinfo", command_line(node));
        }
        eprintln!(
            "\nBlocks come only when they are asked for:\n\n  {}\n",
            mining_command(network).await?
        );
    }
    interrupt.received().await;
    Ok(ExitCode::SUCCESS)
}

async fn run_command(
    command: &[OsString],
    description: &str,
    network: &Network,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, NetworkError> {
    let Some((program, arguments)) = command.split_first() else {
        return Ok(ExitCode::SUCCESS);
    };
    let failed = |source| NetworkError::Start {
        program: program.into(),
        source,
    };
    let mut child = Command::new(program)
        .args(arguments)
        .env(VARIABLE, description)
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let pid = child.id();
    if let Some(pid) = pid {
        network.watch_over(pid);
    }
    loop {
        tokio::select! {
            ended = child.wait() => return ended.map(exit_code).map_err(failed),
            () = interrupt.received() => {
                let pid = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
                let _ = pid.map(|pid| kill_process(pid, Signal::TERM));
            }
        }
    }
}

/// The status as a shell gives it: that of the program, or 128 and the signal that ended it.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    code.and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from)
}

/// The beginning of a `boltill` command that talks to this node.
pub(crate) fn command_line(node: &network::Node) -> String {
    let program = network::boltill().unwrap_or_else(|_| PathBuf::from("boltill"));
    let program = shortest(&program);
    format!(
        "{} --network=regtest --lightning-dir={}",
        program.display(),
        node.directory().display()
    )
}

/// A command that makes a block.
async fn mining_command(network: &Network) -> Result<String, NetworkError> {
    let access = network.miner().access();
    let address = network.miner().address().await?;
    Ok(format!(
        "curl -s -u {}:{} {} -d '{{\"method\":\"generatetoaddress\",\"params\":[1,\"{address}\"]}}'",
        access.user, access.password, access.url
    ))
}

/// The path as it can be typed from the current directory.
fn shortest(path: &Path) -> &Path {
    let current = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(current).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_status_is_that_of_the_program_or_names_its_signal() {
        assert_eq!(exit_code(ExitStatus::from_raw(7 << 8)), ExitCode::from(7));
        assert_eq!(exit_code(ExitStatus::from_raw(9)), ExitCode::from(137));
    }
}
