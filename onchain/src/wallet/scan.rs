//! Looking for the wallet's coins in blocks long past: for a seed that has been used before, or when the operator wants it.
//!
//! The wallet alone goes through the blocks, before anything else follows the chain. It keeps where it is, so that a scan
//! that is interrupted goes on there at the next start.

use super::log::is_there;
use super::{Wallet, WalletError};
use crate::bitcoind::{Bitcoind, BitcoindError, BlockchainInfo, RPC_MISC_ERROR};
use bitcoin::Network;
use boltill_types::StateStore;
use lightning::chain::{BestBlock, Listen};
use std::time::{Duration, Instant};

/// How many blocks are looked at before what was found is kept.
const BLOCKS_AT_ONCE: usize = 100;
const TELL_EVERY: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// On the main chain no wallet of Boltill's is older than this block of November 2024.
const FIRST_ON_BITCOIN: u32 = 870_000;

/// From where on the wallet looks for its coins once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rescan {
    /// In so many blocks, up to the last one.
    LastBlocks(u32),
    /// In all blocks from this height on.
    FromHeight(u32),
}

/// Why the blocks cannot be looked through.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// bitcoind does not have the blocks any more.
    #[error(
        "bitcoind is pruned and has no blocks below {first}, but the wallet's coins are to be looked for from block \
         {wanted} on: start with --rescan=-{first} to look only where there are blocks, or with a bitcoind that has all"
    )]
    Pruned {
        /// The first block that is wanted.
        wanted: u32,
        /// The first block that bitcoind has.
        first: u32,
    },
    /// bitcoind refuses.
    #[error("the blocks cannot be looked through for the wallet's coins: {0}")]
    Bitcoind(#[from] BitcoindError),
    /// The wallet cannot go back.
    #[error(transparent)]
    Wallet(#[from] WalletError),
}

/// The last block that the wallet of an old seed need not look at.
///
/// On the main chain that is one from before Boltill was there, elsewhere the first one. Blocks that bitcoind has pruned
/// are left out, with a warning: better to find the coins of the others than none.
///
/// # Errors
/// bitcoind does not answer.
pub async fn before_any_coin(
    bitcoind: &Bitcoind,
    network: Network,
    info: &BlockchainInfo,
) -> Result<BestBlock, BitcoindError> {
    let first = match network {
        Network::Bitcoin => FIRST_ON_BITCOIN,
        _ => 1,
    };
    let there = first_block(info);
    if there > first {
        tracing::warn!(
            "bitcoind is pruned and has no blocks below {there}: coins that this seed was paid before, if there are any, \
             are not found; a bitcoind that has all blocks finds them with --rescan=-{first}"
        );
    }
    block_before(bitcoind, first.max(there).min(info.blocks)).await
}

/// Whether there is a wallet in a store.
///
/// # Errors
/// The store fails.
pub fn has_wallet(store: &dyn StateStore) -> Result<bool, WalletError> {
    is_there(store)
}

/// The lowest block that bitcoind has besides the very first.
fn first_block(info: &BlockchainInfo) -> u32 {
    info.prune_height.filter(|_| info.pruned).unwrap_or(0)
}

async fn block_before(bitcoind: &Bitcoind, height: u32) -> Result<BestBlock, BitcoindError> {
    let before = height.saturating_sub(1);
    Ok(BestBlock::new(bitcoind.block_hash(before).await?, before))
}

impl Wallet {
    /// Goes back, so that [`Wallet::scan`] looks at blocks again.
    ///
    /// # Errors
    /// bitcoind has no such blocks any more, or does not answer.
    pub async fn go_back(
        &self,
        rescan: Rescan,
        bitcoind: &Bitcoind,
        info: &BlockchainInfo,
    ) -> Result<(), ScanError> {
        let wanted = match rescan {
            Rescan::LastBlocks(blocks) => (info.blocks + 1).saturating_sub(blocks),
            Rescan::FromHeight(height) => height,
        };
        let wanted = wanted.min(info.blocks + 1);
        let first = first_block(info);
        if wanted < first {
            return Err(ScanError::Pruned { wanted, first });
        }
        let before = block_before(bitcoind, wanted).await?;
        if before.height < self.best_block().height {
            self.blocks_disconnected(before);
        }
        Ok(())
    }

    /// Looks through the blocks above the last one that the wallet has seen, up to a height. Waits for a bitcoind that
    /// does not answer.
    ///
    /// # Errors
    /// bitcoind refuses to give a block.
    pub async fn scan(&self, bitcoind: &Bitcoind, until: u32) -> Result<(), ScanError> {
        let from = self.best_block().height;
        if from >= until {
            return Ok(());
        }
        tracing::info!("looking for coins in blocks {} to {until}", from + 1);
        let (mut told, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            match self.scan_some(bitcoind, until).await {
                Ok(true) => break,
                Ok(false) => pause = FIRST_PAUSE,
                Err(error) if error.is_transient() => {
                    tracing::warn!("waiting for bitcoind: {error}");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) if error.rpc_code() == Some(RPC_MISC_ERROR) => {
                    let first = first_block(&bitcoind.blockchain_info().await?);
                    let wanted = self.best_block().height + 1;
                    return Err(match first > wanted {
                        true => ScanError::Pruned { wanted, first },
                        false => error.into(),
                    });
                }
                Err(error) => return Err(error.into()),
            }
            if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                let (height, found) = (self.best_block().height, self.transaction_count());
                tracing::info!(
                    "looking for coins: at block {height} of {until}, {found} transactions so far"
                );
            }
        }
        let found = self.transaction_count();
        tracing::info!("looked for coins up to block {until}: the wallet has {found} transactions");
        Ok(())
    }

    /// Looks through the next blocks; whether that was all.
    async fn scan_some(&self, bitcoind: &Bitcoind, until: u32) -> Result<bool, BitcoindError> {
        for _ in 0..BLOCKS_AT_ONCE {
            let seen = self.best_block();
            if seen.height >= until {
                break;
            }
            let hash = bitcoind.block_hash(seen.height + 1).await?;
            let block = bitcoind.block(&hash).await?;
            if block.header.prev_blockhash != seen.block_hash {
                self.leave_stale_blocks(bitcoind).await?;
                continue;
            }
            let places = 0..block.txdata.len();
            self.lock().connect(&block, seen.height + 1, places);
        }
        self.lock().commit_unawaited();
        Ok(self.best_block().height >= until)
    }

    /// Goes back to the last block seen that is in bitcoind's best chain.
    async fn leave_stale_blocks(&self, bitcoind: &Bitcoind) -> Result<(), BitcoindError> {
        let seen: Vec<(u32, bitcoin::BlockHash)> = {
            let state = self.lock();
            let blocks = state.bdk.latest_checkpoint().into_iter();
            blocks.map(|block| (block.height(), block.hash())).collect()
        };
        for (height, hash) in seen {
            if bitcoind.block_hash(height).await? == hash {
                self.blocks_disconnected(BestBlock::new(hash, height));
                break;
            }
        }
        Ok(())
    }
}
