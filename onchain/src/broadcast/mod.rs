//! Getting transactions into the chain, and not letting go of them before they are there.
//!
//! Whoever hands a transaction over goes on at once; `pending.rs` remembers it, and [`BroadcastTask`] sends it, alone or
//! as a package with its parents, now and after every block until the chain has it or has made it impossible. While
//! bitcoind is away, it is tried again and again. The wallet is told first, durably, so that no coin is spent twice by us.

mod entry;
mod package;
mod pending;
mod task;
mod told;

pub use task::BroadcastTask;

use crate::bitcoind::{Bitcoind, BitcoindError};
use crate::wallet::{Wallet, WalletError};
use bitcoin::block::Header;
use bitcoin::{Block, OutPoint, Transaction};
use lightning::chain::chaininterface::BroadcasterInterface;
use lightning::chain::transaction::TransactionData;
use lightning::chain::{BestBlock, Listen};
use pending::Pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, oneshot};

/// Takes the transactions that must reach the chain: LDK's and our own.
///
/// It must be told about blocks, after the wallet, as the [`Listen`]er that it is.
pub struct Broadcaster {
    pending: Mutex<Pending>,
    /// There is something to do for the task.
    wake: Notify,
}

/// What became of a transaction when it was first sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// bitcoind has it.
    Sent,
    /// bitcoind could not be asked. The transaction will be sent, also after a restart, as soon as it can be.
    Queued {
        /// Why it could not be asked.
        why: String,
    },
}

/// Why there is no transaction on its way.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// bitcoind does not take it. The wallet has forgotten it, and its coins are free again.
    #[error(transparent)]
    Refused(BitcoindError),
    /// bitcoind cannot be asked, so nothing was begun.
    #[error("nothing is sent while bitcoind is away: {0}")]
    Away(BitcoindError),
    /// It could not be noted in the wallet.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// The node is stopping. If the wallet lists the transaction, it is sent when the node starts again; else its coins
    /// stay reserved for a while.
    #[error("the node is stopping")]
    Stopping,
}

impl Broadcaster {
    /// The broadcaster, and the task that does its work.
    pub fn new(bitcoind: Arc<Bitcoind>, wallet: Arc<Wallet>) -> (Arc<Broadcaster>, BroadcastTask) {
        let broadcaster = Arc::new(Broadcaster {
            pending: Mutex::new(Pending::new()),
            wake: Notify::new(),
        });
        let task = BroadcastTask::new(Arc::clone(&broadcaster), bitcoind, wallet);
        (broadcaster, task)
    }

    /// Sends a transaction that the wallet made, and waits for bitcoind's verdict.
    ///
    /// # Errors
    /// bitcoind refuses the transaction: then the wallet forgets it and has its coins back.
    pub async fn publish(&self, transaction: Transaction) -> Result<Published, PublishError> {
        let (reply, verdict) = oneshot::channel();
        self.lock().add(vec![transaction], Some(reply));
        self.wake.notify_one();
        verdict.await.unwrap_or(Err(PublishError::Stopping))
    }

    /// The latest transaction handed over that spends an output, whether it is in a block yet or not.
    pub fn spender_of(&self, outpoint: &OutPoint) -> Option<Transaction> {
        self.lock().spender_of(outpoint)
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BroadcasterInterface for Broadcaster {
    fn broadcast_transactions(&self, txs: &[&Transaction]) {
        self.lock().add(
            txs.iter().map(|transaction| (*transaction).clone()).collect(),
            None,
        );
        self.wake.notify_one();
    }
}

impl Listen for Broadcaster {
    fn filtered_block_connected(&self, _header: &Header, txdata: &TransactionData, height: u32) {
        self.lock()
            .block_connected(height, txdata.iter().map(|(_, transaction)| *transaction));
        self.wake.notify_one();
    }

    fn block_connected(&self, block: &Block, height: u32) {
        self.lock().block_connected(height, block.txdata.iter());
        self.wake.notify_one();
    }

    fn blocks_disconnected(&self, fork_point_block: BestBlock) {
        self.lock().blocks_disconnected(fork_point_block.height);
        self.wake.notify_one();
    }
}

#[cfg(test)]
mod tests;
