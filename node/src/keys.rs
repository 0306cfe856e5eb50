//! LDK's keys, with the wallet's addresses as the places where closed channels pay to.

use bitcoin::absolute::LockTime;
use bitcoin::hashes::{Hash, HashEngine, Hmac, HmacEngine, sha256};
use bitcoin::secp256k1::ecdh::SharedSecret;
use bitcoin::secp256k1::ecdsa::{RecoverableSignature, Signature};
use bitcoin::secp256k1::{All, Keypair, Message, PublicKey, Scalar, Secp256k1, schnorr};
use bitcoin::{ScriptBuf, Transaction, TxOut};
use boltill_onchain::Wallet;
use lightning::ln::inbound_payment::ExpandedKey;
use lightning::ln::msgs::UnsignedGossipMessage;
use lightning::ln::script::ShutdownScript;
use lightning::offers::invoice::UnsignedBolt12Invoice;
use lightning::sign::{
    EntropySource, InMemorySigner, KeysManager, NodeSigner, OutputSpender, PeerStorageKey, ReceiveAuthKey,
    Recipient, SignerProvider, SpendableOutputDescriptor,
};
use lightning_invoice::RawBolt11Invoice;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Derives and uses every key of the node.
pub(crate) struct Keys {
    ldk: KeysManager,
    /// Made once: it takes as long to make as a signature.
    secp_ctx: Secp256k1<All>,
    wallet: Arc<Wallet>,
}

impl Keys {
    /// Derives the keys from the seed. The clock makes LDK's nonces of this run differ from those of the last.
    pub(crate) fn new(seed: &[u8; 32], wallet: Arc<Wallet>) -> Keys {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Keys of the peer's outputs that can be found again from the seed alone (`v2_remote_key_derivation`).
        let ldk = KeysManager::new(seed, now.as_secs(), now.subsec_nanos(), true);
        Keys {
            ldk,
            secp_ctx: Secp256k1::new(),
            wallet,
        }
    }

    /// What curve arithmetic needs beside keys.
    pub(crate) fn secp_ctx(&self) -> &Secp256k1<All> {
        &self.secp_ctx
    }

    /// A signature by the node's key from which that key can be recovered, as in BOLT 11.
    pub(crate) fn sign_recoverable(&self, digest: &Message) -> RecoverableSignature {
        self.secp_ctx
            .sign_ecdsa_recoverable(digest, &self.ldk.get_node_secret_key())
    }

    /// A BIP 340 signature by the node's key.
    pub(crate) fn sign_schnorr(&self, digest: &Message) -> schnorr::Signature {
        let keys = Keypair::from_secret_key(&self.secp_ctx, &self.ldk.get_node_secret_key());
        self.secp_ctx
            .sign_schnorr_with_aux_rand(digest, &keys, &self.ldk.get_secure_random_bytes())
    }

    /// The key that pays for an offer with that metadata: another one for each, and always the same for the same.
    pub(crate) fn payer(&self, metadata: &[u8]) -> Keypair {
        let mut engine = HmacEngine::<sha256::Hash>::new(&self.ldk.get_node_secret_key().secret_bytes());
        engine.input(b"BOLT 12 payer");
        engine.input(metadata);
        let mut secret = Hmac::from_engine(engine).to_byte_array();
        loop {
            match Keypair::from_seckey_slice(&self.secp_ctx, &secret) {
                Ok(keys) => return keys,
                // One hash of some 2^128 is no key.
                Err(_) => secret = sha256::Hash::hash(&secret).to_byte_array(),
            }
        }
    }

    /// A BIP 340 signature by the key that pays for an offer.
    pub(crate) fn sign_as_payer(&self, metadata: &[u8], digest: &Message) -> schnorr::Signature {
        let entropy = self.ldk.get_secure_random_bytes();
        self.secp_ctx
            .sign_schnorr_with_aux_rand(digest, &self.payer(metadata), &entropy)
    }

    fn wallet_script(&self) -> Result<ScriptBuf, ()> {
        Ok(self.wallet.new_script())
    }
}

impl EntropySource for Keys {
    fn get_secure_random_bytes(&self) -> [u8; 32] {
        self.ldk.get_secure_random_bytes()
    }
}

impl NodeSigner for Keys {
    fn get_expanded_key(&self) -> ExpandedKey {
        self.ldk.get_expanded_key()
    }

    fn get_peer_storage_key(&self) -> PeerStorageKey {
        self.ldk.get_peer_storage_key()
    }

    fn get_receive_auth_key(&self) -> ReceiveAuthKey {
        self.ldk.get_receive_auth_key()
    }

    fn get_node_id(&self, recipient: Recipient) -> Result<PublicKey, ()> {
        self.ldk.get_node_id(recipient)
    }

    fn ecdh(
        &self,
        recipient: Recipient,
        other_key: &PublicKey,
        tweak: Option<&Scalar>,
    ) -> Result<SharedSecret, ()> {
        self.ldk.ecdh(recipient, other_key, tweak)
    }

    fn sign_invoice(
        &self,
        invoice: &RawBolt11Invoice,
        recipient: Recipient,
    ) -> Result<RecoverableSignature, ()> {
        self.ldk.sign_invoice(invoice, recipient)
    }

    fn sign_bolt12_invoice(&self, invoice: &UnsignedBolt12Invoice) -> Result<schnorr::Signature, ()> {
        self.ldk.sign_bolt12_invoice(invoice)
    }

    fn sign_gossip_message(&self, message: UnsignedGossipMessage) -> Result<Signature, ()> {
        self.ldk.sign_gossip_message(message)
    }

    fn sign_message(&self, message: &[u8]) -> Result<String, ()> {
        self.ldk.sign_message(message)
    }
}

impl SignerProvider for Keys {
    type EcdsaSigner = InMemorySigner;

    fn generate_channel_keys_id(&self, inbound: bool, user_channel_id: u128) -> [u8; 32] {
        self.ldk.generate_channel_keys_id(inbound, user_channel_id)
    }

    fn derive_channel_signer(&self, channel_keys_id: [u8; 32]) -> InMemorySigner {
        self.ldk.derive_channel_signer(channel_keys_id)
    }

    fn get_destination_script(&self, _channel_keys_id: [u8; 32]) -> Result<ScriptBuf, ()> {
        self.wallet_script()
    }

    fn get_shutdown_scriptpubkey(&self) -> Result<ShutdownScript, ()> {
        ShutdownScript::try_from(self.wallet_script()?).map_err(|_| ())
    }
}

impl OutputSpender for Keys {
    fn spend_spendable_outputs(
        &self,
        descriptors: &[&SpendableOutputDescriptor],
        outputs: Vec<TxOut>,
        change_destination_script: ScriptBuf,
        feerate_sat_per_1000_weight: u32,
        locktime: Option<LockTime>,
        secp_ctx: &Secp256k1<All>,
    ) -> Result<Transaction, ()> {
        self.ldk.spend_spendable_outputs(
            descriptors,
            outputs,
            change_destination_script,
            feerate_sat_per_1000_weight,
            locktime,
            secp_ctx,
        )
    }
}
