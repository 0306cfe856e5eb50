//! Why an invoice for a request of ours is not paid, and what its sender is told of that.

use crate::messages::failed;
use boltill_bolt12::bech32::Prefix;
use boltill_bolt12::{InvoiceError, InvoiceRejection};
use boltill_ledger::{LedgerError, PayOwnInvoiceError, PayOwnPayoutError, PayoutRefusal};
use boltill_types::{InvreqId, Msat};

/// BOLT 12's number of `invoice_amount`.
const INVOICE_AMOUNT: u64 = 170;

/// Why an invoice is not paid. The words are for its sender, unless it is a fault of ours.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum NotPaid {
    /// By itself.
    #[error(transparent)]
    Rejected(#[from] InvoiceRejection),
    /// There is no such request; or there is, and the invoice did not come by the paths in it. Whoever tries that must not learn which
    /// node the paths lead to, so both have the same words.
    #[error("Unknown invoice_request {0}")]
    Unknown(InvreqId),
    /// It asks for more than the request has.
    #[error("invoice amount is too large: the invoice_request is for {allowed}")]
    TooLarge {
        /// What the request has.
        allowed: Msat,
    },
    /// It asks for nothing.
    #[error("invoice amount is zero")]
    Nothing,
    /// Many payments for the request have failed of late.
    #[error("too many payments for this invoice_request have failed: try again later")]
    TooManyFailures,
    /// LDK cannot pay it.
    #[error("invoice cannot be paid: {0}")]
    Unpayable(String),
    /// The request is not paid, or not now.
    #[error(transparent)]
    Refused(PayoutRefusal),
    /// It was tried, and has failed for good.
    #[error("pay attempt failed: \"{0}\"")]
    Failed(String),
    /// A fault of ours, which is nobody else's business.
    #[error("{0}")]
    Internal(String),
}

impl NotPaid {
    /// What is answered; nothing when it is no refusal: of two copies of one invoice that came by two ways, one is paid.
    pub(super) fn answer(&self, invoice: &[u8]) -> Option<InvoiceError> {
        match self {
            NotPaid::Refused(PayoutRefusal::AlreadyPaid | PayoutRefusal::AlreadyInProgress) => return None,
            NotPaid::Internal(_) => return Some(InvoiceError::new("Internal error")),
            _ => {}
        }
        let words = failed("invoice", Prefix::Lni, invoice);
        let suggested = self.suggested_amount();
        Some(InvoiceError {
            erroneous_field: suggested.map(|_| INVOICE_AMOUNT),
            suggested_value: suggested.map(|amount| truncated(amount.0)),
            error: format!("{words}: {self}"),
        })
    }

    /// What would be paid, if it is for the amount alone that nothing is.
    fn suggested_amount(&self) -> Option<Msat> {
        match self {
            NotPaid::TooLarge { allowed } => Some(*allowed),
            NotPaid::Refused(PayoutRefusal::MaxTotal { left }) if *left > Msat::ZERO => Some(*left),
            _ => None,
        }
    }
}

/// BOLT 1's `tu64`.
fn truncated(number: u64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    bytes.into_iter().skip_while(|byte| *byte == 0).collect()
}

impl From<PayoutRefusal> for NotPaid {
    fn from(refusal: PayoutRefusal) -> NotPaid {
        match refusal {
            fault @ (PayoutRefusal::IdInUse | PayoutRefusal::Ledger(_)) => {
                NotPaid::Internal(fault.to_string())
            }
            refusal => NotPaid::Refused(refusal),
        }
    }
}

impl From<PayOwnPayoutError> for NotPaid {
    fn from(error: PayOwnPayoutError) -> NotPaid {
        match error {
            PayOwnPayoutError::Payout(refusal) => refusal.into(),
            PayOwnPayoutError::Invoice(PayOwnInvoiceError::Ledger(error)) => error.into(),
            PayOwnPayoutError::Invoice(error) => NotPaid::Failed(error.to_string()),
        }
    }
}

impl From<LedgerError> for NotPaid {
    fn from(error: LedgerError) -> NotPaid {
        NotPaid::Internal(error.to_string())
    }
}
