//! The ends of what we forward. LDK does not say of which HTLC: see `records/book.rs`.

use super::EventHandler;
use crate::event::{ForwardFailure, NodeEvent};
use crate::records::OutgoingHtlc;
use boltill_types::Msat;
use lightning::events::{Event, HTLCHandlingFailureReason, HTLCHandlingFailureType};
use lightning::ln::LocalHTLCFailureReason;
use lightning::ln::types::ChannelId;

impl EventHandler {
    /// What the books are to know of the event; `None` when it is no end of a forward.
    pub(super) fn end_of_forward(&self, event: Event) -> Option<NodeEvent> {
        match event {
            Event::PaymentForwarded {
                prev_channel_id,
                next_channel_id,
                total_fee_earned_msat,
                outbound_amount_forwarded_msat,
                ..
            } => {
                let out_channel = next_channel_id?;
                Some(NodeEvent::PaymentForwarded {
                    in_channel: prev_channel_id?,
                    out_channel,
                    out_short_channel_id: self.node.inner.records.short_channel_id(out_channel),
                    fee: total_fee_earned_msat.map(Msat),
                    amount_out: outbound_amount_forwarded_msat.map(Msat),
                })
            }
            Event::HTLCHandlingFailed {
                prev_channel_id,
                failure_type,
                failure_reason,
            } => self.failed(prev_channel_id, failure_type, failure_reason),
            _ => None,
        }
    }

    fn failed(
        &self,
        in_channel: ChannelId,
        failure_type: HTLCHandlingFailureType,
        reason: Option<HTLCHandlingFailureReason>,
    ) -> Option<NodeEvent> {
        let inner = &self.node.inner;
        // What is pending may have changed since the last commit.
        let out_channel = match &failure_type {
            HTLCHandlingFailureType::Forward { channel_id, .. } => *channel_id,
            _ => in_channel,
        };
        inner
            .records
            .see_again(&inner.channel_manager, &[in_channel, out_channel]);
        let reason = match reason {
            Some(HTLCHandlingFailureReason::Local { reason }) => Some(reason),
            Some(HTLCHandlingFailureReason::Downstream) | None => None,
        };
        match failure_type {
            HTLCHandlingFailureType::Forward { channel_id, .. } => {
                self.forward_failed(in_channel, channel_id, reason)
            }
            HTLCHandlingFailureType::UnknownNextHop {
                requested_forward_scid,
            }
            | HTLCHandlingFailureType::InvalidForward {
                requested_forward_scid,
            } => {
                let outgoing = OutgoingHtlc {
                    short_channel_id: Some(requested_forward_scid),
                    ..OutgoingHtlc::default()
                };
                self.refused(in_channel, outgoing, reason, true)
            }
            HTLCHandlingFailureType::Receive { payment_hash } => {
                inner.records.refused_here(in_channel, payment_hash);
                None
            }
            // Nobody can say that it was to be forwarded.
            HTLCHandlingFailureType::InvalidOnion => {
                inner.records.take_refused(in_channel, true);
                None
            }
        }
    }

    /// It came back, unless it failed here and never went out.
    fn forward_failed(
        &self,
        in_channel: ChannelId,
        out_channel: ChannelId,
        reason: Option<LocalHTLCFailureReason>,
    ) -> Option<NodeEvent> {
        let records = &self.node.inner.records;
        if let Some(reason) = reason {
            let outgoing = OutgoingHtlc {
                channel_id: Some(out_channel),
                short_channel_id: records.short_channel_id(out_channel),
                ..OutgoingHtlc::default()
            };
            let ended_out_there = matches!(
                reason,
                LocalHTLCFailureReason::OnChainTimeout | LocalHTLCFailureReason::ChannelClosed
            );
            let refused = self.refused(in_channel, outgoing, Some(reason), !ended_out_there);
            if refused.is_some() {
                return refused;
            }
        }
        Some(NodeEvent::ForwardReturned {
            in_channel,
            out_channel,
            excluded: records.not_returned(in_channel),
            failure: reason.map(failure),
        })
    }

