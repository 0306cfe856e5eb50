//! `listpays`

use super::prelude::*;
use super::shared::page;
use super::shared::payment::{PAY, PayEntry, query};
use crate::answer::Page;
use boltill_till::{Order, PaymentPages, PaymentStatus};
use boltill_types::PaymentHash;

parameters! {
    /// List payments that we made
    ///
    /// All of them, or those of an invoice or payment hash, whatever came of them. A payment that was tried again after it had failed
    /// is listed once for each attempt.
    ///
    /// With *index*, *start* and *limit* one lists a page at a time, or what has changed since one last looked; `wait` with `sendpays`
    /// tells when there is more.
    pub struct ListPays {
        /// The payments of this invoice, of BOLT 11 or BOLT 12.
        optional bolt11: String; also "invstring",
        /// The payments of this payment hash.
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
    name: "listpays",
    category: Category::Payments,
    answer: &[Field::always(
        "pays",
        Kind::Array(&Kind::Object(PAY)),
        "The payments, in the order of *index*.",
    )],
    errors: &[(
        Code::InvalidParams,
        "Both *bolt11* and *payment_hash*, *start* or *limit* without *index*, or a *bolt11* that is no invoice.",
    )],
    examples: &[Example {
        typed: "listpays lnbcrt15u1p4szyda...",
        answer: r#"{"pays":[{"payment_hash":"a18157896d0f098ab239af9e4865ef6dd1d85e6ccef7bad876261c96c4bd0461","status":"complete","destination":"036745b76a194d89a340f9fd195ed1179f28c72728c5c01723c502fe9d0cb27095","created_at":1795230700,"completed_at":1795230701,"bolt11":"lnbcrt15u1p4szyda...","description":"2 cups of coffee","amount_msat":1500000,"amount_sent_msat":1500016,"preimage":"fa6d08e52d6d2490d0b1817ab1ada55d19fb5d1ecd6255ab9fccc8095f7d51e5","created_index":12,"updated_index":9}]}"#,
    }],
    see_also: &["listsendpays", "pay", "delpay", "wait"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListPays>()
};

impl Run for ListPays {
    async fn run(self, call: Call) -> Outcome {
        let range = page::range(self.index, self.start, self.limit)?;
        let query = query(self.bolt11, self.payment_hash, range)?;
        let pages = call.till()?.list_payments(query, self.status).await?;
        Answer::rows("pays", pages, next_page)
    }
}

async fn next_page(mut pages: PaymentPages) -> Result<Option<(Page, PaymentPages)>, RpcError> {
    match pages.next_page().await? {
        Some(payments) => Ok(Some((Page::of(payments.iter().map(PayEntry::of))?, pages))),
        None => Ok(None),
    }
}
