//! Calls, against something that answers like bitcoind.

use crate::testing::{COOKIE_TWO, FakeBitcoind, QuietPort, connect, write_cookie};
use crate::{BitcoindError, ChainStatus, FeeMode, FundingOutputs, StartError};
use bitcoin::hashes::Hash;
use bitcoin::{BlockHash, OutPoint, Txid};
use lightning_block_sync::gossip::UtxoSource;
use lightning_block_sync::{BlockSource, BlockSourceErrorKind};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

fn chain_info(chain: &str, blocks: u32, headers: u32) -> Value {
    let hash = BlockHash::all_zeros();
    json!({ "chain": chain, "blocks": blocks, "headers": headers, "bestblockhash": hash, "pruned": false })
}

#[tokio::test]
async fn the_cookie_is_read_again_when_bitcoind_has_written_a_new_one() {
    let datadir = tempfile::tempdir().unwrap();
    let server = FakeBitcoind::start(|_, _| Ok(json!(7))).await;
    let bitcoind = connect(server.port, datadir.path());
    assert_eq!(bitcoind.block_count().await.unwrap(), 7);
    *server.authorization.lock().unwrap() = COOKIE_TWO.1.to_owned();
    assert!(matches!(
        bitcoind.block_count().await,
        Err(BitcoindError::Unauthorized { .. })
    ));
    write_cookie(datadir.path(), COOKIE_TWO);
    assert_eq!(bitcoind.block_count().await.unwrap(), 7);
}

#[tokio::test]
async fn each_kind_of_failure_has_an_error_of_its_own() {
    let datadir = tempfile::tempdir().unwrap();
    let server = FakeBitcoind::start(|method, _| match method {
        "getblockcount" => Err((-28, "Loading block index...")),
        "getblockhash" => Err((-8, "Block height out of range")),
        _ => Ok(json!("nonsense")),
    })
    .await;
    let bitcoind = connect(server.port, datadir.path());
    let warming_up = bitcoind.block_count().await.unwrap_err();
    assert!(warming_up.is_transient());
    assert_eq!(
        warming_up.to_string(),
        "bitcoind is warming up: Loading block index..."
    );
    let refused = bitcoind.block_hash(9).await.unwrap_err();
    assert!(!refused.is_transient());
    assert_eq!(
        refused.to_string(),
        "bitcoind refused getblockhash: Block height out of range (code -8)"
    );
    assert!(matches!(
        bitcoind.network_info().await,
        Err(BitcoindError::Malformed { .. })
    ));
    let quiet = QuietPort::hold();
    let port = quiet.number;
    let nobody = connect(port, datadir.path()).block_count().await.unwrap_err();
    assert!(matches!(nobody, BitcoindError::Unreachable { .. }), "{nobody}");
    let elsewhere = tempfile::tempdir().unwrap();
    let bitcoind = connect(port, elsewhere.path());
    std::fs::remove_file(elsewhere.path().join("regtest/.cookie")).unwrap();
    assert!(matches!(
        bitcoind.block_count().await,
        Err(BitcoindError::NoCookie { .. })
    ));
}

#[tokio::test]
async fn starting_and_downloading_are_waited_for_and_shown() {
    let datadir = tempfile::tempdir().unwrap();
    let calls = AtomicUsize::new(0);
    let server = FakeBitcoind::start(move |_, _| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => Err((-28, "Verifying blocks...")),
        1 => Ok(chain_info("regtest", 5, 9)),
        _ => Ok(chain_info("regtest", 9, 9)),
    })
    .await;
    let bitcoind = connect(server.port, datadir.path());
    let mut status = bitcoind.status();
    let watching = tokio::spawn(async move {
        let mut seen = Vec::new();
        while status.changed().await.is_ok() {
            seen.push(status.borrow_and_update().clone());
        }
        seen
    });
    assert_eq!(bitcoind.wait_until_ready().await.unwrap().blocks, 9);
    drop(bitcoind);
    assert_eq!(
        watching.await.unwrap(),
        [
            ChainStatus::WarmingUp {
                message: "Verifying blocks...".into()
            },
            ChainStatus::Syncing {
                blocks: 5,
                headers: 9
            },
            ChainStatus::Synced { height: 9 },
        ]
    );
}

