//! The tables that are filled from listings, since what they show is not in the ledger's tables.

use super::{channels, network};
use boltill_ledger::{Column, ColumnType, Table, column};

/// A listing and the tables that it fills.
pub(super) struct Listing {
    /// The command that lists.
    pub(super) command: &'static str,
    /// The member of its answer that holds the entries.
    pub(super) array: &'static str,
    /// One row for each entry.
    pub(super) table: Table,
    /// Rows that belong to an entry.
    pub(super) parts: &'static [Part],
}

/// What an entry has several of.
pub(super) struct Part {
    /// Where they are in the entry: the names of members with dots between them.
    pub(super) path: &'static str,
    /// One row for each.
    pub(super) table: Table,
}

/// Every listing.
pub(super) const LISTINGS: &[Listing] = &[
    network::CHANNELS_LISTING,
    channels::CLOSEDCHANNELS_LISTING,
    channels::HTLCS_LISTING,
    network::NODES_LISTING,
    channels::PEERCHANNELS_LISTING,
    network::PEERS_LISTING,
    network::TRANSACTIONS_LISTING,
];

/// Every table of theirs.
pub(super) static TABLES: &[Table] = &flat::<{ count() }>();

/// Every table that `sql` knows, in alphabetical order.
pub fn tables() -> Vec<&'static Table> {
    let mut tables: Vec<_> = boltill_ledger::own_tables().chain(TABLES).collect();
    tables.sort_by_key(|table| table.name);
    tables
}

const fn count() -> usize {
    let (mut count, mut at) = (0, 0);
    while at < LISTINGS.len() {
        count += 1 + LISTINGS[at].parts.len();
        at += 1;
    }
    count
}

const fn flat<const COUNT: usize>() -> [Table; COUNT] {
    let mut tables = [LISTINGS[0].table; COUNT];
    let (mut next, mut at) = (0, 0);
    while at < LISTINGS.len() {
        tables[next] = LISTINGS[at].table;
        next += 1;
        let mut part = 0;
        while part < LISTINGS[at].parts.len() {
            tables[next] = LISTINGS[at].parts[part].table;
            next += 1;
            part += 1;
        }
        at += 1;
    }
    tables
}

pub(super) const fn int(name: &'static str) -> Column {
    column(ColumnType::Integer, name)
}

pub(super) const fn text(name: &'static str) -> Column {
    column(ColumnType::Text, name)
}

pub(super) const fn blob(name: &'static str) -> Column {
    column(ColumnType::Blob, name)
}

/// A column of another name than the member it comes from; no name is the entry itself.
pub(super) const fn at(path: &'static str, column: Column) -> Column {
    Column {
        source: path,
        ..column
    }
}
