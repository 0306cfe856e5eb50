//! Filing the invoice, and sending it.

use super::draw::Drawn;
use super::{CollectError, Refusal};
use crate::messages::NotSent;
use crate::till::Till;
use boltill_ledger::Invoice;
use boltill_node::{MessageTag, OffersMessageBytes};
use tokio::task::JoinHandle;

/// How sending goes on.
pub(super) type Sending = JoinHandle<Result<(), NotSent>>;

impl Till {
    /// Files the invoice, and begins to send it once it is on file. On tasks of their own, so that a caller who hangs up does not leave it half done.
    pub(super) async fn file_and_send(&self, drawn: Drawn) -> Result<(Invoice, Sending), CollectError> {
        let till = self.clone();
        let begun = tokio::spawn(async move {
            let invoice = till.file(drawn.filed).await?;
            let message = OffersMessageBytes::Invoice(drawn.signed.as_bytes().to_vec());
            let reply = MessageTag::Invoice(invoice.payment_hash);
            let sending = tokio::spawn(async move {
                match till.take_own(&drawn.signed).await {
                    None => {
                        till.send_by_one(drawn.ways, message, reply).await?;
                        tracing::info!(hash = %drawn.signed.payment_hash(), "an invoice has gone to the payer");
                        Ok(())
                    }
                    Some(Ok(())) => Ok(()),
                    Some(Err(refusal)) => {
                        let hash = drawn.signed.payment_hash();
                        till.inner.refusals.tell(&hash, Refusal::Told(refusal));
                        Ok(())
                    }
                }
            });
            Ok((invoice, sending))
        });
        begun.await.map_err(|_| CollectError::Stopped)?
    }
}
