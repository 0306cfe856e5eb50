//! The program `boltill` against a daemon that answers as it is told to.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fake;

use fake::{FakeDaemon, echo, error, result};
use serde_json::{Value, json};
use std::process::{Command, Output, Stdio};

/// Runs `boltill` with the fake daemon's directory.
fn boltill(daemon: &FakeDaemon, line: &[&str]) -> Output {
    command(daemon, line).output().unwrap()
}

fn command(daemon: &FakeDaemon, line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boltill"));
    command
        .arg("--lightning-dir")
        .arg(daemon.directory())
        .arg("--network=regtest")
        .args(line);
    command
}

fn printed(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn complaint(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn a_result_is_printed_as_indented_json_with_status_0() {
    let daemon = FakeDaemon::start(echo);
    let output = boltill(&daemon, &["invoice", "any", "25", "tea & cake"]);
    assert_eq!(output.status.code(), Some(0));
    let request: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(request["method"], "invoice");
    assert_eq!(request["params"], json!(["any", 25, "tea & cake"]));
    assert!(printed(&output).contains("\n   \"method\": \"invoice\""));
}

#[test]
fn a_filter_goes_along_with_the_request() {
    let daemon = FakeDaemon::start(echo);
    let output = boltill(&daemon, &["--filter", r#"{"id":true}"#, "-F", "getinfo"]);
    assert!(printed(&output).contains("filter.id=true\n"));
}

#[test]
fn an_error_answer_is_printed_as_json_with_status_1() {
    let daemon = FakeDaemon::start(error);
    let output = boltill(&daemon, &["invoice"]);
    assert_eq!(output.status.code(), Some(1));
    let error: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(error["code"], 900);
    assert_eq!(complaint(&output), "");
}

#[test]
fn without_a_daemon_the_status_is_2_and_one_line_names_the_socket() {
    let output = Command::new(env!("CARGO_BIN_EXE_boltill"))
        .args(["--lightning-dir=/nowhere", "--regtest", "getinfo"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(complaint(&output).lines().count(), 1);
    assert!(complaint(&output).contains("/nowhere/regtest/lightning-rpc"));
    assert!(complaint(&output).contains("boltilld --network=regtest"));
    assert_eq!(printed(&output), "");
}

#[test]
fn an_answer_that_is_no_json_is_status_2() {
    let daemon = FakeDaemon::start(|_: &Value| "hello\n\n".to_owned());
    let output = boltill(&daemon, &["getinfo"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint(&output).contains("not JSON-RPC"));
}

#[test]
fn a_wrong_command_line_is_status_3() {
    let daemon = FakeDaemon::start(echo);
    for line in [
        &["--nonsense", "getinfo"][..],
        &["-k", "x", "y"],
        &["--filter", "{", "x"],
    ] {
        let output = boltill(&daemon, line);
        assert_eq!(output.status.code(), Some(3), "{line:?}");
        assert_ne!(complaint(&output), "");
    }
}

#[test]
fn help_and_version_are_status_0() {
    let daemon = FakeDaemon::start(echo);
    let output = boltill(&daemon, &["--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(printed(&output).contains("Exit status"));
    let output = boltill(&daemon, &["--version"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(printed(&output).starts_with("boltill "));
}

#[test]
fn without_a_command_the_daemons_commands_are_listed_after_our_own_usage() {
    let daemon = FakeDaemon::start(|request: &Value| {
        assert_eq!(request["method"], "help");
        result(
            request,
            r#"{"help":[{"command":"pay bolt11"},{"command":"getinfo"}]}"#,
        )
    });
    let output = boltill(&daemon, &[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(printed(&output).contains("Usage: boltill"));
    assert!(printed(&output).contains("getinfo\n\npay bolt11\n\n"));
}

#[test]
fn help_of_a_command_is_printed_as_text() {
    let daemon = FakeDaemon::start(|request: &Value| {
        let text = r#"{"help":[{"command":"pay bolt11\n\nPays an invoice."}],"format-hint":"simple"}"#;
        result(request, text)
    });
    let output = boltill(&daemon, &["help", "pay"]);
    assert_eq!(printed(&output), "pay bolt11\n\nPays an invoice.\n");
}

#[test]
fn a_reader_that_stops_reading_is_no_error() {
    let daemon = FakeDaemon::start(|request: &Value| result(request, &json!(vec!["x"; 200_000]).to_string()));
    let mut child = command(&daemon, &["listinvoices"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(complaint(&output), "");
}

#[test]
fn what_the_daemon_tells_meanwhile_is_printed_before_the_answer_if_it_is_wanted() {
    let daemon = FakeDaemon::start(|request: &Value| {
        if request["method"] != "pay" {
            return result(request, "{}");
        }
        let tell = |level: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","method":"message","params":{{"level":"{level}","message":"{level} news"}}}}"#
            )
        };
        format!(
            "{}\n\n{}\n\n{}",
            tell("debug"),
            tell("unusual"),
            result(request, "{}")
        )
    });
    let output = boltill(&daemon, &["-N", "info", "pay"]);
    assert_eq!(printed(&output), "# unusual news\n{}\n");
    let output = boltill(&daemon, &["pay"]);
    assert_eq!(printed(&output), "{}\n", "a program gets the answer alone");
}

#[test]
fn qr_draws_what_a_command_answers_and_refuses_an_answer_without_a_code() {
    let daemon = FakeDaemon::start(|request: &Value| result(request, r#"{"bolt11":"lnbcrt1qcp4"}"#));
    let output = boltill(&daemon, &["qr", "invoice", "any", "25", "tea"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(printed(&output).starts_with("\u{2588}"));
    assert!(printed(&output).ends_with("\nlnbcrt1qcp4\n"));

    let daemon = FakeDaemon::start(echo);
    let output = boltill(&daemon, &["qr", "getinfo"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(complaint(&output).contains("nothing to scan"));
}
