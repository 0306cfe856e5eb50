//! Looking offers up.

use super::Offer;
use super::row::{offer, sql};
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::paging::{Listing, Order, Range};
use crate::sql::{all, hash_key, one};
use boltill_types::OfferId;
use rusqlite::Connection;

/// Offers have no counter of their own; one that is made while they are listed is listed as well.
const END: u64 = u64::MAX;

impl Ledger {
    /// The offer of that id.
    pub async fn offer(&self, id: OfferId) -> Result<Option<Offer>, LedgerError> {
        self.readers.read(move |conn| by_id(conn, &id)).await
    }

    /// All offers, in the order of creation, a page at a time.
    pub fn list_offers(&self) -> Listing<Offer> {
        Listing::new(&self.readers, Range::ALL, END, position, |conn, bounds| {
            all(conn, sql::BY_CREATION, bounds, offer)
        })
    }

    /// The offers that are active, in the order of creation, a page at a time.
    pub fn list_active_offers(&self) -> Listing<Offer> {
        Listing::new(&self.readers, Range::ALL, END, position, |conn, bounds| {
            all(conn, sql::ACTIVE, bounds, offer)
        })
    }
}

fn position(offer: &Offer, _: Order) -> u64 {
    offer.created_index.0
}

pub(super) fn by_id(conn: &Connection, id: &OfferId) -> Result<Option<Offer>, LedgerError> {
    one(conn, sql::BY_ID, (hash_key(&id.0), id.0), offer)
}
