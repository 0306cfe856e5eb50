//! The miner's wallet: the faucet behind bitcoind's wallet calls.
//!
//! Regtest coins are worth nothing, so the keys come from a seed that everybody knows. What the wallet owns is read
//! from the chain and the mempool each time; all that it keeps is how many addresses it has given out.

use std::cmp::Reverse;
use std::collections::HashMap;

use bitcoin::hashes::{Hash, HashEngine, sha256};
use bitcoin::key::{CompressedPublicKey, Keypair, TapTweak};
use bitcoin::secp256k1::{self, All, Message, Secp256k1};
use bitcoin::sighash::{EcdsaSighashType, Prevouts, SighashCache, TapSighashType};
use bitcoin::{
    Address, Amount, FeeRate, KnownHrp, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness,
    absolute, ecdsa, taproot, transaction,
};
use thiserror::Error;

use super::coins::Coin;
use super::consensus::COINBASE_MATURITY;
use super::mempool::Mempool;
use super::policy::fee_at;
use super::state::Chain;

/// What all keys are derived from, with their number.
const SEED: &[u8] = b"boltill-devnet miner";
/// Unconfirmed coins with more ancestors than this are left alone, well below the mempool's limit.
const MAX_ANCESTORS: usize = 20;

/// The kinds of address that the wallet gives out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AddressType {
    /// P2WPKH.
    Bech32,
    /// P2TR, key path only.
    Bech32m,
}

/// Why the wallet cannot pay.
#[derive(Debug, Error)]
pub(crate) enum WalletError {
    #[error("Insufficient funds")]
    InsufficientFunds,
    #[error("The transaction amount is too small to pay the fee")]
    TooSmallForFee,
    #[error("no key: {0}")]
    Key(#[from] secp256k1::Error),
    #[error("signing failed: {0}")]
    Sighash(#[from] bitcoin::sighash::TaprootError),
}

/// An output that the wallet can spend, now or later.
#[derive(Debug, Clone)]
pub(crate) struct OwnedCoin {
    /// Where it is.
    pub(crate) outpoint: OutPoint,
    /// What it is worth and the script that holds it.
    pub(crate) output: TxOut,
    /// Blocks on top of it, its own included; 0 in the mempool.
    pub(crate) confirmations: u32,
    /// False for a coinbase that has to wait.
    pub(crate) mature: bool,
    /// Confirmed, or change from the wallet's own transaction.
    pub(crate) trusted: bool,
    /// May be spent without running into the mempool's limits.
    spendable: bool,
    key: u32,
}

/// Sums over the wallet's coins.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Balances {
    /// Confirmed and mature, or own change.
    pub(crate) trusted: Amount,
    /// Unconfirmed, from others.
    pub(crate) untrusted_pending: Amount,
    /// Coinbases that have to wait.
    pub(crate) immature: Amount,
}

/// The wallet.
#[derive(Debug)]
pub(crate) struct Wallet {
    secp: Secp256k1<All>,
    issued: u32,
    scripts: HashMap<ScriptBuf, u32>,
}

impl Wallet {
    /// A wallet that has given out nothing.
    pub(crate) fn new() -> Self {
        Self {
            secp: Secp256k1::new(),
            issued: 0,
            scripts: HashMap::new(),
        }
    }

    /// Gives out the next address. The caller records it, so that a restart watches it again.
    pub(crate) fn issue(&mut self, kind: AddressType) -> Result<Address, WalletError> {
        let index = self.issued;
        let segwit = self.address(index, AddressType::Bech32)?;
        let taproot = self.address(index, AddressType::Bech32m)?;
        // A key is watched under both scripts, so the record need not say which was asked for.
        self.scripts.insert(segwit.script_pubkey(), index);
        self.scripts.insert(taproot.script_pubkey(), index);
        self.issued += 1;
        Ok(match kind {
            AddressType::Bech32 => segwit,
            AddressType::Bech32m => taproot,
        })
    }

    /// Whether the wallet can spend what pays to `script`.
    pub(crate) fn owns(&self, script: &ScriptBuf) -> bool {
        self.scripts.contains_key(script)
    }

    /// What the wallet owns and has not spent, in the chain and in the mempool.
    pub(crate) fn coins(&self, chain: &Chain, pool: &Mempool) -> Vec<OwnedCoin> {
        let next_height = chain.next_context().height;
        let confirmed = chain.coins().iter().filter_map(|(outpoint, coin)| {
            let key = *self.scripts.get(&coin.output.script_pubkey)?;
            let confirmations = next_height.saturating_sub(coin.height);
            Some(OwnedCoin {
                outpoint: *outpoint,
                output: coin.output.clone(),
                confirmations,
                // bitcoind's wallet waits a block longer than consensus does.
                mature: !coin.coinbase || confirmations > COINBASE_MATURITY,
                trusted: true,
                spendable: true,
                key,
            })
        });
        let unconfirmed = pool.iter().flat_map(|entry| {
            let own = (0..).zip(&entry.tx.output).filter_map(|(vout, output)| {
                let key = *self.scripts.get(&output.script_pubkey)?;
                Some((
                    OutPoint {
                        txid: entry.txid,
                        vout,
                    },
                    output.clone(),
                    key,
                ))
            });
            own.map(|(outpoint, output, key)| OwnedCoin {
                outpoint,
                output,
                confirmations: 0,
                mature: true,
                trusted: self.made(&entry.tx, chain, pool),
                spendable: pool.ancestors(&entry.tx).len() < MAX_ANCESTORS,
                key,
            })
        });
        confirmed
            .chain(unconfirmed)
            .filter(|coin| pool.spender(&coin.outpoint).is_none())
            .collect()
    }

