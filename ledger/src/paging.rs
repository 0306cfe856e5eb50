//! Listings that never hold more than a page.

use crate::error::LedgerError;
use crate::readers::Readers;
use crate::sql::int;
use rusqlite::Connection;
use std::sync::Arc;

/// How many entries a page has at most; a page of invoices is then a few hundred kilobytes.
const PAGE: u64 = 256;

/// By which index a listing is ordered, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// By which index.
    pub order: Order,
    /// The first index of interest.
    pub start: u64,
    /// The most entries to list.
    pub limit: Option<u32>,
}

impl Range {
    /// Every entry, in the order of creation.
    pub const ALL: Range = Range {
        order: Order::Created,
        start: 0,
        limit: None,
    };
}

/// The index that orders a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In the order of creation.
    Created,
    /// In the order of the latest change; entries that never changed are not listed.
    Updated,
}

/// A listing in progress, read a page at a time.
///
/// It ends at the index that was the last when it began, however many entries are made meanwhile. Each page is a read
/// of its own, so a slow consumer keeps neither a snapshot nor a thread; an entry that is deleted, or in
/// [`Order::Updated`] changed, before its page is read is not listed.
pub struct Listing<T> {
    readers: Arc<Readers>,
    fetch: Fetch<T>,
    position: Box<dyn Fn(&T) -> u64 + Send>,
    /// The index at which the next page starts.
    next: u64,
    /// The last index to list.
    end: u64,
    /// How many more entries to list.
    remaining: u64,
}

/// Reads the entries with an index within the bounds (first, last), at most so many.
type Fetch<T> = Arc<dyn Fn(&Connection, [i64; 3]) -> Result<Vec<T>, LedgerError> + Send + Sync>;

impl<T: Send + 'static> Listing<T> {
    /// A listing up to the index `end`. `fetch` reads a page: the entries from one index to another in order, at most
    /// so many (these three are its parameters); `position` is the index of an entry.
    pub(crate) fn new(
        readers: &Arc<Readers>,
        range: Range,
        end: u64,
        position: impl Fn(&T, Order) -> u64 + Send + 'static,
        fetch: impl Fn(&Connection, [i64; 3]) -> Result<Vec<T>, LedgerError> + Send + Sync + 'static,
    ) -> Listing<T> {
        Listing {
            readers: Arc::clone(readers),
            fetch: Arc::new(fetch),
            position: Box::new(move |entry| position(entry, range.order)),
            next: range.start,
            end,
            remaining: range.limit.map_or(u64::MAX, u64::from),
        }
    }

    /// The next entries in order, or `None` after the last; a page is never empty.
    pub async fn next_page(&mut self) -> Result<Option<Vec<T>>, LedgerError> {
        let limit = self.remaining.min(PAGE);
        if limit == 0 || self.next > self.end {
            return Ok(None);
        }
        let bounds = [self.next, self.end, limit].map(int);
        let fetch = Arc::clone(&self.fetch);
        let page = self.readers.read(move |conn| fetch(conn, bounds)).await?;
        let Some(last) = page.last() else {
            self.remaining = 0;
            return Ok(None);
        };
        self.next = (self.position)(last).saturating_add(1);
        self.remaining -= page.len() as u64;
        Ok(Some(page))
    }

    /// All entries at once; for listings that are known to be short.
    pub async fn collect(mut self) -> Result<Vec<T>, LedgerError> {
        let mut entries = Vec::new();
        while let Some(page) = self.next_page().await? {
            entries.extend(page);
        }
        Ok(entries)
    }
}
