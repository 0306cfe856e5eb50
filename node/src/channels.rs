//! The life of a channel, as commands ask for it; what LDK reports about it comes through `events/channels.rs`.

mod address;
mod close;
mod open;
mod terms;

pub(crate) use close::Closings;
pub use close::{CloseError, CloseOutcome, CloseRequest, FeeRange};
pub(crate) use open::Openings;
pub use open::{OpenError, OpenRequest, Opened};
pub use terms::{DUST_LIMIT_SAT, ForwardingFees, MAX_ACCEPTED_HTLCS, SetFeesError, THEIR_TO_SELF_DELAY};

use lightning::types::features::ChannelTypeFeatures;

/// The names of a channel type's features as BOLT 9 has them, each with `/even` for required, as CLN lists them.
pub fn channel_type_names(features: &ChannelTypeFeatures) -> Vec<&'static str> {
    let names = [
        (features.requires_static_remote_key(), "static_remotekey/even"),
        (
            features.requires_anchors_nonzero_fee_htlc_tx(),
            "anchor_outputs/even",
        ),
        (features.requires_anchors_zero_fee_htlc_tx(), "anchors/even"),
        (
            features.requires_anchor_zero_fee_commitments(),
            "zero_fee_commitments/even",
        ),
        (features.requires_scid_privacy(), "scid_alias/even"),
        (features.requires_zero_conf(), "zeroconf/even"),
    ];
    names
        .into_iter()
        .filter_map(|(present, name)| present.then_some(name))
        .collect()
}
