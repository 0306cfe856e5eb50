//! What has been handed over to be sent, and what has become of it.
//!
//! An [`Entry`] is kept for a while after it has been resolved, should the block be disconnected. An older one that a
//! newer one has replaced in the mempool is dropped.

use super::entry::{Entry, Reply};
use super::told::Told;
use bitcoin::{OutPoint, Transaction, Txid};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A resolved entry is kept for so many blocks.
const KEPT_FOR: u32 = 100;
/// An entry whose inputs bitcoind has not known for so many blocks is given up: what it spends has been spent before we
/// looked, or was never made.
const MISSING_FOR: usize = 6;

/// What to do for an entry.
pub(super) struct Job {
    pub(super) id: u64,
    /// What of it is not confirmed yet, parents first.
    pub(super) transactions: Vec<Transaction>,
    /// Whether the wallet knows of it.
    pub(super) noted: bool,
}

/// Everything that has been handed over and is not settled for good.
pub(super) struct Pending {
    entries: BTreeMap<u64, Entry>,
    next_id: u64,
    height: u32,
    /// Whether there has been a block, or its disconnection, since this was asked last.
    chain_moved: bool,
    /// Transactions that have been replaced or can no longer be confirmed, for the wallet to forget.
    dead: Vec<Txid>,
    /// What the log says already.
    told: Told,
    /// Nobody sends any more, so nobody shall wait for a verdict.
    closed: bool,
}

impl Pending {
    /// Nothing yet; what the wallet knows of is yet to be taken over.
    pub(super) fn new() -> Pending {
        Pending {
            entries: BTreeMap::new(),
            next_id: 0,
            height: 0,
            chain_moved: true,
            dead: Vec::new(),
            told: Told::default(),
            closed: false,
        }
    }

    /// Takes transactions that belong together. The same ones again are sent again, unless they have just been refused.
    pub(super) fn add(&mut self, transactions: Vec<Transaction>, reply: Option<Reply>) {
        let new = Entry::new(transactions, reply.filter(|_| !self.closed));
        if new.transactions.is_empty() {
            return;
        }
        if let Some(known) = self.entries.values_mut().find(|known| known.is_same(&new)) {
            known.again(new);
            return;
        }
        self.entries.insert(self.next_id, new);
        self.next_id += 1;
    }

    /// Takes a transaction that the wallet knows of, unless it is here already.
    pub(super) fn adopt(&mut self, transaction: Transaction) {
        let txid = transaction.compute_txid();
        if self.entries.values().any(|entry| entry.contains(txid)) {
            return;
        }
        self.add(vec![transaction], None);
        if let Some(mut entry) = self.entries.last_entry() {
            entry.get_mut().noted = true;
        }
    }

    /// The next entry to send, in the order in which they came; it counts as sent from here on.
    pub(super) fn take_due(&mut self) -> Option<Job> {
        let (id, entry) = self.entries.iter_mut().find(|(_, entry)| entry.due)?;
        entry.due = false;
        let unconfirmed = entry
            .transactions
            .iter()
            .filter(|(txid, _)| !entry.confirmed.contains_key(txid));
        let transactions = unconfirmed.map(|(_, transaction)| transaction.clone()).collect();
        Some(Job {
            id: *id,
            transactions,
            noted: entry.noted,
        })
    }

    /// Whether the chain has moved since this was asked last: time to see what else the wallet wants to be sent.
    pub(super) fn take_chain_moved(&mut self) -> bool {
        std::mem::take(&mut self.chain_moved)
    }

