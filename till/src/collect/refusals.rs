//! Who waits for which invoice to be paid, so that the payer's refusal finds them.
//!
//! Only in memory: a refusal ends a wait and changes nothing.

use super::Refusal;
use boltill_types::PaymentHash;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// How many may wait at a time. Whoever comes when there are more is not told of a refusal, and waits for the money or the end of the time.
const MOST: usize = 10_000;

#[derive(Default)]
pub(crate) struct Refusals(Mutex<HashMap<PaymentHash, oneshot::Sender<Refusal>>>);

/// Somebody's wait for a refusal, which ends when this is dropped.
pub(super) struct Expected<'a> {
    refusals: &'a Refusals,
    hash: PaymentHash,
    refusal: oneshot::Receiver<Refusal>,
}

impl Refusals {
    /// Waits for a refusal of that invoice, which nobody else knows yet.
    pub(super) fn expect(&self, hash: PaymentHash) -> Expected<'_> {
        let (told, refusal) = oneshot::channel();
        let mut waiting = self.lock();
        if waiting.len() < MOST {
            waiting.insert(hash, told);
        }
        Expected {
            refusals: self,
            hash,
            refusal,
        }
    }

    /// Tells whoever waits for that invoice.
    pub(super) fn tell(&self, hash: PaymentHash, refusal: Refusal) {
        if let Some(told) = self.lock().remove(&hash) {
            // Whoever waited may be gone.
            let _ = told.send(refusal);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PaymentHash, oneshot::Sender<Refusal>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Expected<'_> {
    /// The refusal, when one comes.
    pub(super) async fn come(&mut self) -> Refusal {
        match (&mut self.refusal).await {
            Ok(refusal) => refusal,
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for Expected<'_> {
    fn drop(&mut self) {
        self.refusals.lock().remove(&self.hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_refusal_finds_who_waits_and_nobody_else() {
        let refusals = Refusals::default();
        let refusal = Refusal::Unreadable(vec![1]);
        refusals.tell(PaymentHash([1; 32]), refusal.clone());
        let (mut first, second) = (
            refusals.expect(PaymentHash([1; 32])),
            refusals.expect(PaymentHash([2; 32])),
        );
        refusals.tell(PaymentHash([1; 32]), refusal.clone());
        assert_eq!(first.come().await, refusal);
        drop((first, second));
        assert!(refusals.lock().is_empty());
    }
}
