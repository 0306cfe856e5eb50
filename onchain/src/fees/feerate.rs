//! A feerate as people write it.

use std::str::FromStr;

/// What a `feerate` parameter says, as in Core Lightning: a name; a number with `perkw`, `perkb` or `blocks` behind it;
/// a number alone, which is per 1000 virtual bytes. [`FeeRates::resolve`] says what it comes to at present.
///
/// ```
/// use boltill_onchain::{Feerate, FeerateName};
/// assert_eq!("urgent".parse(), Ok(Feerate::Named(FeerateName::Urgent)));
/// assert_eq!("253perkw".parse(), Ok(Feerate::PerKw(253)));
/// assert_eq!("1000".parse(), Ok(Feerate::PerKb(1_000)));
/// assert_eq!("6blocks".parse(), Ok(Feerate::Blocks(6)));
/// ```
///
/// [`FeeRates::resolve`]: crate::FeeRates::resolve
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feerate {
    /// One that we estimate.
    Named(FeerateName),
    /// Sat per 1000 weight units.
    PerKw(u32),
    /// Sat per 1000 virtual bytes.
    PerKb(u32),
    /// What gets a transaction into one of the next so many blocks.
    Blocks(u32),
}

/// The feerates that have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeerateName {
    /// The next 6 blocks or so.
    Urgent,
    /// The next 12 blocks or so.
    Normal,
    /// The next 100 blocks or so.
    Slow,
    /// The least that bitcoind takes at present.
    Minimum,
    /// Funding a channel.
    Opening,
    /// Closing one together.
    MutualClose,
    /// Closing one without anchors alone.
    UnilateralClose,
    /// The commitment of a channel with anchors, which can be bumped.
    UnilateralAnchorClose,
    /// Taking our own money back after a unilateral close.
    DelayedToUs,
    /// Claiming or taking back an HTLC on chain.
    HtlcResolution,
    /// Punishing a revoked commitment.
    Penalty,
    /// The least that a peer may use.
    MinAcceptable,
    /// The most that a peer may use.
    MaxAcceptable,
}

/// The text is no feerate; the words are Core Lightning's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("should be an integer with optional perkw, perkb or blocks, or a feerate name")]
pub struct FeerateError;

impl FromStr for Feerate {
    type Err = FeerateError;

    fn from_str(text: &str) -> Result<Feerate, FeerateError> {
        if let Some(name) = FeerateName::of(text) {
            return Ok(Feerate::Named(name));
        }
        let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, unit) = text.split_at(unit_at);
        let number = digits.parse().map_err(|_| FeerateError)?;
        match unit {
            "" | "perkb" => Ok(Feerate::PerKb(number)),
            "perkw" => Ok(Feerate::PerKw(number)),
            "blocks" => Ok(Feerate::Blocks(number)),
            _ => Err(FeerateError),
        }
    }
}

impl FeerateName {
    /// The feerate of a name.
    fn of(text: &str) -> Option<FeerateName> {
        use FeerateName::*;
        Some(match text {
            "urgent" => Urgent,
            "normal" => Normal,
            "slow" => Slow,
            "minimum" => Minimum,
            "opening" => Opening,
            "mutual_close" => MutualClose,
            "unilateral_close" => UnilateralClose,
            "unilateral_anchor_close" => UnilateralAnchorClose,
            "delayed_to_us" => DelayedToUs,
            "htlc_resolution" => HtlcResolution,
            "penalty" => Penalty,
            "min_acceptable" => MinAcceptable,
            "max_acceptable" => MaxAcceptable,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_their_units_are_read() {
        assert_eq!("0perkw".parse(), Ok(Feerate::PerKw(0)));
        assert_eq!("7500perkb".parse(), Ok(Feerate::PerKb(7_500)));
        assert_eq!("7500".parse(), Ok(Feerate::PerKb(7_500)));
        assert_eq!("100blocks".parse(), Ok(Feerate::Blocks(100)));
        assert_eq!(
            "unilateral_close".parse(),
            Ok(Feerate::Named(FeerateName::UnilateralClose))
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "fast",
            "URGENT",
            "-1",
            "+1",
            "1.5perkw",
            "1 perkw",
            "perkw",
            "4294967296",
            "1blocks ",
            "1sat",
        ] {
            assert_eq!(text.parse::<Feerate>(), Err(FeerateError), "{text}");
        }
    }
}
