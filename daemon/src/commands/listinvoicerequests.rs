//! `listinvoicerequests`

use super::prelude::*;
use super::shared::invoice_request::{INVOICE_REQUEST, InvoiceRequestEntry};
use super::shared::payout::{PAYOUT, PayoutEntry};
use crate::answer::Page;
use boltill_till::{InvoiceRequest, PayoutPage, RequestPages, Till};
use boltill_types::{CreatedIndex, InvreqId, Msat, UnixSeconds, UpdatedIndex};
use serde::Serialize;

parameters! {
    /// List the invoice_requests that were made here
    ///
    /// All of them in the order in which they were made, or the one with an id. With *details* it is also told what they allow, and what
    /// was paid for each: how often, how much, when, and for which payment hashes.
    pub struct ListInvoiceRequests {
        /// Only the one with this id.
        optional invreq_id: InvreqId,
        /// Whether to leave out those that are paid no more.
        default active_only: bool = false,
        /// Whether to tell what was paid.
        default details: bool = false,
        /// From which payment on, by its created index in `listsendpays`; only with *details*.
        default payouts_start: u64 = 0,
    }
}

pub const COMMAND: Command = Command {
    name: "listinvoicerequests",
    category: Category::Offers,
    answer: &[Field::always(
        "invoicerequests",
        Kind::Array(&Kind::Object(ENTRY)),
        "The requests, in the order in which they were made.",
    )],
    errors: &[(Code::InvalidParams, "*payouts_start* without *details*.")],
    examples: &[
        Example {
            typed: "listinvoicerequests -k active_only=true",
            answer: r#"{"invoicerequests":[{"invreq_id":"93f193cd2432d292f8b64af08942989d71c0a0366fb52d57ddb688c8fb066399","active":true,"single_use":true,"bolt12":"lnr1qqgypua5g7rp293k00s66ayvn...","used":false}]}"#,
        },
        Example {
            typed: "listinvoicerequests -k details=true",
            answer: r#"{"invoicerequests":[{"invreq_id":"93f193cd2432d292f8b64af08942989d71c0a0366fb52d57ddb688c8fb066399","active":false,"single_use":true,"bolt12":"lnr1qqgypua5g7rp293k00s66ayvn...","used":true,"created_index":1,"updated_index":2,"amount_msat":1000000,"paid_count":1,"paid_msat":1000000,"pending_count":0,"pending_msat":0,"last_paid_at":1795230701,"payouts":[{"payment_index":12,"payment_hash":"a18157896d0f098ab239af9e4865ef6dd1d85e6ccef7bad876261c96c4bd0461","status":"complete","amount_msat":1000000,"began_at":1795230700,"ended_at":1795230701}]}]}"#,
        },
    ],
    see_also: &["invoicerequest", "disableinvoicerequest", "listsendpays", "wait"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListInvoiceRequests>()
};

const ENTRY: &[Field] = &[
    INVOICE_REQUEST[0],
    INVOICE_REQUEST[1],
    INVOICE_REQUEST[2],
    INVOICE_REQUEST[3],
    INVOICE_REQUEST[4],
    INVOICE_REQUEST[5],
    Field::sometimes(
        "created_index",
        Kind::U64,
        "The order in which they were made, from 1. This and what follows: with *details*.",
    ),
    Field::sometimes(
        "updated_index",
        Kind::U64,
        "The order of the latest change; absent before the first.",
    ),
    Field::sometimes(
        "bolt12_unsigned",
        Kind::String,
        "The same request without signature, if *dialect* was `both`.",
    ),
    Field::sometimes("amount_msat", Kind::Msat, "What an invoice may ask for."),
    Field::sometimes(
        "absolute_expiry",
        Kind::U64,
        "The last second in which an invoice is paid, in UNIX seconds.",
    ),
    Field::sometimes("max_payments", Kind::U64, "How many payments are made at most."),
    Field::sometimes(
        "max_total_msat",
        Kind::Msat,
        "What all payees get together at most.",
    ),
    Field::sometimes(
        "min_interval",
        Kind::U64,
        "How many seconds lie at least between the beginnings of two payments.",
    ),
    Field::sometimes("paid_count", Kind::U64, "How many payments have arrived."),
    Field::sometimes(
        "paid_msat",
        Kind::Msat,
        "What their payees got; fees come on top.",
    ),
    Field::sometimes("pending_count", Kind::U64, "How many payments are under way."),
    Field::sometimes("pending_msat", Kind::Msat, "What their payees are to get."),
    Field::sometimes(
        "last_paid_at",
        Kind::U64,
        "When the latest payment arrived, in UNIX seconds.",
    ),
    Field::sometimes(
        "payouts",
        Kind::Array(&Kind::Object(PAYOUT)),
        "The payments from *payouts_start* on, the earliest first: a thousand at most.",
    ),
    Field::sometimes(
        "next_payouts_start",
        Kind::U64,
        "The *payouts_start* by which one lists the rest, if there is more.",
    ),
];

/// How many payments are listed of each request.
const PAYOUTS: u32 = 1_000;

#[derive(Serialize)]
struct Entry<'a> {
    #[serde(flatten)]
    entry: InvoiceRequestEntry<'a>,
    #[serde(flatten)]
    details: Option<Details<'a>>,
}

