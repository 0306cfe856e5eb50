//! The chain, its mempool, its wallet and its file as one.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bitcoin::{Amount, Block, BlockHash, FeeRate, OutPoint, ScriptBuf, Transaction, Txid};
use thiserror::Error;

use super::accept::{Candidate, Judge};
use super::connect::Trust;
use super::mempool::Mempool;
use super::miner::{self, Selection};
use super::policy::MIN_RELAY_FEERATE;
use super::rbf;
use super::reject::{BlockReject, TxReject};
use super::state::{Chain, TipChange};
use super::store::{Record, Store, StoreError};
use super::unconfirmed;
use super::wallet::{AddressType, Wallet, WalletError};

/// Why the node could not do what was asked.
#[derive(Debug, Error)]
pub(crate) enum NodeError {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Block(#[from] BlockReject),
    #[error("{}", .0.full())]
    Transaction(#[from] TxReject),
    #[error("{0}")]
    Wallet(#[from] WalletError),
    #[error("no proof of work found")]
    NoWork,
    #[error("Block not found")]
    UnknownBlock,
}

/// Everything behind the RPC calls.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) chain: Chain,
    pub(crate) pool: Mempool,
    pub(crate) wallet: Wallet,
    /// What `estimatesmartfee` answers, if it was told.
    pub(crate) estimated_feerate: Option<FeeRate>,
    /// The mempool's minimum, if it was raised above the relay minimum.
    pub(crate) mempool_min: Option<FeeRate>,
    /// `setmocktime`, in seconds since 1970.
    pub(crate) mock_time: Option<u32>,
    /// `stop` was called.
    pub(crate) stop_requested: bool,
    /// For `uptime`.
    pub(crate) started: Instant,
    dir: PathBuf,
    store: Store,
}

impl Node {
    /// Opens the chain in `dir`, or begins one there.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(crate) fn open(dir: &Path) -> Result<Self, StoreError> {
        let mut chain = Chain::genesis();
        let mut wallet = Wallet::new();
        let store = Store::open(dir, |record| replay(&mut chain, &mut wallet, record))?;
        let mut node = Self {
            chain,
            pool: Mempool::default(),
            wallet,
            estimated_feerate: None,
            mempool_min: None,
            mock_time: None,
            stop_requested: false,
            started: Instant::now(),
            dir: dir.to_owned(),
            store,
        };
        node.readmit(unconfirmed::load(dir));
        Ok(node)
    }

    /// Keeps the mempool for the next start.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn save_mempool(&self) -> io::Result<()> {
        unconfirmed::save(&self.dir, &self.pool)
    }

    /// The clock, in seconds since 1970.
    pub(crate) fn now(&self) -> u32 {
        let real = || {
            let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            u32::try_from(since_1970.as_secs()).unwrap_or(u32::MAX)
        };
        self.mock_time.unwrap_or_else(real)
    }

    /// The feerate below which the mempool takes nothing.
    pub(crate) fn mempool_min(&self) -> FeeRate {
        self.mempool_min
            .unwrap_or(MIN_RELAY_FEERATE)
            .max(MIN_RELAY_FEERATE)
    }

