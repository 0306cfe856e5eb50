//! The wallet on disk: a log of small changes, put together again when the wallet is opened.
//!
//! Each record is one JSON value under the next number. Records only ever add to what went before them, and to read
//! one twice changes nothing; so a snapshot, which says everything at once, may stand among the records it replaces,
//! and a crash while those are being removed does no harm.

use super::WalletError;
use bdk_wallet::ChangeSet;
use bdk_wallet::chain::Merge;
use bitcoin::{OutPoint, Transaction, Txid};
use boltill_types::{StateKey, StateStore, StoreFuture};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const NAMESPACE: &str = "boltill_wallet";
/// So many records are put together into one; a record is read in microseconds.
const RECORDS_PER_SNAPSHOT: u64 = 500;
/// Blocks are kept so far back, plus those with a transaction of ours: deeper than any reorg that a node survives.
const BLOCKS_KEPT: u32 = 2_016;

/// What changed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Record {
    /// Addresses, transactions, blocks.
    #[serde(default)]
    pub(super) wallet: ChangeSet,
    /// Where in its block a transaction of ours is.
    #[serde(default)]
    pub(super) places: BTreeMap<Txid, u32>,
    /// Up to which height a coin is reserved; `None` when it no longer is.
    #[serde(default)]
    pub(super) reserved: BTreeMap<OutPoint, Option<u32>>,
    /// A transaction that was made and is not sent; `None` when it has been sent or given up.
    #[serde(default)]
    pub(super) unsent: BTreeMap<Txid, Option<Transaction>>,
}

impl Record {
    pub(super) fn is_empty(&self) -> bool {
        self.wallet.is_empty() && self.places.is_empty() && self.reserved.is_empty() && self.unsent.is_empty()
    }

    fn merge(&mut self, later: Record) {
        self.wallet.merge(later.wallet);
        self.places.extend(later.places);
        self.reserved.extend(later.reserved);
        self.unsent.extend(later.unsent);
    }

    /// Leaves out what nobody will ask for: blocks long past without a transaction of ours, reservations that are over,
    /// transactions that have been sent.
    pub(super) fn prune(&mut self) {
        let blocks = &mut self.wallet.local_chain.blocks;
        blocks.retain(|_, hash| hash.is_some());
        let tip = blocks.last_key_value().map_or(0, |(height, _)| *height);
        let anchored: BTreeSet<u32> = self
            .wallet
            .tx_graph
            .anchors
            .iter()
            .map(|(anchor, _)| anchor.block_id.height)
            .collect();
        blocks.retain(|height, _| {
            *height == 0 || height.saturating_add(BLOCKS_KEPT) > tip || anchored.contains(height)
        });
        self.reserved
            .retain(|_, until| until.is_some_and(|until| until >= tip));
        self.unsent.retain(|_, transaction| transaction.is_some());
    }
}

/// Whether there are any records.
pub(super) fn is_there(store: &dyn StateStore) -> Result<bool, WalletError> {
    Ok(!store.list(NAMESPACE, "")?.is_empty())
}

/// Writes records.
pub(super) struct Log {
    store: Arc<dyn StateStore>,
    /// The oldest record on disk.
    first: u64,
    /// The record to write next.
    next: u64,
}

impl Log {
    /// Reads everything; `None` when there is no wallet yet. Blocks on the disk.
    pub(super) fn read(store: Arc<dyn StateStore>) -> Result<(Log, Option<Record>), WalletError> {
        let mut numbers = Vec::new();
        for key in store.list(NAMESPACE, "")? {
            numbers.push(
                key.parse::<u64>()
                    .map_err(|_| WalletError::Damaged(format!("a record named {key}")))?,
            );
        }
        numbers.sort_unstable();
        let mut all: Option<Record> = None;
        for number in &numbers {
            let Some(bytes) = store.read(&key(*number))? else {
                continue;
            };
            let record: Record = serde_json::from_slice(&bytes)
                .map_err(|error| WalletError::Damaged(format!("record {number}: {error}")))?;
            match &mut all {
                Some(all) => all.merge(record),
                None => all = Some(record),
            }
        }
        let first = numbers.first().copied().unwrap_or(0);
        let next = numbers.last().map_or(0, |last| last + 1);
        Ok((Log { store, first, next }, all))
    }

    /// Whether it is time for a snapshot.
    pub(super) fn is_long(&self) -> bool {
        self.next - self.first >= RECORDS_PER_SNAPSHOT
    }

    /// Writes a change. It is written in its turn even if the future is dropped.
    pub(super) fn append(&mut self, record: &Record) -> Result<StoreFuture<()>, WalletError> {
        let bytes = encode(record)?;
        let written = self.store.write(key(self.next), bytes);
        self.next += 1;
        Ok(written)
    }

    /// Writes everything, and removes the records that it replaces.
    pub(super) fn snapshot(&mut self, everything: &Record) -> Result<StoreFuture<()>, WalletError> {
        let replaced = self.first..self.next;
        let written = self.append(everything)?;
        for number in replaced.clone() {
            // In order, behind the snapshot; one that stays because the disk fails is read once more and does no harm.
            drop(self.store.remove(key(number)));
        }
        self.first = replaced.end;
        Ok(written)
    }

    /// Writes the first record, and waits for it on the calling thread.
    pub(super) fn append_blocking(&mut self, record: &Record) -> Result<(), WalletError> {
        self.store.write_blocking(key(self.next), encode(record)?)?;
        self.next += 1;
        Ok(())
    }
}

fn key(number: u64) -> StateKey {
    StateKey {
        primary_namespace: NAMESPACE.to_owned(),
        secondary_namespace: String::new(),
        key: format!("{number:016}"),
    }
}

fn encode(record: &Record) -> Result<Vec<u8>, WalletError> {
    serde_json::to_vec(record).map_err(|error| WalletError::Damaged(error.to_string()))
}
