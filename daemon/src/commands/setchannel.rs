//! `setchannel`

use super::prelude::*;
use super::shared::channel::{ChannelState, is_called, largest_htlc_out, scid};
use super::shared::unsupported;
use crate::error::Failure;
use crate::params::{FromToken, NodeId, Refusal, ShortChannelId, Token};
use bitcoin::secp256k1::PublicKey;
use boltill_node::{ChannelDetails, ChannelId, ForwardingFees, SetFeesError};
use boltill_types::Msat;
use serde::Serialize;

/// In seconds, as in Core Lightning.
const USUAL_DELAY: u32 = 600;

parameters! {
    /// Set what a channel asks for forwarding
    ///
    /// Changes the fees for payments that others send out over a channel, and tells the network, or of a channel that is not
    /// announced the peer. What is not given stays as it is. The change holds when the command has answered, and survives a restart.
    ///
    /// The smallest and the largest payment that a channel forwards follow from what was agreed on when it was opened, and cannot be
    /// changed: *htlcmin* and *htlcmax* that would ask for less than that are answered with a warning and what holds, and those that
    /// would ask for more are refused.
    pub struct SetChannel {
        /// The channel: its id, its short channel id, the peer's id for all channels with that peer, or `all`.
        required id: Channels,
        /// The fixed fee, in millisatoshi unless a unit is given.
        optional feebase: BaseFee,
        /// The proportional fee, in millionths of the amount.
        optional feeppm: u32,
        /// The smallest payment to forward.
        optional htlcmin: Msat,
        /// The largest payment to forward.
        optional htlcmax: Msat,
        /// Looked at and without effect: payments by the fees from before are taken for four to five minutes more, or until a
        /// restart, whatever is said here.
        default enforcedelay: u32 = USUAL_DELAY,
        /// Not supported but as `false`: a peer may never set just any fee for the commitment transaction.
        optional ignorefeelimits: bool,
    }
}

pub const COMMAND: Command = Command {
    name: "setchannel",
    category: Category::Channels,
    answer: &[Field::always(
        "channels",
        Kind::Array(&Kind::Object(CHANNEL)),
        "The channels, and what holds for them now.",
    )],
    errors: &[
        (
            Code::Unspecified,
            "There is no channel with that peer that can be used.",
        ),
        (
            Code::InvalidParams,
            "There is no such channel, it is being opened or closed, or something is asked for that cannot be had.",
        ),
    ],
    examples: &[Example {
        typed: "setchannel 103x1x0 4000 300",
        answer: r#"{"channels":[{"peer_id":"02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5","channel_id":"0707070707070707070707070707070707070707070707070707070707070707","short_channel_id":"103x1x0","fee_base_msat":4000,"fee_proportional_millionths":300,"minimum_htlc_out_msat":1,"maximum_htlc_out_msat":900000000,"ignore_fee_limits":false}]}"#,
    }],
    see_also: &["listpeerchannels", "listchannels", "fundchannel"],
    ..Command::of::<SetChannel>()
};

const CHANNEL: &[Field] = &[
    Field::always("peer_id", Kind::Pubkey, "The peer."),
    Field::always("channel_id", Kind::Hash, "The channel's id."),
    Field::sometimes(
        "short_channel_id",
        Kind::ShortChannelId,
        "Its place in the chain, once it is deep enough.",
    ),
    Field::always("fee_base_msat", Kind::Msat, "The fixed fee."),
    Field::always(
        "fee_proportional_millionths",
        Kind::U32,
        "The proportional fee, in millionths of the amount.",
    ),
    Field::always(
        "minimum_htlc_out_msat",
        Kind::Msat,
        "The smallest payment that is forwarded.",
    ),
    Field::sometimes(
        "warning_htlcmin_too_low",
        Kind::String,
        "*htlcmin* was less than the peer takes.",
    ),
    Field::always(
        "maximum_htlc_out_msat",
        Kind::Msat,
        "The largest payment that is forwarded.",
    ),
    Field::sometimes(
        "warning_htlcmax_too_high",
        Kind::String,
        "*htlcmax* was more than the channel carries.",
    ),
    Field::always("ignore_fee_limits", Kind::Bool, "Always `false`."),
];

/// Which channels are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channels {
    /// Every one.
    All,
    /// Those with a peer.
    Peer(NodeId),
    /// The one with this id.
    Id(ChannelId),
    /// The one at this place in the chain, or with this alias.
    Short(ShortChannelId),
}

impl FromToken for Channels {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<Channels, Refusal> {
        if token.word().as_deref() == Some("all") {
            return Ok(Channels::All);
        }
        if let Ok(peer) = NodeId::from_token(token) {
            return Ok(Channels::Peer(peer));
        }
        if let Ok(id) = <[u8; 32]>::from_token(token) {
            return Ok(Channels::Id(ChannelId(id)));
        }
        let short = ShortChannelId::from_token(token);
        short
            .map(Channels::Short)
            .map_err(|_| "should be a channel ID or short channel ID".into())
    }
}

/// An amount that fits what `channel_update` has room for (BOLT 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaseFee(u32);

impl FromToken for BaseFee {
    const KIND: Kind = Kind::Msat;

    fn from_token(token: Token<'_>) -> Result<BaseFee, Refusal> {
        let fee = Msat::from_token(token)?;
        Ok(BaseFee(u32::try_from(fee.0).map_err(|_| "exceeds u32 max")?))
    }
}

#[derive(Debug, Serialize)]
struct Set {
    channels: Vec<Terms>,
}

