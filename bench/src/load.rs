//! A closed loop of calls: each connection sends its next request when it has its answer.

use crate::BenchError;
use boltill::{CallError, Client, Connection};
use serde_json::json;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What a load has shown.
pub struct Load {
    /// How long it lasted.
    pub elapsed: Duration,
    /// How long each call took, sorted.
    pub latencies: Vec<Duration>,
}

impl Load {
    /// The latency that this share of the calls stayed below.
    pub fn percentile(&self, share: f64) -> Duration {
        let at = (self.latencies.len() as f64 * share) as usize;
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get(at.min(last)).copied().unwrap_or_default()
    }
}

/// Creates invoices over so many connections.
pub async fn invoices(client: &Client, connections: usize, duration: Duration) -> Result<Load, BenchError> {
    // Labels must be new in every run, also against a node that was measured before.
    let run = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_micros();
    let started = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move {
                let mut connection = client.connect().await?;
                let mut latencies = Vec::new();
                while started.elapsed() < duration {
                    let label = format!("bench-{run}-{number}-{}", latencies.len());
                    let began = Instant::now();
                    invoice(&mut connection, &label).await?;
                    latencies.push(began.elapsed());
                }
                Ok::<_, CallError>(latencies)
            })
        })
        .collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    let elapsed = started.elapsed();
    latencies.sort_unstable();
    Ok(Load { elapsed, latencies })
}

async fn invoice(connection: &mut Connection, label: &str) -> Result<(), CallError> {
    let params = json!({"amount_msat": 10_000, "label": label, "description": "benchmark"});
    connection.call("invoice", params).await.map(drop)
}
