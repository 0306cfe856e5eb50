//! `preapproveinvoice`

use super::prelude::*;
use serde_json::json;

parameters! {
    /// Ask whether an invoice may be paid
    ///
    /// Where keys are in a signer of their own, that has a say in what is paid. Here they are in the daemon, which approves of every
    /// invoice that can be read.
    pub struct PreapproveInvoice {
        /// The invoice, of BOLT 11 or BOLT 12.
        required bolt11: String,
    }
}

pub const COMMAND: Command = Command {
    name: "preapproveinvoice",
    category: Category::Payments,
    errors: &[(Code::InvalidParams, "The *bolt11* is no invoice.")],
    examples: &[Example {
        typed: "preapproveinvoice lnbcrt15u1p4szyda...",
        answer: "{}",
    }],
    see_also: &["pay", "preapprovekeysend"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<PreapproveInvoice>()
};

impl Run for PreapproveInvoice {
    async fn run(self, _call: Call) -> Outcome {
        let told = serde_json::to_value(boltill_till::decode(&self.bolt11)?)?;
        let kind = told["type"].as_str().unwrap_or_default();
        if !["bolt11 invoice", "bolt12 invoice"].contains(&kind) {
            return Err(RpcError::invalid_params("bolt11: should be an invoice"));
        }
        Answer::of(&json!({}))
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    /// Examples of BOLT 11 and BOLT 12.
    const INVOICE: &str = "lnbc1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdpl2pkx2ctnv5sxxmmwwd5kgetjypeh2ursdae8g6twvus8g6rfwvs8qun0dfjkxaq9qrsgq357wnc5r2ueh7ck6q93dj32dlqnls087fxdwk8qakdyafkq3yap9us6v52vjjsrvywa6rt52cm9r9zqt8r2t7mlcwspyetp5h2tztugp9lfyql";
    const OFFER: &str = "lno1pgx9getnwss8vetrw3hhyuckyypwa3eyt44h6txtxquqh7lz5djge4afgfjn7k4rgrkuag0jsd5xvxg";

    #[tokio::test]
    async fn every_invoice_is_approved_and_nothing_else() {
        let asked = async |text: &str| {
            test_call()
                .answer("preapproveinvoice", &format!("[\"{text}\"]"))
                .await
        };
        for text in [INVOICE.to_owned(), format!("lightning:{INVOICE}")] {
            assert_eq!(asked(&text).await.as_deref(), Ok("{}"));
        }
        for text in ["", "hello", OFFER, &INVOICE[..60]] {
            assert!(asked(text).await.is_err(), "{text}");
        }
    }
}
