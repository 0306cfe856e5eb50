//! The start: payments on file as pending are compared with what LDK knows.

use super::PayFailure;
use crate::till::Till;
use boltill_ledger::{LedgerError, PaymentStatus};
use boltill_node::RecentPayment;
use std::collections::HashSet;

impl Till {
    /// Records as failed every pending payment that LDK does not know: it was filed, and the program ended before it
    /// was sent. The others have not ended, or LDK will tell their end.
    ///
    /// Call it when the node has read its state and before anything is paid.
    ///
    /// # Errors
    /// When the ledger failed.
    pub async fn reconcile(&self) -> Result<(), LedgerError> {
        let recent: HashSet<[u8; 32]> = self.lightning().recent_payments().into_iter().map(id).collect();
        let mut pending = self.ledger().list_payments_by_status(PaymentStatus::Pending);
        while let Some(page) = pending.next_page().await? {
            for payment in page {
                if recent.contains(&payment.payment_id.0) {
                    continue;
                }
                tracing::warn!(hash = %payment.payment_hash, "a payment was on file but never sent");
                let id = boltill_node::PaymentId(payment.payment_id.0);
                self.fail(id, PayFailure::Other, "Stopped before the payment was sent")
                    .await?;
            }
        }
        Ok(())
    }
}

fn id(payment: RecentPayment) -> [u8; 32] {
    match payment {
        // A fulfilled payment stays in LDK's list until the event that says so has been handled.
        RecentPayment::Pending(id) | RecentPayment::Fulfilled(id) | RecentPayment::Abandoned(id) => id.0,
    }
}
