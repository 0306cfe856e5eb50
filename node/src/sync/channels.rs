//! How the channels follow the chain through reorgs.
//!
//! LDK closes a channel in use as soon as it hears that the funding transaction is in no block any more, and told block by
//! block it hears that of every reorg that reaches below the funding, even when the new blocks hold the transaction in the
//! very same place. Such a reorg changes nothing for the channel: its short channel id is what it was. So when blocks
//! that funded a channel are taken away, the channel manager (it alone: monitors, wallet and sweeper are told at once) is
//! told nothing until the new blocks have reached the height of the funding. What has stayed in its place is then not
//! mentioned; what has not is told, and LDK decides: a channel that waits for its confirmations goes on waiting, one in
//! use is closed, because its short channel id, which others know it by, is void.

use crate::ldk::ChannelManager;
use bitcoin::block::Header;
use bitcoin::{Block, Transaction, Txid};
use lightning::chain::transaction::TransactionData;
use lightning::chain::{BestBlock, Confirm, Listen};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The channel manager as a follower of the chain.
pub(crate) struct FollowingChannels {
    manager: Arc<ChannelManager>,
    held: Mutex<Option<Held>>,
    held_back: Mutex<HeldBack>,
}

/// Transactions that the manager is not told of yet (`unfinished.rs`).
#[derive(Default)]
struct HeldBack {
    txids: HashSet<Txid>,
    blocks: Vec<HeldBlock>,
}

/// What the manager has not been told of a reorg.
struct Held {
    fork_point: BestBlock,
    fundings: Vec<Funding>,
    blocks: Vec<HeldBlock>,
}

/// A transaction that funds a channel and was in a block that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Funding {
    txid: Txid,
    height: u32,
    /// Which transaction of its block it was.
    index: Option<usize>,
}

struct HeldBlock {
    header: Header,
    height: u32,
    transactions: Vec<(usize, Transaction)>,
}

impl FollowingChannels {
    /// Follows from where the manager is.
    pub(crate) fn new(manager: Arc<ChannelManager>) -> FollowingChannels {
        FollowingChannels {
            manager,
            held: Mutex::new(None),
            held_back: Mutex::default(),
        }
    }

    /// Does not tell the manager of these transactions until [`tell_held_back`](Self::tell_held_back).
    pub(crate) fn hold_back(&self, txids: HashSet<Txid>) {
        self.lock_held_back().txids = txids;
    }

    /// Tells the manager of those that have come to be in a block.
    pub(crate) fn tell_held_back(&self) {
        let HeldBack { blocks, .. } = std::mem::take(&mut *self.lock_held_back());
        blocks.iter().for_each(|block| block.tell(&self.manager));
    }

    fn lock_held_back(&self) -> MutexGuard<'_, HeldBack> {
        self.held_back.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The block that it expects the next one to build on.
    pub(crate) fn best_block(&self) -> BestBlock {
        self.manager.current_best_block()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The funding transactions above a block, each in the place that its channel knows it by.
    fn fundings_above(&self, height: u32) -> Vec<Funding> {
        let places: BTreeMap<Txid, u64> = self
            .manager
            .list_channels()
            .into_iter()
            .filter_map(|channel| Some((channel.funding_txo?.txid, channel.short_channel_id?)))
            .collect();
        let confirmed = self.manager.get_relevant_txids().into_iter();
        confirmed
            .filter(|(_, at, _)| *at > height)
            .map(|(txid, at, _)| Funding {
                txid,
                height: at,
                index: places.get(&txid).and_then(|place| index_of(*place, at)),
            })
            .collect()
    }

    /// Tells the manager what it has missed, once it is clear what has become of every funding.
    fn release_when_clear(&self, held: &mut Option<Held>) {
        let Some(reorg) = held.take_if(|held| held.is_clear()) else {
            return;
        };
        let Some(tip) = reorg.blocks.last() else { return };
        for gone in reorg.fundings.iter().filter(|funding| !reorg.has_kept(funding)) {
            tracing::warn!(
                "the reorg to block {} has moved {}, which funds a channel",
                tip.height,
                gone.txid
            );
            self.manager.transaction_unconfirmed(&gone.txid);
        }
        self.manager.best_block_updated(&tip.header, tip.height);
        reorg.blocks.iter().for_each(|block| block.tell(&self.manager));
    }
}

impl HeldBlock {
    fn new(header: &Header, txdata: &TransactionData<'_>, height: u32) -> HeldBlock {
        let transactions = txdata.iter();
        HeldBlock {
            header: *header,
            height,
            transactions: transactions
                .map(|(index, transaction)| (*index, (*transaction).clone()))
                .collect(),
        }
    }

