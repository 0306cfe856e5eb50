//! bitcoind as LDK's source of blocks, and of the outputs that announced channels are funded by.

use super::{Bitcoind, BitcoindError, RPC_MISC_ERROR, StartError};
use bitcoin::{Block, BlockHash, OutPoint};
use lightning_block_sync::gossip::UtxoSource;
use lightning_block_sync::{
    AsyncBlockSourceResult, BlockData, BlockHeaderData, BlockSource, BlockSourceError,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long a peer of bitcoind's may take to send a block.
const FETCHED_WITHIN: Duration = Duration::from_secs(30);
const FETCH_PAUSE: Duration = Duration::from_millis(200);

/// Whether asking again later may help; LDK gives up on what it cannot.
fn block_source_error(error: BitcoindError) -> BlockSourceError {
    match error.is_transient() {
        true => BlockSourceError::transient(error),
        false => BlockSourceError::persistent(error),
    }
}

/// Why there is no block.
#[derive(Debug, thiserror::Error)]
enum NoBlock {
    /// bitcoind has thrown it away, and nobody gives it back.
    #[error("{0}")]
    Pruned(String),
    #[error(transparent)]
    Bitcoind(#[from] BitcoindError),
}

impl From<NoBlock> for BlockSourceError {
    fn from(why: NoBlock) -> BlockSourceError {
        match why {
            NoBlock::Pruned(_) => BlockSourceError::transient(why),
            NoBlock::Bitcoind(error) => block_source_error(error),
        }
    }
}

impl Bitcoind {
    /// A block, which bitcoind takes from one of its peers again when it has pruned it.
    async fn block_or_fetch(&self, hash: &BlockHash) -> Result<Block, NoBlock> {
        match self.block(hash).await {
            // "Block not available (pruned data)"
            Err(error) if error.rpc_code() == Some(RPC_MISC_ERROR) => self.fetch(hash).await,
            outcome => Ok(outcome?),
        }
    }

    async fn fetch(&self, hash: &BlockHash) -> Result<Block, NoBlock> {
        if !self.fetch_pruned_block(hash).await? {
            return Err(NoBlock::Pruned(format!(
                "bitcoind has pruned block {hash}, and is connected to nobody who has it: connect it to a node that has \
                 all blocks (bitcoin-cli addnode ADDRESS onetry), or start it with -prune=0 -reindex"
            )));
        }
        tracing::info!("bitcoind has pruned block {hash} and fetches it from a peer");
        let deadline = Instant::now() + FETCHED_WITHIN;
        loop {
            match self.block(hash).await {
                Err(error) if error.rpc_code() == Some(RPC_MISC_ERROR) => {}
                outcome => return Ok(outcome?),
            }
            if Instant::now() > deadline {
                return Err(NoBlock::Pruned(format!(
                    "bitcoind has pruned block {hash}, and the peer that it was asked of has not sent it yet"
                )));
            }
            tokio::time::sleep(FETCH_PAUSE).await;
        }
    }
}

impl BlockSource for Bitcoind {
    fn get_header<'a>(
        &'a self,
        header_hash: &'a BlockHash,
        _height_hint: Option<u32>,
    ) -> AsyncBlockSourceResult<'a, BlockHeaderData> {
        Box::pin(async move { self.block_header(header_hash).await.map_err(block_source_error) })
    }

    fn get_block<'a>(&'a self, header_hash: &'a BlockHash) -> AsyncBlockSourceResult<'a, BlockData> {
        Box::pin(async move {
            let outcome = self.block_or_fetch(header_hash).await;
            self.note_missing_block(match &outcome {
                Err(NoBlock::Pruned(why)) => Some(why.clone()),
                _ => None,
            });
            Ok(BlockData::FullBlock(outcome?))
        })
    }

    fn get_best_block(&self) -> AsyncBlockSourceResult<'_, (BlockHash, Option<u32>)> {
        Box::pin(async move {
            let info = self.blockchain_info().await.map_err(block_source_error)?;
            // Whoever sits behind the port may have changed since the start.
            self.check_chain(&info)
                .map_err(|error| BlockSourceError::transient(StartError::from(error)))?;
            Ok((info.best_block_hash, Some(info.blocks)))
        })
    }
}

/// bitcoind as the judge of what is announced: what it does not know of is no reason to wait.
#[derive(Debug)]
pub struct FundingOutputs(Arc<Bitcoind>);

impl FundingOutputs {
    /// Looks outputs up at this bitcoind.
    pub fn new(bitcoind: Arc<Bitcoind>) -> FundingOutputs {
        FundingOutputs(bitcoind)
    }
}

impl BlockSource for FundingOutputs {
    fn get_header<'a>(
        &'a self,
        header_hash: &'a BlockHash,
        height_hint: Option<u32>,
    ) -> AsyncBlockSourceResult<'a, BlockHeaderData> {
        self.0.get_header(header_hash, height_hint)
    }

    fn get_block<'a>(&'a self, header_hash: &'a BlockHash) -> AsyncBlockSourceResult<'a, BlockData> {
        Box::pin(async move { Ok(BlockData::FullBlock(self.0.block_or_fetch(header_hash).await?)) })
    }

    fn get_best_block(&self) -> AsyncBlockSourceResult<'_, (BlockHash, Option<u32>)> {
        self.0.get_best_block()
    }
}

impl UtxoSource for FundingOutputs {
    fn get_block_hash_by_height<'a>(&'a self, block_height: u32) -> AsyncBlockSourceResult<'a, BlockHash> {
        Box::pin(async move { self.0.block_hash(block_height).await.map_err(block_source_error) })
    }

    fn is_output_unspent<'a>(&'a self, outpoint: OutPoint) -> AsyncBlockSourceResult<'a, bool> {
        Box::pin(async move {
            let output = self.0.tx_out(outpoint, false).await.map_err(block_source_error)?;
            Ok(output.is_some())
        })
    }
}
