//! How far somebody has come in each kind of event.

use std::fmt;
use std::str::FromStr;

/// A kind of event, by the index that orders it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    InvoicesCreated,
    InvoicesPaid,
    InvoicesUpdated,
    RequestsCreated,
    PayoutsBegun,
    PayoutsEnded,
}

impl Kind {
    /// All, in the order in which those of one moment are told.
    pub(super) const ALL: [Kind; 6] = [
        Kind::InvoicesCreated,
        Kind::InvoicesPaid,
        Kind::InvoicesUpdated,
        Kind::RequestsCreated,
        Kind::PayoutsBegun,
        Kind::PayoutsEnded,
    ];

    /// What stands before its index where a cursor is written.
    fn letter(self) -> char {
        match self {
            Kind::InvoicesCreated => 'c',
            Kind::InvoicesPaid => 'p',
            Kind::InvoicesUpdated => 'u',
            Kind::RequestsCreated => 'r',
            Kind::PayoutsBegun => 'b',
            Kind::PayoutsEnded => 'e',
        }
    }
}

/// The last index of each kind that somebody has been told of. It is written as `c12.p5.u7.r3.b4.e4`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor([u64; 6]);

/// Why a cursor is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    /// It was not written here.
    #[error("should be the id of an event")]
    Malformed,
    /// It is of things that have not happened.
    #[error("is ahead of all events: it comes from another node, or from a ledger that is lost")]
    Ahead,
}

impl Cursor {
    pub(super) fn of(&mut self, kind: Kind) -> &mut u64 {
        &mut self.0[kind as usize]
    }

    /// Whether it is ahead in nothing.
    pub(super) fn is_within(&self, other: &Cursor) -> bool {
        self.0.iter().zip(other.0).all(|(ours, theirs)| *ours <= theirs)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, index) in Kind::ALL.into_iter().zip(self.0) {
            let dot = if kind == Kind::InvoicesCreated { "" } else { "." };
            write!(f, "{dot}{}{index}", kind.letter())?;
        }
        Ok(())
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Cursor, CursorError> {
        let (mut cursor, mut parts) = (Cursor::default(), text.split('.'));
        for kind in Kind::ALL {
            let digits = parts.next().and_then(|part| part.strip_prefix(kind.letter()));
            let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
            let index = digits.and_then(|digits| digits.parse().ok());
            *cursor.of(kind) = index.ok_or(CursorError::Malformed)?;
        }
        match parts.next() {
            None => Ok(cursor),
            Some(_) => Err(CursorError::Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_was_not_written_here_is_no_cursor() {
        for text in [
            "",
            "c1",
            "c1.p1.u1.r1.b1",
            "c1.p1.u1.r1.b1.e1.x1",
            "p1.c1.u1.r1.b1.e1",
            "c+1.p1.u1.r1.b1.e1",
            "c.p1.u1.r1.b1.e1",
            "c18446744073709551616.p1.u1.r1.b1.e1",
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(CursorError::Malformed), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_cursor_is_read_as_it_was_written(indexes: [u64; 6], text: String) {
            let cursor = Cursor(indexes);
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
            let _ = text.parse::<Cursor>();
        }
    }
}
