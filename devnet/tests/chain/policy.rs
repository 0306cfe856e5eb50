//! What the mempool takes, and what it wants to be paid.

use bitcoin::consensus::encode::serialize_hex;
use bitcoin::{Amount, ScriptBuf, TxOut};
use serde_json::json;

use crate::support::{Coin, Key, Spend, TestChain};

#[tokio::test]
async fn a_transaction_that_is_there_already_is_no_error() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let coin = chain.fund(&key.address()).await;
    let tx = Spend::all(&[&coin], &key, 1000).signed(&key);
    for _ in 0..2 {
        assert_eq!(chain.send(&tx).await.unwrap(), json!(tx.compute_txid()));
    }
    assert_eq!(chain.mempool().await, [tx.compute_txid()]);
}

#[tokio::test]
async fn a_fee_below_the_minimum_is_refused_with_both_figures() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let coin = chain.fund(&key.address()).await;
    let tx = Spend::all(&[&coin], &key, 50).signed(&key);
    let (code, message) = chain.send(&tx).await.unwrap_err();
    assert_eq!(
        (code, message),
        (-26, format!("min relay fee not met, 50 < {}", tx.vsize()))
    );

    chain
        .ok("devnet_setfeerate", json!({ "mempoolminfee": 0.0001 }))
        .await;
    let tx = Spend::all(&[&coin], &key, 500).signed(&key);
    let (_, message) = chain.send(&tx).await.unwrap_err();
    assert_eq!(
        message,
        format!("mempool min fee not met, 500 < {}", tx.vsize() * 10)
    );
    let info = chain.ok("getmempoolinfo", json!([])).await;
    assert_eq!(info["mempoolminfee"], 0.0001);
}

#[tokio::test]
async fn an_absurd_fee_is_refused_unless_it_is_allowed() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let coin = chain.fund(&key.address()).await;
    let tx = Spend::all(&[&coin], &key, 50_000_000).signed(&key);
    let (code, message) = chain.send(&tx).await.unwrap_err();
    assert_eq!(code, -25);
    assert_eq!(
        message,
        "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)"
    );
    chain
        .ok("sendrawtransaction", json!([serialize_hex(&tx), 0]))
        .await;
}

#[tokio::test]
async fn what_is_not_standard_is_refused_by_name() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let coin = chain.fund(&key.address()).await;
    let output = |sat: u64, script: &[u8]| TxOut {
        value: Amount::from_sat(sat),
        script_pubkey: ScriptBuf::from_bytes(script.to_vec()),
    };
    let refused = async |change: &dyn Fn(&mut Spend)| {
        let mut spend = Spend::all(&[&coin], &key, 10_000);
        change(&mut spend);
        let (code, message) = chain.send(&spend.signed(&key)).await.unwrap_err();
        assert_eq!(code, -26);
        message
    };
    assert_eq!(refused(&|spend| spend.version = 4).await, "version");
    assert_eq!(
        refused(&|spend| spend.outputs.push(output(1000, &[0x51]))).await,
        "scriptpubkey"
    );
    assert_eq!(
        refused(&|spend| spend.outputs.push(output(1, &[0x52, 0x02, 1, 1]))).await,
        "dust, tx with dust output must be 0-fee"
    );
    assert_eq!(
        refused(&|spend| spend.outputs.extend([output(0, &[0x6a]), output(0, &[0x6a])])).await,
        "multi-op-return"
    );
}

#[tokio::test]
async fn a_replacement_pays_for_itself_and_for_what_it_evicts() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let coin = chain.fund(&key.address()).await;
    let original = Spend::all(&[&coin], &key, 1000).signed(&key);
    chain.send(&original).await.unwrap();
    let child = Spend::all(&[&Coin::of(&original, 0)], &key, 5000).signed(&key);
    chain.send(&child).await.unwrap();

    let refused = async |fee: u64| {
        let tx = Spend::all(&[&coin], &key, fee).signed(&key);
        let (code, message) = chain.send(&tx).await.unwrap_err();
        assert_eq!(code, -26);
        message
    };
    let low_rate = refused(999).await;
    assert!(
        low_rate.starts_with("insufficient fee, rejecting replacement "),
        "{low_rate}"
    );
    assert!(low_rate.contains("<= old feerate"), "{low_rate}");
    assert!(
        refused(5999)
            .await
            .contains("less fees than conflicting txs; 0.00005999 < 0.00006000")
    );
    assert!(
        refused(6000)
            .await
            .contains("not enough additional fees to relay; 0.00000000 < 0.0000")
    );

    let replacement = Spend::all(&[&coin], &key, 6200).signed(&key);
    chain.send(&replacement).await.unwrap();
    assert_eq!(chain.mempool().await, [replacement.compute_txid()]);
}

#[tokio::test]
async fn a_chain_of_unconfirmed_transactions_ends_at_25() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let mut coin = chain.fund(&key.address()).await;
    for _ in 0..25 {
        let tx = Spend::all(&[&coin], &key, 1000).signed(&key);
        chain.send(&tx).await.unwrap();
        coin = Coin::of(&tx, 0);
    }
    let (code, message) = chain
        .send(&Spend::all(&[&coin], &key, 1000).signed(&key))
        .await
        .unwrap_err();
    assert_eq!(code, -26);
    assert_eq!(
        message,
        "too-long-mempool-chain, too many unconfirmed ancestors [limit: 25]"
    );
    let last = chain.ok("getmempoolentry", json!([coin.outpoint.txid])).await;
    assert_eq!(
        (&last["ancestorcount"], &last["descendantcount"]),
        (&json!(25), &json!(1))
    );
    chain.mine(1).await;
    assert!(
        chain.mempool().await.is_empty(),
        "all of them fit in a block, parents first"
    );
}

#[tokio::test]
async fn a_test_of_acceptance_changes_nothing_and_tells_the_reason() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let coin = chain.fund(&key.address()).await;
    let tx = Spend::all(&[&coin], &key, 1000).signed(&key);
    let verdict = chain.ok("testmempoolaccept", json!([[serialize_hex(&tx)]])).await;
    assert_eq!(
        (&verdict[0]["allowed"], &verdict[0]["vsize"]),
        (&json!(true), &json!(tx.vsize()))
    );
    assert_eq!(verdict[0]["fees"]["base"], 0.00001);
    assert!(chain.mempool().await.is_empty());

    let orphan = Spend::all(&[&Coin::of(&tx, 0)], &key, 1000).signed(&key);
    let verdict = chain
        .ok("testmempoolaccept", json!([[serialize_hex(&orphan)]]))
        .await;
    assert_eq!(
        (&verdict[0]["allowed"], &verdict[0]["reject-reason"]),
        (&json!(false), &json!("missing-inputs"))
    );
}

#[tokio::test]
async fn the_estimate_is_what_was_set_and_otherwise_there_is_none() {
    let (chain, _dir) = TestChain::start().await;
    let none = json!({ "errors": ["Insufficient data or no feerate found"], "blocks": 6 });
    assert_eq!(chain.ok("estimatesmartfee", json!([6])).await, none);
    chain.ok("devnet_setfeerate", json!([0.0005])).await;
    let set = json!({ "feerate": 0.0005, "blocks": 6 });
    assert_eq!(
        chain.ok("estimatesmartfee", json!([6, "CONSERVATIVE"])).await,
        set
    );
    chain.ok("devnet_setfeerate", json!([])).await;
    assert_eq!(chain.ok("estimatesmartfee", json!([6])).await, none);
    assert_eq!(chain.refusal("estimatesmartfee", json!([0])).await.0, -8);
}
