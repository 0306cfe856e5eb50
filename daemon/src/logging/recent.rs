//! The latest lines of the log, in memory, for `getlog`.

use bitcoin::secp256k1::PublicKey;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tracing::Level;

/// How many bytes are kept: some fifteen thousand lines.
const MAX_BYTES: usize = 2 << 20;
/// How much of a line is kept, in bytes.
const MAX_LINE: usize = 4096;
/// What a line takes beside its text.
const OVERHEAD: usize = size_of::<Line>() + size_of::<Arc<Line>>();

/// A line of the log.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// How important it is.
    pub level: Level,
    /// When it came, since the log began.
    pub time: Duration,
    /// Whose it is.
    pub source: String,
    /// Which peer it is about, if it is about one.
    pub peer: Option<PublicKey>,
    /// What it says.
    pub text: String,
}

/// The latest lines, and how much room they take.
#[derive(Debug)]
pub struct Snapshot {
    /// When the log began, since 1970.
    pub created_at: Duration,
    /// How many bytes the lines take.
    pub bytes_used: usize,
    /// How many they may take before the oldest goes.
    pub bytes_max: usize,
    /// How many lines have gone.
    pub forgotten: u64,
    /// Those that are there, the oldest first.
    pub lines: Vec<Arc<Line>>,
}

/// The latest lines; clones are of the same ones.
#[derive(Clone, Debug)]
pub struct Recent(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    created_at: Duration,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<Arc<Line>>,
    bytes: usize,
    forgotten: u64,
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl Default for Recent {
    fn default() -> Recent {
        Recent(Arc::new(Inner {
            created_at: now(),
            kept: Mutex::default(),
        }))
    }
}

impl Line {
    fn bytes(&self) -> usize {
        OVERHEAD + self.source.len() + self.text.len()
    }
}

impl Recent {
    /// Keeps a line of now, and forgets the oldest where there is no room.
    pub(super) fn push(&self, level: Level, source: &str, peer: Option<PublicKey>, mut text: String) {
        if text.len() > MAX_LINE {
            let end = (0..=MAX_LINE).rev().find(|&end| text.is_char_boundary(end));
            text.truncate(end.unwrap_or(0));
        }
        text.shrink_to_fit();
        let line = Line {
            level,
            time: now().saturating_sub(self.0.created_at),
            source: source.to_owned(),
            peer,
            text,
        };
        let mut kept = self.kept();
        kept.bytes += line.bytes();
        kept.lines.push_back(Arc::new(line));
        while kept.bytes > MAX_BYTES {
            let Some(oldest) = kept.lines.pop_front() else {
                break;
            };
            kept.bytes -= oldest.bytes();
            kept.forgotten += 1;
        }
    }

    /// What is kept now.
    pub fn snapshot(&self) -> Snapshot {
        let kept = self.kept();
        Snapshot {
            created_at: self.0.created_at,
            bytes_used: kept.bytes,
            bytes_max: MAX_BYTES,
            forgotten: kept.forgotten,
            lines: kept.lines.iter().cloned().collect(),
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_lines_go_and_are_counted() {
        let recent = Recent::default();
        for number in 0..2000 {
            recent.push(Level::INFO, "test", None, format!("{number}{}", "é".repeat(3000)));
        }
        let kept = recent.snapshot();
        assert!(kept.bytes_used <= kept.bytes_max);
        assert_eq!(kept.forgotten + kept.lines.len() as u64, 2000);
        assert!(kept.lines.len() > 400);
        let last = kept.lines.last().unwrap();
        assert!(last.text.starts_with("1999é") && last.text.len() <= MAX_LINE);
        let first = kept.lines.first().unwrap();
        assert!(first.text.starts_with(&format!("{}é", kept.forgotten)));
        assert!(kept.lines.is_sorted_by_key(|line| line.time));
    }
}
