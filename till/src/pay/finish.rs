//! How a payment ends: told by events, perhaps more than once, on file before they count as handled.

use super::PayFailure;
use crate::till::Till;
use boltill_ledger::{FinishPaymentError, LedgerError, Payment, PaymentId, Recorded};
use boltill_node::{FailureReason, SendError};
use boltill_types::{Msat, PaymentPreimage, UnixSeconds};

impl Till {
    /// A payment has arrived.
    pub(crate) async fn on_sent(
        &self,
        id: boltill_node::PaymentId,
        preimage: PaymentPreimage,
        amount: Option<Msat>,
        fee: Option<Msat>,
    ) -> Result<(), LedgerError> {
        let sent = amount.map(|amount| amount + fee.unwrap_or_default());
        let now = UnixSeconds::now();
        let recorded = self
            .ledger()
            .complete_payment(PaymentId(id.0), preimage, sent, now)
            .await;
        self.ended(id, recorded)
    }

    /// A payment has failed for good.
    pub(crate) async fn on_failed(
        &self,
        id: boltill_node::PaymentId,
        reason: FailureReason,
    ) -> Result<(), LedgerError> {
        let (failure, message) = explain(reason);
        self.fail(id, failure, message).await
    }

    /// Records a failure, and tells whoever waits.
    pub(super) async fn fail(
        &self,
        id: boltill_node::PaymentId,
        failure: PayFailure,
        message: &str,
    ) -> Result<(), LedgerError> {
        let now = UnixSeconds::now();
        let failed = self
            .ledger()
            .fail_payment(PaymentId(id.0), failure.code(), message.to_owned(), now);
        self.ended(id, failed.await)
    }

    fn ended(
        &self,
        id: boltill_node::PaymentId,
        recorded: Result<Recorded<Payment>, FinishPaymentError>,
    ) -> Result<(), LedgerError> {
        match recorded {
            Ok(recorded) => {
                self.inner.flights.land(recorded.into_inner());
                Ok(())
            }
            // It was deleted after its end had been told before.
            Err(FinishPaymentError::UnknownPayment) => {
                tracing::warn!(%id, "the end of a payment that is not on file");
                Ok(())
            }
            Err(FinishPaymentError::Ledger(error)) => Err(error),
        }
    }
}

fn explain(reason: FailureReason) -> (PayFailure, &'static str) {
    match reason {
        FailureReason::RecipientRejected => (
            PayFailure::RefusedByPayee,
            "Destination said it doesn't know invoice",
        ),
        FailureReason::RouteNotFound => (PayFailure::NoRoute, "Could not find a route within the limits"),
        FailureReason::Expired => (
            PayFailure::InvoiceExpired,
            "Invoice expired before it could be paid",
        ),
        FailureReason::RetriesExhausted | FailureReason::Abandoned => {
            (PayFailure::TimedOut, "Timed out: no way was found that works")
        }
        FailureReason::Unexpected => (PayFailure::Other, "The payment failed unexpectedly"),
    }
}

/// Why a payment could not be begun.
pub(super) fn explain_send(error: SendError) -> (PayFailure, &'static str) {
    match error {
        SendError::RouteNotFound => explain(FailureReason::RouteNotFound),
        SendError::Expired => explain(FailureReason::Expired),
        SendError::Duplicate => (PayFailure::Other, "This payment has been sent before"),
        SendError::OnionTooLarge => (PayFailure::Other, "What the payee wants to be told is too long"),
    }
}
