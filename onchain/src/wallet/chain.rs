//! The wallet follows the chain.

use super::{State, Wallet};
use bdk_wallet::chain::BlockId;
use bitcoin::block::Header;
use bitcoin::{Block, Transaction, Txid};
use lightning::chain::transaction::TransactionData;
use lightning::chain::{BestBlock, Listen};
use std::collections::BTreeSet;

impl Wallet {
    /// The last block that the wallet has seen, where it goes on after a restart.
    pub fn best_block(&self) -> BestBlock {
        let state = self.lock();
        let tip = state.bdk.latest_checkpoint();
        state
            .fork_point
            .unwrap_or_else(|| BestBlock::new(tip.hash(), tip.height()))
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

    /// The blocks above the fork point stay in the wallet until others take their place, which is when their
    /// transactions become unconfirmed; until then the wallet says that it is at the fork point.
    fn blocks_disconnected(&self, fork_point_block: BestBlock) {
        self.lock().fork_point = Some(fork_point_block);
    }
}

impl State {
    fn connect(&mut self, block: &Block, height: u32, places: impl Iterator<Item = usize>) {
        let connected_to = self.block_below(block, height);
        if let Err(error) = self.bdk.apply_block_connected_to(block, height, connected_to) {
            tracing::error!(
                "the wallet cannot connect block {height}, {}: {error}",
                block.block_hash()
            );
            return;
        }
        self.fork_point = None;
        self.reserved.retain(|_, until| *until >= height);
        self.note_places(block, places);
    }

    /// The block of ours that `block` follows on.
    ///
    /// That is its parent, except when a reorg goes below the wallet's birthday, or below what the log has kept: then
    /// it is the last block that both chains are known to share.
    fn block_below(&self, block: &Block, height: u32) -> BlockId {
        let Some(parent_height) = height.checked_sub(1) else {
            return BlockId {
                height,
                hash: block.block_hash(),
            };
        };
        let parent = BlockId {
            height: parent_height,
            hash: block.header.prev_blockhash,
        };
        let tip = self.bdk.latest_checkpoint();
        let ours = tip
            .iter()
            .find(|ours| ours.height() < parent_height || ours.block_id() == parent);
        ours.map_or(parent, |ours| ours.block_id())
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
