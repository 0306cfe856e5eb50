//! The wallet: the node's coins, and the transactions that spend them.
//!
//! One `bdk_wallet` holds both kinds of address that Core Lightning has: its two keychains, meant for receiving and for
//! change, serve as taproot and as segwit, and change goes to taproot. So there is one list of coins and one coin
//! selection over all of them, and a withdrawal of everything is a single transaction.
//!
//! * `log.rs` keeps it on disk; `keys.rs` has the keys, which `bdk_wallet` never sees, and signs.
//! * `chain.rs` and `mempool.rs` are how it learns of transactions; `coins.rs` tells what there is.
//! * `spend.rs` makes transactions, `hold.rs` keeps coins for one that is planned; `ldk.rs` is the wallet as LDK uses it.
//! * `scan.rs` looks for coins in blocks long past.
//!
//! What changes under the lock is handed to the store under the lock, so the order on disk is the order in memory. An
//! address or a transaction is given out only when its record is durable.

mod chain;
mod coins;
mod error;
mod hold;
mod keys;
mod ldk;
mod log;
mod mempool;
mod scan;
mod spend;
mod types;

pub use error::{SpendError, WalletError};
pub use hold::Hold;
pub use scan::{Rescan, ScanError, before_any_coin, has_wallet};
pub use types::{
    AddressKind, Balance, BuiltSpend, Coin, CoinStatus, IssuedAddress, Spend, SpendAmount, SpendEstimate,
    WalletTransaction,
};

use bdk_wallet::chain::{BlockId, CheckPoint, DescriptorExt, Merge};
use bdk_wallet::{ChangeSet, KeychainKind, Update};
use bitcoin::{Address, Network, OutPoint, ScriptBuf, Transaction, Txid};
use boltill_types::{StateStore, StoreFuture, UnixSeconds};
use keys::Keys;
use lightning::chain::BestBlock;
use log::{Log, Record};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many addresses beyond the last one given out are watched. It bounds the gap that a wallet restored from its seed
/// finds its coins across.
const LOOKAHEAD: u32 = 200;
/// LDK asks for a script whenever a channel is opened or a claim is bumped. So many are given out fresh; beyond that
/// those that nobody has paid to yet come round again, so that no peer can have addresses made without end.
const SCRIPTS_FOR_CHANNELS: usize = 100;

/// The node's coins.
pub struct Wallet {
    network: Network,
    keys: Keys,
    state: Mutex<State>,
    mempool: tokio::sync::Mutex<mempool::Scan>,
}

struct State {
    bdk: bdk_wallet::Wallet,
    log: Log,
    /// Where in their blocks our transactions are.
    places: BTreeMap<Txid, u32>,
    /// Coins that a transaction is being made with, and the height up to which nobody else may have them.
    reserved: BTreeMap<OutPoint, u32>,
    /// Coins that are planned with, until the transaction is made or given up; see [`Hold`].
    held: BTreeSet<OutPoint>,
    /// Transactions that were made and are not sent.
    unsent: BTreeMap<Txid, Transaction>,
    /// What changed besides `bdk`, and is not in the log yet.
    unlogged: Record,
    /// The time of the last event outside of blocks, in seconds; each is given a later one than the last.
    clock: u64,
    /// The scripts given to LDK in this run that may not have been used, by their index.
    scripts_for_channels: VecDeque<u32>,
}

