//! `offer`

use super::prelude::*;
use super::shared::unsupported;
use crate::hex::Hex;
use crate::params::{EscapedText, FromToken, MsatOrAny, Refusal, Token};
use boltill_till::{CreatedOffer, NewOffer};
use boltill_types::{Msat, UnixSeconds};
use serde::Serialize;

parameters! {
    /// Make a code that anybody can pay, again and again
    ///
    /// The code, `lno1...`, may be printed, or put on a page. Whoever reads it asks this node for an invoice over the network and pays that;
    /// each such invoice stands in `listinvoices` with the offer's id, and `waitanyinvoice` tells when one is paid. With *single_use*
    /// it is paid once and never again.
    ///
    /// A node that others cannot find by its id (it is not announced, or not with an address) puts paths to itself into the offer; they are
    /// good as long as the peers are that they start with. Otherwise the same offer made twice is one offer.
    pub struct OfferParams {
        /// What one item costs, in msat or with a unit, or `any` if whoever pays decides. In a currency (`10USD`) it is refused, since
        /// this node knows no exchange rates.
        required amount: OfferAmount,
        /// What the payment is for. Must be given unless the amount is `any`.
        optional description: EscapedText,
        /// Who is paid.
        optional issuer: String,
        /// Our own name for it, which need not be unique. No other node learns it.
        optional label: String,
        /// How many items one may ask for; 0 for any number. An invoice is then for as many times the *amount*.
        optional quantity_max: u64,
        /// The last second in which an invoice is made, in UNIX seconds.
        optional absolute_expiry: u64,
        /// Not supported: BOLT 12 has no recurrence.
        optional recurrence: String,
        /// Not supported, as *recurrence*.
        optional recurrence_base: String,
        /// Not supported, as *recurrence*.
        optional recurrence_paywindow: String,
        /// Not supported, as *recurrence*.
        optional recurrence_limit: u32,
        /// Whether it is paid once and never again.
        default single_use: bool = false,
        /// Not supported, as *recurrence*.
        optional proportional_amount: bool,
        /// Not supported, as *recurrence*.
        optional optional_recurrence: bool,
        /// Not supported, unless it is empty: then the offer has no paths. Which peers they start with is decided here.
        optional fronting_nodes: Vec<String>,
    }
}

pub const COMMAND: Command = Command {
    name: "offer",
    category: Category::Offers,
    answer: &[
        Field::always(
            "offer_id",
            Kind::Hash,
            "The offer's id: the SHA256 hash of its fields.",
        ),
        Field::always("active", Kind::Bool, "`true`."),
        Field::always(
            "single_use",
            Kind::Bool,
            "Whether it is paid once and never again.",
        ),
        Field::always("bolt12", Kind::String, "The offer, to be shown: `lno1...`."),
        Field::always("used", Kind::Bool, "Whether an invoice for it was paid."),
        Field::always("created", Kind::Bool, "`false` if the offer was there before."),
        Field::sometimes("label", Kind::String, "Our own name for it, if it has one."),
    ],
    errors: &[
        (
            Code::InvalidParams,
            "There is an amount without *description*, or the offer would not fit into a message.",
        ),
        (Code::OfferAlreadyExists, "It exists, and is not active."),
        (Code::Unspecified, "The disk failed."),
    ],
    examples: &[
        Example {
            typed: "offer 10000msat 'a coffee'",
            answer: r#"{"offer_id":"a2cd9b1b0b0bd4bd4b5d4ebb2bd4c0dffe1b1dc4e8f0e8f87ce0ac8a9c0dcbb1","active":true,"single_use":false,"bolt12":"lno1qgsqvgnwgcg35z6ee2h3yczraddm...","used":false,"created":true}"#,
        },
        Example {
            typed: "offer amount=any description='tip jar' label=jar",
            answer: r#"{"offer_id":"a2cd9b1b0b0bd4bd4b5d4ebb2bd4c0dffe1b1dc4e8f0e8f87ce0ac8a9c0dcbb1","active":true,"single_use":false,"bolt12":"lno1qgsqvgnwgcg35z6ee2h3yczraddm...","used":false,"created":true,"label":"jar"}"#,
        },
    ],
    see_also: &["listoffers", "disableoffer", "fetchinvoice", "invoicerequest"],
    ..Command::of::<OfferParams>()
};

/// *amount*
pub struct OfferAmount(Option<Msat>);

