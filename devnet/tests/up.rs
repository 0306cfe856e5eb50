//! `boltill-devnet up` when the nodes do not start.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

/// Runs `up` with a shell script as the node.
fn up_with_node(script: &str) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let node = directory.path().join("boltilld");
    std::fs::write(&node, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&node, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut up = Command::new(env!("CARGO_BIN_EXE_boltill-devnet"));
    up.arg("up")
        .arg("--dir")
        .arg(directory.path().join("network"))
        .env("BOLTILLD_EXE", node)
        .output()
        .unwrap()
}

#[test]
fn a_node_that_ends_at_once_is_reported_with_its_last_words() {
    let output = up_with_node("echo 'no such option: --addr' >&2; exit 3");
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        complaint.contains("alice ended by itself (exit status: 3)"),
        "{complaint}"
    );
    assert!(complaint.contains("no such option: --addr"), "{complaint}");
    assert!(output.stdout.is_empty());
}
