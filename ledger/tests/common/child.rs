//! Running one test of this program in a process of its own, which can be killed or starved.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Tells the test that it is the child, and where its ledger is.
const DIRECTORY: &str = "BOLTILL_LEDGER_TEST_DIRECTORY";

/// Where this process is to work, if it is the child.
pub fn directory() -> Option<PathBuf> {
    std::env::var_os(DIRECTORY).map(PathBuf::from)
}

/// Starts the test of that name as a child, through a shell that first runs `limits`.
pub fn spawn(test: &str, directory: &Path, limits: &str) -> Killed {
    let program = std::env::current_exe().expect("this program's path");
    let child = Command::new("sh")
        .args(["-c", &format!("{limits} exec \"$@\""), "sh"])
        .arg(program)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts");
    Killed(child)
}

/// A child that does not outlive the test.
pub struct Killed(pub Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
