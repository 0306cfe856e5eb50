//! How the wallet comes to life: since when its seed may have coins, and what was made and not sent in the last run.

use crate::Node;
use crate::config::NodeConfig;
use crate::seed::Seed;
use crate::start::StartError;
use bitcoin::secp256k1::PublicKey;
use boltill_onchain::{
    Bitcoind, BlockchainInfo, PublishError, ScanError, Wallet, before_any_coin, has_wallet,
};
use boltill_types::{StateKey, StateStore};
use lightning::chain::BestBlock;
use lightning::chain::chaininterface::BroadcasterInterface;
use std::sync::Arc;

/// A wallet that is so many blocks behind goes ahead on its own, rather than with everything that follows the chain.
const LONG_WAY: u32 = 2_016;

/// Remembers that a seed was made here, so that it has no coins from before its wallet.
pub(crate) fn note_new_seed(store: &dyn StateStore, node_id: &PublicKey) -> Result<(), StartError> {
    Ok(store.write_blocking(made_here(), node_id.serialize().to_vec())?)
}

fn made_here() -> StateKey {
    StateKey {
        primary_namespace: "boltill_seed".to_owned(),
        secondary_namespace: String::new(),
        key: "made_here".to_owned(),
    }
}

/// Opens the wallet and brings it near the tip of the chain.
///
/// The wallet of a seed that was made here begins at the tip. A seed without a wallet that was made elsewhere has been
/// brought along, perhaps with nothing else saved: then its coins are looked for in every block that can have any.
pub(crate) async fn open(
    bitcoind: &Bitcoind,
    seed: &Seed,
    node_id: &PublicKey,
    info: &BlockchainInfo,
    config: &NodeConfig,
    store: &Arc<dyn StateStore>,
) -> Result<Arc<Wallet>, StartError> {
    let was_there = has_wallet(store.as_ref())?;
    let is_ours = store.read(&made_here())?.as_deref() == Some(&node_id.serialize()[..]);
    let birthday = match was_there || is_ours {
        true => BestBlock::new(info.best_block_hash, info.blocks),
        false => {
            tracing::info!("there is a seed, but no wallet yet: what it was paid in the past is looked for");
            before_any_coin(bitcoind, config.network, info)
                .await
                .map_err(ScanError::from)?
        }
    };
    let wallet = Arc::new(Wallet::open(
        config.network,
        seed.bytes(),
        birthday,
        Arc::clone(store),
    )?);
    if let Some(rescan) = config.rescan {
        wallet.go_back(rescan, bitcoind, info).await?;
        tracing::info!("should this be interrupted, it goes on at the next start without the option rescan");
    }
    let is_far_behind = wallet.best_block().height.saturating_add(LONG_WAY) < info.blocks;
    if config.rescan.is_some() || !was_there || is_far_behind {
        wallet.scan(bitcoind, info.blocks).await?;
    }
    Ok(wallet)
}

impl Node {
    /// Whether transactions can be sent now. To be asked before one is made for somebody who waits to hear that it was sent.
    ///
    /// # Errors
    /// [`PublishError::Away`]: bitcoind does not answer.
    pub async fn can_send(&self) -> Result<(), PublishError> {
        let answer = self.inner.bitcoind.blockchain_info().await;
        answer.map(drop).map_err(PublishError::Away)
    }
}

/// Deals with transactions that were made in an earlier run and not sent by its end.
///
/// A channel that LDK has on file for one of them waits for it: LDK had handed it over, and that was lost. It is sent
/// now. For all others nobody waits, so their coins are free again.
pub(crate) async fn settle_unsent(node: &Node) {
    let wallet = node.wallet();
    let channels = node.channels();
    for transaction in wallet.unsent() {
        let txid = transaction.compute_txid();
        let mut fundings = channels.iter().filter_map(|channel| channel.funding_txo);
        if fundings.any(|funding| funding.txid == txid) {
            tracing::warn!("a channel waits for its funding transaction {txid}, which is sent now");
            node.broadcaster().broadcast_transactions(&[&transaction]);
        } else {
            tracing::info!("transaction {txid} was never sent and is given up: its coins are free again");
            node.release_coins(&transaction).await;
        }
    }
}
