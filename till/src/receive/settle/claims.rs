//! Payments that are being taken: from the moment that it is decided until it is on file that the money is ours.
//!
//! Whoever tells that an invoice has expired for good looks here first.

use boltill_types::PaymentHash;
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How long a claim is waited for. It takes a disk sync or two; or it never comes, because the payment had timed out on its way.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(crate) struct Claims {
    under_way: Mutex<HashSet<PaymentHash>>,
    ended: Notify,
}

impl Claims {
    /// It is about to be decided whether a payment is taken. To be called before the clock is looked at for that.
    pub(super) fn begin(&self, hash: PaymentHash) {
        self.lock().insert(hash);
    }

    /// It is not taken, or it is on file as ours.
    pub(super) fn end(&self, hash: PaymentHash) {
        if self.lock().remove(&hash) {
            self.ended.notify_waiters();
        }
    }

    /// Waits until no payment of that hash is being taken.
    pub(crate) async fn ended(&self, hash: PaymentHash) {
        let over = async {
            loop {
                let ended = self.ended.notified();
                if !self.lock().contains(&hash) {
                    break;
                }
                ended.await;
            }
        };
        if tokio::time::timeout(PATIENCE, over).await.is_err() {
            self.end(hash);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<PaymentHash>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
