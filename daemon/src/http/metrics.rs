//! `GET /metrics`: what the node has and has done, in the text that Prometheus reads.
//!
//! No crate keeps these numbers: each is a counter or a state that exists anyway, read when somebody asks, and the text is a line for each.
//! Nothing here takes longer with more invoices on file.

use super::routes::{BAD_RUNE, Service, wrong_method};
use crate::commands::shared::channel::{ChannelState, to_us};
use crate::context::Context;
use axum::extract::State;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use boltill_node::{Node, Profile};
use boltill_onchain::ChainStatus;
use boltill_till::Totals;
use std::fmt::{Display, Write};
use std::sync::Arc;

/// What a rune must allow, as if it were a command.
pub const METHOD: &str = "metrics";
/// The version of the text.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers with all metrics.
pub async fn metrics(State(service): State<Arc<Service>>, method: Method, headers: HeaderMap) -> Response {
    if method != Method::GET {
        return wrong_method("GET");
    }
    if let Err(response) = service.admit(&headers, METHOD).await {
        tokio::time::sleep(BAD_RUNE).await;
        return *response;
    }
    let mut text = Text::default();
    of_process(&mut text, &service.context);
    if let Some(profile) = service.context.profile.get() {
        of_chain(&mut text, profile);
    }
    if let Ok(node) = service.context.node() {
        of_node(&mut text, node);
    }
    if let Ok(till) = service.context.till() {
        of_till(&mut text, &till.totals());
    }
    text.gauge(
        "boltill_event_streams",
        "Clients that follow the events over HTTP.",
        service.open_streams(),
    );
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text.0).into_response()
}

/// Lines of metrics.
#[derive(Default)]
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "counter", help);
        let _ = writeln!(self.0, "{name} {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "gauge", help);
        let _ = writeln!(self.0, "{name} {value}");
    }

    /// A gauge for each value of a label, none of which needs escaping.
    fn gauges<'a>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl Iterator<Item = (&'a str, u64)>,
    ) {
        self.family(name, "gauge", help);
        for (of, value) in values {
            let _ = writeln!(self.0, "{name}{{{label}=\"{of}\"}} {value}");
        }
    }
}

fn of_process(text: &mut Text, context: &Context) {
    let version = [(env!("CARGO_PKG_VERSION"), 1)];
    text.gauges("boltill_info", "The version.", "version", version.into_iter());
    text.gauge(
        "process_start_time_seconds",
        "When the daemon started, in UNIX seconds.",
        context.started_at.0,
    );
    text.gauge(
        "boltill_ready",
        "Whether the node can be used: 0 while it starts.",
        u8::from(context.engine.get().is_some()),
    );
    // Where the system has no such files these are left out.
    let open = std::fs::read_dir("/proc/self/fd").map(Iterator::count);
    if let Ok(open) = open {
        // One of them is that of the listing.
        text.gauge(
            "process_open_fds",
            "Open file descriptors.",
            open.saturating_sub(1),
        );
    }
    if let Some(bytes) = resident() {
        text.gauge("process_resident_memory_bytes", "Memory in use.", bytes);
    }
}

fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    kilobytes.checked_mul(1024)
}

fn of_chain(text: &mut Text, profile: &Profile) {
    text.gauge(
        "boltill_block_height",
        "The last block that the node has seen.",
        *profile.height().borrow(),
    );
    text.gauge(
        "boltill_bitcoind_synced",
        "Whether bitcoind answers and has caught up with the network.",
        u8::from(matches!(profile.chain_status(), ChainStatus::Synced { .. })),
    );
}

fn of_node(text: &mut Text, node: &Node) {
    let (channels, closing) = (node.channels(), node.closing_channels());
    text.gauge(
        "boltill_peers_connected",
        "Peers that are connected.",
        node.peers().len(),
    );
    let closing_states = closing.iter().map(|channel| ChannelState::from(channel.stage));
    let states: Vec<_> = channels
        .iter()
        .map(ChannelState::of)
        .chain(closing_states)
        .collect();
    let counts = STATES.iter().map(|(name, state)| {
        let of = states.iter().filter(|other| *other == state);
        (*name, of.count() as u64)
    });
    text.gauges("boltill_channels", "Channels, by their state.", "state", counts);
    text.gauge(
        "boltill_channels_usable",
        "Channels over which something can be paid now.",
        channels.iter().filter(|channel| channel.is_usable).count(),
    );
    text.gauge(
        "boltill_channels_to_us_msat",
        "What is ours in channels.",
        channels.iter().map(|channel| to_us(channel).0).sum::<u64>(),
    );
    text.gauge(
        "boltill_channels_spendable_msat",
        "What can be sent over usable channels.",
        sum(&channels, |channel| channel.outbound_capacity_msat),
    );
    text.gauge(
        "boltill_channels_receivable_msat",
        "What can be received over usable channels.",
        sum(&channels, |channel| channel.inbound_capacity_msat),
    );
    text.gauge(
        "boltill_channels_closing_msat",
        "What is ours in channels that are closed, and not in the wallet yet.",
        closing.iter().map(|channel| channel.pending.0).sum::<u64>(),
    );
    let balance = node.wallet().balance();
    let parts = [
        ("confirmed", balance.confirmed),
        (
            "unconfirmed",
            balance.unconfirmed_own + balance.unconfirmed_foreign,
        ),
        ("immature", balance.immature),
        ("reserved", balance.reserved),
    ];
    let parts = parts.map(|(part, amount)| (part, amount.to_sat().saturating_mul(1_000)));
    text.gauges(
        "boltill_wallet_msat",
        "Coins in the wallet, each in one part.",
        "part",
        parts.into_iter(),
    );
}

