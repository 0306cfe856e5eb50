//! `sendinvoice`

use super::prelude::*;
use super::shared::invoice::{INVOICE, InvoiceEntry};
use crate::params::{FromToken, LabelText, Refusal, Token, bad_parameter};
use boltill_till::{CollectRequest, OfferlessRequest, Till, read_invoice_request};
use boltill_types::Msat;

parameters! {
    /// Collect the money that an invoice_request offers
    ///
    /// Somebody shows an invoice_request (`lnr1`), for example an ATM or a shop that refunds. This makes an invoice for it, files it
    /// under *label*, sends it to whoever made the request, and answers the invoice once it is paid. If there is no way to them
    /// over the network, it connects to them, unless `fetchinvoice-noconnect` is set.
    ///
    /// From the moment at which it is on file the invoice is one like any other, whatever becomes of this call: until it expires it can be
    /// paid, and `waitinvoice` tells when it is. The *label* is taken even if the invoice could not be sent.
    pub struct SendInvoice {
        /// The invoice_request, in upper or lower case, with or without `lightning:` in front. Signed ones, as Core Lightning makes
        /// them, are taken as well as unsigned ones, as BOLT 12 and LDK have them.
        required invreq: Invreq; also "offer",
        /// A name of our own that no other invoice has, of at most 128 bytes. No other node learns it.
        required label: LabelText,
        /// What to ask for, in msat or with a unit; what the request says, when nothing is said. Who asks for less is paid less; who
        /// asks for more is refused.
        optional amount_msat: Msat; also "msatoshi",
        /// For how many seconds to wait. The invoice can be paid for as long, and no longer.
        default timeout: u32 = 90,
        /// For how many items the payment is. The invoice repeats all that the request says, so this must be what the request says; it
        /// is refused when the request says nothing of it.
        optional quantity: u64,
    }
}

pub const COMMAND: Command = Command {
    name: "sendinvoice",
    category: Category::Offers,
    answer: INVOICE,
    errors: &[
        (
            Code::Unspecified,
            "Nobody could pay us (there is no channel to be paid by), or the ledger failed.",
        ),
        (
            Code::InvoiceLabelExists,
            "There is an invoice of this *label*; it comes as the error's data.",
        ),
        (Code::OfferExpired, "The request's time has passed."),
        (
            Code::OfferRouteNotFound,
            "There is no way to the payer, and connecting has failed or is forbidden.",
        ),
        (
            Code::OfferBadReply,
            "The payer refuses. Its reason is the `error` of the data, perhaps with the number of the `erroneous_field` and a `suggested_value`.",
        ),
        (
            Code::OfferTimedOut,
            "Neither money nor an answer has come in time; the invoice has expired.",
        ),
    ],
    examples: &[Example {
        typed: "sendinvoice lnr1qqgypua5... refund-77",
        answer: r#"{"label":"refund-77","bolt12":"lni1qqgypua5...","amount_msat":1000000,"payment_hash":"a18157896d0f098ab239af9e4865ef6dd1d85e6ccef7bad876261c96c4bd0461","status":"paid","pay_index":813,"amount_received_msat":1000000,"paid_at":1795230701,"payment_preimage":"fa6d08e52d6d2490d0b1817ab1ada55d19fb5d1ecd6255ab9fccc8095f7d51e5","description":"Simple test","expires_at":1795230790,"created_index":1043,"updated_index":932}"#,
    }],
    see_also: &["invoicerequest", "decode", "waitinvoice", "listinvoices"],
    // The invoice is filed and sent all the same.
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<SendInvoice>()
};

/// *invreq*
pub struct Invreq {
    request: OfferlessRequest,
    /// The parameter as it was given, to be told back.
    given: String,
}

impl FromToken for Invreq {
    const KIND: Kind = Kind::String;

    /// All that can be found wrong with it comes before the forms of the other parameters, but the chain, which is not known here.
    fn from_token(token: Token<'_>) -> Result<Invreq, Refusal> {
        let text = token.word().unwrap_or_default();
        let request = read_invoice_request(&text)
            .map_err(|rejection| Refusal::ShouldBe(rejection.to_string().into()))?;
        let given = token.raw().to_owned();
        Ok(Invreq { request, given })
    }
}

