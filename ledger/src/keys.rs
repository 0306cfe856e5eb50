//! Finding an invoice by its label or its payment hash, as fast among ten million as among ten.
//!
//! Both are at random places of any index in their order. In a B-tree each new invoice would therefore change two pages that nothing else has
//! changed lately, and be the slower the more invoices there are. Here new entries are gathered in memory and written to files of their
//! own, in order and many at a time: a log-structured merge tree, small enough for this one purpose.
//!
//! * **An entry** (`entry.rs`) is six bytes of a hash, the [`Key`], and the invoice that has it. It is a hint: whoever follows it compares
//!   the whole label or hash in the invoice's row, which alone is the truth. So entries may be there for invoices that are
//!   not, and those that are being made can be entered before they are durable.
//! * **A run** (`run.rs`) is a file of entries in order, never changed. Which ones count is said by the database (`counting.rs`).
//! * **The writer** (`filing.rs`) hands what has been gathered to a thread, which merges it with runs that are not much longer; so there
//!   are few runs, and an entry is written a few dozen times at eleven bytes each.
//! * **What is not in a run** is read from the invoices when the ledger is opened (`opening.rs`), and so is everything, should the files be
//!   lost. Each page of a file has a checksum; one that turns out to be wrong ends the ledger as a failing disk does, and the next start
//!   makes all files anew.

mod counting;
mod entry;
mod filing;
mod merge;
mod opening;
mod run;
#[cfg(test)]
mod tests;

use crate::error::LedgerError;
use crate::failure::Failure;
use crate::sql::{hash_key, text_key};
use boltill_types::{CreatedIndex, Label, PaymentHash};
use entry::Entry;
pub(crate) use filing::{Filing, start};
pub(crate) use opening::open;
use run::Run;
use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
#[cfg(test)]
pub(crate) use {counting::sql as counting_sql, opening::sql};

/// How many entries are gathered before they are written to a file: those of 32,768 invoices.
const FULL: usize = 65_536;

/// What an invoice is looked up by, in 48 bits: labels have the lower half of them, payment hashes the upper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u64);

impl Key {
    const BITS: u32 = 48;

    pub(crate) fn of_label(label: &Label) -> Key {
        Key::of_label_key(text_key(label.as_str()))
    }

    pub(crate) fn of_hash(hash: &PaymentHash) -> Key {
        Key::of_hash_key(hash_key(&hash.0))
    }

    /// From what stands in the invoice's row.
    pub(crate) fn of_label_key(label_key: i64) -> Key {
        Key(label_key.unsigned_abs() >> 1)
    }

    /// From what stands in the invoice's row.
    pub(crate) fn of_hash_key(hash_key: i64) -> Key {
        Key(1 << (Key::BITS - 1) | hash_key.unsigned_abs() >> 1)
    }
}

/// Where every invoice is, by label and by payment hash; see the module.
pub(crate) struct Keys {
    state: RwLock<State>,
    full: usize,
    /// Why the files cannot be relied on any more.
    pub(crate) damage: Failure,
}

struct State {
    /// Entries of which no file knows.
    young: BTreeSet<Entry>,
    /// Entries that are being written to a file.
    leaving: Leaving,
    /// The files, the youngest first.
    runs: Arc<[Arc<Run>]>,
}

/// Entries on their way into a file, in order.
#[derive(Clone, Default)]
struct Leaving {
    entries: Arc<[Entry]>,
    /// With them, the files know every invoice up to this one: the latest that there was when they were gathered, not when they are written.
    up_to: CreatedIndex,
}

impl Keys {
    fn new(runs: Vec<Arc<Run>>, full: usize) -> Keys {
        let state = State {
            young: BTreeSet::new(),
            leaving: Leaving::default(),
            runs: runs.into(),
        };
        Keys {
            state: RwLock::new(state),
            full,
            damage: Failure::default(),
        }
    }

    /// Enters an invoice: while it is being written, so that the next in the same transaction finds it.
    pub(crate) fn add(&self, label: Key, hash: Key, invoice: CreatedIndex) {
        let mut state = self.write();
        state.young.insert(Entry::new(label, invoice));
        state.young.insert(Entry::new(hash, invoice));
    }

    /// Strikes out an invoice: when it is deleted for good, since nothing brings it back. That only saves room in the files, and is forgotten
    /// when the ledger is closed before it is in one.
    pub(crate) fn remove(&self, label: Key, hash: Key, invoice: CreatedIndex) {
        let mut state = self.write();
        for key in [label, hash] {
            let entry = Entry::new(key, invoice);
            // What has not been in a file needs no striking out.
            if !state.young.remove(&entry) {
                state.young.insert(entry.gone());
            }
        }
    }

    /// What `look` finds at the first invoice that has the key and is the right one.
    pub(crate) fn find<T>(
        &self,
        key: Key,
        mut look: impl FnMut(CreatedIndex) -> Result<Option<T>, LedgerError>,
    ) -> Result<Option<T>, LedgerError> {
        let (recent, runs) = self.recent(key);
        for entry in recent {
            if let Some(found) = look(entry.invoice())? {
                return Ok(Some(found));
            }
        }
        for run in runs.iter() {
            for entry in run.find(key).map_err(|error| self.damaged(error))? {
                if let Some(found) = look(entry.invoice())? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// The entries of a key that are in memory, and the files to look in for more.
    fn recent(&self, key: Key) -> (Vec<Entry>, Arc<[Arc<Run>]>) {
        let state = self.read();
        let mut recent: Vec<Entry> = state.young.range(Entry::all_of(key)).copied().collect();
        let leaving = &state.leaving.entries;
        let first = leaving.partition_point(|entry| entry.key() < key);
        recent.extend(leaving[first..].iter().take_while(|entry| entry.key() == key));
        (recent, Arc::clone(&state.runs))
    }

    /// The next entries to be written to a file: what could not be written before, or what has been gathered if that is enough; `last` is
    /// the latest invoice that there is.
    fn leave(&self, last: CreatedIndex) -> Option<Leaving> {
        let mut state = self.write();
        if state.leaving.entries.is_empty() {
            if state.young.len() < self.full {
                return None;
            }
            state.leaving = Leaving {
                entries: std::mem::take(&mut state.young).into_iter().collect(),
                up_to: last,
            };
        }
        Some(state.leaving.clone())
    }

    /// What was leaving is in this file, together with what was in as many of the youngest.
    fn left(&self, run: Arc<Run>, replaces: usize) {
        let mut state = self.write();
        let older = state.runs.iter().skip(replaces).cloned();
        state.runs = std::iter::once(run).chain(older).collect();
        state.leaving = Leaving::default();
    }

    /// A file is damaged: nothing may go on as if what is in it were not there. When the ledger is closed then, its files no longer count.
    fn damaged(&self, error: io::Error) -> LedgerError {
        let error = LedgerError::from(error);
        self.damage.tell(error.clone());
        error
    }

    fn runs(&self) -> Arc<[Arc<Run>]> {
        Arc::clone(&self.read().runs)
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}
