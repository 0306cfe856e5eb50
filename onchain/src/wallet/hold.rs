//! Keeping coins for a transaction before it is made, and knowing of it until it is sent.
//!
//! Between the plan and the transaction the coins are only held, in memory: a restart ends whatever was planned. Once
//! there is a signed transaction it is kept, durably, together with the reservation of its coins. So at a start all that
//! was made and not sent is known, and is either sent or given up; no coin stays reserved for nothing.

use super::spend::RESERVED_FOR;
use super::{BuiltSpend, Spend, SpendError, SpendEstimate, State, Wallet};
use bitcoin::{OutPoint, Transaction};
use std::sync::Arc;

/// Coins that nobody else may spend; they are free again when this is dropped.
pub struct Hold {
    wallet: Arc<Wallet>,
    coins: Vec<OutPoint>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        // Whoever has made a transaction with them has taken them out.
        if !self.coins.is_empty() {
            let coins = std::mem::take(&mut self.coins);
            self.wallet.lock().let_go(&coins);
        }
    }
}

impl Wallet {
    /// What a spend would come to, with its coins kept for it.
    ///
    /// # Errors
    /// As those of [`Wallet::estimate`].
    pub fn plan(self: &Arc<Self>, spend: &Spend) -> Result<(SpendEstimate, Hold), SpendError> {
        let mut state = self.lock();
        let estimate = state.estimate(spend)?;
        state.held.extend(estimate.coins.iter().copied());
        let hold = Hold {
            wallet: Arc::clone(self),
            coins: estimate.coins.clone(),
        };
        Ok((estimate, hold))
    }

    /// [`Wallet::build`] with all the coins that have been kept for it, whatever the spend says about coins.
    ///
    /// # Errors
    /// As those of [`Wallet::build`]; the coins are free again then.
    pub async fn build_held(&self, spend: Spend, mut hold: Hold) -> Result<BuiltSpend, SpendError> {
        let coins = std::mem::take(&mut hold.coins);
        let made = {
            let mut state = self.lock();
            state.let_go(&coins);
            let spend = Spend {
                utxos: Some(coins),
                ..spend
            };
            self.make(&mut state, &spend)
        };
        let (built, written) = made?;
        written.durable().await?;
        Ok(built)
    }

    /// The transactions that were made and have not been sent, of all runs.
    pub fn unsent(&self) -> Vec<Transaction> {
        self.lock().unsent.values().cloned().collect()
    }
}

impl State {
    /// Until which height a coin is kept for somebody.
    pub(super) fn reserved_until(&self, coin: &OutPoint) -> Option<u32> {
        let held = || {
            self.held
                .contains(coin)
                .then(|| self.height().saturating_add(RESERVED_FOR))
        };
        self.reserved.get(coin).copied().or_else(held)
    }

    fn let_go(&mut self, coins: &[OutPoint]) {
        for coin in coins {
            self.held.remove(coin);
        }
    }

    /// Remembers a transaction, which nobody has sent yet.
    pub(super) fn note_unsent(&mut self, transaction: &Transaction) {
        let txid = transaction.compute_txid();
        self.unsent.insert(txid, transaction.clone());
        self.unlogged.unsent.insert(txid, Some(transaction.clone()));
    }

    /// It is sent, or never will be.
    pub(super) fn no_longer_unsent(&mut self, transaction: &Transaction) {
        let txid = transaction.compute_txid();
        if self.unsent.remove(&txid).is_some() {
            self.unlogged.unsent.insert(txid, None);
        }
    }
}
