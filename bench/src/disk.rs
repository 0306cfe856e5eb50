//! What the disk can do: how long one small write takes until it is durable.

use crate::{BenchError, load};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// A page of the ledger's log.
const PAGE: [u8; 4096] = [0x5a; 4096];
/// How many pages the file has that is only written within.
const PAGES: u64 = 4_096;

/// Pages that are made durable one after another.
#[derive(Clone, Copy, Debug)]
pub struct Syncs {
    /// What half of the pages took at most, with their fdatasync.
    pub p50_ms: f64,
    /// How many there were a second.
    pub per_second: f64,
}

/// What the disk can do.
#[derive(Clone, Copy, Debug)]
pub struct Disk {
    /// Where each page makes the file longer, so that its length must be written as well.
    pub appended: Syncs,
    /// Where the file has been as long before.
    pub within: Syncs,
}

/// Measures both in this folder, each for so long.
pub fn measure(folder: &Path, duration: Duration) -> Result<Disk, BenchError> {
    let path = folder.join("bench-fdatasync");
    let both = || {
        let appended = appended(&path, duration)?;
        let within = within(&path, duration)?;
        fs::remove_file(&path)?;
        Ok(Disk { appended, within })
    };
    both().map_err(BenchError::file(&path))
}

fn appended(path: &Path, duration: Duration) -> io::Result<Syncs> {
    let mut file = File::create(path)?;
    one_after_another(duration, |_| {
        file.write_all(&PAGE)?;
        file.sync_data()
    })
}

fn within(path: &Path, duration: Duration) -> io::Result<Syncs> {
    let mut file = File::create(path)?;
    // Page by page, as the ledger lengthens its log: written at once, they would lie in large pieces of the kernel's cache.
    for _ in 0..PAGES {
        file.write_all(&[0; PAGE.len()])?;
    }
    file.sync_all()?;
    one_after_another(duration, |number| {
        file.write_all_at(&PAGE, number % PAGES * PAGE.len() as u64)?;
        file.sync_data()
    })
}

/// Makes such writes, which are told their number, for so long.
fn one_after_another(duration: Duration, mut write: impl FnMut(u64) -> io::Result<()>) -> io::Result<Syncs> {
    let started = Instant::now();
    let mut latencies = Vec::new();
    while started.elapsed() < duration {
        let began = Instant::now();
        write(latencies.len() as u64)?;
        latencies.push(began.elapsed());
    }
    let per_second = latencies.len() as f64 / started.elapsed().as_secs_f64();
    latencies.sort_unstable();
    Ok(Syncs {
        p50_ms: load::percentile_ms(&latencies, 0.5),
        per_second,
    })
}
