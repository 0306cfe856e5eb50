//! Coins that are kept for what is planned, and transactions that are made and not sent.

use super::*;

#[tokio::test]
async fn two_plans_never_count_on_the_same_coin_and_a_plan_given_up_frees_its_coins() {
    let mut on = setting();
    on.fund(AddressKind::Taproot, 50_000).await;
    let second = on.fund(AddressKind::Segwit, 60_000).await;
    let wallet = Arc::new(on.wallet);
    let (first, held) = wallet.plan(&exactly(45_000)).unwrap();
    let (other, also_held) = wallet.plan(&exactly(45_000)).unwrap();
    assert_ne!(first.coins, other.coins);
    assert_eq!(wallet.balance().reserved, Amount::from_sat(110_000));
    assert!(
        wallet
            .coins(false)
            .iter()
            .all(|coin| coin.reserved_to_block == Some(102 + 72))
    );
    assert!(matches!(
        wallet.plan(&exactly(45_000)),
        Err(SpendError::InsufficientFunds { .. })
    ));
    let named = Spend {
        utxos: Some(vec![second]),
        ..exactly(45_000)
    };
    assert!(matches!(
        wallet.build(&named).await,
        Err(SpendError::CoinReserved { .. })
    ));
    drop((held, also_held));
    assert_eq!(wallet.balance().reserved, Amount::ZERO);
    assert!(wallet.build(&named).await.is_ok());
}

#[tokio::test]
async fn what_was_planned_is_made_with_the_coins_that_were_kept_for_it() {
    let mut on = setting();
    on.fund(AddressKind::Taproot, 50_000).await;
    let wallet = Arc::new(on.wallet);
    let (plan, held) = wallet.plan(&exactly(45_000)).unwrap();
    let built = wallet.build_held(exactly(45_000), held).await.unwrap();
    assert_eq!(built.coins().collect::<Vec<_>>(), plan.coins);
    assert_eq!((built.amount, built.fee), (plan.amount, plan.fee));
    assert_eq!(wallet.balance().reserved, Amount::from_sat(50_000));
    let (_, held) = {
        wallet.release(built.coins()).await.unwrap();
        wallet.plan(&exactly(45_000)).unwrap()
    };
    let refused = wallet.build_held(exactly(49_999), held).await;
    assert!(matches!(refused, Err(SpendError::InsufficientFunds { .. })));
    assert_eq!(
        wallet.balance().reserved,
        Amount::ZERO,
        "a plan that fails frees its coins"
    );
}

#[tokio::test]
async fn a_transaction_is_remembered_until_it_is_sent_or_given_up() {
    let mut on = setting();
    on.fund(AddressKind::Taproot, 50_000).await;
    on.fund(AddressKind::Taproot, 60_000).await;
    let sent = on.wallet.build(&exactly(40_000)).await.unwrap();
    let given_up = on.wallet.build(&exactly(30_000)).await.unwrap();
    on.reopen();
    assert_eq!(on.wallet.unsent().len(), 2);
    on.wallet
        .note_sent(std::slice::from_ref(&sent.transaction))
        .await
        .unwrap();
    assert_eq!(on.wallet.unsent(), std::slice::from_ref(&given_up.transaction));
    on.reopen();
    assert_eq!(on.wallet.unsent(), std::slice::from_ref(&given_up.transaction));
    on.wallet.release(given_up.coins()).await.unwrap();
    on.reopen();
    assert_eq!(on.wallet.unsent(), []);
}
