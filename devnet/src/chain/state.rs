//! The block tree, the active chain in it, and the unspent outputs at its tip.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bitcoin::constants::genesis_block;
use bitcoin::{Block, BlockHash, Network, OutPoint, Transaction, Txid, Work};

use super::coins::{Coin, Coins, Undo};
use super::connect::{self, Trust};
use super::consensus::{self, BlockContext};
use super::reject::BlockReject;

/// A block of the tree with what is known about it.
#[derive(Debug)]
pub(crate) struct BlockNode {
    /// The block.
    pub(crate) block: Arc<Block>,
    /// Its distance from genesis.
    pub(crate) height: u32,
    /// Work of the chain up to and including it.
    pub(crate) chainwork: Work,
    /// Median time of it and the ten blocks before it, in seconds since 1970.
    pub(crate) median_time_past: u32,
    /// When it was first seen, as a number in sequence: of two chains with equal work the earlier stays.
    arrival: u64,
    /// It or an ancestor breaks a rule or was invalidated by hand.
    failed: bool,
    /// What it spent, while it is in the active chain.
    undo: Option<Undo>,
}

/// How the tip moved.
#[derive(Debug, Default)]
pub(crate) struct TipChange {
    /// Blocks that left the active chain, highest first.
    pub(crate) disconnected: Vec<Arc<Block>>,
    /// Blocks that joined it, lowest first.
    pub(crate) connected: Vec<Arc<Block>>,
    /// Blocks that broke a rule when they were to join.
    pub(crate) refused: Vec<(BlockHash, BlockReject)>,
}

/// The regtest chain.
#[derive(Debug)]
pub(crate) struct Chain {
    blocks: HashMap<BlockHash, BlockNode>,
    active: Vec<BlockHash>,
    coins: Coins,
    tx_index: HashMap<Txid, BlockHash>,
}

impl Chain {
    /// The chain with nothing but regtest's genesis block, whose output nobody can spend.
    pub(crate) fn genesis() -> Self {
        let block = genesis_block(Network::Regtest);
        let hash = block.block_hash();
        let node = BlockNode {
            height: 0,
            chainwork: block.header.work(),
            median_time_past: block.header.time,
            arrival: 0,
            failed: false,
            undo: Some(Undo::default()),
            block: Arc::new(block),
        };
        let tx_index = node
            .block
            .txdata
            .iter()
            .map(|tx| (tx.compute_txid(), hash))
            .collect();
        Self {
            blocks: HashMap::from([(hash, node)]),
            active: vec![hash],
            coins: Coins::default(),
            tx_index,
        }
    }

    /// Height of the tip.
    pub(crate) fn height(&self) -> u32 {
        self.active.len().saturating_sub(1) as u32
    }

    /// Hash of the tip.
    pub(crate) fn tip_hash(&self) -> BlockHash {
        // The active chain always holds genesis; `last` cannot fail.
        self.active
            .last()
            .copied()
            .unwrap_or_else(|| genesis_block(Network::Regtest).block_hash())
    }

    /// The block with this hash, on whichever branch.
    pub(crate) fn block(&self, hash: &BlockHash) -> Option<&BlockNode> {
        self.blocks.get(hash)
    }

    /// Hash of the active chain's block at `height`.
    pub(crate) fn hash_at(&self, height: u32) -> Option<BlockHash> {
        self.active.get(height as usize).copied()
    }

    /// Whether the block is part of the active chain.
    pub(crate) fn is_active(&self, hash: &BlockHash) -> bool {
        self.blocks
            .get(hash)
            .is_some_and(|node| self.hash_at(node.height) == Some(*hash))
    }

    /// Whether the block or an ancestor is known to be invalid.
    pub(crate) fn is_failed(&self, hash: &BlockHash) -> bool {
        self.blocks.get(hash).is_some_and(|node| node.failed)
    }

    /// How many blocks are known on all branches; grows with every block, never shrinks.
    pub(crate) fn known_blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The unspent outputs at the tip.
    pub(crate) fn coins(&self) -> &Coins {
        &self.coins
    }

    /// The unspent output at `outpoint`, at the tip.
    pub(crate) fn coin(&self, outpoint: &OutPoint) -> Option<&Coin> {
        self.coins.get(outpoint)
    }

    /// The coins that the block spent, while it is in the active chain.
    pub(crate) fn spent_by(&self, hash: &BlockHash) -> Option<&Undo> {
        self.blocks.get(hash).and_then(|node| node.undo.as_ref())
    }

    /// A confirmed transaction and the block that holds it.
    pub(crate) fn transaction(&self, txid: &Txid) -> Option<(&Transaction, BlockHash)> {
        let hash = self.tx_index.get(txid)?;
        let block = &self.blocks.get(hash)?.block;
        block
            .txdata
            .iter()
            .find(|tx| tx.compute_txid() == *txid)
            .map(|tx| (tx, *hash))
    }

