//! What the disk can do: how often it makes one small write durable.

use crate::BenchError;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// The size of a page of the ledger's log.
const WRITE: [u8; 4096] = [0x5a; 4096];

/// How many times a second an appended page can be made durable, one after another.
pub fn syncs_per_second(folder: &Path, duration: Duration) -> Result<f64, BenchError> {
    let path = folder.join("bench-fdatasync");
    measure(&path, duration).map_err(BenchError::file(&path))
}

fn measure(path: &Path, duration: Duration) -> io::Result<f64> {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .open(path)?;
    let started = Instant::now();
    let mut syncs = 0;
    while started.elapsed() < duration {
        file.write_all(&WRITE)?;
        file.sync_data()?;
        syncs += 1;
    }
    let rate = f64::from(syncs) / started.elapsed().as_secs_f64();
    fs::remove_file(path)?;
    Ok(rate)
}