impl FromToken for OfferAmount {
    const KIND: Kind = Kind::MsatOrAny;

    fn from_token(token: Token<'_>) -> Result<OfferAmount, Refusal> {
        if let Some(currency) = token.string().as_deref().and_then(currency_of) {
            return Err(Refusal::ShouldBe(
                format!("no exchange rate is configured for {currency}").into(),
            ));
        }
        MsatOrAny::from_token(token).map(|amount| OfferAmount(amount.amount()))
    }
}

/// The ISO 4217 code behind a number.
fn currency_of(text: &str) -> Option<&str> {
    let at = text.len().checked_sub(3)?;
    let (number, code) = text.split_at_checked(at)?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_code = code.bytes().all(|byte| byte.is_ascii_uppercase());
    (is_number && is_code && !number.is_empty()).then_some(code)
}

#[derive(Serialize)]
struct Made<'a> {
    offer_id: Hex<'a>,
    active: bool,
    single_use: bool,
    bolt12: &'a str,
    used: bool,
    created: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
}

impl<'a> Made<'a> {
    fn of(made: &'a CreatedOffer) -> Made<'a> {
        let offer = &made.offer;
        Made {
            offer_id: Hex(&offer.id.0),
            active: offer.active,
            single_use: offer.single_use,
            bolt12: &offer.bolt12,
            used: offer.used,
            created: made.created,
            label: offer.label.as_deref(),
        }
    }
}

impl OfferParams {
    fn into_new(self) -> Result<NewOffer, RpcError> {
        let why = "BOLT 12 has no recurrence";
        unsupported("recurrence", &self.recurrence, why)?;
        unsupported("recurrence_base", &self.recurrence_base, why)?;
        unsupported("recurrence_paywindow", &self.recurrence_paywindow, why)?;
        unsupported("recurrence_limit", &self.recurrence_limit, why)?;
        unsupported("proportional_amount", &self.proportional_amount, why)?;
        unsupported("optional_recurrence", &self.optional_recurrence, why)?;
        let named = self.fronting_nodes.as_ref().filter(|nodes| !nodes.is_empty());
        unsupported(
            "fronting_nodes",
            &named,
            "which peers paths start with is decided here",
        )?;
        Ok(NewOffer {
            amount: self.amount.0,
            description: self.description.map(|text| text.0),
            issuer: self.issuer,
            label: self.label,
            quantity_max: self.quantity_max,
            absolute_expiry: self.absolute_expiry.map(UnixSeconds),
            single_use: self.single_use,
            may_have_paths: self.fronting_nodes.is_none(),
        })
    }
}

impl Run for OfferParams {
    async fn run(self, call: Call) -> Outcome {
        let new = self.into_new()?;
        let made = call.till()?.create_offer(new).await?;
        Answer::of(&Made::of(&made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::test_call;
    use crate::params::Parameters;

    fn new(params: &str) -> NewOffer {
        let params = OfferParams::parse(Token::parse(params).unwrap()).unwrap();
        params.into_new().unwrap()
    }

    #[test]
    fn what_is_not_said_is_as_core_lightning_has_it() {
        let tips = new(r#"["any", "tip jar"]"#);
        assert_eq!(
            (tips.amount, tips.single_use, tips.may_have_paths),
            (None, false, true)
        );
        let coffee = new(r#"{"amount":"1sat","description":"coffee","quantity_max":0,"fronting_nodes":[]}"#);
        assert_eq!((coffee.amount, coffee.quantity_max), (Some(Msat(1_000)), Some(0)));
        assert!(!coffee.may_have_paths);
    }

    #[tokio::test]
    async fn what_is_not_supported_is_refused() {
        let refusals = [
            (
                r#"["10USD", "coffee"]"#,
                "amount: no exchange rate is configured for USD: invalid token '\"10USD\"'",
            ),
            (
                r#"["0", "coffee"]"#,
                "amount: should be positive msat or 'any': invalid token '\"0\"'",
            ),
            (
                r#"{"amount":"any","recurrence":"4weeks"}"#,
                "recurrence: not supported: BOLT 12 has no recurrence",
            ),
            (
                r#"{"amount":"any","fronting_nodes":["02"]}"#,
                "fronting_nodes: not supported: which peers paths start with is decided here",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(test_call().answer("offer", params).await, Err(words.to_owned()));
        }
    }
}
