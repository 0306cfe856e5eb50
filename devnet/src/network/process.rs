//! One process of a network: a node, or a bitcoind.

use super::guard::Guard;
use super::{NetworkError, failure};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::process::{Child, Command};

/// How long a process may take to end after it was asked to.
const STOP_WITHIN: Duration = Duration::from_secs(120);
/// How much of a log is shown when its process has ended unexpectedly.
const LOG_LINES: usize = 20;

/// A running process, killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    pid: Option<u32>,
    log: PathBuf,
    guard: Arc<Guard>,
}

impl Process {
    /// Starts a program that writes what it has to say at the end of the file `log`.
    pub(crate) fn start(
        name: &str,
        program: &Path,
        arguments: &[OsString],
        log: &Path,
        guard: Arc<Guard>,
    ) -> Result<Self, NetworkError> {
        let file = |source| NetworkError::File {
            path: log.to_owned(),
            source,
        };
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(file)?;
        let errors = output.try_clone().map_err(file)?;
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            // Ctrl-C on the terminal is for the owner, who stops each in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| NetworkError::Start {
                program: program.to_owned(),
                source,
            })?;
        let pid = child.id();
        if let Some(pid) = pid {
            guard.add(pid);
        }
        Ok(Self {
            name: name.to_owned(),
            child,
            pid,
            log: log.to_owned(),
            guard,
        })
    }

    /// Its number.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// Fails if the process has ended by itself.
    pub(crate) fn check(&mut self) -> Result<(), NetworkError> {
        match self.child.try_wait() {
            Ok(Some(status)) => {
                failure::note();
                Err(NetworkError::Ended {
                    name: self.name.clone(),
                    status,
                    log: last_lines(&self.log),
                })
            }
            _ => Ok(()),
        }
    }

    /// Stops it in its tracks, without its knowledge; [`thaw`](Self::thaw) lets it go on.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on after [`freeze`](Self::freeze).
    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = self
            .child
            .id()
            .and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        if let Some(pid) = pid {
            // The only failure is that it has ended already.
            let _ = kill_process(pid, signal);
        }
    }

    /// Kills it at once, as a power cut would, and waits for its end.
    pub(crate) async fn kill(mut self) {
        // The only failure is that it has ended already.
        let _ = self.child.kill().await;
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ended(mut self) -> Option<ExitStatus> {
        self.child.wait().await.ok()
    }

    /// Asks it to end and waits for that; kills it if it takes too long.
    pub(crate) async fn stop(mut self) -> Option<ExitStatus> {
        self.signal(Signal::TERM);
        self.thaw();
        if let Ok(ended) = tokio::time::timeout(STOP_WITHIN, self.child.wait()).await {
            return ended.ok();
        }
        tracing::warn!(
            "{} did not end within {} s and is killed",
            self.name,
            STOP_WITHIN.as_secs()
        );
        self.kill().await;
        None
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        if let Some(pid) = self.pid {
            self.guard.remove(pid);
        }
    }
}

/// The end of a log, or its last panic from the beginning.
fn last_lines(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let end = lines.len().saturating_sub(LOG_LINES);
    let panic = lines.iter().rposition(|line| line.contains("panicked at"));
    let from = panic.map_or(end, |panic| panic.min(end));
    let shown: Vec<&str> = lines[from..].iter().take(LOG_LINES).copied().collect();
    shown.join("\n")
}
