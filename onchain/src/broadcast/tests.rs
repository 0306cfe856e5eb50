//! The broadcaster at work, with a wallet and something that answers like bitcoind.

use super::*;
use crate::testing::{Answer, Chain, FakeBitcoind, MemoryStore, QuietPort, connect, open, pay, spend_to};
use crate::{AddressKind, BuiltSpend, Spend, SpendAmount};
use bitcoin::consensus::encode::deserialize_hex;
use bitcoin::{Amount, FeeRate};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc;

/// Longer than anything here takes on the slowest machine.
const DEADLINE: Duration = Duration::from_secs(180);

struct Setting {
    chain: Chain,
    wallet: Arc<Wallet>,
    datadir: tempfile::TempDir,
}

async fn setting() -> Setting {
    let mut chain = Chain::starting_at(100);
    let wallet = Arc::new(open(&Arc::new(MemoryStore::default()), chain.tip()));
    let payment = pay(&wallet.new_address(AddressKind::Taproot).await.unwrap(), 50_000);
    chain.mine(&wallet, &[payment]);
    Setting {
        chain,
        wallet,
        datadir: tempfile::tempdir().unwrap(),
    }
}

impl Setting {
    /// Starts a broadcaster that talks to whoever is at this port.
    fn broadcaster(&self, port: u16) -> Arc<Broadcaster> {
        let bitcoind = Arc::new(connect(port, self.datadir.path()));
        let (broadcaster, task) = Broadcaster::new(bitcoind, Arc::clone(&self.wallet));
        tokio::spawn(task.run());
        broadcaster
    }

    async fn build(&self) -> BuiltSpend {
        let to = self
            .wallet
            .new_address(AddressKind::Segwit)
            .await
            .unwrap()
            .script_pubkey();
        let amount = SpendAmount::Exactly(Amount::from_sat(10_000));
        let feerate = FeeRate::from_sat_per_kwu(1_000);
        let spend = Spend {
            to,
            amount,
            feerate,
            utxos: None,
            minconf: 1,
            reserve: Amount::ZERO,
        };
        self.wallet.build(&spend).await.unwrap()
    }
}

/// A bitcoind that passes on what it is sent: one list of transactions for each call.
async fn recorder(
    port: u16,
    answer: impl Fn(&str) -> Answer + Send + Sync + 'static,
) -> (FakeBitcoind, mpsc::UnboundedReceiver<Vec<Transaction>>) {
    let (sent, calls) = mpsc::unbounded_channel();
    let server = FakeBitcoind::start_at(port, move |method, params| {
        let hex: Vec<&Value> = match &params[0] {
            Value::Array(package) => package.iter().collect(),
            single => vec![single],
        };
        let transactions = hex
            .into_iter()
            .map(|hex| deserialize_hex(hex.as_str().unwrap()).unwrap())
            .collect();
        sent.send(transactions).unwrap();
        answer(method)
    })
    .await;
    (server, calls)
}

async fn next(calls: &mut mpsc::UnboundedReceiver<Vec<Transaction>>) -> Vec<Transaction> {
    tokio::time::timeout(DEADLINE, calls.recv())
        .await
        .expect("nothing was sent")
        .unwrap()
}

fn taken(_: &str) -> Answer {
    Ok(json!("00".repeat(32)))
}

#[tokio::test]
async fn what_is_published_is_in_the_wallet_when_bitcoind_has_it() {
    let on = setting().await;
    let (server, mut calls) = recorder(0, taken).await;
    let built = on.build().await;
    let published = on
        .broadcaster(server.port)
        .publish(built.transaction.clone())
        .await
        .unwrap();
    assert_eq!(published, Published::Sent);
    assert_eq!(next(&mut calls).await, vec![built.transaction.clone()]);
    assert_eq!(on.wallet.balance().confirmed, Amount::ZERO);
    assert_eq!(
        on.wallet.balance().unconfirmed_own,
        Amount::from_sat(50_000) - built.fee
    );
}

#[tokio::test]
async fn what_bitcoind_refuses_leaves_nothing_behind() {
    let on = setting().await;
    let (server, _calls) = recorder(0, |_| Err((-26, "min relay fee not met"))).await;
    let broadcaster = on.broadcaster(server.port);
    let built = on.build().await;
    let refused = broadcaster.publish(built.transaction.clone()).await.unwrap_err();
    assert!(refused.to_string().contains("min relay fee not met"), "{refused}");
    assert_eq!(on.wallet.balance().confirmed, Amount::from_sat(50_000));
    assert_eq!(broadcaster.spender_of(&built.coins().next().unwrap()), None);
}