impl Wallet {
    /// Opens the wallet of a seed, or makes it. Blocks on the disk.
    ///
    /// `birthday` is the block from which on a new wallet looks for its coins: the tip for a new seed, an earlier one
    /// for a seed that has been used. It is of no account for a wallet that is already there.
    ///
    /// # Errors
    /// The store fails, or holds the wallet of another seed or network.
    pub fn open(
        network: Network,
        seed: &[u8; 32],
        birthday: BestBlock,
        store: Arc<dyn StateStore>,
    ) -> Result<Wallet, WalletError> {
        let keys = Keys::new(network, seed)?;
        let (mut log, record) = Log::read(store)?;
        let (bdk, record) = match record {
            Some(mut record) => {
                record.prune();
                (load(network, &keys, std::mem::take(&mut record.wallet))?, record)
            }
            None => {
                let mut bdk = create(network, &keys, birthday)?;
                let wallet = bdk.take_staged().unwrap_or_default();
                log.append_blocking(&Record {
                    wallet,
                    ..Record::default()
                })?;
                (bdk, Record::default())
            }
        };
        let graph = bdk.tx_graph();
        let times = graph
            .full_txs()
            .map(|node| node.last_seen.max(graph.get_last_evicted(node.txid)));
        let clock = times.flatten().max().unwrap_or(0);
        let reserved = record
            .reserved
            .into_iter()
            .filter_map(|(coin, until)| Some((coin, until?)))
            .collect();
        let unsent = record.unsent.into_iter();
        let unsent = unsent
            .filter_map(|(txid, transaction)| Some((txid, transaction?)))
            .collect();
        let state = State {
            bdk,
            log,
            places: record.places,
            reserved,
            held: BTreeSet::new(),
            unsent,
            unlogged: Record::default(),
            clock,
            scripts_for_channels: VecDeque::new(),
        };
        Ok(Wallet {
            network,
            keys,
            state: Mutex::new(state),
            mempool: Default::default(),
        })
    }

    /// The chain that its coins are on.
    pub fn network(&self) -> Network {
        self.network
    }

    /// A fresh address; it is durable that it has been given out.
    ///
    /// # Errors
    /// The store failed.
    pub async fn new_address(&self, kind: AddressKind) -> Result<Address, WalletError> {
        let (address, written) = {
            let mut state = self.lock();
            let address = state.bdk.reveal_next_address(keychain(kind)).address;
            (address, state.commit()?)
        };
        written.durable().await?;
        Ok(address)
    }

