//! `pay`

use super::prelude::*;
use super::shared::limits::{Excluded, fee_limit};
use super::shared::payment::{PAID, PaidEntry};
use super::shared::unsupported;
use crate::params::HexBytes;
use boltill_till::PayRequest;
use boltill_types::Msat;
use std::time::Duration;

parameters! {
    /// Pay an invoice, or an offer
    ///
    /// Tries one way after another, in parts where one channel is too narrow, until the payment has arrived, cannot arrive, or
    /// *retry_for* is over. An invoice that was paid before is not paid again: the answer is that of the payment made then.
    ///
    /// A payment that is answered as failed has failed for good. While any part of it may still arrive there is no answer; hanging up
    /// does not stop it, and `listpays` tells what came of it.
    pub struct Pay {
        /// The invoice, of BOLT 11 or BOLT 12; or an offer, for which an invoice is fetched then and there.
        required bolt11: String; also "invstring",
        /// What to pay, if invoice or offer leave it to the payer; otherwise it must not be given.
        optional amount_msat: Msat; also "msatoshi",
        /// A name of our own for the payment; `listpays` and `listsendpays` show it.
        optional label: String,
        /// How a long delay is weighed against a low fee. Accepted, and of no effect: ways are weighed by LDK, which has no such
        /// weight.
        optional riskfactor: f64,
        /// What forwarding may cost at most, in percent of the amount; 0.5 when nothing is said.
        optional maxfeepercent: f64,
        /// For how many seconds to try other ways, from the first.
        default retry_for: u16 = 60,
        /// For how many blocks the money may be under way at most; 2016 when nothing is said.
        optional maxdelay: u16,
        /// A fee that is allowed whatever *maxfeepercent* says; 5 sat when nothing is said.
        optional exemptfee: Msat,
        /// Not supported: the invoice for an invoice_request of ours is paid as it arrives, and not by this command.
        optional localinvreqid: HexBytes,
        /// Channels and nodes to keep out of: short channel ids, whose direction (`/0` or `/1`) makes no difference, or public keys
        /// of nodes.
        optional exclude: Vec<Excluded>,
        /// What forwarding may cost at most, in place of *maxfeepercent* and *exemptfee*.
        optional maxfee: Msat,
        /// What the payment is for, if the invoice has only the hash of that; it is compared with the hash.
        optional description: String,
        /// What to pay of the amount, while somebody else pays the rest. Less than all of it is not supported.
        optional partial_msat: Msat,
    }
}

