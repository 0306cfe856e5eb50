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
            () = tokio::time::sleep(nap) => {
                if nap == NAP {
                    self.forget();
                }
            }
            // Who looks up tells the task too, also when that is the task: were that forgotten, it would look up without end.
            () = self.sooner.notified() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn what_the_task_looked_up_itself_does_not_keep_it_awake() {
        let expiry = Expiry::default();
        let now = UnixSeconds::now();
        assert!(expiry.is_due(now), "one may be");
        expiry.look_up();
        expiry.expires(UnixSeconds(now.0 + 3_600));
        let began = Instant::now();
        expiry.sleep().await;
        assert!(!expiry.is_due(now), "there is nothing to look up");
        expiry.sleep().await;
        assert_eq!(began.elapsed(), NAP);
        assert!(expiry.is_due(now), "after a long time one may be");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_due_sooner_wakes_the_task() {
        let expiry = Expiry::default();
        let now = UnixSeconds::now();
        expiry.look_up();
        let began = Instant::now();
        let file = async {
            tokio::task::yield_now().await;
            expiry.expires(UnixSeconds(now.0 + 30));
        };
        tokio::join!(expiry.sleep(), file);
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
