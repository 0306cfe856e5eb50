//! `disableinvoicerequest`

use super::prelude::*;
use super::shared::invoice_request::{INVOICE_REQUEST, InvoiceRequestEntry};
use boltill_types::InvreqId;

parameters! {
    /// Have nothing more paid for an invoice_request
    ///
    /// A payment that is under way for it is left to finish, and no other is begun. The request stays on file, because what was paid for it
    /// must not be forgotten.
    pub struct DisableInvoiceRequest {
        /// The request's id.
        required invreq_id: InvreqId,
    }
}

pub const COMMAND: Command = Command {
    name: "disableinvoicerequest",
    category: Category::Offers,
    answer: INVOICE_REQUEST,
    errors: &[
        (Code::Unspecified, "There is no such request."),
        (
            Code::OfferAlreadyDisabled,
            "It was disabled before, has been paid for its single use, or its time has passed.",
        ),
    ],
    examples: &[Example {
        typed: "disableinvoicerequest 93f193cd2432d292f8b64af08942989d71c0a0366fb52d57ddb688c8fb066399",
        answer: r#"{"invreq_id":"93f193cd2432d292f8b64af08942989d71c0a0366fb52d57ddb688c8fb066399","active":false,"single_use":true,"bolt12":"lnr1qqgypua5g7rp293k00s66ayvn...","used":false}"#,
    }],
    see_also: &["invoicerequest", "listinvoicerequests"],
    ..Command::of::<DisableInvoiceRequest>()
};

impl Run for DisableInvoiceRequest {
    async fn run(self, call: Call) -> Outcome {
        let request = call.till()?.disable_invoice_request(self.invreq_id).await?;
        Answer::of(&InvoiceRequestEntry::of(&request))
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn the_request_must_be_named() {
        let refusals = [
            ("[]", "missing required parameter: invreq_id"),
            (
                r#"["lnr1"]"#,
                "invreq_id: should be a 32 byte hex value: invalid token '\"lnr1\"'",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(
                test_call().answer("disableinvoicerequest", params).await,
                Err(words.to_owned())
            );
        }
    }
}
