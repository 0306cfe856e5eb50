//! What bitcoind's four estimates, or the lack of them, amount to.

use super::FLOOR;
use bitcoin::FeeRate;
use std::time::{Duration, Instant};

/// One estimate, as `feerates` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Within how many blocks.
    pub blocks: u32,
    /// The estimate as bitcoind gave it last.
    pub feerate: FeeRate,
    /// The same with its jumps evened out over a few minutes.
    pub smoothed: FeeRate,
}

/// The estimates and the floor below which nothing goes.
#[derive(Clone, Debug)]
pub(super) struct Estimates {
    by_blocks: [Known; Estimates::BLOCKS.len()],
    mempool_floor: FeeRate,
    updated: Option<Instant>,
}

/// An estimate in sat per 1000 weight units.
#[derive(Clone, Copy, Debug)]
struct Known {
    latest: u64,
    smoothed: f64,
    /// Whether bitcoind has ever given it.
    estimated: bool,
}

/// A jump has nine tenths of its effect on the smoothed estimate after this long, as in Core Lightning.
const SMOOTHING: Duration = Duration::from_secs(120);

impl Estimates {
    /// The numbers of blocks that bitcoind is asked about.
    pub(super) const BLOCKS: [u32; 4] = [2, 6, 12, 100];
    /// What is assumed while bitcoind cannot tell, in sat per 1000 weight units: it has just been installed, or the
    /// chain is one for testing. Such chains have room, so these are low, and still tell the urgent from the slow.
    const FALLBACK: [u64; 4] = [5_000, 3_000, 2_000, 1_000];

    /// Takes bitcoind's answers over; what it left out stays as it was.
    pub(super) fn update(&mut self, answers: [Option<FeeRate>; 4], mempool_floor: FeeRate, now: Instant) {
        let elapsed = self.updated.map(|updated| now.saturating_duration_since(updated));
        let old_share = elapsed.map_or(0.0, |elapsed| {
            0.1_f64.powf(elapsed.as_secs_f64() / SMOOTHING.as_secs_f64())
        });
        for (known, answer) in self.by_blocks.iter_mut().zip(answers) {
            let Some(feerate) = answer else { continue };
            known.latest = feerate.to_sat_per_kwu();
            let old_share = if known.estimated { old_share } else { 0.0 };
            known.smoothed = known.smoothed * old_share + known.latest as f64 * (1.0 - old_share);
            known.estimated = true;
        }
        self.fill_gaps();
        self.mempool_floor = mempool_floor;
        self.updated = Some(now);
    }

    /// What bitcoind has never estimated is taken from the next more urgent estimate that it has, else from the next
    /// less urgent one: better a little too much than a mixture of its market with our guesses.
    fn fill_gaps(&mut self) {
        let known = self.by_blocks;
        for (place, gap) in self
            .by_blocks
            .iter_mut()
            .enumerate()
            .filter(|(_, known)| !known.estimated)
        {
            let urgent = known[..place].iter().rev().find(|known| known.estimated);
            let slow = known[place..].iter().find(|known| known.estimated);
            if let Some(nearest) = urgent.or(slow) {
                *gap = Known {
                    estimated: false,
                    ..*nearest
                };
            }
        }
    }

    /// Linear between the estimates; the nearest one outside of them.
    pub(super) fn for_blocks(&self, blocks: u32) -> FeeRate {
        let points: Vec<(u32, u64)> = Estimates::BLOCKS
            .into_iter()
            .zip(self.by_blocks.iter().map(|known| known.latest))
            .collect();
        let after = points.partition_point(|(at, _)| *at < blocks);
        let sat = match (
            after.checked_sub(1).map(|before| points[before]),
            points.get(after),
        ) {
            (Some((x0, y0)), Some(&(x1, y1))) => {
                let share = f64::from(blocks - x0) / f64::from(x1 - x0);
                (y0 as f64 + (y1 as f64 - y0 as f64) * share).round() as u64
            }
            (None, Some(&(_, first))) => first,
            (Some((_, last)), None) => last,
            (None, None) => 0,
        };
        FeeRate::from_sat_per_kwu(sat).max(self.floor())
    }