pub const COMMAND: Command = Command {
    name: "pay",
    category: Category::Payments,
    answer: PAID,
    errors: &[
        (
            Code::InvalidParams,
            "The invoice is none that can be paid, or the amount does not go with it.",
        ),
        (
            Code::PayInProgress,
            "A payment of this payment hash is under way.",
        ),
        (
            Code::PayHashAlreadyUsed,
            "This payment hash was paid with another amount or to another node.",
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
    examples: &[
        Example {
            typed: "pay lnbcrt15u1p4szyda...",
            answer: r#"{"destination":"036745b76a194d89a340f9fd195ed1179f28c72728c5c01723c502fe9d0cb27095","payment_hash":"a18157896d0f098ab239af9e4865ef6dd1d85e6ccef7bad876261c96c4bd0461","created_at":1795230700,"parts":1,"amount_msat":1500000,"amount_sent_msat":1500016,"payment_preimage":"fa6d08e52d6d2490d0b1817ab1ada55d19fb5d1ecd6255ab9fccc8095f7d51e5","status":"complete"}"#,
        },
        Example {
            typed: "pay bolt11=lnbcrt1p4szywp... amount_msat=2sat maxfee=10msat retry_for=20",
            answer: r#"{"destination":"036745b76a194d89a340f9fd195ed1179f28c72728c5c01723c502fe9d0cb27095","payment_hash":"1e18508d5e7fb2015c117fc0f8ede076bcefd523e68c21206c4486c85da9377d","created_at":1795230810,"parts":1,"amount_msat":2000,"amount_sent_msat":2000,"payment_preimage":"cdf9293590ab8a93d613b67526a6d35156fa143fd3c9430e42a853ce91b6d8d7","status":"complete"}"#,
        },
    ],
    see_also: &["xpay", "keysend", "listpays", "decode"],
    // The payment itself goes on when nobody waits for it any more.
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<Pay>()
};

impl Pay {
    fn into_request(self) -> Result<PayRequest, RpcError> {
        unsupported(
            "localinvreqid",
            &self.localinvreqid,
            "the invoice for an invoice_request of ours is paid as it arrives",
        )?;
        if let Some(riskfactor) = self.riskfactor {
            tracing::debug!("a riskfactor of {riskfactor} has no effect");
        }
        Ok(PayRequest {
            invstring: self.bolt11,
            amount: self.amount_msat,
            payer_note: None,
            label: self.label,
            description: self.description,
            fee_limit: fee_limit(self.maxfee, self.maxfeepercent, self.exemptfee)?,
            retry_for: Duration::from_secs(self.retry_for.into()),
            max_delay: self.maxdelay.map_or(PayRequest::DEFAULT_MAX_DELAY, u32::from),
            exclude: self
                .exclude
                .unwrap_or_default()
                .into_iter()
                .map(|excluded| excluded.0)
                .collect(),
            partial: self.partial_msat,
        })
    }
}

impl Run for Pay {
    async fn run(self, call: Call) -> Outcome {
        let request = self.into_request()?;
        let seconds = request.retry_for.as_secs();
        let words =
            format!("Looking for a way to the payee; if it fails, others are tried for {seconds} seconds");
        call.caller.tell(Level::Info, words);
        let paid = call.till()?.pay(request).await?;
        Answer::of(&PaidEntry::of(&paid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::test_call;
    use crate::params::{Parameters, Token};
    use boltill_till::{Exclude, FeeLimit};

    fn request(params: &str) -> PayRequest {
        Pay::parse(Token::parse(params).unwrap())
            .unwrap()
            .into_request()
            .unwrap()
    }

    #[test]
    fn what_is_not_said_is_as_core_lightning_has_it() {
        let request = request(r#"{"invstring":"lnbc1"}"#);
        assert_eq!(request.invstring, "lnbc1");
        assert_eq!(request.fee_limit, FeeLimit::PAY);
        assert_eq!(request.retry_for, PayRequest::DEFAULT_RETRY_FOR);
        assert_eq!(request.max_delay, PayRequest::DEFAULT_MAX_DELAY);
        assert_eq!((request.amount, request.partial), (None, None));
    }

    #[test]
    fn every_limit_is_passed_on() {
        let request = request(
            r#"{"bolt11":"lnbc1","msatoshi":"2sat","maxfee":10,"retry_for":20,"maxdelay":144,"exclude":["0x0x7/1"],
                "label":"a","description":"b","partial_msat":5,"riskfactor":1}"#,
        );
        assert_eq!(request.amount, Some(Msat(2_000)));
        assert_eq!(request.fee_limit, FeeLimit::Absolute(Msat(10)));
        assert_eq!(
            (request.retry_for, request.max_delay),
            (Duration::from_secs(20), 144)
        );
        assert_eq!(request.exclude, [Exclude::Channel(7)]);
        assert_eq!(
            (request.label.as_deref(), request.description.as_deref()),
            (Some("a"), Some("b"))
        );
        assert_eq!(request.partial, Some(Msat(5)));
    }

    #[tokio::test]
    async fn what_cannot_be_meant_is_refused() {
        let refusals = [
            (
                r#"["lnbc1", -1]"#,
                "amount_msat: should be a millisatoshi amount: invalid token '-1'",
            ),
            (
                r#"{"bolt11":"lnbc1","maxfeepercent":-1}"#,
                "maxfeepercent: should be a non-negative floating-point number: invalid token '-1'",
            ),
            (
                r#"{"bolt11":"lnbc1","retry_for":65536}"#,
                "retry_for: should be an unsigned 16 bit integer: invalid token '65536'",
            ),
            (
                r#"{"bolt11":"lnbc1","exclude":["x"]}"#,
                r#"exclude: should be short_channel_id_dir or node id: invalid token '["x"]'"#,
            ),
            (
                r#"{"bolt11":"lnbc1","maxfee":1,"exemptfee":1}"#,
                "If you specify maxfee, cannot specify maxfeepercent or exemptfee.",
            ),
            (
                r#"{"bolt11":"lnbc1","localinvreqid":"00"}"#,
                "localinvreqid: not supported: the invoice for an invoice_request of ours is paid as it arrives",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(test_call().answer("pay", params).await, Err(words.to_owned()));
        }
    }
}
