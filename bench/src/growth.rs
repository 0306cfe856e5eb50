//! What becomes of speed, memory and starts as the number of invoices grows.

use crate::arguments::Arguments;
use crate::calls::{self, Call, Caller, Sample};
use crate::fill;
use crate::limits::{self, Limits};
use crate::load;
use crate::pairs;
use crate::results::{Results, Setting};
use crate::start;
use crate::subject::{self, Subject};
use crate::targets;
use crate::{BenchError, networks};
use boltill_bench::sample::Mixture;
use boltill_devnet::network::Network;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// A start, in the results.
pub const START: &str = "start with that many invoices";
/// Memory, in the results: after the calls, so with all that they fill caches with.
pub const MEMORY: &str = "resident memory after the calls";
/// How often a start is measured.
const STARTS: usize = 3;

/// Measures a network's first node with each number of invoices on file.
pub async fn measure(
    arguments: &Arguments,
    network: &Network,
    results: &mut Results,
) -> Result<(), BenchError> {
    let subject = networks::subject(network)?;
    let node = networks::first(network)?;
    let mut filled = 0;
    for &invoices in &arguments.invoices {
        let setting = Setting {
            node: subject.name,
            invoices,
            channels: 1,
        };
        eprintln!("filling up to {invoices} invoices");
        node.stop().await;
        // What the measurements make comes on top: it is unpaid, and by far not all that a ledger has.
        let more = invoices.saturating_sub(filled);
        fill::fill(&networks::ledger(node), more, Mixture::Mixed).await?;
        filled += more;
        let mut starts = Vec::new();
        for _ in 0..STARTS {
            node.stop().await;
            let began = Instant::now();
            node.launch(&[]).await?;
            start::caught_up(network, node).await?;
            starts.push(began.elapsed());
        }
        results.times(setting, START, &starts)?;
        calls(arguments, &subject, setting, results).await?;
        results.memory(setting, MEMORY, subject::resident_bytes(&subject).await?)?;
        if invoices > 0 {
            pairs::measure(arguments, &subject, &networks::second(network)?, setting, results).await?;
        }
    }
    Ok(())
}

/// Measures the calls of any node, with what it has on file.
pub async fn measure_given(
    arguments: &Arguments,
    subject: &Subject,
    results: &mut Results,
) -> Result<(), BenchError> {
    let setting = Setting {
        node: subject.name,
        invoices: calls::invoices_on_file(&subject.node).await?,
        channels: 1,
    };
    calls(arguments, subject, setting, results).await
}

async fn calls(
    arguments: &Arguments,
    subject: &Subject,
    setting: Setting,
    results: &mut Results,
) -> Result<(), BenchError> {
    for call in [Call::Invoice, Call::InvoiceRequest] {
        for &callers in &arguments.connections {
            let callers = Caller::several(&subject.node, call, callers, &Arc::default()).await?;
            measure_call(arguments, subject, setting, call, callers, results).await?;
        }
    }
    let sample = Arc::new(Sample::of(&subject.node).await?);
    for call in Call::LOOKS {
        let needs_paid = call == Call::Paid && !sample.has_paid();
        for &callers in arguments.connections.iter().filter(|_| !needs_paid) {
            let callers = Caller::several(&subject.node, call, callers, &sample).await?;
            measure_call(arguments, subject, setting, call, callers, results).await?;
        }
    }
    Ok(())
}

async fn measure_call(
    arguments: &Arguments,
    subject: &Subject,
    setting: Setting,
    call: Call,
    callers: Vec<Caller>,
    results: &mut Results,
) -> Result<(), BenchError> {
    let at_once = callers.len();
    let glance = || {
        let folder = subject.node.socket().parent().unwrap_or(Path::new("."));
        Limits::now(folder, arguments.moment())
    };
    let limited = targets::name_limits(subject.name, call, at_once);
    let before = limited.then(glance).transpose()?;
    let load = load::run(subject, callers, arguments.span()).await?;
    if let Some(before) = before {
        let limits = before.mean(glance()?);
        results.limits(setting, limits::BESIDE_INVOICE, at_once, limits)?;
    }
    results.load(setting, call.name(), at_once, load)
}
