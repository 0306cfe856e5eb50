//! Opening channels, and waiting until they can be used.

use crate::{Network, NetworkError, Node, SOON, wait_for};
use serde_json::{Value, json};

const CHANNEL_SAT: u64 = 2_000_000;

/// Opens a channel of 2,000,000 sat, unless the other parameters of `fundchannel` say more, and mines until it can be announced.
pub async fn open(network: &Network, from: &Node, to: &Node, more: Value) -> Result<Value, NetworkError> {
    from.call("connect", json!({"id": format!("{}@{}", to.id(), to.p2p())}))
        .await?;
    let mut params = json!({"id": to.id(), "amount": CHANNEL_SAT});
    for (name, value) in more.as_object().expect("parameters by name") {
        params[name] = value.clone();
    }
    let opened = from.call("fundchannel", params).await?;
    network.mine(6).await?;
    Ok(opened)
}

/// Closes the channel with a peer that does not answer; gives the commitment's id.
pub async fn decide_to_close_alone(node: &Node, peer: &Node) -> Result<Value, NetworkError> {
    let params = json!({"id": peer.id(), "unilateraltimeout": 1});
    let closed = node.call("close", params).await?;
    assert_eq!(closed["type"], "unilateral", "{closed}");
    Ok(closed["txids"][0].clone())
}

/// Closes the channel with a peer that does not answer, and waits until the commitment is in the mempool; gives its id.
pub async fn close_alone(network: &Network, node: &Node, peer: &Node) -> Result<Value, NetworkError> {
    let txid = decide_to_close_alone(node, peer).await?;
    wait_for("the commitment is in the mempool", SOON, || async {
        let waiting = network.miner().mempool().await?;
        Ok(waiting.iter().any(|waiting| txid == *waiting).then_some(()))
    })
    .await?;
    Ok(txid)
}

/// Waits until both ends can use a channel, and gives it as `here` sees it.
pub async fn usable_channel(here: &Node, there: &Node, announced: bool) -> Result<Value, NetworkError> {
    for (here, there) in [(there, here), (here, there)] {
        let what = format!("{} can pay {}", here.name(), there.name());
        wait_for(&what, SOON, || async {
            let channels = channels_of(here).await?;
            Ok(channels
                .into_iter()
                .find(|channel| channel["peer_id"] == there.id() && is_usable(channel)))
        })
        .await?;
    }
    let channels = channels_of(here).await?;
    let found = channels.into_iter().find(|channel| {
        channel["peer_id"] == there.id() && is_usable(channel) && channel["private"] != json!(announced)
    });
    Ok(found.expect("the channel was just seen"))
}

/// Whether a payment can go over it now.
pub fn is_usable(channel: &Value) -> bool {
    channel["state"] == "CHANNELD_NORMAL"
        && channel["peer_connected"] == true
        && channel["short_channel_id"].is_string()
}

/// The channels of a node, as `listpeerchannels` has them.
pub async fn channels_of(node: &Node) -> Result<Vec<Value>, NetworkError> {
    let answer = node.call("listpeerchannels", json!({})).await?;
    Ok(answer["channels"].as_array().cloned().unwrap_or_default())
}
