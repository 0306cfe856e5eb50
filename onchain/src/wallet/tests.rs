//! The wallet on a chain of its own.

use super::*;
use crate::testing::{Chain, MemoryStore, open, pay, spend_to};
use bitcoin::hashes::Hash;
use bitcoin::{Amount, FeeRate, Psbt, Transaction, TxOut, Witness, WitnessProgram, WitnessVersion};
use lightning::chain::Listen;
use lightning::events::bump_transaction::WalletSource;
use std::collections::HashSet;
use std::sync::atomic::Ordering;

const FEERATE: FeeRate = FeeRate::from_sat_per_kwu(1_000);

struct Setting {
    store: Arc<MemoryStore>,
    chain: Chain,
    wallet: Wallet,
}

fn setting() -> Setting {
    let (store, chain) = (Arc::new(MemoryStore::default()), Chain::starting_at(100));
    let wallet = open(&store, chain.tip());
    Setting { store, chain, wallet }
}

impl Setting {
    /// Has a confirmed coin of a kind paid to the wallet.
    async fn fund(&mut self, kind: AddressKind, sat: u64) -> OutPoint {
        let payment = pay(&self.wallet.new_address(kind).await.unwrap(), sat);
        self.chain.mine(&self.wallet, &[payment.clone()]);
        OutPoint::new(payment.compute_txid(), 0)
    }

    fn reopen(&mut self) {
        // The birthday must not matter any more.
        self.wallet = open(&self.store, BestBlock::new(bitcoin::BlockHash::all_zeros(), 7));
    }

    /// Every signature of a transaction that spends coins of the wallet's, checked by Bitcoin Core's own code.
    fn check_signatures(&self, transaction: &Transaction) {
        let coins = self.wallet.coins(true);
        let spent: Vec<TxOut> = transaction
            .input
            .iter()
            .map(|input| coins.iter().find(|coin| coin.outpoint == input.previous_output).unwrap())
            .map(|coin| TxOut { value: coin.amount, script_pubkey: coin.script.clone() })
            .collect();
        verify(transaction, &spent);
    }
}

fn verify(transaction: &Transaction, spent: &[TxOut]) {
    let bytes = bitcoin::consensus::serialize(transaction);
    let utxos: Vec<bitcoinconsensus::Utxo> = spent
        .iter()
        .map(|output| bitcoinconsensus::Utxo {
            script_pubkey: output.script_pubkey.as_bytes().as_ptr(),
            script_pubkey_len: output.script_pubkey.len() as u32,
            value: output.value.to_sat() as i64,
        })
        .collect();
    for (index, output) in spent.iter().enumerate() {
        bitcoinconsensus::verify_with_flags(
            output.script_pubkey.as_bytes(),
            output.value.to_sat(),
            &bytes,
            Some(&utxos),
            index,
            bitcoinconsensus::VERIFY_ALL_PRE_TAPROOT | bitcoinconsensus::VERIFY_TAPROOT,
        )
        .unwrap();
    }
}

fn somewhere() -> ScriptBuf {
    let program = WitnessProgram::new(WitnessVersion::V0, &[9; 20]).unwrap();
    ScriptBuf::new_witness_program(&program)
}

fn spend(amount: SpendAmount) -> Spend {
    Spend { to: somewhere(), amount, feerate: FEERATE, utxos: None, minconf: 1, reserve: Amount::ZERO }
}

fn exactly(sat: u64) -> Spend {
    spend(SpendAmount::Exactly(Amount::from_sat(sat)))
}

fn feerate_of(built: &BuiltSpend) -> u64 {
    built.fee.to_sat() * 1_000 / built.transaction.weight().to_wu()
}

