//! Getting transactions into the chain.
#![allow(missing_docs, unused_variables, clippy::todo)]
use crate::{Bitcoind, BitcoindError, Wallet, WalletError};
use bitcoin::{block::Header, Transaction};
use lightning::chain::chaininterface::BroadcasterInterface;
use lightning::chain::transaction::TransactionData;
use lightning::chain::{BestBlock, Listen};
use std::sync::Arc;

pub struct Broadcaster {}
/// run() sends what is queued until the Broadcaster is dropped or the future is.
pub struct BroadcastTask {}
/// What became of a transaction at its first sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published { Sent, Queued { why: String } }
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error(transparent)] Refused(BitcoindError),
    #[error(transparent)] Wallet(#[from] WalletError),
    #[error("the node is stopping")] Stopping,
}
impl Broadcaster {
    pub fn new(bitcoind: Arc<Bitcoind>, wallet: Arc<Wallet>) -> (Arc<Broadcaster>, BroadcastTask) { todo!() }
    /// for withdraw: waits for bitcoind's verdict; refused -> coins released, forgotten
    pub async fn publish(&self, transaction: Transaction) -> Result<Published, PublishError> { todo!() }
}
impl BroadcastTask { pub async fn run(self) { todo!() } }
impl BroadcasterInterface for Broadcaster { fn broadcast_transactions(&self, txs: &[&Transaction]) { todo!() } }
/// In the fan-out AFTER the wallet
impl Listen for Broadcaster {
    fn filtered_block_connected(&self, header: &Header, txdata: &TransactionData, height: u32) { todo!() }
    fn blocks_disconnected(&self, fork_point_block: BestBlock) { todo!() }
}
