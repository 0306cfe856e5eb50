//! The HTLCs that are under way in a channel.

use boltill_types::Msat;
use lightning::ln::channel_state::{
    ChannelDetails, InboundHTLCDetails, InboundHTLCStateDetails, OutboundHTLCDetails,
    OutboundHTLCStateDetails,
};
use serde::Serialize;

/// One HTLC as `listpeerchannels` shows it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Htlc {
    /// `in` or `out`.
    pub direction: &'static str,
    /// Its sender's number for it.
    pub id: u64,
    /// What it is worth.
    pub amount_msat: Msat,
    /// The block at which it expires.
    pub expiry: u32,
    /// What it pays for.
    pub payment_hash: String,
    /// How far both sides have agreed on it, in Core Lightning's words.
    pub state: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    local_trimmed: bool,
}

impl Htlc {
    /// Those of a channel. One that waits for its turn to be offered has no number yet, and is not listed.
    pub fn all_of(channel: &ChannelDetails) -> Vec<Htlc> {
        let inbound = channel.pending_inbound_htlcs.iter().map(Htlc::inbound);
        inbound
            .chain(channel.pending_outbound_htlcs.iter().filter_map(Htlc::outbound))
            .collect()
    }

    fn inbound(htlc: &InboundHTLCDetails) -> Htlc {
        use InboundHTLCStateDetails::*;
        Htlc {
            direction: "in",
            id: htlc.htlc_id,
            amount_msat: Msat(htlc.amount_msat),
            expiry: htlc.cltv_expiry,
            payment_hash: htlc.payment_hash.to_string(),
            state: match htlc.state {
                Some(AwaitingRemoteRevokeToAdd) => "SENT_ADD_REVOCATION",
                Some(Committed) | None => "RCVD_ADD_ACK_REVOCATION",
                Some(AwaitingRemoteRevokeToRemoveFulfill | AwaitingRemoteRevokeToRemoveFail) => {
                    "SENT_REMOVE_COMMIT"
                }
            },
            local_trimmed: htlc.is_dust,
        }
    }

    fn outbound(htlc: &OutboundHTLCDetails) -> Option<Htlc> {
        use OutboundHTLCStateDetails::*;
        Some(Htlc {
            direction: "out",
            id: htlc.htlc_id?,
            amount_msat: Msat(htlc.amount_msat),
            expiry: htlc.cltv_expiry,
            payment_hash: htlc.payment_hash.to_string(),
            state: match htlc.state {
                Some(AwaitingRemoteRevokeToAdd) => "SENT_ADD_COMMIT",
                Some(Committed) | None => "SENT_ADD_ACK_REVOCATION",
                Some(AwaitingRemoteRevokeToRemoveSuccess | AwaitingRemoteRevokeToRemoveFailure) => {
                    "SENT_REMOVE_REVOCATION"
                }
            },
            local_trimmed: htlc.is_dust,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::channel::tests::channel;
    use crate::commands::shared::documented::mismatches;
    use boltill_types::PaymentHash;
    use serde_json::to_value;

    fn inbound(state: InboundHTLCStateDetails) -> InboundHTLCDetails {
        InboundHTLCDetails {
            htlc_id: 4,
            amount_msat: 1_000,
            cltv_expiry: 181,
            payment_hash: PaymentHash([0xab; 32]),
            state: Some(state),
            is_dust: true,
        }
    }

    fn outbound(htlc_id: Option<u64>) -> OutboundHTLCDetails {
        OutboundHTLCDetails {
            htlc_id,
            amount_msat: 2_000,
            cltv_expiry: 182,
            payment_hash: PaymentHash([0xcd; 32]),
            state: Some(OutboundHTLCStateDetails::Committed),
            skimmed_fee_msat: None,
            is_dust: false,
        }
    }

    #[test]
    fn both_directions_are_listed_with_their_states() {
        let busy = ChannelDetails {
            pending_inbound_htlcs: vec![inbound(
                InboundHTLCStateDetails::AwaitingRemoteRevokeToRemoveFulfill,
            )],
            pending_outbound_htlcs: vec![outbound(Some(17)), outbound(None)],
            ..channel()
        };
        let htlcs = Htlc::all_of(&busy);
        let [into, out] = htlcs.as_slice() else {
            panic!("{htlcs:?}")
        };
        assert_eq!(
            (into.direction, into.state, into.local_trimmed),
            ("in", "SENT_REMOVE_COMMIT", true)
        );
        assert_eq!(
            (out.direction, out.id, out.state),
            ("out", 17, "SENT_ADD_ACK_REVOCATION")
        );
        for htlc in [into, out] {
            assert_eq!(
                mismatches(super::super::fields::HTLC, &to_value(htlc).unwrap()),
                [""; 0]
            );
        }
        assert_eq!(into.payment_hash, "ab".repeat(32));
    }
}