#[tokio::test]
async fn everything_of_both_kinds_goes_out_in_one_transaction() {
    let mut on = setting();
    let taproot = on.fund(AddressKind::Taproot, 50_000).await;
    let segwit = on.fund(AddressKind::Segwit, 70_000).await;
    let built = on.wallet.build(&spend(SpendAmount::All)).await.unwrap();
    assert_eq!(built.coins().collect::<HashSet<_>>(), HashSet::from([taproot, segwit]));
    assert_eq!(built.amount + built.fee, Amount::from_sat(120_000));
    assert_eq!(built.transaction.output.len(), 1);
    assert!((1_000..1_020).contains(&feerate_of(&built)), "{}", feerate_of(&built));
    on.check_signatures(&built.transaction);
    on.chain.mine(&on.wallet, &[built.transaction.clone()]);
    assert_eq!(on.wallet.balance(), Balance::default());
    assert!(on.wallet.coins(false).is_empty());
    assert!(on.wallet.coins(true).iter().all(|coin| matches!(coin.status, CoinStatus::Spent { .. })));
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
    let SpendError::InsufficientFunds { available, needed } =
        on.wallet.build(&exactly(10_000)).await.unwrap_err()
    else {
        panic!("spent a reserved coin");
    };
    assert_eq!(available, Amount::ZERO);
    assert!(needed > Amount::from_sat(10_000));
    let named = Spend { utxos: Some(vec![first]), ..exactly(10_000) };
    let reserved = on.wallet.build(&named).await.unwrap_err();
    assert!(matches!(reserved, SpendError::CoinReserved { outpoint, until: 173 } if outpoint == first), "{reserved}");
    on.wallet.release(built.coins()).await.unwrap();
    on.reopen();
    assert_eq!(on.wallet.build(&named).await.unwrap().coins().collect::<Vec<_>>(), [first]);
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
    on.wallet.note_sent(&[built.transaction.clone()]).await.unwrap();
    let change = on.wallet.coins(false);
    assert_eq!(change.len(), 1);
    assert!(change[0].script.is_p2tr());
    assert_eq!(change[0].amount + built.amount + built.fee, Amount::from_sat(50_000));
    assert_eq!(on.wallet.balance().unconfirmed_own, change[0].amount);
    let next = on.wallet.new_address(AddressKind::Taproot).await.unwrap();
    assert_ne!(next.script_pubkey(), change[0].script);
    assert!(on.wallet.estimate(&exactly(5_000)).is_err());
    let unconfirmed = Spend { minconf: 0, ..exactly(5_000) };
    assert_eq!(on.wallet.estimate(&unconfirmed).unwrap().coins, [change[0].outpoint]);
}

#[tokio::test]
async fn the_reserve_stays_and_refusals_say_the_numbers() {
    let mut on = setting();
    on.fund(AddressKind::Taproot, 50_000).await;
    let reserve = Amount::from_sat(25_000);
    let too_much = on.wallet.build(&Spend { reserve, ..exactly(30_000) }).await.unwrap_err();
    let SpendError::ReserveNotKept { left, .. } = too_much else { panic!("{too_much}") };
    assert!(left < Amount::from_sat(20_000) && left > Amount::from_sat(19_000), "{left}");
    let all = on.wallet.build(&Spend { reserve, ..spend(SpendAmount::All) }).await.unwrap();
    assert_eq!(all.amount + all.fee + reserve, Amount::from_sat(50_000));
    assert_eq!(all.transaction.output.len(), 2);
    let estimated = Amount::from_sat(50_000) - reserve - all.fee;
    on.wallet.release(all.coins()).await.unwrap();
    // What "all" was estimated at can be asked for by its number: this is how channels are opened with everything.
    let same = Spend { reserve, utxos: Some(all.coins().collect()), ..exactly(estimated.to_sat()) };
    let again = on.wallet.build(&same).await.unwrap();
    assert_eq!((again.amount, again.fee), (all.amount, all.fee));
    on.wallet.release(again.coins()).await.unwrap();
    let reserve = Amount::from_sat(49_900);
    let nothing = on.wallet.build(&Spend { reserve, ..spend(SpendAmount::All) }).await.unwrap_err();
    assert_eq!(
        nothing.to_string(),
        "We would not have enough left for our anchor channels: 49900 sat must stay, 50000 sat would be left"
    );
}

#[tokio::test]
async fn dust_and_unknown_coins_are_refused() {
    let mut on = setting();
    on.fund(AddressKind::Taproot, 50_000).await;
    let dust = on.wallet.build(&exactly(293)).await.unwrap_err();
    assert_eq!(dust.to_string(), "Output of 293 sat would be dust: 294 sat is the least");
    let unknown = OutPoint::new(Txid::hash(&[77]), 1);
    let named = Spend { utxos: Some(vec![unknown]), ..exactly(1_000) };
    assert!(matches!(on.wallet.build(&named).await, Err(SpendError::UnknownCoin(coin)) if coin == unknown));
    let short = on.wallet.build(&exactly(60_000)).await.unwrap_err();
    let SpendError::InsufficientFunds { needed, available } = short else { panic!("{short}") };
    assert_eq!(available, Amount::from_sat(50_000));
    assert!(needed > Amount::from_sat(60_000) && needed < Amount::from_sat(62_000), "{needed}");
}

