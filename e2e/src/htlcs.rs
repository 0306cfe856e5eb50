//! HTLCs in flight, and waiting until there are none.

use crate::channels::{channels_of, is_usable};
use crate::{Network, NetworkError, Node, SOON, wait_for};
use serde_json::{Value, json};

/// The HTLCs in a node's channels, as `listpeerchannels` has them.
pub async fn htlcs_of(node: &Node) -> Result<Vec<Value>, NetworkError> {
    let channels = channels_of(node).await?;
    let htlcs = channels
        .iter()
        .flat_map(|channel| channel["htlcs"].as_array().into_iter().flatten());
    Ok(htlcs.cloned().collect())
}

/// The block by which the last of a node's HTLCs must be over.
pub async fn deadline_of(node: &Node) -> Result<u64, NetworkError> {
    let htlcs = htlcs_of(node).await?;
    let deadline = htlcs.iter().filter_map(|htlc| htlc["expiry"].as_u64()).max();
    Ok(deadline.expect("an HTLC"))
}

/// Waits until nothing is under way between the nodes: every channel is usable and without HTLCs, every payment has ended.
pub async fn all_settled(network: &Network) -> Result<(), NetworkError> {
    for node in network.nodes() {
        let what = format!("nothing of {}'s is under way", node.name());
        wait_for(&what, SOON, || async {
            Ok(is_settled(node).await?.then_some(()))
        })
        .await?;
    }
    Ok(())
}

async fn is_settled(node: &Node) -> Result<bool, NetworkError> {
    let channels = channels_of(node).await?;
    let quiet = |channel: &Value| is_usable(channel) && channel["htlcs"] == json!([]);
    if !channels.iter().all(quiet) {
        return Ok(false);
    }
    let pending = node.call("listsendpays", json!({"status": "pending"})).await?;
    Ok(pending["payments"] == json!([]))
}