impl Invreq {
    fn for_chain_of(self, till: &Till) -> Result<OfferlessRequest, RpcError> {
        match till.check_chain(&self.request) {
            Ok(()) => Ok(self.request),
            Err(rejection) => {
                let token = Token::parse(&self.given)?;
                Err(bad_parameter("invreq", rejection.to_string(), token))
            }
        }
    }
}

impl Run for SendInvoice {
    async fn run(self, call: Call) -> Outcome {
        let till = call.till()?;
        let request = CollectRequest {
            invreq: self.invreq.for_chain_of(till)?,
            label: self.label.into_label()?,
            amount: self.amount_msat,
            timeout: self.timeout,
            quantity: self.quantity,
        };
        let mut invoice = till.collect(request).await?;
        // Core Lightning's schema has no place for it here; `listinvoices` shows it.
        invoice.invreq_payer_note = None;
        Answer::of(&InvoiceEntry::of(&invoice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::test_call;
    use crate::params::Parameters;

    /// From the first example of `invoicerequest` in Core Lightning's manual.
    const REQUEST: &str = "lnr1qqgypua5g7rp293k00s66ayvnv26czst2d5k6urvv5s8getnw3gzqp3zderpzxstt8927ynqg044h0egcd8n5h3n9g0u0v4h8ncc3yg02gps7sjqtqssytfzxcs2xkdy0lml0tzy0jzugmyj8kjn8zfzrgq9fsgurc72x82e7pq947t0ks7a4yejz8w79x4zj25s3pu6zrnw2e0v2ugdescpcqsq307z4p2dlxe92fv7xd43qut0pjkg4y094hupqyhsj8dlhvmmfng6sv";

    async fn refusal(params: &str) -> String {
        test_call().answer("sendinvoice", params).await.unwrap_err()
    }

    #[tokio::test]
    async fn what_is_wrong_with_the_request_comes_first() {
        let tampered = REQUEST.replace("6sv", "6sd");
        let unfinished = format!("{REQUEST}+");
        for (text, words) in [
            (
                tampered.as_str(),
                "Unparsable invoice_request: invalid bech32 string",
            ),
            (
                unfinished.as_str(),
                "Unparsable invoice_request: unfinished string",
            ),
            ("lno1qq", "Unparsable invoice_request: unexpected prefix lno"),
            ("lnr1qq", "Unparsable invoice_request: invalid invreq data"),
            ("lnr1qqqq", "Missing invreq_payer_id"),
        ] {
            for label in ["{}", "\"a\""] {
                let told = refusal(&format!("[\"{text}\", {label}]")).await;
                assert!(told.starts_with(&format!("invreq: {words}")), "{told}");
            }
        }
    }

    #[tokio::test]
    async fn then_the_forms_of_label_amount_and_timeout() {
        let long = "x".repeat(129);
        for (others, words) in [
            ("{}, {}, {}, {}", "label: should be a string or number"),
            ("1, {}, {}, {}", "amount_msat: should be a millisatoshi amount"),
            ("1, 1, {}, {}", "timeout: should be an unsigned 32 bit integer"),
            ("1, 1, 1, -1", "quantity: should be an unsigned 64 bit integer"),
            (&format!("\"{long}\""), "boltilld is still starting"),
        ] {
            let told = refusal(&format!("[\"{REQUEST}\", {others}]")).await;
            assert!(told.starts_with(words), "{told}");
        }
        assert_eq!(refusal("[]").await, "missing required parameter: invreq");
        assert_eq!(
            refusal(&format!("[\"{REQUEST}\"]")).await,
            "missing required parameter: label"
        );
    }

    #[test]
    fn names_that_older_clients_use_are_understood() {
        let params = format!(
            r#"{{"offer": "LIGHTNING:{}", "label": 7, "msatoshi": "1sat"}}"#,
            REQUEST.to_uppercase()
        );
        let parsed = SendInvoice::parse(Token::parse(&params).unwrap()).unwrap();
        assert_eq!(parsed.amount_msat, Some(Msat(1_000)));
        assert_eq!(parsed.timeout, CollectRequest::DEFAULT_TIMEOUT);
    }
}