    /// An entry could not be sent: it is due again.
    pub(super) fn put_back(&mut self, id: u64) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.due = !entry.is_resolved();
        }
    }

    /// The wallet knows of it.
    pub(super) fn noted(&mut self, id: u64) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.noted = true;
        }
    }

    /// The mempool has it: what it replaced there is not sent again, and the wallet is to forget it.
    pub(super) fn accepted(&mut self, id: u64) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        entry.missing_at.clear();
        let spends: HashMap<OutPoint, Txid> = entry.inputs().collect();
        let replaced = |(input, txid): (OutPoint, Txid)| spends.get(&input).is_some_and(|by| *by != txid);
        let replaced = self.entries.range(..id).filter(|(_, older)| {
            let mut inputs = older.inputs();
            !older.is_resolved() && inputs.any(replaced)
        });
        let replaced: Vec<u64> = replaced.map(|(older, _)| *older).collect();
        let gone: Vec<Entry> = replaced
            .iter()
            .filter_map(|older| self.entries.remove(older))
            .collect();
        let gone: HashSet<Txid> = gone.iter().flat_map(Entry::unconfirmed).collect();
        // A commitment may be there still, with another child.
        let is_dropped = |txid: &Txid| !self.entries.values().any(|entry| entry.contains(*txid));
        self.dead.extend(gone.into_iter().filter(is_dropped));
    }

    /// bitcoind says that the chain has its last transaction already.
    pub(super) fn in_chain(&mut self, id: u64) {
        let height = self.height;
        if let Some(entry) = self.entries.get_mut(&id)
            && let Some((txid, _)) = entry.transactions.last()
        {
            entry.confirmed.insert(*txid, height);
        }
    }

    /// bitcoind does not take it at present.
    pub(super) fn refused(&mut self, id: u64) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.refused();
        }
    }

    /// bitcoind does not know what it spends. That is given up when it has lasted.
    pub(super) fn missing_inputs(&mut self, id: u64) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        entry.refused();
        if entry.missing_at.last() != Some(&self.height) {
            entry.missing_at.push(self.height);
        }
        if entry.missing_at.len() > MISSING_FOR {
            self.give_up(id);
        }
    }

    /// It will not be sent again, and the wallet is to forget it.
    pub(super) fn give_up(&mut self, id: u64) {
        if let Some(entry) = self.entries.remove(&id) {
            self.dead.extend(entry.unconfirmed());
        }
    }

    /// Whoever waits for the first verdict on an entry.
    pub(super) fn take_reply(&mut self, id: u64) -> Option<Reply> {
        self.entries.get_mut(&id)?.reply.take()
    }

    /// Nobody sends any more: whoever waits is told so, by their replies being dropped.
    pub(super) fn close(&mut self) {
        self.closed = true;
        for entry in self.entries.values_mut() {
            entry.reply = None;
        }
    }

    /// What the wallet is to forget since this was asked last.
    pub(super) fn take_dead(&mut self) -> Vec<Txid> {
        std::mem::take(&mut self.dead)
    }

    /// Whether the log does not say this of a transaction yet; from here on it does.
    pub(super) fn is_news(&mut self, txid: Txid, words: &str) -> bool {
        self.told.is_news(txid, words, self.height)
    }

    /// The newest transaction here that spends an output.
    pub(super) fn spender_of(&self, outpoint: &OutPoint) -> Option<Transaction> {
        let transactions = self.entries.values().rev().flat_map(|entry| &entry.transactions);
        let spends = |transaction: &Transaction| {
            transaction
                .input
                .iter()
                .any(|input| input.previous_output == *outpoint)
        };
        transactions
            .map(|(_, transaction)| transaction)
            .find(|transaction| spends(transaction))
            .cloned()
    }

    /// A block has come: what does it confirm, and what does it make impossible?
    pub(super) fn block_connected<'a>(
        &mut self,
        height: u32,
        transactions: impl Iterator<Item = &'a Transaction>,
    ) {
        self.height = height;
        self.chain_moved = true;
        let mut awaited: HashMap<OutPoint, Option<Txid>> = self
            .entries
            .values()
            .flat_map(Entry::inputs)
            .map(|(input, _)| (input, None))
            .collect();
        if !awaited.is_empty() {
            for transaction in transactions {
                for input in &transaction.input {
                    if let Some(by) = awaited.get_mut(&input.previous_output) {
                        *by = Some(transaction.compute_txid());
                    }
                }
            }
        }
        for entry in self.entries.values_mut() {
            self.dead.extend(entry.resolve(height, &awaited));
            entry.try_again();
        }
        self.told.forget_until(height);
        self.entries.retain(|_, entry| {
            entry
                .resolved_at()
                .is_none_or(|at| at.saturating_add(KEPT_FOR) > height)
        });
    }

    /// Blocks above the fork point are gone, and what they resolved is open again.
    pub(super) fn blocks_disconnected(&mut self, fork_height: u32) {
        self.height = fork_height;
        self.chain_moved = true;
        for entry in self.entries.values_mut() {
            entry.reopen(fork_height);
        }
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::testing::{coin, spending};

    fn all_due(pending: &mut Pending) -> Vec<Vec<Transaction>> {
        pending.block_connected(pending.height, std::iter::empty());
        due(pending)
    }

    fn due(pending: &mut Pending) -> Vec<Vec<Transaction>> {
        std::iter::from_fn(|| pending.take_due())
            .map(|job| job.transactions)
            .collect()
    }

    #[test]
    fn a_transaction_is_sent_again_on_every_block_until_one_has_it_and_again_after_a_reorg() {
        let mut pending = Pending::new();
        let transaction = spending(&[coin(1)]);
        pending.add(vec![transaction.clone()], None);
        assert_eq!(due(&mut pending).len(), 1);
        assert_eq!(due(&mut pending).len(), 0);
        pending.block_connected(1, std::iter::empty());
        assert_eq!(due(&mut pending).len(), 1);
        pending.block_connected(2, [&transaction].into_iter());
        assert_eq!(all_due(&mut pending).len(), 0);
        pending.blocks_disconnected(1);
        assert_eq!(due(&mut pending), vec![vec![transaction]]);
    }

    #[test]
    fn a_conflict_in_a_block_ends_a_whole_package_and_the_wallet_is_told() {
        let mut pending = Pending::new();
        let commitment = spending(&[coin(1)]);
        let child = spending(&[OutPoint::new(commitment.compute_txid(), 0), coin(2)]);
        let theirs = spending(&[coin(1), coin(3)]);
        pending.add(vec![child.clone(), commitment.clone()], None);
        assert_eq!(due(&mut pending), vec![vec![commitment.clone(), child.clone()]]);
        pending.block_connected(5, [&theirs].into_iter());
        assert_eq!(
            pending.take_dead(),
            vec![commitment.compute_txid(), child.compute_txid()]
        );
        assert!(all_due(&mut pending).is_empty());
        pending.blocks_disconnected(4);
        assert_eq!(due(&mut pending).len(), 1);
    }

    #[test]
    fn a_child_is_sent_alone_once_its_parent_is_in_a_block() {
        let mut pending = Pending::new();
        let parent = spending(&[coin(1)]);
        let child = spending(&[OutPoint::new(parent.compute_txid(), 0)]);
        pending.add(vec![parent.clone(), child.clone()], None);
        pending.block_connected(1, [&parent].into_iter());
        assert_eq!(due(&mut pending), vec![vec![child]]);
    }

    #[test]
    fn what_a_newer_transaction_has_replaced_is_dropped() {
        let mut pending = Pending::new();
        let (first, second) = (spending(&[coin(1)]), spending(&[coin(1), coin(2)]));
        pending.add(vec![first.clone()], None);
        pending.add(vec![second.clone()], None);
        let (older, newer) = (pending.take_due().unwrap().id, pending.take_due().unwrap().id);
        pending.accepted(older);
        assert_eq!(all_due(&mut pending).len(), 2);
        assert!(pending.take_dead().is_empty());
        pending.accepted(newer);
        assert_eq!(pending.take_dead(), vec![first.compute_txid()]);
        assert_eq!(all_due(&mut pending), vec![vec![second.clone()]]);
        assert_eq!(pending.spender_of(&coin(1)), Some(second));
    }

    #[test]
    fn a_commitment_that_gets_another_child_is_not_dropped_with_the_first() {
        let mut pending = Pending::new();
        let commitment = spending(&[coin(1)]);
        let anchor = OutPoint::new(commitment.compute_txid(), 0);
        let children = [coin(2), coin(3)].map(|coin| spending(&[anchor, coin]));
        for child in &children {
            pending.add(vec![commitment.clone(), child.clone()], None);
        }
        due(&mut pending);
        pending.accepted(1);
        assert_eq!(pending.take_dead(), vec![children[0].compute_txid()]);
        assert_eq!(all_due(&mut pending), vec![vec![commitment, children[1].clone()]]);
    }

    #[test]
    fn what_was_refused_is_sent_again_on_the_next_block_and_not_before_whoever_hands_it_over() {
        let mut pending = Pending::new();
        let transaction = spending(&[coin(1)]);
        let signed_anew = || {
            let mut signed = transaction.clone();
            signed.input[0].witness.push([1]);
            signed
        };
        pending.add(vec![transaction.clone()], None);
        let job = pending.take_due().unwrap();
        pending.refused(job.id);
        pending.add(vec![transaction.clone()], None);
        pending.add(vec![signed_anew()], None);
        assert!(due(&mut pending).is_empty());
        assert_eq!(all_due(&mut pending).len(), 1);
    }

    #[test]
    fn inputs_that_stay_missing_are_given_up() {
        let mut pending = Pending::new();
        let transaction = spending(&[coin(1)]);
        pending.add(vec![transaction.clone()], None);
        for height in 1..=7 {
            pending.block_connected(height, std::iter::empty());
            let job = pending.take_due().unwrap();
            pending.missing_inputs(job.id);
        }
        assert_eq!(pending.take_dead(), vec![transaction.compute_txid()]);
        assert!(all_due(&mut pending).is_empty());
    }

    #[test]
    fn what_is_settled_for_long_is_forgotten() {
        let mut pending = Pending::new();
        let transaction = spending(&[coin(1)]);
        pending.add(vec![transaction.clone()], None);
        pending.block_connected(1, [&transaction].into_iter());
        pending.block_connected(100, std::iter::empty());
        assert!(pending.spender_of(&coin(1)).is_some());
        pending.block_connected(101, std::iter::empty());
        assert!(pending.spender_of(&coin(1)).is_none());
    }
}
