//! A closed loop of calls: each worker begins again when it has its answer.

use crate::BenchError;
use crate::subject::Subject;
use boltill::{Answer, CallError, Client, Connection, Message};
use boltill_bench::process::Process;
use serde::Serialize;
use std::future::Future;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What a load has shown.
#[derive(Clone, Debug, Serialize)]
pub struct Load {
    /// How many turns were taken.
    pub turns: usize,
    /// How many of them a second.
    pub per_second: f64,
    /// What half of them took at most.
    pub p50_ms: f64,
    /// What 99 of 100 took at most.
    pub p99_ms: f64,
    /// What the slowest took.
    pub max_ms: f64,
    /// What the node computed for each.
    pub node_cpu_us: Option<f64>,
    /// What this program computed for each.
    pub bench_cpu_us: Option<f64>,
}

/// Somebody who does the same thing over and over.
pub trait Worker: Send + 'static {
    /// Does it once; `label` is like no other.
    fn turn(&mut self, label: String) -> impl Future<Output = Result<(), BenchError>> + Send;
}

/// Has all of them work at once for so long.
pub async fn run(
    subject: &Subject,
    workers: Vec<impl Worker>,
    duration: Duration,
) -> Result<Load, BenchError> {
    run_while(subject, workers, move |started| started.elapsed() < duration).await
}

/// Has all of them work at once while this is so; it is told when they began.
pub async fn run_while(
    subject: &Subject,
    workers: Vec<impl Worker>,
    go_on: impl Fn(Instant) -> bool + Clone + Send + 'static,
) -> Result<Load, BenchError> {
    // Labels must be new in every run, also against a node that was measured before.
    let run = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_micros();
    let (node, bench) = (subject.process().await, Process::myself());
    let cpu = |process: &Option<Process>| process.as_ref().and_then(Process::cpu);
    let (node_before, bench_before) = (cpu(&node), cpu(&bench));
    let started = Instant::now();
    let tasks = workers.into_iter().enumerate().map(|(number, mut worker)| {
        let go_on = go_on.clone();
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            while go_on(started) {
                let label = format!("bench-{run}-{number}-{}", latencies.len());
                let began = Instant::now();
                worker.turn(label).await?;
                latencies.push(began.elapsed());
            }
            Ok::<_, BenchError>(latencies)
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    let elapsed = started.elapsed();
    latencies.sort_unstable();
    let each = |before: Option<Duration>, after: Option<Duration>| {
        Some((after? - before?).as_secs_f64() * 1e6 / latencies.len().max(1) as f64)
    };
    Ok(Load {
        turns: latencies.len(),
        per_second: latencies.len() as f64 / elapsed.as_secs_f64(),
        p50_ms: percentile_ms(&latencies, 0.5),
        p99_ms: percentile_ms(&latencies, 0.99),
        max_ms: percentile_ms(&latencies, 1.0),
        node_cpu_us: each(node_before, cpu(&node)),
        bench_cpu_us: each(bench_before, cpu(&bench)),
    })
}

/// The latency that this share of the turns, which are sorted, stayed below.
pub fn percentile_ms(latencies: &[Duration], share: f64) -> f64 {
    let at = (latencies.len() as f64 * share) as usize;
    let last = latencies.len().saturating_sub(1);
    let latency = latencies.get(at.min(last)).copied().unwrap_or_default();
    latency.as_secs_f64() * 1_000.0
}

/// So many connections to a node.
pub async fn connections(client: &Client, count: usize) -> Result<Vec<Connection>, CallError> {
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        all.push(client.connect().await?);
    }
    Ok(all)
}

/// Makes a call whose answer nobody reads further than to whether it is an error.
pub async fn call(
    connection: &mut Connection,
    method: &str,
    params: impl Serialize,
) -> Result<(), BenchError> {
    connection.send(method, params, None).await?;
    loop {
        if let Message::Answer { answer, .. } = connection.receive().await? {
            return match answer {
                Answer::Result(_) => Ok(()),
                Answer::Error(_) => Ok(answer.into_value().map(drop)?),
            };
        }
    }
}
