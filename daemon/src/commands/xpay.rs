//! `xpay`

use super::prelude::*;
use super::shared::unsupported;
use crate::hex::Hex;
use crate::params::HexBytes;
use boltill_till::{FeeLimit, Paid, PayRequest};
use boltill_types::Msat;
use serde::Serialize;
use std::time::Duration;

parameters! {
    /// Pay an invoice, or an offer, with less to decide
    ///
    /// As `pay`, with three differences: forwarding may cost one percent; an invoice that was paid before is an error; and an invoice
    /// that has only the hash of a description is paid without the description.
    ///
    /// Hanging up does not stop a payment; `listpays` tells what came of it.
    pub struct Xpay {
        /// The invoice, of BOLT 11 or BOLT 12; or an offer, for which an invoice is fetched then and there. Names (BIP 353) are not
        /// looked up.
        required invstring: String,
        /// What to pay, if invoice or offer leave it to the payer; otherwise it must not be given.
        optional amount_msat: Msat,
        /// What forwarding may cost at most; 5 sat or one percent, whichever is more, when nothing is said.
        optional maxfee: Msat,
        /// Not supported, unless it is empty: ways are found by LDK, which has no layers.
        optional layers: Vec<String>,
        /// For how many seconds to try other ways, from the first.
        default retry_for: u32 = 60,
        /// What to pay of the amount, while somebody else pays the rest. Less than all of it is not supported.
        optional partial_msat: Msat,
        /// For how many blocks the money may be under way at most.
        default maxdelay: u32 = 2_016,
        /// Words for whoever made the offer; only for an offer.
        optional payer_note: String,
        /// A name of our own for the payment; `listpays` and `listsendpays` show it.
        optional label: String,
        /// Not supported: the invoice for an invoice_request of ours is paid as it arrives, and not by this command.
        optional localinvreqid: HexBytes,
    }
}

pub const COMMAND: Command = Command {
    name: "xpay",
    category: Category::Payments,
    answer: &[
        Field::always("payment_preimage", Kind::Secret, "The proof of the payment."),
        Field::always("failed_parts", Kind::U64, "How many parts failed on the way."),
        Field::always("successful_parts", Kind::U64, "How many parts arrived."),
        Field::always("amount_msat", Kind::Msat, "What the payee got."),
        Field::always("amount_sent_msat", Kind::Msat, "What left us, fees included."),
    ],
    errors: &[
        (
            Code::InvalidParams,
            "The invoice is none that can be paid, or the amount does not go with it.",
        ),
        (
            Code::PayInProgress,
            "A payment of this payment hash is under way.",
        ),
        (Code::PayDestinationFailed, "The payee refused."),
        (
            Code::PayRouteNotFound,
            "There is no way to the payee, or none within the limits.",
        ),
        (
            Code::PayInvoiceExpired,
            "The invoice has expired; the error's data are `now` and `expiry`.",
        ),
        (Code::PayUnspecifiedError, "It failed for another reason."),
        (
            Code::PayStoppedRetrying,
            "*retry_for* is over, and no part is under way any more.",
        ),
        (Code::PayAlreadyPaid, "The invoice was paid before."),
        (
            Code::OfferExpired,
            "The offer's time has passed. This and the next three: when an offer is paid.",
        ),
        (
            Code::OfferRouteNotFound,
            "There is no way to whoever made the offer, and connecting has failed or is forbidden.",
        ),
        (
            Code::OfferBadReply,
            "Whoever made the offer refuses, or sent what is no invoice for what was asked.",
        ),
        (Code::OfferTimedOut, "No invoice has come in time."),
    ],
    examples: &[Example {
        typed: "xpay lnbcrt15u1p4szyda...",
        answer: r#"{"payment_preimage":"fa6d08e52d6d2490d0b1817ab1ada55d19fb5d1ecd6255ab9fccc8095f7d51e5","failed_parts":0,"successful_parts":1,"amount_msat":1500000,"amount_sent_msat":1500016}"#,
    }],
    see_also: &["pay", "keysend", "listpays", "decode"],
    // The payment itself goes on when nobody waits for it any more.
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<Xpay>()
};

#[derive(Serialize)]
struct PaidParts<'a> {
    payment_preimage: Hex<'a>,
    failed_parts: u64,
    successful_parts: u64,
    amount_msat: Msat,
    amount_sent_msat: Msat,
}

impl<'a> PaidParts<'a> {
    fn of(paid: &'a Paid) -> PaidParts<'a> {
        PaidParts {
            payment_preimage: Hex(&paid.preimage.0),
            failed_parts: paid.failed_parts,
            successful_parts: paid.successful_parts,
            amount_msat: paid.payment.amount,
            amount_sent_msat: paid.amount_sent,
        }
    }
}

impl Xpay {
    fn into_request(self) -> Result<PayRequest, RpcError> {
        let layers = self.layers.filter(|layers| !layers.is_empty());
        unsupported("layers", &layers, "ways are found by LDK, which has none")?;
        unsupported(
            "localinvreqid",
            &self.localinvreqid,
            "the invoice for an invoice_request of ours is paid as it arrives",
        )?;
        Ok(PayRequest {
            invstring: self.invstring,
            amount: self.amount_msat,
            payer_note: self.payer_note,
            label: self.label,
            description: None,
            fee_limit: self.maxfee.map_or(FeeLimit::XPAY, FeeLimit::Absolute),
            retry_for: Duration::from_secs(self.retry_for.into()),
            max_delay: self.maxdelay,
            exclude: Vec::new(),
            partial: self.partial_msat,
        })
    }
}

impl Run for Xpay {
    async fn run(self, call: Call) -> Outcome {
        let request = self.into_request()?;
        let seconds = request.retry_for.as_secs();
        let words =
            format!("Looking for a way to the payee; if it fails, others are tried for {seconds} seconds");
        call.caller.tell(Level::Info, words);
        let paid = call.till()?.xpay(request).await?;
        Answer::of(&PaidParts::of(&paid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::test_call;
    use crate::params::{Parameters, Token};

    fn request(params: &str) -> PayRequest {
        Xpay::parse(Token::parse(params).unwrap())
            .unwrap()
            .into_request()
            .unwrap()
    }

    #[test]
    fn what_is_not_said_is_as_core_lightning_has_it() {
        let request = request(r#"["lnbc1", null, null, []]"#);
        assert_eq!(request.fee_limit, FeeLimit::XPAY);
        assert_eq!(request.retry_for, PayRequest::DEFAULT_RETRY_FOR);
        assert_eq!(request.max_delay, PayRequest::DEFAULT_MAX_DELAY);
    }

    #[test]
    fn every_limit_is_passed_on() {
        let request = request(r#"["lnbc1", "2sat", "1sat", null, 20, 5, 144, null, "a"]"#);
        assert_eq!(request.amount, Some(Msat(2_000)));
        assert_eq!(request.fee_limit, FeeLimit::Absolute(Msat(1_000)));
        assert_eq!(
            (request.retry_for, request.max_delay),
            (Duration::from_secs(20), 144)
        );
        assert_eq!(
            (request.partial, request.label.as_deref()),
            (Some(Msat(5)), Some("a"))
        );
    }

    #[tokio::test]
    async fn what_is_not_supported_is_refused() {
        let refusals = [
            (
                r#"{"invstring":"lnbc1","layers":["mine"]}"#,
                "layers: not supported: ways are found by LDK, which has none",
            ),
            (
                r#"{"invstring":"lnbc1","layers":"mine"}"#,
                "layers: should be an array: invalid token '\"mine\"'",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(test_call().answer("xpay", params).await, Err(words.to_owned()));
        }
    }
}
