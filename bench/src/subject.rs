//! A node that is measured.

use crate::BenchError;
use boltill::Client;
use boltill_bench::process::Process;

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
        Process::of(stream.peer_cred().ok()?.pid()?)
    }
}

/// The memory that a node occupies.
pub async fn resident_bytes(subject: &Subject) -> Result<u64, BenchError> {
    let process = subject.process().await;
    process
        .and_then(|process| process.resident_bytes())
        .ok_or(BenchError::Process)
}
