//! Paying an invoice of our own. No money moves, so no channel is needed: the invoice is paid and the payment complete
//! in one transaction of the ledger, both or neither.

use super::{Paid, PayError, PayFailure, outcome};
use crate::till::Till;
use boltill_ledger::{InvoiceText, LedgerError, NewPayment, PayOwnInvoiceError};
use boltill_types::UnixSeconds;

impl Till {
    /// Whether the invoice is ours. One of BOLT 12 may be signed by a key made for it alone, so the ledger is asked.
    pub(super) async fn is_ours(&self, payment: &NewPayment) -> Result<bool, LedgerError> {
        if payment.destination == Some(self.lightning().id()) {
            return Ok(true);
        }
        let bolt12 = matches!(payment.text, Some(InvoiceText::Bolt12(_)));
        Ok(bolt12
            && self
                .ledger()
                .invoice_by_hash(payment.payment_hash)
                .await?
                .is_some())
    }

    pub(super) async fn pay_own(&self, payment: NewPayment) -> Result<Paid, PayError> {
        // The text that is paid may be another one than that on file, signed by `signinvoice` for the same hash.
        let filed = self.ledger().invoice_by_hash(payment.payment_hash).await?;
        if filed
            .and_then(|invoice| invoice.amount)
            .is_some_and(|asked| payment.amount < asked)
        {
            let message = "the amount is less than that of the invoice".to_owned();
            return Err(PayError::Failed {
                failure: PayFailure::RefusedByPayee,
                message,
            });
        }
        match self.ledger().pay_own_invoice(payment, UnixSeconds::now()).await {
            Ok(payment) => outcome(payment, 0, 1),
            Err(PayOwnInvoiceError::Begin(error)) => Err(error.into()),
            Err(PayOwnInvoiceError::Ledger(error)) => Err(error.into()),
            Err(
                error @ (PayOwnInvoiceError::UnknownInvoice
                | PayOwnInvoiceError::NotUnpaid(_)
                | PayOwnInvoiceError::BeginPart(_)),
            ) => Err(PayError::Failed {
                failure: PayFailure::RefusedByPayee,
                message: error.to_string(),
            }),
        }
    }
}
