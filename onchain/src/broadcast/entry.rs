//! One thing that has been handed over to be sent.

use super::package::in_topological_order;
use super::{PublishError, Published};
use bitcoin::{OutPoint, Transaction, Txid};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Where the one who waits for the first verdict is told it.
pub(super) type Reply = oneshot::Sender<Result<Published, PublishError>>;

/// What was refused is not sent again sooner than this, unless a block has come: until then only the mempool can have changed.
const REFUSED_FOR: Duration = Duration::from_secs(20);

/// One transaction, or a child with its parents.
///
/// It ends in one way only: the chain. It is *resolved* once its last transaction is in a block, or once a block spends
/// an input of any of its transactions otherwise.
pub(super) struct Entry {
    /// Parents first.
    pub(super) transactions: Vec<(Txid, Transaction)>,
    /// To be sent now.
    pub(super) due: bool,
    /// Whether the wallet knows of it.
    pub(super) noted: bool,
    /// Who waits for the first verdict.
    pub(super) reply: Option<Reply>,
    /// The heights at which bitcoind did not know its inputs, since it last did.
    pub(super) missing_at: Vec<u32>,
    /// Those of its transactions that are in blocks, and at which heights.
    pub(super) confirmed: HashMap<Txid, u32>,
    /// When it was last refused, if it was since the last block.
    refused: Option<Instant>,
    /// The height of the block that made it impossible.
    conflicted: Option<u32>,
}

impl Entry {
    /// Transactions that are to be sent together.
    pub(super) fn new(transactions: Vec<Transaction>, reply: Option<Reply>) -> Entry {
        let transactions = in_topological_order(transactions)
            .into_iter()
            .map(|transaction| (transaction.compute_txid(), transaction))
            .collect();
        Entry {
            transactions,
            due: true,
            noted: false,
            reply,
            missing_at: Vec::new(),
            confirmed: HashMap::new(),
            refused: None,
            conflicted: None,
        }
    }

    pub(super) fn contains(&self, txid: Txid) -> bool {
        self.transactions.iter().any(|(own, _)| *own == txid)
    }

    /// Whether it is of the same transactions; their signatures may differ, since LDK signs anew whenever it hands one over.
    pub(super) fn is_same(&self, other: &Entry) -> bool {
        let txids = |entry: &Entry| {
            entry
                .transactions
                .iter()
                .map(|(txid, _)| *txid)
                .collect::<Vec<_>>()
        };
        txids(self) == txids(other)
    }

    /// It has been handed over once more.
    pub(super) fn again(&mut self, same: Entry) {
        let just_refused = self.refused.is_some_and(|at| at.elapsed() < REFUSED_FOR);
        self.due |= same.reply.is_some() || !(self.is_resolved() || just_refused);
        self.reply = same.reply.or(self.reply.take());
    }

    /// bitcoind does not take it.
    pub(super) fn refused(&mut self) {
        self.refused = Some(Instant::now());
    }

    /// The chain has moved: it is sent unless there is nothing more to send.
    pub(super) fn try_again(&mut self) {
        self.refused = None;
        self.due = !self.is_resolved();
    }

    /// Every output that it spends, and by which of its transactions.
    pub(super) fn inputs(&self) -> impl Iterator<Item = (OutPoint, Txid)> + '_ {
        self.transactions.iter().flat_map(|(txid, transaction)| {
            transaction
                .input
                .iter()
                .map(|input| (input.previous_output, *txid))
        })
    }

    /// What of it is in no block.
    pub(super) fn unconfirmed(&self) -> impl Iterator<Item = Txid> + '_ {
        self.transactions
            .iter()
            .map(|(txid, _)| *txid)
            .filter(|txid| !self.confirmed.contains_key(txid))
    }

    /// The height at which it was resolved.
    pub(super) fn resolved_at(&self) -> Option<u32> {
        let last = self
            .transactions
            .last()
            .and_then(|(txid, _)| self.confirmed.get(txid).copied());
        last.or(self.conflicted)
    }

    /// Whether there is nothing more to send of it.
    pub(super) fn is_resolved(&self) -> bool {
        self.resolved_at().is_some()
    }

    /// Notes what a block did to it; returns the transactions that this makes impossible.
    pub(super) fn resolve(&mut self, height: u32, spent: &HashMap<OutPoint, Option<Txid>>) -> Vec<Txid> {
        let mut conflict = false;
        let spent_now: Vec<(Txid, Txid)> = self
            .inputs()
            .filter_map(|(input, own)| Some((own, spent.get(&input).copied()??)))
            .collect();
        for (own, by) in spent_now {
            if own == by {
                self.confirmed.insert(own, height);
            } else {
                conflict = true;
            }
        }
        if !conflict || self.is_resolved() {
            return Vec::new();
        }
        self.conflicted = Some(height);
        // The wallet forgets it; should the block go, it has to be told once more.
        self.noted = false;
        self.unconfirmed().collect()
    }

    /// Goes back to a fork point: what was resolved above it is open again.
    pub(super) fn reopen(&mut self, fork_height: u32) {
        self.confirmed.retain(|_, height| *height <= fork_height);
        self.conflicted = self.conflicted.filter(|height| *height <= fork_height);
        self.try_again();
    }
}
