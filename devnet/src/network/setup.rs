//! Gives every node coins, and neighbours a channel with money on both sides.
//!
//! Whatever exists already is left as it is, so a directory can be used again.

use super::NetworkError;
use super::miner::Miner;
use super::node::Node;
use super::wait::wait_for;
use serde_json::{Value, json};
use std::time::Duration;

/// What each node gets on chain.
const COINS_SAT: u64 = 100_000_000;
/// What each channel holds; half of it is given to the other side.
const CHANNEL_SAT: u64 = 10_000_000;
/// Blocks after which a coinbase can be spent.
const MATURITY: u64 = 100;
/// Blocks after which a channel is announced (BOLT 7).
const ANNOUNCED_AFTER: u32 = 6;
/// How long a node may take to see what happened on the chain.
const SEEN_WITHIN: Duration = Duration::from_secs(180);
/// How long it may take until everybody knows all channels.
const USABLE_WITHIN: Duration = Duration::from_secs(180);

/// Pays each node that has no coins.
pub(super) async fn fund(miner: &Miner, nodes: &[Node]) -> Result<(), NetworkError> {
    let height = miner.height().await?;
    if height <= MATURITY {
        miner
            .mine(u32::try_from(MATURITY + 1 - height).unwrap_or_default())
            .await?;
    }
    // A node that has not yet seen the blocks would not see what it has in them either.
    caught_up(miner, nodes).await?;
    let mut paid = false;
    for node in nodes {
        if !has_coins(node).await? {
            let address = node.call("newaddr", json!({"addresstype": "bech32"})).await?;
            let address = field(&address, "newaddr", "bech32")?;
            miner.pay(address, COINS_SAT).await?;
            paid = true;
        }
    }
    if paid {
        miner.mine(1).await?;
    }
    for node in nodes {
        let what = format!("{} sees its coins", node.name());
        wait_for(&what, SEEN_WITHIN, || async {
            Ok(has_coins(node).await?.then_some(()))
        })
        .await?;
    }
    Ok(())
}

/// Waits until every node knows the chain's tip.
pub(super) async fn caught_up(miner: &Miner, nodes: &[Node]) -> Result<(), NetworkError> {
    let height = miner.height().await?;
    for node in nodes {
        let what = format!("{} sees block {height}", node.name());
        wait_for(&what, SEEN_WITHIN, || async {
            let info = node.call("getinfo", json!({})).await?;
            Ok(info["blockheight"].as_u64().filter(|seen| *seen >= height))
        })
        .await?;
    }
    Ok(())
}

/// Connects the nodes in a line, opens a channel between each two, and waits until payments can go from end to end.
pub(super) async fn open_channels(miner: &Miner, nodes: &[Node]) -> Result<(), NetworkError> {
    for (left, right) in nodes.iter().zip(nodes.iter().skip(1)) {
        left.call(
            "connect",
            json!({"id": format!("{}@{}", right.id(), right.p2p())}),
        )
        .await?;
        if channels_with(left, right).await?.is_empty() {
            tracing::info!(
                "{} opens a channel of {CHANNEL_SAT} sat to {}",
                left.name(),
                right.name()
            );
            let params =
                json!({"id": right.id(), "amount": CHANNEL_SAT, "push_msat": CHANNEL_SAT * 1000 / 2});
            left.call("fundchannel", params).await?;
        }
    }
    tracing::info!("mining {ANNOUNCED_AFTER} blocks, and waiting until everybody knows the channels");
    miner.mine(ANNOUNCED_AFTER).await?;
    for (left, right) in nodes.iter().zip(nodes.iter().skip(1)) {
        for (here, there) in [(left, right), (right, left)] {
            let what = format!("{}'s channel with {} is ready", here.name(), there.name());
            wait_for(&what, USABLE_WITHIN, || async {
                let channels = channels_with(here, there).await?;
                Ok(channels.iter().any(is_ready).then_some(()))
            })
            .await?;
        }
    }
    let directions = 2 * nodes.len().saturating_sub(1);
    for node in nodes {
        let what = format!(
            "{} knows the {directions} directions of all channels",
            node.name()
        );
        wait_for(&what, USABLE_WITHIN, || async {
            let gossip = node.call("listchannels", json!({})).await?;
            let active = entries(&gossip, "channels").filter(|channel| channel["active"] == true);
            Ok((active.count() >= directions).then_some(()))
        })
        .await?;
    }
    Ok(())
}

async fn has_coins(node: &Node) -> Result<bool, NetworkError> {
    let funds = node.call("listfunds", json!({})).await?;
    Ok(entries(&funds, "outputs").any(|output| output["status"] == "confirmed"))
}

async fn channels_with(node: &Node, peer: &Node) -> Result<Vec<Value>, NetworkError> {
    let channels = node.call("listpeerchannels", json!({"id": peer.id()})).await?;
    Ok(entries(&channels, "channels").cloned().collect())
}

fn is_ready(channel: &Value) -> bool {
    channel["state"] == "CHANNELD_NORMAL" && channel["reestablished"] == true
}

/// The entries of a listing.
fn entries<'a>(answer: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    answer[list].as_array().into_iter().flatten()
}

fn field<'a>(answer: &'a Value, method: &'static str, field: &'static str) -> Result<&'a str, NetworkError> {
    answer[field]
        .as_str()
        .ok_or(NetworkError::Answer { method, field })
}