    /// What transactions are judged with.
    pub(crate) fn judge(&self) -> Judge<'_> {
        Judge {
            chain: &self.chain,
            pool: &self.pool,
            mempool_min: self.mempool_min(),
            now: self.now(),
        }
    }

    /// Puts a candidate into the mempool; gives what had to leave.
    pub(crate) fn admit(&mut self, candidate: Candidate) -> BTreeSet<Txid> {
        let group = [candidate];
        let replaced = rbf::replaced_by(&self.pool, &group);
        self.pool.remove_with_descendants(replaced.iter().copied());
        let [candidate] = group;
        self.pool.insert(candidate.entry);
        replaced
    }

    /// Takes a transaction into the mempool.
    ///
    /// # Errors
    /// bitcoind's reason to refuse it.
    pub(crate) fn submit_transaction(&mut self, tx: Transaction) -> Result<Txid, TxReject> {
        let candidate = self.judge().single(&Arc::new(tx))?;
        let txid = candidate.entry.txid;
        self.admit(candidate);
        Ok(txid)
    }

    /// Whether an output of the transaction is unspent in the chain.
    pub(crate) fn is_in_utxo_set(&self, tx: &Transaction) -> bool {
        let txid = tx.compute_txid();
        (0..tx.output.len() as u32).any(|vout| self.chain.coin(&OutPoint { txid, vout }).is_some())
    }

    /// Mines what the mempool holds into a block that pays to `script_pubkey`.
    ///
    /// # Errors
    /// [`NodeError::Store`] if the block cannot be written.
    pub(crate) fn mine(&mut self, script_pubkey: ScriptBuf) -> Result<BlockHash, NodeError> {
        let (block, now) = self.assemble(miner::select(&self.pool), script_pubkey)?;
        self.add_block(block, now)
    }

    /// Mines a block of exactly these transactions, in this order.
    ///
    /// # Errors
    /// [`NodeError::Block`] if they do not make a valid block.
    pub(crate) fn mine_exactly(
        &mut self,
        txs: Vec<Arc<Transaction>>,
        script_pubkey: ScriptBuf,
    ) -> Result<BlockHash, NodeError> {
        // The coinbase claims no fees, because the transactions are not judged yet.
        let (block, now) = self.assemble(
            Selection {
                txs,
                fees: Amount::ZERO,
            },
            script_pubkey,
        )?;
        self.chain.test_block(&block, now)?;
        self.add_block(block, now)
    }

    /// A mined block, and the time at which to judge it: its own may be ahead of the clock after many blocks in a second.
    fn assemble(&self, selection: Selection, script_pubkey: ScriptBuf) -> Result<(Block, u32), NodeError> {
        let now = self.now();
        let block = miner::mine(&self.chain, selection, script_pubkey, now).ok_or(NodeError::NoWork)?;
        let now = now.max(block.header.time);
        Ok((block, now))
    }

    /// Takes a block from outside.
    ///
    /// # Errors
    /// [`NodeError::Block`] with bitcoind's reason to refuse it.
    pub(crate) fn submit_block(&mut self, block: Block) -> Result<BlockHash, NodeError> {
        self.add_block(block, self.now())
    }

    fn add_block(&mut self, block: Block, now: u32) -> Result<BlockHash, NodeError> {
        let hash = block.block_hash();
        let record = Record::Block(block.clone());
        let change = self.chain.add_block(block, Trust::Verify { now })?;
        self.store.append(&record)?;
        for (refused, _) in &change.refused {
            self.store.append(&Record::Invalidated(*refused))?;
        }
        let own_refusal = change
            .refused
            .iter()
            .find(|(refused, _)| *refused == hash)
            .cloned();
        self.follow(change);
        match own_refusal {
            Some((_, reason)) => Err(reason.into()),
            None => Ok(hash),
        }
    }

    /// Declares a block invalid and leaves its branch.
    ///
    /// # Errors
    /// [`NodeError::UnknownBlock`].
    pub(crate) fn invalidate(&mut self, hash: &BlockHash) -> Result<(), NodeError> {
        let trust = Trust::Verify { now: self.now() };
        let change = self
            .chain
            .invalidate(hash, trust)
            .ok_or(NodeError::UnknownBlock)?;
        self.store.append(&Record::Invalidated(*hash))?;
        self.follow(change);
        Ok(())
    }

    /// Takes [`Node::invalidate`] back.
    ///
    /// # Errors
    /// [`NodeError::UnknownBlock`].
    pub(crate) fn reconsider(&mut self, hash: &BlockHash) -> Result<(), NodeError> {
        let trust = Trust::Verify { now: self.now() };
        let change = self
            .chain
            .reconsider(hash, trust)
            .ok_or(NodeError::UnknownBlock)?;
        self.store.append(&Record::Reconsidered(*hash))?;
        for (refused, _) in &change.refused {
            self.store.append(&Record::Invalidated(*refused))?;
        }
        self.follow(change);
        Ok(())
    }

    /// A new address of the wallet.
    ///
    /// # Errors
    /// [`NodeError::Store`] if it cannot be recorded.
    pub(crate) fn new_address(&mut self, kind: AddressType) -> Result<bitcoin::Address, NodeError> {
        let address = self.wallet.issue(kind)?;
        self.store.append(&Record::AddressIssued)?;
        Ok(address)
    }

    /// Brings what was done to the disk; called before the answer to a request leaves.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub(crate) fn sync(&mut self) -> Result<(), StoreError> {
        self.store.sync()
    }

    /// Makes the mempool follow the tip.
    fn follow(&mut self, change: TipChange) {
        if change.disconnected.is_empty() {
            for block in &change.connected {
                self.pool.block_connected(block);
            }
            return;
        }
        // After a reorganisation everything unconfirmed is judged anew, what left the chain first: it came first.
        let returning = change
            .disconnected
            .iter()
            .rev()
            .flat_map(|block| block.txdata.iter().skip(1).map(|tx| Arc::new(tx.clone())));
        let waiting = self.pool.take_all();
        self.readmit(
            returning
                .chain(waiting.into_iter().map(|entry| entry.tx))
                .collect(),
        );
    }

    /// Takes back, parents first, what is still valid.
    fn readmit(&mut self, txs: Vec<Arc<Transaction>>) {
        for tx in txs {
            if let Ok(candidate) = self.judge().returning(&tx) {
                self.pool.insert(candidate.entry);
            }
        }
    }
}

fn replay(chain: &mut Chain, wallet: &mut Wallet, record: Record) {
    // Refusals were recorded as invalidations, which follow.
    match record {
        Record::Block(block) => {
            let _ = chain.add_block(block, Trust::Replay);
        }
        Record::Invalidated(hash) => {
            chain.invalidate(&hash, Trust::Replay);
        }
        Record::Reconsidered(hash) => {
            chain.reconsider(&hash, Trust::Replay);
        }
        Record::AddressIssued => {
            let _ = wallet.issue(AddressType::Bech32);
        }
    }
}

#[cfg(test)]
mod tests;
