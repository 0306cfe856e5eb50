//! `listsendpays`

use super::prelude::*;
use super::shared::page;
use super::shared::payment::{SENDPAY, SendpayEntry, query};
use crate::answer::Page;
use boltill_till::{Order, PaymentPages, PaymentStatus};
use boltill_types::PaymentHash;

parameters! {
    /// List attempts to pay, with their indexes
    ///
    /// All of them, or those at an invoice or payment hash. An attempt is one entry, however many parts it was sent in.
    ///
    /// With *index*, *start* and *limit* one lists a page at a time, or what has changed since one last looked; `wait` with `sendpays`
    /// tells when there is more.
    pub struct ListSendpays {
        /// The attempts to pay this invoice, of BOLT 11 or BOLT 12.
        optional bolt11: String; also "invstring",
        /// The attempts at this payment hash.
        optional payment_hash: PaymentHash,
        /// Only those that are `pending`, `complete` or `failed`.
        optional status: PaymentStatus,
        /// In which order: `created`, or `updated` for those that have changed at all.
        optional index: Order,
        /// From which index on; only with *index*.
        default start: u64 = 0,
        /// How many to look at, at most; only with *index*. With *status*, those of another status count.
        optional limit: u32,
    }
}

pub const COMMAND: Command = Command {
    name: "listsendpays",
    category: Category::Payments,
    answer: &[Field::always(
        "payments",
        Kind::Array(&Kind::Object(SENDPAY)),
        "The attempts, in the order of *index*.",
    )],
    errors: &[(
        Code::InvalidParams,
        "Both *bolt11* and *payment_hash*, *start* or *limit* without *index*, or a *bolt11* that is no invoice.",
    )],
    examples: &[Example {
        typed: "listsendpays index=created start=12 limit=1",
        answer: r#"{"payments":[{"created_index":12,"id":12,"payment_hash":"a18157896d0f098ab239af9e4865ef6dd1d85e6ccef7bad876261c96c4bd0461","groupid":1,"updated_index":9,"destination":"036745b76a194d89a340f9fd195ed1179f28c72728c5c01723c502fe9d0cb27095","amount_msat":1500000,"amount_sent_msat":1500016,"created_at":1795230700,"completed_at":1795230701,"status":"complete","payment_preimage":"fa6d08e52d6d2490d0b1817ab1ada55d19fb5d1ecd6255ab9fccc8095f7d51e5","bolt11":"lnbcrt15u1p4szyda...","description":"2 cups of coffee"}]}"#,
    }],
    see_also: &["listpays", "pay", "delpay", "wait"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListSendpays>()
};

impl Run for ListSendpays {
    async fn run(self, call: Call) -> Outcome {
        let range = page::range(self.index, self.start, self.limit)?;
        let query = query(self.bolt11, self.payment_hash, range)?;
        let pages = call.till()?.list_payments(query, self.status).await?;
        Answer::rows("payments", pages, next_page)
    }
}

async fn next_page(mut pages: PaymentPages) -> Result<Option<(Page, PaymentPages)>, RpcError> {
    match pages.next_page().await? {
        Some(payments) => Ok(Some((Page::of(payments.iter().map(SendpayEntry::of))?, pages))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn what_does_not_go_together_is_refused() {
        let hash = "0a".repeat(32);
        let both = format!(r#"["lnbc1", "{hash}"]"#);
        let refusals = [
            (
                both.as_str(),
                "Can only specify one of {bolt11} or {payment_hash}",
            ),
            (r#"{"start":1}"#, "Can only specify {start} with {index}"),
            (r#"{"limit":1}"#, "Can only specify {limit} with {index}"),
            (
                r#"{"status":"paid"}"#,
                "status: should be an invoice status: invalid token '\"paid\"'",
            ),
        ];
        for command in ["listsendpays", "listpays"] {
            for (params, words) in refusals {
                assert_eq!(test_call().answer(command, params).await, Err(words.to_owned()));
            }
        }
    }
}
