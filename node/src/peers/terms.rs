//! On what terms others may open channels to us, as far as the offer alone tells. LDK has its own, after these: limits for delays, dust and
//! the number of HTLCs, no more than four channels of one peer that are not funded, and no more than some fifty such peers.

use lightning::ln::msgs::OpenChannel;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What LDK asks the other side to keep in a channel: a hundredth of it, but at least so much.
const LEAST_RESERVE_SAT: u64 = 1_000;
/// More than half of a channel as a reserve would make it one that cannot be used in one direction, whatever it holds. It is a
/// hundredth by BOLT 2, where dust allows.
const MAX_RESERVE_SHARE: u64 = 2;

/// What a channel must be like.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// How much it must be able to carry, in sat: `min-capacity-sat`, which may be changed while the node runs.
    pub(crate) min_capacity_sat: Arc<AtomicU64>,
}

/// Why a channel is not wanted; `None` leaves it to LDK.
///
/// The capacity is reckoned as Core Lightning does for `min-capacity-sat`: what is left above both reserves, and no more than may be
/// under way at once.
pub(super) fn refusal(open: &OpenChannel, terms: &Terms) -> Option<String> {
    let offer = &open.common_fields;
    let funding = offer.funding_satoshis;
    let theirs = open.channel_reserve_satoshis;
    let ours = (funding / 100).max(LEAST_RESERVE_SAT);
    let in_flight_sat = offer.max_htlc_value_in_flight_msat / 1_000;
    let capacity = funding
        .saturating_sub(ours.saturating_add(theirs))
        .min(in_flight_sat);
    let least = terms.min_capacity_sat.load(Ordering::Relaxed);
    if capacity < least {
        return Some(format!(
            "channel capacity with funding {funding}sat, reserves {theirs}sat/{ours}sat, max_htlc_value_in_flight_msat is \
             {}msat, channel capacity is {capacity}sat, which is below {least}sat",
            offer.max_htlc_value_in_flight_msat,
        ));
    }
    if theirs > (funding / MAX_RESERVE_SHARE).max(LEAST_RESERVE_SAT) {
        return Some(format!(
            "channel_reserve_satoshis {theirs}sat is too large for a channel of {funding}sat"
        ));
    }
    if offer.htlc_minimum_msat > capacity.saturating_mul(1_000) {
        return Some(format!(
            "htlc_minimum_msat {}msat is more than the channel can carry: {capacity}sat",
            offer.htlc_minimum_msat,
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::Network;
    use bitcoin::constants::ChainHash;
    use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey};
    use lightning::ln::msgs::CommonOpenChannelFields;
    use lightning::ln::types::ChannelId;

    fn terms() -> Terms {
        Terms {
            min_capacity_sat: Arc::new(AtomicU64::new(10_000)),
        }
    }

    fn offer(change: impl FnOnce(&mut OpenChannel)) -> Option<String> {
        let secret = SecretKey::from_slice(&[1; 32]).unwrap();
        let key = PublicKey::from_secret_key(&Secp256k1::new(), &secret);
        let mut open = OpenChannel {
            common_fields: CommonOpenChannelFields {
                chain_hash: ChainHash::using_genesis_block(Network::Regtest),
                temporary_channel_id: ChannelId([7; 32]),
                funding_satoshis: 1_000_000,
                dust_limit_satoshis: 354,
                max_htlc_value_in_flight_msat: 1_000_000_000,
                htlc_minimum_msat: 1,
                commitment_feerate_sat_per_1000_weight: 253,
                to_self_delay: 144,
                max_accepted_htlcs: 483,
                funding_pubkey: key,
                revocation_basepoint: key,
                payment_basepoint: key,
                delayed_payment_basepoint: key,
                htlc_basepoint: key,
                first_per_commitment_point: key,
                channel_flags: 1,
                shutdown_scriptpubkey: None,
                channel_type: None,
            },
            push_msat: 0,
            channel_reserve_satoshis: 10_000,
        };
        change(&mut open);
        refusal(&open, &terms())
    }

    #[test]
    fn a_usual_channel_is_left_to_ldk() {
        assert_eq!(offer(|_| {}), None);
        // CLN says what it likes, which is more than any channel holds.
        assert_eq!(
            offer(|open| open.common_fields.max_htlc_value_in_flight_msat = u64::MAX),
            None
        );
        assert_eq!(
            offer(|open| {
                open.common_fields.funding_satoshis = 12_000;
                open.channel_reserve_satoshis = 1_000;
            }),
            None,
            "10,000 sat are left above both reserves"
        );
    }

    #[test]
    fn a_channel_that_can_carry_little_is_refused_with_the_numbers() {
        let tiny = offer(|open| {
            open.common_fields.funding_satoshis = 11_999;
            open.channel_reserve_satoshis = 1_000;
        });
        let tiny = tiny.unwrap();
        assert!(tiny.contains("channel capacity is 9999sat"), "{tiny}");
        assert!(tiny.ends_with("which is below 10000sat"), "{tiny}");
        assert!(offer(|open| open.common_fields.max_htlc_value_in_flight_msat = 9_999_999).is_some());
        assert!(offer(|open| open.common_fields.funding_satoshis = 0).is_some());
    }

    #[test]
    fn absurd_reserves_and_minima_are_refused_whatever_the_channel_holds() {
        for reserve in [500_001, 2_000_000, u64::MAX] {
            assert!(offer(|open| open.channel_reserve_satoshis = reserve).is_some());
        }
        assert!(offer(|open| open.common_fields.htlc_minimum_msat = 980_000_001).is_some());
        assert_eq!(
            offer(|open| open.common_fields.htlc_minimum_msat = 980_000_000),
            None
        );
    }
}
