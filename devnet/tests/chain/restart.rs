//! What is still there after a restart.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::support::{Key, TestChain};

#[tokio::test]
async fn a_restart_resumes_chain_branches_mempool_and_wallet() {
    let (chain, dir) = TestChain::start().await;
    let key = Key::numbered(1);
    chain.fund(&key.address()).await;
    let left = chain.mine(2).await;
    chain.ok("invalidateblock", json!([left[0]])).await;
    chain.mine(1).await;
    chain.ok("sendtoaddress", json!([key.address(), 3])).await;
    let state = async |chain: &TestChain| {
        let tips = chain.ok("getchaintips", json!([])).await;
        let balances = chain.ok("getbalances", json!([])).await;
        (chain.tip().await, chain.mempool().await, tips, balances)
    };
    let before = state(&chain).await;
    let address = chain.ok("getnewaddress", json!([])).await;
    chain.running.shutdown().await.unwrap();

    let chain = TestChain::start_in(dir.path()).await;
    assert_eq!(state(&chain).await, before);
    assert_ne!(chain.ok("getnewaddress", json!([])).await, address);
    chain.ok("reconsiderblock", json!([left[0]])).await;
    assert_eq!(chain.tip().await, left[1]);
}

#[tokio::test]
async fn the_cookie_is_for_the_owner_alone_and_goes_at_the_end() {
    let (chain, _dir) = TestChain::start().await;
    let path = chain.running.cookie_file().to_owned();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), chain.running.cookie());
    chain.running.shutdown().await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn the_call_to_stop_ends_the_server() {
    let (mut chain, _dir) = TestChain::start().await;
    chain.ok("stop", json!([])).await;
    chain.running.stopped().await.unwrap();
}
