//! The counters behind every index: how many entries were made, changed and deleted in each subsystem.
//!
//! They live in memory on the writer's thread and are stored once per transaction, so that an index costs no write of
//! its own, and an index that was handed out in a transaction that failed is handed out again.

use crate::error::LedgerError;
use crate::sql::{execute, int};
use boltill_types::{CreatedIndex, DeletedIndex, Msat, PayIndex, UpdatedIndex};
use rusqlite::Connection;
use std::fmt;

/// A kind of entry that has indexes of its own; the names are those of Core Lightning's `wait`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subsystem {
    /// What we are to be paid: `listinvoices`.
    Invoices,
    /// What we pay: `listsendpays`.
    Sendpays,
    /// What we forward: `listforwards`.
    Forwards,
    /// What we pay out: `listinvoicerequests`. Core Lightning has no such subsystem.
    InvoiceRequests,
}

impl Subsystem {
    /// The name in `wait`.
    pub fn as_str(self) -> &'static str {
        match self {
            Subsystem::Invoices => "invoices",
            Subsystem::Sendpays => "sendpays",
            Subsystem::Forwards => "forwards",
            Subsystem::InvoiceRequests => "invoicerequests",
        }
    }
}

impl fmt::Display for Subsystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which of a subsystem's three counters; the names are those of Core Lightning's `wait`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IndexKind {
    /// Moves by one with every new entry.
    Created,
    /// Moves by one with every change of an entry.
    Updated,
    /// Moves by one with every deletion.
    Deleted,
}

impl IndexKind {
    /// The name in `wait`.
    pub fn as_str(self) -> &'static str {
        match self {
            IndexKind::Created => "created",
            IndexKind::Updated => "updated",
            IndexKind::Deleted => "deleted",
        }
    }
}

impl fmt::Display for IndexKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The three counters of one subsystem.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    created: u64,
    updated: u64,
    deleted: u64,
}

impl Tally {
    pub(crate) fn next_created(&mut self) -> CreatedIndex {
        self.created += 1;
        CreatedIndex(self.created)
    }

    pub(crate) fn next_updated(&mut self) -> UpdatedIndex {
        self.updated += 1;
        UpdatedIndex(self.updated)
    }

    pub(crate) fn next_deleted(&mut self) -> DeletedIndex {
        self.deleted += 1;
        DeletedIndex(self.deleted)
    }

    pub(crate) fn last_created(&self) -> CreatedIndex {
        CreatedIndex(self.created)
    }

    fn get(&self, kind: IndexKind) -> u64 {
        match kind {
            IndexKind::Created => self.created,
            IndexKind::Updated => self.updated,
            IndexKind::Deleted => self.deleted,
        }
    }
}

/// Every counter of the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) invoices: Tally,
    pub(crate) sendpays: Tally,
    pub(crate) forwards: Tally,
    pub(crate) invoice_requests: Tally,
    paid: u64,
    forwarding_fees: u64,
}

impl Counters {
    pub(crate) fn next_pay(&mut self) -> PayIndex {
        self.paid += 1;
        PayIndex(self.paid)
    }

    pub(crate) fn last_pay(&self) -> PayIndex {
        PayIndex(self.paid)
    }

    /// What all forwards have earned.
    pub(crate) fn forwarding_fees(&self) -> Msat {
        Msat(self.forwarding_fees)
    }

    /// One more forward has earned something.
    pub(crate) fn add_forwarding_fee(&mut self, fee: Msat) {
        self.forwarding_fees = self.forwarding_fees.saturating_add(fee.0);
    }

    pub(crate) fn get(&self, subsystem: Subsystem, kind: IndexKind) -> u64 {
        match subsystem {
            Subsystem::Invoices => self.invoices.get(kind),
            Subsystem::Sendpays => self.sendpays.get(kind),
            Subsystem::Forwards => self.forwards.get(kind),
            Subsystem::InvoiceRequests => self.invoice_requests.get(kind),
        }
    }

    /// Reads the counters that the last transaction left.
    pub(crate) fn load(conn: &Connection) -> rusqlite::Result<Counters> {
        let mut counters = Counters::default();
        for (name, value) in counters.entries() {
            *value = conn
                .query_row(sql::LOAD, [name], |row| row.get(0))
                .map(i64::unsigned_abs)?;
        }
        Ok(counters)
    }

    /// Stores the counters that differ from what is on disk.
    pub(crate) fn store(mut self, mut on_disk: Counters, conn: &Connection) -> Result<(), LedgerError> {
        for ((name, new), (_, old)) in self.entries().into_iter().zip(on_disk.entries()) {
            if new != old {
                execute(conn, sql::STORE, (name, int(*new)))?;
            }
        }
        Ok(())
    }

    /// Each counter under its name in the database.
    fn entries(&mut self) -> [(&'static str, &mut u64); 14] {
        [
            ("invoices.created", &mut self.invoices.created),
            ("invoices.updated", &mut self.invoices.updated),
            ("invoices.deleted", &mut self.invoices.deleted),
            ("invoices.paid", &mut self.paid),
            ("sendpays.created", &mut self.sendpays.created),
            ("sendpays.updated", &mut self.sendpays.updated),
            ("sendpays.deleted", &mut self.sendpays.deleted),
            ("forwards.created", &mut self.forwards.created),
            ("forwards.updated", &mut self.forwards.updated),
            ("forwards.deleted", &mut self.forwards.deleted),
            ("forwards.fees", &mut self.forwarding_fees),
            ("invoicerequests.created", &mut self.invoice_requests.created),
            ("invoicerequests.updated", &mut self.invoice_requests.updated),
            ("invoicerequests.deleted", &mut self.invoice_requests.deleted),
        ]
    }
}

pub(crate) mod sql {
    crate::sql::statements! {
        LOAD = "SELECT value FROM counters WHERE name = ?1";
        STORE = "UPDATE counters SET value = ?2 WHERE name = ?1";
    }
}