/// A channel as it is now.
#[derive(Debug, Serialize)]
struct Terms {
    peer_id: PublicKey,
    channel_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    short_channel_id: Option<String>,
    fee_base_msat: Msat,
    fee_proportional_millionths: u32,
    minimum_htlc_out_msat: Msat,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning_htlcmin_too_low: Option<&'static str>,
    maximum_htlc_out_msat: Msat,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning_htlcmax_too_high: Option<&'static str>,
    ignore_fee_limits: bool,
}

impl Run for SetChannel {
    async fn run(self, call: Call) -> Outcome {
        if let (Some(least), Some(most)) = (self.htlcmin, self.htlcmax)
            && most < least
        {
            let words = "htlcmax cannot be less than htlcmin";
            return Err(RpcError::failed(Code::Unspecified, words));
        }
        unsupported(
            "ignorefeelimits",
            &self.ignorefeelimits.filter(|ignored| *ignored),
            "a peer may not set just any fee",
        )?;
        if self.enforcedelay != USUAL_DELAY {
            tracing::info!("setchannel: enforcedelay is without effect");
        }
        let node = call.node()?;
        let wanted = find(node.channels(), &self.id)?;
        for channel in &wanted {
            self.check_limits(channel)?;
        }
        let fees = ForwardingFees {
            base_msat: self.feebase.map(|fee| fee.0),
            proportional_millionths: self.feeppm,
        };
        node.set_forwarding_fees(&wanted, fees).await?;
        let channels = node
            .channels()
            .iter()
            .filter(|channel| wanted.iter().any(|asked| asked.channel_id == channel.channel_id))
            .filter_map(|channel| self.terms(channel))
            .collect();
        Answer::of(&Set { channels })
    }
}

impl SetChannel {
    /// LDK sets neither limit behind the opening; what cannot be had is refused before anything changes.
    fn check_limits(&self, channel: &ChannelDetails) -> Result<(), RpcError> {
        let (least, most) = limits(channel);
        let refused = |name, asked: Msat, what, held: Msat| {
            RpcError::invalid_params(format!(
                "{name}: not supported: {asked} asked for, and the {what} of channel {} is {held} and cannot be changed",
                channel.channel_id
            ))
        };
        match (self.htlcmin, self.htlcmax) {
            (Some(asked), _) if asked > least => Err(refused("htlcmin", asked, "minimum", least)),
            (_, Some(asked)) if asked < most => Err(refused("htlcmax", asked, "maximum", most)),
            _ => Ok(()),
        }
    }

    /// A channel whose terms LDK does not tell is one that is not there yet.
    fn terms(&self, channel: &ChannelDetails) -> Option<Terms> {
        let (least, most) = limits(channel);
        let config = channel.config?;
        let too_low = self.htlcmin.is_some_and(|asked| asked < least);
        let too_high = self.htlcmax.is_some_and(|asked| asked > most);
        Some(Terms {
            peer_id: channel.counterparty.node_id,
            channel_id: channel.channel_id.to_string(),
            short_channel_id: channel.short_channel_id.map(scid),
            fee_base_msat: Msat(config.forwarding_fee_base_msat.into()),
            fee_proportional_millionths: config.forwarding_fee_proportional_millionths,
            minimum_htlc_out_msat: least,
            warning_htlcmin_too_low: too_low
                .then_some("Set minimum_htlc_out_msat to minimum allowed by peer"),
            maximum_htlc_out_msat: most,
            warning_htlcmax_too_high: too_high
                .then_some("Set maximum_htlc_out_msat to maximum possible in channel"),
            ignore_fee_limits: false,
        })
    }
}

/// The smallest and the largest payment that a channel forwards.
fn limits(channel: &ChannelDetails) -> (Msat, Msat) {
    let least = channel.counterparty.outbound_htlc_minimum_msat;
    (
        Msat(least.unwrap_or(0)),
        largest_htlc_out(channel).unwrap_or(Msat::ZERO),
    )
}

fn find(channels: Vec<ChannelDetails>, name: &Channels) -> Result<Vec<ChannelDetails>, RpcError> {
    let is_meant = |channel: &ChannelDetails| match name {
        Channels::All => true,
        Channels::Peer(NodeId(peer)) => channel.counterparty.node_id == *peer,
        Channels::Id(id) => channel.channel_id == *id,
        Channels::Short(id) => is_called(channel, *id),
    };
    let meant = channels.into_iter().filter(is_meant);
    let (usable, others): (Vec<_>, Vec<_>) = meant.partition(|channel| can_be_set(ChannelState::of(channel)));
    if !usable.is_empty() || *name == Channels::All {
        return Ok(usable);
    }
    Err(match (name, others.first()) {
        (Channels::All | Channels::Peer(_), _) => RpcError::failed(
            Code::Unspecified,
            "Could not find any active channels of peer with that id",
        ),
        (_, Some(other)) => RpcError::invalid_params(format!(
            "id: Channel in state {}",
            state_name(ChannelState::of(other))
        )),
        (Channels::Id(id), None) => RpcError::invalid_params(format!("Channel ID not found: '{id}'")),
        (Channels::Short(id), None) => {
            RpcError::invalid_params(format!("Short channel ID not found: '{id}'"))
        }
    })
}

fn can_be_set(state: ChannelState) -> bool {
    matches!(
        state,
        ChannelState::ChanneldNormal | ChannelState::ChanneldAwaitingLockin
    )
}

fn state_name(state: ChannelState) -> String {
    serde_json::to_value(state)
        .ok()
        .and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}

impl Failure for SetFeesError {
    fn code(&self) -> Code {
        match self {
            SetFeesError::Gone | SetFeesError::NotWritten => Code::Unspecified,
        }
    }
}

#[cfg(test)]
mod tests;
