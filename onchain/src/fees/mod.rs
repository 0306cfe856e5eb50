//! Feerates: what bitcoind estimates, for LDK, for our own transactions, and for people.
//!
//! Everything comes from four estimates, those of Core Lightning: for 2, 6, 12 and 100 blocks. `feerate.rs` reads what
//! people write as a feerate; `estimates.rs` decides what four answers of bitcoind's, or none, amount to.

mod estimates;
mod feerate;
mod forced;

pub use estimates::Estimate;
pub use feerate::{Feerate, FeerateError, FeerateName};
pub use forced::{ForcedFeerates, ForcedFeeratesError};

use crate::bitcoind::{Bitcoind, BitcoindError, FeeMode, feerate_of};
use bitcoin::FeeRate;
use estimates::Estimates;
use lightning::chain::chaininterface::{ConfirmationTarget, FEERATE_FLOOR_SATS_PER_KW, FeeEstimator};
use std::sync::{PoisonError, RwLock};
use std::time::Instant;

/// The lowest feerate that every node relays, rounded so that it survives any rounding of weights: 253 sat per 1000
/// weight units.
pub(crate) const FLOOR: FeeRate = FeeRate::from_sat_per_kwu(FEERATE_FLOOR_SATS_PER_KW as u64);

/// The feerates in use. Reading never waits for bitcoind; [`FeeRates::refresh`] asks it.
#[derive(Debug)]
pub struct FeeRates {
    estimates: RwLock<Estimates>,
    forced: Option<ForcedFeerates>,
}

/// What typical transactions would cost at present (`onchain_fee_estimates` of `feerates`), in sat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnchainFeeEstimates {
    /// Opening a channel.
    pub opening_channel: u64,
    /// Closing one together.
    pub mutual_close: u64,
    /// Closing one alone: the commitment and the transaction that spends its anchor.
    pub unilateral_close: u64,
    /// Closing one without anchors alone.
    pub unilateral_close_nonanchor: u64,
    /// Taking back an HTLC of a channel without anchors.
    pub htlc_timeout: u64,
    /// Claiming an HTLC of a channel without anchors.
    pub htlc_success: u64,
}

impl Default for FeeRates {
    fn default() -> FeeRates {
        FeeRates::new()
    }
}

impl FeeRates {
    /// Feerates that are sensible without having asked anyone, until the first [`FeeRates::refresh`].
    pub fn new() -> FeeRates {
        FeeRates {
            estimates: RwLock::new(Estimates::default()),
            forced: None,
        }
    }

    /// The same with some feerates that hold whatever is estimated.
    #[must_use]
    pub fn forced(self, forced: Option<ForcedFeerates>) -> FeeRates {
        FeeRates { forced, ..self }
    }

    /// Asks bitcoind for its estimates and for what its mempool lets in. To be called on each new block.
    ///
    /// An estimate that bitcoind does not give stays what it was.
    ///
    /// # Errors
    /// bitcoind did not answer; nothing has changed then.
    pub async fn refresh(&self, bitcoind: &Bitcoind) -> Result<(), BitcoindError> {
        let mut answers = [None; Estimates::BLOCKS.len()];
        for (answer, blocks) in answers.iter_mut().zip(Estimates::BLOCKS) {
            // The most urgent one guards against paying too little in a rising market, the others follow a falling one.
            let mode = if blocks == Estimates::BLOCKS[0] {
                FeeMode::Conservative
            } else {
                FeeMode::Economical
            };
            *answer = bitcoind.estimate_smart_fee(blocks, mode).await?;
        }
        let mempool = bitcoind.mempool_info().await?;
        let mempool_floor = feerate_of(mempool.mempool_min_fee.max(mempool.min_relay_fee));
        let mut estimates = self.estimates.write().unwrap_or_else(PoisonError::into_inner);
        estimates.update(answers, mempool_floor, Instant::now());
        Ok(())
    }

