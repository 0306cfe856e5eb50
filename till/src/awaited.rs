//! Who waits for what to come over the network.
//!
//! Only in memory: what comes ends a wait and changes nothing.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// How many may wait at a time. Whoever comes when there are more is told of nothing, and waits until the time is over.
const MOST: usize = 10_000;

/// Those who wait, each for something of its own.
pub(crate) struct Awaited<K, T>(Mutex<HashMap<K, oneshot::Sender<T>>>);

/// Somebody's wait, which ends when this is dropped.
pub(crate) struct Waiting<'a, K: Eq + Hash, T> {
    among: &'a Awaited<K, T>,
    key: K,
    come: oneshot::Receiver<T>,
}

impl<K, T> Default for Awaited<K, T> {
    fn default() -> Awaited<K, T> {
        Awaited(Mutex::default())
    }
}

impl<K: Eq + Hash + Copy, T> Awaited<K, T> {
    /// Waits for what will come by that name, which nobody else knows yet.
    pub(crate) fn expect(&self, key: K) -> Waiting<'_, K, T> {
        let (told, come) = oneshot::channel();
        let mut waiting = self.lock();
        if waiting.len() < MOST {
            waiting.insert(key, told);
        }
        Waiting {
            among: self,
            key,
            come,
        }
    }

    /// Whether somebody waits for that.
    pub(crate) fn is_expected(&self, key: &K) -> bool {
        self.lock().contains_key(key)
    }

    /// Tells whoever waits for it. What comes later by that name is told to nobody.
    pub(crate) fn tell(&self, key: &K, what: T) {
        if let Some(told) = self.lock().remove(key) {
            // Whoever waited may be gone.
            let _ = told.send(what);
        }
    }
}

impl<K: Eq + Hash, T> Awaited<K, T> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, oneshot::Sender<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, T> Waiting<'_, K, T> {
    /// What has come, when it does.
    pub(crate) async fn come(&mut self) -> T {
        match (&mut self.come).await {
            Ok(what) => what,
            Err(_) => std::future::pending().await,
        }
    }
}

impl<K: Eq + Hash, T> Drop for Waiting<'_, K, T> {
    fn drop(&mut self) {
        self.among.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_comes_finds_who_waits_for_it_and_nobody_else() {
        let awaited = Awaited::<u8, &str>::default();
        awaited.tell(&1, "too early");
        let (mut first, second) = (awaited.expect(1), awaited.expect(2));
        awaited.tell(&1, "in time");
        awaited.tell(&1, "too late");
        assert_eq!(first.come().await, "in time");
        assert!(!awaited.is_expected(&1) && awaited.is_expected(&2));
        drop((first, second));
        assert!(awaited.lock().is_empty());
    }
}