    /// Sums over [`Wallet::coins`].
    pub(crate) fn balances(&self, chain: &Chain, pool: &Mempool) -> Balances {
        self.coins(chain, pool)
            .into_iter()
            .fold(Balances::default(), |mut sum, coin| {
                let part = match coin {
                    OwnedCoin { mature: false, .. } => &mut sum.immature,
                    OwnedCoin { trusted: false, .. } => &mut sum.untrusted_pending,
                    _ => &mut sum.trusted,
                };
                *part += coin.output.value;
                sum
            })
    }

    /// A signed transaction that makes `payment` at `feerate`; the fee comes out of the payment if `subtract_fee`.
    /// `change` is where the rest goes.
    pub(crate) fn pay(
        &self,
        chain: &Chain,
        pool: &Mempool,
        payment: TxOut,
        change: ScriptBuf,
        feerate: FeeRate,
        subtract_fee: bool,
    ) -> Result<Transaction, WalletError> {
        let mut coins = self.coins(chain, pool);
        coins.retain(|coin| coin.mature && coin.trusted && coin.spendable);
        // Confirmed ones first, so that payments do not hang on one another; then the large ones.
        coins.sort_by_key(|coin| (coin.confirmations == 0, Reverse(coin.output.value), coin.outpoint));
        let mut tx = Transaction {
            version: transaction::Version::TWO,
            lock_time: absolute::LockTime::ZERO,
            input: Vec::new(),
            output: vec![
                payment.clone(),
                TxOut {
                    value: Amount::ZERO,
                    script_pubkey: change,
                },
            ],
        };
        let mut inputs = Amount::ZERO;
        for (taken, coin) in (1..).zip(&coins) {
            inputs += coin.output.value;
            tx.input.push(placeholder(coin));
            let fee = fee_at(feerate, tx.vsize() as u64);
            let needed = if subtract_fee {
                payment.value
            } else {
                payment.value + fee
            };
            let Some(rest) = inputs.checked_sub(needed) else {
                continue;
            };
            if subtract_fee {
                tx.output[0].value = payment
                    .value
                    .checked_sub(fee)
                    .ok_or(WalletError::TooSmallForFee)?;
            }
            tx.output[1].value = rest;
            if rest < tx.output[1].script_pubkey.minimal_non_dust() {
                tx.output.truncate(1);
            }
            self.sign(&mut tx, &coins[..taken])?;
            return Ok(tx);
        }
        Err(WalletError::InsufficientFunds)
    }

    fn sign(&self, tx: &mut Transaction, coins: &[OwnedCoin]) -> Result<(), WalletError> {
        let prevouts: Vec<TxOut> = coins.iter().map(|coin| coin.output.clone()).collect();
        let mut witnesses = Vec::with_capacity(coins.len());
        let mut cache = SighashCache::new(&*tx);
        for (index, coin) in coins.iter().enumerate() {
            let keypair = self.keypair(coin.key)?;
            let script = &coin.output.script_pubkey;
            witnesses.push(if script.is_p2tr() {
                let kind = TapSighashType::Default;
                let hash = cache.taproot_key_spend_signature_hash(index, &Prevouts::All(&prevouts), kind)?;
                let tweaked = keypair.tap_tweak(&self.secp, None).to_keypair();
                let signature = self.secp.sign_schnorr_no_aux_rand(&Message::from(hash), &tweaked);
                Witness::p2tr_key_spend(&taproot::Signature {
                    signature,
                    sighash_type: kind,
                })
            } else {
                let kind = EcdsaSighashType::All;
                let hash = cache
                    .p2wpkh_signature_hash(index, script, coin.output.value, kind)
                    .map_err(|_| secp256k1::Error::InvalidMessage)?;
                let signature = self
                    .secp
                    .sign_ecdsa_low_r(&Message::from(hash), &keypair.secret_key());
                Witness::p2wpkh(
                    &ecdsa::Signature {
                        signature,
                        sighash_type: kind,
                    },
                    &keypair.public_key(),
                )
            });
        }
        for (input, witness) in tx.input.iter_mut().zip(witnesses) {
            input.witness = witness;
        }
        Ok(())
    }

    /// Whether everything that `tx` spends is the wallet's.
    fn made(&self, tx: &Transaction, chain: &Chain, pool: &Mempool) -> bool {
        tx.input.iter().all(|input| {
            let spent = chain
                .coin(&input.previous_output)
                .map(|Coin { output, .. }| output);
            let spent = spent.or_else(|| pool.output(&input.previous_output));
            spent.is_some_and(|output| self.owns(&output.script_pubkey))
        })
    }

    fn address(&self, index: u32, kind: AddressType) -> Result<Address, WalletError> {
        let keypair = self.keypair(index)?;
        Ok(match kind {
            AddressType::Bech32 => {
                Address::p2wpkh(&CompressedPublicKey(keypair.public_key()), KnownHrp::Regtest)
            }
            AddressType::Bech32m => {
                Address::p2tr(&self.secp, keypair.x_only_public_key().0, None, KnownHrp::Regtest)
            }
        })
    }

    fn keypair(&self, index: u32) -> Result<Keypair, WalletError> {
        let mut engine = sha256::Hash::engine();
        engine.input(SEED);
        engine.input(&index.to_le_bytes());
        let secret = sha256::Hash::from_engine(engine).to_byte_array();
        Ok(Keypair::from_seckey_slice(&self.secp, &secret)?)
    }
}

/// An input with a witness of the size that signing will give it.
fn placeholder(coin: &OwnedCoin) -> TxIn {
    let witness = if coin.output.script_pubkey.is_p2tr() {
        Witness::from_slice(&[vec![0; 64]])
    } else {
        Witness::from_slice(&[vec![0; 71], vec![0; 33]])
    };
    TxIn {
        previous_output: coin.outpoint,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness,
    }
}
