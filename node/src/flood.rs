//! What a hostile peer can make us write must not fill the disk.

use lightning_types::string::PrintableString;
use std::fmt::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many lines about others' misbehaviour are written in a minute; the rest of them are only counted, except where everything is
/// written.
const LINES: u32 = 100;
const MINUTE: Duration = Duration::from_secs(60);
/// How much of what a peer says in an error is kept, in bytes; BOLT 1 allows 64 kB.
const MAX_SAID: usize = 400;
/// How long a line of LDK's may be, in bytes. Much in it comes from peers.
pub(crate) const MAX_LINE: usize = 4_000;

/// Lines that peers are refused with.
pub(crate) static REFUSALS: LineLimit = LineLimit::new();
/// Lines of LDK's that many of can be had by whoever sends nonsense.
pub(crate) static LDK: LineLimit = LineLimit::new();

/// Writes a line about somebody who was refused something, for the operator to see; not too many of them.
macro_rules! tell_refusal {
    ($($words:tt)*) => {{
        let (may, left_out) = $crate::flood::REFUSALS.may_write(std::time::Instant::now());
        if left_out > 0 {
            tracing::info!("{left_out} more refusals were not written down");
        }
        if may {
            tracing::info!($($words)*);
        } else {
            tracing::trace!($($words)*);
        }
    }};
}
pub(crate) use tell_refusal;

/// Lets through so many lines a minute.
pub(crate) struct LineLimit(Mutex<Window>);

struct Window {
    since: Option<Instant>,
    lines: u32,
}

impl LineLimit {
    const fn new() -> LineLimit {
        LineLimit(Mutex::new(Window {
            since: None,
            lines: 0,
        }))
    }

    /// Whether one more line may be written now, and how many were not in the minute that has just ended.
    pub(crate) fn may_write(&self, now: Instant) -> (bool, u32) {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left_out = 0;
        let is_over = |since| now.saturating_duration_since(since) >= MINUTE;
        if window.since.is_none_or(is_over) {
            left_out = window.lines.saturating_sub(LINES);
            *window = Window {
                since: Some(now),
                lines: 0,
            };
        }
        window.lines = window.lines.saturating_add(1);
        (window.lines <= LINES, left_out)
    }
}

/// What a peer said, short and without anything that a terminal would obey.
pub(crate) fn said(text: &str) -> String {
    Shortened(PrintableString(text), MAX_SAID).to_string()
}

/// Shows no more than so many bytes.
pub(crate) struct Shortened<T>(pub(crate) T, pub(crate) usize);

impl<T: fmt::Display> fmt::Display for Shortened<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = UpTo {
            left: self.1,
            to: formatter,
        };
        match write!(writer, "{}", self.0) {
            Err(fmt::Error) if writer.left == 0 => formatter.write_char('…'),
            outcome => outcome,
        }
    }
}

/// Fails once it is full.
struct UpTo<'a, 'b> {
    left: usize,
    to: &'a mut fmt::Formatter<'b>,
}

impl Write for UpTo<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.len() <= self.left {
            self.left -= text.len();
            return self.to.write_str(text);
        }
        let mut end = self.left;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.left = 0;
        self.to.write_str(text.get(..end).unwrap_or_default())?;
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_says_is_cut_and_cannot_command_a_terminal() {
        assert_eq!(said("no\x1b[2J\r\nway"), "no\u{fffd}[2J\u{fffd}\u{fffd}way");
        assert_eq!(said("right\u{202e}left"), "right\u{fffd}left");
        let long = said(&"é".repeat(1_000));
        assert!(long.len() <= MAX_SAID + '…'.len_utf8(), "{} bytes", long.len());
        assert!(long.ends_with("é…"), "{long}");
        let exact = "x".repeat(MAX_SAID);
        assert_eq!(said(&exact), exact);
    }

    #[test]
    fn so_many_lines_a_minute_are_written_and_the_others_counted() {
        let limit = LineLimit::new();
        let start = Instant::now();
        for _ in 0..LINES {
            assert_eq!(limit.may_write(start), (true, 0));
        }
        assert_eq!(limit.may_write(start), (false, 0));
        assert_eq!(limit.may_write(start + MINUTE / 2), (false, 0));
        assert_eq!(limit.may_write(start + MINUTE), (true, 2));
        assert_eq!(limit.may_write(start + MINUTE), (true, 0));
    }
}