    /// Tells the manager, which has been told of a later block, what is in this one.
    fn tell(&self, manager: &ChannelManager) {
        let transactions: Vec<(usize, &Transaction)> = self
            .transactions
            .iter()
            .map(|(index, transaction)| (*index, transaction))
            .collect();
        manager.transactions_confirmed(&self.header, &transactions, self.height);
    }
}

impl HeldBack {
    /// Keeps what is to be held back of a block, and gives the rest.
    fn sift<'a>(
        &mut self,
        header: &Header,
        txdata: &TransactionData<'a>,
        height: u32,
    ) -> Vec<(usize, &'a Transaction)> {
        let is_held_back =
            |(_, transaction): &&(usize, &Transaction)| self.txids.contains(&transaction.compute_txid());
        let (kept, rest): (Vec<_>, Vec<_>) = txdata.iter().partition(is_held_back);
        if !kept.is_empty() {
            self.blocks.push(HeldBlock::new(header, &kept, height));
        }
        rest
    }
}

impl Held {
    fn is_clear(&self) -> bool {
        let highest = self.fundings.iter().map(|funding| funding.height).max();
        self.blocks.last().is_some_and(|tip| Some(tip.height) >= highest)
    }

    /// Whether the new blocks have a transaction exactly where the old ones had it.
    fn has_kept(&self, funding: &Funding) -> bool {
        let Some(index) = funding.index else { return false };
        let mut blocks = self.blocks.iter();
        blocks.any(|block| {
            block.height == funding.height
                && block
                    .transactions
                    .iter()
                    .any(|(at, transaction)| *at == index && transaction.compute_txid() == funding.txid)
        })
    }

    /// Forgets the blocks above a height, which are gone as well.
    fn cut(&mut self, height: u32) {
        self.blocks.retain(|block| block.height <= height);
    }
}

/// The transaction's index in its block, from a short channel id (BOLT 7) that belongs to this height.
fn index_of(short_channel_id: u64, height: u32) -> Option<usize> {
    let index = usize::try_from(short_channel_id >> 16 & 0xff_ffff).ok()?;
    (short_channel_id >> 40 == u64::from(height)).then_some(index)
}

impl Listen for FollowingChannels {
    fn filtered_block_connected(&self, header: &Header, txdata: &TransactionData<'_>, height: u32) {
        let told;
        let mut held_back = self.lock_held_back();
        let txdata = match held_back.txids.is_empty() {
            true => txdata,
            false => {
                told = held_back.sift(header, txdata, height);
                &told
            }
        };
        drop(held_back);
        let mut held = self.lock();
        match held.as_mut() {
            None => self.manager.filtered_block_connected(header, txdata, height),
            Some(reorg) => {
                reorg.blocks.push(HeldBlock::new(header, txdata, height));
                self.release_when_clear(&mut held);
            }
        }
    }

    fn block_connected(&self, block: &Block, height: u32) {
        let transactions: Vec<(usize, &Transaction)> = block.txdata.iter().enumerate().collect();
        self.filtered_block_connected(&block.header, &transactions, height);
    }

    fn blocks_disconnected(&self, fork_point: BestBlock) {
        self.lock_held_back()
            .blocks
            .retain(|block| block.height <= fork_point.height);
        let mut held = self.lock();
        if let Some(reorg) = held.as_mut() {
            // The new blocks are gone before it was clear what they change.
            reorg.cut(fork_point.height);
            if fork_point.height >= reorg.fork_point.height {
                return;
            }
        }
        let fundings = self.fundings_above(fork_point.height);
        if held.is_none() && fundings.is_empty() {
            return self.manager.blocks_disconnected(fork_point);
        }
        tracing::info!(
            "the blocks above {} are being replaced; the channels funded there wait for the new ones: {fundings:?}",
            fork_point.height
        );
        *held = Some(Held {
            fork_point,
            fundings,
            blocks: Vec::new(),
        });
    }
}
