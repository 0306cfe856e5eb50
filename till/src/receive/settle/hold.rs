//! The developer's hold: payments that have arrived and wait, so that tests can have HTLCs in flight.
//!
//! It is in memory alone. After a restart the payments that were held are known to LDK only, which sends them back by
//! itself before their time runs out on the chain.

use crate::Till;
use boltill_ledger::LedgerError;
use boltill_node::IncomingPayment;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Default)]
pub(crate) struct Hold(Mutex<State>);

#[derive(Default)]
struct State {
    on: bool,
    held: Vec<IncomingPayment>,
}

impl Hold {
    /// Keeps a payment while the hold is on, and gives it back otherwise.
    pub(crate) fn pass(&self, payment: IncomingPayment) -> Option<IncomingPayment> {
        let mut state = self.state();
        if !state.on {
            return Some(payment);
        }
        // An event may be told twice.
        state
            .held
            .retain(|held| held.payment_hash != payment.payment_hash);
        state.held.push(payment);
        None
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Till {
    /// From now on keeps what is paid to us, neither claiming nor failing it. Answers how many payments are held.
    pub fn hold_payments(&self) -> usize {
        let mut state = self.inner.hold.state();
        state.on = true;
        state.held.len()
    }

    /// Ends the hold, and decides on what was held as if it arrived now. Answers how many payments those were.
    ///
    /// # Errors
    /// When the ledger fails; what is not decided by then is held on, until this is called again.
    pub async fn release_payments(&self) -> Result<usize, LedgerError> {
        let mut held = {
            let mut state = self.inner.hold.state();
            state.on = false;
            std::mem::take(&mut state.held)
        };
        let count = held.len();
        while let Some(payment) = held.first() {
            if let Err(error) = self.settle(payment.clone()).await {
                self.inner.hold.state().held.append(&mut held);
                return Err(error);
            }
            held.remove(0);
        }
        Ok(count)
    }
}
