//! Filing the invoice, and sending it.

use super::CollectError;
use super::draw::Drawn;
use crate::till::Till;
use boltill_bolt12::SignedInvoice;
use boltill_ledger::Invoice;
use boltill_node::{MessageDestination, MessageTag, OffersMessageBytes};
use tokio::task::JoinHandle;

/// How sending goes on.
pub(super) type Sending = JoinHandle<Result<(), CollectError>>;

impl Till {
    /// Files the invoice, and begins to send it once it is on file. On tasks of their own, so that a caller who hangs up does not leave it half done.
    pub(super) async fn file_and_send(&self, drawn: Drawn) -> Result<(Invoice, Sending), CollectError> {
        let till = self.clone();
        let begun = tokio::spawn(async move {
            let invoice = till.file(drawn.filed).await?;
            tracing::info!(label = %invoice.label, hash = %invoice.payment_hash, "an invoice is on file, and goes to the payer");
            let sending = tokio::spawn(async move { till.send_by_one(drawn.ways, drawn.signed).await });
            Ok((invoice, sending))
        });
        begun.await.map_err(|_| CollectError::Stopped)?
    }

    /// Sends the invoice by the first way that is open. Not by several: a payer that gets it twice refuses the second.
    async fn send_by_one(
        &self,
        ways: Vec<MessageDestination>,
        invoice: SignedInvoice,
    ) -> Result<(), CollectError> {
        let message = OffersMessageBytes::Invoice(invoice.as_bytes().to_vec());
        let reply = Some(MessageTag::Invoice(invoice.payment_hash()));
        let mut errors = Vec::new();
        for way in ways {
            match self
                .lightning()
                .send_offers_message(message.clone(), way, reply)
                .await
            {
                Ok(()) => return Ok(()),
                Err(error) => errors.push(error),
            }
        }
        Err(CollectError::NotSent(errors))
    }
}