    pub(super) fn floor(&self) -> FeeRate {
        self.mempool_floor.max(FLOOR)
    }

    pub(super) fn is_missing_some(&self) -> bool {
        self.by_blocks.iter().any(|known| !known.estimated)
    }

    pub(super) fn list(&self) -> Vec<Estimate> {
        let floored = |sat: u64| FeeRate::from_sat_per_kwu(sat).max(self.floor());
        Estimates::BLOCKS
            .into_iter()
            .zip(&self.by_blocks)
            .map(|(blocks, known)| Estimate {
                blocks,
                feerate: floored(known.latest),
                smoothed: floored(known.smoothed.round() as u64),
            })
            .collect()
    }
}

impl Default for Estimates {
    fn default() -> Estimates {
        let fallback = |sat: u64| Known {
            latest: sat,
            smoothed: sat as f64,
            estimated: false,
        };
        Estimates {
            by_blocks: Estimates::FALLBACK.map(fallback),
            mempool_floor: FLOOR,
            updated: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sat(feerate: FeeRate) -> u64 {
        feerate.to_sat_per_kwu()
    }

    fn updated(answers: [Option<u64>; 4]) -> Estimates {
        let mut estimates = Estimates::default();
        estimates.update(
            answers.map(|sat| sat.map(FeeRate::from_sat_per_kwu)),
            FLOOR,
            Instant::now(),
        );
        estimates
    }

    #[test]
    fn without_any_estimate_the_fallbacks_hold() {
        let estimates = updated([None; 4]);
        assert!(estimates.is_missing_some());
        assert_eq!(sat(estimates.for_blocks(2)), 5_000);
        assert_eq!(sat(estimates.for_blocks(1_008)), 1_000);
    }

    #[test]
    fn a_missing_estimate_is_taken_from_a_neighbour_never_from_the_fallbacks() {
        let estimates = updated([None, Some(40_000), None, Some(20_000)]);
        assert!(estimates.is_missing_some());
        assert_eq!(
            [2, 6, 12, 100].map(|blocks| sat(estimates.for_blocks(blocks))),
            [40_000, 40_000, 40_000, 20_000]
        );
    }

    #[test]
    fn between_two_estimates_the_feerate_is_interpolated() {
        let estimates = updated([Some(15_000), Some(11_000), Some(7_500), Some(3_750)]);
        let feerates = [1, 2, 4, 6, 9, 12, 56, 100, 500].map(|blocks| sat(estimates.for_blocks(blocks)));
        assert_eq!(
            feerates,
            [15_000, 15_000, 13_000, 11_000, 9_250, 7_500, 5_625, 3_750, 3_750]
        );
    }

    #[test]
    fn a_rising_mempool_minimum_lifts_everything() {
        let mut estimates = updated([Some(15_000), Some(11_000), Some(7_500), Some(3_750)]);
        estimates.update([None; 4], FeeRate::from_sat_per_kwu(9_000), Instant::now());
        assert_eq!(
            [2, 6, 12, 100].map(|blocks| sat(estimates.for_blocks(blocks))),
            [15_000, 11_000, 9_000, 9_000]
        );
        assert_eq!(sat(estimates.floor()), 9_000);
    }

    #[test]
    fn a_jump_reaches_the_smoothed_estimate_by_and_by() {
        let start = Instant::now();
        let feerates = |sat| [Some(FeeRate::from_sat_per_kwu(sat)); 4];
        let mut estimates = Estimates::default();
        estimates.update(feerates(1_000), FLOOR, start);
        assert_eq!(sat(estimates.list()[0].smoothed), 1_000);
        estimates.update(feerates(2_000), FLOOR, start + Duration::from_secs(120));
        assert_eq!(sat(estimates.list()[0].smoothed), 1_900);
        assert_eq!(sat(estimates.list()[0].feerate), 2_000);
    }
}
