//! Merging entries in order with entries in order.

use super::Leaving;
use super::entry::Entry;
use super::run::{Run, Writing};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A run is written anew together with what is younger unless it has at least this many times as many entries. A larger factor makes fewer
/// runs, each of which a look-up may have to read; and more writing.
const FACTOR: u64 = 8;
/// How many entries are merged between two looks at whether that is still wanted.
const STRETCH: u64 = 4096;

/// What is to become one run.
pub(super) struct Merge {
    /// What is in no run.
    pub(super) leaving: Leaving,
    /// The youngest runs.
    pub(super) runs: Vec<Arc<Run>>,
    /// Whether there are no other runs, in which there might be what an entry strikes out.
    is_whole: bool,
}

impl Merge {
    /// Of what is in no run, and as many of the runs, youngest first, as are not much longer.
    pub(super) fn plan(leaving: Leaving, runs: &[Arc<Run>]) -> Merge {
        let mut total = leaving.entries.len() as u64;
        let short = |run: &&Arc<Run>| {
            let is_short = run.len() < FACTOR * total;
            total += run.len();
            is_short
        };
        let chosen: Vec<Arc<Run>> = runs.iter().take_while(short).cloned().collect();
        Merge {
            leaving,
            is_whole: chosen.len() == runs.len(),
            runs: chosen,
        }
    }

    /// Of what is in no run alone, which takes the least room on the disk.
    pub(super) fn of_one(leaving: Leaving, runs: &[Arc<Run>]) -> Merge {
        Merge {
            leaving,
            runs: Vec::new(),
            is_whole: runs.is_empty(),
        }
    }

    /// Writes the run; `None` when it was told to `stop` before it had ended.
    pub(super) fn write(&self, folder: &Path, name: i64, stop: &AtomicBool) -> io::Result<Option<Run>> {
        let mut writing = Writing::create(folder, name)?;
        let mut done = 0;
        for entry in self.entries() {
            writing.push(entry?)?;
            done += 1;
            if done % STRETCH == 0 && stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
        }
        writing.finish().map(Some)
    }

    /// All entries in order, each once, without those that were struck out.
    fn entries(&self) -> impl Iterator<Item = io::Result<Entry>> {
        let mut merged = Merged::of(self).peekable();
        std::iter::from_fn(move || {
            loop {
                let entry = match merged.next()? {
                    Ok(entry) => entry,
                    Err(error) => return Some(Err(error)),
                };
                while merged
                    .next_if(|next| matches!(next, Ok(next) if *next == entry))
                    .is_some()
                {}
                // What strikes an entry out comes right behind it.
                let struck_out = merged.next_if(|next| matches!(next, Ok(next) if *next == entry.gone()));
                if struck_out.is_none() && !(entry.is_gone() && self.is_whole) {
                    return Some(Ok(entry));
                }
            }
        })
    }
}

/// All entries of several sources, in order.
struct Merged<'a> {
    sources: Vec<Box<dyn Iterator<Item = io::Result<Entry>> + 'a>>,
    /// The next entry of each source, and which source that is.
    heads: BinaryHeap<Reverse<(Entry, usize)>>,
    failed: Option<io::Error>,
}

impl<'a> Merged<'a> {
    fn of(merge: &'a Merge) -> Merged<'a> {
        let mut sources: Vec<Box<dyn Iterator<Item = io::Result<Entry>> + 'a>> =
            vec![Box::new(merge.leaving.entries.iter().copied().map(Ok))];
        for run in &merge.runs {
            sources.push(Box::new(run.iter()));
        }
        let mut merged = Merged {
            heads: BinaryHeap::with_capacity(sources.len()),
            sources,
            failed: None,
        };
        (0..merged.sources.len()).for_each(|source| merged.advance(source));
        merged
    }

    fn advance(&mut self, source: usize) {
        match self.sources[source].next() {
            Some(Ok(entry)) => self.heads.push(Reverse((entry, source))),
            Some(Err(error)) => self.failed = Some(error),
            None => {}
        }
    }
}

impl Iterator for Merged<'_> {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<io::Result<Entry>> {
        if let Some(error) = self.failed.take() {
            self.heads.clear();
            return Some(Err(error));
        }
        let Reverse((entry, source)) = self.heads.pop()?;
        self.advance(source);
        Some(Ok(entry))
    }
}
