//! What is to be reached, beside what was measured.

use crate::calls::Call;
use crate::limits::{self, Limits};
use crate::results::Results;
use crate::{growth, pairs, payments};

/// How many connections the aims of `invoice` are about.
pub const CONNECTIONS: [usize; 2] = [1, 64];

/// What Core Lightning v26.06 did on a machine with two cores whose disk takes 0.3 to 0.6 ms for a sync: the ratio is to these
/// where no node was given with `--against`.
mod recorded {
    pub const INVOICE: f64 = 430.0;
    pub const PAY: [(usize, f64); 2] = [(1, 10.0), (16, 50.0)];
    pub const PAYOUT: f64 = 10.0;
}

/// One aim.
#[derive(Debug)]
pub struct Target {
    /// What is to be reached, in words.
    pub wanted: String,
    /// What was measured, in words.
    pub found: String,
    /// Whether that is enough; None when it cannot be told.
    pub met: Option<bool>,
}

impl Target {
    fn new(wanted: impl Into<String>, found: Option<(String, bool)>) -> Target {
        match found {
            Some((found, met)) => Target {
                wanted: wanted.into(),
                found,
                met: Some(met),
            },
            None => Target {
                wanted: wanted.into(),
                found: "not measured".to_owned(),
                met: None,
            },
        }
    }
}

/// Every aim, in the order in which they were set.
pub fn targets(results: &Results) -> Vec<Target> {
    let measured = Measured(results);
    let mut targets = vec![
        measured.ratio(
            "durable `invoice` calls, 64 connections: at least 30 x CLN",
            30.0,
            Call::Invoice.name(),
            64,
            Some(recorded::INVOICE),
        ),
        measured.share_of_cpu(),
        measured.syncs_of_one_call(),
    ];
    for at_once in CONNECTIONS {
        targets.push(measured.does_not_decay(at_once));
    }
    for call in Call::LOOKS {
        targets.push(measured.looks_up_quickly(call));
    }
    targets.extend([measured.starts_quickly(), measured.stays_small()]);
    for (at_once, cln) in recorded::PAY {
        let wanted = format!("payments over one channel, {at_once} at a time: at least 5 x CLN");
        targets.push(measured.ratio(&wanted, 5.0, payments::PAY, at_once, Some(cln)));
    }
    targets.extend([
        measured.ratio(
            "`invoicerequest` calls, 64 connections: at least 30 x CLN",
            30.0,
            Call::InvoiceRequest.name(),
            64,
            None,
        ),
        measured.ratio(
            "`invoicerequest`, `sendinvoice`, paid, one after another: at least 5 x CLN",
            5.0,
            payments::PAYOUT,
            1,
            Some(recorded::PAYOUT),
        ),
    ]);
    targets
}

/// Whether there is an aim that holds this load against what the machine could do at the time.
pub fn name_limits(node: &str, call: Call, at_once: usize) -> bool {
    node == "boltill" && call == Call::Invoice && CONNECTIONS.contains(&at_once)
}

/// The figures that the aims are about.
struct Measured<'a>(&'a Results);

