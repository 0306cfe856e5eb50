//! `waitsendpay`: until a payment, or a part of one, is over.

use crate::till::Till;
use crate::waiting::{Heard, hear};
use boltill_ledger::{ChangeDetails, LedgerError, Payment, PaymentState, WayFailure};
use boltill_types::PaymentHash;
use std::time::Duration;

/// Why waiting for a payment ended without it having arrived.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WaitSendpayError {
    /// There is no such payment, or it was deleted meanwhile; code 208.
    #[error("Never attempted payment part {partid} for '{hash}'")]
    Unknown {
        /// The payment hash.
        hash: PaymentHash,
        /// The part.
        partid: u64,
    },
    /// The time was over; code 200.
    #[error("Timed out while waiting")]
    TimedOut,
    /// It has failed; codes 202 to 204, 209, and those of `pay`.
    #[error("{message}")]
    Failed {
        /// The payment, as it is on file.
        payment: Box<Payment>,
        /// Core Lightning's number for the kind of failure.
        code: i32,
        /// The words for people.
        message: String,
        /// What broke on its way, if that is known.
        failure: Option<WayFailure>,
    },
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Till {
    /// Waits until a part is over, 0 being the whole payment; of the latest group, or of that one. With a `timeout` of zero it only
    /// looks.
    ///
    /// # Errors
    /// [`WaitSendpayError`].
    pub async fn waitsendpay(
        &self,
        hash: PaymentHash,
        partid: u64,
        groupid: Option<u64>,
        timeout: Option<Duration>,
    ) -> Result<Payment, WaitSendpayError> {
        let wait = self.wait_for_part(hash, partid, groupid);
        match timeout {
            None => wait.await,
            Some(Duration::ZERO) => {
                let part = self.part(hash, partid, groupid).await?;
                self.arrived(part).await?.ok_or(WaitSendpayError::TimedOut)
            }
            Some(timeout) => match tokio::time::timeout(timeout, wait).await {
                Ok(ended) => ended,
                Err(_) => Err(WaitSendpayError::TimedOut),
            },
        }
    }

    async fn wait_for_part(
        &self,
        hash: PaymentHash,
        partid: u64,
        groupid: Option<u64>,
    ) -> Result<Payment, WaitSendpayError> {
        let mut changes = self.ledger().subscribe();
        let mut part = self.part(hash, partid, groupid).await?;
        // A group that is begun later is not the one that was waited for.
        let groupid = Some(part.groupid);
        loop {
            if let Some(payment) = self.arrived(part).await? {
                return Ok(payment);
            }
            while let Heard::Change(change) = hear(&mut changes).await? {
                match change.details {
                    ChangeDetails::Sendpay(changed) if changed.payment_hash == hash => break,
                    _ => {}
                }
            }
            part = self.part(hash, partid, groupid).await?;
        }
    }

    async fn part(
        &self,
        hash: PaymentHash,
        partid: u64,
        groupid: Option<u64>,
    ) -> Result<Payment, WaitSendpayError> {
        let payments = self.ledger().payments_by_hash(hash).await?;
        let latest = payments.iter().map(|payment| payment.groupid).max();
        let wanted = groupid.or(latest);
        let mut parts = payments.into_iter().rev();
        parts
            .find(|payment| payment.partid == partid && Some(payment.groupid) == wanted)
            .ok_or(WaitSendpayError::Unknown { hash, partid })
    }

    /// The payment, if it has arrived; `None` if it may still.
    async fn arrived(&self, payment: Payment) -> Result<Option<Payment>, WaitSendpayError> {
        match payment.state.clone() {
            PaymentState::Pending => Ok(None),
            PaymentState::Complete { .. } => Ok(Some(payment)),
            PaymentState::Failed { code, message, .. } => Err(WaitSendpayError::Failed {
                failure: self.ledger().way_failure(payment.created_index).await?,
                payment: Box::new(payment),
                code,
                message,
            }),
        }
    }
}
