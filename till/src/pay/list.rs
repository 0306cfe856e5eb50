//! `listpays`, `listsendpays` and `delpay`. An attempt to pay is one entry in each: LDK splits it into parts by itself
//! and does not tell them apart.

use crate::invstring::{ListError, payment_hash_of};
use crate::till::Till;
use boltill_ledger::{DeletePaymentError, LedgerError, Listing, Payment, PaymentStatus, Range};
use boltill_types::PaymentHash;

/// Which payments to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentQuery {
    /// Every attempt to pay that invoice.
    Invstring(String),
    /// Every attempt at that payment hash.
    PaymentHash(PaymentHash),
    /// Those in a range of an index.
    Range(Range),
}

/// Payments, a page at a time.
pub struct PaymentPages {
    pages: Pages,
    status: Option<PaymentStatus>,
}

enum Pages {
    /// The attempts at one payment hash, which have been read.
    One(Option<Vec<Payment>>),
    Many(Listing<Payment>),
}

impl PaymentPages {
    /// The next payments in order, or `None` after the last. A page may be empty when only one status is listed.
    ///
    /// # Errors
    /// When the ledger failed.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Payment>>, LedgerError> {
        let page = match &mut self.pages {
            Pages::One(attempts) => attempts.take(),
            Pages::Many(listing) => listing.next_page().await?,
        };
        Ok(page.map(|mut page| {
            page.retain(|payment| self.status.is_none_or(|status| payment.state.status() == status));
            page
        }))
    }
}

impl Till {
    /// Lists payments that we made, perhaps only those with that status.
    ///
    /// # Errors
    /// [`ListError`]; nothing found is an empty list.
    pub async fn list_payments(
        &self,
        query: PaymentQuery,
        status: Option<PaymentStatus>,
    ) -> Result<PaymentPages, ListError> {
        let ledger = self.ledger();
        let pages = match (query, status) {
            (PaymentQuery::Invstring(text), _) => {
                let hash = payment_hash_of(&text).ok_or(ListError::InvalidInvstring)?;
                Pages::One(Some(ledger.payments_by_hash(hash).await?))
            }
            (PaymentQuery::PaymentHash(hash), _) => Pages::One(Some(ledger.payments_by_hash(hash).await?)),
            (PaymentQuery::Range(Range::ALL), Some(status)) => {
                Pages::Many(ledger.list_payments_by_status(status))
            }
            (PaymentQuery::Range(range), _) => Pages::Many(ledger.list_payments(range)),
        };
        Ok(PaymentPages { pages, status })
    }

    /// Deletes the payments of a hash that have that status, all or one part (groupid and partid) of them, and answers
    /// what they were.
    ///
    /// # Errors
    /// [`DeletePaymentError`]; nothing has changed.
    pub async fn delete_payments(
        &self,
        payment_hash: PaymentHash,
        expected: PaymentStatus,
        part: Option<(u64, u64)>,
    ) -> Result<Vec<Payment>, DeletePaymentError> {
        self.ledger().delete_payments(payment_hash, expected, part).await
    }
}
