//! The wallet: the node's coins, and the transactions that spend them.
#![allow(missing_docs, unused_variables, clippy::todo)]
pub use error::{SpendError, WalletError};
pub use types::*;
mod error;
mod types;

use bitcoin::*;
use lightning::chain::{BestBlock, Listen};
use boltill_types::StateStore;
use std::sync::Arc;
use crate::{Bitcoind, BitcoindError};

pub struct Wallet {}

impl Wallet {
    pub fn open(
        network: Network,
        seed: &[u8; 32],
        birthday: BestBlock,
        store: Arc<dyn StateStore>,
    ) -> Result<Wallet, WalletError> { todo!() }
    pub fn best_block(&self) -> BestBlock { todo!() }
    pub async fn new_address(&self, kind: AddressKind) -> Result<Address, WalletError> { todo!() }
    pub fn new_script(&self) -> ScriptBuf { todo!() }
    pub fn addresses(&self) -> Vec<IssuedAddress> { todo!() }
    pub fn balance(&self) -> Balance { todo!() }
    pub fn coins(&self, spent: bool) -> Vec<Coin> { todo!() }
    pub fn transactions(&self) -> Vec<WalletTransaction> { todo!() }
    pub fn estimate(&self, spend: &Spend) -> Result<SpendEstimate, SpendError> { todo!() }
    pub async fn build(&self, spend: &Spend) -> Result<BuiltSpend, SpendError> { todo!() }
    pub async fn release(&self, coins: impl IntoIterator<Item = OutPoint>) -> Result<(), WalletError> { todo!() }
    pub async fn sync_mempool(&self, bitcoind: &Bitcoind) -> Result<(), BitcoindError> { todo!() }
}

impl Listen for Wallet {
    fn filtered_block_connected(&self, header: &block::Header, txdata: &lightning::chain::transaction::TransactionData, height: u32) { todo!() }
    fn blocks_disconnected(&self, fork_point_block: BestBlock) { todo!() }
}
impl lightning::events::bump_transaction::WalletSource for Wallet {
    fn list_confirmed_utxos<'a>(&'a self) -> lightning::util::async_poll::AsyncResult<'a, Vec<lightning::events::bump_transaction::Utxo>, ()> { todo!() }
    fn get_change_script<'a>(&'a self) -> lightning::util::async_poll::AsyncResult<'a, ScriptBuf, ()> { todo!() }
    fn sign_psbt<'a>(&'a self, psbt: Psbt) -> lightning::util::async_poll::AsyncResult<'a, Transaction, ()> { todo!() }
}
impl lightning::sign::ChangeDestinationSource for Wallet {
    fn get_change_destination_script<'a>(&'a self) -> lightning::util::async_poll::AsyncResult<'a, ScriptBuf, ()> { todo!() }
}