    /// Median time past of the active block at `height`; of the tip if there is none.
    pub(crate) fn median_time_past(&self, height: u32) -> u32 {
        let hash = self.hash_at(height).unwrap_or_else(|| self.tip_hash());
        self.blocks.get(&hash).map_or(0, |node| node.median_time_past)
    }

    /// Where the next block will stand.
    pub(crate) fn next_context(&self) -> BlockContext {
        BlockContext {
            height: self.height().saturating_add(1),
            median_time_past: self.median_time_past(self.height()),
        }
    }

    /// The ends of all branches, highest first.
    pub(crate) fn tips(&self) -> Vec<(BlockHash, &BlockNode)> {
        let parents: HashSet<BlockHash> = self
            .blocks
            .values()
            .map(|node| node.block.header.prev_blockhash)
            .collect();
        let mut tips: Vec<_> = self
            .blocks
            .iter()
            .filter(|(hash, _)| !parents.contains(*hash) || **hash == self.tip_hash())
            .map(|(hash, node)| (*hash, node))
            .collect();
        tips.sort_by_key(|(hash, node)| (std::cmp::Reverse(node.height), *hash));
        tips
    }

    /// Blocks of the branch of `hash` that are not in the active chain.
    pub(crate) fn branch_length(&self, hash: &BlockHash) -> u32 {
        self.path_from_active(*hash).len() as u32
    }

    /// Adds a block to the tree and moves to the branch with the most work.
    ///
    /// Refused here is what is wrong whatever the branch; what shows when it joins the active chain is in
    /// [`TipChange::refused`].
    pub(crate) fn add_block(&mut self, block: Block, trust: Trust) -> Result<TipChange, BlockReject> {
        let hash = block.block_hash();
        if let Some(known) = self.blocks.get(&hash) {
            return Err(if known.failed {
                BlockReject::DuplicateInvalid
            } else {
                BlockReject::Duplicate
            });
        }
        let parent_hash = block.header.prev_blockhash;
        let parent = self
            .blocks
            .get(&parent_hash)
            .ok_or(BlockReject::PreviousNotFound)?;
        if parent.failed && trust != Trust::Replay {
            return Err(BlockReject::PreviousInvalid);
        }
        let context = BlockContext {
            height: parent.height.saturating_add(1),
            median_time_past: parent.median_time_past,
        };
        if let Trust::Verify { now } = trust {
            consensus::check_block(&block)?;
            consensus::check_block_in_context(&block, context, now)?;
        }
        let node = BlockNode {
            height: context.height,
            chainwork: parent.chainwork + block.header.work(),
            median_time_past: self.median_time_with(&block),
            arrival: self.blocks.len() as u64,
            failed: parent.failed,
            undo: None,
            block: Arc::new(block),
        };
        self.blocks.insert(hash, node);
        if parent_hash == self.tip_hash() {
            // The common case: nothing can have more work than a child of the best block.
            return Ok(self.switch_to(hash, trust));
        }
        Ok(self.activate_best(trust))
    }

    /// Marks a block and all that builds on it as invalid, and moves to the best branch that is left.
    /// `None` if the block is unknown or genesis.
    pub(crate) fn invalidate(&mut self, hash: &BlockHash, trust: Trust) -> Option<TipChange> {
        if self.blocks.get(hash)?.height == 0 {
            return None;
        }
        self.set_failed(hash, true);
        let mut change = TipChange::default();
        while self.is_failed(&self.tip_hash()) {
            let Some(block) = self.disconnect_tip() else { break };
            change.disconnected.push(block);
        }
        change.merge(self.activate_best(trust));
        Some(change)
    }

    /// Takes back [`Chain::invalidate`] for the block, its ancestors and its descendants. `None` if it is unknown.
    pub(crate) fn reconsider(&mut self, hash: &BlockHash, trust: Trust) -> Option<TipChange> {
        if !self.blocks.contains_key(hash) {
            return None;
        }
        self.set_failed(hash, false);
        let mut cursor = *hash;
        while let Some(node) = self.blocks.get_mut(&cursor) {
            node.failed = false;
            cursor = node.block.header.prev_blockhash;
        }
        Some(self.activate_best(trust))
    }

    /// Tries `block` on top of the tip and takes it back again.
    pub(crate) fn test_block(&mut self, block: &Block, now: u32) -> Result<(), BlockReject> {
        consensus::check_block(block)?;
        consensus::check_block_in_context(block, self.next_context(), now)?;
        let undo = self.connect(block, Trust::Verify { now })?;
        self.coins.revert_transactions(&block.txdata, undo);
        Ok(())
    }

    fn median_time_with(&self, block: &Block) -> u32 {
        let mut times = vec![block.header.time];
        let mut cursor = block.header.prev_blockhash;
        while let Some(node) = self.blocks.get(&cursor).filter(|_| times.len() < 11) {
            times.push(node.block.header.time);
            cursor = node.block.header.prev_blockhash;
        }
        times.sort_unstable();
        times[times.len() / 2]
    }

