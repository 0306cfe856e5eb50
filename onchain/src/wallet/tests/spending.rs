//! What is spent, with which signatures, and what is kept.

use super::*;
use crate::testing::spend_to;
use bitcoin::{Psbt, Witness};
use lightning::events::bump_transaction::WalletSource;
use std::collections::HashSet;

#[tokio::test]
async fn everything_of_both_kinds_goes_out_in_one_transaction() {
    let mut on = setting();
    let taproot = on.fund(AddressKind::Taproot, 50_000).await;
    let segwit = on.fund(AddressKind::Segwit, 70_000).await;
    let built = on.wallet.build(&spend(SpendAmount::All)).await.unwrap();
    assert_eq!(
        built.coins().collect::<HashSet<_>>(),
        HashSet::from([taproot, segwit])
    );
    assert_eq!(built.amount + built.fee, Amount::from_sat(120_000));
    assert_eq!(built.transaction.output.len(), 1);
    assert!(
        (1_000..1_020).contains(&feerate_of(&built)),
        "{}",
        feerate_of(&built)
    );
    on.check_signatures(&built.transaction);
    on.chain
        .mine(&on.wallet, std::slice::from_ref(&built.transaction));
    assert_eq!(on.wallet.balance(), Balance::default());
    assert!(on.wallet.coins(false).is_empty());
    assert!(
        on.wallet
            .coins(true)
            .iter()
            .all(|coin| matches!(coin.status, CoinStatus::Spent { .. }))
    );
}

#[tokio::test]
async fn a_spend_reserves_its_coins_until_they_are_released_also_across_a_restart() {
    let mut on = setting();
    let first = on.fund(AddressKind::Taproot, 50_000).await;
    let built = on.wallet.build(&exactly(10_000)).await.unwrap();
    assert_eq!(built.amount, Amount::from_sat(10_000));
    assert_eq!(built.output().unwrap().script_pubkey, somewhere());
    on.check_signatures(&built.transaction);
    on.reopen();
    assert_eq!(on.wallet.balance().reserved, Amount::from_sat(50_000));
    let refusal = on.wallet.build(&exactly(10_000)).await.unwrap_err();
    let reserved = "0 sat available, 10";
    assert!(refusal.to_string().contains(reserved), "{refusal}");
    assert!(
        refusal
            .to_string()
            .ends_with("(50000 sat more are unconfirmed, reserved or not to be used)")
    );
    let SpendError::InsufficientFunds {
        available, needed, ..
    } = refusal
    else {
        panic!("spent a reserved coin");
    };
    assert_eq!(available, Amount::ZERO);
    assert!(needed > Amount::from_sat(10_000));
    let named = Spend {
        utxos: Some(vec![first]),
        ..exactly(10_000)
    };
    let reserved = on.wallet.build(&named).await.unwrap_err();
    assert!(
        matches!(reserved, SpendError::CoinReserved { outpoint, until: 173 } if outpoint == first),
        "{reserved}"
    );
    on.wallet.release(built.coins()).await.unwrap();
    on.reopen();
    assert_eq!(
        on.wallet.build(&named).await.unwrap().coins().collect::<Vec<_>>(),
        [first]
    );
}

#[tokio::test]
async fn a_reservation_ends_by_itself_after_72_blocks() {
    let mut on = setting();
    on.fund(AddressKind::Taproot, 50_000).await;
    on.wallet.build(&exactly(10_000)).await.unwrap();
    on.chain.mine_empty(&on.wallet, 72);
    assert_eq!(on.wallet.coins(false)[0].reserved_to_block, Some(173));
    on.chain.mine_empty(&on.wallet, 1);
    assert_eq!(on.wallet.coins(false)[0].reserved_to_block, None);
    on.reopen();
    assert!(on.wallet.build(&exactly(10_000)).await.is_ok());
}

#[tokio::test]
async fn change_goes_to_a_taproot_address_of_its_own_and_can_be_spent_on() {
    let mut on = setting();
    on.fund(AddressKind::Segwit, 50_000).await;
    let built = on.wallet.build(&exactly(10_000)).await.unwrap();
    on.wallet
        .note_sent(std::slice::from_ref(&built.transaction))
        .await
        .unwrap();
    let change = on.wallet.coins(false);
    assert_eq!(change.len(), 1);
    assert!(change[0].script.is_p2tr());
    assert_eq!(
        change[0].amount + built.amount + built.fee,
        Amount::from_sat(50_000)
    );
    assert_eq!(on.wallet.balance().unconfirmed_own, change[0].amount);
    let next = on.wallet.new_address(AddressKind::Taproot).await.unwrap();
    assert_ne!(next.script_pubkey(), change[0].script);
    assert!(on.wallet.estimate(&exactly(5_000)).is_err());
    let unconfirmed = Spend {
        minconf: 0,
        ..exactly(5_000)
    };
    assert_eq!(
        on.wallet.estimate(&unconfirmed).unwrap().coins,
        [change[0].outpoint]
    );
}

