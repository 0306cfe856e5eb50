//! Measures a node over its socket, beside what its disk can do.
//!
//! A figure without its disk says little: each durable call needs its share of a disk sync, so the disk is measured first, in
//! the folder that the node writes to, and every line of a load's result names it.

mod disk;
mod load;
mod report;
mod start;

use boltill::Client;
use boltill_devnet::network::{Network, NetworkError, Options};
use clap::Parser;
use load::{Invoices, Payouts};
use report::Measurement;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// How many codes are collected at once. Each is a payment, of which a channel carries some fifty at a time.
const PAYOUTS_AT_ONCE: [usize; 2] = [1, 16];

/// Measures a node that speaks Core Lightning's JSON-RPC
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The socket of a node to measure; without it a network is started for the purpose
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// How long each measurement lasts, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    seconds: u64,
    /// How many connections at once; repeat it for several measurements
    #[arg(long, value_name = "N", default_values_t = [1, 16, 64])]
    connections: Vec<usize>,
    /// With how many channels the start of a node is measured; 0 leaves it out, and so does --socket
    #[arg(long, value_name = "N", default_value_t = 200)]
    channels: usize,
    /// After how many missed blocks the start of a node is measured
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    missed_blocks: u32,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
enum BenchError {
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error("the node refused a call: {0}")]
    Call(#[from] boltill::CallError),
    #[error("the disk could not be measured in {path}: {source}")]
    Disk { path: PathBuf, source: std::io::Error },
    #[error("the result could not be written: {0}")]
    Result(#[from] serde_json::Error),
    #[error("a connection's task died: {0}")]
    Task(#[from] tokio::task::JoinError),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("boltill-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), BenchError> {
    match &arguments.socket {
        Some(socket) => {
            let disk = measure_disk(socket)?;
            measure_invoices(&arguments, &Client::new(socket), disk).await
        }
        None => {
            eprintln!("starting a network to measure");
            // In the current folder's disk, not in a temporary one that may be memory.
            let folder = std::env::current_dir().map(|folder| folder.join("target").join("bench"));
            let folder = folder.map_err(|source| BenchError::Disk {
                path: PathBuf::from("."),
                source,
            })?;
            // What an earlier run left behind would be measured as well.
            let _ = std::fs::remove_dir_all(&folder);
            let options = Options {
                nodes: 2,
                directory: Some(folder),
                ..Options::default()
            };
            let network = Network::start(options).await?;
            let measured = measure_all(&arguments, &network).await;
            network.stop().await;
            measured
        }
    }
}

/// What can be measured of a network that is ours to stop and start.
async fn measure_all(arguments: &Arguments, network: &Network) -> Result<(), BenchError> {
    let [alice, bob, ..] = network.nodes() else {
        return Ok(());
    };
    let socket = alice.client().socket();
    let disk = measure_disk(socket)?;
    measure_invoices(arguments, alice.client(), disk).await?;
    measure_payouts(arguments, [alice.client(), bob.client()], disk).await?;
    if arguments.channels == 0 {
        return Ok(());
    }
    let mut times = start::starts(network).await?;
    eprintln!("opening {} channels, and paying over each", arguments.channels);
    start::open_channels(network, arguments.channels).await?;
    times.extend(start::starts(network).await?);
    times.extend(start::missed(network, arguments.missed_blocks).await?);
    for times in &times {
        println!("{}", report::line_of(times)?);
    }
    println!("\n{}", report::table_of_times(&times));
    Ok(())
}

fn measure_disk(socket: &Path) -> Result<f64, BenchError> {
    let folder = socket.parent().unwrap_or(Path::new("."));
    let disk = disk::syncs_per_second(folder, Duration::from_secs(2));
    let disk = disk.map_err(|source| BenchError::Disk {
        path: folder.to_owned(),
        source,
    })?;
    eprintln!("the disk makes {disk:.0} fdatasync a second, one after another");
    Ok(disk)
}

/// How many invoices a node makes.
async fn measure_invoices(arguments: &Arguments, client: &Client, disk: f64) -> Result<(), BenchError> {
    let mut measurements = Vec::new();
    for &connections in &arguments.connections {
        let workers = Invoices::workers(client, connections).await?;
        let load = load::run(workers, Duration::from_secs(arguments.seconds)).await?;
        measurements.push(Measurement::new("invoice", connections, disk, load));
    }
    print(&measurements)
}

/// How many codes are made by one node, collected by the other, and paid.
async fn measure_payouts(
    arguments: &Arguments,
    [payer, payee]: [&Client; 2],
    disk: f64,
) -> Result<(), BenchError> {
    let mut measurements = Vec::new();
    for at_once in PAYOUTS_AT_ONCE {
        let workers = Payouts::workers(payer, payee, at_once).await?;
        let load = load::run(workers, Duration::from_secs(arguments.seconds)).await?;
        let what = "invoicerequest, sendinvoice, paid";
        measurements.push(Measurement::new(what, at_once, disk, load));
    }
    print(&measurements)
}

fn print(measurements: &[Measurement]) -> Result<(), BenchError> {
    for measurement in measurements {
        println!("{}", serde_json::to_string(measurement)?);
    }
    println!("\n{}", report::table(measurements));
    Ok(())
}
