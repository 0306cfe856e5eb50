//! The wallet's keys: derived from the node's seed, used to sign, never stored.

use super::{AddressKind, WalletError};
use bitcoin::bip32::{ChildNumber, DerivationPath, Xpriv, Xpub};
use bitcoin::hashes::Hash;
use bitcoin::key::{Keypair, TapTweak};
use bitcoin::secp256k1::{All, Message, Secp256k1};
use bitcoin::sighash::{Prevouts, SighashCache};
use bitcoin::{EcdsaSighashType, Network, NetworkKind, Psbt, TapSighashType, TxOut, Witness};
use std::fmt;

/// The account keys of BIP 86 (taproot) and BIP 84 (segwit) below the master key that the seed is.
///
/// LDK takes its own keys from the same master key, at paths of one level (`m/0'` and on), so none is used twice.
/// Any wallet that knows these two standards finds the coins.
pub(super) struct Keys {
    secp: Secp256k1<All>,
    taproot: Account,
    segwit: Account,
}

struct Account {
    key: Xpriv,
    /// Where the key comes from, as descriptors say it: `fingerprint/purpose'/coin'/account'`.
    origin: String,
}

/// An input that pays to one of our scripts, and the key that it pays to.
pub(super) struct OwnInput {
    pub(super) position: usize,
    pub(super) kind: AddressKind,
    pub(super) index: u32,
}

/// An input of the transaction says nothing about the coin that it spends.
#[derive(Debug, thiserror::Error)]
pub(super) enum SignError {
    #[error("input {0} does not say what it spends")]
    MissingCoin(usize),
    #[error("no key for address {0}")]
    NoKey(u32),
    #[error("input {0} cannot be signed: {1}")]
    Sighash(usize, String),
}

impl Keys {
    pub(super) fn new(network: Network, seed: &[u8; 32]) -> Result<Keys, WalletError> {
        let secp = Secp256k1::new();
        let keys_error = |error: bitcoin::bip32::Error| WalletError::Keys(error.to_string());
        let master = Xpriv::new_master(NetworkKind::from(network), seed).map_err(keys_error)?;
        let coin = match network {
            Network::Bitcoin => 0,
            _ => 1,
        };
        let account = |purpose: u32| {
            let path = format!("{purpose}'/{coin}'/0'");
            let parsed: DerivationPath = path.parse().map_err(keys_error)?;
            let key = master.derive_priv(&secp, &parsed).map_err(keys_error)?;
            Ok::<_, WalletError>(Account {
                key,
                origin: format!("{}/{path}", master.fingerprint(&secp)),
            })
        };
        let (taproot, segwit) = (account(86)?, account(84)?);
        Ok(Keys {
            taproot,
            segwit,
            secp,
        })
    }

    fn account(&self, kind: AddressKind) -> &Account {
        match kind {
            AddressKind::Taproot => &self.taproot,
            AddressKind::Segwit => &self.segwit,
        }
    }

    /// The descriptor of all addresses of a kind; it holds public keys only.
    pub(super) fn descriptor(&self, kind: AddressKind) -> String {
        let account = self.account(kind);
        let key = format!(
            "[{}]{}/0/*",
            account.origin,
            Xpub::from_priv(&self.secp, &account.key)
        );
        match kind {
            AddressKind::Taproot => format!("tr({key})"),
            AddressKind::Segwit => format!("wpkh({key})"),
        }
    }

    fn keypair(&self, kind: AddressKind, index: u32) -> Result<Keypair, SignError> {
        let no_key = |_| SignError::NoKey(index);
        let path = [0, index].map(|number| ChildNumber::Normal { index: number });
        let key = self
            .account(kind)
            .key
            .derive_priv(&self.secp, &path)
            .map_err(no_key)?;
        Ok(key.to_keypair(&self.secp))
    }

    /// The witnesses of our own inputs, by their positions.
    pub(super) fn sign(&self, psbt: &Psbt, own: &[OwnInput]) -> Result<Vec<(usize, Witness)>, SignError> {
        let coins = spent_coins(psbt)?;
        let mut sighashes = SighashCache::new(&psbt.unsigned_tx);
        let mut witnesses = Vec::with_capacity(own.len());
        for input in own {
            let keypair = self.keypair(input.kind, input.index)?;
            let position = input.position;
            let failed = |why: String| SignError::Sighash(position, why);
            let coin = coins.get(position).ok_or(SignError::MissingCoin(position))?;
            let witness = match input.kind {
                AddressKind::Segwit => {
                    let kind = EcdsaSighashType::All;
                    let hash = sighashes
                        .p2wpkh_signature_hash(position, &coin.script_pubkey, coin.value, kind)
                        .map_err(|error| failed(error.to_string()))?;
                    let message = Message::from_digest(hash.to_byte_array());
                    // A low R keeps the signature within the size that fees are reckoned with.
                    let signature = self.secp.sign_ecdsa_low_r(&message, &keypair.secret_key());
                    let signature = bitcoin::ecdsa::Signature {
                        signature,
                        sighash_type: kind,
                    };
                    Witness::p2wpkh(&signature, &keypair.public_key())
                }
                AddressKind::Taproot => {
                    let kind = TapSighashType::Default;
                    let hash = sighashes
                        .taproot_key_spend_signature_hash(position, &Prevouts::All(&coins), kind)
                        .map_err(|error| failed(error.to_string()))?;
                    let message = Message::from_digest(hash.to_byte_array());
                    let tweaked = keypair.tap_tweak(&self.secp, None).to_keypair();
                    let signature = self.secp.sign_schnorr_no_aux_rand(&message, &tweaked);
                    Witness::p2tr_key_spend(&bitcoin::taproot::Signature {
                        signature,
                        sighash_type: kind,
                    })
                }
            };
            witnesses.push((position, witness));
        }
        Ok(witnesses)
    }
}

/// The coins that a transaction spends, in the order of its inputs.
pub(super) fn spent_coins(psbt: &Psbt) -> Result<Vec<TxOut>, SignError> {
    let inputs = psbt.inputs.iter().zip(&psbt.unsigned_tx.input).enumerate();
    inputs
        .map(|(position, (input, txin))| {
            let previous = input.non_witness_utxo.as_ref();
            let from_previous = || previous?.output.get(txin.previous_output.vout as usize);
            input
                .witness_utxo
                .as_ref()
                .or_else(from_previous)
                .cloned()
                .ok_or(SignError::MissingCoin(position))
        })
        .collect()
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_descriptors_are_those_of_bip_84_and_86_and_hold_no_secret() {
        let keys = Keys::new(Network::Regtest, &[7; 32]).unwrap();
        let taproot = keys.descriptor(AddressKind::Taproot);
        let segwit = keys.descriptor(AddressKind::Segwit);
        assert!(
            taproot.starts_with("tr([") && taproot.contains("/86'/1'/0']tpub") && taproot.ends_with("/0/*)")
        );
        assert!(
            segwit.starts_with("wpkh([") && segwit.contains("/84'/1'/0']tpub") && segwit.ends_with("/0/*)")
        );
        let main = Keys::new(Network::Bitcoin, &[7; 32]).unwrap();
        assert!(main.descriptor(AddressKind::Taproot).contains("/86'/0'/0']xpub"));
    }
}
