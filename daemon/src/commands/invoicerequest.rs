//! `invoicerequest`

use super::prelude::*;
use super::shared::invoice_request::{INVOICE_REQUEST, InvoiceRequestEntry};
use crate::params::EscapedText;
use boltill_till::{Dialects, InvoiceRequest, NewRequest, PayoutLimits};
use boltill_types::{Msat, UnixSeconds};
use serde::Serialize;

parameters! {
    /// Make a code by which whoever reads it is paid
    ///
    /// The code, `lnr1...`, is for somebody who is owed money: a withdrawal, a refund, a salary. Whoever reads it sends an invoice over the
    /// network, as `sendinvoice` does, and this node pays it, as long as it runs: with *single_use* exactly once, else every invoice
    /// that comes, each once. A payment that fails counts for nothing, and may be tried again.
    ///
    /// Nothing more is paid after *absolute_expiry*, or after `disableinvoicerequest`. A code that is paid more than once can have limits:
    /// how often it is paid, how much in all, and how soon again. They hold for payments under way, too.
    ///
    /// There are two ways to write the same request, by which both have the same id: Core Lightning demands a signature, LDK refuses it.
    pub struct InvoiceRequestParams {
        /// What an invoice may ask for; less is paid as well.
        required amount: Msat; also "amount_msat", "msatoshi",
        /// What the payment is for. Everyone who sees the code can read it.
        required description: EscapedText,
        /// Who pays, if that should stand in the code.
        optional issuer: String,
        /// Our own name for it, which need not be unique.
        optional label: String,
        /// The last second in which an invoice is paid, in UNIX seconds.
        optional absolute_expiry: u64,
        /// Whether it is paid once and never again.
        default single_use: bool = true,
        /// How it is written: `signed`, `unsigned`, or `both`, with the unsigned one beside the other as `bolt12_unsigned`.
        default dialect: Dialects = Dialects::Signed,
        /// How many payments are made at most; only without *single_use*.
        optional max_payments: u64,
        /// What all payees get together at most; only without *single_use*.
        optional max_total_msat: Msat,
        /// How many seconds lie at least between the beginnings of two payments; only without *single_use*.
        optional min_interval: u64,
    }
}

pub const COMMAND: Command = Command {
    name: "invoicerequest",
    category: Category::Offers,
    answer: ANSWER,
    errors: &[
        (
            Code::InvalidParams,
            "The *amount* is zero, *absolute_expiry* has passed, a limit allows nothing or comes with *single_use*, or the texts are too long.",
        ),
        (Code::OfferAlreadyExists, "It exists, and is paid no more."),
        (Code::Unspecified, "The system or the disk failed."),
    ],
    examples: &[
        Example {
            typed: "invoicerequest 50000sat 'cash from the ATM'",
            answer: r#"{"invreq_id":"93f193cd2432d292f8b64af08942989d71c0a0366fb52d57ddb688c8fb066399","active":true,"single_use":true,"bolt12":"lnr1qqgypua5g7rp293k00s66ayvn...","used":false}"#,
        },
        Example {
            typed: "invoicerequest -k amount=10000sat description='1 day of work' label=wages single_use=false max_payments=20 min_interval=72000 dialect=both",
            answer: r#"{"invreq_id":"a621a0e8e8ea9aa97fd47ab9b140e413be7f4ea45377617e693eb7afe5a3dbf9","active":true,"single_use":false,"bolt12":"lnr1qqgx5t5hcw5ru9fgkhgxj4thj...","used":false,"label":"wages","bolt12_unsigned":"lnr1qqgx5t5hcw5ru9fgkhgxj4thj..."}"#,
        },
    ],
    see_also: &[
        "listinvoicerequests",
        "disableinvoicerequest",
        "sendinvoice",
        "wait",
    ],
    ..Command::of::<InvoiceRequestParams>()
};

const ANSWER: &[Field] = &[
    INVOICE_REQUEST[0],
    INVOICE_REQUEST[1],
    INVOICE_REQUEST[2],
    INVOICE_REQUEST[3],
    INVOICE_REQUEST[4],
    INVOICE_REQUEST[5],
    Field::sometimes(
        "bolt12_unsigned",
        Kind::String,
        "With *dialect* `both`: the same request without signature.",
    ),
];

#[derive(Serialize)]
struct Made<'a> {
    #[serde(flatten)]
    entry: InvoiceRequestEntry<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bolt12_unsigned: Option<&'a str>,
}

impl Made<'_> {
    fn of(request: &InvoiceRequest) -> Made<'_> {
        Made {
            entry: InvoiceRequestEntry::of(request),
            bolt12_unsigned: request.bolt12_unsigned.as_deref(),
        }
    }
}

impl Run for InvoiceRequestParams {
    async fn run(self, call: Call) -> Outcome {
        let request = NewRequest {
            amount: self.amount,
            description: self.description.0,
            issuer: self.issuer,
            label: self.label,
            absolute_expiry: self.absolute_expiry.map(UnixSeconds),
            single_use: self.single_use,
            limits: PayoutLimits {
                max_payments: self.max_payments,
                max_total: self.max_total_msat,
                min_interval: self.min_interval,
            },
            dialects: self.dialect,
        };
        let request = call.till()?.create_invoice_request(request).await?;
        Answer::of(&Made::of(&request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::documented::mismatches;
    use crate::commands::shared::invoice_request::tests::reusable;
    use crate::commands::test_call;

    #[test]
    fn the_second_dialect_is_in_the_answer_if_it_was_asked_for() {
        let both = serde_json::to_value(Made::of(&reusable())).unwrap();
        assert_eq!(mismatches(ANSWER, &both), [""; 0]);
        assert_eq!(both["bolt12_unsigned"], "lnr1unsigned");
        let one = InvoiceRequest {
            bolt12_unsigned: None,
            ..reusable()
        };
        let one = serde_json::to_value(Made::of(&one)).unwrap();
        assert_eq!(one.get("bolt12_unsigned"), None);
    }

    #[tokio::test]
    async fn what_is_not_of_its_form_is_refused() {
        let refusals = [
            (r#"[1000]"#, "missing required parameter: description"),
            (
                r#"["1000cents", "a"]"#,
                "amount: should be a millisatoshi amount: invalid token '\"1000cents\"'",
            ),
            (
                r#"{"amount":1000,"description":"a","dialect":"latin"}"#,
                "dialect: should be 'signed', 'unsigned' or 'both': invalid token '\"latin\"'",
            ),
            (
                r#"{"msatoshi":1000,"description":"a","single_use":"once"}"#,
                "single_use: should be 'true' or 'false': invalid token '\"once\"'",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(
                test_call().answer("invoicerequest", params).await,
                Err(words.to_owned())
            );
        }
    }
}
