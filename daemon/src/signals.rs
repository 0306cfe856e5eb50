//! What the system asks of the process: SIGTERM and SIGINT to stop, SIGHUP to open the logs anew. SIGXFSZ, by which it would kill
//! the process for a file that has grown to the limit (`ulimit -f`), is ignored: the write fails then, as on a full disk, and
//! whoever wrote says what that means.

use crate::logging::Log;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Listens from now on, until the daemon stops.
pub fn listen(shutdown: CancellationToken, log: Log) -> io::Result<()> {
    // Being handled keeps it from killing, even when nobody listens.
    drop(signal(SignalKind::from_raw(
        rustix::process::Signal::XFSZ.as_raw(),
    ))?);
    let signals = Signals {
        terminate: signal(SignalKind::terminate())?,
        interrupt: signal(SignalKind::interrupt())?,
        hang_up: signal(SignalKind::hangup())?,
    };
    tokio::spawn(signals.obey(shutdown, log));
    Ok(())
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    async fn obey(mut self, shutdown: CancellationToken, log: Log) {
        let signal = loop {
            tokio::select! {
                _ = self.terminate.recv() => break "SIGTERM",
                _ = self.interrupt.recv() => break "SIGINT",
                _ = self.hang_up.recv() => reopen(&log),
                () = shutdown.cancelled() => return,
            }
        };
        tracing::info!("stopping: asked to by {signal}");
        shutdown.cancel();
    }
}

fn reopen(log: &Log) {
    match log.reopen() {
        Ok(()) => tracing::info!("opened the logs anew, as SIGHUP asks"),
        Err(error) => tracing::error!("{error}; logging goes on as before"),
    }
}
