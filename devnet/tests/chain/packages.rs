//! Parents that cannot pay for themselves, as Lightning's commitment transactions.

use bitcoin::consensus::encode::serialize_hex;
use bitcoin::{Amount, Transaction};
use serde_json::{Value, json};

use crate::support::{Coin, Key, Spend, TestChain, anchor};

/// A version 3 parent without fee, with an anchor, and a child that spends the anchor and pays for both.
async fn commitment(chain: &TestChain, anchor_sat: u64) -> (Transaction, Coin, Key) {
    let key = Key::numbered(1);
    let (funding, fee_coin) = (chain.fund(&key.address()).await, chain.fund(&key.address()).await);
    let mut parent = Spend::all(&[&funding], &key, anchor_sat);
    parent.version = 3;
    parent.outputs.push(anchor(anchor_sat));
    (parent.signed(&key), fee_coin, key)
}

fn child_of(parent: &Transaction, fee_coin: &Coin, key: &Key, fee: u64) -> Transaction {
    let mut child = Spend::all(&[&Coin::of(parent, 1), fee_coin], key, fee);
    child.version = 3;
    child.signed(key)
}

async fn submit(chain: &TestChain, txs: &[&Transaction]) -> Value {
    let hexes: Vec<String> = txs.iter().map(|tx| serialize_hex(*tx)).collect();
    chain.ok("submitpackage", json!([hexes])).await
}

#[tokio::test]
async fn a_parent_without_fee_comes_in_with_a_child_that_pays() {
    let (chain, _dir) = TestChain::start().await;
    // 240 sat is no dust; less is ephemeral dust, which the child has to spend.
    for anchor_sat in [240, 100, 0] {
        let (parent, fee_coin, key) = commitment(&chain, anchor_sat).await;
        let (code, message) = chain.send(&parent).await.unwrap_err();
        assert_eq!(
            (code, message),
            (-26, format!("min relay fee not met, 0 < {}", parent.vsize()))
        );

        let child = child_of(&parent, &fee_coin, &key, 5000);
        let answer = submit(&chain, &[&parent, &child]).await;
        assert_eq!(answer["package_msg"], "success", "{answer}");
        let result = &answer["tx-results"][parent.compute_wtxid().to_string()];
        assert_eq!(result["fees"]["base"], 0.0);
        assert_eq!(
            result["fees"]["effective-includes"].as_array().map(Vec::len),
            Some(2)
        );
        assert_eq!(
            chain.mempool().await,
            [parent.compute_txid(), child.compute_txid()]
        );

        let again = submit(&chain, &[&parent, &child]).await;
        assert_eq!(again["package_msg"], "success");
        chain.mine(1).await;
        assert!(chain.mempool().await.is_empty());
    }
}

#[tokio::test]
async fn a_child_that_pays_too_little_brings_nobody_in() {
    let (chain, _dir) = TestChain::start().await;
    let (parent, fee_coin, key) = commitment(&chain, 240).await;
    let child = child_of(&parent, &fee_coin, &key, 200);
    let answer = submit(&chain, &[&parent, &child]).await;
    assert_eq!(answer["package_msg"], "transaction failed");
    let error = answer["tx-results"][parent.compute_wtxid().to_string()]["error"]
        .as_str()
        .unwrap();
    assert!(error.starts_with("min relay fee not met, 0 < "), "{error}");
    assert!(chain.mempool().await.is_empty());
}

#[tokio::test]
async fn ephemeral_dust_that_is_left_unspent_is_refused() {
    let (chain, _dir) = TestChain::start().await;
    let (parent, _, key) = commitment(&chain, 0).await;
    let mut child = Spend::all(&[&Coin::of(&parent, 0)], &key, 5000);
    child.version = 3;
    let child = child.signed(&key);
    let answer = submit(&chain, &[&parent, &child]).await;
    let error = answer["tx-results"][child.compute_wtxid().to_string()]["error"]
        .as_str()
        .unwrap();
    assert!(error.starts_with("missing-ephemeral-spends"), "{answer}");
    assert!(chain.mempool().await.is_empty());
}

