//! Payments that nobody asked for (keysend). As in Core Lightning each gets an invoice of its own, so that it is listed
//! and waited for like any other.

use super::create::{CreateInvoiceError, DEFAULT_INVOICE_EXPIRY, MAX_DESCRIPTION, NewBolt11};
use super::hints::{ChosenHints, ExposePrivate};
use crate::till::Till;
use boltill_ledger::{Invoice, LedgerError};
use boltill_node::IncomingPayment;
use boltill_types::{Label, PaymentPreimage};
use std::time::{SystemTime, UNIX_EPOCH};

/// The TLV in which wallets put a message to the payee.
const MESSAGE_TLV: u64 = 34_349_334;

impl Till {
    /// Files an invoice for a spontaneous payment, or answers that which was filed when the payment was told before;
    /// `None` for any other payment.
    pub(super) async fn invoice_for_keysend(
        &self,
        payment: &IncomingPayment,
    ) -> Result<Option<Invoice>, LedgerError> {
        let Some(preimage) = payment.preimage.filter(|_| payment.spontaneous) else {
            return Ok(None);
        };
        match self.file_keysend(payment, preimage).await {
            Ok(invoice) => Ok(invoice),
            Err(CreateInvoiceError::NotFiled(boltill_ledger::CreateInvoiceError::Ledger(error))) => {
                Err(error)
            }
            Err(error) => {
                tracing::warn!(hash = %payment.payment_hash, "no invoice for a keysend: {error}");
                Ok(None)
            }
        }
    }

    async fn file_keysend(
        &self,
        payment: &IncomingPayment,
        preimage: PaymentPreimage,
    ) -> Result<Option<Invoice>, CreateInvoiceError> {
        let description = description(payment);
        // The loop always ends in its body: no timestamp is too long for a label.
        while let Ok(label) = Label::new(timestamp()) {
            let invoice = NewBolt11 {
                amount: None,
                label,
                deschashonly: description.len() > MAX_DESCRIPTION,
                description: description.clone(),
                expiry: DEFAULT_INVOICE_EXPIRY,
                fallbacks: Vec::new(),
                preimage: Some(preimage),
                expose_private: ExposePrivate::Never,
                cltv: None,
            };
            // Nobody pays this invoice a second time, so it needs no hints.
            match self
                .file_bolt11(invoice, Vec::new(), ChosenHints::default())
                .await
            {
                // Another one came in the same nanosecond.
                Err(CreateInvoiceError::NotFiled(boltill_ledger::CreateInvoiceError::DuplicateLabel(_))) => {}
                filed => return filed.map(|(invoice, _)| Some(invoice)),
            }
        }
        Ok(None)
    }
}

/// `keysend-<seconds>.<nanoseconds>`, as Core Lightning has it.
fn timestamp() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("keysend-{}.{:09}", now.as_secs(), now.subsec_nanos())
}

fn description(payment: &IncomingPayment) -> String {
    let message = payment.custom_tlvs.iter().find(|(tlv, _)| *tlv == MESSAGE_TLV);
    match message.map(|(_, message)| String::from_utf8_lossy(message)) {
        Some(message) => format!("keysend: {message}"),
        None => "keysend".to_owned(),
    }
}
