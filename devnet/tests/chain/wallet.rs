//! The faucet, as scripts for `bitcoind -regtest` use it.

use serde_json::json;

use crate::support::{Key, TestChain};

#[tokio::test]
async fn a_new_chain_pays_at_once() {
    let (chain, _dir) = TestChain::start().await;
    let address = Key::numbered(1).taproot_address();
    let txid = chain.ok("sendtoaddress", json!([address, "0.5"])).await;
    assert_eq!(chain.height().await, 101, "the first coinbase had to mature");
    let tx = chain.ok("getrawtransaction", json!([txid, true])).await;
    let paid = tx["vout"]
        .as_array()
        .unwrap()
        .iter()
        .find(|out| out["value"] == 0.5)
        .unwrap();
    assert_eq!(paid["scriptPubKey"]["address"], json!(address.to_string()));
}

#[tokio::test]
async fn the_steps_that_a_bitcoind_wallet_needs_work_too() {
    let (chain, _dir) = TestChain::start().await;
    chain
        .ok(
            "createwallet",
            json!({ "wallet_name": "w", "load_on_startup": true }),
        )
        .await;
    let address = chain.ok("getnewaddress", json!([])).await;
    chain.ok("generatetoaddress", json!([101, address])).await;
    assert_eq!(chain.ok("getbalance", json!([])).await, 50.0);
    let coins = chain.ok("listunspent", json!([1, 9999, [address]])).await;
    assert_eq!(
        (coins.as_array().unwrap().len(), &coins[0]["amount"]),
        (1, &json!(50.0))
    );
    let to = Key::numbered(1).address();
    let named = json!({ "address": to, "amount": 20, "fee_rate": 7, "subtractfeefromamount": true });
    let txid = chain.ok("sendtoaddress", named).await;
    let entry = chain.ok("getmempoolentry", json!([txid])).await;
    let (fee, vsize) = (
        entry["fees"]["base"].as_f64().unwrap() * 1e8,
        entry["vsize"].as_f64().unwrap(),
    );
    assert!((7.0..7.2).contains(&(fee / vsize)), "{fee} for {vsize}");
    assert_eq!(
        chain.ok("getbalance", json!([])).await,
        30.0,
        "change is the wallet's own"
    );
    assert_eq!(
        chain.refusal("sendtoaddress", json!([to, 1000])).await,
        (-6, "Insufficient funds".to_owned())
    );
}

#[tokio::test]
async fn taproot_coins_are_spent_like_others() {
    let (chain, _dir) = TestChain::start().await;
    let address = chain.ok("getnewaddress", json!(["", "bech32m"])).await;
    chain.ok("generatetoaddress", json!([101, address])).await;
    chain
        .ok("sendtoaddress", json!([Key::numbered(1).address(), 1]))
        .await;
    chain.mine(1).await;
    assert!(chain.mempool().await.is_empty());
    assert_eq!(chain.refusal("getnewaddress", json!(["", "odd"])).await.0, -5);
}

#[tokio::test]
async fn many_payments_fit_between_two_blocks() {
    let (chain, _dir) = TestChain::start().await;
    let address = Key::numbered(1).address();
    chain.ok("sendtoaddress", json!([address, 1])).await;
    chain.mine(10).await;
    for _ in 0..60 {
        chain.ok("sendtoaddress", json!([address, 0.1])).await;
    }
    chain.mine(1).await;
    assert!(chain.mempool().await.is_empty());
}
