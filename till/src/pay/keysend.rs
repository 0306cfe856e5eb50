//! `keysend`: a payment that nobody asked for, which carries its own preimage.

use super::send::random_id;
use super::{FeeLimit, Paid, PayError};
use crate::receive::random_preimage;
use crate::till::Till;
use bitcoin::hashes::{Hash, sha256};
use bitcoin::secp256k1::PublicKey;
use boltill_ledger::{NewPayment, PaymentId};
use boltill_node::{MIN_FINAL_CLTV_DELTA, OutgoingPayment};
use boltill_types::{Msat, PaymentHash, UnixSeconds};
use lightning::ln::channelmanager::RecipientOnionFields;
use lightning::routing::router::{PaymentParameters, RouteHint};
use std::time::Duration;

/// What `keysend` asks for.
#[derive(Clone, Debug)]
pub struct KeysendRequest {
    /// Whom to pay.
    pub destination: PublicKey,
    /// What they get.
    pub amount: Msat,
    /// Our own name for the payment.
    pub label: Option<String>,
    /// What forwarding may cost.
    pub fee_limit: FeeLimit,
    /// How long to try other ways, from the first.
    pub retry_for: Duration,
    /// How many blocks the money may be under way at most.
    pub max_delay: u32,
    /// Ways to the payee that are not public.
    pub route_hints: Vec<RouteHint>,
    /// What the payee is told beside the payment, by TLV type.
    pub extra_tlvs: Vec<(u64, Vec<u8>)>,
}

impl Till {
    /// Sends a payment that nobody asked for, and waits for its end as [`Till::pay`] does.
    ///
    /// # Errors
    /// [`PayError`].
    pub async fn keysend(&self, request: KeysendRequest) -> Result<Paid, PayError> {
        if request.destination == self.lightning().id() {
            return Err(PayError::KeysendToSelf);
        }
        let onion = RecipientOnionFields::spontaneous_empty()
            .with_custom_tlvs(request.extra_tlvs)
            .map_err(|()| PayError::InvalidTlvs)?;
        let preimage = random_preimage()?;
        let payment_hash = PaymentHash(sha256::Hash::hash(&preimage.0).to_byte_array());
        let payment_id = random_id()?;
        // Payees do not say which delta they want; LDK's own is the longest around.
        let payee =
            PaymentParameters::for_keysend(request.destination, u32::from(MIN_FINAL_CLTV_DELTA), false)
                .with_route_hints(request.route_hints)
                .map_err(|()| PayError::InvalidTlvs)?
                .with_max_total_cltv_expiry_delta(request.max_delay);
        let filed = NewPayment {
            payment_id: PaymentId(payment_id.0),
            payment_hash,
            partid: 0,
            destination: Some(request.destination),
            amount: request.amount,
            created_at: UnixSeconds::now(),
            label: request.label,
            text: None,
            description: None,
        };
        let outgoing = OutgoingPayment {
            payment_id,
            payment_hash,
            payee,
            onion,
            amount: request.amount,
            max_fee: request.fee_limit.of(request.amount),
            retry_for: request.retry_for,
        };
        self.send(filed, outgoing, Some(preimage)).await
    }
}
