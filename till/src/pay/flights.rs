//! Who waits for which payment, and how its parts fare.
//!
//! Only in memory: what a payment came to is on file, and after a restart nobody waits.

use super::{Paid, PayError, outcome};
use boltill_ledger::{Payment, PaymentId};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The payments that were begun since the start and are not over.
#[derive(Default)]
pub(crate) struct Flights(Mutex<HashMap<[u8; 32], Flight>>);

struct Flight {
    failed_parts: u64,
    successful_parts: u64,
    landed: oneshot::Sender<Result<Paid, PayError>>,
}

/// The end of a payment, when it comes.
pub(crate) type Landing = oneshot::Receiver<Result<Paid, PayError>>;

impl Flights {
    /// A payment is about to be begun. Whoever calls this before sending misses no event.
    pub(super) fn depart(&self, id: PaymentId) -> Landing {
        let (landed, landing) = oneshot::channel();
        self.lock().insert(
            id.0,
            Flight {
                failed_parts: 0,
                successful_parts: 0,
                landed,
            },
        );
        landing
    }

    /// The payment was not begun after all.
    pub(super) fn cancel(&self, id: PaymentId) {
        self.lock().remove(&id.0);
    }

    /// The payment is over, and that is on file.
    pub(super) fn land(&self, payment: Payment) {
        if let Some(flight) = self.lock().remove(&payment.payment_id.0) {
            let outcome = outcome(payment, flight.failed_parts, flight.successful_parts);
            // Whoever waited may have hung up.
            let _ = flight.landed.send(outcome);
        }
    }

    pub(crate) fn part_failed(&self, id: boltill_node::PaymentId) {
        if let Some(flight) = self.lock().get_mut(&id.0) {
            flight.failed_parts += 1;
        }
    }

    pub(crate) fn part_succeeded(&self, id: boltill_node::PaymentId) {
        if let Some(flight) = self.lock().get_mut(&id.0) {
            flight.successful_parts += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Flight>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
