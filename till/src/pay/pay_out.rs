//! Paying an invoice that has come for an invoice_request of ours.

use super::flights::Landing;
use super::payable::Payable;
use super::send::random_id;
use super::{FeeLimit, PayRequest};
use crate::payout::NotPaid;
use crate::till::Till;
use boltill_bolt12::SignedInvoice;
use boltill_ledger::{InvoiceRequest, LedgerError, NewPayment, PaymentId};
use boltill_node::OutgoingPayment;
use boltill_types::{InvreqId, UnixSeconds};

impl Till {
    /// Pays an invoice for a request, if the request may be paid now, within the limits of `pay`. Gives what its end will come by; `None`
    /// when it has come already, because the invoice is our own.
    pub(crate) async fn pay_out(
        &self,
        request: &InvoiceRequest,
        invoice: &SignedInvoice,
    ) -> Result<Option<Landing>, NotPaid> {
        let payable = Payable::of_bolt12(invoice.to_string(), invoice);
        let payable = payable.map_err(|error| NotPaid::Unpayable(format!("{error:?}")))?;
        let payment_id = random_id().map_err(|error| NotPaid::Internal(error.to_string()))?;
        let filed = NewPayment {
            payment_id: PaymentId(payment_id.0),
            payment_hash: payable.payment_hash,
            partid: 0,
            destination: Some(payable.payee),
            amount: payable.amount,
            created_at: UnixSeconds::now(),
            label: request.label.clone(),
            text: Some(payable.text),
            description: payable.description,
        };
        if self.is_by_us(&filed).await? {
            self.pay_out_own(request.id, filed).await?;
            return Ok(None);
        }
        let outgoing = OutgoingPayment {
            payment_id,
            payment_hash: payable.payment_hash,
            payee: payable
                .params
                .with_max_total_cltv_expiry_delta(PayRequest::DEFAULT_MAX_DELAY),
            onion: payable.onion,
            amount: payable.amount,
            max_fee: FeeLimit::PAY.of(payable.amount),
            retry_for: PayRequest::DEFAULT_RETRY_FOR,
        };
        self.begin_payout(request.id, filed, outgoing).await.map(Some)
    }

    /// Whether the invoice is of our own making. That somebody else's has the payment hash of one of ours does not make it so.
    async fn is_by_us(&self, payment: &NewPayment) -> Result<bool, LedgerError> {
        if payment.destination == Some(self.lightning().id()) {
            return Ok(true);
        }
        let filed = self.ledger().invoice_by_hash(payment.payment_hash).await?;
        Ok(filed.is_some_and(|invoice| Some(&invoice.text) == payment.text.as_ref()))
    }

    /// Collecting what one pays oneself: no money moves, and all books change at once.
    async fn pay_out_own(&self, id: InvreqId, payment: NewPayment) -> Result<(), NotPaid> {
        let filed = self.ledger().invoice_by_hash(payment.payment_hash).await?;
        // The text that came may be another one than that on file, signed by `signinvoice` for the same hash.
        let asked = filed.and_then(|invoice| invoice.amount);
        if asked.is_some_and(|asked| payment.amount < asked) {
            let message = "the amount is less than that of the invoice";
            return Err(NotPaid::Failed(message.to_owned()));
        }
        let paid = self.ledger().pay_own_payout(id, payment, UnixSeconds::now());
        paid.await?;
        Ok(())
    }
}
