//! The wallet looks at what is not in a block yet.
//!
//! What we send ourselves is in the wallet before it is sent. What is looked for here is what others pay to us; it is a
//! convenience, since nothing that is not in a block counts as paid, and so its cost is bounded.

use super::{State, Wallet};
use crate::bitcoind::{Bitcoind, BitcoindError, MempoolInfo};
use bitcoin::{Transaction, Txid};
use std::collections::HashSet;

/// A mempool of more transactions is not searched: it is not listed in a moment, and payments show up when confirmed.
const LARGEST_SEARCHED: usize = 50_000;
/// So many transactions are read in one go; the rest comes in the next ones.
const READ_AT_ONCE: usize = 500;

/// How far the mempool has been searched.
#[derive(Default)]
pub(super) struct Scan {
    /// The mempool as it was when everything in it had been read, and the payments to us that were in it.
    finished: Option<(MempoolInfo, HashSet<Txid>)>,
    /// What has been read, of what is still there.
    read: HashSet<Txid>,
}

impl Wallet {
    /// Looks for unconfirmed payments to us, and for those that are gone from the mempool again.
    ///
    /// Costs one small call while neither the mempool nor what the wallet believes to be in it changes. To be called whenever the chain is polled.
    ///
    /// # Errors
    /// bitcoind did not answer; the next call goes on from there.
    pub async fn sync_mempool(&self, bitcoind: &Bitcoind) -> Result<(), BitcoindError> {
        let mut scan = self.mempool.lock().await;
        let info = bitcoind.mempool_info().await?;
        // A mempool that is still being read back from disk says nothing about what is missing in it.
        let foreign = self.lock().unconfirmed_foreign();
        let seen = (info, foreign);
        if !seen.0.loaded || scan.finished.as_ref() == Some(&seen) {
            return Ok(());
        }
        let (info, foreign) = seen;
        let mut looked_at = self.drop_vanished(bitcoind, foreign).await?;
        if info.size > LARGEST_SEARCHED {
            *scan = Scan {
                finished: Some((info, looked_at)),
                read: HashSet::new(),
            };
            return Ok(());
        }
        let listing: HashSet<Txid> = bitcoind.raw_mempool().await?.txids.into_iter().collect();
        scan.read.retain(|txid| listing.contains(txid));
        let unread: Vec<Txid> = listing
            .into_iter()
            .filter(|txid| !scan.read.contains(txid))
            .collect();
        let mut payments = Vec::new();
        for txid in unread.iter().take(READ_AT_ONCE) {
            if let Some(transaction) = bitcoind.raw_transaction(txid).await? {
                payments.push(transaction);
            }
            scan.read.insert(*txid);
        }
        self.note_seen(payments);
        // What else has been noted meanwhile, for having been sent, is looked at the next time.
        let foreign = self.lock().unconfirmed_foreign().into_iter();
        looked_at.extend(foreign.filter(|txid| scan.read.contains(txid)));
        scan.finished = (unread.len() <= READ_AT_ONCE).then_some((info, looked_at));
        Ok(())
    }

    fn note_seen(&self, transactions: Vec<Transaction>) {
        if transactions.is_empty() {
            return;
        }
        let mut state = self.lock();
        let now = state.tick();
        state
            .bdk
            .apply_unconfirmed_txs(transactions.into_iter().map(|transaction| (transaction, now)));
        state.commit_unawaited();
    }

    /// Takes those payments of others out of the wallet that bitcoind no longer knows: replaced, or fallen out.
    ///
    /// Transactions of our own stay: they are sent again until they are confirmed, and their coins must not be spent a
    /// second time meanwhile. Gives those that are still there.
    async fn drop_vanished(
        &self,
        bitcoind: &Bitcoind,
        foreign: HashSet<Txid>,
    ) -> Result<HashSet<Txid>, BitcoindError> {
        let (mut there, mut vanished) = (HashSet::new(), Vec::new());
        for txid in foreign {
            match bitcoind.raw_transaction(&txid).await? {
                Some(_) => _ = there.insert(txid),
                None => vanished.push(txid),
            }
        }
        if !vanished.is_empty() {
            let mut state = self.lock();
            let now = state.tick();
            state
                .bdk
                .apply_evicted_txs(vanished.into_iter().map(|txid| (txid, now)));
            state.commit_unawaited();
        }
        Ok(there)
    }
}

impl State {
    fn unconfirmed_foreign(&self) -> HashSet<Txid> {
        let unconfirmed = self
            .bdk
            .transactions()
            .filter(|known| known.chain_position.is_unconfirmed());
        unconfirmed
            .map(|known| known.tx_node.txid)
            .filter(|txid| !self.is_own(*txid))
            .collect()
    }
}
