//! bitcoind as LDK's source of blocks, and of the outputs that announced channels are funded by.

use super::{Bitcoind, BitcoindError, RPC_MISC_ERROR};
use bitcoin::{BlockHash, OutPoint};
use lightning_block_sync::gossip::UtxoSource;
use lightning_block_sync::{
    AsyncBlockSourceResult, BlockData, BlockHeaderData, BlockSource, BlockSourceError,
};

/// Whether asking again later may help; LDK gives up on what it cannot.
fn block_source_error(error: BitcoindError) -> BlockSourceError {
    match error.is_transient() {
        true => BlockSourceError::transient(error),
        false => BlockSourceError::persistent(error),
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
            match self.block(header_hash).await {
                Ok(block) => Ok(BlockData::FullBlock(block)),
                // "Block not available (pruned data)": its peers have it, and it takes it from them when asked to.
                Err(error) if error.rpc_code() == Some(RPC_MISC_ERROR) => {
                    self.fetch_pruned_block(header_hash)
                        .await
                        .map_err(block_source_error)?;
                    Err(BlockSourceError::transient(error))
                }
                Err(error) => Err(block_source_error(error)),
            }
        })
    }

    fn get_best_block(&self) -> AsyncBlockSourceResult<'_, (BlockHash, Option<u32>)> {
        Box::pin(async move {
            let info = self.blockchain_info().await.map_err(block_source_error)?;
            Ok((info.best_block_hash, Some(info.blocks)))
        })
    }
}

impl UtxoSource for Bitcoind {
    fn get_block_hash_by_height<'a>(&'a self, block_height: u32) -> AsyncBlockSourceResult<'a, BlockHash> {
        Box::pin(async move { self.block_hash(block_height).await.map_err(block_source_error) })
    }

    fn is_output_unspent<'a>(&'a self, outpoint: OutPoint) -> AsyncBlockSourceResult<'a, bool> {
        Box::pin(async move {
            let output = self.tx_out(outpoint, false).await.map_err(block_source_error)?;
            Ok(output.is_some())
        })
    }
}