    fn refused(
        &self,
        in_channel: ChannelId,
        outgoing: OutgoingHtlc,
        reason: Option<LocalHTLCFailureReason>,
        perhaps: bool,
    ) -> Option<NodeEvent> {
        let incoming = self.node.inner.records.take_refused(in_channel, perhaps)?;
        Some(NodeEvent::ForwardRefused {
            incoming,
            outgoing,
            failure: reason.map(failure),
        })
    }
}

const NODE: u16 = 0x2000;
const PERM: u16 = 0x4000;
const UPDATE: u16 = 0x1000;
const BADONION: u16 = 0x8000;

/// The error of BOLT 4 that LDK's reason is told as, by the name that Core Lightning has for it.
fn failure(reason: LocalHTLCFailureReason) -> ForwardFailure {
    use LocalHTLCFailureReason::*;
    let (code, name) = match reason {
        TemporaryNodeFailure | ForwardExpiryBuffer => (NODE | 2, "WIRE_TEMPORARY_NODE_FAILURE"),
        PermanentNodeFailure => (PERM | NODE | 2, "WIRE_PERMANENT_NODE_FAILURE"),
        RequiredNodeFeature | PaymentSecretRequired => {
            (PERM | NODE | 3, "WIRE_REQUIRED_NODE_FEATURE_MISSING")
        }
        InvalidOnionVersion => (BADONION | PERM | 4, "WIRE_INVALID_ONION_VERSION"),
        InvalidOnionHMAC => (BADONION | PERM | 5, "WIRE_INVALID_ONION_HMAC"),
        InvalidOnionKey => (BADONION | PERM | 6, "WIRE_INVALID_ONION_KEY"),
        TemporaryChannelFailure
        | DustLimitHolder
        | DustLimitCounterparty
        | FeeSpikeBuffer
        | ChannelNotReady
        | ZeroAmount
        | HTLCMinimum
        | HTLCMaximum
        | PeerOffline
        | ChannelBalanceOverdrawn => (UPDATE | 7, "WIRE_TEMPORARY_CHANNEL_FAILURE"),
        PermanentChannelFailure | ChannelClosed | OnChainTimeout => {
            (PERM | 8, "WIRE_PERMANENT_CHANNEL_FAILURE")
        }
        RequiredChannelFeature => (PERM | 9, "WIRE_REQUIRED_CHANNEL_FEATURE_MISSING"),
        UnknownNextPeer | PrivateChannelForward | RealSCIDForward | InvalidTrampolineForward => {
            (PERM | 10, "WIRE_UNKNOWN_NEXT_PEER")
        }
        AmountBelowMinimum => (UPDATE | 11, "WIRE_AMOUNT_BELOW_MINIMUM"),
        FeeInsufficient => (UPDATE | 12, "WIRE_FEE_INSUFFICIENT"),
        IncorrectCLTVExpiry => (UPDATE | 13, "WIRE_INCORRECT_CLTV_EXPIRY"),
        CLTVExpiryTooSoon | OutgoingCLTVTooSoon => (UPDATE | 14, "WIRE_EXPIRY_TOO_SOON"),
        IncorrectPaymentDetails | PaymentClaimBuffer | InvalidKeysendPreimage => {
            (PERM | 15, "WIRE_INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS")
        }
        FinalIncorrectCLTVExpiry => (18, "WIRE_FINAL_INCORRECT_CLTV_EXPIRY"),
        FinalIncorrectHTLCAmount => (19, "WIRE_FINAL_INCORRECT_HTLC_AMOUNT"),
        ChannelDisabled => (UPDATE | 20, "WIRE_CHANNEL_DISABLED"),
        CLTVExpiryTooFar => (21, "WIRE_EXPIRY_TOO_FAR"),
        InvalidOnionPayload | InvalidTrampolinePayload => (PERM | 22, "WIRE_INVALID_ONION_PAYLOAD"),
        MPPTimeout => (23, "WIRE_MPP_TIMEOUT"),
        InvalidOnionBlinding => (BADONION | PERM | 24, "WIRE_INVALID_ONION_BLINDING"),
        UnknownFailureCode { code } => (code, "INVALID"),
    };
    ForwardFailure { code, name }
}