#[tokio::test]
async fn another_chain_and_a_wrong_password_are_not_waited_for() {
    let datadir = tempfile::tempdir().unwrap();
    let server = FakeBitcoind::start(|_, _| Ok(chain_info("main", 9, 9))).await;
    let bitcoind = connect(server.port, datadir.path());
    let wrong = bitcoind.wait_until_ready().await.unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "this node is for regtest, but bitcoind's chain is main: check --network and --bitcoin-rpcport"
    );
    assert!(matches!(
        bitcoind.check_network().await,
        Err(StartError::WrongChain(_))
    ));
    *server.authorization.lock().unwrap() = "Basic somebody else".into();
    let refused = bitcoind.wait_until_ready().await.unwrap_err();
    assert!(refused.to_string().contains("refused our cookie"), "{refused}");
}

#[tokio::test]
async fn feerates_are_converted_and_may_be_missing() {
    let datadir = tempfile::tempdir().unwrap();
    let server = FakeBitcoind::start(|_, params| match params[0].as_u64() {
        Some(2) => Ok(json!({ "feerate": 0.0006, "blocks": 2 })),
        _ => Ok(json!({ "errors": ["Insufficient data or no feerate found"], "blocks": 0 })),
    })
    .await;
    let bitcoind = connect(server.port, datadir.path());
    let feerate = bitcoind.estimate_smart_fee(2, FeeMode::Economical).await.unwrap();
    assert_eq!(feerate.unwrap().to_sat_per_kwu(), 15_000);
    assert_eq!(
        bitcoind.estimate_smart_fee(6, FeeMode::Economical).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn ldk_is_told_what_may_be_asked_again() {
    let datadir = tempfile::tempdir().unwrap();
    let server = FakeBitcoind::start(|method, params| match method {
        "getblock" if params[0] == json!(BlockHash::all_zeros()) => {
            Err((-1, "Block not available (pruned data)"))
        }
        "getblock" => Err((-5, "Block not found")),
        "getpeerinfo" => Ok(json!([{ "id": 3, "servicesnames": ["WITNESS", "NETWORK_LIMITED"] }])),
        "gettxout" => Ok(Value::Null),
        _ => Err((-28, "Loading wallet...")),
    })
    .await;
    let bitcoind = connect(server.port, datadir.path());
    let kind = |result: Result<_, lightning_block_sync::BlockSourceError>| result.err().unwrap().kind();
    let pruned = bitcoind.get_block(&BlockHash::all_zeros()).await;
    assert_eq!(kind(pruned.map(drop)), BlockSourceErrorKind::Transient);
    let missing = bitcoind.missing_block().unwrap();
    assert!(missing.contains("connected to nobody who has it"), "{missing}");
    let unknown = bitcoind.get_block(&BlockHash::hash(&[1])).await;
    assert_eq!(kind(unknown.map(drop)), BlockSourceErrorKind::Persistent);
    assert_eq!(
        kind(bitcoind.get_best_block().await.map(drop)),
        BlockSourceErrorKind::Transient
    );
    assert_eq!(bitcoind.missing_block(), None);
    let outputs = FundingOutputs::new(bitcoind.into());
    let spent = outputs
        .is_output_unspent(OutPoint::new(Txid::all_zeros(), 0))
        .await;
    assert!(!spent.unwrap());
}

#[tokio::test]
async fn a_pruned_block_is_fetched_from_a_peer_that_has_all_blocks() {
    let datadir = tempfile::tempdir().unwrap();
    let fetched = AtomicUsize::new(0);
    let genesis = bitcoin::constants::genesis_block(bitcoin::Network::Regtest);
    let hex = bitcoin::consensus::encode::serialize_hex(&genesis);
    let server = FakeBitcoind::start(move |method, params| match method {
        "getblock" if fetched.load(Ordering::SeqCst) == 0 => Err((-1, "Block not available (pruned data)")),
        "getblock" => Ok(json!(hex)),
        "getpeerinfo" => Ok(json!([
            { "id": 3, "servicesnames": ["NETWORK_LIMITED"] },
            { "id": 8, "servicesnames": ["NETWORK", "WITNESS"] },
        ])),
        "getblockfrompeer" if params[1] == json!(8) => {
            fetched.fetch_add(1, Ordering::SeqCst);
            Ok(json!({}))
        }
        _ => Err((-1, "no")),
    })
    .await;
    let bitcoind = connect(server.port, datadir.path());
    let block = bitcoind.get_block(&genesis.block_hash()).await;
    assert!(matches!(block, Ok(lightning_block_sync::BlockData::FullBlock(block)) if block == genesis));
    assert_eq!(bitcoind.missing_block(), None);
}
