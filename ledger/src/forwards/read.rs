//! Looking forwards up.

use super::row::{forward, sql, status_column};
use super::{ChannelId, Forward, ForwardStatus};
use crate::counters::{IndexKind, Subsystem};
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::paging::{Listing, Order, Range};
use crate::sql::{all, hash_key, int, one};
use boltill_types::Msat;
use rusqlite::Connection;

impl Ledger {
    /// Forwards in the order of an index, a page at a time.
    pub fn list_forwards(&self, range: Range) -> Listing<Forward> {
        let (statement, kind) = match range.order {
            Order::Created => (sql::BY_CREATION, IndexKind::Created),
            Order::Updated => (sql::BY_UPDATE, IndexKind::Updated),
        };
        let end = self.current_index(Subsystem::Forwards, kind);
        Listing::new(&self.readers, range, end, position, move |conn, bounds| {
            all(conn, statement, bounds, forward)
        })
    }

    /// Forwards with that status, in the order of creation, a page at a time.
    pub fn list_forwards_by_status(&self, status: ForwardStatus) -> Listing<Forward> {
        self.list_forwards_where(sql::BY_STATUS, status_column(status))
    }

    /// Forwards of what came in on that channel, in the order of creation, a page at a time.
    pub fn list_forwards_from(&self, short_channel_id: u64) -> Listing<Forward> {
        self.list_forwards_where(sql::BY_IN, int(short_channel_id))
    }

    /// Forwards to that channel, in the order of creation, a page at a time.
    pub fn list_forwards_to(&self, short_channel_id: u64) -> Listing<Forward> {
        self.list_forwards_where(sql::BY_OUT, int(short_channel_id))
    }

    /// What all forwards have earned; costs no read of the disk.
    pub fn forwarding_fees(&self) -> Msat {
        self.counters().forwarding_fees()
    }

    fn list_forwards_where(&self, statement: &'static str, value: i64) -> Listing<Forward> {
        let end = self.current_index(Subsystem::Forwards, IndexKind::Created);
        Listing::new(
            &self.readers,
            Range::ALL,
            end,
            position,
            move |conn, [from, to, limit]| all(conn, statement, [from, to, limit, value], forward),
        )
    }
}

/// Where the forward stands in that order.
fn position(forward: &Forward, order: Order) -> u64 {
    match order {
        Order::Created => forward.created_index.0,
        Order::Updated => forward.updated_index.map_or(0, |index| index.0),
    }
}

pub(super) fn by_htlc(
    conn: &Connection,
    channel: &ChannelId,
    htlc_id: u64,
) -> Result<Option<Forward>, LedgerError> {
    let params = (hash_key(&channel.0), int(htlc_id), channel.0);
    one(conn, sql::BY_HTLC, params, forward)
}

/// Those that came in on the channel and are offered, oldest first; a channel has 966 HTLCs at most.
pub(super) fn under_way(conn: &Connection, channel: &ChannelId) -> Result<Vec<Forward>, LedgerError> {
    all(conn, sql::UNDER_WAY, (hash_key(&channel.0), channel.0), forward)
}
