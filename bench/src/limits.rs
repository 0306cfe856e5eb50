//! What the machine could do at a moment, with no node: machines are not the same from one minute to the next, so what a node does is
//! held against what could be done just before and just after.

use crate::{BenchError, disk};
use boltill_bench::cpu;
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// The limits beside loads of `invoice`, in the results.
pub const BESIDE_INVOICE: &str = "the machine's limits, before and after invoice";

/// What disk and processor could do.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Limits {
    /// How many appended pages a second are made durable, one after another.
    pub appended_pages_per_second: f64,
    /// What half of them took at most.
    pub appended_page_p50_ms: f64,
    /// What half of the pages took at most that were made durable within a file.
    pub page_within_p50_ms: f64,
    /// How many BOLT 11 invoices a second all cores build, sign and write into an answer.
    pub invoices_per_second: f64,
    /// What processor time each of these takes.
    pub invoice_cpu_us: Option<f64>,
}

impl Limits {
    /// Those of this moment, of the disk that has this folder; each is looked at for so long.
    pub fn now(folder: &Path, glance: Duration) -> Result<Limits, BenchError> {
        let disk = disk::measure(folder, glance)?;
        let making = cpu::invoices(glance);
        Ok(Limits {
            appended_pages_per_second: disk.appended.per_second,
            appended_page_p50_ms: disk.appended.p50_ms,
            page_within_p50_ms: disk.within.p50_ms,
            invoices_per_second: making.per_second,
            invoice_cpu_us: making.cpu_us,
        })
    }

    /// The mean of these and those of another moment.
    pub fn mean(self, other: Limits) -> Limits {
        let mean = |read: fn(&Limits) -> f64| f64::midpoint(read(&self), read(&other));
        let cpu = self.invoice_cpu_us.zip(other.invoice_cpu_us);
        Limits {
            appended_pages_per_second: mean(|limits| limits.appended_pages_per_second),
            appended_page_p50_ms: mean(|limits| limits.appended_page_p50_ms),
            page_within_p50_ms: mean(|limits| limits.page_within_p50_ms),
            invoices_per_second: mean(|limits| limits.invoices_per_second),
            invoice_cpu_us: cpu.map(|(one, another)| f64::midpoint(one, another)),
        }
    }
}
