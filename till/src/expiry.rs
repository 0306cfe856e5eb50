//! When the next of many things is due, known in memory: so that looking whether one is due costs nothing as long as none is, and a task
//! sleeps until one is.

use boltill_types::UnixSeconds;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// How long the task sleeps at most: the clock may be set, or the ledger written to by somebody else.
const NAP: Duration = Duration::from_secs(60);

/// When the next of them is due.
#[derive(Default)]
pub(crate) struct Expiry {
    /// None is due before this time. Zero at first: one may be.
    next: AtomicU64,
    /// Told when it moves to an earlier time.
    sooner: Notify,
}

impl Expiry {
    /// One has been filed that is due then.
    pub(crate) fn expires(&self, at: UnixSeconds) {
        if self.next.fetch_min(at.0, Ordering::SeqCst) > at.0 {
            self.sooner.notify_one();
        }
    }

    /// Whatever is known of it, one may be due.
    pub(crate) fn forget(&self) {
        self.next.store(0, Ordering::SeqCst);
    }

    /// What is known is about to be looked up. One that is filed meanwhile is either seen by the look-up, or tells its time after this;
    /// either way the earlier time stays.
    pub(crate) fn look_up(&self) {
        self.next.store(u64::MAX, Ordering::SeqCst);
    }

    pub(crate) fn is_due(&self, now: UnixSeconds) -> bool {
        self.next.load(Ordering::SeqCst) <= now.0
    }

    /// Sleeps until the next is due, or may be.
    pub(crate) async fn sleep(&self) {
        let left = self
            .next
            .load(Ordering::SeqCst)
            .saturating_sub(UnixSeconds::now().0);
        let nap = Duration::from_secs(left).min(NAP);
        tokio::select! {
            () = tokio::time::sleep(nap) => {}
            () = self.sooner.notified() => {}
        }
        if nap == NAP {
            self.forget();
        }
    }
}
