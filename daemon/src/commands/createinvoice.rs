//! `createinvoice`

use super::prelude::*;
use super::shared::invoice::{INVOICE, InvoiceEntry};
use crate::params::LabelText;
use boltill_types::PaymentPreimage;

parameters! {
    /// Sign and file an invoice that was drawn up elsewhere
    ///
    /// For who needs fields that `invoice` does not know: draw up the BOLT 11 invoice with any signature, and have it signed with the
    /// node's key. So that the payment can be recognised, the payment secret is replaced by one that our node knows, and
    /// a `min_final_cltv_expiry_delta` that is too short by a longer one; give the payer the `bolt11` of the answer.
    pub struct CreateInvoice {
        /// The invoice; its signature may be anybody's. It must have a description, not only the hash of one.
        required invstring: String,
        /// A name of our own that no other invoice has, of at most 128 bytes.
        required label: LabelText,
        /// The preimage of the invoice's payment hash, in 64 hexadecimal digits.
        required preimage: PaymentPreimage,
    }
}

pub const COMMAND: Command = Command {
    name: "createinvoice",
    category: Category::Invoices,
    answer: INVOICE,
    errors: &[
        (
            Code::InvalidParams,
            "The *invstring* is no BOLT 11 invoice, has no description, or the *preimage* is not its own.",
        ),
        (Code::Unspecified, "The ledger failed."),
        (
            Code::InvoiceLabelExists,
            "There is an invoice of this *label*; it comes as the error's data.",
        ),
        (
            Code::InvoicePreimageExists,
            "There is an invoice of this *preimage*.",
        ),
    ],
    examples: &[Example {
        typed: "createinvoice lnbcrt1m1p4szyrs... swap-7 8c1f5e0b6d2a49c7e3f4b8a1d0957263fe4dcb17a9e60852b3c7f1d46a0e9b25",
        answer: r#"{"label":"swap-7","bolt11":"lnbcrt1m1p4szyrs...","amount_msat":100000000,"payment_hash":"af8446215d1cdc6400eedb43105883bc853ef188dc46686c1102cb5889e65fad","status":"unpaid","description":"swap 7","expires_at":1795234100,"created_index":1044}"#,
    }],
    see_also: &["invoice", "signinvoice", "listinvoices", "decode"],
    ..Command::of::<CreateInvoice>()
};

impl Run for CreateInvoice {
    async fn run(self, call: Call) -> Outcome {
        let label = self.label.into_label()?;
        let invoice = call
            .till()?
            .file_invoice(&self.invstring, label, self.preimage)
            .await?;
        Answer::of(&InvoiceEntry::of(&invoice))
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn the_preimage_must_be_given_and_whole() {
        let refusals = [
            (r#"["lnbc1", "a"]"#, "missing required parameter: preimage"),
            (
                r#"["lnbc1", "a", "0102"]"#,
                "preimage: should be a 32 byte hex value: invalid token '\"0102\"'",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(
                test_call().answer("createinvoice", params).await,
                Err(words.to_owned())
            );
        }
    }
}
