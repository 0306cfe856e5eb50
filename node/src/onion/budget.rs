//! How many messages of a kind are let through.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many at once, and so many a second from then on (a leaky bucket, which remembers only when it will be empty again).
pub(super) struct Budget {
    interval: Duration,
    room: Duration,
    empty_at: Mutex<Option<Instant>>,
}

impl Budget {
    pub(super) const fn new(at_once: u32, interval: Duration) -> Budget {
        Budget {
            interval,
            room: interval.saturating_mul(at_once),
            empty_at: Mutex::new(None),
        }
    }

    /// Whether nothing of it is spent.
    pub(super) fn is_full(&self, now: Instant) -> bool {
        let empty_at = *self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        empty_at.is_none_or(|empty| empty <= now)
    }

    /// Whether there is one more; it is spent then.
    pub(super) fn take(&self, now: Instant) -> bool {
        let mut empty_at = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        let filled = empty_at.map_or(now, |empty| empty.max(now)) + self.interval;
        let fits = filled.saturating_duration_since(now) <= self.room;
        if fits {
            *empty_at = Some(filled);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_comes_back_one_by_one_up_to_the_limit() {
        let second = Duration::from_secs(1);
        let budget = Budget::new(3, second);
        let start = Instant::now();
        let spend = |now| {
            std::iter::repeat_with(|| budget.take(now))
                .take(10)
                .filter(|&had| had)
                .count()
        };
        assert_eq!(spend(start), 3);
        assert_eq!(spend(start), 0);
        assert_eq!(spend(start + second), 1);
        assert_eq!(spend(start + second * 3), 2);
        assert_eq!(spend(start + second * 100), 3);
    }
}