    fn read<T>(&self, read: impl FnOnce(&Estimates) -> T) -> T {
        read(&self.estimates.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The feerate that should do within so many blocks, interpolated between the estimates.
    pub fn for_blocks(&self, blocks: u32) -> FeeRate {
        self.read(|estimates| estimates.for_blocks(blocks))
    }

    /// The four estimates, by ascending number of blocks.
    pub fn estimates(&self) -> Vec<Estimate> {
        self.read(Estimates::list)
    }

    /// Whether bitcoind has given fewer than all of the estimates so far (`warning_missing_feerates`).
    pub fn is_missing_estimates(&self) -> bool {
        self.read(Estimates::is_missing_some)
    }

    /// The least that bitcoind takes into its mempool at present, and never less than 253 sat per 1000 weight units.
    pub fn floor(&self) -> FeeRate {
        self.read(Estimates::floor)
    }

    /// One of Core Lightning's named feerates.
    pub fn named(&self, name: FeerateName) -> FeeRate {
        use FeerateName::*;
        if let Some(forced) = self.forced.and_then(|forced| forced.of(name)) {
            return forced;
        }
        match name {
            Urgent | UnilateralClose | HtlcResolution => self.for_blocks(6),
            Normal | Opening | Penalty | DelayedToUs => self.for_blocks(12),
            Slow | MutualClose | UnilateralAnchorClose => self.for_blocks(100),
            Minimum => self.floor(),
            // Half of what is slow: who pays less than that gets stuck for good.
            MinAcceptable => FeeRate::from_sat_per_kwu(self.for_blocks(100).to_sat_per_kwu() / 2).max(FLOOR),
            // Ten times what gets into the next blocks.
            MaxAcceptable => FeeRate::from_sat_per_kwu(self.highest().to_sat_per_kwu().saturating_mul(10)),
        }
    }

    /// The highest feerate that we would use ourselves.
    fn highest(&self) -> FeeRate {
        let forced = self.forced.map_or(FLOOR, |forced| forced.highest());
        self.for_blocks(2).max(forced)
    }

    /// What a feerate as people write it comes to at present.
    pub fn resolve(&self, feerate: Feerate) -> FeeRate {
        match feerate {
            Feerate::Named(name) => self.named(name),
            Feerate::PerKw(sat) => FeeRate::from_sat_per_kwu(sat.into()).max(FLOOR),
            // Rounded up: a feerate must not become zero, or less than what was asked for.
            Feerate::PerKb(sat) => FeeRate::from_sat_per_kwu(u64::from(sat).div_ceil(4)).max(FLOOR),
            Feerate::Blocks(blocks) => self.for_blocks(blocks),
        }
    }

    /// What typical transactions would cost at present, by Core Lightning's reckoning of their weights.
    pub fn onchain_fee_estimates(&self) -> OnchainFeeEstimates {
        let cost = |name, weight: u64| self.named(name).to_sat_per_kwu().saturating_mul(weight) / 1000;
        OnchainFeeEstimates {
            opening_channel: cost(FeerateName::Opening, 702),
            mutual_close: cost(FeerateName::MutualClose, 673),
            unilateral_close: cost(FeerateName::UnilateralAnchorClose, 1112),
            unilateral_close_nonanchor: cost(FeerateName::UnilateralClose, 598),
            htlc_timeout: cost(FeerateName::HtlcResolution, 663),
            htlc_success: cost(FeerateName::HtlcResolution, 703),
        }
    }
}

impl FeeEstimator for FeeRates {
    fn get_est_sat_per_1000_weight(&self, target: ConfirmationTarget) -> u32 {
        let feerate = match target {
            // A peer whose estimates are a little higher than ours is no thief.
            ConfirmationTarget::MaximumFeeEstimate => {
                FeeRate::from_sat_per_kwu(self.highest().to_sat_per_kwu().saturating_add(MARGIN))
            }
            ConfirmationTarget::UrgentOnChainSweep => self.named(FeerateName::HtlcResolution),
            // A commitment with anchors is bumped when the time comes, as a package with its child, so a peer may set
            // any feerate that is relayed at all: to ask for more would close channels whenever feerates rise.
            ConfirmationTarget::MinAllowedAnchorChannelRemoteFee => FLOOR,
            ConfirmationTarget::MinAllowedNonAnchorChannelRemoteFee => self.named(FeerateName::MinAcceptable),
            ConfirmationTarget::AnchorChannelFee => self.named(FeerateName::UnilateralAnchorClose),
            ConfirmationTarget::NonAnchorChannelFee => self.named(FeerateName::UnilateralClose),
            ConfirmationTarget::ChannelCloseMinimum => self.named(FeerateName::MutualClose),
            ConfirmationTarget::OutputSpendingFee => self.named(FeerateName::DelayedToUs),
        };
        u32::try_from(feerate.to_sat_per_kwu()).unwrap_or(u32::MAX)
    }
}

/// How much more than our highest estimate a peer may take for the highest, in sat per 1000 weight units.
const MARGIN: u64 = 2_500;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeBitcoind, connect};
    use serde_json::json;

