//! Blocks as others check them, and the calls that read them.

use bitcoin::consensus::encode::{deserialize_hex, serialize_hex};
use bitcoin::{CompactTarget, Target, Work};
use serde_json::json;

use crate::support::{Key, Spend, TestChain};

#[tokio::test]
async fn a_block_with_witnesses_stands_up_to_every_check() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let coin = chain.fund(&key.taproot_address()).await;
    let tx = Spend::all(&[&coin], &key, 1234).signed(&key);
    chain.send(&tx).await.unwrap();
    let hash = chain.mine(1).await.remove(0);
    let block = chain.block(&hash).await;
    assert_eq!(block.block_hash().to_string(), hash);
    assert!(block.check_merkle_root() && block.check_witness_commitment());
    assert_eq!(block.bip34_block_height().unwrap(), chain.height().await);
    assert_eq!(block.header.bits, CompactTarget::from_consensus(0x207f_ffff));
    block
        .header
        .validate_pow(Target::from_compact(block.header.bits))
        .unwrap();
    assert_eq!(block.txdata[1], tx);
    assert_eq!(block.txdata[0].output[0].value.to_sat(), 50_0000_0000 + 1234);
}

#[tokio::test]
async fn a_header_holds_all_that_a_light_client_needs() {
    let (chain, _dir) = TestChain::start().await;
    let hashes = chain.mine(3).await;
    let header = chain.ok("getblockheader", json!([hashes[1]])).await;
    assert_eq!(
        (&header["height"], &header["confirmations"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(header["previousblockhash"], json!(hashes[0]));
    assert_eq!(header["nextblockhash"], json!(hashes[2]));
    let chainwork = Work::from_unprefixed_hex(header["chainwork"].as_str().unwrap()).unwrap();
    assert_eq!(
        chainwork,
        Work::from_unprefixed_hex("6").unwrap(),
        "three blocks of two hashes each"
    );
    let raw = chain.ok("getblockheader", json!([hashes[1], false])).await;
    let raw: bitcoin::block::Header = deserialize_hex(raw.as_str().unwrap()).unwrap();
    assert_eq!(raw.block_hash().to_string(), hashes[1]);
    assert_eq!(header["merkleroot"], json!(raw.merkle_root));
    let genesis = chain.ok("getblockhash", json!([0])).await;
    assert_eq!(
        genesis,
        "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"
    );
    assert!(
        chain
            .ok("getblockheader", json!([genesis]))
            .await
            .get("previousblockhash")
            .is_none()
    );
}

#[tokio::test]
async fn a_block_is_shown_in_four_depths() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let coin = chain.fund(&key.address()).await;
    let tx = Spend::all(&[&coin], &key, 1000).signed(&key);
    chain.send(&tx).await.unwrap();
    let hash = chain.mine(1).await.remove(0);
    let block = chain.block(&hash).await;
    let ids = chain.ok("getblock", json!({ "blockhash": hash })).await;
    assert_eq!(ids["tx"][1], json!(tx.compute_txid()));
    assert_eq!(ids["weight"], json!(block.weight().to_wu()));
    assert_eq!(ids["size"], json!(block.total_size()));
    let full = chain
        .ok("getblock", json!({ "blockhash": hash, "verbosity": 2 }))
        .await;
    assert_eq!(
        (&full["tx"][1]["fee"], &full["tx"][1]["hex"]),
        (&json!(0.00001), &json!(serialize_hex(&tx)))
    );
    assert!(full["tx"][0].get("fee").is_none());
    let spent = chain.ok("getblock", json!([hash, 3])).await;
    assert_eq!(spent["tx"][1]["vin"][0]["prevout"]["value"], 1.0);
    assert_eq!(chain.refusal("getblock", json!(["00"])).await.0, -8);
    assert_eq!(
        chain.refusal("getblock", json!(["00".repeat(32)])).await,
        (-5, "Block not found".to_owned())
    );
}

#[tokio::test]
async fn an_output_is_unspent_until_the_mempool_spends_it() {
    let (chain, _dir) = TestChain::start().await;
    let key = Key::numbered(1);
    let coin = chain.fund(&key.address()).await;
    let (txid, vout) = (coin.outpoint.txid, coin.outpoint.vout);
    let found = chain.ok("gettxout", json!([txid, vout])).await;
    assert_eq!(
        (&found["value"], &found["confirmations"]),
        (&json!(1.0), &json!(1))
    );
    assert_eq!(found["scriptPubKey"]["address"], json!(key.address().to_string()));
    let tx = Spend::all(&[&coin], &key, 1000).signed(&key);
    chain.send(&tx).await.unwrap();
    assert!(chain.ok("gettxout", json!([txid, vout])).await.is_null());
    assert!(chain.ok("gettxout", json!([txid, vout, false])).await.is_object());
    let unconfirmed = chain.ok("gettxout", json!([tx.compute_txid(), 0])).await;
    assert_eq!(unconfirmed["confirmations"], 0);
    assert!(
        chain
            .ok("gettxout", json!([tx.compute_txid(), 0, false]))
            .await
            .is_null()
    );
    chain.mine(1).await;
    assert!(chain.ok("gettxout", json!([txid, vout, false])).await.is_null());
}

#[tokio::test]
async fn a_block_from_elsewhere_is_taken_once() {
    let (one, _one_dir) = TestChain::start().await;
    let (two, _two_dir) = TestChain::start().await;
    let hash = one.mine(1).await.remove(0);
    let hex = serialize_hex(&one.block(&hash).await);
    assert!(two.ok("submitblock", json!([hex])).await.is_null());
    assert_eq!(two.tip().await, hash);
    assert_eq!(two.ok("submitblock", json!([hex])).await, "duplicate");
    let next = one.mine(1).await.remove(0);
    let mut broken = one.block(&next).await;
    broken.txdata[0].output[0].value += bitcoin::Amount::ONE_SAT;
    assert_eq!(
        two.ok("submitblock", json!([serialize_hex(&broken)])).await,
        "bad-txnmrklroot"
    );
    assert_eq!(two.refusal("submitblock", json!(["00"])).await.0, -22);
}