#[derive(Serialize)]
struct Details<'a> {
    created_index: CreatedIndex,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_index: Option<UpdatedIndex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bolt12_unsigned: Option<&'a str>,
    amount_msat: Msat,
    #[serde(skip_serializing_if = "Option::is_none")]
    absolute_expiry: Option<UnixSeconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_payments: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_total_msat: Option<Msat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_interval: Option<u64>,
    paid_count: u64,
    paid_msat: Msat,
    pending_count: u64,
    pending_msat: Msat,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_paid_at: Option<UnixSeconds>,
    payouts: Vec<PayoutEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_payouts_start: Option<CreatedIndex>,
}

impl<'a> Entry<'a> {
    fn of(request: &'a InvoiceRequest, payouts: Option<&'a PayoutPage>) -> Entry<'a> {
        Entry {
            entry: InvoiceRequestEntry::of(request),
            details: payouts.map(|payouts| Details::of(request, payouts)),
        }
    }
}

impl<'a> Details<'a> {
    fn of(request: &'a InvoiceRequest, page: &'a PayoutPage) -> Details<'a> {
        let (limits, sums) = (&request.limits, &request.sums);
        Details {
            created_index: request.created_index,
            updated_index: request.updated_index,
            bolt12_unsigned: request.bolt12_unsigned.as_deref(),
            amount_msat: request.amount,
            absolute_expiry: request.absolute_expiry,
            max_payments: limits.max_payments,
            max_total_msat: limits.max_total,
            min_interval: limits.min_interval,
            paid_count: sums.paid_count,
            paid_msat: sums.paid,
            pending_count: sums.pending_count,
            pending_msat: sums.pending,
            last_paid_at: request.last_paid_at,
            payouts: page.payouts.iter().map(PayoutEntry::of).collect(),
            next_payouts_start: page.next,
        }
    }
}

impl Run for ListInvoiceRequests {
    async fn run(self, call: Call) -> Outcome {
        if self.payouts_start != 0 && !self.details {
            return Err(RpcError::invalid_params(
                "Can only specify {payouts_start} with {details}",
            ));
        }
        let till = call.till()?.clone();
        let pages = till
            .list_invoice_requests(self.invreq_id, self.active_only)
            .await?;
        let payouts_from = self.details.then_some(CreatedIndex(self.payouts_start));
        let listing = InProgress {
            till,
            pages,
            rest: Vec::new().into_iter(),
            payouts_from,
        };
        Answer::rows("invoicerequests", listing, next_page)
    }
}

/// A listing under way. With details each request is a page of its own, because what was paid for it may be much.
struct InProgress {
    till: Till,
    pages: RequestPages,
    rest: std::vec::IntoIter<InvoiceRequest>,
    payouts_from: Option<CreatedIndex>,
}

