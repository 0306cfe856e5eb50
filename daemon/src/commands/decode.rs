//! `decode`

mod fields;

use super::prelude::*;

parameters! {
    /// Tell what an invoice, offer or invoice_request says
    ///
    /// Names every field as the specifications do. What can be read and must not be used, for example because its signature is
    /// wrong, is told with `valid` false, and with warnings that say what is wrong.
    pub struct Decode {
        /// The invoice of BOLT 11 or BOLT 12, the offer (`lno1`) or the invoice_request (`lnr1`), in upper or lower case, with or
        /// without `lightning:` in front.
        required string: String,
    }
}

pub const COMMAND: Command = Command {
    name: "decode",
    category: Category::Utility,
    answer: fields::FIELDS,
    errors: &[(
        Code::InvalidParams,
        "The *string* is none of these, or is broken.",
    )],
    examples: &[Example {
        typed: "decode lnbcrt15u1p58zpr...",
        answer: r#"{"type":"bolt11 invoice","currency":"bcrt","created_at":1795230636,"expiry":604800,"payee":"022d223620a359a47ff7f7ac447c85c46c923da53389221a0054c11c1e3ca31d59","amount_msat":1500000,"description":"2 cups of coffee","min_final_cltv_expiry":24,"payment_secret":"6f1d1f3c9c0c4a3f8e9b7a5d2c1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e","features":"02024100","payment_hash":"b0e0ca16c33eb1d0e0a4b2a8f7ef6b2fa43e5d29cc8f7b0d2f0fd1c3a7d2b5e4","signature":"3045022100c1d2e3f4...","valid":true}"#,
    }],
    see_also: &["pay", "invoice", "offer", "fetchinvoice"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<Decode>()
};

impl Run for Decode {
    async fn run(self, _call: Call) -> Outcome {
        Answer::of(&boltill_till::decode(&self.string)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::documented::mismatches;
    use crate::commands::test_call;
    use serde_json::Value;

    /// Examples of BOLT 11 and BOLT 12.
    const DONATION: &str = "lnbc1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdpl2pkx2ctnv5sxxmmwwd5kgetjypeh2ursdae8g6twvus8g6rfwvs8qun0dfjkxaq9qrsgq357wnc5r2ueh7ck6q93dj32dlqnls087fxdwk8qakdyafkq3yap9us6v52vjjsrvywa6rt52cm9r9zqt8r2t7mlcwspyetp5h2tztugp9lfyql";
    const OFFER: &str = "lno1pgx9getnwss8vetrw3hhyuckyypwa3eyt44h6txtxquqh7lz5djge4afgfjn7k4rgrkuag0jsd5xvxg";

    async fn decoded(text: &str) -> Value {
        let answer = test_call()
            .answer("decode", &format!("[\"{text}\"]"))
            .await
            .unwrap();
        let answer = serde_json::from_str(&answer).unwrap();
        assert_eq!(mismatches(COMMAND.answer, &answer), [] as [&str; 0]);
        answer
    }

    #[tokio::test]
    async fn an_invoice_says_what_it_is_for() {
        for text in [
            DONATION.to_owned(),
            format!("LIGHTNING:{}", DONATION.to_uppercase()),
        ] {
            let invoice = decoded(&text).await;
            assert_eq!(invoice["type"], "bolt11 invoice");
            assert_eq!(invoice["description"], "Please consider supporting this project");
            assert_eq!(invoice["valid"], true);
        }
    }

    #[tokio::test]
    async fn an_offer_says_who_made_it() {
        let offer = decoded(OFFER).await;
        assert_eq!(offer["type"], "bolt12 offer");
        assert_eq!(offer["offer_description"], "Test vectors");
        assert_eq!(offer["valid"], true);
    }

    #[tokio::test]
    async fn what_says_nothing_is_refused() {
        for text in ["", "hello", "lno1", &DONATION[..100]] {
            let refused = test_call().answer("decode", &format!("[\"{text}\"]")).await;
            assert!(refused.is_err(), "{text} was told as {refused:?}");
        }
    }
}