    fn set_failed(&mut self, root: &BlockHash, failed: bool) {
        let Some(height) = self.blocks.get(root).map(|node| node.height) else {
            return;
        };
        let mut above: Vec<(u32, BlockHash, BlockHash)> = self
            .blocks
            .iter()
            .filter(|(_, node)| node.height > height)
            .map(|(hash, node)| (node.height, *hash, node.block.header.prev_blockhash))
            .collect();
        above.sort_unstable();
        let mut marked = HashSet::from([*root]);
        for (_, hash, parent) in above {
            if marked.contains(&parent) {
                marked.insert(hash);
            }
        }
        for hash in marked {
            if let Some(node) = self.blocks.get_mut(&hash) {
                node.failed = failed;
            }
        }
    }

    fn activate_best(&mut self, trust: Trust) -> TipChange {
        let mut change = TipChange::default();
        loop {
            let best = self
                .blocks
                .iter()
                .filter(|(_, node)| !node.failed)
                .max_by_key(|(_, node)| (node.chainwork, std::cmp::Reverse(node.arrival)))
                .map(|(hash, _)| *hash);
            let Some(best) = best.filter(|best| *best != self.tip_hash()) else {
                return change;
            };
            change.merge(self.switch_to(best, trust));
        }
    }

    /// Moves the tip to `target`. Where a block on the way breaks a rule, it and its descendants are marked and the
    /// best branch that is left becomes active.
    fn switch_to(&mut self, target: BlockHash, trust: Trust) -> TipChange {
        let mut change = TipChange::default();
        let path = self.path_from_active(target);
        let fork = path
            .first()
            .and_then(|hash| self.blocks.get(hash))
            .map_or(target, |node| node.block.header.prev_blockhash);
        while self.tip_hash() != fork {
            let Some(block) = self.disconnect_tip() else { break };
            change.disconnected.push(block);
        }
        for hash in path {
            match self.connect_tip(hash, trust) {
                Ok(block) => change.connected.push(block),
                Err(reason) => {
                    self.set_failed(&hash, true);
                    change.refused.push((hash, reason));
                    change.merge(self.activate_best(trust));
                    break;
                }
            }
        }
        change
    }

    /// The blocks from the active chain (exclusive) to `target` (inclusive), lowest first.
    fn path_from_active(&self, target: BlockHash) -> Vec<BlockHash> {
        let mut path = Vec::new();
        let mut cursor = target;
        while let Some(node) = self.blocks.get(&cursor).filter(|_| !self.is_active(&cursor)) {
            path.push(cursor);
            cursor = node.block.header.prev_blockhash;
        }
        path.reverse();
        path
    }

    fn connect_tip(&mut self, hash: BlockHash, trust: Trust) -> Result<Arc<Block>, BlockReject> {
        let Some(block) = self.blocks.get(&hash).map(|node| Arc::clone(&node.block)) else {
            return Err(BlockReject::PreviousNotFound);
        };
        let undo = self.connect(&block, trust)?;
        self.tx_index
            .extend(block.txdata.iter().map(|tx| (tx.compute_txid(), hash)));
        self.active.push(hash);
        if let Some(node) = self.blocks.get_mut(&hash) {
            node.undo = Some(undo);
        }
        Ok(block)
    }

    /// Applies a block on top of the tip to the coins, all or nothing.
    fn connect(&mut self, block: &Block, trust: Trust) -> Result<Undo, BlockReject> {
        let context = self.next_context();
        let Self {
            blocks,
            active,
            coins,
            ..
        } = self;
        let median_time_past_at = |height: u32| {
            let node = active.get(height as usize).and_then(|hash| blocks.get(hash));
            node.map_or(context.median_time_past, |node| node.median_time_past)
        };
        connect::connect_block(coins, block, context, trust, median_time_past_at)
    }

    fn disconnect_tip(&mut self) -> Option<Arc<Block>> {
        // Genesis stays.
        if self.active.len() <= 1 {
            return None;
        }
        let hash = self.active.pop()?;
        let node = self.blocks.get_mut(&hash)?;
        let block = Arc::clone(&node.block);
        self.coins
            .revert_transactions(&block.txdata, node.undo.take().unwrap_or_default());
        for tx in &block.txdata {
            self.tx_index.remove(&tx.compute_txid());
        }
        Some(block)
    }
}

impl TipChange {
    /// Appends a later change. Blocks that joined and left again cancel out.
    fn merge(&mut self, later: Self) {
        for block in later.disconnected {
            if self.connected.pop().is_none() {
                self.disconnected.push(block);
            }
        }
        self.connected.extend(later.connected);
        self.refused.extend(later.refused);
    }
}