#[tokio::test]
async fn while_bitcoind_is_away_transactions_wait_for_it() {
    let on = setting().await;
    let port = QuietPort::hold();
    let broadcaster = on.broadcaster(port.number);
    let built = on.build().await;
    let published = broadcaster.publish(built.transaction.clone()).await.unwrap();
    assert!(matches!(published, Published::Queued { .. }), "{published:?}");
    let (_server, mut calls) = recorder(port.number, taken).await;
    assert_eq!(next(&mut calls).await, [built.transaction]);
}

#[tokio::test]
async fn a_child_goes_with_its_parent_and_alone_when_bitcoind_wants_that() {
    let on = setting().await;
    let (server, mut calls) = recorder(0, |method| match method {
        "submitpackage" => Ok(json!({ "package_msg": "transaction failed", "tx-results": {} })),
        _ => taken(method),
    })
    .await;
    let broadcaster = on.broadcaster(server.port);
    let parent = pay(&on.wallet.new_address(AddressKind::Taproot).await.unwrap(), 7_000);
    let spent = OutPoint::new(parent.compute_txid(), 0);
    let child = spend_to(&[spent], parent.output[0].script_pubkey.clone(), 6_000);
    broadcaster.broadcast_transactions(&[&child, &parent]);
    assert_eq!(next(&mut calls).await, [parent.clone(), child.clone()]);
    assert_eq!(next(&mut calls).await, [parent]);
    assert_eq!(next(&mut calls).await, vec![child.clone()]);
    assert_eq!(broadcaster.spender_of(&spent), Some(child));
}

#[tokio::test]
async fn what_the_wallet_sent_before_a_restart_is_sent_again() {
    let on = setting().await;
    let built = on.build().await;
    on.wallet
        .note_sent(std::slice::from_ref(&built.transaction))
        .await
        .unwrap();
    let (server, mut calls) = recorder(0, taken).await;
    let _broadcaster = on.broadcaster(server.port);
    assert_eq!(next(&mut calls).await, [built.transaction]);
}

#[tokio::test]
async fn a_conflict_in_a_block_gives_the_coins_back_that_no_block_has_taken() {
    let mut on = setting().await;
    let (server, mut calls) = recorder(0, taken).await;
    let broadcaster = on.broadcaster(server.port);
    let coin = on.wallet.coins(false)[0].outpoint;
    let commitment = pay(&on.wallet.new_address(AddressKind::Taproot).await.unwrap(), 1_000);
    let funding = commitment.input[0].previous_output;
    let elsewhere = bitcoin::ScriptBuf::new_op_return([7]);
    let child = spend_to(
        &[OutPoint::new(commitment.compute_txid(), 0), coin],
        elsewhere.clone(),
        40_000,
    );
    broadcaster.broadcast_transactions(&[&commitment, &child]);
    next(&mut calls).await;
    assert!(on.wallet.coins(false).iter().all(|other| other.outpoint != coin));
    let theirs = spend_to(&[funding], elsewhere, 900);
    let block = on.chain.mine(&on.wallet, &[theirs]);
    broadcaster.block_connected(&block, on.chain.tip().height);
    let freed = async {
        while on.wallet.coins(false).iter().all(|other| other.outpoint != coin) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, freed)
        .await
        .expect("the coin stays spent");
}

#[tokio::test]
async fn nobody_waits_for_a_verdict_when_the_node_stops() {
    let on = setting().await;
    let bitcoind = Arc::new(connect(1, on.datadir.path()));
    let (broadcaster, task) = Broadcaster::new(bitcoind, Arc::clone(&on.wallet));
    let transaction = on.build().await.transaction;
    let waiting = tokio::spawn({
        let (broadcaster, transaction) = (Arc::clone(&broadcaster), transaction.clone());
        async move { broadcaster.publish(transaction).await }
    });
    while broadcaster
        .spender_of(&transaction.input[0].previous_output)
        .is_none()
    {
        tokio::task::yield_now().await;
    }
    drop(task);
    assert!(matches!(waiting.await.unwrap(), Err(PublishError::Stopping)));
    assert!(matches!(
        broadcaster.publish(transaction).await,
        Err(PublishError::Stopping)
    ));
}
