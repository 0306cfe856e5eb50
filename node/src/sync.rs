//! Following the chain: once to the tip before anything else, then block by block.

use crate::Node;
use crate::ldk::{ChainMonitor, ChannelManager, ChannelMonitor, Sweeper};
use crate::logger::LdkLogger;
use crate::tasks::TaskResult;
use bitcoin::block::Header;
use bitcoin::{Block, BlockHash, Network};
use boltill_onchain::{Bitcoind, Broadcaster, FeeRates, Wallet};
use lightning::chain::transaction::TransactionData;
use lightning::chain::{BestBlock, Listen};
use lightning_block_sync::init::synchronize_listeners;
use lightning_block_sync::poll::{ChainPoller, ValidatedBlockHeader};
use lightning_block_sync::{BlockSourceErrorKind, SpvClient, UnboundedCache};
use std::sync::Arc;
use std::time::Duration;

/// Monitors of channels that are wholly resolved are put away about once a day.
const ARCHIVE_EVERY_BLOCKS: u32 = 144;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A monitor as a listener of its own, while it is not yet in the chain monitor's care.
pub(crate) type LoneMonitor = (ChannelMonitor, Arc<Broadcaster>, Arc<FeeRates>, Arc<LdkLogger>);

/// Everything that must see every block.
pub(crate) struct Followers<'a> {
    pub(crate) wallet: &'a Arc<Wallet>,
    pub(crate) channel_manager: &'a Arc<ChannelManager>,
    pub(crate) sweeper: &'a Arc<Sweeper>,
    pub(crate) monitors: &'a [LoneMonitor],
}

impl Followers<'_> {
    /// Each with the block that it has seen last; asked again for each try, since a failed one leaves them apart.
    fn at_their_blocks(&self) -> Vec<(BlockHash, &(dyn Listen + Send + Sync))> {
        let monitors = self.monitors.iter().map(|monitor| {
            (
                monitor.0.current_best_block().block_hash,
                monitor as &(dyn Listen + Send + Sync),
            )
        });
        let others: [(BestBlock, &(dyn Listen + Send + Sync)); 3] = [
            (self.wallet.best_block(), self.wallet.as_ref()),
            (
                self.channel_manager.current_best_block(),
                self.channel_manager.as_ref(),
            ),
            (self.sweeper.current_best_block(), self.sweeper.as_ref()),
        ];
        let others = others
            .into_iter()
            .map(|(block, listener)| (block.block_hash, listener));
        others.chain(monitors).collect()
    }
}

/// The chain could not be followed, and waiting will not help: bitcoind does not have a block that we have seen.
#[derive(Debug, thiserror::Error)]
#[error("the chain cannot be followed from where this node was: {0}")]
pub struct SyncError(String);

/// Brings every follower to the tip of the chain, waiting for bitcoind for as long as it takes.
pub(crate) async fn to_the_tip(
    bitcoind: &Arc<Bitcoind>,
    network: Network,
    cache: &mut UnboundedCache,
    followers: &Followers<'_>,
) -> Result<ValidatedBlockHeader, SyncError> {
    let mut pause = FIRST_PAUSE;
    loop {
        let synced =
            synchronize_listeners(Arc::clone(bitcoind), network, cache, followers.at_their_blocks()).await;
        let error = match synced {
            Ok(tip) => return Ok(tip),
            Err(error) => error,
        };
        if error.kind() == BlockSourceErrorKind::Persistent {
            return Err(SyncError(error.into_inner().to_string()));
        }
        tracing::warn!("waiting for bitcoind: {}", error.into_inner());
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Passes each block on to everybody, in an order in which the wallet knows a transaction before LDK asks for it.
struct FanOut {
    wallet: Arc<Wallet>,
    broadcaster: Arc<Broadcaster>,
    chain_monitor: Arc<ChainMonitor>,
    channel_manager: Arc<ChannelManager>,
    sweeper: Arc<Sweeper>,
}

impl Listen for FanOut {
    fn filtered_block_connected(&self, header: &Header, txdata: &TransactionData<'_>, height: u32) {
        self.wallet.filtered_block_connected(header, txdata, height);
        self.broadcaster.filtered_block_connected(header, txdata, height);
        self.chain_monitor
            .filtered_block_connected(header, txdata, height);
        self.channel_manager
            .filtered_block_connected(header, txdata, height);
        self.sweeper.filtered_block_connected(header, txdata, height);
    }

    fn block_connected(&self, block: &Block, height: u32) {
        self.wallet.block_connected(block, height);
        self.broadcaster.block_connected(block, height);
        self.chain_monitor.block_connected(block, height);
        self.channel_manager.block_connected(block, height);
        self.sweeper.block_connected(block, height);
    }

    fn blocks_disconnected(&self, fork_point: BestBlock) {
        self.wallet.blocks_disconnected(fork_point);
        self.broadcaster.blocks_disconnected(fork_point);
        self.chain_monitor.blocks_disconnected(fork_point);
        self.channel_manager.blocks_disconnected(fork_point);
        self.sweeper.blocks_disconnected(fork_point);
    }
}

/// Polls bitcoind for as long as the node runs. A bitcoind that is gone is waited for; its blocks are caught up with.
pub(crate) async fn follow(node: Node, tip: ValidatedBlockHeader, mut cache: UnboundedCache) -> TaskResult {
    let inner = &node.inner;
    let stopping = inner.tasks.stopping();
    let fan_out = FanOut {
        wallet: Arc::clone(&inner.wallet),
        broadcaster: Arc::clone(&inner.broadcaster),
        chain_monitor: Arc::clone(&inner.chain_monitor),
        channel_manager: Arc::clone(&inner.channel_manager),
        sweeper: Arc::clone(&inner.sweeper),
    };
    let poller = ChainPoller::new(Arc::clone(&inner.bitcoind), node.network());
    let mut client = SpvClient::new(tip, poller, &mut cache, &fan_out);
    let mut ticks = tokio::time::interval(inner.config.poll_interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopping.cancelled() => return Ok(()),
        }
        match client.poll_best_tip().await {
            Ok((_, changed)) => node.after_poll(changed).await,
            Err(error) => {
                tracing::debug!("the chain could not be read: {}", error.into_inner());
                inner.bitcoind.probe().await;
            }
        }
    }
}

impl Node {
    async fn after_poll(&self, blocks_changed: bool) {
        let inner = &self.inner;
        if blocks_changed {
            let height = inner.channel_manager.current_best_block().height;
            inner.height.send_replace(height);
            if height.is_multiple_of(ARCHIVE_EVERY_BLOCKS) {
                inner.chain_monitor.archive_fully_resolved_channel_monitors();
            }
            if let Err(error) = inner.fees.refresh(&inner.bitcoind).await {
                tracing::debug!("the feerates could not be read: {error}");
            }
        }
        if let Err(error) = inner.wallet.sync_mempool(&inner.bitcoind).await {
            tracing::debug!("the mempool could not be read: {error}");
        }
        inner.bitcoind.probe().await;
    }
}
