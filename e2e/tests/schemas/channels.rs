//! Peers and channels, from their opening to what is remembered of them.

use crate::{Nodes, call};
use boltill_e2e::channels::usable_channel;
use boltill_e2e::{SOON, wait_for};
use serde_json::json;

pub async fn use_them(nodes: &Nodes) {
    look(nodes).await;
    let network = &nodes.network;
    let (alice, carol) = (network.node("alice").unwrap(), network.node("carol").unwrap());
    let target = json!({"id": format!("{}@{}", carol.id(), carol.p2p())});
    call(&nodes.alice, "connect", target).await;
    look(nodes).await;
    let opened = json!({"id": carol.id(), "amount": 300_000, "announce": false, "push_msat": 50_000_000});
    let opened = call(&nodes.alice, "fundchannel", opened).await;
    look(nodes).await;
    network.mine(6).await.unwrap();
    usable_channel(alice, carol, false).await.unwrap();
    let terms = json!({"id": opened["channel_id"], "feebase": 5, "feeppm": 6});
    call(&nodes.alice, "setchannel", terms).await;
    call(&nodes.alice, "ping", json!([carol.id()])).await;
    look(nodes).await;
    call(&nodes.alice, "close", json!([opened["channel_id"]])).await;
    look(nodes).await;
    network.mine(6).await.unwrap();
    let closed = async || {
        let listed = call(&nodes.alice, "listclosedchannels", json!({})).await;
        network.mine(1).await?;
        Ok((listed["closedchannels"] != json!([])).then_some(()))
    };
    wait_for("the channel is only remembered", SOON, closed)
        .await
        .unwrap();
    call(&nodes.carol, "listclosedchannels", json!({})).await;
    call(
        &nodes.alice,
        "disconnect",
        json!({"id": carol.id(), "force": true}),
    )
    .await;
    look(nodes).await;
}

/// Everything that is listed of peers and channels.
async fn look(nodes: &Nodes) {
    for node in [&nodes.alice, &nodes.bob, &nodes.carol] {
        for method in [
            "listpeers",
            "listpeerchannels",
            "listchannels",
            "listnodes",
            "listfunds",
            "listhtlcs",
            "listtransactions",
        ] {
            call(node, method, json!({})).await;
        }
    }
}