/// The states of channels, each also where no channel is in it.
const STATES: [(&str, ChannelState); 8] = [
    ("OPENINGD", ChannelState::Openingd),
    ("CHANNELD_AWAITING_LOCKIN", ChannelState::ChanneldAwaitingLockin),
    ("CHANNELD_NORMAL", ChannelState::ChanneldNormal),
    ("CHANNELD_SHUTTING_DOWN", ChannelState::ChanneldShuttingDown),
    ("CLOSINGD_SIGEXCHANGE", ChannelState::ClosingdSigexchange),
    ("CLOSINGD_COMPLETE", ChannelState::ClosingdComplete),
    ("AWAITING_UNILATERAL", ChannelState::AwaitingUnilateral),
    ("ONCHAIN", ChannelState::Onchain),
];

fn sum(channels: &[boltill_node::ChannelDetails], of: impl Fn(&boltill_node::ChannelDetails) -> u64) -> u64 {
    let usable = channels.iter().filter(|channel| channel.is_usable);
    usable.map(of).fold(0, u64::saturating_add)
}

fn of_till(text: &mut Text, totals: &Totals) {
    let counters = [
        (
            "boltill_invoices_created_total",
            "Invoices made.",
            totals.invoices_created,
        ),
        (
            "boltill_invoices_paid_total",
            "Invoices paid.",
            totals.invoices_paid,
        ),
        (
            "boltill_invoices_deleted_total",
            "Invoices deleted.",
            totals.invoices_deleted,
        ),
        (
            "boltill_payments_begun_total",
            "Payments begun, each attempt by itself.",
            totals.payments_begun,
        ),
        (
            "boltill_payments_ended_total",
            "Payments that have arrived or failed.",
            totals.payments_ended,
        ),
        (
            "boltill_invoicerequests_created_total",
            "Invoice_requests made.",
            totals.requests_created,
        ),
        (
            "boltill_forwards_total",
            "Forwards that were offered.",
            totals.forwards_created,
        ),
        (
            "boltill_forwarding_fees_msat_total",
            "What forwards have earned.",
            totals.forwarding_fees.0,
        ),
        (
            "boltill_ledger_commits_total",
            "Transactions of the ledger since the start, a sync of the disk each.",
            totals.writer.commits,
        ),
        (
            "boltill_ledger_writes_total",
            "Writes to the ledger since the start; many share a transaction.",
            totals.writer.writes,
        ),
    ];
    for (name, help, value) in counters {
        text.counter(name, help, value);
    }
    text.counter(
        "boltill_ledger_commit_seconds_total",
        "How long the transactions of the ledger took since the start.",
        totals.writer.time.as_secs_f64(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_metric_has_a_help_a_type_and_a_line_for_each_label() {
        let mut text = Text::default();
        text.counter("a_total", "How many.", 7);
        text.gauges("b", "Which.", "kind", [("x", 1), ("y", 2)].into_iter());
        let expected = "# HELP a_total How many.\n# TYPE a_total counter\na_total 7\n# HELP b Which.\n# TYPE b gauge\n\
                        b{kind=\"x\"} 1\nb{kind=\"y\"} 2\n";
        assert_eq!(text.0, expected);
    }

    #[test]
    fn states_are_named_as_in_answers() {
        for (name, state) in STATES {
            assert_eq!(serde_json::to_value(state).unwrap(), name);
        }
    }

    #[test]
    fn counters_end_in_total_and_no_name_comes_twice() {
        let mut text = Text::default();
        of_till(&mut text, &Totals::default());
        let names: Vec<_> = text
            .0
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "))
            .collect();
        assert!(
            names.iter().all(|name| name.ends_with("_total counter")),
            "{names:?}"
        );
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
    }
}
