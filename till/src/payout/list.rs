//! `listinvoicerequests` and `disableinvoicerequest`.

use super::expiry::current;
use crate::till::Till;
use boltill_ledger::{DisableInvoiceRequestError, InvoiceRequest, LedgerError, Listing, Payout, Range};
use boltill_types::{CreatedIndex, InvreqId};

/// Invoice_requests, a page at a time.
pub struct RequestPages {
    pages: Pages,
    active_only: bool,
}

enum Pages {
    /// At most one, which has been read.
    One(Option<Box<InvoiceRequest>>),
    Many(Listing<InvoiceRequest>),
}

impl RequestPages {
    /// The next requests in the order in which they were made, or `None` after the last. A page may be empty.
    ///
    /// # Errors
    /// When the ledger failed.
    pub async fn next_page(&mut self) -> Result<Option<Vec<InvoiceRequest>>, LedgerError> {
        let page = match &mut self.pages {
            Pages::One(request) => request.take().map(|request| vec![*request]),
            Pages::Many(listing) => listing.next_page().await?,
        };
        Ok(page.map(|page| {
            let page = page.into_iter().map(current);
            page.filter(|request| request.active || !self.active_only)
                .collect()
        }))
    }
}

/// Some of what was paid for an invoice_request, in the order in which it was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutPage {
    /// The payouts.
    pub payouts: Vec<Payout>,
    /// Where the next page starts, if there is one.
    pub next: Option<CreatedIndex>,
}

impl Till {
    /// Lists invoice_requests, or the one of that id, perhaps only if active. None whose time has passed is listed as active.
    ///
    /// # Errors
    /// When the ledger failed; nothing found is an empty list.
    pub async fn list_invoice_requests(
        &self,
        id: Option<InvreqId>,
        active_only: bool,
    ) -> Result<RequestPages, LedgerError> {
        self.expire_some_requests().await?;
        let ledger = self.ledger();
        let pages = match id {
            Some(id) => Pages::One(ledger.invoice_request(id).await?.map(Box::new)),
            None if active_only => Pages::Many(ledger.list_active_invoice_requests()),
            None => Pages::Many(ledger.list_invoice_requests(Range::ALL)),
        };
        Ok(RequestPages { pages, active_only })
    }

    /// What was paid for that invoice_request, from the payment of that created index on: at most `limit` entries.
    ///
    /// # Errors
    /// When the ledger failed; nothing found is an empty page.
    pub async fn list_payouts(
        &self,
        id: InvreqId,
        start: CreatedIndex,
        limit: u32,
    ) -> Result<PayoutPage, LedgerError> {
        let one_more = limit.saturating_add(1);
        let mut payouts = self
            .ledger()
            .payouts_of(id, start, Some(one_more))
            .collect()
            .await?;
        let next = payouts.get(limit as usize).map(|payout| payout.payment);
        payouts.truncate(limit as usize);
        Ok(PayoutPage { payouts, next })
    }

    /// Has nothing more paid for that invoice_request; a payment under way is left to finish.
    ///
    /// # Errors
    /// [`DisableInvoiceRequestError`]; one whose time has passed is not active.
    pub async fn disable_invoice_request(
        &self,
        id: InvreqId,
    ) -> Result<InvoiceRequest, DisableInvoiceRequestError> {
        self.expire_some_requests().await?;
        self.ledger().disable_invoice_request(id).await
    }
}
