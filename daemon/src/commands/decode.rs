//! `decode`

mod fields;
mod rune;

use self::rune::DecodedRune;
use super::prelude::*;
use crate::runes::Rune;

parameters! {
    /// Tell what an invoice, offer, invoice_request or rune says
    ///
    /// Names every field as the specifications do. What can be read and must not be used, for example because its signature is
    /// wrong, is told with `valid` false, and with warnings that say what is wrong. An invoice_request that answers no offer is valid with
    /// a signature, as Core Lightning makes it, and without one, as BOLT 12 has it. Of a rune its demands are told, and not whether it
    /// is one of ours: `checkrune` and `showrunes` do that.
    pub struct Decode {
        /// The invoice of BOLT 11 or BOLT 12, the offer (`lno1`) or the invoice_request (`lnr1`), in upper or lower case, with or
        /// without `lightning:` in front. What is of BOLT 12 may be in several pieces, joined by `+` and white space. Or a rune.
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
        typed: "decode lnbcrt15u1p4szyda...",
        answer: r#"{"type":"bolt11 invoice","currency":"bcrt","created_at":1795230636,"expiry":604800,"payee":"036745b76a194d89a340f9fd195ed1179f28c72728c5c01723c502fe9d0cb27095","amount_msat":1500000,"description":"2 cups of coffee","min_final_cltv_expiry":45,"payment_secret":"b66701a923c3f63ff6b0698264ee0be8b326768ba3430526f5b58fb379097f1d","features":"024100","payment_hash":"a18157896d0f098ab239af9e4865ef6dd1d85e6ccef7bad876261c96c4bd0461","signature":"3045022100c5414ce2...","valid":true}"#,
    }],
    see_also: &["pay", "invoice", "offer", "fetchinvoice"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<Decode>()
};

impl Run for Decode {
    async fn run(self, _call: Call) -> Outcome {
        match boltill_till::decode(&self.string) {
            Ok(decoded) => Answer::of(&decoded),
            // What is nothing of Lightning's may be a rune.
            Err(error) => match Rune::parse(self.string.trim()) {
                Ok(rune) => Answer::of(&DecodedRune::from(&rune)),
                Err(_) => Err(error.into()),
            },
        }
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

    /// The second example of `invoicerequest` in Core Lightning's manual.
    const REQUEST: &str = "lnr1qqgx5t5hcw5ru9fgkhgxj4thjq4ugzsk2fjhzat9wd6xjmn8ypnx7u3qd9h8vmmfvdj3yyrrd35kw6r5de5kueeqwd6x7un92qsqvgnwgcg35z6ee2h3yczraddm72xrfua9uve2rlrm9deu7xyfzr6jqwvfdqzcyypz6g3kyz34nfrl7lm6c3rushzxey3a55ecjgs6qp2vz8q78j336k0sgpvamrunx5t6vdaeu7nmmlh5u6f0dnscasy2alyxq79f5wnc043gxrzyqt640dmuj7c94644j5ae6wfse7tsejwqnmc575ly9t38h4hf";

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
    async fn an_invoice_request_says_who_pays() {
        let request = decoded(REQUEST).await;
        assert_eq!(request["type"], "bolt12 invoice_request");
        assert_eq!(request["offer_issuer"], "clightning store");
        assert_eq!(request["invreq_amount_msat"], 10_000_000);
        assert_eq!(request["valid"], true);
        let (front, back) = REQUEST.split_at(50);
        assert_eq!(decoded(&format!("{front}+ {back}")).await, request);
    }

    #[tokio::test]
    async fn a_rune_says_what_it_demands() {
        let rune =
            decoded("Kr7AsHrMYxGaHhv1KnS6fsIhUkKYaiV4LIKCDU_NZBI9MCZtZXRob2Q9aW52b2ljZXxtZXRob2RecGF5").await;
        assert_eq!(rune["type"], "rune");
        assert_eq!((&rune["unique_id"], &rune["valid"]), (&"0".into(), &true.into()));
        let code = "2abec0b07acc63119a1e1bf52a74ba7ec2215242986a25782c82820d4fcd6412";
        assert_eq!(rune["string"], format!("{code}:=0&method=invoice|method^pay"));
        let restriction = &rune["restrictions"][0];
        assert_eq!(restriction["alternatives"][1], "method^pay");
        assert_eq!(
            restriction["summary"],
            "method equal to invoice OR method starts with pay"
        );
    }

    #[tokio::test]
    async fn what_says_nothing_is_refused() {
        for text in ["", "hello", "lno1", &DONATION[..100]] {
            let refused = test_call().answer("decode", &format!("[\"{text}\"]")).await;
            assert!(refused.is_err(), "{text} was told as {refused:?}");
        }
    }
}