#[tokio::test]
async fn a_better_child_takes_the_place_of_its_sibling() {
    let (chain, _dir) = TestChain::start().await;
    let (parent, fee_coin, key) = commitment(&chain, 240).await;
    let first = child_of(&parent, &fee_coin, &key, 5000);
    submit(&chain, &[&parent, &first]).await;
    let mut second = Spend::all(&[&Coin::of(&parent, 0)], &key, 20_000);
    second.version = 3;
    let second = second.signed(&key);
    chain.send(&second).await.unwrap();
    assert_eq!(
        chain.mempool().await,
        [parent.compute_txid(), second.compute_txid()]
    );

    let mut grandchild = Spend::all(&[&Coin::of(&second, 0)], &key, 9000);
    grandchild.version = 3;
    let (code, message) = chain.send(&grandchild.signed(&key)).await.unwrap_err();
    assert_eq!(code, -26);
    assert!(message.starts_with("TRUC-violation, "), "{message}");
}

#[tokio::test]
async fn a_new_commitment_replaces_the_old_one_as_a_package() {
    let (chain, _dir) = TestChain::start().await;
    let (old, fee_coin, key) = commitment(&chain, 240).await;
    let old_child = child_of(&old, &fee_coin, &key, 5000);
    submit(&chain, &[&old, &old_child]).await;

    let mut new = old.clone();
    new.output[0].value -= Amount::from_sat(1);
    new.output[1].value += Amount::from_sat(1);
    let funding = chain
        .ok(
            "getrawtransaction",
            json!([old.input[0].previous_output.txid, true]),
        )
        .await;
    let value = Amount::from_btc(
        funding["vout"][old.input[0].previous_output.vout as usize]["value"]
            .as_f64()
            .unwrap(),
    );
    let coin = Coin {
        outpoint: old.input[0].previous_output,
        output: bitcoin::TxOut {
            value: value.unwrap(),
            script_pubkey: key.address().script_pubkey(),
        },
    };
    let mut spend = Spend::all(&[&coin], &key, 0);
    (spend.version, spend.outputs) = (3, new.output);
    let new = spend.signed(&key);
    let low = child_of(&new, &fee_coin, &key, 5001);
    let answer = submit(&chain, &[&new, &low]).await;
    assert!(
        answer["package_msg"]
            .as_str()
            .unwrap()
            .starts_with("package RBF failed: "),
        "{answer}"
    );
    let high = child_of(&new, &fee_coin, &key, 9000);
    let answer = submit(&chain, &[&new, &high]).await;
    assert_eq!(answer["package_msg"], "success", "{answer}");
    assert_eq!(answer["replaced-transactions"].as_array().map(Vec::len), Some(2));
    assert_eq!(chain.mempool().await, [new.compute_txid(), high.compute_txid()]);
}

#[tokio::test]
async fn what_is_no_child_with_parents_is_no_package() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let (one, two) = (chain.fund(&key.address()).await, chain.fund(&key.address()).await);
    let first = Spend::all(&[&one], &key, 1000).signed(&key);
    let strangers = [first.clone(), Spend::all(&[&two], &key, 1000).signed(&key)];
    let child = Spend::all(&[&Coin::of(&first, 0)], &key, 1000).signed(&key);
    let unsorted = [child, first];
    for (package, words) in [
        (strangers, "package topology disallowed."),
        (unsorted, "package-not-sorted"),
    ] {
        let hexes = package.map(|tx| serialize_hex(&tx));
        let (code, message) = chain.refusal("submitpackage", json!([hexes])).await;
        assert_eq!(code, -25);
        assert!(message.starts_with(words), "{message}");
    }
    assert_eq!(chain.refusal("submitpackage", json!([[]])).await.0, -8);
}
