//! Filling a ledger, by its own crate: the way over the socket would take hours.

use crate::BenchError;
use bitcoin::Network;
use boltill_bench::sample::{self, Mixture};
use boltill_ledger::{IndexKind, Ledger, Subsystem};
use boltill_types::{Msat, UnixSeconds};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::task::JoinSet;

/// How many are filed at once, and share a disk sync.
const AT_ONCE: usize = 1_024;
/// How many expired ones are marked in one transaction.
const BATCH: u32 = 500;

/// Files so many more invoices in the ledger at `path`; nobody else may have it open. Gives the last updated_index.
pub async fn fill(path: &Path, count: u64, mixture: Mixture) -> Result<u64, BenchError> {
    let ledger = Arc::new(Ledger::open(path, Network::Regtest)?);
    let before = ledger.current_index(Subsystem::Invoices, IndexKind::Created);
    let began = Instant::now();
    let next = Arc::new(AtomicU64::new(before));
    let end = before + count;
    let mut tasks = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (ledger, next) = (Arc::clone(&ledger), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= end {
                    return Ok::<_, BenchError>(());
                }
                file(&ledger, number, mixture).await?;
                let filed = number + 1 - before;
                if filed.is_multiple_of(1_000_000) {
                    eprintln!("{filed} of {count} invoices are filed");
                }
            }
        });
    }
    while let Some(filled) = tasks.join_next().await {
        filled??;
    }
    if matches!(mixture, Mixture::Mixed) {
        while ledger.expire_due_invoices(UnixSeconds::now(), BATCH).await? == BATCH {}
    }
    eprintln!("{count} invoices filed in {:.0} s", began.elapsed().as_secs_f64());
    let updated = ledger.current_index(Subsystem::Invoices, IndexKind::Updated);
    ledger.close();
    Ok(updated)
}

async fn file(ledger: &Ledger, number: u64, mixture: Mixture) -> Result<(), BenchError> {
    let invoice = sample::invoice(number, mixture)?;
    let payment_hash = invoice.payment_hash;
    ledger.create_invoice(invoice).await?;
    if let (Mixture::Mixed, 0) = (mixture, number % 3) {
        ledger
            .settle_invoice(payment_hash, Msat(10_000), UnixSeconds::now())
            .await?;
    }
    Ok(())
}