#[tokio::test]
async fn after_a_reorg_a_payment_is_unconfirmed_until_it_is_in_a_block_again() {
    let mut on = setting();
    let payment = pay(&on.wallet.new_address(AddressKind::Taproot).await.unwrap(), 50_000);
    on.chain.mine(&on.wallet, &[payment.clone()]);
    on.chain.mine_empty(&on.wallet, 2);
    assert_eq!(on.wallet.coins(false)[0].status, CoinStatus::Confirmed { height: 101 });
    on.chain.disconnect(&on.wallet, 3);
    assert_eq!(on.wallet.best_block(), on.chain.tip());
    assert_eq!(on.wallet.coins(false)[0].status, CoinStatus::Unconfirmed);
    on.reopen();
    assert_eq!(on.wallet.best_block(), on.chain.tip());
    on.chain.mine_empty(&on.wallet, 4);
    on.reopen();
    assert_eq!(on.wallet.coins(false)[0].status, CoinStatus::Unconfirmed);
    on.chain.mine(&on.wallet, &[payment]);
    assert_eq!(on.wallet.coins(false)[0].status, CoinStatus::Confirmed { height: 105 });
    assert_eq!(on.wallet.best_block(), on.chain.tip());
}

#[tokio::test]
async fn a_payment_double_spent_by_a_reorg_is_gone() {
    let mut on = setting();
    let payment = pay(&on.wallet.new_address(AddressKind::Taproot).await.unwrap(), 50_000);
    on.chain.mine(&on.wallet, &[payment.clone()]);
    on.chain.disconnect(&on.wallet, 1);
    let elsewhere = spend_to(&[payment.input[0].previous_output], somewhere(), 49_000);
    on.chain.mine(&on.wallet, &[elsewhere]);
    assert!(on.wallet.coins(false).is_empty());
}

#[tokio::test]
async fn a_reorg_may_go_below_the_birthday() {
    let mut on = setting();
    on.chain.mine_empty(&on.wallet, 2);
    on.chain.blocks = vec![(97, bitcoin::BlockHash::hash(b"older"))];
    on.wallet.blocks_disconnected(on.chain.tip());
    on.fund(AddressKind::Taproot, 50_000).await;
    assert_eq!(on.wallet.coins(false)[0].status, CoinStatus::Confirmed { height: 98 });
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
    let (coins, addresses, transactions) = (on.wallet.coins(true), on.wallet.addresses(), on.wallet.transactions());
    assert_eq!(transactions[0].confirmed, Some((101, Some(0))));
    on.reopen();
    assert_eq!(on.wallet.coins(true).len(), coins.len());
    assert_eq!(on.wallet.transactions(), transactions);
    assert_eq!(on.wallet.addresses(), addresses);
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
    assert!(matches!(on.wallet.new_address(AddressKind::Taproot).await, Err(WalletError::Store(_))));
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
    let (addresses, transactions) = (on.wallet.addresses(), on.wallet.transactions());
    on.wallet.note_sent(&[built.transaction]).await.unwrap();
    on.reopen();
    assert_eq!(on.wallet.addresses(), addresses);
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
    assert_eq!(on.wallet.addresses().len(), 101);
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
    let claim = spend_to(&[anchor, coin], on.wallet.get_change_script().await.unwrap(), 40_000);
    let mut psbt = Psbt::from_unsigned_tx(claim).unwrap();
    let anchor_output = TxOut { value: Amount::from_sat(330), script_pubkey: somewhere() };
    psbt.inputs[0].witness_utxo = Some(anchor_output.clone());
    psbt.inputs[1].witness_utxo = Some(utxos[0].output.clone());
    let signed = on.wallet.sign_psbt(psbt).await.unwrap();
    assert_eq!(signed.input[0].witness, Witness::new());
    let weight = signed.input[1].witness.size() as u64 + 4;
    assert_eq!(weight, utxos[0].satisfaction_weight);
    on.wallet.note_sent(&[signed.clone()]).await.unwrap();
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
    on.wallet.note_sent(&[built.transaction.clone()]).await.unwrap();
    on.wallet.release([coin]).await.unwrap();
    assert!(on.wallet.coins(false).iter().all(|other| other.outpoint != coin));
    on.wallet.forget(&[built.transaction.compute_txid()]).await.unwrap();
    on.reopen();
    assert_eq!(on.wallet.coins(false).iter().map(|coin| coin.outpoint).collect::<Vec<_>>(), [coin]);
    on.wallet.note_sent(&[built.transaction]).await.unwrap();
    assert!(on.wallet.coins(false).iter().all(|other| other.outpoint != coin));
}