    /// Feerates as in the example of Core Lightning's `feerates`.
    async fn example() -> FeeRates {
        let server = FakeBitcoind::start(|method, params| match (method, params[0].as_u64()) {
            ("estimatesmartfee", Some(2)) => Ok(json!({ "feerate": 0.0006 })),
            ("estimatesmartfee", Some(6)) => Ok(json!({ "feerate": 0.00044 })),
            ("estimatesmartfee", Some(12)) => Ok(json!({ "feerate": 0.0003 })),
            ("estimatesmartfee", Some(100)) => Ok(json!({ "feerate": 0.00015 })),
            _ => Ok(json!({ "size": 0, "bytes": 0, "mempoolminfee": 0.00001, "minrelaytxfee": 0.00001 })),
        })
        .await;
        let datadir = tempfile::tempdir().unwrap();
        let feerates = FeeRates::new();
        feerates
            .refresh(&connect(server.port, datadir.path()))
            .await
            .unwrap();
        feerates
    }

    #[tokio::test]
    async fn names_and_costs_are_those_of_core_lightning() {
        let feerates = example().await;
        let resolve = |text: &str| feerates.resolve(text.parse().unwrap()).to_sat_per_kwu();
        let named = [
            "opening",
            "mutual_close",
            "unilateral_close",
            "unilateral_anchor_close",
            "penalty",
        ];
        assert_eq!(named.map(resolve), [7_500, 3_750, 11_000, 3_750, 7_500]);
        assert_eq!(
            ["min_acceptable", "max_acceptable", "minimum"].map(resolve),
            [1_875, 150_000, 253]
        );
        assert_eq!(
            ["urgent", "normal", "slow", "12blocks"].map(resolve),
            [11_000, 7_500, 3_750, 7_500]
        );
        assert_eq!(
            ["10000", "9999perkw", "1perkb", "0perkw"].map(resolve),
            [2_500, 9_999, 253, 253]
        );
        let costs = feerates.onchain_fee_estimates();
        assert_eq!(
            (costs.opening_channel, costs.mutual_close, costs.unilateral_close),
            (5_265, 2_523, 4_170)
        );
        assert_eq!(
            (
                costs.unilateral_close_nonanchor,
                costs.htlc_timeout,
                costs.htlc_success
            ),
            (6_578, 7_293, 7_733)
        );
        assert!(!feerates.is_missing_estimates());
    }

    #[tokio::test]
    async fn a_peer_may_use_what_is_relayed_and_a_little_more_than_our_highest() {
        let feerates = example().await;
        let sat = |target| feerates.get_est_sat_per_1000_weight(target);
        assert_eq!(sat(ConfirmationTarget::MinAllowedAnchorChannelRemoteFee), 253);
        assert_eq!(
            sat(ConfirmationTarget::MinAllowedNonAnchorChannelRemoteFee),
            1_875
        );
        assert_eq!(sat(ConfirmationTarget::MaximumFeeEstimate), 17_500);
        assert_eq!(sat(ConfirmationTarget::ChannelCloseMinimum), 3_750);
    }
}
