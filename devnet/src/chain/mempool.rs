//! The unconfirmed transactions and how they hang together.
//!
//! This file keeps the graph; whether something may enter is decided in `accept`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bitcoin::{Amount, Block, OutPoint, Transaction, TxOut, Txid, Wtxid};

/// An unconfirmed transaction.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The transaction.
    pub(crate) tx: Arc<Transaction>,
    /// Its id without witnesses.
    pub(crate) txid: Txid,
    /// Its id with witnesses.
    pub(crate) wtxid: Wtxid,
    /// What it pays.
    pub(crate) fee: Amount,
    /// Virtual size in vbytes, signature operations included as in bitcoind.
    pub(crate) vsize: u64,
    /// Signature operations, by cost.
    pub(crate) sigops: usize,
    /// When it came, in seconds since 1970.
    pub(crate) time: u32,
    /// Height of the tip when it came.
    pub(crate) height: u32,
}

/// Sums over a set of transactions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// How many.
    pub(crate) count: usize,
    /// Their virtual size.
    pub(crate) vsize: u64,
    /// Their fees.
    pub(crate) fees: Amount,
}

/// The mempool.
#[derive(Debug, Default)]
pub(crate) struct Mempool {
    /// By arrival, so that parents come before children.
    by_arrival: BTreeMap<u64, Entry>,
    arrivals: HashMap<Txid, u64>,
    spenders: HashMap<OutPoint, Txid>,
    next_arrival: u64,
    sequence: u64,
}

impl Mempool {
    /// A number that grows with every change (`mempool_sequence`).
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The entry with this id.
    pub(crate) fn get(&self, txid: &Txid) -> Option<&Entry> {
        self.by_arrival.get(self.arrivals.get(txid)?)
    }

    /// Whether the transaction is here.
    pub(crate) fn contains(&self, txid: &Txid) -> bool {
        self.arrivals.contains_key(txid)
    }

    /// All entries, parents before children.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.by_arrival.values()
    }

    /// The output of an unconfirmed transaction, spent or not.
    pub(crate) fn output(&self, outpoint: &OutPoint) -> Option<&TxOut> {
        self.get(&outpoint.txid)?.tx.output.get(outpoint.vout as usize)
    }

    /// Who spends an output.
    pub(crate) fn spender(&self, outpoint: &OutPoint) -> Option<Txid> {
        self.spenders.get(outpoint).copied()
    }

    /// Unconfirmed transactions whose outputs `tx` spends.
    pub(crate) fn parents(&self, tx: &Transaction) -> BTreeSet<Txid> {
        tx.input
            .iter()
            .map(|input| input.previous_output.txid)
            .filter(|parent| self.contains(parent))
            .collect()
    }

    /// Transactions that spend outputs of `txid`.
    pub(crate) fn children(&self, txid: &Txid) -> BTreeSet<Txid> {
        let Some(entry) = self.get(txid) else {
            return BTreeSet::new();
        };
        (0..entry.tx.output.len() as u32)
            .filter_map(|vout| self.spender(&OutPoint { txid: *txid, vout }))
            .collect()
    }

    /// Parents of `tx`, their parents, and so on. `tx` itself need not be here.
    pub(crate) fn ancestors(&self, tx: &Transaction) -> BTreeSet<Txid> {
        let mut found = BTreeSet::new();
        let mut todo: Vec<Txid> = self.parents(tx).into_iter().collect();
        while let Some(txid) = todo.pop() {
            if found.insert(txid)
                && let Some(entry) = self.get(&txid)
            {
                todo.extend(self.parents(&entry.tx));
            }
        }
        found
    }

    /// The transactions themselves, their children, and so on.
    pub(crate) fn with_descendants(&self, txids: impl IntoIterator<Item = Txid>) -> BTreeSet<Txid> {
        let mut found = BTreeSet::new();
        let mut todo: Vec<Txid> = txids.into_iter().filter(|txid| self.contains(txid)).collect();
        while let Some(txid) = todo.pop() {
            if found.insert(txid) {
                todo.extend(self.children(&txid));
            }
        }
        found
    }

    /// Sums over those of `txids` that are here.
    pub(crate) fn totals<'a>(&self, txids: impl IntoIterator<Item = &'a Txid>) -> Totals {
        txids
            .into_iter()
            .filter_map(|txid| self.get(txid))
            .fold(Totals::default(), |sum, entry| Totals {
                count: sum.count + 1,
                vsize: sum.vsize + entry.vsize,
                fees: sum.fees + entry.fee,
            })
    }

    /// Sums over everything.
    pub(crate) fn all_totals(&self) -> Totals {
        self.totals(self.arrivals.keys())
    }

    /// Adds an entry that was found acceptable.
    pub(crate) fn insert(&mut self, entry: Entry) {
        for input in &entry.tx.input {
            self.spenders.insert(input.previous_output, entry.txid);
        }
        self.arrivals.insert(entry.txid, self.next_arrival);
        self.by_arrival.insert(self.next_arrival, entry);
        self.next_arrival += 1;
        self.sequence += 1;
    }

    /// Removes the transactions and all that descend from them; gives what was removed, parents first.
    pub(crate) fn remove_with_descendants(&mut self, txids: impl IntoIterator<Item = Txid>) -> Vec<Entry> {
        let mut doomed: Vec<(u64, Txid)> = self
            .with_descendants(txids)
            .into_iter()
            .filter_map(|txid| self.arrivals.get(&txid).map(|arrival| (*arrival, txid)))
            .collect();
        doomed.sort_unstable();
        doomed
            .into_iter()
            .filter_map(|(_, txid)| self.remove(&txid))
            .collect()
    }

    /// Follows a block that joined the chain: what it holds goes, and what it makes impossible.
    pub(crate) fn block_connected(&mut self, block: &Block) {
        for tx in &block.txdata {
            self.remove(&tx.compute_txid());
            let conflicts: Vec<Txid> = tx
                .input
                .iter()
                .filter_map(|input| self.spender(&input.previous_output))
                .collect();
            self.remove_with_descendants(conflicts);
        }
    }

    /// Takes everything out, parents before children.
    pub(crate) fn take_all(&mut self) -> Vec<Entry> {
        self.arrivals.clear();
        self.spenders.clear();
        self.sequence += 1;
        std::mem::take(&mut self.by_arrival).into_values().collect()
    }

    fn remove(&mut self, txid: &Txid) -> Option<Entry> {
        let entry = self.by_arrival.remove(&self.arrivals.remove(txid)?)?;
        for input in &entry.tx.input {
            self.spenders.remove(&input.previous_output);
        }
        self.sequence += 1;
        Some(entry)
    }
}
