//! What consensus refuses, and what it must let through.

use serde_json::json;

use crate::support::{Coin, Key, Spend, TestChain};

#[tokio::test]
async fn a_taproot_key_spend_is_accepted_and_a_broken_signature_is_not() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    for address in [key.address(), key.taproot_address()] {
        let coin = chain.fund(&address).await;
        let good = Spend::all(&[&coin], &key, 1000).signed(&key);
        let mut bad = good.clone();
        bad.output[0].value -= bitcoin::Amount::ONE_SAT;
        let (code, message) = chain.send(&bad).await.unwrap_err();
        assert_eq!(code, -26);
        assert!(
            message.starts_with("mandatory-script-verify-flag-failed ("),
            "{message}"
        );
        assert_eq!(chain.send(&good).await.unwrap(), json!(good.compute_txid()));
    }
}

#[tokio::test]
async fn another_key_cannot_spend() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let coin = chain.fund(&key.taproot_address()).await;
    let theft = Spend::all(&[&coin], &key, 1000).signed(&Key::numbered(2));
    assert_eq!(chain.send(&theft).await.unwrap_err().0, -26);
}

#[tokio::test]
async fn a_coinbase_is_spent_after_100_blocks_and_not_before() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let hashes = chain.ok("generatetoaddress", json!([1, key.address()])).await;
    chain.mine(98).await;
    let coinbase = &chain.block(hashes[0].as_str().unwrap()).await.txdata[0];
    let tx = Spend::all(&[&Coin::of(coinbase, 0)], &key, 1000).signed(&key);
    let (code, message) = chain.send(&tx).await.unwrap_err();
    assert_eq!(code, -26);
    assert_eq!(
        message,
        "bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 99"
    );
    chain.mine(1).await;
    chain.send(&tx).await.unwrap();
}

#[tokio::test]
async fn what_is_spent_in_a_block_cannot_be_spent_again() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let coin = chain.fund(&key.address()).await;
    let first = Spend::all(&[&coin], &key, 1000).signed(&key);
    let second = Spend::all(&[&coin], &key, 90_000).signed(&key);
    chain.send(&first).await.unwrap();
    chain.mine(1).await;
    let missing = (-25, "bad-txns-inputs-missingorspent".to_owned());
    assert_eq!(chain.send(&second).await.unwrap_err(), missing);
    let known = (-27, "Transaction outputs already in utxo set".to_owned());
    assert_eq!(chain.send(&first).await.unwrap_err(), known);
}

#[tokio::test]
async fn more_than_there_is_cannot_be_spent() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let coin = chain.fund(&key.address()).await;
    let mut spend = Spend::all(&[&coin], &key, 0);
    spend.outputs[0].value += bitcoin::Amount::ONE_SAT;
    let (code, message) = chain.send(&spend.signed(&key)).await.unwrap_err();
    assert_eq!(code, -26);
    assert_eq!(
        message,
        "bad-txns-in-belowout, value in (1.00000000) < value out (1.00000001)"
    );
}

#[tokio::test]
async fn a_lock_time_is_waited_for_in_blocks_and_in_seconds() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let (by_height, by_time) = (chain.fund(&key.address()).await, chain.fund(&key.address()).await);
    let height = chain.height().await as u32;
    let non_final = (-26, "non-final".to_owned());

    let mut spend = Spend::all(&[&by_height], &key, 1000);
    spend.lock_time = height + 1;
    let tx = spend.signed(&key);
    assert_eq!(chain.send(&tx).await.unwrap_err(), non_final);
    chain.mine(1).await;
    chain.send(&tx).await.unwrap();

    let info = chain.ok("getblockchaininfo", json!([])).await;
    let later = info["mediantime"].as_u64().unwrap() as u32 + 10_000;
    let mut spend = Spend::all(&[&by_time], &key, 1000);
    spend.lock_time = later;
    let tx = spend.signed(&key);
    assert_eq!(chain.send(&tx).await.unwrap_err(), non_final);
    chain.ok("setmocktime", json!([later + 1])).await;
    // The median of eleven blocks has to pass.
    chain.mine(6).await;
    chain.send(&tx).await.unwrap();
}

#[tokio::test]
async fn a_relative_lock_is_waited_for_in_the_mempool_and_in_blocks() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let coin = chain.fund(&key.address()).await;
    let mut spend = Spend::all(&[&coin], &key, 1000);
    spend.sequence = 3;
    let tx = spend.signed(&key);
    let locked = (-26, "non-BIP68-final".to_owned());
    assert_eq!(chain.send(&tx).await.unwrap_err(), locked);
    let hex = bitcoin::consensus::encode::serialize_hex(&tx);
    let (code, message) = chain
        .refusal("generateblock", json!([key.address(), [hex]]))
        .await;
    assert_eq!(
        (code, message.as_str()),
        (-25, "TestBlockValidity failed: bad-txns-nonfinal")
    );
    chain.mine(1).await;
    assert_eq!(chain.send(&tx).await.unwrap_err(), locked);
    chain.mine(1).await;
    chain.send(&tx).await.unwrap();
}

#[tokio::test]
async fn a_block_that_breaks_a_rule_is_refused_and_changes_nothing() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let coin = chain.fund(&key.address()).await;
    let (tip, first) = (chain.tip().await, Spend::all(&[&coin], &key, 1000).signed(&key));
    let second = Spend::all(&[&coin], &key, 2000).signed(&key);
    let hexes = [&first, &second].map(bitcoin::consensus::encode::serialize_hex);
    let (code, message) = chain
        .refusal("generateblock", json!([key.address(), hexes]))
        .await;
    assert_eq!(
        (code, message.as_str()),
        (-25, "TestBlockValidity failed: bad-txns-inputs-missingorspent")
    );
    assert_eq!(chain.tip().await, tip);
    chain.send(&first).await.unwrap();
}
