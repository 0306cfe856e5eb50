//! The mempool's file: what was unconfirmed when the process ended, so that a restart loses nothing (bitcoind's
//! `mempool.dat`, in a format of its own).

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bitcoin::Transaction;
use bitcoin::consensus::{deserialize, serialize};

use super::mempool::Mempool;

const FILE: &str = "mempool.dat";

/// Writes the mempool's transactions, parents first.
///
/// # Errors
/// What the file system says.
pub(super) fn save(dir: &Path, pool: &Mempool) -> io::Result<()> {
    let txs: Vec<Transaction> = pool.iter().map(|entry| Transaction::clone(&entry.tx)).collect();
    let unfinished = dir.join("mempool.tmp");
    fs::write(&unfinished, serialize(&txs))?;
    fs::rename(&unfinished, dir.join(FILE))
}

/// Reads them again. A file that is missing or damaged is an empty mempool: its transactions were never promised.
pub(super) fn load(dir: &Path) -> Vec<Arc<Transaction>> {
    let bytes = fs::read(dir.join(FILE)).unwrap_or_default();
    let txs: Vec<Transaction> = deserialize(&bytes).unwrap_or_default();
    txs.into_iter().map(Arc::new).collect()
}
