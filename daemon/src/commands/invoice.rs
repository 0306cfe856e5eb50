//! `invoice`

use super::prelude::*;
use crate::hex::Hex;
use crate::params::{EscapedText, FromToken, LabelText, MsatOrAny, Refusal, ShortChannelId, Token};
use boltill_till::{CreatedInvoice, ExposePrivate, HintWarning, NewBolt11};
use boltill_types::{CreatedIndex, PaymentPreimage, UnixSeconds};
use serde::ser::{Serialize, SerializeMap, Serializer};

parameters! {
    /// Ask for a payment with a BOLT 11 invoice
    ///
    /// Makes an invoice, files it under *label*, and answers it once it is durable. Hand `bolt11` to the payer; `waitinvoice` tells
    /// when it is paid.
    ///
    /// The invoice names channels of ours as ways to us (route hints): one public channel with room for the amount, or as many as
    /// it takes. The warnings tell what may keep it from being paid; the invoice is made all the same.
    pub struct Invoice {
        /// What is to be paid, in msat or with a unit: `1000`, `1sat`, `0.00000001btc`. `any` leaves it to the payer.
        required amount_msat: MsatOrAny; also "msatoshi",
        /// A name of our own that no other invoice has, of at most 128 bytes. A number is taken as its digits, so `25` is `"25"`
        /// and `"01"` is another one. No other node learns it.
        required label: LabelText,
        /// What the payment is for, as the payer reads it. At most 639 bytes, unless *deschashonly* is `true`; `\u` escapes are
        /// refused.
        required description: EscapedText,
        /// For how many seconds it can be paid; a week, when nothing is said.
        default expiry: u64 = 604_800,
        /// On-chain addresses for payers without Lightning, the preferred one first. Nobody watches them for this invoice.
        optional fallbacks: Vec<String>,
        /// The preimage, in 64 hexadecimal digits. Whoever knows it can take the payment on its way, so give one only where a
        /// protocol demands it, and never the same one twice.
        optional preimage: PaymentPreimage,
        /// Which unannounced channels the invoice may reveal: `true` for all, `false` for none, or the short channel id or alias of a
        /// channel, or an array of them, for these and no others. When nothing is said, they are revealed only if no channel
        /// is announced.
        optional exposeprivatechannels: Exposed,
        /// How many blocks the last hop must leave us at least (`min_final_cltv_expiry_delta`); `cltv-final` when nothing is said. LDK
        /// has a minimum of its own, which comes first.
        optional cltv: u32,
        /// Whether the invoice holds the hash of the description in its place. That allows for long descriptions, which the
        /// payer must get in another way; `listinvoices` shows it.
        default deschashonly: bool = false,
    }
}

pub const COMMAND: Command = Command {
    name: "invoice",
    category: Category::Invoices,
    answer: &[
        Field::always(
            "payment_hash",
            Kind::Hash,
            "The hash of the preimage that proves the payment.",
        ),
        Field::always(
            "expires_at",
            Kind::U64,
            "When it stops being payable, in UNIX seconds.",
        ),
        Field::always("bolt11", Kind::String, "The invoice, for the payer."),
        Field::always(
            "payment_secret",
            Kind::Secret,
            "What only a payer with the invoice can send along.",
        ),
        Field::always(
            "created_index",
            Kind::U64,
            "The order in which invoices were made, from 1.",
        ),
        Field::sometimes(
            "warning_capacity",
            Kind::String,
            "Not even all channels together can receive the amount.",
        ),
        Field::sometimes(
            "warning_offline",
            Kind::String,
            "They could, were all peers connected.",
        ),
        Field::sometimes(
            "warning_deadends",
            Kind::String,
            "They could, had all peers other public channels.",
        ),
        Field::sometimes(
            "warning_private_unused",
            Kind::String,
            "They could, were unannounced channels revealed.",
        ),
        Field::sometimes(
            "warning_mpp",
            Kind::String,
            "Only payers that split payments into parts can pay it.",
        ),
    ],
    errors: &[
        (
            Code::Unspecified,
            "A fallback is no address of our chain, or the ledger failed.",
        ),
        (
            Code::InvoiceLabelExists,
            "There is an invoice of this *label*; it comes as the error's data.",
        ),
        (
            Code::InvoicePreimageExists,
            "There is an invoice of this *preimage*.",
        ),
        (
            Code::InvoiceHintsUnusable,
            "None of the channels in *exposeprivatechannels* can be a hint.",
        ),
    ],
    examples: &[
        Example {
            typed: "invoice 1500sat order-1042 \"2 cups of coffee\"",
            answer: r#"{"payment_hash":"a18157896d0f098ab239af9e4865ef6dd1d85e6ccef7bad876261c96c4bd0461","expires_at":1795835436,"bolt11":"lnbcrt15u1p4szyda...","payment_secret":"b66701a923c3f63ff6b0698264ee0be8b326768ba3430526f5b58fb379097f1d","created_index":1042}"#,
        },
        Example {
            typed: "invoice amount_msat=any label=tip-jar description=Tips expiry=3600 exposeprivatechannels=true",
            answer: r#"{"payment_hash":"1e18508d5e7fb2015c117fc0f8ede076bcefd523e68c21206c4486c85da9377d","expires_at":1795234236,"bolt11":"lnbcrt1p4szywp...","payment_secret":"5d89ce924f34441ba707b22dcdb5a8d8ad5e932d651de88880628191a706cdef","created_index":1043,"warning_capacity":"Insufficient incoming channel capacity to pay invoice"}"#,
        },
    ],
    see_also: &["listinvoices", "waitinvoice", "delinvoice", "pay"],
    ..Command::of::<Invoice>()
};

