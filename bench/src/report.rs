//! Results as lines of JSON for programs and a table for people.

use crate::load::Load;
use serde::Serialize;
use std::fmt::Write;

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
            "| {} | {} | {:.0} | {:.2} | {:.2} | {:.0} | {:.1} |",
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
