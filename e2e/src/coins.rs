//! What wallets hold, what transactions pay, and what is refused.

use crate::chain::mine_until;
use crate::{Balance, Network, NetworkError, Node};
use boltill::CallError;
use serde_json::{Value, json};

/// What fees may come to before a test thinks that money is missing, in sat.
const FEES: u64 = 400_000;

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

/// Makes blocks until all that every node had is in its wallet again, less fees: no channel is left.
pub async fn mine_until_swept(network: &Network, before: &Balance) -> Result<(), NetworkError> {
    for node in network.nodes() {
        let all = before.of(node) / 1000;
        let what = format!("{} has its {all} sat back", node.name());
        mine_until(network, &what, || async {
            let waiting = network.miner().mempool().await?;
            let is_back = confirmed_sat(node).await? + FEES >= all && waiting.is_empty();
            Ok(is_back.then_some(()))
        })
        .await?;
    }
    Ok(())
}
