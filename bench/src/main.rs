//! Measures a node over its socket, beside what its disk and its processor can do.
//!
//! A figure without its disk says little: each durable call needs its share of a disk sync, so the disk is measured first, in
//! the folder that the node writes to, and every line of the results names it. Machines are not the same from one minute to the next, so aims
//! that name a limit of the machine have it measured again just before and after the load, and a large ledger is asked in turns with an empty one.
//! What this program itself could do at most is measured too, with nobody behind the socket, and so is what each call costs it and the node in
//! processor time.

mod arguments;
mod calls;
mod cleaning;
mod disk;
mod echo;
mod error;
mod fill;
mod growth;
mod http;
mod limits;
mod load;
mod networks;
mod pairs;
mod payments;
mod plot;
mod report;
mod results;
mod start;
mod subject;
mod targets;

use arguments::{Arguments, Section};
use boltill::Client;
use error::BenchError;
use limits::Limits;
use results::{Results, Setting};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use subject::Subject;

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
    let limits = Limits::now(theirs.unwrap_or(&folder), arguments.moment())?;
    let ceiling = echo::ceiling(&folder, 64, arguments.moment()).await?;
    let notes = notes(&limits, ceiling.per_second);
    notes.iter().for_each(|note| eprintln!("{note}"));
    let mut results = Results::new(&folder.join("results.jsonl"), limits.appended_pages_per_second)?;
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
    let targets = targets::targets(&results);
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

/// What a reader should know before any figure.
fn notes(limits: &Limits, ceiling: f64) -> [String; 3] {
    let Limits {
        appended_pages_per_second: syncs,
        appended_page_p50_ms: appended,
        page_within_p50_ms: within,
        invoices_per_second: invoices,
        ..
    } = limits;
    [
        format!(
            "The disk makes {syncs:.0} `fdatasync` a second, one after another, each of an appended page: p50 {appended:.2} ms, of a page within a file {within:.2} ms."
        ),
        format!(
            "All cores together build, sign and write {invoices:.0} BOLT 11 invoices a second, with nothing else to do."
        ),
        format!(
            "With nobody behind the socket this program makes {ceiling:.0} calls of `invoice` a second on 64 connections, and answers them itself."
        ),
    ]
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
