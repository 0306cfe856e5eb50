//! A closed loop of calls: each worker begins again when it has its answer.

use crate::BenchError;
use boltill::{CallError, Client, Connection};
use serde_json::json;
use std::future::Future;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What a load has shown.
pub struct Load {
    /// How long it lasted.
    pub elapsed: Duration,
    /// How long each turn took, sorted.
    pub latencies: Vec<Duration>,
}

impl Load {
    /// The latency that this share of the turns stayed below.
    pub fn percentile(&self, share: f64) -> Duration {
        let at = (self.latencies.len() as f64 * share) as usize;
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get(at.min(last)).copied().unwrap_or_default()
    }
}

/// Somebody who does the same thing over and over.
pub trait Worker: Send + 'static {
    /// Does it once; `label` is like no other.
    fn turn(&mut self, label: String) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// Has all of them work at once for so long.
pub async fn run(workers: Vec<impl Worker>, duration: Duration) -> Result<Load, BenchError> {
    // Labels must be new in every run, also against a node that was measured before.
    let run = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_micros();
    let started = Instant::now();
    let tasks = workers.into_iter().enumerate().map(|(number, mut worker)| {
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            while started.elapsed() < duration {
                let label = format!("bench-{run}-{number}-{}", latencies.len());
                let began = Instant::now();
                worker.turn(label).await?;
                latencies.push(began.elapsed());
            }
            Ok::<_, CallError>(latencies)
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    let elapsed = started.elapsed();
    latencies.sort_unstable();
    Ok(Load { elapsed, latencies })
}

/// Makes invoices.
pub struct Invoices(Connection);

impl Invoices {
    /// So many workers, each with a connection.
    pub async fn workers(client: &Client, workers: usize) -> Result<Vec<Invoices>, CallError> {
        let mut all = Vec::new();
        for _ in 0..workers {
            all.push(Invoices(client.connect().await?));
        }
        Ok(all)
    }
}

impl Worker for Invoices {
    async fn turn(&mut self, label: String) -> Result<(), CallError> {
        let params = json!({"amount_msat": 10_000, "label": label, "description": "benchmark"});
        self.0.call("invoice", params).await.map(drop)
    }
}

/// Makes a code at one node, and collects it at another: a turn ends when the payee has the money.
pub struct Payouts {
    payer: Connection,
    payee: Connection,
}

impl Payouts {
    /// So many workers, each with a connection to both nodes.
    pub async fn workers(payer: &Client, payee: &Client, workers: usize) -> Result<Vec<Payouts>, CallError> {
        let mut all = Vec::new();
        for _ in 0..workers {
            all.push(Payouts {
                payer: payer.connect().await?,
                payee: payee.connect().await?,
            });
        }
        Ok(all)
    }
}

impl Worker for Payouts {
    async fn turn(&mut self, label: String) -> Result<(), CallError> {
        let params = json!({"amount": 1_000, "description": "benchmark"});
        let code = self.payer.call("invoicerequest", params).await?;
        let params = json!({"invreq": code["bolt12"], "label": label});
        self.payee.call("sendinvoice", params).await.map(drop)
    }
}
