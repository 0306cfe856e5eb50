//! The fee of a closing transaction that both agree on, as far as LDK lets it be chosen.
//!
//! LDK proposes a range: from its own minimum, or a higher feerate that it is given, up to the feerate of a commitment without
//! anchors plus some satoshi, which a channel's settings hold. (`calculate_closing_fee_limits` in its `channel.rs`.) So the lower
//! end can be raised, and the upper end can be put anywhere from that feerate on. Where the peer opened the channel, and so pays,
//! LDK takes whatever the peer offers above its own minimum.

use crate::ldk::ChannelManager;
use boltill_onchain::FeeRates;
use lightning::chain::chaininterface::{ConfirmationTarget, FEERATE_FLOOR_SATS_PER_KW, FeeEstimator};
use lightning::ln::channel_state::ChannelDetails;
use lightning::util::config::ChannelConfigUpdate;
use lightning::util::errors::APIError;

/// The weight of the lightest closing transaction with two outputs, to a 22-byte and a 4-byte script. Of a fee that is
/// reckoned with it no transaction has a higher feerate.
const LIGHTEST: u64 = 602;

/// The feerates between which a closing transaction's must be, in sat per 1000 weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeRange {
    /// The least.
    pub min: u32,
    /// The most.
    pub max: u32,
}

impl FeeRange {
    /// Whether LDK keeps to it, by the estimates of this moment; the error says why not.
    pub(super) fn check(self, channel: &ChannelDetails, fees: &FeeRates) -> Result<(), String> {
        if !channel.is_outbound {
            return Err("the peer opened the channel, and pays for its closing".to_owned());
        }
        let least = highest_minimum(fees);
        if self.max < least {
            return Err(format!(
                "the maximum must be at least {least} sat per 1000 weight at present"
            ));
        }
        Ok(())
    }

    /// Puts the upper end into the channel's settings; the lower end is told to LDK with the closing.
    pub(super) fn apply(
        self,
        channel: &ChannelDetails,
        fees: &FeeRates,
        manager: &ChannelManager,
    ) -> Result<(), APIError> {
        let refused = |err| APIError::APIMisuseError { err };
        self.check(channel, fees).map_err(refused)?;
        let update = ChannelConfigUpdate {
            force_close_avoidance_max_fee_satoshis: Some(self.above(commitment_feerate(fees))),
            ..ChannelConfigUpdate::default()
        };
        let peer = &channel.counterparty.node_id;
        manager.update_partial_channel_config(peer, &[channel.channel_id], &update)
    }

    /// How many satoshi the most is above that feerate.
    fn above(self, feerate: u32) -> u64 {
        u64::from(self.max.saturating_sub(feerate)) * LIGHTEST / 1000
    }
}

fn commitment_feerate(fees: &FeeRates) -> u32 {
    feerate(fees, ConfirmationTarget::NonAnchorChannelFee)
}

/// LDK's range never ends below its own minimum nor below a commitment's feerate.
fn highest_minimum(fees: &FeeRates) -> u32 {
    commitment_feerate(fees).max(feerate(fees, ConfirmationTarget::ChannelCloseMinimum))
}

/// As LDK reads it.
fn feerate(fees: &FeeRates, target: ConfirmationTarget) -> u32 {
    fees.get_est_sat_per_1000_weight(target)
        .max(FEERATE_FLOOR_SATS_PER_KW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_end_is_never_above_what_was_asked_for() {
        let range = FeeRange { min: 253, max: 5_000 };
        // LDK's upper end is the commitment's feerate for the transaction's weight, and this on top.
        for feerate in [253, 2_500, 5_000] {
            for weight in [LIGHTEST, 674, 722] {
                let most = u64::from(feerate) * weight / 1000 + range.above(feerate);
                assert!(most * 1000 / weight <= 5_000, "{feerate} {weight}");
            }
        }
    }
}
