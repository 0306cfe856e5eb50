//! What is remembered of a channel, so that it can be told when LDK has forgotten it.

use super::balance::our_balance;
use bitcoin::OutPoint;
use bitcoin::secp256k1::PublicKey;
use boltill_types::Msat;
use lightning::chain::transaction::OutPoint as LdkOutPoint;
use lightning::events::ClosureReason;
use lightning::io;
use lightning::ln::channel_state::ChannelDetails;
use lightning::ln::msgs::DecodeError;
use lightning::ln::types::ChannelId;
use lightning::types::features::ChannelTypeFeatures;
use lightning::util::ser::{Readable, Writeable, Writer};

/// So many blocks the funding of a peer's channel is waited for, when there is something for us in it, whether it is open or closed
/// meanwhile (BOLT 2).
const UNFUNDED: u32 = 2_016;

/// A channel, from its funding until its money is back where it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelRecord {
    /// With whom; unknown only of a channel that a very old version of LDK opened.
    pub peer: Option<PublicKey>,
    /// Its id.
    pub channel_id: ChannelId,
    /// Where it is in the chain, once it is there.
    pub short_channel_id: Option<u64>,
    /// What we call it.
    pub local_alias: Option<u64>,
    /// What the peer calls it.
    pub remote_alias: Option<u64>,
    /// Whether we opened it.
    pub opened_by_us: bool,
    /// Whether the network is not told of it.
    pub private: bool,
    /// Its type.
    pub channel_type: Option<ChannelTypeFeatures>,
    /// All that is in it, in msat.
    pub total_msat: u64,
    /// What of it is ours, HTLCs that we offered included, in msat.
    pub to_us_msat: u64,
    /// The least that was ever ours, in msat.
    pub min_to_us_msat: u64,
    /// The most that was ever ours, in msat.
    pub max_to_us_msat: u64,
    /// How many HTLCs we offered.
    pub htlcs_sent: u64,
    /// How it ended, if it has.
    pub closing: Option<Closing>,
    pub(super) funding: LdkOutPoint,
    /// At which height it was first seen to be closed.
    pub(super) closed_at: Option<u32>,
}

/// How a channel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// What closed it.
    pub cause: CloseCause,
    /// Whether we did; `None` when nobody decided to.
    pub closed_by_us: Option<bool>,
    /// Whether both sides agreed on how.
    pub mutual: bool,
}

/// What closed a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCause {
    /// Nobody knows.
    Unknown,
    /// We did, for a reason of the program's.
    Local,
    /// The operator did.
    User,
    /// The peer did.
    Remote,
    /// One side did not keep to the protocol.
    Protocol,
    /// A transaction on the chain.
    Onchain,
}

impl From<&ClosureReason> for Closing {
    fn from(reason: &ClosureReason) -> Closing {
        let (cause, closed_by_us) = match reason {
            ClosureReason::HolderForceClosed { .. }
            | ClosureReason::LegacyCooperativeClosure
            | ClosureReason::LocallyInitiatedCooperativeClosure
            | ClosureReason::LocallyCoopClosedUnfundedChannel => (CloseCause::User, Some(true)),
            ClosureReason::CounterpartyForceClosed { .. }
            | ClosureReason::CounterpartyInitiatedCooperativeClosure
            | ClosureReason::CounterpartyCoopClosedUnfundedChannel => (CloseCause::Remote, Some(false)),
            // A transaction of ours would have closed the channel when it was made.
            ClosureReason::CommitmentTxConfirmed => (CloseCause::Onchain, Some(false)),
            ClosureReason::ProcessingError { .. } | ClosureReason::PeerFeerateTooLow { .. } => {
                (CloseCause::Protocol, Some(true))
            }
            ClosureReason::OutdatedChannelManager | ClosureReason::HTLCsTimedOut { .. } => {
                (CloseCause::Local, Some(true))
            }
            ClosureReason::FundingTimedOut
            | ClosureReason::DisconnectedPeer
            | ClosureReason::FundingBatchClosure => (CloseCause::Local, None),
        };
        let mutual = matches!(
            reason,
            ClosureReason::LegacyCooperativeClosure
                | ClosureReason::LocallyInitiatedCooperativeClosure
                | ClosureReason::CounterpartyInitiatedCooperativeClosure
        );
        Closing {
            cause,
            closed_by_us,
            mutual,
        }
    }
}

impl ChannelRecord {
    /// The record of a channel; `None` while it has no funding transaction.
    pub(super) fn of(channel: &ChannelDetails) -> Option<ChannelRecord> {
        let total_msat = Msat::from_sat(channel.channel_value_satoshis)?.0;
        let at_first = our_balance(channel).0;
        let mut record = ChannelRecord {
            peer: Some(channel.counterparty.node_id),
            channel_id: channel.channel_id,
            short_channel_id: None,
            local_alias: None,
            remote_alias: None,
            opened_by_us: channel.is_outbound,
            private: !channel.is_announced,
            channel_type: None,
            total_msat,
            to_us_msat: at_first,
            min_to_us_msat: at_first,
            max_to_us_msat: at_first,
            htlcs_sent: 0,
            closing: None,
            funding: channel.funding_txo?,
            closed_at: None,
        };
        record.follow(channel);
        Some(record)
    }

