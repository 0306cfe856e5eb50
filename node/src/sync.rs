//! Following the chain: once to the tip before anything else, then block by block.

mod channels;
mod headers;

pub(crate) use channels::FollowingChannels;
pub(crate) use headers::Headers;

use crate::Node;
use crate::ldk::{ChainMonitor, ChannelMonitor, Sweeper};
use crate::logger::LdkLogger;
use crate::profile::Profile;
use crate::tasks::TaskResult;
use bitcoin::block::Header;
use bitcoin::{Block, BlockHash, Network};
use boltill_onchain::{Bitcoind, Broadcaster, FeeRates, Wallet};
use lightning::chain::transaction::TransactionData;
use lightning::chain::{BestBlock, Listen};
use lightning_block_sync::init::{synchronize_listeners, validate_best_block_header};
use lightning_block_sync::poll::{ChainPoller, ChainTip, Poll, Validate, ValidatedBlockHeader};
use lightning_block_sync::{BlockSource, BlockSourceError, BlockSourceErrorKind, Cache, SpvClient};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Monitors of channels that are wholly resolved are put away about once a day.
const ARCHIVE_EVERY_BLOCKS: u32 = 144;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A monitor as a listener of its own, while it is not yet in the chain monitor's care.
pub(crate) type LoneMonitor = (ChannelMonitor, Arc<Broadcaster>, Arc<FeeRates>, Arc<LdkLogger>);

/// Everything that must see every block.
pub(crate) struct Followers<'a> {
    pub(crate) wallet: &'a Arc<Wallet>,
    pub(crate) channels: &'a FollowingChannels,
    pub(crate) sweeper: &'a Arc<Sweeper>,
    pub(crate) monitors: &'a [LoneMonitor],
}

impl Followers<'_> {
    /// Each with the block that it has seen last; asked again for each try, since a failed one leaves them apart.
    fn at_their_blocks(&self) -> Vec<(BestBlock, &(dyn Listen + Send + Sync))> {
        let monitors = self.monitors.iter().map(|monitor| {
            (
                monitor.0.current_best_block(),
                monitor as &(dyn Listen + Send + Sync),
            )
        });
        let others: [(BestBlock, &(dyn Listen + Send + Sync)); 3] = [
            (self.wallet.best_block(), self.wallet.as_ref()),
            (self.channels.best_block(), self.channels),
            (self.sweeper.current_best_block(), self.sweeper.as_ref()),
        ];
        others.into_iter().chain(monitors).collect()
    }
}

/// Tells those who ask how far the followers before it have got.
struct Progress<'a>(&'a watch::Sender<u32>);

impl Listen for Progress<'_> {
    fn filtered_block_connected(&self, _header: &Header, _txdata: &TransactionData<'_>, height: u32) {
        self.0.send_replace(height);
    }

    fn blocks_disconnected(&self, fork_point: BestBlock) {
        self.0.send_replace(fork_point.height);
    }
}

/// The chain could not be followed, and waiting will not help.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// bitcoind's chain is long enough, and does not have a block that we have seen.
    #[error(
        "bitcoind does not know block {hash} at height {height}, which this node has seen: it follows another chain"
    )]
    OtherChain {
        /// The block.
        hash: BlockHash,
        /// Its height.
        height: u32,
    },
    /// bitcoind says what no bitcoind says.
    #[error("the chain cannot be followed from where this node was: {0}")]
    Source(String),
}

/// Why the followers are not at the tip yet.
#[derive(Debug, thiserror::Error)]
enum Hindrance {
    #[error(
        "bitcoind's chain ends at block {theirs}, but this node has seen block {ours}; waiting until bitcoind has caught up"
    )]
    Behind { theirs: u32, ours: u32 },
    #[error(transparent)]
    OtherChain(SyncError),
    #[error("{0}")]
    Source(String, BlockSourceErrorKind),
}

