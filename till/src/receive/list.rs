//! `listinvoices` and `delinvoice`.

use super::expiry::current;
use crate::invstring::{ListError, payment_hash_of};
use crate::till::Till;
use boltill_ledger::{DeleteInvoiceError, Invoice, InvoiceStatus, LedgerError, Listing, OfferId, Range};
use boltill_types::{Label, PaymentHash};

/// Which invoices to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvoiceQuery {
    /// The one of that label.
    Label(Label),
    /// The one that this text is.
    Invstring(String),
    /// The one of that payment hash.
    PaymentHash(PaymentHash),
    /// Those that answered that offer of ours.
    Offer(OfferId),
    /// Those in a range of an index.
    Range(Range),
}

/// Invoices, a page at a time.
pub struct InvoicePages(Pages);

enum Pages {
    /// At most one invoice, which has been read.
    One(Option<Box<Invoice>>),
    Many(Listing<Invoice>),
}

impl InvoicePages {
    /// The next invoices in order, or `None` after the last; a page is never empty.
    ///
    /// # Errors
    /// When the ledger failed.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Invoice>>, LedgerError> {
        match &mut self.0 {
            Pages::One(invoice) => Ok(invoice.take().map(|invoice| vec![current(*invoice)])),
            Pages::Many(listing) => {
                let page = listing.next_page().await?;
                Ok(page.map(|page| page.into_iter().map(current).collect()))
            }
        }
    }
}

impl Till {
    /// Lists invoices. None whose time has passed is listed as unpaid.
    ///
    /// # Errors
    /// [`ListError`]; nothing found is an empty list.
    pub async fn list_invoices(&self, query: InvoiceQuery) -> Result<InvoicePages, ListError> {
        self.expire_some().await?;
        let ledger = self.ledger();
        let pages = match query {
            InvoiceQuery::Label(label) => Pages::One(ledger.invoice_by_label(&label).await?.map(Box::new)),
            InvoiceQuery::PaymentHash(hash) => Pages::One(ledger.invoice_by_hash(hash).await?.map(Box::new)),
            InvoiceQuery::Invstring(text) => {
                let hash = payment_hash_of(&text).ok_or(ListError::InvalidInvstring)?;
                Pages::One(ledger.invoice_by_hash(hash).await?.map(Box::new))
            }
            InvoiceQuery::Offer(offer) => Pages::Many(ledger.list_invoices_of_offer(offer)),
            InvoiceQuery::Range(range) => Pages::Many(ledger.list_invoices(range)),
        };
        Ok(InvoicePages(pages))
    }

    /// Deletes an invoice if it has that status, or only its description, and answers what it was, or is without.
    ///
    /// # Errors
    /// [`DeleteInvoiceError`]; nothing has changed.
    pub async fn delete_invoice(
        &self,
        label: Label,
        expected: InvoiceStatus,
        description_only: bool,
    ) -> Result<Invoice, DeleteInvoiceError> {
        self.expire_all().await?;
        if description_only {
            self.ledger().delete_invoice_description(label, expected).await
        } else {
            self.ledger().delete_invoice(label, expected).await
        }
    }
}
