//! A node that is measured, and what its process costs meanwhile.

use crate::BenchError;
use boltill::Client;
use std::time::Duration;

/// A node that speaks Core Lightning's JSON-RPC on a Unix socket, and another one that it can pay.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What it is called in the results.
    pub name: &'static str,
    /// The node that is measured; in payments it is the payer.
    pub node: Client,
    /// Who is paid.
    pub payee: Option<Client>,
}

impl Subject {
    /// The process behind the socket, if it is on this machine and may be looked at.
    pub async fn process(&self) -> Option<Process> {
        let stream = tokio::net::UnixStream::connect(self.node.socket()).await.ok()?;
        let pid = stream.peer_cred().ok()?.pid()?;
        procfs::process::Process::new(pid).ok().map(Process)
    }
}

/// A process that is watched.
pub struct Process(procfs::process::Process);

impl Process {
    /// This very process.
    pub fn myself() -> Option<Process> {
        procfs::process::Process::myself().ok().map(Process)
    }

    /// What it has computed so far, in user mode and in the kernel.
    pub fn cpu(&self) -> Option<Duration> {
        let stat = self.0.stat().ok()?;
        let ticks = stat.utime + stat.stime;
        Some(Duration::from_secs_f64(
            ticks as f64 / procfs::ticks_per_second() as f64,
        ))
    }

    /// The memory that it occupies.
    pub fn resident_bytes(&self) -> Option<u64> {
        self.0.status().ok()?.vmrss.map(|kibibytes| kibibytes * 1024)
    }
}

/// The memory that a node occupies.
pub async fn resident_bytes(subject: &Subject) -> Result<u64, BenchError> {
    let process = subject.process().await;
    process
        .and_then(|process| process.resident_bytes())
        .ok_or(BenchError::Process)
}
