//! SIGINT and SIGTERM.

use crate::network::NetworkError;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Notices the signals that ask a program to end, from the moment it is made.
#[derive(Debug)]
pub(crate) struct Interrupt {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupt {
    pub(crate) fn listen() -> Result<Self, NetworkError> {
        let listen = |kind| {
            signal(kind).map_err(|source| NetworkError::System {
                what: "a signal handler",
                source,
            })
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for either.
    pub(crate) async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
