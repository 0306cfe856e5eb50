//! `--daemon`: going to the background once the node is ready.
//!
//! The process starts itself a second time and waits. The child, which is the daemon, leaves the terminal's session at once, and
//! tells when it is ready; until then its errors go where the parent's go. Nothing is forked, so nothing of a running
//! program is copied half.

use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use std::env;
use std::fs::OpenOptions;
use std::io::{self, Read, Write, pipe};
use std::process::{Command, ExitCode, Stdio};

/// By which the child knows what it is.
const CHILD: &str = "BOLTILLD_IN_BACKGROUND";
const READY: &[u8] = b"ready";

/// Whether this process is the child.
pub fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

/// Starts the child with the same arguments. Succeeds when it is ready, and fails as it fails.
pub fn start_child() -> io::Result<ExitCode> {
    let (mut ready, tell) = pipe()?;
    let mut child = Command::new(env::current_exe()?)
        .args(env::args_os().skip(1))
        .env(CHILD, "1")
        .stdin(Stdio::null())
        .stdout(tell)
        .spawn()?;
    let mut told = Vec::new();
    ready.read_to_end(&mut told)?;
    if told.ends_with(READY) {
        return Ok(ExitCode::SUCCESS);
    }
    let status = child.wait()?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}

/// In the child: leaves the session of the terminal, so that closing that does not end the daemon.
pub fn leave_terminal() -> io::Result<()> {
    rustix::process::setsid()?;
    Ok(())
}

/// In the child: tells the parent that the node is ready, and lets go of its input and outputs.
pub fn tell_ready() -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(READY)?;
    out.flush()?;
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    Ok(())
}
