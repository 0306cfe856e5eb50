//! What wallets hold, what transactions pay, and what is refused.

use crate::{Network, NetworkError, Node};
use boltill::CallError;
use serde_json::{Value, json};

/// The wallet's coins that are not spent, as `listfunds` has them.
pub async fn coins_of(node: &Node) -> Result<Vec<Value>, NetworkError> {
    let funds = node.call("listfunds", json!({})).await?;
    Ok(funds["outputs"].as_array().cloned().unwrap_or_default())
}

/// What those come to that are in blocks and nobody else's, in sat.
pub async fn confirmed_sat(node: &Node) -> Result<u64, NetworkError> {
    let coins = coins_of(node).await?;
    let confirmed = coins.iter().filter(|coin| coin["status"] == "confirmed");
    Ok(confirmed.map(sat).sum())
}

/// What a coin is worth, in sat.
pub fn sat(coin: &Value) -> u64 {
    coin["amount_msat"].as_u64().expect("an amount") / 1000
}

/// The code and the words that a command is refused with.
///
/// # Panics
///
/// When it is not refused.
pub async fn refusal(node: &Node, method: &str, params: Value) -> (i64, String) {
    match node.client().call(method, &params).await {
        Err(CallError::Rpc(error)) => (error.code, error.message),
        other => panic!("{method} {params} is not refused: {other:?}"),
    }
}

/// The feerate of transactions of the mempool together, in sat per 1000 weight units.
pub async fn feerate_of(network: &Network, txids: &[String]) -> Result<u64, NetworkError> {
    let (mut fee, mut weight) = (0, 0);
    for txid in txids {
        let entry = network.miner().call("getmempoolentry", json!([txid])).await?;
        let coins = entry["fees"]["base"].as_f64().expect("a fee");
        fee += (coins * 100_000_000.0).round() as u64;
        weight += entry["weight"].as_u64().expect("a weight");
    }
    Ok(fee * 1000 / weight.max(1))
}