    /// Takes in how the channel is now.
    pub(super) fn follow(&mut self, channel: &ChannelDetails) {
        self.short_channel_id = channel.short_channel_id.or(self.short_channel_id);
        self.local_alias = channel.outbound_scid_alias.or(self.local_alias);
        self.remote_alias = channel.inbound_scid_alias.or(self.remote_alias);
        if self.channel_type != channel.channel_type {
            self.channel_type.clone_from(&channel.channel_type);
        }
        self.to_us_msat = our_balance(channel).0;
        self.min_to_us_msat = self.min_to_us_msat.min(self.to_us_msat);
        self.max_to_us_msat = self.max_to_us_msat.max(self.to_us_msat);
        let numbers = channel
            .pending_outbound_htlcs
            .iter()
            .filter_map(|htlc| htlc.htlc_id);
        let sent = numbers.max().map_or(0, |last| last + 1);
        self.htlcs_sent = self.htlcs_sent.max(sent);
    }

    /// Whether a peer opened it and never funded it, as far as was seen while it was open.
    fn is_unfunded(&self) -> bool {
        !self.opened_by_us && self.short_channel_id.is_none()
    }

    /// Whether there never was such a channel, and nothing for us to get from it.
    pub(super) fn never_was(&self) -> bool {
        self.is_unfunded() && self.max_to_us_msat == 0
    }

    /// Whether it was closed unfunded so long ago that nobody has to wait for it any more.
    pub(super) fn is_given_up(&self, height: u32) -> bool {
        let is_long_ago = |at: u32| at.saturating_add(UNFUNDED) <= height;
        self.is_unfunded() && self.closed_at.is_some_and(is_long_ago)
    }

    /// The output that funds it.
    pub fn funding(&self) -> OutPoint {
        self.funding.into_bitcoin_outpoint()
    }
}

/// The form in which records are written; one that comes later has another number.
const FORM: u8 = 2;
/// The form without the height of the closing.
const WITHOUT_HEIGHT: u8 = 1;

impl Writeable for ChannelRecord {
    fn write<W: Writer>(&self, writer: &mut W) -> Result<(), io::Error> {
        FORM.write(writer)?;
        self.peer.write(writer)?;
        self.channel_id.write(writer)?;
        self.short_channel_id.write(writer)?;
        self.local_alias.write(writer)?;
        self.remote_alias.write(writer)?;
        self.opened_by_us.write(writer)?;
        self.private.write(writer)?;
        self.channel_type.write(writer)?;
        self.funding.write(writer)?;
        for number in [
            self.total_msat,
            self.to_us_msat,
            self.min_to_us_msat,
            self.max_to_us_msat,
            self.htlcs_sent,
        ] {
            number.write(writer)?;
        }
        self.closing.write(writer)?;
        self.closed_at.write(writer)
    }
}

impl Readable for ChannelRecord {
    fn read<R: io::Read>(reader: &mut R) -> Result<ChannelRecord, DecodeError> {
        let form = u8::read(reader)?;
        if !(WITHOUT_HEIGHT..=FORM).contains(&form) {
            return Err(DecodeError::UnknownVersion);
        }
        // In the order in which they are written.
        Ok(ChannelRecord {
            peer: Readable::read(reader)?,
            channel_id: Readable::read(reader)?,
            short_channel_id: Readable::read(reader)?,
            local_alias: Readable::read(reader)?,
            remote_alias: Readable::read(reader)?,
            opened_by_us: Readable::read(reader)?,
            private: Readable::read(reader)?,
            channel_type: Readable::read(reader)?,
            funding: Readable::read(reader)?,
            total_msat: Readable::read(reader)?,
            to_us_msat: Readable::read(reader)?,
            min_to_us_msat: Readable::read(reader)?,
            max_to_us_msat: Readable::read(reader)?,
            htlcs_sent: Readable::read(reader)?,
            closing: Readable::read(reader)?,
            closed_at: match form {
                WITHOUT_HEIGHT => None,
                _ => Readable::read(reader)?,
            },
        })
    }
}

impl Writeable for Closing {
    fn write<W: Writer>(&self, writer: &mut W) -> Result<(), io::Error> {
        self.cause.number().write(writer)?;
        self.closed_by_us.write(writer)?;
        self.mutual.write(writer)
    }
}

impl Readable for Closing {
    fn read<R: io::Read>(reader: &mut R) -> Result<Closing, DecodeError> {
        Ok(Closing {
            cause: CloseCause::of_number(Readable::read(reader)?),
            closed_by_us: Readable::read(reader)?,
            mutual: Readable::read(reader)?,
        })
    }
}

impl CloseCause {
    fn number(self) -> u8 {
        match self {
            CloseCause::Unknown => 0,
            CloseCause::Local => 1,
            CloseCause::User => 2,
            CloseCause::Remote => 3,
            CloseCause::Protocol => 4,
            CloseCause::Onchain => 5,
        }
    }

    fn of_number(number: u8) -> CloseCause {
        match number {
            1 => CloseCause::Local,
            2 => CloseCause::User,
            3 => CloseCause::Remote,
            4 => CloseCause::Protocol,
            5 => CloseCause::Onchain,
            _ => CloseCause::Unknown,
        }
    }
}
