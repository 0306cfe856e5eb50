//! Takes the processes of a network down when the process that started them dies without doing so.
//!
//! The guard is one more process. It is told of every other one over a pipe; when the pipe closes, because its owner
//! has died or is done, it kills those it has not been told the end of. This works on every Unix and for every way of
//! dying.

use super::{NetworkError, programs};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// The subcommand of `boltill-devnet` under which the guard runs.
const SUBCOMMAND: &str = "guard";

/// Kill the processes of a network when standard input closes; `boltill-devnet` itself starts this.
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub struct Options {}

/// The owner's end of the guard; dropping it ends the guard.
#[derive(Debug)]
pub(crate) struct Guard {
    child: Child,
    pipe: Mutex<Option<ChildStdin>>,
}

impl Guard {
    /// Starts a guard that watches over nothing yet.
    pub(crate) fn start() -> Result<Self, NetworkError> {
        let program = programs::devnet()?;
        let mut child = Command::new(&program)
            .arg(SUBCOMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C on the terminal is for the owner alone.
            .process_group(0)
            .spawn()
            .map_err(|source| NetworkError::Start { program, source })?;
        let pipe = Mutex::new(child.stdin.take());
        Ok(Self { child, pipe })
    }

    /// Has a process watched over.
    pub(crate) fn add(&self, pid: u32) {
        self.tell('+', pid);
    }

    /// A process has ended, and its number may belong to another soon.
    pub(crate) fn remove(&self, pid: u32) {
        self.tell('-', pid);
    }

    fn tell(&self, sign: char, pid: u32) {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        // A guard that somebody has killed is no reason to stop.
        let _ = pipe.as_mut().map(|pipe| writeln!(pipe, "{sign}{pid}"));
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.pipe.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ = self.child.wait();
    }
}

/// What the guard's process does: reads until `told` closes, then kills what is left.
pub fn run(told: impl BufRead) -> io::Result<()> {
    let mut alive = BTreeSet::new();
    for line in told.lines() {
        let line = line?;
        match (
            line.strip_prefix('+').map(str::parse::<i32>),
            line.strip_prefix('-').map(str::parse),
        ) {
            (Some(Ok(pid)), _) => _ = alive.insert(pid),
            (_, Some(Ok(pid))) => _ = alive.remove(&pid),
            _ => {}
        }
    }
    for pid in alive.into_iter().filter_map(Pid::from_raw) {
        // It may have ended since.
        let _ = kill_process(pid, Signal::KILL);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn what_has_not_ended_is_killed_when_the_pipe_closes() {
        let sleep = || Command::new("sleep").arg("600").spawn().unwrap();
        let (mut left, mut ended) = (sleep(), sleep());
        let told = format!("+{}\n+{}\n-{}\n", left.id(), ended.id(), ended.id());
        run(told.as_bytes()).unwrap();
        assert_eq!(left.wait().unwrap().signal(), Some(Signal::KILL.as_raw()));
        assert!(ended.try_wait().unwrap().is_none());
        ended.kill().unwrap();
        ended.wait().unwrap();
    }
}