impl From<BlockSourceError> for Hindrance {
    fn from(error: BlockSourceError) -> Hindrance {
        let kind = error.kind();
        Hindrance::Source(error.into_inner().to_string(), kind)
    }
}

/// Brings every follower to the tip of the chain, waiting for bitcoind for as long as it takes.
pub(crate) async fn to_the_tip(
    profile: &Profile,
    headers: &mut Headers,
    followers: &Followers<'_>,
) -> Result<ValidatedBlockHeader, SyncError> {
    profile
        .height
        .send_replace(followers.channels.best_block().height);
    let mut pause = FIRST_PAUSE;
    let mut said = String::new();
    loop {
        let why = match catch_up(profile, headers, followers).await {
            Ok(tip) => return Ok(tip),
            Err(Hindrance::OtherChain(error)) => return Err(error),
            Err(Hindrance::Source(why, BlockSourceErrorKind::Persistent)) => {
                return Err(SyncError::Source(why));
            }
            Err(waited_for) => waited_for.to_string(),
        };
        profile.bitcoind.probe().await;
        if why != said {
            tracing::warn!("waiting for bitcoind: {why}");
            said = why;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn catch_up(
    profile: &Profile,
    headers: &mut Headers,
    followers: &Followers<'_>,
) -> Result<ValidatedBlockHeader, Hindrance> {
    let bitcoind = &profile.bitcoind;
    let progress = Progress(&profile.height);
    let mut listeners = followers.at_their_blocks();
    listeners.push((followers.channels.best_block(), &progress));
    let blocks: Vec<BestBlock> = listeners.iter().map(|(block, _)| *block).collect();
    gather_headers(bitcoind, profile.network(), headers, &blocks).await?;
    let listeners = listeners
        .into_iter()
        .map(|(block, listener)| (block.block_hash, listener))
        .collect();
    Ok(synchronize_listeners(Arc::clone(bitcoind), profile.network(), headers, listeners).await?)
}

/// Reads the headers between the followers and the tip once, where LDK would ask for each of them for each follower.
///
/// Nobody is led to a chain with less work than the one it has seen: that is a bitcoind which has lost its latest blocks
/// and will find them again.
async fn gather_headers(
    bitcoind: &Arc<Bitcoind>,
    network: Network,
    headers: &mut Headers,
    followers: &[BestBlock],
) -> Result<(), Hindrance> {
    let tip = validate_best_block_header(Arc::clone(bitcoind)).await?;
    let mut lowest = tip.height;
    for block in followers {
        let seen = header_of(bitcoind, headers, block, tip.height).await?;
        if seen.chainwork > tip.chainwork {
            return Err(Hindrance::Behind {
                theirs: tip.height,
                ours: seen.height,
            });
        }
        lowest = lowest.min(seen.height);
    }
    let poller = ChainPoller::new(Arc::clone(bitcoind), network);
    let mut at = tip;
    headers.remember(at);
    while at.height > lowest {
        at = match headers.look_up(&at.header.prev_blockhash) {
            Some(known) => *known,
            None => poller.look_up_previous_header(&at).await?,
        };
        headers.remember(at);
    }
    Ok(())
}

/// The header of a block that a follower has seen, from our own record or from bitcoind.
async fn header_of(
    bitcoind: &Bitcoind,
    headers: &mut Headers,
    block: &BestBlock,
    tip: u32,
) -> Result<ValidatedBlockHeader, Hindrance> {
    let (hash, height) = (block.block_hash, block.height);
    if let Some(known) = headers.look_up(&hash) {
        return Ok(*known);
    }
    match bitcoind.get_header(&hash, Some(height)).await {
        Ok(header) => {
            let header = header.validate(hash)?;
            headers.remember(header);
            Ok(header)
        }
        // Persistent is, of all that can be said of a header, only that there is none.
        Err(error) if error.kind() == BlockSourceErrorKind::Persistent => match tip < height {
            true => Err(Hindrance::Behind {
                theirs: tip,
                ours: height,
            }),
            false => Err(Hindrance::OtherChain(SyncError::OtherChain { hash, height })),
        },
        Err(error) => Err(error.into()),
    }
}

/// Passes each block on to everybody, in an order in which the wallet knows a transaction before LDK asks for it.
struct FanOut {
    wallet: Arc<Wallet>,
    broadcaster: Arc<Broadcaster>,
    chain_monitor: Arc<ChainMonitor>,
    channels: FollowingChannels,
    sweeper: Arc<Sweeper>,
}

impl Listen for FanOut {
    fn filtered_block_connected(&self, header: &Header, txdata: &TransactionData<'_>, height: u32) {
        self.wallet.filtered_block_connected(header, txdata, height);
        self.broadcaster.filtered_block_connected(header, txdata, height);
        self.chain_monitor
            .filtered_block_connected(header, txdata, height);
        self.channels.filtered_block_connected(header, txdata, height);
        self.sweeper.filtered_block_connected(header, txdata, height);
    }

    fn block_connected(&self, block: &Block, height: u32) {
        self.wallet.block_connected(block, height);
        self.broadcaster.block_connected(block, height);
        self.chain_monitor.block_connected(block, height);
        self.channels.block_connected(block, height);
        self.sweeper.block_connected(block, height);
    }

    fn blocks_disconnected(&self, fork_point: BestBlock) {
        self.wallet.blocks_disconnected(fork_point);
        self.broadcaster.blocks_disconnected(fork_point);
        self.chain_monitor.blocks_disconnected(fork_point);
        self.channels.blocks_disconnected(fork_point);
        self.sweeper.blocks_disconnected(fork_point);
    }
}

/// Polls bitcoind for as long as the node runs. A bitcoind that is gone is waited for; its blocks are caught up with.
pub(crate) async fn follow(
    node: Node,
    channels: FollowingChannels,
    tip: ValidatedBlockHeader,
    mut headers: Headers,
) -> TaskResult {
    let inner = &node.inner;
    let stopping = inner.tasks.stopping();
    let fan_out = FanOut {
        wallet: Arc::clone(&inner.wallet),
        broadcaster: Arc::clone(&inner.broadcaster),
        chain_monitor: Arc::clone(&inner.chain_monitor),
        channels,
        sweeper: Arc::clone(&inner.sweeper),
    };
    let poller = ChainPoller::new(Arc::clone(&inner.bitcoind), node.network());
    let mut client = SpvClient::new(tip, poller, &mut headers, &fan_out);
    let mut said = None;
    let mut ticks = tokio::time::interval(inner.config.poll_interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopping.cancelled() => return Ok(()),
        }
        let trouble = match client.poll_best_tip().await {
            Ok((tip, changed)) => {
                node.after_poll(changed).await;
                node.trouble_with(tip)
            }
            Err(error) => {
                inner.bitcoind.probe().await;
                Some(error.into_inner().to_string())
            }
        };
        match &trouble {
            Some(why) if trouble != said => tracing::warn!("the chain cannot be followed at present: {why}"),
            None if said.is_some() => tracing::info!("the chain can be followed again"),
            _ => {}
        }
        said = trouble;
    }
}

impl Node {
    /// What keeps the node from the tip, in words.
    fn trouble_with(&self, tip: ChainTip) -> Option<String> {
        let ours = self.inner.channel_manager.current_best_block().height;
        match tip {
            ChainTip::Common => None,
            ChainTip::Better(_) => self.inner.bitcoind.missing_block(),
            ChainTip::Worse(tip) if tip.height >= ours => None,
            ChainTip::Worse(tip) => Some(
                Hindrance::Behind {
                    theirs: tip.height,
                    ours,
                }
                .to_string(),
            ),
        }
    }

    async fn after_poll(&self, blocks_changed: bool) {
        let inner = &self.inner;
        // First of all, so that nobody finds us further than bitcoind.
        inner.bitcoind.probe().await;
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
    }
}
