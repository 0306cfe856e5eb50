//! `delinvoice`

use super::prelude::*;
use super::shared::invoice::{INVOICE, InvoiceEntry};
use crate::params::LabelText;
use boltill_till::InvoiceStatus;

parameters! {
    /// Delete an invoice, or its description
    ///
    /// Only if it has the *status* that the caller thinks it has: it may have been paid a moment ago. Answers the invoice as it was,
    /// or as it is without its description.
    ///
    /// An unpaid invoice that is deleted can no longer be paid, and its label is free again.
    pub struct DelInvoice {
        /// The invoice's label.
        required label: LabelText,
        /// The status that it has: `paid`, `unpaid` or `expired`.
        required status: InvoiceStatus,
        /// Whether to remove the description alone, which may be long where the invoice was made with *deschashonly*.
        default desconly: bool = false,
    }
}

pub const COMMAND: Command = Command {
    name: "delinvoice",
    category: Category::Invoices,
    answer: INVOICE,
    errors: &[
        (Code::InvoiceNotFound, "There is no invoice of this *label*."),
        (
            Code::InvoiceStatusUnexpected,
            "It has another status; the error's data are `current_status` and `expected_status`.",
        ),
        (Code::InvoiceNoDescription, "Its description is removed already."),
    ],
    examples: &[Example {
        typed: "delinvoice order-1041 expired",
        answer: r#"{"label":"order-1041","bolt11":"lnbcrt5u1p4sz0ht...","amount_msat":500000,"payment_hash":"116a8a53cea4e017a8163b033fc7b6711a2355e84dfd64594bdb87885d36a041","status":"expired","description":"1 cup of tea","expires_at":1795230000,"created_index":1041,"updated_index":930}"#,
    }],
    see_also: &["listinvoices", "invoice"],
    ..Command::of::<DelInvoice>()
};

impl Run for DelInvoice {
    async fn run(self, call: Call) -> Outcome {
        let label = self.label.into_label()?;
        let invoice = call
            .till()?
            .delete_invoice(label, self.status, self.desconly)
            .await?;
        Answer::of(&InvoiceEntry::of(&invoice))
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn what_is_to_be_deleted_must_be_clear() {
        let refusals = [
            (r#"["a"]"#, "missing required parameter: status"),
            (
                r#"["a", "gone"]"#,
                "status: should be 'paid', 'unpaid' or 'expired': invalid token '\"gone\"'",
            ),
            (
                r#"["a", "paid", "maybe"]"#,
                "desconly: should be 'true' or 'false': invalid token '\"maybe\"'",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(
                test_call().answer("delinvoice", params).await,
                Err(words.to_owned())
            );
        }
    }
}
