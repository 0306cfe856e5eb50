//! Raising the fee of what must get into a block: commitments with anchors, and HTLCs of such channels.
//!
//! LDK names the feerate and makes the transactions, with coins of the wallet. When the coins are not enough for that
//! feerate, LDK would send nothing at all. Here as much as they allow is paid instead, down to what the commitment pays
//! by itself, and the log says what is missing. LDK asks again, twice a minute, so coins that come later are used.

use crate::keys::Keys;
use crate::ldk::BumpHandler;
use crate::logger::LdkLogger;
use bitcoin::{Amount, Psbt, Transaction, TxOut};
use boltill_onchain::{Broadcaster, Wallet};
use lightning::chain::ClaimId;
use lightning::chain::chaininterface::FEERATE_FLOOR_SATS_PER_KW;
use lightning::events::bump_transaction::{
    self, BumpTransactionEvent, CoinSelection, CoinSelectionSource, Input,
};
use lightning::util::async_poll::AsyncResult;
use lightning::util::logger::{Level, Logger, Record};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What raises fees.
pub(crate) struct Bump {
    handler: BumpHandler,
    coins: Arc<ClaimCoins>,
    wallet: Arc<Wallet>,
    /// What has been said of claims that could not be paid for in full.
    told: Mutex<HashMap<ClaimId, Shortage>>,
}

/// How much less than it should a claim pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shortage {
    /// It pays this feerate, in sat per 1000 weight units.
    Paying(u32),
    /// It cannot be sent at all.
    Impossible,
}

/// Selects coins of the wallet, and remembers whether there were enough.
pub(crate) struct ClaimCoins {
    source: bump_transaction::Wallet<Arc<Wallet>, Arc<LdkLogger>>,
    fell_short: Arc<AtomicBool>,
}

/// Keeps quiet about failures for want of coins: LDK would call each try of each claim an error, twice a minute, and
/// [`Bump`] says it once, with the numbers.
pub(crate) struct BumpLogger {
    fell_short: Arc<AtomicBool>,
}

impl Logger for BumpLogger {
    fn log(&self, mut record: Record<'_>) {
        if record.level == Level::Error && self.fell_short.load(Ordering::SeqCst) {
            record.level = Level::Debug;
        }
        LdkLogger.log(record);
    }
}

impl CoinSelectionSource for ClaimCoins {
    fn select_confirmed_utxos<'a>(
        &'a self,
        claim_id: ClaimId,
        must_spend: Vec<Input>,
        must_pay_to: &'a [TxOut],
        feerate: u32,
        max_weight: u64,
    ) -> AsyncResult<'a, CoinSelection, ()> {
        let selecting =
            self.source
                .select_confirmed_utxos(claim_id, must_spend, must_pay_to, feerate, max_weight);
        Box::pin(async move {
            let selected = selecting.await;
            self.fell_short.store(selected.is_err(), Ordering::SeqCst);
            selected
        })
    }

    fn sign_psbt<'a>(&'a self, psbt: Psbt) -> AsyncResult<'a, Transaction, ()> {
        self.source.sign_psbt(psbt)
    }
}

impl Bump {
    pub(crate) fn new(broadcaster: &Arc<Broadcaster>, wallet: &Arc<Wallet>, keys: &Arc<Keys>) -> Bump {
        let logger = Arc::new(LdkLogger);
        let fell_short = Arc::new(AtomicBool::new(false));
        let coins = Arc::new(ClaimCoins {
            source: bump_transaction::Wallet::new(Arc::clone(wallet), logger),
            fell_short: Arc::clone(&fell_short),
        });
        Bump {
            handler: BumpHandler::new(
                Arc::clone(broadcaster),
                Arc::clone(&coins),
                Arc::clone(keys),
                Arc::new(BumpLogger { fell_short }),
            ),
            coins,
            wallet: Arc::clone(wallet),
            told: Mutex::default(),
        }
    }

    /// Sends what the event is about with the feerate that it names, or with what the coins allow. Called for one event
    /// after the other.
    pub(crate) async fn handle(&self, mut event: BumpTransactionEvent) {
        let wanted = *feerate_of(&mut event);
        let least = least_feerate(&event);
        let mut feerate = wanted;
        let shortage = loop {
            *feerate_of(&mut event) = feerate;
            self.coins.fell_short.store(false, Ordering::SeqCst);
            self.handler.handle_event(&event).await;
            if !self.coins.fell_short.load(Ordering::SeqCst) {
                break (feerate < wanted).then_some(Shortage::Paying(feerate));
            }
            if feerate <= least {
                break Some(Shortage::Impossible);
            }
            feerate = (feerate / 5 * 4).max(least);
        };
        self.tell(&event, wanted, shortage);
    }

    /// Says that coins are missing, once for as long as it stays the same.
    fn tell(&self, event: &BumpTransactionEvent, wanted: u32, shortage: Option<Shortage>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let claim = claim_of(event);
        let Some(shortage) = shortage else {
            told.remove(&claim);
            return;
        };
        if told.insert(claim, shortage) == Some(shortage) {
            return;
        }
        let (what, coins) = (in_words(event), self.wallet.balance().confirmed);
        let pays = match shortage {
            Shortage::Paying(feerate) => format!("it pays {feerate}"),
            Shortage::Impossible => "it cannot be sent".to_owned(),
        };
        tracing::warn!(
            "{what} should pay {wanted} sat per 1000 weight units, but with the {} sat in confirmed coins that the \
             wallet can spare {pays}: it is tried again when there are more coins",
            coins.to_sat()
        );
    }
}

fn claim_of(event: &BumpTransactionEvent) -> ClaimId {
    match event {
        BumpTransactionEvent::ChannelClose { claim_id, .. }
        | BumpTransactionEvent::HTLCResolution { claim_id, .. } => *claim_id,
    }
}

/// The feerate that the event names, in sat per 1000 weight units.
fn feerate_of(event: &mut BumpTransactionEvent) -> &mut u32 {
    match event {
        BumpTransactionEvent::ChannelClose {
            package_target_feerate_sat_per_1000_weight: feerate,
            ..
        }
        | BumpTransactionEvent::HTLCResolution {
            target_feerate_sat_per_1000_weight: feerate,
            ..
        } => feerate,
    }
}

/// The feerate below which there is nothing to gain: what a commitment pays by itself, or what nobody relays.
fn least_feerate(event: &BumpTransactionEvent) -> u32 {
    match event {
        BumpTransactionEvent::ChannelClose {
            commitment_tx,
            commitment_tx_fee_satoshis,
            ..
        } => {
            let feerate = commitment_tx_fee_satoshis * 1_000 / commitment_tx.weight().to_wu().max(1);
            u32::try_from(feerate).unwrap_or(u32::MAX)
        }
        BumpTransactionEvent::HTLCResolution { .. } => FEERATE_FLOOR_SATS_PER_KW,
    }
}

fn in_words(event: &BumpTransactionEvent) -> String {
    match event {
        BumpTransactionEvent::ChannelClose {
            channel_id,
            commitment_tx,
            ..
        } => format!(
            "the commitment {} of channel {channel_id}",
            commitment_tx.compute_txid()
        ),
        BumpTransactionEvent::HTLCResolution {
            channel_id,
            htlc_descriptors,
            ..
        } => {
            let htlcs = htlc_descriptors.iter();
            let amount: Amount = htlcs.map(|htlc| htlc.htlc.to_bitcoin_amount()).sum();
            format!(
                "the claim of HTLCs worth {} sat of channel {channel_id}",
                amount.to_sat()
            )
        }
    }
}
