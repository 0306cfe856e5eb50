//! What the wallet learns of the chain, and what of it survives a restart.

use super::*;
use crate::testing::spend_to;
use lightning::chain::Listen;
use std::collections::HashSet;
use std::sync::atomic::Ordering;

#[tokio::test]
async fn after_a_reorg_a_payment_is_unconfirmed_until_it_is_in_a_block_again() {
    let mut on = setting();
    let payment = pay(
        &on.wallet.new_address(AddressKind::Taproot).await.unwrap(),
        50_000,
    );
    on.chain.mine(&on.wallet, std::slice::from_ref(&payment));
    on.chain.mine_empty(&on.wallet, 2);
    assert_eq!(
        on.wallet.coins(false)[0].status,
        CoinStatus::Confirmed { height: 101 }
    );
    on.chain.disconnect(&on.wallet, 3);
    assert_eq!(on.wallet.best_block(), on.chain.tip());
    assert_eq!(on.wallet.coins(false)[0].status, CoinStatus::Unconfirmed);
    on.reopen();
    assert_eq!(on.wallet.best_block(), on.chain.tip());
    on.chain.mine_empty(&on.wallet, 4);
    on.reopen();
    assert_eq!(on.wallet.coins(false)[0].status, CoinStatus::Unconfirmed);
    on.chain.mine(&on.wallet, &[payment]);
    assert_eq!(
        on.wallet.coins(false)[0].status,
        CoinStatus::Confirmed { height: 105 }
    );
    assert_eq!(on.wallet.best_block(), on.chain.tip());
}

#[tokio::test]
async fn a_payment_double_spent_by_a_reorg_is_gone() {
    let mut on = setting();
    let payment = pay(
        &on.wallet.new_address(AddressKind::Taproot).await.unwrap(),
        50_000,
    );
    on.chain.mine(&on.wallet, std::slice::from_ref(&payment));
    on.chain.disconnect(&on.wallet, 1);
    let elsewhere = spend_to(&[payment.input[0].previous_output], somewhere(), 49_000);
    on.chain.mine(&on.wallet, &[elsewhere]);
    assert!(on.wallet.coins(false).is_empty());
}

#[tokio::test]
async fn a_reorg_may_go_below_the_birthday() {
    let mut on = setting();
    on.chain.mine_empty(&on.wallet, 2);
    on.chain.blocks = vec![(97, BlockHash::hash(b"older"))];
    on.wallet.blocks_disconnected(on.chain.tip());
    on.fund(AddressKind::Taproot, 50_000).await;
    assert_eq!(
        on.wallet.coins(false)[0].status,
        CoinStatus::Confirmed { height: 98 }
    );
    on.chain.mine_empty(&on.wallet, 5);
    on.reopen();
    assert_eq!(on.wallet.best_block(), on.chain.tip());
}

#[tokio::test]
async fn a_restart_loses_nothing_and_gives_no_address_twice() {
    let mut on = setting();
    on.fund(AddressKind::Taproot, 50_000).await;
    on.fund(AddressKind::Segwit, 60_000).await;
    let script = on.wallet.new_script();
    let (coins, addresses, transactions) = (
        on.wallet.coins(true),
        on.wallet.addresses(0, u32::MAX),
        on.wallet.transactions(),
    );
    assert_eq!(transactions[0].confirmed, Some((101, Some(0))));
    on.reopen();
    assert_eq!(on.wallet.coins(true).len(), coins.len());
    assert_eq!(on.wallet.transactions(), transactions);
    assert_eq!(on.wallet.addresses(0, u32::MAX), addresses);
    assert_eq!(on.wallet.best_block(), on.chain.tip());
    assert_ne!(on.wallet.new_script(), script);
}

#[tokio::test]
async fn the_same_seed_finds_its_coins_again_from_its_birthday() {
    let mut on = setting();
    let birthday = on.chain.tip();
    let payment = pay(&on.wallet.new_address(AddressKind::Segwit).await.unwrap(), 60_000);
    let block = on.chain.mine(&on.wallet, &[payment]);
    on.store = Arc::new(MemoryStore::default());
    on.wallet = open(&on.store, birthday);
    on.wallet.block_connected(&block, 101);
    assert_eq!(on.wallet.balance().confirmed, Amount::from_sat(60_000));
}

#[tokio::test]
async fn another_seed_does_not_open_this_wallet() {
    let on = setting();
    let store = Arc::clone(&on.store) as Arc<dyn StateStore>;
    let other = Wallet::open(Network::Regtest, &[1; 32], on.chain.tip(), store);
    assert!(matches!(other, Err(WalletError::Mismatch(_))));
}

#[tokio::test]
async fn nothing_is_given_out_that_is_not_durable() {
    let mut on = setting();
    on.fund(AddressKind::Taproot, 50_000).await;
    on.store.broken.store(true, Ordering::SeqCst);
    assert!(matches!(
        on.wallet.new_address(AddressKind::Taproot).await,
        Err(WalletError::Store(_))
    ));
    assert!(on.wallet.build(&exactly(10_000)).await.is_err());
}

#[tokio::test]
async fn the_log_stays_short_and_says_everything() {
    let mut on = setting();
    on.fund(AddressKind::Taproot, 50_000).await;
    let built = on.wallet.build(&exactly(10_000)).await.unwrap();
    on.chain.mine_empty(&on.wallet, 3);
    let records = on.store.len();
    for _ in 0..1_200 {
        on.wallet.new_script();
        on.chain.mine_empty(&on.wallet, 1);
    }
    assert!(on.store.len() < records + 501, "{}", on.store.len());
    let (addresses, transactions) = (on.wallet.addresses(0, u32::MAX), on.wallet.transactions());
    on.wallet.note_sent(&[built.transaction]).await.unwrap();
    on.reopen();
    assert_eq!(on.wallet.addresses(0, u32::MAX), addresses);
    assert_eq!(on.wallet.best_block(), on.chain.tip());
    assert_eq!(on.wallet.transactions()[0], transactions[0]);
    assert_eq!(on.wallet.transactions().len(), 2);
}

#[tokio::test]
async fn scripts_for_channels_come_round_again_until_they_are_used() {
    let mut on = setting();
    let scripts: Vec<ScriptBuf> = (0..100).map(|_| on.wallet.new_script()).collect();
    assert_eq!(scripts.iter().collect::<HashSet<_>>().len(), 100);
    assert_eq!(on.wallet.new_script(), scripts[0]);
    let used = Address::from_script(&scripts[1], Network::Regtest).unwrap();
    on.chain.mine(&on.wallet, &[pay(&used, 5_000)]);
    assert!(!scripts.contains(&on.wallet.new_script()));
    assert_eq!(on.wallet.addresses(0, u32::MAX).len(), 101);
}