async fn next_page(mut listing: InProgress) -> Result<Option<(Page, InProgress)>, RpcError> {
    let Some(start) = listing.payouts_from else {
        let requests = listing.pages.next_page().await?;
        return match requests {
            Some(requests) => {
                let entries = requests.iter().map(|request| Entry::of(request, None));
                Ok(Some((Page::of(entries)?, listing)))
            }
            None => Ok(None),
        };
    };
    loop {
        if let Some(request) = listing.rest.next() {
            let payouts = listing.till.list_payouts(request.id, start, PAYOUTS).await?;
            let page = Page::of([Entry::of(&request, Some(&payouts))])?;
            return Ok(Some((page, listing)));
        }
        match listing.pages.next_page().await? {
            Some(requests) => listing.rest = requests.into_iter(),
            None => return Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::documented::mismatches;
    use crate::commands::shared::invoice_request::tests::reusable;
    use crate::commands::test_call;
    use boltill_ledger::PayoutSums;
    use boltill_till::{Payout, PayoutLimits, PayoutState};
    use boltill_types::PaymentHash;
    use serde_json::{Value, json, to_value};

    fn payout(index: u64, state: PayoutState) -> Payout {
        Payout {
            payment: CreatedIndex(index),
            request: CreatedIndex(3),
            payment_hash: PaymentHash([2; 32]),
            amount: Msat(900),
            began_at: UnixSeconds(100),
            state,
        }
    }

    fn shown(request: &InvoiceRequest, payouts: Option<&PayoutPage>) -> Value {
        let shown = to_value(Entry::of(request, payouts)).unwrap();
        assert_eq!(mismatches(ENTRY, &shown), [""; 0]);
        shown
    }

    #[test]
    fn what_is_ours_is_shown_to_who_asks_for_details() {
        let plain = shown(&reusable(), None);
        assert_eq!(
            plain,
            json!({
                "invreq_id": "01".repeat(32), "active": true, "single_use": false, "bolt12": "lnr1signed", "used": false,
            })
        );
        let request = InvoiceRequest {
            updated_index: Some(UpdatedIndex(5)),
            limits: PayoutLimits {
                max_payments: Some(10),
                max_total: Some(Msat(5_000)),
                min_interval: Some(60),
            },
            sums: PayoutSums {
                paid_count: 1,
                paid: Msat(900),
                pending_count: 1,
                pending: Msat(900),
            },
            last_paid_at: Some(UnixSeconds(101)),
            used: true,
            ..reusable()
        };
        let payouts = PayoutPage {
            payouts: vec![
                payout(
                    7,
                    PayoutState::Complete {
                        paid_at: UnixSeconds(101),
                    },
                ),
                payout(8, PayoutState::Pending),
            ],
            next: Some(CreatedIndex(9)),
        };
        let detailed = shown(&request, Some(&payouts));
        assert_eq!(
            detailed,
            json!({
                "invreq_id": "01".repeat(32), "active": true, "single_use": false, "bolt12": "lnr1signed", "used": true,
                "created_index": 3, "updated_index": 5, "bolt12_unsigned": "lnr1unsigned", "amount_msat": 1_000,
                "max_payments": 10, "max_total_msat": 5_000, "min_interval": 60, "paid_count": 1, "paid_msat": 900,
                "pending_count": 1, "pending_msat": 900, "last_paid_at": 101, "next_payouts_start": 9,
                "payouts": [
                    {
                        "payment_index": 7, "payment_hash": "02".repeat(32), "status": "complete", "amount_msat": 900,
                        "began_at": 100, "ended_at": 101,
                    },
                    {
                        "payment_index": 8, "payment_hash": "02".repeat(32), "status": "pending", "amount_msat": 900,
                        "began_at": 100,
                    },
                ],
            })
        );
    }

    #[tokio::test]
    async fn what_does_not_go_together_is_refused() {
        let refusals = [
            (
                r#"{"payouts_start":1}"#,
                "Can only specify {payouts_start} with {details}",
            ),
            (
                r#"["all"]"#,
                "invreq_id: should be a 32 byte hex value: invalid token '\"all\"'",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(
                test_call().answer("listinvoicerequests", params).await,
                Err(words.to_owned())
            );
        }
    }
}