    /// A script that a closing channel, a claim or a sweep may pay to.
    ///
    /// It is fresh, unless a hundred of them have been given out in this run that nobody has paid to. Since LDK asks in
    /// the midst of its work, this does not wait until it is durable that the script has been given out; should that get
    /// lost in a crash, the coins are found all the same, and the worst is that the script is given out again.
    pub fn new_script(&self) -> ScriptBuf {
        let mut state = self.lock();
        let script = state.next_script_for_channels();
        state.commit_unawaited();
        script
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The keychain of `bdk_wallet`'s that has the addresses of a kind.
fn keychain(kind: AddressKind) -> KeychainKind {
    match kind {
        AddressKind::Taproot => KeychainKind::External,
        AddressKind::Segwit => KeychainKind::Internal,
    }
}

fn address_kind(keychain: KeychainKind) -> AddressKind {
    match keychain {
        KeychainKind::External => AddressKind::Taproot,
        KeychainKind::Internal => AddressKind::Segwit,
    }
}

fn create(network: Network, keys: &Keys, birthday: BestBlock) -> Result<bdk_wallet::Wallet, WalletError> {
    let (taproot, segwit) = (
        keys.descriptor(AddressKind::Taproot),
        keys.descriptor(AddressKind::Segwit),
    );
    let mut bdk = bdk_wallet::Wallet::create(taproot, segwit)
        .network(network)
        .lookahead(LOOKAHEAD)
        .create_wallet_no_persist()
        .map_err(|error| WalletError::Keys(error.to_string()))?;
    if birthday.height > 0 {
        let genesis = bdk.latest_checkpoint().block_id();
        let block = BlockId {
            height: birthday.height,
            hash: birthday.block_hash,
        };
        let chain = CheckPoint::from_block_ids([genesis, block]).ok();
        bdk.apply_update(Update {
            chain,
            ..Update::default()
        })
        .map_err(|error| WalletError::Mismatch(error.to_string()))?;
    }
    Ok(bdk)
}

fn load(network: Network, keys: &Keys, changes: ChangeSet) -> Result<bdk_wallet::Wallet, WalletError> {
    let loaded = bdk_wallet::Wallet::load()
        .descriptor(
            KeychainKind::External,
            Some(keys.descriptor(AddressKind::Taproot)),
        )
        .descriptor(KeychainKind::Internal, Some(keys.descriptor(AddressKind::Segwit)))
        .check_network(network)
        .lookahead(LOOKAHEAD)
        .load_wallet_no_persist(changes);
    match loaded {
        Ok(Some(bdk)) => Ok(bdk),
        Ok(None) => Err(WalletError::Damaged("the records are empty".to_owned())),
        Err(bdk_wallet::LoadError::Mismatch(mismatch)) => Err(WalletError::Mismatch(mismatch.to_string())),
        Err(error) => Err(WalletError::Damaged(error.to_string())),
    }
}

/// A write that is on its way, if there was anything to write.
#[must_use = "whoever gives something out waits until it is durable; others say that they do not"]
struct Written(Option<StoreFuture<()>>);

impl Written {
    /// Waits until it is on disk.
    async fn durable(self) -> Result<(), WalletError> {
        match self.0 {
            Some(written) => Ok(written.await?),
            None => Ok(()),
        }
    }
}

impl State {
    /// Hands everything that changed to the store.
    fn commit(&mut self) -> Result<Written, WalletError> {
        let mut record = std::mem::take(&mut self.unlogged);
        if let Some(staged) = self.bdk.take_staged() {
            record.wallet.merge(staged);
        }
        if record.is_empty() {
            return Ok(Written(None));
        }
        let written = match self.log.is_long() {
            true => self.log.snapshot(&self.everything())?,
            false => self.log.append(&record)?,
        };
        Ok(Written(Some(written)))
    }

    /// Hands everything that changed to the store, where losing it in a crash only means to find it out once more.
    fn commit_unawaited(&mut self) {
        match self.commit() {
            Ok(written) => drop(written),
            Err(error) => tracing::error!("what the wallet learned could not be noted: {error}"),
        }
    }

    /// All that the log says, in one record.
    fn everything(&self) -> Record {
        let descriptor = |kind| Some(self.bdk.public_descriptor(kind).clone());
        let index = self.bdk.spk_index();
        let last_revealed = self
            .bdk
            .keychains()
            .filter_map(|(kind, descriptor)| {
                Some((descriptor.descriptor_id(), index.last_revealed_index(kind)?))
            })
            .collect();
        let wallet = ChangeSet {
            descriptor: descriptor(KeychainKind::External),
            change_descriptor: descriptor(KeychainKind::Internal),
            network: Some(self.bdk.network()),
            local_chain: self.bdk.local_chain().initial_changeset(),
            tx_graph: self.bdk.tx_graph().initial_changeset(),
            indexer: bdk_wallet::chain::keychain_txout::ChangeSet {
                last_revealed,
                ..Default::default()
            },
            ..ChangeSet::default()
        };
        let reserved = self
            .reserved
            .iter()
            .map(|(coin, until)| (*coin, Some(*until)))
            .collect();
        let mut record = Record {
            wallet,
            places: self.places.clone(),
            reserved,
            unsent: self
                .unsent
                .iter()
                .map(|(txid, unsent)| (*txid, Some(unsent.clone())))
                .collect(),
        };
        record.prune();
        record
    }

    /// A time for an event outside of blocks: now, or a second after the last one.
    fn tick(&mut self) -> u64 {
        self.clock = UnixSeconds::now().0.max(self.clock + 1);
        self.clock
    }

    fn height(&self) -> u32 {
        self.bdk.latest_checkpoint().height()
    }

    fn next_script_for_channels(&mut self) -> ScriptBuf {
        let kind = keychain(AddressKind::Taproot);
        if self.scripts_for_channels.len() >= SCRIPTS_FOR_CHANNELS
            && let Some(oldest) = self.scripts_for_channels.pop_front()
            && !self.bdk.spk_index().is_used(kind, oldest)
        {
            self.scripts_for_channels.push_back(oldest);
            return self.bdk.peek_address(kind, oldest).script_pubkey();
        }
        let fresh = self.bdk.reveal_next_address(kind);
        self.scripts_for_channels.push_back(fresh.index);
        fresh.script_pubkey()
    }
}

#[cfg(test)]
mod tests;
