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
    let seen_by = async |here: &Node, there: &Node| {
        let what = format!("{} can pay {}", here.name(), there.name());
        wait_for(&what, SOON, || async {
            let channels = channels_of(here).await?;
            Ok(channels.into_iter().find(|channel| {
                channel["peer_id"] == there.id()
                    && is_usable(channel)
                    && channel["private"] != json!(announced)
            }))
        })
        .await
    };
    seen_by(there, here).await?;
    seen_by(here, there).await
}

/// Whether a payment can go over it now: the peer is there, and has said how far it has come with the channel.
pub fn is_usable(channel: &Value) -> bool {
    channel["state"] == "CHANNELD_NORMAL"
        && channel["reestablished"] == true
        && channel["short_channel_id"].is_string()
}

/// Waits until a node has seen that a peer of its channels is gone.
pub async fn is_gone(node: &Node, peer: &Node) -> Result<(), NetworkError> {
    let what = format!("{} sees that {} is gone", node.name(), peer.name());
    wait_for(&what, SOON, || async {
        let channels = channels_of(node).await?;
        let mut with_peer = channels.iter().filter(|channel| channel["peer_id"] == peer.id());
        let is_gone = with_peer.all(|channel| channel["peer_connected"] == false);
        Ok(is_gone.then_some(()))
    })
    .await
}

/// Waits until a node that others can only be led to has heard what its peers ask of them, so that its invoices lead to it. That
/// comes a moment after a channel can be used.
pub async fn leads_to(payee: &Node) -> Result<(), NetworkError> {
    let what = format!("invoices lead to {}", payee.name());
    wait_for(&what, SOON, || async {
        let label = "does it lead here?";
        let params = json!({"amount_msat": 1_000, "label": label, "description": label, "exposeprivatechannels": true});
        let made = payee.call("invoice", params).await?;
        let decoded = payee.call("decode", json!([made["bolt11"]])).await?;
        payee
            .call("delinvoice", json!({"label": label, "status": "unpaid"}))
            .await?;
        let leads = decoded["routes"].as_array().is_some_and(|routes| !routes.is_empty());
        Ok(leads.then_some(()))
    })
    .await
}

/// Waits until every node of a line knows both directions of each channel.
pub async fn all_known(network: &Network) -> Result<(), NetworkError> {
    let directions = 2 * (network.nodes().len() - 1);
    for node in network.nodes() {
        let what = format!("{} knows {directions} directions of channels", node.name());
        wait_for(&what, SOON, || async {
            let known = node.call("listchannels", json!({})).await?;
            let mut known = known["channels"].as_array().cloned().unwrap_or_default();
            known.retain(|channel| channel["active"] == true);
            Ok((known.len() >= directions).then_some(()))
        })
        .await?;
    }
    Ok(())
}

/// Waits until every node has heard of the channels and of the announcement of every node, so that messages find their way.
pub async fn all_announced(network: &Network) -> Result<(), NetworkError> {
    for node in network.nodes() {
        for other in network.nodes() {
            let what = format!("{} knows {}", node.name(), other.name());
            wait_for(&what, SOON, || async {
                let nodes = node.call("listnodes", json!({"id": other.id()})).await?;
                Ok(nodes["nodes"][0]["last_timestamp"].is_u64().then_some(()))
            })
            .await?;
        }
    }
    Ok(())
}

/// The channels of a node, as `listpeerchannels` has them.
pub async fn channels_of(node: &Node) -> Result<Vec<Value>, NetworkError> {
    let answer = node.call("listpeerchannels", json!({})).await?;
    Ok(answer["channels"].as_array().cloned().unwrap_or_default())
}
