//! Results as lines of JSON for programs and a table for people.

use crate::load::Load;
use crate::start::Times;
use serde::Serialize;
use std::fmt::Write;
use std::time::Duration;

/// One measurement.
#[derive(Debug, Serialize)]
pub struct Measurement {
    what: &'static str,
    connections: usize,
    calls: usize,
    calls_per_second: f64,
    latency_p50_ms: f64,
    latency_p99_ms: f64,
    disk_syncs_per_second: f64,
    /// Above one, several calls share a disk sync.
    calls_per_disk_sync: f64,
}

impl Measurement {
    /// Puts a load beside the disk that it ran on.
    pub fn new(
        what: &'static str,
        connections: usize,
        disk_syncs_per_second: f64,
        load: Load,
    ) -> Measurement {
        let calls = load.latencies.len();
        let calls_per_second = calls as f64 / load.elapsed.as_secs_f64();
        let milliseconds = |share| load.percentile(share).as_secs_f64() * 1_000.0;
        Measurement {
            what,
            connections,
            calls,
            calls_per_second,
            latency_p50_ms: milliseconds(0.5),
            latency_p99_ms: milliseconds(0.99),
            disk_syncs_per_second,
            calls_per_disk_sync: calls_per_second / disk_syncs_per_second,
        }
    }
}

/// All measurements as a Markdown table.
pub fn table(measurements: &[Measurement]) -> String {
    let mut table = String::from(
        "| what | connections | calls/s | p50 ms | p99 ms | disk syncs/s | calls/s per disk sync/s |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for m in measurements {
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| {} | {} | {:.0} | {:.2} | {:.2} | {:.0} | {:.2} |",
            m.what,
            m.connections,
            m.calls_per_second,
            m.latency_p50_ms,
            m.latency_p99_ms,
            m.disk_syncs_per_second,
            m.calls_per_disk_sync,
        );
    }
    table
}

/// One thing that was timed, as a line of JSON.
pub fn line_of(times: &Times) -> Result<String, serde_json::Error> {
    let seconds: Vec<_> = times.runs.iter().map(Duration::as_secs_f64).collect();
    serde_json::to_string(&serde_json::json!({"what": times.what, "runs_seconds": seconds}))
}

/// All that was timed as a Markdown table.
pub fn table_of_times(times: &[Times]) -> String {
    let mut table = String::from("| what | runs | median s | longest s |\n| --- | ---: | ---: | ---: |\n");
    for Times { what, runs } in times {
        let median = runs.get(runs.len() / 2).copied().unwrap_or_default();
        let longest = runs.last().copied().unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| {what} | {} | {:.2} | {:.2} |",
            runs.len(),
            median.as_secs_f64(),
            longest.as_secs_f64(),
        );
    }
    table
}
