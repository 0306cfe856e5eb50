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
    fn forget(&self) {
        self.next.store(0, Ordering::SeqCst);
    }

    /// What is known is about to be looked up. One that is filed meanwhile is either seen by the look-up, or tells its time after this;
    /// either way the earlier time stays.
    pub(crate) fn look_up(&self) -> LookUp<'_> {
        self.next.store(u64::MAX, Ordering::SeqCst);
        LookUp { of: Some(self) }
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

/// A look-up under way. Dropped before it has found anything, because it failed or whoever wanted it is gone, it leaves word that one may be due.
#[must_use]
pub(crate) struct LookUp<'a> {
    of: Option<&'a Expiry>,
}

impl LookUp<'_> {
    /// The next is due then, as far as is on file.
    pub(crate) fn found(mut self, next: Option<UnixSeconds>) {
        if let Some(expiry) = self.of.take() {
            expiry.expires(next.unwrap_or(UnixSeconds(u64::MAX)));
        }
    }
}

impl Drop for LookUp<'_> {
    fn drop(&mut self) {
        if let Some(expiry) = self.of {
            expiry.forget();
            expiry.sooner.notify_one();
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
        expiry.look_up().found(Some(UnixSeconds(now.0 + 3_600)));
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
        expiry.look_up().found(None);
        let began = Instant::now();
        let file = async {
            tokio::task::yield_now().await;
            expiry.expires(UnixSeconds(now.0 + 30));
        };
        tokio::join!(expiry.sleep(), file);
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_up_that_is_given_up_leaves_nothing_believed_and_wakes_the_task() {
        let expiry = Expiry::default();
        let now = UnixSeconds::now();
        let began = Instant::now();
        let looking = expiry.look_up();
        assert!(!expiry.is_due(now), "somebody else is looking");
        let give_up = async {
            tokio::task::yield_now().await;
            drop(looking);
        };
        tokio::join!(expiry.sleep(), give_up);
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert!(expiry.is_due(now), "one may be");
    }
}
