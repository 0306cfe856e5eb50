//! The wallet and a mempool.

use super::*;
use crate::testing::{FakeBitcoind, coin, connect, spend_to};
use bitcoin::consensus::encode::serialize_hex;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A mempool that can be changed, and how often it has been listed.
#[derive(Clone, Default)]
struct Mempool {
    transactions: Arc<Mutex<Vec<Transaction>>>,
    listed: Arc<AtomicUsize>,
}

impl Mempool {
    fn set(&self, transactions: &[Transaction]) {
        *self.transactions.lock().unwrap() = transactions.to_vec();
    }

    async fn serve(&self) -> FakeBitcoind {
        let mempool = self.clone();
        FakeBitcoind::start(move |method, params| {
            let transactions = mempool.transactions.lock().unwrap();
            let txids: Vec<Txid> = transactions.iter().map(Transaction::compute_txid).collect();
            match method {
                "getmempoolinfo" => Ok(json!({
                    "loaded": true, "size": txids.len(), "bytes": 100 * txids.len(), "total_fee": 0.001,
                    "mempoolminfee": 0.00001, "minrelaytxfee": 0.00001,
                })),
                "getrawmempool" => {
                    mempool.listed.fetch_add(1, Ordering::SeqCst);
                    Ok(json!({ "txids": txids, "mempool_sequence": 1 }))
                }
                "getrawtransaction" => {
                    let wanted = txids.iter().position(|txid| json!(txid) == params[0]);
                    wanted
                        .map(|at| json!(serialize_hex(&transactions[at])))
                        .ok_or((-5, "No such mempool transaction"))
                }
                _ => Err((-32601, "Method not found")),
            }
        })
        .await
    }
}

#[tokio::test]
async fn a_payment_shows_before_it_is_in_a_block_and_vanishes_with_the_mempool() {
    let on = setting();
    let (mempool, datadir) = (Mempool::default(), tempfile::tempdir().unwrap());
    let server = mempool.serve().await;
    let bitcoind = connect(server.port, datadir.path());
    let payment = pay(&on.wallet.new_address(AddressKind::Segwit).await.unwrap(), 30_000);
    mempool.set(&[payment]);
    on.wallet.sync_mempool(&bitcoind).await.unwrap();
    assert_eq!(on.wallet.balance().unconfirmed_foreign, Amount::from_sat(30_000));
    on.wallet.sync_mempool(&bitcoind).await.unwrap();
    assert_eq!(mempool.listed.load(Ordering::SeqCst), 1);
    mempool.set(&[]);
    on.wallet.sync_mempool(&bitcoind).await.unwrap();
    assert_eq!(on.wallet.balance(), Balance::default());
}

#[tokio::test]
async fn a_transaction_of_our_own_stays_even_when_the_mempool_drops_it() {
    let mut on = setting();
    on.fund(AddressKind::Taproot, 50_000).await;
    let (mempool, datadir) = (Mempool::default(), tempfile::tempdir().unwrap());
    let server = mempool.serve().await;
    let bitcoind = connect(server.port, datadir.path());
    let built = on.wallet.build(&exactly(10_000)).await.unwrap();
    on.wallet.note_sent(&[built.transaction]).await.unwrap();
    on.wallet.sync_mempool(&bitcoind).await.unwrap();
    assert_eq!(on.wallet.balance().confirmed, Amount::ZERO);
    assert_eq!(on.wallet.unconfirmed_own().len(), 1);
}

#[tokio::test]
async fn a_claim_that_came_and_went_while_nobody_looked_is_not_among_the_coins() {
    let on = setting();
    let (mempool, datadir) = (Mempool::default(), tempfile::tempdir().unwrap());
    let server = mempool.serve().await;
    let bitcoind = connect(server.port, datadir.path());
    on.wallet.sync_mempool(&bitcoind).await.unwrap();
    let claim = pay(
        &on.wallet.new_address(AddressKind::Taproot).await.unwrap(),
        30_000,
    );
    on.wallet.note_sent(&[claim]).await.unwrap();
    assert_eq!(on.wallet.balance().unconfirmed_foreign, Amount::from_sat(30_000));
    // Replaced, and what replaced it is in a block already: the mempool is as empty as it was.
    on.wallet.sync_mempool(&bitcoind).await.unwrap();
    assert_eq!(on.wallet.balance(), Balance::default());
}

#[tokio::test]
async fn who_spends_an_output_and_pays_us_is_known_until_it_is_gone_or_in_a_block() {
    let mut on = setting();
    let (mempool, datadir) = (Mempool::default(), tempfile::tempdir().unwrap());
    let server = mempool.serve().await;
    let bitcoind = connect(server.port, datadir.path());
    let address = on.wallet.new_address(AddressKind::Taproot).await.unwrap();
    let closing = spend_to(&[coin(1)], address.script_pubkey(), 30_000);
    on.wallet.note_sent(std::slice::from_ref(&closing)).await.unwrap();
    on.reopen();
    let txid = closing.compute_txid();
    assert_eq!(on.wallet.waiting_spender_of(&coin(1)), Some(txid));
    assert_eq!(on.wallet.waiting_spender_of(&coin(2)), None);
    on.wallet.sync_mempool(&bitcoind).await.unwrap();
    assert_eq!(on.wallet.waiting_spender_of(&coin(1)), None, "it has vanished");
    mempool.set(std::slice::from_ref(&closing));
    on.wallet.sync_mempool(&bitcoind).await.unwrap();
    assert_eq!(on.wallet.waiting_spender_of(&coin(1)), Some(txid));
    on.chain.mine(&on.wallet, &[closing]);
    assert_eq!(on.wallet.waiting_spender_of(&coin(1)), None, "it waits no longer");
}
