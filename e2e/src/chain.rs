//! Waiting for what happens on the chain.

use crate::{Network, NetworkError, Node, SOON, wait_for};
use serde_json::{Value, json};

/// How many blocks may pass until everything about a channel is settled: longer than any delay that nodes here agree on.
const LONG: u32 = 1_000;

/// Waits until at least this many transactions are in the mempool, and gives their ids.
pub async fn mempool_of(network: &Network, transactions: usize) -> Result<Vec<String>, NetworkError> {
    let what = format!("{transactions} transactions are in the mempool");
    wait_for(&what, SOON, || async {
        let waiting = network.miner().mempool().await?;
        Ok((waiting.len() >= transactions).then_some(waiting))
    })
    .await
}

/// Makes blocks, and waits until these nodes have seen them: the others need not be running.
pub async fn mine_seen_by(network: &Network, blocks: u32, nodes: &[&Node]) -> Result<(), NetworkError> {
    network.miner().mine(blocks).await?;
    for node in nodes {
        caught_up(network, node).await?;
    }
    Ok(())
}

/// Makes blocks up to a height, and waits until these nodes have seen them.
pub async fn mine_to(network: &Network, height: u64, nodes: &[&Node]) -> Result<(), NetworkError> {
    let missing = height.saturating_sub(network.miner().height().await?);
    mine_seen_by(network, u32::try_from(missing).expect("a few blocks"), nodes).await
}

/// Waits until a node has seen every block that there is.
pub async fn caught_up(network: &Network, node: &Node) -> Result<(), NetworkError> {
    let height = network.miner().height().await?;
    let what = format!("{} sees block {height}", node.name());
    wait_for(&what, SOON, || async {
        let info = node.call("getinfo", json!({})).await?;
        Ok(info["blockheight"].as_u64().filter(|seen| *seen >= height))
    })
    .await?;
    Ok(())
}

/// The transaction in the mempool that spends an output of this one.
async fn spender_in_mempool(network: &Network, txid: &Value) -> Result<Option<Value>, NetworkError> {
    let miner = network.miner();
    for waiting in miner.mempool().await? {
        // It may have been replaced by another just now.
        let Ok(hex) = miner.call("getrawtransaction", json!([waiting])).await else {
            continue;
        };
        let transaction = miner.call("decoderawtransaction", json!([hex])).await?;
        let mut inputs = transaction["vin"].as_array().into_iter().flatten();
        if inputs.any(|input| input["txid"] == *txid) {
            return Ok(Some(json!(waiting)));
        }
    }
    Ok(None)
}

/// Waits until a transaction that spends an output of this one waits for a block.
pub async fn spender_of(network: &Network, txid: &Value) -> Result<Value, NetworkError> {
    let what = format!("an output of {txid} is claimed");
    wait_for(&what, SOON, || spender_in_mempool(network, txid)).await
}

/// Makes one block after another, each seen by every node before the next, until something is so.
///
/// # Panics
///
/// When it is not so after a thousand blocks.
pub async fn mine_until<T, F: Future<Output = Result<Option<T>, NetworkError>>>(
    network: &Network,
    what: &str,
    mut is_so: impl FnMut() -> F,
) -> Result<T, NetworkError> {
    for _ in 0..LONG {
        if let Some(value) = is_so().await? {
            return Ok(value);
        }
        network.mine(1).await?;
    }
    panic!("{LONG} blocks have passed, and still it is not so that {what}");
}

/// Makes blocks until nothing is under way on chain any more: no unconfirmed transaction, no channel of any node that is being
/// closed, every coin confirmed.
pub async fn mine_until_quiet(network: &Network) -> Result<(), NetworkError> {
    let mut quiet_blocks = 0;
    mine_until(network, "all is quiet on the chain", || {
        let before = quiet_blocks;
        quiet_blocks += 1;
        async move { Ok((before > 0 && is_quiet(network).await?).then_some(())) }
    })
    .await
}

async fn is_quiet(network: &Network) -> Result<bool, NetworkError> {
    if !network.miner().mempool().await?.is_empty() {
        return Ok(false);
    }
    for node in network.nodes() {
        let funds = node.call("listfunds", json!({})).await?;
        let coins_done = all(&funds["outputs"], |coin| coin["status"] == "confirmed");
        let channels_done = all(&funds["channels"], |channel| {
            channel["state"] == "CHANNELD_NORMAL"
        });
        if !coins_done || !channels_done {
            return Ok(false);
        }
    }
    Ok(true)
}

fn all(list: &Value, is_so: impl Fn(&Value) -> bool) -> bool {
    list.as_array().is_some_and(|list| list.iter().all(is_so))
}
