//! `listinvoices`

use super::prelude::*;
use super::shared::invoice::{INVOICE, InvoiceEntry};
use super::shared::page;
use crate::answer::Page;
use crate::params::LabelText;
use boltill_till::{InvoicePages, InvoiceQuery, OfferId, Order};
use boltill_types::PaymentHash;

parameters! {
    /// List invoices
    ///
    /// All of them, or the one that is named by its *label*, *invstring* or *payment_hash*, or those that answered an offer of ours.
    /// What is not found is an empty list.
    ///
    /// With *index*, *start* and *limit* one lists a page at a time, or what has changed since one last looked: begin at the index
    /// behind the last one seen; `wait` tells when there is more. However many invoices there are, they are sent as they
    /// are read.
    pub struct ListInvoices {
        /// The invoice of this label.
        optional label: LabelText,
        /// This invoice, of BOLT 11 or BOLT 12.
        optional invstring: String,
        /// The invoice of this payment hash.
        optional payment_hash: PaymentHash,
        /// The invoices that answered this offer of ours.
        optional offer_id: [u8; 32],
        /// In which order: `created`, or `updated` for those that have changed at all.
        optional index: Order,
        /// From which index on; only with *index*.
        default start: u64 = 0,
        /// How many at most; only with *index*.
        optional limit: u32,
    }
}

pub const COMMAND: Command = Command {
    name: "listinvoices",
    category: Category::Invoices,
    answer: &[Field::always(
        "invoices",
        Kind::Array(&Kind::Object(INVOICE)),
        "The invoices, in the order of *index*.",
    )],
    errors: &[(
        Code::InvalidParams,
        "More than one of *label*, *invstring*, *payment_hash* and *offer_id*, *start* or *limit* without *index*, or an \
         *invstring* that is no invoice.",
    )],
    examples: &[
        Example {
            typed: "listinvoices order-1042",
            answer: r#"{"invoices":[{"label":"order-1042","bolt11":"lnbcrt15u1p4szyda...","amount_msat":1500000,"payment_hash":"a18157896d0f098ab239af9e4865ef6dd1d85e6ccef7bad876261c96c4bd0461","status":"unpaid","description":"2 cups of coffee","expires_at":1795835436,"created_index":1042}]}"#,
        },
        Example {
            typed: "listinvoices index=created start=5000 limit=100",
            answer: r#"{"invoices":[]}"#,
        },
    ],
    see_also: &["invoice", "waitinvoice", "delinvoice", "wait"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListInvoices>()
};

impl ListInvoices {
    fn into_query(self) -> Result<InvoiceQuery, RpcError> {
        let selectors = [
            self.label.is_some(),
            self.invstring.is_some(),
            self.payment_hash.is_some(),
            self.offer_id.is_some(),
        ];
        if selectors.into_iter().filter(|given| *given).count() > 1 {
            return Err(RpcError::invalid_params(
                "Can only specify one of {label}, {invstring}, {payment_hash} or {offer_id}",
            ));
        }
        let range = page::range(self.index, self.start, self.limit)?;
        Ok(match self {
            ListInvoices {
                label: Some(label), ..
            } => InvoiceQuery::Label(label.into_label()?),
            ListInvoices {
                invstring: Some(text),
                ..
            } => InvoiceQuery::Invstring(text),
            ListInvoices {
                payment_hash: Some(hash),
                ..
            } => InvoiceQuery::PaymentHash(hash),
            ListInvoices {
                offer_id: Some(id), ..
            } => InvoiceQuery::Offer(OfferId(id)),
            _ => InvoiceQuery::Range(range),
        })
    }
}

impl Run for ListInvoices {
    async fn run(self, call: Call) -> Outcome {
        let query = self.into_query()?;
        let pages = call.till()?.list_invoices(query).await?;
        Answer::rows("invoices", pages, next_page)
    }
}

async fn next_page(mut pages: InvoicePages) -> Result<Option<(Page, InvoicePages)>, RpcError> {
    match pages.next_page().await? {
        Some(invoices) => Ok(Some((Page::of(invoices.iter().map(InvoiceEntry::of))?, pages))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::test_call;
    use crate::params::{Parameters, Token};
    use boltill_till::Range;

    fn query(params: &str) -> InvoiceQuery {
        let parsed = ListInvoices::parse(Token::parse(params).unwrap()).unwrap();
        parsed.into_query().unwrap()
    }

    #[test]
    fn an_invoice_is_asked_for_by_any_of_its_names_or_by_its_place() {
        let hash = "0a".repeat(32);
        assert!(matches!(query("[25]"), InvoiceQuery::Label(label) if label.as_str() == "25"));
        assert_eq!(
            query(r#"{"invstring":"lnbc1"}"#),
            InvoiceQuery::Invstring("lnbc1".to_owned())
        );
        assert_eq!(
            query(&format!(r#"{{"payment_hash":"{hash}"}}"#)),
            InvoiceQuery::PaymentHash(PaymentHash([10; 32]))
        );
        assert_eq!(
            query(&format!(r#"{{"offer_id":"{hash}"}}"#)),
            InvoiceQuery::Offer(OfferId([10; 32]))
        );
        assert_eq!(query("{}"), InvoiceQuery::Range(Range::ALL));
        assert_eq!(
            query(r#"{"index":"updated","start":7,"limit":3}"#),
            InvoiceQuery::Range(Range {
                order: Order::Updated,
                start: 7,
                limit: Some(3)
            })
        );
    }

    #[tokio::test]
    async fn what_does_not_go_together_is_refused() {
        let one_of = "Can only specify one of {label}, {invstring}, {payment_hash} or {offer_id}";
        let refusals = [
            (r#"["a", "lnbc1"]"#, one_of),
            (r#"{"label":"a","invstring":"b","start":1}"#, one_of),
            (r#"{"start":1}"#, "Can only specify {start} with {index}"),
            (r#"{"limit":1}"#, "Can only specify {limit} with {index}"),
            (
                r#"{"index":"deleted"}"#,
                "index: unknown index: invalid token '\"deleted\"'",
            ),
            (
                r#"{"payment_hash":"00"}"#,
                "payment_hash: should be a 32 byte hex value: invalid token '\"00\"'",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(
                test_call().answer("listinvoices", params).await,
                Err(words.to_owned())
            );
        }
    }
}
