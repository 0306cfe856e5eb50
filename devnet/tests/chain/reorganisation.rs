//! Branches that win and lose.

use serde_json::json;

use crate::support::{Coin, Key, Spend, TestChain};

#[tokio::test]
async fn an_invalidated_block_gives_its_transactions_back_to_the_mempool() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let coin = chain.fund(&key.address()).await;
    let parent = Spend::all(&[&coin], &key, 1000).signed(&key);
    let child = Spend::all(&[&Coin::of(&parent, 0)], &key, 1000).signed(&key);
    chain.send(&parent).await.unwrap();
    let first = chain.mine(1).await.remove(0);
    chain.send(&child).await.unwrap();
    let second = chain.mine(1).await.remove(0);

    chain.ok("invalidateblock", json!([first])).await;
    assert_eq!(
        chain.mempool().await,
        [parent.compute_txid(), child.compute_txid()]
    );
    let header = chain.ok("getblockheader", json!([second])).await;
    assert_eq!(header["confirmations"], -1);
    let tips = chain.ok("getchaintips", json!([])).await;
    let statuses: Vec<_> = tips
        .as_array()
        .unwrap()
        .iter()
        .map(|tip| (&tip["status"], &tip["branchlen"]))
        .collect();
    assert_eq!(
        statuses,
        [(&json!("invalid"), &json!(2)), (&json!("active"), &json!(0))]
    );

    let other = chain.mine(1).await.remove(0);
    assert_ne!(other, first, "a block mined again is another block");
    assert!(chain.mempool().await.is_empty());

    chain.ok("reconsiderblock", json!([first])).await;
    assert_eq!(chain.tip().await, second, "two blocks are more work than one");
    assert!(chain.mempool().await.is_empty());
    let confirmed = chain
        .ok("getrawtransaction", json!([child.compute_txid(), true]))
        .await;
    assert_eq!(
        (&confirmed["blockhash"], &confirmed["confirmations"]),
        (&json!(second), &json!(1))
    );
}

#[tokio::test]
async fn what_a_reorganisation_makes_impossible_leaves_the_mempool() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let hashes = chain.ok("generatetoaddress", json!([1, key.address()])).await;
    let tip = chain.mine(99).await.pop().unwrap();
    let coinbase = &chain.block(hashes[0].as_str().unwrap()).await.txdata[0];
    let tx = Spend::all(&[&Coin::of(coinbase, 0)], &key, 1000).signed(&key);
    chain.send(&tx).await.unwrap();
    chain.ok("invalidateblock", json!([tip])).await;
    assert!(
        chain.mempool().await.is_empty(),
        "the coinbase is not mature any more"
    );
}

#[tokio::test]
async fn the_whole_chain_can_be_taken_back() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    chain.fund(&key.address()).await;
    let (tip, first) = (chain.tip().await, chain.ok("getblockhash", json!([1])).await);
    chain.ok("invalidateblock", json!([first])).await;
    assert_eq!(chain.height().await, 0);
    assert!(chain.mempool().await.is_empty(), "nothing is left to pay from");
    chain.ok("reconsiderblock", json!([first])).await;
    assert_eq!(chain.tip().await, tip);
    assert_eq!(
        chain.refusal("invalidateblock", json!(["00".repeat(32)])).await,
        (-5, "Block not found".to_owned())
    );
}

#[tokio::test]
async fn a_block_evicts_what_conflicts_with_it() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let coin = chain.fund(&key.address()).await;
    let waiting = Spend::all(&[&coin], &key, 1000).signed(&key);
    let child = Spend::all(&[&Coin::of(&waiting, 0)], &key, 1000).signed(&key);
    chain.send(&waiting).await.unwrap();
    chain.send(&child).await.unwrap();
    let mined = Spend::all(&[&coin], &key, 2000).signed(&key);
    let hex = bitcoin::consensus::encode::serialize_hex(&mined);
    chain.ok("generateblock", json!([key.address(), [hex]])).await;
    assert!(chain.mempool().await.is_empty());
}