impl Measured<'_> {
    fn ratio(&self, wanted: &str, least: f64, what: &str, at_once: usize, recorded: Option<f64>) -> Target {
        let rate = |node| {
            let [(_, first), _] = self.0.first_and_last(node, what, at_once)?;
            Some(first.per_second)
        };
        let Some(ours) = rate("boltill") else {
            return Target::new(wanted, None);
        };
        let (theirs, whose) = match (rate("against"), recorded) {
            (Some(theirs), _) => (theirs, "in this run"),
            (None, Some(recorded)) => (recorded, "as recorded elsewhere"),
            (None, None) => {
                return Target {
                    wanted: wanted.to_owned(),
                    found: format!("{ours:.0} a second, and nothing to compare with (`--against`)"),
                    met: None,
                };
            }
        };
        let ratio = ours / theirs;
        let found = format!("{ours:.0} a second, {ratio:.1} x the {theirs:.0} {whose}");
        Target::new(wanted, Some((found, ratio >= least)))
    }

    fn share_of_cpu(&self) -> Target {
        let found = || {
            let [(_, first), _] = self.0.first_and_last("boltill", Call::Invoice.name(), 64)?;
            let limits = self.limits(64)?;
            let (ratio, found) = match (first.node_cpu_us, limits.invoice_cpu_us) {
                (Some(node), Some(least)) => {
                    let ratio = node / least;
                    let found = format!(
                        "node's processor time a call: {node:.0} µs, {ratio:.1} x the {least:.0} µs that signing and serialising take"
                    );
                    (ratio, found)
                }
                // A node on another machine, whose processor time nobody tells.
                _ => {
                    let cpu = limits.invoices_per_second;
                    let ratio = cpu / first.per_second;
                    let found =
                        format!("all cores sign and write {cpu:.0} a second, which is {ratio:.1} x as many");
                    (ratio, found)
                }
            };
            Some((found, ratio <= 2.0))
        };
        Target::new(
            "the same, within 2 x of what the CPU needs to sign and serialise",
            found(),
        )
    }

    fn syncs_of_one_call(&self) -> Target {
        let found = || {
            let [(_, first), _] = self.0.first_and_last("boltill", Call::Invoice.name(), 1)?;
            let Limits {
                appended_page_p50_ms: appended,
                page_within_p50_ms: within,
                ..
            } = self.limits(1)?;
            let ratio = first.p50_ms / appended;
            let found = format!(
                "{:.2} ms, {ratio:.1} x the {appended:.2} ms of an appended page and its fdatasync, {:.1} x the {within:.2} ms of one within a file",
                first.p50_ms,
                first.p50_ms / within
            );
            Some((found, ratio <= 1.3))
        };
        Target::new(
            "durable `invoice` calls one after another: at most 1.3 x an fdatasync",
            found(),
        )
    }

    /// What the machine could do beside the first load of `invoice` with so many at once.
    fn limits(&self, at_once: usize) -> Option<&Limits> {
        let mut beside = self.0.of("boltill", limits::BESIDE_INVOICE);
        beside
            .find(|figure| figure.at_once == at_once)
            .and_then(|figure| figure.value.as_limits())
    }

    fn does_not_decay(&self, at_once: usize) -> Target {
        let wanted = format!(
            "`invoice` on {at_once} connection(s) with the largest ledger: within 10 % of the empty one"
        );
        let found = self.in_turns(at_once);
        Target::new(wanted, found.or_else(|| self.first_beside_last(at_once)))
    }

    /// The largest ledger's share of the rate of an empty one at the same time.
    fn in_turns(&self, at_once: usize) -> Option<(String, bool)> {
        let mut pairs = self.0.of("boltill", pairs::INVOICE);
        let largest = pairs.rfind(|figure| figure.at_once == at_once)?;
        let ratio = largest.value.as_ratio()?;
        let [median, lowest, highest] = ratio.percent();
        let found = format!(
            "{median:.0} % of the rate of an empty ledger that was asked in turns with it ({lowest:.0} to {highest:.0} %), with {} on file",
            largest.invoices
        );
        Some((found, ratio.median >= 0.9))
    }

    /// The same where there was no other node: the machine may have changed meanwhile.
    fn first_beside_last(&self, at_once: usize) -> Option<(String, bool)> {
        let [(fewest, first), (size, last)] =
            self.0.first_and_last("boltill", Call::Invoice.name(), at_once)?;
        let change = (last.per_second / first.per_second - 1.0) * 100.0;
        let found = format!(
            "{:.0} a second with {size} on file, {change:+.0} %",
            last.per_second
        );
        (fewest < size).then_some((found, change >= -10.0))
    }

    fn looks_up_quickly(&self, call: Call) -> Target {
        let found = self
            .0
            .first_and_last("boltill", call.name(), 1)
            .map(|[_, (size, last)]| {
                (
                    format!("{:.2} ms with {size} on file", last.p99_ms),
                    last.p99_ms < 1.0,
                )
            });
        Target::new(
            format!("`{}` with the largest ledger: p99 under 1 ms", call.name()),
            found,
        )
    }

    fn starts_quickly(&self) -> Target {
        let found = self.first_and_last(growth::START, |value| value.median_seconds());
        let found = found.map(|(first, last)| (format!("{first:.2} s, {last:.2} s"), last - first < 2.0));
        Target::new(
            "start with the largest ledger: less than 2 s more than with the empty one",
            found,
        )
    }

    fn stays_small(&self) -> Target {
        let found = self.first_and_last(growth::MEMORY, |value| {
            value.resident_bytes().map(|bytes| bytes as f64 / 1e6)
        });
        let found = found.map(|(first, last)| (format!("{first:.0} MB, {last:.0} MB"), last - first < 20.0));
        Target::new(
            "memory with the largest ledger: less than 20 MB more than with the empty one",
            found,
        )
    }

    fn first_and_last(
        &self,
        what: &str,
        read: impl Fn(&crate::results::Value) -> Option<f64>,
    ) -> Option<(f64, f64)> {
        let mut all = self.0.of("boltill", what);
        let first = all.next()?;
        let last = all.last()?;
        Some((read(&first.value)?, read(&last.value)?))
    }
}
