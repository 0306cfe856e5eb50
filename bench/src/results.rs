//! All that was measured.

use crate::BenchError;
use crate::limits::Limits;
use crate::load::Load;
use crate::pairs::Ratio;
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// One measurement.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// Of which node.
    pub node: &'static str,
    /// What was done.
    pub what: String,
    /// How many at once.
    pub at_once: usize,
    /// How many invoices were on file, without those that the measurements themselves have made.
    pub invoices: u64,
    /// How many channels the node had.
    pub channels: usize,
    /// What the disk can do: appended pages made durable a second, one after another.
    pub disk_syncs_per_second: f64,
    /// What came of it.
    #[serde(flatten)]
    pub value: Value,
}

/// What a measurement gives.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A load's.
    Load(Load),
    /// How a node's rate compares with another's that was asked in turns with it.
    Ratio(Ratio),
    /// What the machine could do at that moment.
    Limits(Limits),
    /// How long something took, run by run, sorted.
    Times {
        /// In seconds.
        seconds: Vec<f64>,
    },
    /// How much memory a node occupied.
    Memory {
        /// In bytes.
        resident_bytes: u64,
    },
}

/// Where and with what something is measured.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Which node.
    pub node: &'static str,
    /// How many invoices are on file.
    pub invoices: u64,
    /// How many channels there are.
    pub channels: usize,
}

/// All measurements so far; each is a line of JSON as soon as it is there.
pub struct Results {
    /// What the disk can do.
    pub disk_syncs_per_second: f64,
    /// The measurements, in order.
    pub figures: Vec<Figure>,
    lines: File,
}

impl Results {
    /// Begins with none; the lines go to this file.
    pub fn new(lines: &Path, disk_syncs_per_second: f64) -> Result<Results, BenchError> {
        let lines = File::create(lines).map_err(BenchError::file(lines))?;
        Ok(Results {
            disk_syncs_per_second,
            figures: Vec::new(),
            lines,
        })
    }

    /// Adds a load.
    pub fn load(
        &mut self,
        setting: Setting,
        what: &str,
        at_once: usize,
        load: Load,
    ) -> Result<(), BenchError> {
        eprintln!(
            "{}: {what}, {at_once} at once, {} invoices on file: {:.0} a second, p50 {:.2} ms, p99 {:.2} ms",
            setting.node, setting.invoices, load.per_second, load.p50_ms, load.p99_ms
        );
        self.add(setting, what, at_once, Value::Load(load))
    }

    /// Adds how a rate compares with that of another node.
    pub fn ratio(
        &mut self,
        setting: Setting,
        what: &str,
        at_once: usize,
        ratio: Ratio,
    ) -> Result<(), BenchError> {
        let [median, lowest, highest] = ratio.percent();
        eprintln!(
            "{}: {what}, {at_once} at once, {} invoices on file: {median:.0} % ({lowest:.0} to {highest:.0} %) in {} rounds",
            setting.node, setting.invoices, ratio.rounds
        );
        self.add(setting, what, at_once, Value::Ratio(ratio))
    }

    /// Adds what the machine could do.
    pub fn limits(
        &mut self,
        setting: Setting,
        what: &str,
        at_once: usize,
        limits: Limits,
    ) -> Result<(), BenchError> {
        eprintln!(
            "{what}, {at_once} at once: {:.2} ms for an appended page, {:.2} ms for one within a file, {:.0} invoices a second by all cores",
            limits.appended_page_p50_ms, limits.page_within_p50_ms, limits.invoices_per_second
        );
        self.add(setting, what, at_once, Value::Limits(limits))
    }

    /// Adds how long something took each time.
    pub fn times(&mut self, setting: Setting, what: &str, runs: &[Duration]) -> Result<(), BenchError> {
        let mut seconds: Vec<_> = runs.iter().map(Duration::as_secs_f64).collect();
        seconds.sort_by(f64::total_cmp);
        eprintln!("{}: {what}: {seconds:.2?} s", setting.node);
        self.add(setting, what, 1, Value::Times { seconds })
    }

    /// Adds how much memory a node occupied.
    pub fn memory(&mut self, setting: Setting, what: &str, resident_bytes: u64) -> Result<(), BenchError> {
        eprintln!("{}: {what}: {} MB", setting.node, resident_bytes / 1_000_000);
        self.add(setting, what, 1, Value::Memory { resident_bytes })
    }

    fn add(&mut self, setting: Setting, what: &str, at_once: usize, value: Value) -> Result<(), BenchError> {
        let figure = Figure {
            node: setting.node,
            what: what.to_owned(),
            at_once,
            invoices: setting.invoices,
            channels: setting.channels,
            disk_syncs_per_second: self.disk_syncs_per_second,
            value,
        };
        let line = serde_json::to_string(&figure)?;
        writeln!(self.lines, "{line}").map_err(BenchError::Written)?;
        self.figures.push(figure);
        Ok(())
    }

    /// The figures of this, of one node, in order.
    pub fn of<'a>(&'a self, node: &'a str, what: &'a str) -> impl DoubleEndedIterator<Item = &'a Figure> {
        self.figures
            .iter()
            .filter(move |figure| figure.node == node && figure.what == what)
    }

    /// The loads of this with so many at once, the first and the last: with the fewest and the most invoices on file.
    pub fn first_and_last<'a>(
        &'a self,
        node: &'a str,
        what: &'a str,
        at_once: usize,
    ) -> Option<[(u64, &'a Load); 2]> {
        let mut loads = self.of(node, what).filter(|figure| figure.at_once == at_once);
        let first = loads.next()?;
        let last = loads.next_back().unwrap_or(first);
        Some([
            (first.invoices, first.value.as_load()?),
            (last.invoices, last.value.as_load()?),
        ])
    }
}

impl Value {
    /// The load that it is.
    pub fn as_load(&self) -> Option<&Load> {
        match self {
            Value::Load(load) => Some(load),
            _ => None,
        }
    }

    /// The ratio that it is.
    pub fn as_ratio(&self) -> Option<&Ratio> {
        match self {
            Value::Ratio(ratio) => Some(ratio),
            _ => None,
        }
    }

    /// The limits that it is.
    pub fn as_limits(&self) -> Option<&Limits> {
        match self {
            Value::Limits(limits) => Some(limits),
            _ => None,
        }
    }

    /// The middle one of the times that it is, in seconds.
    pub fn median_seconds(&self) -> Option<f64> {
        match self {
            Value::Times { seconds } => seconds.get(seconds.len() / 2).copied(),
            _ => None,
        }
    }

    /// How often it was timed.
    pub fn runs(&self) -> usize {
        match self {
            Value::Times { seconds } => seconds.len(),
            _ => 0,
        }
    }

    /// The memory that it is.
    pub fn resident_bytes(&self) -> Option<u64> {
        match self {
            Value::Memory { resident_bytes } => Some(*resident_bytes),
            _ => None,
        }
    }
}
