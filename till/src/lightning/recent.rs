//! A list that takes time to make, made anew as often as that takes a small part of the time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A list is used for so many times as long as it took to make it.
const TIMES: u32 = 20;
/// And never for longer than this, whatever kept its making.
const LONGEST: Duration = Duration::from_millis(50);

/// The list as it was a moment ago.
pub(super) struct Recent<T> {
    made: Mutex<Option<Made<T>>>,
}

struct Made<T> {
    list: Arc<[T]>,
    good_until: Instant,
}

impl<T> Default for Recent<T> {
    fn default() -> Recent<T> {
        Recent {
            made: Mutex::default(),
        }
    }
}

impl<T> Recent<T> {
    /// The list, which is made if that was not only just done. Who comes meanwhile waits for it.
    pub(super) fn get(&self, make: impl FnOnce() -> Vec<T>) -> Arc<[T]> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let began = Instant::now();
        if let Some(recent) = made.as_ref().filter(|recent| began < recent.good_until) {
            return Arc::clone(&recent.list);
        }
        let list: Arc<[T]> = make().into();
        let now = Instant::now();
        let good_until = now + (now.duration_since(began) * TIMES).min(LONGEST);
        *made = Some(Made {
            list: Arc::clone(&list),
            good_until,
        });
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_made_again_once_it_is_older_than_its_making_allows() {
        let recent = Recent::default();
        let make = || (0..1_000).map(|_| Instant::now()).collect::<Vec<_>>();
        let (first, mut next) = (recent.get(make), recent.get(make));
        // Ends when the clock says so.
        while Arc::ptr_eq(&first, &next) {
            next = recent.get(make);
        }
        let (making, age) = (first[999] - first[0], next[0] - first[999]);
        assert!(age >= (making * TIMES).min(LONGEST), "{age:?} after {making:?}");
    }
}
