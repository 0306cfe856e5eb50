//! Telling the sender of an invoice why it is not paid.

use super::NotPaid;
use crate::till::Till;
use boltill_node::{OffersMessageBytes, ReplyTo};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many payments are followed to their end only to tell their payees if they fail. Of more nobody is told; they are paid, or not, all
/// the same.
const FOLLOWED: usize = 1_000;

/// Who may wait for a payment's end.
pub(crate) struct Replies(Arc<Semaphore>);

impl Default for Replies {
    fn default() -> Replies {
        Replies(Arc::new(Semaphore::new(FOLLOWED)))
    }
}

impl Replies {
    /// A place for one who waits, if there is one.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }
}

impl Till {
    /// Answers an invoice that is not paid, if its sender wants to know.
    pub(super) async fn tell(&self, invoice: &[u8], reply: Option<&ReplyTo>, why: &NotPaid) {
        match why {
            NotPaid::Internal(fault) => tracing::error!("an invoice could not be dealt with: {fault}"),
            why => tracing::debug!("an invoice is not paid: {why}"),
        }
        let (Some(reply), Some(answer)) = (reply, why.answer(invoice)) else {
            return;
        };
        let message = OffersMessageBytes::InvoiceError(answer.to_bytes());
        if let Err(error) = self.lightning().reply(reply, message, None).await {
            tracing::debug!("the sender of an invoice cannot be told that it is not paid: {error}");
        }
    }
}
