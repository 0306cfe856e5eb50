//! Feerates that the operator sets, whatever bitcoind estimates.

use super::{FLOOR, FeerateName};
use bitcoin::FeeRate;
use std::str::FromStr;

/// The feerates of `force-feerates`, in the order in which Core Lightning has them there.
const ORDER: [FeerateName; 6] = [
    FeerateName::Opening,
    FeerateName::MutualClose,
    FeerateName::UnilateralClose,
    FeerateName::DelayedToUs,
    FeerateName::HtlcResolution,
    FeerateName::Penalty,
];

/// Feerates that hold in place of those that would be estimated, as in Core Lightning's `force-feerates`.
///
/// They are written as up to six numbers with `/` between them, each in sat per 1000 weight units: for opening a channel,
/// closing it together, closing it alone, taking our own money back after that, resolving an HTLC, and punishing. The
/// last number given stands for the rest.
///
/// ```
/// use boltill_onchain::ForcedFeerates;
/// assert!("253".parse::<ForcedFeerates>().is_ok());
/// assert!("1000/1000/253/5000".parse::<ForcedFeerates>().is_ok());
/// assert!("1/2/3/4/5/6/7".parse::<ForcedFeerates>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForcedFeerates([FeeRate; ORDER.len()]);

/// The text is no list of feerates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("should be 1 to 6 numbers in sat per 1000 weight units, with / between them")]
pub struct ForcedFeeratesError;

impl FromStr for ForcedFeerates {
    type Err = ForcedFeeratesError;

    fn from_str(text: &str) -> Result<ForcedFeerates, ForcedFeeratesError> {
        let mut forced = [None; ORDER.len()];
        for (place, number) in text.split('/').enumerate() {
            let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            let sat: Option<u32> = number.parse().ok().filter(|_| is_number);
            *forced.get_mut(place).ok_or(ForcedFeeratesError)? = Some(sat.ok_or(ForcedFeeratesError)?);
        }
        let mut last = FLOOR;
        Ok(ForcedFeerates(forced.map(|sat| {
            // What is not relayed is of no use to anyone.
            last = sat.map_or(last, |sat| FeeRate::from_sat_per_kwu(sat.into()).max(FLOOR));
            last
        })))
    }
}

impl ForcedFeerates {
    /// The feerate of a name, for those that can be forced.
    pub(super) fn of(&self, name: FeerateName) -> Option<FeeRate> {
        let name = match name {
            FeerateName::UnilateralAnchorClose => FeerateName::UnilateralClose,
            name => name,
        };
        let place = ORDER.iter().position(|forced| *forced == name)?;
        self.0.get(place).copied()
    }

    /// The highest of them.
    pub(super) fn highest(&self) -> FeeRate {
        self.0.into_iter().max().unwrap_or(FLOOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sat(forced: &str) -> [u64; 6] {
        let forced: ForcedFeerates = forced.parse().unwrap();
        ORDER.map(|name| forced.of(name).unwrap().to_sat_per_kwu())
    }

    #[test]
    fn the_last_number_stands_for_the_rest_and_none_is_below_what_is_relayed() {
        assert_eq!(sat("1000"), [1_000; 6]);
        assert_eq!(sat("1000/2000/10"), [1_000, 2_000, 253, 253, 253, 253]);
        assert_eq!(
            sat("1000/2/3000/4000/5000/6000"),
            [1_000, 253, 3_000, 4_000, 5_000, 6_000]
        );
    }

    #[test]
    fn what_is_no_list_of_numbers_is_refused() {
        for wrong in [
            "",
            "/",
            "1000/",
            "+5",
            "-5",
            "slow",
            "1000perkw",
            "1/2/3/4/5/6/7",
            "99999999999",
        ] {
            assert_eq!(
                wrong.parse::<ForcedFeerates>(),
                Err(ForcedFeeratesError),
                "{wrong}"
            );
        }
    }

    #[test]
    fn what_core_lightning_does_not_force_stays_estimated() {
        let forced: ForcedFeerates = "1000/2000/3000".parse().unwrap();
        assert_eq!(forced.of(FeerateName::Urgent), None);
        assert_eq!(forced.of(FeerateName::Minimum), None);
        let anchors = forced.of(FeerateName::UnilateralAnchorClose).unwrap();
        assert_eq!(anchors.to_sat_per_kwu(), 3_000);
        assert_eq!(forced.highest().to_sat_per_kwu(), 3_000);
    }
}
