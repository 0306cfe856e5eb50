//! Results as tables for people.

use crate::http;
use crate::limits::Limits;
use crate::results::{Figure, Results, Value};
use crate::targets::Target;
use std::fmt::Write;

/// Everything, as Markdown.
pub fn report(results: &Results, targets: &[Target], notes: &[String]) -> String {
    let mut report = String::new();
    for note in notes {
        line(&mut report, format_args!("* {note}"));
    }
    report.push_str("\n## What is to be reached\n\n| what | measured | met |\n| --- | --- | --- |\n");
    for Target { wanted, found, met } in targets {
        let met = match met {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "unknown",
        };
        line(&mut report, format_args!("| {wanted} | {found} | {met} |"));
    }
    let mut section = |title: &str, columns: &str, row: fn(&mut String, &Figure)| {
        line(&mut report, format_args!("\n## {title}\n\n{columns}"));
        results.figures.iter().for_each(|figure| row(&mut report, figure));
    };
    section(
        "Loads",
        "| node | what | at once | invoices on file | channels | a second | p50 ms | p99 ms | longest ms | node's CPU µs | bench's CPU µs |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        load,
    );
    section(
        "Beside an empty ledger",
        "| what | at once | invoices on file | of the other | median | lowest | highest |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        pair,
    );
    section(
        "What the machine could do before and after `invoice`",
        "| at once | invoices on file | appended page p50 ms | page within a file p50 ms | invoices a second | CPU µs of one |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: |",
        limits,
    );
    section(
        "Times and memory",
        "| node | what | invoices on file | channels | median | worst |\n| --- | --- | ---: | ---: | ---: | ---: |",
        other,
    );
    ways(&mut report, results);
    report
}

fn load(report: &mut String, figure: &Figure) {
    let Some(load) = figure.value.as_load() else {
        return;
    };
    line(
        report,
        format_args!(
            "| {} | {} | {} | {} | {} | {:.0} | {:.2} | {:.2} | {:.1} | {} | {} |",
            figure.node,
            figure.what,
            figure.at_once,
            figure.invoices,
            figure.channels,
            load.per_second,
            load.p50_ms,
            load.p99_ms,
            load.max_ms,
            whole(load.node_cpu_us),
            whole(load.bench_cpu_us),
        ),
    );
}

/// A node's rate as a share of that of another, which has hardly any invoices.
fn pair(report: &mut String, figure: &Figure) {
    let Some(ratio) = figure.value.as_ratio() else {
        return;
    };
    let [median, lowest, highest] = ratio.percent();
    line(
        report,
        format_args!(
            "| {} | {} | {} | {} | {median:.0} % | {lowest:.0} % | {highest:.0} % |",
            figure.what, figure.at_once, figure.invoices, ratio.invoices_of_the_other
        ),
    );
}

fn limits(report: &mut String, figure: &Figure) {
    let Some(limits) = figure.value.as_limits() else {
        return;
    };
    let Limits {
        appended_page_p50_ms: appended,
        page_within_p50_ms: within,
        invoices_per_second: invoices,
        invoice_cpu_us,
        ..
    } = limits;
    line(
        report,
        format_args!(
            "| {} | {} | {appended:.3} | {within:.3} | {invoices:.0} | {} |",
            figure.at_once,
            figure.invoices,
            whole(*invoice_cpu_us)
        ),
    );
}

/// A number without its fraction, where there is one.
fn whole(number: Option<f64>) -> String {
    number.map_or(String::new(), |number| format!("{number:.0}"))
}

fn other(report: &mut String, figure: &Figure) {
    let (median, worst) = match &figure.value {
        Value::Load(_) | Value::Ratio(_) | Value::Limits(_) => return,
        Value::Memory { resident_bytes } => (format!("{} MB", resident_bytes / 1_000_000), String::new()),
        Value::Times { seconds } => {
            let seconds = |at: usize| seconds.get(at).map_or(String::new(), |s| format!("{s:.2} s"));
            (
                seconds(figure.value.runs() / 2),
                seconds(figure.value.runs().saturating_sub(1)),
            )
        }
    };
    line(
        report,
        format_args!(
            "| {} | {} | {} | {} | {median} | {worst} |",
            figure.node, figure.what, figure.invoices, figure.channels
        ),
    );
}

/// How the ways to a node compare.
fn ways(report: &mut String, results: &Results) {
    let [socket, others @ ..] = http::WAYS;
    report.push_str("\n## HTTP beside the socket\n\n| way | at once | a second | of the socket's |\n| --- | ---: | ---: | ---: |\n");
    for at_once in http::CALLERS {
        let rate = |way| Some(results.first_and_last("boltill", way, at_once)?[0].1.per_second);
        let Some(by_socket) = rate(socket) else {
            return;
        };
        line(
            report,
            format_args!("| {socket} | {at_once} | {by_socket:.0} | |"),
        );
        for way in others {
            let by_http = rate(way).unwrap_or_default();
            let share = by_http / by_socket * 100.0;
            line(
                report,
                format_args!("| {way} | {at_once} | {by_http:.0} | {share:.0} % |"),
            );
        }
    }
}

fn line(report: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(report, "{text}");
}
