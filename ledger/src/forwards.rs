//! Payments that we forward, one entry for each HTLC that came in to go on.
//!
//! An entry is made when the HTLC is offered to the next node, and ends once. LDK may tell an end twice, and does not say of which
//! HTLC: so an end is that of an entry that has not ended and agrees in channels and amounts, and where there is none it has been
//! told before. For that the entry must be on file before the next node can answer; see `node/src/records/`.

mod clean;
mod read;
mod row;
mod write;

pub(crate) use clean::clean;
pub use write::{ForwardClaimed, ForwardReturned};

#[cfg(test)]
pub(crate) use row::sql;

use boltill_types::{CreatedIndex, Msat, PaymentHash, UnixSeconds, UpdatedIndex};
use std::fmt;

/// A channel's id (BOLT 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChannelId(pub [u8; 32]);

/// An HTLC that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HtlcIn {
    /// On which channel.
    pub channel: ChannelId,
    /// Where that channel is in the chain, if it is.
    pub short_channel_id: Option<u64>,
    /// The peer's number for it; unique within the channel.
    pub htlc_id: u64,
    /// What it is worth.
    pub amount: Msat,
    /// What it pays for; several may have the same.
    pub payment_hash: PaymentHash,
    /// When it came.
    pub received_at: UnixSeconds,
}

/// Where an HTLC went, or should have gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HtlcOut {
    /// On which channel; `None` when there is no such channel.
    pub channel: Option<ChannelId>,
    /// Where that channel is in the chain, or what the sender called it.
    pub short_channel_id: Option<u64>,
    /// Our number for it, if it has one.
    pub htlc_id: Option<u64>,
    /// What it is worth; `None` when it was not offered.
    pub amount: Option<Msat>,
}

/// Why a forward failed (BOLT 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardFailure {
    /// The number of the error.
    pub code: u16,
    /// Its name.
    pub name: String,
}

/// A forward, on file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The order in which it was made.
    pub created_index: CreatedIndex,
    /// The order of its latest change; `None` while it never changed.
    pub updated_index: Option<UpdatedIndex>,
    /// What came in.
    pub incoming: HtlcIn,
    /// What went out.
    pub outgoing: HtlcOut,
    /// What came of it.
    pub state: ForwardState,
}

impl Forward {
    /// What it earns, or would have: what came in less what went out.
    pub fn fee(&self) -> Option<Msat> {
        self.outgoing
            .amount
            .map(|out| self.incoming.amount.saturating_sub(out))
    }
}

/// What came of a forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForwardState {
    /// Nothing yet: it is under way.
    Offered,
    /// The next node has paid for it, and the one before it pays us.
    Settled {
        /// When.
        resolved_at: UnixSeconds,
    },
    /// It was offered and came back.
    Failed {
        /// When.
        resolved_at: UnixSeconds,
        /// Why, when it failed here and not further on.
        failure: Option<ForwardFailure>,
    },
    /// It was never offered.
    LocalFailed {
        /// When.
        resolved_at: UnixSeconds,
        /// Why, where it is known.
        failure: Option<ForwardFailure>,
    },
}

impl ForwardState {
    /// The state without its details.
    pub fn status(&self) -> ForwardStatus {
        match self {
            ForwardState::Offered => ForwardStatus::Offered,
            ForwardState::Settled { .. } => ForwardStatus::Settled,
            ForwardState::Failed { .. } => ForwardStatus::Failed,
            ForwardState::LocalFailed { .. } => ForwardStatus::LocalFailed,
        }
    }
}

/// A forward's status, as `listforwards` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ForwardStatus {
    /// It is under way.
    Offered,
    /// It has arrived.
    Settled,
    /// It was offered and came back.
    Failed,
    /// It was never offered.
    LocalFailed,
}

impl ForwardStatus {
    /// The name in `listforwards`.
    pub fn as_str(self) -> &'static str {
        match self {
            ForwardStatus::Offered => "offered",
            ForwardStatus::Settled => "settled",
            ForwardStatus::Failed => "failed",
            ForwardStatus::LocalFailed => "local_failed",
        }
    }
}

impl fmt::Display for ForwardStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
