//! `waitinvoice`

use super::prelude::*;
use super::shared::invoice::{INVOICE, InvoiceEntry};
use crate::params::LabelText;

parameters! {
    /// Wait until an invoice is paid
    ///
    /// Answers the invoice once it is paid, at once if it is already. That it is paid is durable by then. Hanging up ends the wait
    /// and nothing else.
    pub struct WaitInvoice {
        /// The invoice's label.
        required label: LabelText,
    }
}

pub const COMMAND: Command = Command {
    name: "waitinvoice",
    category: Category::Invoices,
    answer: INVOICE,
    errors: &[
        (
            Code::Unspecified,
            "There is no invoice of this *label*, or it is deleted while we wait.",
        ),
        (
            Code::InvoiceExpired,
            "It has expired, or expires while we wait; it comes as the error's data.",
        ),
    ],
    examples: &[Example {
        typed: "waitinvoice order-1042",
        answer: r#"{"label":"order-1042","bolt11":"lnbcrt15u1p4szyda...","amount_msat":1500000,"payment_hash":"a18157896d0f098ab239af9e4865ef6dd1d85e6ccef7bad876261c96c4bd0461","status":"paid","pay_index":812,"amount_received_msat":1500000,"paid_at":1795230701,"payment_preimage":"fa6d08e52d6d2490d0b1817ab1ada55d19fb5d1ecd6255ab9fccc8095f7d51e5","description":"2 cups of coffee","expires_at":1795835436,"created_index":1042,"updated_index":931}"#,
    }],
    see_also: &["waitanyinvoice", "wait", "listinvoices"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<WaitInvoice>()
};

impl Run for WaitInvoice {
    async fn run(self, call: Call) -> Outcome {
        let label = self.label.into_label()?;
        let words = format!("Waiting for invoice '{}' to be paid or to expire", label.as_str());
        call.caller.tell(Level::Info, words);
        let invoice = call.till()?.wait_invoice(&label).await?;
        Answer::of(&InvoiceEntry::of(&invoice))
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn a_label_must_be_given_and_be_one() {
        let long = "x".repeat(129);
        let refusals = [
            ("[]".to_owned(), "missing required parameter: label".to_owned()),
            (
                "[true]".to_owned(),
                "label: should be a string or number: invalid token 'true'".to_owned(),
            ),
            (format!("[\"{long}\"]"), format!("Label '{long}' over 128 bytes")),
        ];
        for (params, words) in refusals {
            assert_eq!(test_call().answer("waitinvoice", &params).await, Err(words));
        }
    }
}
