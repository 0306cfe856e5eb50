//! What a process costs.

use std::time::Duration;

/// A process that is watched.
pub struct Process(procfs::process::Process);

impl Process {
    /// The one with this id, if it is on this machine and may be looked at.
    pub fn of(pid: i32) -> Option<Process> {
        procfs::process::Process::new(pid).ok().map(Process)
    }

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
