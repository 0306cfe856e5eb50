//! A child that says what it has done until it is killed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crate::child;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

/// Says a line to whoever started the child: in one write, so that those of several tasks do not mix. Once nobody listens the child is
/// about to be killed.
pub fn say(line: &str) {
    let _ = std::io::stdout().write_all(format!("{line}\n").as_bytes());
}

/// Starts a test as a child, and kills it as soon as it has said so many lines that count.
pub fn kill_after(lines: u32, test: &str, directory: &Path, mut counts: impl FnMut(&str) -> bool) {
    let mut child = child::spawn(test, directory, "");
    let output = BufReader::new(child.0.stdout.take().expect("its output"));
    let mut counted = 0;
    for line in output.lines() {
        counted += u32::from(counts(&line.expect("a line")));
        if counted == lines {
            child.0.kill().expect("it is killed");
        }
    }
    assert!(counted >= lines, "the child ended by itself");
}
