//! Why the ledger cannot go on, told to whoever waits for that.

use crate::error::LedgerError;
use tokio::sync::watch;

/// A failure that may come, once and for good.
pub(crate) struct Failure(watch::Sender<Option<LedgerError>>);

impl Default for Failure {
    fn default() -> Self {
        Failure(watch::Sender::new(None))
    }
}

impl Failure {
    /// It has come.
    pub(crate) fn tell(&self, error: LedgerError) {
        self.0.send_replace(Some(error));
    }

    /// Whether it has come.
    pub(crate) fn is_told(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Resolves when it comes.
    pub(crate) async fn told(&self) -> LedgerError {
        let mut failure = self.0.subscribe();
        let told = failure.wait_for(Option::is_some).await;
        match told.ok().and_then(|failure| failure.clone()) {
            Some(error) => error,
            None => std::future::pending().await,
        }
    }
}
