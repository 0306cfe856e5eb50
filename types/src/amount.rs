//! Amounts of bitcoin in millisatoshi, and the forms in which people write them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};
use std::str::FromStr;

/// An amount in millisatoshi (a thousandth of a satoshi), the unit of the Lightning Network.
///
/// It is read as Core Lightning reads amounts: a whole number of msat, with an optional `msat` behind it; a whole
/// number of `sat`, or one with exactly three decimals; a whole number of `btc`, or one with 1 to 11 decimals.
///
/// ```
/// use boltill_types::Msat;
/// assert_eq!("1500".parse(), Ok(Msat(1_500)));
/// assert_eq!("1500msat".parse(), Ok(Msat(1_500)));
/// assert_eq!("1.500sat".parse(), Ok(Msat(1_500)));
/// assert_eq!("0.00000001btc".parse(), Ok(Msat(1_000)));
/// assert!("1.5sat".parse::<Msat>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Msat(pub u64);

/// The text is not an amount in one of the accepted forms, or exceeds what 64 bits of msat can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("should be a millisatoshi amount")]
pub struct AmountError;

const MSAT_PER_SAT: u64 = 1_000;
const MSAT_PER_BTC_DIGITS: usize = 11;

impl Msat {
    /// Nothing at all.
    pub const ZERO: Msat = Msat(0);

    /// The amount of a whole number of satoshi; `None` when it does not fit.
    pub fn from_sat(sat: u64) -> Option<Msat> {
        sat.checked_mul(MSAT_PER_SAT).map(Msat)
    }

    /// Whole satoshi, rounded down, as on-chain amounts are.
    pub fn to_sat_floor(self) -> u64 {
        self.0 / MSAT_PER_SAT
    }

    /// Whole satoshi when there is no fraction of one, else `None`.
    pub fn to_sat_exact(self) -> Option<u64> {
        self.0
            .is_multiple_of(MSAT_PER_SAT)
            .then_some(self.0 / MSAT_PER_SAT)
    }

    /// The sum, or `None` when it does not fit.
    pub fn checked_add(self, other: Msat) -> Option<Msat> {
        self.0.checked_add(other.0).map(Msat)
    }

    /// The difference, or zero when `other` is larger.
    pub fn saturating_sub(self, other: Msat) -> Msat {
        Msat(self.0.saturating_sub(other.0))
    }
}

impl FromStr for Msat {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Msat, AmountError> {
        if let Some(number) = text.strip_suffix("msat") {
            return digits(number).map(Msat);
        }
        if let Some(number) = text.strip_suffix("sat") {
            return match number.split_once('.') {
                Some((whole, fraction)) if fraction.len() == 3 => decimal(whole, fraction, 3),
                Some(_) => Err(AmountError),
                None => decimal(number, "", 3),
            };
        }
        if let Some(number) = text.strip_suffix("btc") {
            return match number.split_once('.') {
                Some((_, "")) => Err(AmountError),
                Some((whole, fraction)) => decimal(whole, fraction, MSAT_PER_BTC_DIGITS),
                None => decimal(number, "", MSAT_PER_BTC_DIGITS),
            };
        }
        digits(text).map(Msat)
    }
}

/// Reads `whole.fraction` of a unit that has `places` decimal places of msat.
fn decimal(whole: &str, fraction: &str, places: usize) -> Result<Msat, AmountError> {
    let missing = places.checked_sub(fraction.len()).ok_or(AmountError)?;
    let unit = 10u64.pow(places as u32);
    let fraction = match fraction {
        "" => 0,
        text => digits(text)? * 10u64.pow(missing as u32),
    };
    let whole = digits(whole)?.checked_mul(unit).ok_or(AmountError)?;
    whole.checked_add(fraction).map(Msat).ok_or(AmountError)
}

/// A non-empty run of ASCII digits; `u64::from_str` alone would also take a leading `+`.
fn digits(text: &str) -> Result<u64, AmountError> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AmountError);
    }
    text.parse().map_err(|_| AmountError)
}

impl fmt::Display for Msat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}msat", self.0)
    }
}

impl Add for Msat {
    type Output = Msat;
    /// Saturates: no sum of real bitcoin comes near the limit, and a wrapped amount would be money made up.
    fn add(self, other: Msat) -> Msat {
        Msat(self.0.saturating_add(other.0))
    }
}

impl Sub for Msat {
    type Output = Msat;
    /// Saturates at zero.
    fn sub(self, other: Msat) -> Msat {
        self.saturating_sub(other)
    }
}

impl Sum for Msat {
    fn sum<I: Iterator<Item = Msat>>(amounts: I) -> Msat {
        amounts.fold(Msat::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_core_lightning_reads_is_read() {
        let forms = [
            ("0", 0),
            ("123", 123),
            ("123msat", 123),
            ("123sat", 123_000),
            ("1.234sat", 1_234),
            ("0.001sat", 1),
            ("1btc", 100_000_000_000),
            ("0.1btc", 10_000_000_000),
            ("0.00000000001btc", 1),
            ("20999999.99999999999btc", 2_099_999_999_999_999_999),
        ];
        for (text, msat) in forms {
            assert_eq!(text.parse(), Ok(Msat(msat)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "msat",
            "sat",
            "btc",
            " 1",
            "1 ",
            "+1",
            "-1",
            "1.0",
            "1.1msat",
            "1.1sat",
            "1.12sat",
            "1.1234sat",
            "1.btc",
            ".1btc",
            ".123sat",
            "0.000000000001btc",
            "1,000",
            "0x10",
            "1e3",
            "1SAT",
            "١",
            "18446744073709551616",
            "18446744073709552sat",
            "184467441btc",
        ] {
            assert_eq!(text.parse::<Msat>(), Err(AmountError), "{text}");
        }
    }
}
