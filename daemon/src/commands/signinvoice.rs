//! `signinvoice`

use super::prelude::*;
use serde::Serialize;

parameters! {
    /// Sign an invoice that was drawn up elsewhere
    ///
    /// Puts the node's signature in place of whoever's is there and changes nothing else. Nothing is filed, so our node does not
    /// take the payment; `createinvoice` is for that.
    pub struct SignInvoice {
        /// The BOLT 11 invoice; its signature may be anybody's.
        required invstring: String,
    }
}

pub const COMMAND: Command = Command {
    name: "signinvoice",
    category: Category::Invoices,
    answer: &[Field::always(
        "bolt11",
        Kind::String,
        "The invoice with our signature.",
    )],
    errors: &[(Code::InvalidParams, "The *invstring* is no BOLT 11 invoice.")],
    examples: &[Example {
        typed: "signinvoice lnbcrt1m1p4szyrs...",
        answer: r#"{"bolt11":"lnbcrt1m1p4szyrs..."}"#,
    }],
    see_also: &["createinvoice", "decode", "signmessage"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<SignInvoice>()
};

#[derive(Serialize)]
struct Signed {
    bolt11: String,
}

impl Run for SignInvoice {
    async fn run(self, call: Call) -> Outcome {
        let bolt11 = call.till()?.sign_invoice(&self.invstring)?;
        Answer::of(&Signed { bolt11 })
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn an_invoice_must_be_given() {
        let refusals = [
            ("[]", "missing required parameter: invstring"),
            ("[{}]", "invstring: should be a string: invalid token '{}'"),
        ];
        for (params, words) in refusals {
            assert_eq!(
                test_call().answer("signinvoice", params).await,
                Err(words.to_owned())
            );
        }
    }
}
