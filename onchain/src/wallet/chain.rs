//! The wallet follows the chain.

use super::keys::Keys;
use super::{State, Wallet, WalletError, load};
use bdk_wallet::chain::Merge;
use bitcoin::block::Header;
use bitcoin::{Block, Network, Transaction, Txid};
use lightning::chain::transaction::TransactionData;
use lightning::chain::{BestBlock, Listen};
use std::collections::BTreeSet;

impl Wallet {
    /// The last block that the wallet has seen, where it goes on after a restart.
    pub fn best_block(&self) -> BestBlock {
        let tip = self.lock().bdk.latest_checkpoint();
        BestBlock::new(tip.hash(), tip.height())
    }

    fn connect(&self, block: &Block, height: u32, places: impl Iterator<Item = usize>) {
        let mut state = self.lock();
        state.connect(block, height, places);
        // A block whose record is lost is looked at again after the restart.
        state.commit_unawaited();
    }
}

impl Listen for Wallet {
    fn filtered_block_connected(&self, header: &Header, txdata: &TransactionData, height: u32) {
        let transactions: Vec<Transaction> = txdata
            .iter()
            .map(|(_, transaction)| (*transaction).clone())
            .collect();
        let block = Block {
            header: *header,
            txdata: transactions,
        };
        self.connect(&block, height, txdata.iter().map(|(place, _)| *place));
    }

    fn block_connected(&self, block: &Block, height: u32) {
        self.connect(block, height, 0..block.txdata.len());
    }

    fn blocks_disconnected(&self, fork_point_block: BestBlock) {
        let mut state = self.lock();
        if let Err(error) = state.disconnect(self.network, &self.keys, fork_point_block) {
            tracing::error!(
                "the wallet cannot go back to block {}: {error}",
                fork_point_block.height
            );
        }
        state.commit_unawaited();
    }
}

impl State {
    pub(super) fn connect(&mut self, block: &Block, height: u32, places: impl Iterator<Item = usize>) {
        if let Err(error) = self.bdk.apply_block(block, height) {
            tracing::error!(
                "the wallet cannot connect block {height}, {}: {error}",
                block.block_hash()
            );
            return;
        }
        self.reserved.retain(|_, until| *until >= height);
        self.note_places(block, places);
    }

    /// Goes back to a block, which may be an older one than the wallet has ever seen.
    ///
    /// `bdk_wallet` only takes blocks away when it is given others in their place, and then only down to one that it
    /// knows. So it is loaded afresh without them; that takes a moment, but reorgs are rare.
    fn disconnect(
        &mut self,
        network: Network,
        keys: &Keys,
        fork_point: BestBlock,
    ) -> Result<(), WalletError> {
        if let Some(staged) = self.bdk.take_staged() {
            self.unlogged.wallet.merge(staged);
        }
        let mut changes = self.everything().wallet;
        let blocks = &mut changes.local_chain.blocks;
        let gone = blocks.split_off(&(fork_point.height + 1));
        blocks.insert(fork_point.height, Some(fork_point.block_hash));
        self.bdk = load(network, keys, changes)?;
        let unlogged = &mut self.unlogged.wallet.local_chain.blocks;
        unlogged.insert(fork_point.height, Some(fork_point.block_hash));
        unlogged.extend(gone.into_keys().map(|height| (height, None)));
        Ok(())
    }

    /// Remembers where in the block those transactions are that turned out to be ours.
    fn note_places(&mut self, block: &Block, places: impl Iterator<Item = usize>) {
        let Some(staged) = self.bdk.staged() else { return };
        let ours: BTreeSet<Txid> = staged.tx_graph.anchors.iter().map(|(_, txid)| *txid).collect();
        if ours.is_empty() {
            return;
        }
        for (transaction, place) in block.txdata.iter().zip(places) {
            let txid = transaction.compute_txid();
            if ours.contains(&txid) {
                let place = u32::try_from(place).unwrap_or(u32::MAX);
                self.places.insert(txid, place);
                self.unlogged.places.insert(txid, place);
            }
        }
    }
}
