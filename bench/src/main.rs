//! Measures a node over its socket, beside what its disk and its processor can do.
//!
//! A figure without its disk says little: each durable call needs its share of a disk sync, so the disk is measured first, in
//! the folder that the node writes to, and every line of the results names it. What this program itself could do at most is measured too, with nobody
//! behind the socket, and so is what each call costs it and the node in processor time.

mod arguments;
mod calls;
mod cleaning;
mod disk;
mod echo;
mod error;
mod fill;
mod growth;
mod http;
mod load;
mod networks;
mod payments;
mod plot;
mod report;
mod results;
mod start;
mod subject;
mod targets;

use arguments::{Arguments, Section};
use boltill::Client;
use boltill_bench::cpu;
use error::BenchError;
use results::{Results, Setting};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use subject::Subject;

/// How long the disk and the processor are measured.
const GLANCE: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::read()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("boltill-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), BenchError> {
    // In the current folder's disk, not in a temporary one that may be memory.
    let folder = PathBuf::from("target").join("bench");
    // What an earlier run left behind would be measured as well.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(BenchError::file(&folder))?;
    let folder = folder.canonicalize().map_err(BenchError::file(&folder))?;
    let theirs = arguments.socket.as_deref().and_then(Path::parent);
    let disk = disk::syncs_per_second(theirs.unwrap_or(&folder), GLANCE)?;
    let cpu = cpu::invoices_per_second(GLANCE);
    let ceiling = echo::ceiling(&folder, 64, GLANCE).await?;
    let notes = [
        format!(
            "The disk makes {disk:.0} `fdatasync` a second, one after another: {:.2} ms each.",
            1e3 / disk
        ),
        format!(
            "All cores together build, sign and write {cpu:.0} BOLT 11 invoices a second, with nothing else to do."
        ),
        format!(
            "With nobody behind the socket this program makes {:.0} calls of `invoice` a second on 64 connections, and answers them itself.",
            ceiling.per_second
        ),
    ];
    notes.iter().for_each(|note| eprintln!("{note}"));
    let mut results = Results::new(&folder.join("results.jsonl"), disk)?;
    match given(arguments) {
        Some(subject) => measure_given(arguments, &subject, &mut results).await?,
        None => measure_own(arguments, &folder, &mut results).await?,
    }
    if let Some(node) = &arguments.against {
        let subject = Subject {
            name: "against",
            node: Client::new(node),
            payee: arguments.against_payee.as_ref().map(Client::new),
        };
        measure_given(arguments, &subject, &mut results).await?;
    }
    let targets = targets::targets(&results, cpu);
    let report = report::report(&results, &targets, &notes);
    println!("{report}");
    std::fs::write(folder.join("report.md"), report).map_err(BenchError::file(&folder))?;
    let picture = folder.join("growth.svg");
    plot::draw(&results, &picture).map_err(|error| BenchError::Plot(error.to_string()))?;
    eprintln!(
        "results.jsonl, report.md and growth.svg are in {}",
        folder.display()
    );
    Ok(())
}

fn given(arguments: &Arguments) -> Option<Subject> {
    Some(Subject {
        name: "boltill",
        node: Client::new(arguments.socket.as_ref()?),
        payee: arguments.payee.as_ref().map(Client::new),
    })
}

/// What can be measured of a node that somebody else runs.
async fn measure_given(
    arguments: &Arguments,
    subject: &Subject,
    results: &mut Results,
) -> Result<(), BenchError> {
    if arguments.wants(Section::Growth) {
        growth::measure_given(arguments, subject, results).await?;
    }
    if arguments.wants(Section::Payments) && subject.payee.is_some() {
        let setting = Setting {
            node: subject.name,
            invoices: calls::invoices_on_file(&subject.node).await?,
            channels: 1,
        };
        payments::measure(arguments, subject, setting, results).await?;
    }
    Ok(())
}

/// What can be measured of networks that are ours to stop and start.
async fn measure_own(arguments: &Arguments, folder: &Path, results: &mut Results) -> Result<(), BenchError> {
    let wants = |sections: &[Section]| sections.iter().any(|section| arguments.wants(*section));
    if wants(&[Section::Payments, Section::Starts]) {
        let network = networks::start(folder, "channels").await?;
        if arguments.wants(Section::Payments) {
            payments::measure_over_channels(arguments, &network, results).await?;
        }
        if arguments.wants(Section::Starts) {
            start::measure(arguments, &network, results).await?;
        }
        network.stop().await;
    }
    if wants(&[Section::Http, Section::Growth, Section::Cleaning]) {
        let network = networks::start(folder, "invoices").await?;
        if arguments.wants(Section::Growth) {
            growth::measure(arguments, &network, results).await?;
        }
        if arguments.wants(Section::Cleaning) {
            cleaning::measure(arguments, &network, results).await?;
        }
        if arguments.wants(Section::Http) {
            http::measure(arguments, &network, results).await?;
        }
        network.stop().await;
    }
    Ok(())
}
