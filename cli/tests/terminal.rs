//! `boltill -H` at a terminal, and where there is none.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[allow(dead_code, reason = "other tests use the rest")]
mod fake;

use fake::{FakeDaemon, result};
use std::process::Command;

const LISTING: &str = r#"{"invoices":[{"label":"tea","amount_msat":1500000,"status":"paid"},{"label":"order 77","amount_msat":20000,"status":"unpaid"}]}"#;

fn line(daemon: &FakeDaemon) -> String {
    let (program, directory) = (env!("CARGO_BIN_EXE_boltill"), daemon.directory().display());
    format!("'{program}' --lightning-dir='{directory}' --network=regtest -H listinvoices")
}

/// What the shell prints to a terminal, if there is a program that makes one. Standard error goes elsewhere: a terminal is told there what is
/// waited for, if the machine is slow.
fn at_a_terminal(line: &str) -> Option<String> {
    let script = Command::new("script")
        .args(["-qec", &format!("{line} 2>/dev/null"), "/dev/null"])
        .env("COLUMNS", "60")
        .output();
    match script {
        Ok(output) => Some(String::from_utf8(output.stdout).unwrap()),
        Err(error) => {
            eprintln!("SKIPPED: script(1) cannot be run: {error}");
            None
        }
    }
}

#[test]
fn people_get_a_table_and_scripts_what_lightning_cli_prints() {
    let daemon = FakeDaemon::start(|request| result(request, LISTING));
    let line = line(&daemon);
    let piped = Command::new("sh").args(["-c", &line]).output().unwrap();
    assert_eq!(
        String::from_utf8(piped.stdout).unwrap(),
        "label=tea\namount_msat=1500000\nstatus=paid\nlabel=order 77\namount_msat=20000\nstatus=unpaid\n"
    );
    let Some(shown) = at_a_terminal(&line) else { return };
    let lines: Vec<_> = shown.lines().map(str::trim_end).collect();
    assert_eq!(
        lines,
        [
            "label        amount_msat  status",
            "────────────────────────────────",
            "tea       1,500,000 msat  paid",
            "order 77     20,000 msat  unpaid",
        ]
    );
}