/// *exposeprivatechannels*
pub struct Exposed(ExposePrivate);

impl FromToken for Exposed {
    const KIND: Kind = Kind::Any;

    fn from_token(token: Token<'_>) -> Result<Exposed, Refusal> {
        if let Ok(all) = bool::from_token(token) {
            return Ok(Exposed(if all {
                ExposePrivate::Always
            } else {
                ExposePrivate::Never
            }));
        }
        let channels = match token.elements() {
            Some(elements) => elements.into_iter().map(ShortChannelId::from_token).collect(),
            None => ShortChannelId::from_token(token).map(|channel| vec![channel]),
        };
        let channels: Vec<ShortChannelId> = channels?;
        Ok(Exposed(ExposePrivate::Only(
            channels.into_iter().map(|channel| channel.0).collect(),
        )))
    }
}

#[derive(serde::Serialize)]
struct Created<'a> {
    payment_hash: Hex<'a>,
    expires_at: UnixSeconds,
    bolt11: &'a str,
    payment_secret: Hex<'a>,
    created_index: CreatedIndex,
    #[serde(flatten)]
    warnings: Warnings<'a>,
}

impl<'a> Created<'a> {
    fn of(invoice: &'a CreatedInvoice) -> Created<'a> {
        Created {
            payment_hash: Hex(&invoice.payment_hash.0),
            expires_at: invoice.expires_at,
            bolt11: &invoice.bolt11,
            payment_secret: Hex(&invoice.payment_secret.0),
            created_index: invoice.created_index,
            warnings: Warnings(&invoice.warnings),
        }
    }
}

/// Each warning is a field of its own.
struct Warnings<'a>(&'a [HintWarning]);

impl Serialize for Warnings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(Some(self.0.len()))?;
        for warning in self.0 {
            fields.serialize_entry(warning.name(), warning.text())?;
        }
        fields.end()
    }
}

