//! Deleting what is over and old, a little at a time, so that nobody waits long for the writer.

use crate::error::LedgerError;
use crate::forwards::{self, ForwardStatus};
use crate::invoices;
use crate::job::Durable;
use crate::ledger::Ledger;
use crate::payments::{self, PaymentStatus};
use crate::sql::{execute, int, one, uint};
use crate::writer::WriteTx;
use boltill_types::UnixSeconds;
use rusqlite::{Connection, Params};
use std::fmt;

/// How many entries are deleted in one write at most.
pub(crate) const BATCH: u64 = 250;

/// What can be cleaned; the names are those of Core Lightning's `autoclean`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cleanable {
    /// Forwards that were paid for.
    SucceededForwards,
    /// Forwards that came back, or were never offered.
    FailedForwards,
    /// Payments of ours that arrived.
    SucceededPays,
    /// Payments of ours that did not.
    FailedPays,
    /// Invoices that were paid.
    PaidInvoices,
    /// Invoices that were not, and cannot be any more.
    ExpiredInvoices,
}

impl Cleanable {
    /// All of them, in Core Lightning's order.
    pub const ALL: [Cleanable; 6] = [
        Cleanable::SucceededForwards,
        Cleanable::FailedForwards,
        Cleanable::SucceededPays,
        Cleanable::FailedPays,
        Cleanable::PaidInvoices,
        Cleanable::ExpiredInvoices,
    ];

    /// The name in commands and options.
    pub fn as_str(self) -> &'static str {
        match self {
            Cleanable::SucceededForwards => "succeededforwards",
            Cleanable::FailedForwards => "failedforwards",
            Cleanable::SucceededPays => "succeededpays",
            Cleanable::FailedPays => "failedpays",
            Cleanable::PaidInvoices => "paidinvoices",
            Cleanable::ExpiredInvoices => "expiredinvoices",
        }
    }

    /// The name of the counter of all that were ever cleaned.
    fn counter(self) -> String {
        format!("cleaned.{self}")
    }
}

impl fmt::Display for Cleanable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What one write has deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanedBatch {
    /// How many entries.
    pub cleaned: u64,
    /// Whether there may be more.
    pub more: bool,
}

impl CleanedBatch {
    /// Of so many of the oldest entries that were looked at. They stand in the order in which they were made, which is nearly that in
    /// which they ended: where none is old enough, none behind it is.
    pub(crate) fn of(looked_at: usize, cleaned: u64) -> CleanedBatch {
        CleanedBatch {
            cleaned,
            more: looked_at as u64 == BATCH && cleaned > 0,
        }
    }
}

impl Ledger {
    /// Deletes a few of those that ended at that time or before.
    ///
    /// What is under way is never touched, nor is a payout, whose row outlives its payment's.
    pub fn clean(&self, what: Cleanable, ended: UnixSeconds) -> Durable<CleanedBatch, LedgerError> {
        self.writer.write(move |tx| {
            let batch = clean(tx, what, ended)?;
            if batch.cleaned > 0 {
                execute(tx.conn, sql::COUNT, (what.counter(), int(batch.cleaned)))?;
            }
            Ok(batch)
        })
    }

    /// How many there are that could be cleaned if they were old enough. Counts them.
    pub async fn cleanable(&self, what: Cleanable) -> Result<u64, LedgerError> {
        self.readers
            .read(move |conn| match what {
                Cleanable::SucceededForwards => count(conn, sql::FORWARDS, [1]),
                Cleanable::FailedForwards => {
                    Ok(count(conn, sql::FORWARDS, [2])? + count(conn, sql::FORWARDS, [3])?)
                }
                Cleanable::SucceededPays => count(conn, sql::SENDPAYS, [1]),
                Cleanable::FailedPays => count(conn, sql::SENDPAYS, [2]),
                Cleanable::PaidInvoices => count(conn, sql::PAID, ()),
                Cleanable::ExpiredInvoices => count(conn, sql::EXPIRED, ()),
            })
            .await
    }

    /// How many were ever cleaned.
    pub async fn cleaned(&self, what: Cleanable) -> Result<u64, LedgerError> {
        let counter = what.counter();
        self.readers
            .read(move |conn| count(conn, sql::CLEANED, [counter]))
            .await
    }
}

fn clean(tx: &mut WriteTx<'_>, what: Cleanable, ended: UnixSeconds) -> Result<CleanedBatch, LedgerError> {
    match what {
        Cleanable::SucceededForwards => forwards::clean(tx, ForwardStatus::Settled, ended),
        Cleanable::FailedForwards => {
            let returned = forwards::clean(tx, ForwardStatus::Failed, ended)?;
            let refused = forwards::clean(tx, ForwardStatus::LocalFailed, ended)?;
            Ok(CleanedBatch {
                cleaned: returned.cleaned + refused.cleaned,
                more: returned.more || refused.more,
            })
        }
        Cleanable::SucceededPays => payments::clean(tx, PaymentStatus::Complete, ended),
        Cleanable::FailedPays => payments::clean(tx, PaymentStatus::Failed, ended),
        Cleanable::PaidInvoices => invoices::clean_paid(tx, ended),
        Cleanable::ExpiredInvoices => invoices::clean_expired(tx, ended),
    }
}

fn count(conn: &Connection, query: &str, params: impl Params) -> Result<u64, LedgerError> {
    Ok(one(conn, query, params, |row| uint(row, 0))?.unwrap_or_default())
}

pub(crate) mod sql {
    crate::sql::statements! {
        COUNT = "UPDATE counters SET value = value + ?2 WHERE name = ?1";
        CLEANED = "SELECT value FROM counters WHERE name = ?1";
        FORWARDS = "SELECT count(*) FROM forwards WHERE status = ?1";
        SENDPAYS = "SELECT count(*) FROM sendpays WHERE status = ?1";
        PAID = "SELECT count(*) FROM invoices WHERE pay_index >= 0";
        EXPIRED = "SELECT count(*) FROM invoices WHERE status = 2 AND expires_at >= 0";
    }
}
