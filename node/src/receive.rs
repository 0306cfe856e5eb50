//! Being paid: what LDK must know before, and what we tell it when the money is at the door.

use crate::Node;
use bitcoin::secp256k1::Message;
use bitcoin::secp256k1::ecdsa::RecoverableSignature;
use boltill_types::{Msat, PaymentHash, PaymentPreimage, PaymentSecret};
use lightning::ln::channelmanager::{FailureCode, MIN_FINAL_CLTV_EXPIRY_DELTA};

/// The smallest `min_final_cltv_expiry_delta` an invoice of ours may have, in blocks: LDK fails a payment that leaves
/// it less, and the payer's clock may be a few blocks behind.
pub const MIN_FINAL_CLTV_DELTA: u16 = MIN_FINAL_CLTV_EXPIRY_DELTA + 3;

/// LDK would not register the payment: the amount or the expiry is beyond what its encoding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the amount or the expiry is too large")]
pub struct RegisterError;

/// The node's key did not sign; with keys in memory this cannot happen, with a remote signer it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node's key could not sign")]
pub struct SignError;

impl Node {
    /// Makes LDK accept payments of this hash, of at least this amount, for so many seconds.
    ///
    /// Nothing is stored: the answer is a secret that proves to us later what was agreed, and it belongs into the
    /// invoice (BOLT 11 `s`). With a `min_final_cltv_delta` a payment that leaves us fewer blocks is failed; without, one that leaves
    /// fewer than LDK needs, which is what it writes into blinded paths.
    ///
    /// # Errors
    /// [`RegisterError`] when a value is out of LDK's range.
    pub fn register_inbound(
        &self,
        payment_hash: PaymentHash,
        min_amount: Option<Msat>,
        expiry_seconds: u32,
        min_final_cltv_delta: Option<u16>,
    ) -> Result<PaymentSecret, RegisterError> {
        self.inner
            .channel_manager
            .create_inbound_payment_for_hash(
                payment_hash,
                min_amount.map(|amount| amount.0),
                expiry_seconds,
                min_final_cltv_delta,
            )
            .map_err(|()| RegisterError)
    }

    /// Signs the digest of a BOLT 11 invoice (its `signable_hash`) with the node's key.
    ///
    /// # Errors
    /// [`SignError`] when the key is out of reach.
    pub fn sign_bolt11(&self, digest: &Message) -> Result<RecoverableSignature, SignError> {
        Ok(self.inner.keys.sign_recoverable(digest))
    }

    /// Takes the money of a claimable payment; [`PaymentClaimed`](crate::NodeEvent::PaymentClaimed) follows.
    pub fn claim(&self, preimage: PaymentPreimage) {
        // Unknown even TLVs were looked at by whoever decided to claim.
        self.inner
            .channel_manager
            .claim_funds_with_known_custom_tlvs(preimage);
    }

    /// Sends a claimable payment back with `incorrect_or_unknown_payment_details` (BOLT 4), which tells the payer no
    /// more than that.
    pub fn fail_back(&self, payment_hash: PaymentHash) {
        self.inner
            .channel_manager
            .fail_htlc_backwards_with_reason(&payment_hash, FailureCode::IncorrectOrUnknownPaymentDetails);
    }
}
