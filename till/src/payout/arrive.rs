//! An invoice arrives for a request of ours. What is looked at, in Core Lightning's order, is in [`Till::judge`].

use super::NotPaid;
use crate::pay::{Landing, PayError};
use crate::till::Till;
use bitcoin::constants::ChainHash;
use boltill_bolt12::{Invoice, InvoiceError, InvoiceRejection, SignedInvoice};
use boltill_ledger::{InvoiceRequest, PayoutRefusal, Unavailable};
use boltill_node::ReplyTo;
use boltill_types::{InvreqId, Msat, UnixSeconds};
use std::time::{Duration, Instant};

/// How long the payee of a payment that fails is still told so, once its invoice has expired.
const LONGER_THAN_THE_INVOICE: u64 = 60;
/// However long the invoice holds.
const LONGEST: u64 = 24 * 3_600;

impl Till {
    /// An invoice has come: by the path that was made for that request, or to our node id.
    ///
    /// It is paid or refused when this returns, or its payment has been sent. Dropped before that, it is as if the invoice had not come,
    /// or the payment is filed and sent regardless.
    pub(crate) async fn on_invoice(&self, bytes: Vec<u8>, by: Option<[u8; 32]>, reply: Option<ReplyTo>) {
        if let Err(why) = self.take(&bytes, by, reply.clone()).await {
            self.tell(&bytes, reply.as_ref(), &why).await;
        }
    }

    /// Takes an invoice of our own, if it is for a request of our own: it need not go over the network. Gives what its sender would be
    /// answered; `None` if the request is somebody else's.
    pub(crate) async fn take_own(&self, invoice: &SignedInvoice) -> Option<Result<(), InvoiceError>> {
        let id = invoice.invreq_id();
        if !matches!(self.ledger().invoice_request(id).await, Ok(Some(_))) {
            return None;
        }
        let read = invoice.invoice();
        let by = read
            .invreq()
            .paths
            .as_ref()
            .map(|_| read.invreq_id_without_paths().0);
        let taken = self.take(invoice.as_bytes(), by, None).await;
        Some(match taken.map_err(|why| why.answer(invoice.as_bytes())) {
            Err(Some(answer)) => Err(answer),
            Ok(()) | Err(None) => Ok(()),
        })
    }

    async fn take(&self, bytes: &[u8], by: Option<[u8; 32]>, reply: Option<ReplyTo>) -> Result<(), NotPaid> {
        let (request, invoice) = self.judge(bytes.to_vec(), by).await?;
        let landing = self.pay_out(&request, &invoice).await?;
        // Not before: strangers decide how many come.
        let (id, hash, amount) = (request.id, invoice.payment_hash(), invoice.amount());
        tracing::info!(%id, %hash, %amount, "an invoice for an invoice_request is being paid");
        if let Some(landing) = landing {
            self.follow(id, &invoice, landing, reply);
        }
        Ok(())
    }

    /// Looks at all that does not change any more, and whether the request can be paid at all.
    async fn judge(
        &self,
        bytes: Vec<u8>,
        by: Option<[u8; 32]>,
    ) -> Result<(InvoiceRequest, SignedInvoice), NotPaid> {
        let now = UnixSeconds::now();
        let invoice = Invoice::from_bytes(bytes).map_err(InvoiceRejection::from)?;
        let id = invoice.invreq_id();
        if !came_by_the_right_path(&invoice, by) {
            return Err(NotPaid::Unknown(id));
        }
        let chain = ChainHash::using_genesis_block(self.lightning().network());
        let invoice = invoice.into_complete(chain, now)?;
        let request = self.ledger().invoice_request(id).await?;
        let request = request.ok_or(NotPaid::Unknown(id))?;
        if let Some(why) = Unavailable::of(&request, now) {
            // The ledger will find out that it is the very invoice that was paid, and nobody is to be told.
            let earlier = self.ledger().payments_by_hash(invoice.payment_hash()).await?;
            if earlier.is_empty() {
                return Err(PayoutRefusal::NoLongerAvailable(why).into());
            }
        }
        let invoice = invoice.verify()?;
        if invoice.amount() > request.amount {
            let allowed = request.amount;
            return Err(NotPaid::TooLarge { allowed });
        }
        if invoice.amount() == Msat::ZERO {
            return Err(NotPaid::Nothing);
        }
        if self.inner.failures.are_too_many(&id, Instant::now()) {
            return Err(NotPaid::TooManyFailures);
        }
        Ok((request, invoice))
    }

    /// Has the payee told if the payment fails; not for longer than it may be of interest.
    fn follow(&self, id: InvreqId, invoice: &SignedInvoice, landing: Landing, reply: Option<ReplyTo>) {
        let Some(place) = self.inner.replies.place() else {
            return;
        };
        let invoice_bytes = invoice.as_bytes().to_vec();
        let left = invoice.expires_at().0.saturating_sub(UnixSeconds::now().0);
        let patience = Duration::from_secs(left.saturating_add(LONGER_THAN_THE_INVOICE).min(LONGEST));
        let till = self.clone();
        tokio::spawn(async move {
            let _place = place;
            if let Ok(Ok(Err(PayError::Failed { message, .. }))) =
                tokio::time::timeout(patience, landing).await
            {
                till.inner.failures.count(id, Instant::now());
                till.tell(&invoice_bytes, reply.as_ref(), &NotPaid::Failed(message))
                    .await;
            }
        });
    }
}

/// An invoice for a request with paths must come by one of those, and no other may come by any: who sends it elsewhere is trying out whose
/// paths they are.
fn came_by_the_right_path(invoice: &Invoice, by: Option<[u8; 32]>) -> bool {
    match by {
        Some(tag) => invoice.invreq_id_without_paths().0 == tag,
        None => invoice.invreq().paths.is_none(),
    }
}