#[tokio::test]
async fn the_reserve_stays_and_refusals_say_the_numbers() {
    let mut on = setting();
    on.fund(AddressKind::Taproot, 50_000).await;
    let reserve = Amount::from_sat(25_000);
    let too_much = on
        .wallet
        .build(&Spend {
            reserve,
            ..exactly(30_000)
        })
        .await
        .unwrap_err();
    let SpendError::ReserveNotKept {
        available, needed, ..
    } = too_much
    else {
        panic!("{too_much}")
    };
    assert_eq!(available, Amount::from_sat(50_000));
    assert!(
        needed > Amount::from_sat(30_000) && needed < Amount::from_sat(31_000),
        "{needed}"
    );
    let all = on
        .wallet
        .build(&Spend {
            reserve,
            ..spend(SpendAmount::All)
        })
        .await
        .unwrap();
    assert_eq!(all.amount + all.fee + reserve, Amount::from_sat(50_000));
    assert_eq!(all.transaction.output.len(), 2);
    let estimated = Amount::from_sat(50_000) - reserve - all.fee;
    on.wallet.release(all.coins()).await.unwrap();
    // What "all" was estimated at can be asked for by its number: this is how channels are opened with everything.
    let same = Spend {
        reserve,
        utxos: Some(all.coins().collect()),
        ..exactly(estimated.to_sat())
    };
    let again = on.wallet.build(&same).await.unwrap();
    assert_eq!((again.amount, again.fee), (all.amount, all.fee));
    on.wallet.release(again.coins()).await.unwrap();
    let reserve = Amount::from_sat(49_900);
    let nothing = on
        .wallet
        .build(&Spend {
            reserve,
            ..spend(SpendAmount::All)
        })
        .await
        .unwrap_err();
    assert_eq!(
        nothing.to_string(),
        "We would not have enough left for our anchor channels: 50000 sat available, 294 sat needed with the fee, \
         49706 sat would be left, 49900 sat must stay"
    );
}

#[tokio::test]
async fn dust_and_unknown_coins_are_refused() {
    let mut on = setting();
    on.fund(AddressKind::Taproot, 50_000).await;
    let dust = on.wallet.build(&exactly(293)).await.unwrap_err();
    assert_eq!(
        dust.to_string(),
        "Output of 293 sat would be dust: 294 sat is the least"
    );
    let unknown = OutPoint::new(Txid::hash(&[77]), 1);
    let named = Spend {
        utxos: Some(vec![unknown]),
        ..exactly(1_000)
    };
    assert!(matches!(on.wallet.build(&named).await, Err(SpendError::UnknownCoin(coin)) if coin == unknown));
    let short = on.wallet.build(&exactly(60_000)).await.unwrap_err();
    let SpendError::InsufficientFunds {
        needed, available, ..
    } = short
    else {
        panic!("{short}")
    };
    assert_eq!(available, Amount::from_sat(50_000));
    assert!(
        needed > Amount::from_sat(60_000) && needed < Amount::from_sat(62_000),
        "{needed}"
    );
}

#[tokio::test]
async fn block_rewards_wait_for_a_hundred_blocks() {
    let mut on = setting();
    let address = on.wallet.new_address(AddressKind::Taproot).await.unwrap();
    let reward = spend_to(&[OutPoint::null()], address.script_pubkey(), 50_000);
    on.chain.mine(&on.wallet, &[reward]);
    on.chain.mine_empty(&on.wallet, 98);
    assert_eq!(on.wallet.balance().immature, Amount::from_sat(50_000));
    assert!(on.wallet.estimate(&exactly(10_000)).is_err());
    on.chain.mine_empty(&on.wallet, 1);
    assert_eq!(on.wallet.balance().confirmed, Amount::from_sat(50_000));
    assert!(on.wallet.estimate(&exactly(10_000)).is_ok());
}

#[tokio::test]
async fn a_claim_is_signed_beside_foreign_inputs_and_its_coin_can_bump_it_again() {
    let mut on = setting();
    let coin = on.fund(AddressKind::Taproot, 50_000).await;
    let utxos = on.wallet.list_confirmed_utxos().await.unwrap();
    assert_eq!(utxos.iter().map(|utxo| utxo.outpoint).collect::<Vec<_>>(), [coin]);
    let anchor = OutPoint::new(Txid::hash(b"commitment"), 0);
    let claim = spend_to(
        &[anchor, coin],
        on.wallet.get_change_script().await.unwrap(),
        40_000,
    );
    let mut psbt = Psbt::from_unsigned_tx(claim).unwrap();
    let anchor_output = TxOut {
        value: Amount::from_sat(330),
        script_pubkey: somewhere(),
    };
    psbt.inputs[0].witness_utxo = Some(anchor_output.clone());
    psbt.inputs[1].witness_utxo = Some(utxos[0].output.clone());
    let signed = on.wallet.sign_psbt(psbt).await.unwrap();
    assert_eq!(signed.input[0].witness, Witness::new());
    let weight = signed.input[1].witness.size() as u64 + 4;
    assert_eq!(weight, utxos[0].satisfaction_weight);
    on.wallet.note_sent(std::slice::from_ref(&signed)).await.unwrap();
    assert_eq!(on.wallet.list_confirmed_utxos().await.unwrap(), utxos);
    on.chain.mine(&on.wallet, &[signed]);
    let after = on.wallet.list_confirmed_utxos().await.unwrap();
    assert_eq!(after.len(), 1);
    assert_ne!(after[0].outpoint, coin);
}

#[tokio::test]
async fn what_the_chain_has_made_impossible_gives_its_coin_back() {
    let mut on = setting();
    let coin = on.fund(AddressKind::Taproot, 50_000).await;
    let built = on.wallet.build(&exactly(10_000)).await.unwrap();
    on.wallet
        .note_sent(std::slice::from_ref(&built.transaction))
        .await
        .unwrap();
    on.wallet.release([coin]).await.unwrap();
    assert!(on.wallet.coins(false).iter().all(|other| other.outpoint != coin));
    on.wallet
        .forget(&[built.transaction.compute_txid()])
        .await
        .unwrap();
    on.reopen();
    assert_eq!(
        on.wallet
            .coins(false)
            .iter()
            .map(|coin| coin.outpoint)
            .collect::<Vec<_>>(),
        [coin]
    );
    on.wallet.note_sent(&[built.transaction]).await.unwrap();
    assert!(on.wallet.coins(false).iter().all(|other| other.outpoint != coin));
}
