//! What of a channel is ours.

use boltill_types::Msat;
use lightning::ln::channel_state::ChannelDetails;

/// The two outputs by which either side can bump a commitment transaction, paid for by the opener (BOLT 3).
const ANCHORS: Msat = Msat(2 * 330_000);

/// How much of a channel is ours: what is in HTLCs that we have offered still is, what is offered to us is not yet.
///
/// LDK tells what can be sent and received, which is the balance less the reserve, less the HTLCs under way and less the
/// anchors. Where our side is all used up, the other side is what the balance follows from.
pub fn our_balance(channel: &ChannelDetails) -> Msat {
    let anchors = match &channel.channel_type {
        Some(kind) if kind.supports_anchors_zero_fee_htlc_tx() => ANCHORS,
        _ => Msat::ZERO,
    };
    let (our_anchors, their_anchors) = if channel.is_outbound {
        (anchors, Msat::ZERO)
    } else {
        (Msat::ZERO, anchors)
    };
    let total = sat(channel.channel_value_satoshis);
    if channel.outbound_capacity_msat > 0 {
        let offered: Msat = channel
            .pending_outbound_htlcs
            .iter()
            .map(|htlc| Msat(htlc.amount_msat))
            .sum();
        let reserve = sat(channel.unspendable_punishment_reserve.unwrap_or(0));
        return (Msat(channel.outbound_capacity_msat) + reserve + offered + our_anchors).min(total);
    }
    let offered: Msat = channel
        .pending_inbound_htlcs
        .iter()
        .map(|htlc| Msat(htlc.amount_msat))
        .sum();
    let reserve = sat(channel.counterparty.unspendable_punishment_reserve);
    total - (Msat(channel.inbound_capacity_msat) + reserve + offered + their_anchors)
}

fn sat(sat: u64) -> Msat {
    Msat::from_sat(sat).unwrap_or(Msat(u64::MAX))
}
