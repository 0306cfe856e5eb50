//! Taking the money, in two steps that may each be told twice.
//!
//! 1. *Claimable*: all parts of a payment are here. It is claimed if the ledger has an invoice that it pays, or else
//!    sent back. Nothing is written: until it is claimed nothing has happened.
//! 2. *Claimed*: the money is ours. Now the invoice is paid, on file, before the event counts as handled.
//!
//! A crash between the two loses nothing. Before anything is told again, LDK itself claims once more every payment
//! whose preimage has reached the disk, and tells *claimed* for it. For the others no preimage has left us, so step 1
//! decides as if for the first time: an invoice that has expired since is not paid.
//!
//! It follows that what is claimable for an invoice on file as paid is always a second payment, and goes back. (When
//! it is an old event, the payment behind it has been claimed, and sending it back does nothing.)

mod claims;
mod hold;

use crate::till::Till;
use boltill_ledger::{Invoice, InvoiceState, LedgerError, Recorded, SettleInvoiceError};
use boltill_node::IncomingPayment;
use boltill_types::{Msat, UnixSeconds};

pub(crate) use claims::Claims;
pub(crate) use hold::Hold;

/// Why a payment goes back. The payer only learns `incorrect_or_unknown_payment_details` (BOLT 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    #[error("there is no such invoice")]
    Unknown,
    #[error("the invoice is paid already")]
    Paid,
    #[error("the invoice has expired")]
    Expired,
    #[error("it is less than the {0} asked for")]
    TooLittle(Msat),
    #[error("it is more than twice the {0} asked for")]
    TooMuch(Msat),
    #[error("it says something that must be understood, in TLV {0}")]
    UnknownTlv(u64),
}

impl Till {
    /// Claims a payment, or sends it back, unless a developer holds what arrives.
    pub(crate) async fn on_claimable(&self, payment: IncomingPayment) -> Result<(), LedgerError> {
        match self.inner.hold.pass(payment) {
            Some(payment) => self.settle(payment).await,
            None => Ok(()),
        }
    }

    /// Claims a payment, or sends it back.
    async fn settle(&self, payment: IncomingPayment) -> Result<(), LedgerError> {
        self.inner.claims.begin(payment.payment_hash);
        let mut found = self.ledger().invoice_by_hash(payment.payment_hash).await?;
        if found.is_none() && unknown_tlv(&payment).is_none() {
            found = self.invoice_for_keysend(&payment).await?;
        }
        let verdict = found.ok_or(Refusal::Unknown).and_then(|invoice| {
            judge(&invoice, &payment, UnixSeconds::now())?;
            Ok(invoice)
        });
        match verdict {
            Ok(invoice) => self.lightning().claim(invoice.payment_preimage),
            Err(refusal) => {
                let (hash, amount) = (payment.payment_hash, payment.amount);
                tracing::info!(%hash, %amount, "a payment goes back: {refusal}");
                self.lightning().fail_back(hash);
                self.inner.claims.end(hash);
            }
        }
        Ok(())
    }

    /// Records that an invoice is paid.
    pub(crate) async fn on_claimed(&self, payment: IncomingPayment) -> Result<(), LedgerError> {
        let IncomingPayment {
            payment_hash, amount, ..
        } = payment;
        let settled = self
            .ledger()
            .settle_invoice(payment_hash, amount, UnixSeconds::now())
            .await;
        match settled {
            Ok(Recorded::Newly(invoice)) => {
                tracing::info!(label = %invoice.label, %amount, "an invoice is paid");
            }
            // LDK tells this at every start for some time after the payment.
            Ok(Recorded::Already(_)) => {}
            Err(SettleInvoiceError::UnknownInvoice) => {
                tracing::warn!(hash = %payment_hash, %amount, "we have the money for an invoice that was deleted");
            }
            Err(SettleInvoiceError::Ledger(error)) => return Err(error),
        }
        self.inner.claims.end(payment_hash);
        Ok(())
    }
}

/// Whether that payment pays that invoice.
fn judge(invoice: &Invoice, payment: &IncomingPayment, now: UnixSeconds) -> Result<(), Refusal> {
    match invoice.state {
        InvoiceState::Paid { .. } => return Err(Refusal::Paid),
        InvoiceState::Expired => return Err(Refusal::Expired),
        InvoiceState::Unpaid if invoice.expires_at <= now => return Err(Refusal::Expired),
        InvoiceState::Unpaid => {}
    }
    if let Some(tlv) = unknown_tlv(payment) {
        return Err(Refusal::UnknownTlv(tlv));
    }
    match invoice.amount {
        Some(asked) if payment.amount < asked => Err(Refusal::TooLittle(asked)),
        // BOLT 4: a payer may add something to hide the amount from the last hop, but not that much.
        Some(asked) if payment.amount > asked + asked => Err(Refusal::TooMuch(asked)),
        _ => Ok(()),
    }
}

/// BOLT 1: an odd type may be ignored, an even one must be understood, and we understand none.
fn unknown_tlv(payment: &IncomingPayment) -> Option<u64> {
    payment
        .custom_tlvs
        .iter()
        .map(|(tlv, _)| *tlv)
        .find(|tlv| tlv % 2 == 0)
}

#[cfg(test)]
mod tests;