impl Run for Invoice {
    async fn run(self, call: Call) -> Outcome {
        let new = NewBolt11 {
            amount: self.amount_msat.amount(),
            label: self.label.into_label()?,
            description: self.description.0,
            expiry: self.expiry,
            fallbacks: self.fallbacks.unwrap_or_default(),
            preimage: self.preimage,
            expose_private: self
                .exposeprivatechannels
                .map_or_else(ExposePrivate::default, |exposed| exposed.0),
            cltv: self.cltv,
            deschashonly: self.deschashonly,
        };
        let created = call.till()?.create_invoice(new).await?;
        Answer::of(&Created::of(&created))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::documented::mismatches;
    use crate::commands::test_call;
    use crate::params::Parameters;
    use boltill_till::DEFAULT_INVOICE_EXPIRY;
    use boltill_types::{PaymentHash, PaymentSecret};
    use serde_json::json;

    #[tokio::test]
    async fn the_forms_of_all_parameters_come_before_the_length_of_the_label() {
        let long = "x".repeat(129);
        let refusals = [
            (
                r#"[0, "a", "b"]"#.to_owned(),
                "amount_msat: should be positive msat or 'any': invalid token '0'".to_owned(),
            ),
            (
                r#"[1, {}, "b"]"#.to_owned(),
                "label: should be a string or number: invalid token '{}'".to_owned(),
            ),
            (
                r#"[1, "a", "caf\u00e9"]"#.to_owned(),
                r#"description: should be a string (without \u): invalid token '"caf\u00e9"'"#.to_owned(),
            ),
            (
                r#"[1, "a", "b", -1]"#.to_owned(),
                "expiry: should be an unsigned 64 bit integer: invalid token '-1'".to_owned(),
            ),
            (
                r#"[1, "a", "b", 60, "2Mx"]"#.to_owned(),
                r#"fallbacks: should be an array: invalid token '"2Mx"'"#.to_owned(),
            ),
            (
                r#"[1, "a", "b", 60, [], "00"]"#.to_owned(),
                r#"preimage: should be a 32 byte hex value: invalid token '"00"'"#.to_owned(),
            ),
            (
                r#"[1, "a", "b", 60, [], null, ["1x1"]]"#.to_owned(),
                "exposeprivatechannels: should be a short_channel_id of form NxNxN: invalid token '[\"1x1\"]'"
                    .to_owned(),
            ),
            (
                format!(r#"[1, "{long}", "b", 60, [], null, true, 9, 2]"#),
                "deschashonly: should be 'true' or 'false': invalid token '2'".to_owned(),
            ),
            (
                format!(r#"[1, "{long}", "{}"]"#, "y".repeat(640)),
                format!("Label '{long}' over 128 bytes"),
            ),
            (r#"[1, "a"]"#.to_owned(), "missing required parameter: description".to_owned()),
        ];
        for (params, words) in refusals {
            assert_eq!(
                test_call().answer("invoice", &params).await,
                Err(words),
                "{params}"
            );
        }
    }

    #[test]
    fn an_invoice_lives_for_a_week_when_nothing_is_said() {
        let invoice = Invoice::parse(Token::parse(r#"[1, "a", "b"]"#).unwrap()).unwrap();
        assert_eq!(invoice.expiry, DEFAULT_INVOICE_EXPIRY);
    }

    #[test]
    fn channels_to_reveal_are_all_or_none_or_these() {
        let read = |json: &str| Exposed::from_token(Token::parse(json).unwrap()).map(|exposed| exposed.0);
        assert_eq!(read("true"), Ok(ExposePrivate::Always));
        assert_eq!(read("\"false\""), Ok(ExposePrivate::Never));
        assert_eq!(read("\"0x0x1\""), Ok(ExposePrivate::Only(vec![1])));
        assert_eq!(
            read(r#"["0x0x1","0x1x0"]"#),
            Ok(ExposePrivate::Only(vec![1, 1 << 16]))
        );
        assert_eq!(read("[]"), Ok(ExposePrivate::Only(vec![])));
        assert!(read("[true]").is_err());
        assert!(read("null").is_err());
    }

    #[test]
    fn each_warning_is_a_field_of_the_answer() {
        let created = CreatedInvoice {
            payment_hash: PaymentHash([1; 32]),
            expires_at: UnixSeconds(1_700_000_000),
            bolt11: "lnbcrt1".to_owned(),
            payment_secret: PaymentSecret([2; 32]),
            created_index: CreatedIndex(3),
            warnings: vec![HintWarning::Offline, HintWarning::Mpp],
        };
        let answer = serde_json::to_value(Created::of(&created)).unwrap();
        assert_eq!(mismatches(COMMAND.answer, &answer), [] as [&str; 0]);
        assert_eq!(
            answer,
            json!({
                "payment_hash": "01".repeat(32), "expires_at": 1_700_000_000, "bolt11": "lnbcrt1",
                "payment_secret": "02".repeat(32), "created_index": 3,
                "warning_offline": HintWarning::Offline.text(), "warning_mpp": HintWarning::Mpp.text(),
            })
        );
    }
}
