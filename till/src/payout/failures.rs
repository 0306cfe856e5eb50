//! Payments that fail leave nothing behind but a row on file. Whoever has seen a code could fill the disk with such rows, by invoices that
//! nobody can pay; so each request is granted only so many failures at a time.

use boltill_types::InvreqId;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many failures a request is granted at once, and how fast more of them.
const GRANTED: u32 = 100;
const INTERVAL: Duration = Duration::from_secs(10);

/// The requests for which payments have failed of late.
#[derive(Default)]
pub(crate) struct Failures(Mutex<HashMap<InvreqId, Failed>>);

#[derive(Clone, Copy)]
struct Failed {
    count: u32,
    counted_at: Instant,
}

impl Failed {
    /// What is left of it by now.
    fn at(self, now: Instant) -> Failed {
        let passed = now.saturating_duration_since(self.counted_at);
        let forgiven = u32::try_from(passed.as_secs() / INTERVAL.as_secs()).unwrap_or(u32::MAX);
        Failed {
            count: self.count.saturating_sub(forgiven),
            counted_at: self.counted_at + INTERVAL * forgiven.min(self.count),
        }
    }
}

impl Failures {
    /// A payment for that request has failed.
    pub(super) fn count(&self, id: InvreqId, now: Instant) {
        let mut failures = self.lock();
        failures.retain(|_, failed| failed.at(now).count > 0);
        let failed = failures.get(&id).map(|failed| failed.at(now));
        let failed = failed.unwrap_or(Failed {
            count: 0,
            counted_at: now,
        });
        let count = failed.count.saturating_add(1);
        failures.insert(id, Failed { count, ..failed });
    }

    /// Whether no more payments are begun for that request for the moment.
    pub(super) fn are_too_many(&self, id: &InvreqId, now: Instant) -> bool {
        let failures = self.lock();
        failures
            .get(id)
            .is_some_and(|failed| failed.at(now).count >= GRANTED)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<InvreqId, Failed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_granted_again_with_time_and_to_each_request_its_own() {
        let (failures, start) = (Failures::default(), Instant::now());
        let (one, other) = (InvreqId([1; 32]), InvreqId([2; 32]));
        for _ in 0..GRANTED {
            assert!(!failures.are_too_many(&one, start));
            failures.count(one, start);
        }
        failures.count(other, start);
        assert!(failures.are_too_many(&one, start + INTERVAL / 2));
        assert!(!failures.are_too_many(&other, start));
        assert!(!failures.are_too_many(&one, start + INTERVAL));
        failures.count(one, start + INTERVAL);
        assert!(failures.are_too_many(&one, start + INTERVAL));
        failures.count(one, start + INTERVAL * 1_000);
        assert_eq!(failures.lock().len(), 1, "what is forgiven takes no room");
    }
}
