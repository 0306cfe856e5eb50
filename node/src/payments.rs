//! Sending money: routes, parts and retries are LDK's; what was asked for is remembered by whoever asks.

use crate::Node;
use boltill_types::{Msat, PaymentHash, PaymentPreimage};
use lightning::ln::channelmanager::{
    PaymentId, RecentPaymentDetails, RecipientOnionFields, Retry, RetryableSendFailure,
};
use lightning::routing::router::{PaymentParameters, RouteParameters};
use std::time::Duration;

/// A payment to be made.
#[derive(Clone, Debug)]
pub struct OutgoingPayment {
    /// Names this attempt; LDK refuses a second payment under the same name.
    pub payment_id: PaymentId,
    /// What is paid.
    pub payment_hash: PaymentHash,
    /// Whom, with route hints or blinded paths, features, expiry and limits on paths.
    pub payee: PaymentParameters,
    /// The payment secret and what else the payee's onion holds.
    pub onion: RecipientOnionFields,
    /// What the payee gets.
    pub amount: Msat,
    /// What forwarding may cost at most.
    pub max_fee: Msat,
    /// How long to go on trying other ways.
    pub retry_for: Duration,
}

impl OutgoingPayment {
    /// What LDK is to look for a route for.
    fn route(&self) -> RouteParameters {
        let mut route = RouteParameters::from_payment_params_and_value(self.payee.clone(), self.amount.0);
        route.max_total_routing_fee_msat = Some(self.max_fee.0);
        route
    }
}

/// Why a payment could not even be begun. Nothing has been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The invoice has expired.
    #[error("the invoice has expired")]
    Expired,
    /// No way to the payee is known that keeps within the limits.
    #[error("no route found")]
    RouteNotFound,
    /// A payment of this name exists.
    #[error("this payment has been sent before")]
    Duplicate,
    /// What the payee wants put into its onion does not fit.
    #[error("the payment's data is too large for its onion")]
    OnionTooLarge,
}

impl From<RetryableSendFailure> for SendError {
    fn from(failure: RetryableSendFailure) -> SendError {
        match failure {
            RetryableSendFailure::PaymentExpired => SendError::Expired,
            RetryableSendFailure::RouteNotFound => SendError::RouteNotFound,
            RetryableSendFailure::DuplicatePayment => SendError::Duplicate,
            RetryableSendFailure::OnionPacketSizeExceeded => SendError::OnionTooLarge,
        }
    }
}

/// What LDK remembers of a payment of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecentPayment {
    /// Parts of it are under way, or will be tried again.
    Pending(PaymentId),
    /// It arrived; its event may not have been handled yet.
    Fulfilled(PaymentId),
    /// It is given up, and waits for its parts to come back.
    Abandoned(PaymentId),
}

impl Node {
    /// Sends a payment. `Ok` means that it is under way and that an event will tell its end, even after a restart.
    ///
    /// # Errors
    /// [`SendError`]: nothing has been sent and no event will come.
    pub fn send(&self, payment: OutgoingPayment) -> Result<(), SendError> {
        let mut route = payment.route();
        self.start_behind_us(&mut route.payment_params.payee);
        // Finding a route is plain computation, tens of milliseconds on a full graph: let the others go on meanwhile.
        tokio::task::block_in_place(|| {
            self.inner.channel_manager.send_payment(
                payment.payment_hash,
                payment.onion,
                payment.payment_id,
                route,
                Retry::Timeout(payment.retry_for),
            )
        })?;
        Ok(())
    }

    /// Sends a spontaneous payment (keysend): the payment carries its own preimage.
    ///
    /// # Errors
    /// [`SendError`]: nothing has been sent and no event will come.
    pub fn send_spontaneous(
        &self,
        payment: OutgoingPayment,
        preimage: PaymentPreimage,
    ) -> Result<(), SendError> {
        let route = payment.route();
        tokio::task::block_in_place(|| {
            self.inner.channel_manager.send_spontaneous_payment(
                Some(preimage),
                payment.onion,
                payment.payment_id,
                route,
                Retry::Timeout(payment.retry_for),
            )
        })?;
        Ok(())
    }

    /// Stops trying. Parts that are under way may still arrive; an event tells the end.
    pub fn abandon(&self, payment_id: PaymentId) {
        self.inner.channel_manager.abandon_payment(payment_id);
    }

    /// What LDK knows of payments that are not yet, or only just, over. The books are set right by it at start-up.
    pub fn recent_payments(&self) -> Vec<RecentPayment> {
        let recent = self.inner.channel_manager.list_recent_payments();
        recent.into_iter().filter_map(recent_payment).collect()
    }
}

fn recent_payment(details: RecentPaymentDetails) -> Option<RecentPayment> {
    match details {
        RecentPaymentDetails::AwaitingInvoice { .. } => None,
        RecentPaymentDetails::Pending { payment_id, .. } => Some(RecentPayment::Pending(payment_id)),
        RecentPaymentDetails::Fulfilled { payment_id, .. } => Some(RecentPayment::Fulfilled(payment_id)),
        RecentPaymentDetails::Abandoned { payment_id, .. } => Some(RecentPayment::Abandoned(payment_id)),
    }
}
