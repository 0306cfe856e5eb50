//! `fetchinvoice`

use super::prelude::*;
use super::shared::unsupported;
use crate::params::{FromToken, HexBytes, Refusal, Token};
use boltill_till::{Bip353Name, FetchRequest, Fetched};
use boltill_types::Msat;
use serde::Serialize;
use std::time::Duration;

parameters! {
    /// Ask for an invoice for an offer
    ///
    /// Whoever made the offer is asked over the network, by the offer's paths or its node's id; if there is no way to them, this node
    /// connects to them, unless `fetchinvoice-noconnect` is set. What is answered has been checked: it is signed by whoever made the offer, is for
    /// what was asked, and asks for what was agreed. It is not paid; `pay` and `xpay` do that, and take offers too.
    pub struct FetchInvoice {
        /// The offer, `lno1...`, in upper or lower case, with or without `lightning:` in front.
        required offer: String,
        /// What to pay, in msat or with a unit. Must be given if the offer does not say, and not be less if it does.
        optional amount_msat: Msat; also "msatoshi",
        /// For how many items, if and only if the offer has a `quantity_max`.
        optional quantity: u64,
        /// Not supported: BOLT 12 has no recurrence.
        optional recurrence_counter: u64,
        /// Not supported, as *recurrence_counter*.
        optional recurrence_start: f64,
        /// Not supported, as *recurrence_counter*.
        optional recurrence_label: String,
        /// For how many seconds to wait for an answer; 60 when nothing is said.
        optional timeout: f64,
        /// Words for whoever made the offer.
        optional payer_note: String,
        /// What the key that asks is made of, in hexadecimal, so that the same one can be had again. It must not be guessable: whoever knows
        /// it can tell payments of the same payer. Random bytes, when nothing is said.
        optional payer_metadata: HexBytes,
        /// The name (BIP 353) by which the offer was found, with or without `₿` in front; whoever made the offer is told.
        optional bip353: Name,
    }
}

pub const COMMAND: Command = Command {
    name: "fetchinvoice",
    category: Category::Offers,
    answer: &[
        Field::always("invoice", Kind::String, "The invoice: `lni1...`."),
        Field::always(
            "changes",
            Kind::Object(CHANGES),
            "In what the invoice differs from the offer.",
        ),
    ],
    errors: &[
        (
            Code::InvalidParams,
            "The offer is none that can be paid, or amount or quantity do not go with it.",
        ),
        (Code::OfferExpired, "The offer's time has passed."),
        (
            Code::OfferRouteNotFound,
            "There is no way to whoever made the offer, and connecting has failed or is forbidden.",
        ),
        (
            Code::OfferBadReply,
            "Whoever made the offer refuses (the reason is the `error` of the data), or sent what is no invoice for what was asked.",
        ),
        (Code::OfferTimedOut, "No answer has come in time."),
    ],
    examples: &[Example {
        typed: "fetchinvoice lno1qgsqvgnwgcg35z6ee2h3yczraddm... payer_note='no sugar'",
        answer: r#"{"invoice":"lni1qqgypua5g7rp293k00s66ayvnv26...","changes":{}}"#,
    }],
    see_also: &["pay", "xpay", "offer", "sendinvoice", "decode"],
    // Whoever hangs up does not want the invoice.
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<FetchInvoice>()
};

const CHANGES: &[Field] = &[Field::sometimes(
    "amount_msat",
    Kind::Msat,
    "What the invoice asks for, if neither offer nor caller has said it, or only in a currency.",
)];

/// *bip353*
pub struct Name(Bip353Name);

impl FromToken for Name {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<Name, Refusal> {
        let name = token.string().and_then(|text| text.parse().ok());
        Ok(Name(name.ok_or("should be a name like bob@example.com")?))
    }
}

#[derive(Serialize)]
struct FetchedEntry<'a> {
    invoice: &'a str,
    changes: Changes,
}

#[derive(Serialize)]
struct Changes {
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_msat: Option<Msat>,
}

impl FetchedEntry<'_> {
    fn of(fetched: &Fetched) -> FetchedEntry<'_> {
        FetchedEntry {
            invoice: &fetched.invoice,
            changes: Changes {
                amount_msat: fetched.changed_amount,
            },
        }
    }
}

impl FetchInvoice {
    fn into_request(self) -> Result<FetchRequest, RpcError> {
        let why = "BOLT 12 has no recurrence";
        unsupported("recurrence_counter", &self.recurrence_counter, why)?;
        unsupported("recurrence_start", &self.recurrence_start, why)?;
        unsupported("recurrence_label", &self.recurrence_label, why)?;
        let timeout = self.timeout.map(Duration::try_from_secs_f64).transpose();
        Ok(FetchRequest {
            offer: self.offer,
            amount: self.amount_msat,
            quantity: self.quantity,
            timeout: timeout
                .map_err(|_| RpcError::invalid_params("timeout: should be a number of seconds"))?
                .unwrap_or(FetchRequest::DEFAULT_TIMEOUT),
            payer_note: self.payer_note,
            payer_metadata: self.payer_metadata.map(|metadata| metadata.0),
            bip_353_name: self.bip353.map(|name| name.0),
        })
    }
}

impl Run for FetchInvoice {
    async fn run(self, call: Call) -> Outcome {
        let request = self.into_request()?;
        let fetched = call.till()?.fetch_invoice(request).await?;
        Answer::of(&FetchedEntry::of(&fetched))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::documented::mismatches;
    use crate::commands::test_call;
    use crate::params::Parameters;

    fn request(params: &str) -> FetchRequest {
        let params = FetchInvoice::parse(Token::parse(params).unwrap()).unwrap();
        params.into_request().unwrap()
    }

    #[test]
    fn what_is_not_said_is_as_core_lightning_has_it() {
        assert_eq!(request(r#"["lno1"]"#).timeout, Duration::from_secs(60));
        let all = request(
            r#"{"offer":"lno1","msatoshi":"1sat","quantity":2,"timeout":0.5,"payer_note":"a","payer_metadata":"00ff","bip353":"₿b@c.d"}"#,
        );
        assert_eq!((all.amount, all.quantity), (Some(Msat(1_000)), Some(2)));
        assert_eq!(all.timeout, Duration::from_millis(500));
        assert_eq!(all.payer_metadata, Some(vec![0, 255]));
        assert_eq!(all.bip_353_name.unwrap().domain, "c.d");
    }

    #[test]
    fn an_answer_is_as_documented() {
        for changed_amount in [None, Some(Msat(5))] {
            let fetched = Fetched {
                invoice: "lni1".to_owned(),
                changed_amount,
            };
            let shown = serde_json::to_value(FetchedEntry::of(&fetched)).unwrap();
            assert_eq!(mismatches(COMMAND.answer, &shown), [""; 0]);
            assert_eq!(
                shown["changes"].get("amount_msat").is_some(),
                changed_amount.is_some()
            );
        }
    }

    #[tokio::test]
    async fn what_cannot_be_meant_is_refused() {
        let refusals = [
            (
                r#"{"offer":"lno1","bip353":"bob"}"#,
                "bip353: should be a name like bob@example.com: invalid token '\"bob\"'",
            ),
            (
                r#"{"offer":"lno1","recurrence_counter":0}"#,
                "recurrence_counter: not supported: BOLT 12 has no recurrence",
            ),
            (
                r#"{"offer":"lno1","timeout":1e300}"#,
                "timeout: should be a number of seconds",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(
                test_call().answer("fetchinvoice", params).await,
                Err(words.to_owned())
            );
        }
    }
}
