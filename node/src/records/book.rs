//! The HTLCs under way: which of those that came in went on, and where to.
//!
//! LDK tells the end of a forward without saying which HTLC it was, and of one that failed not even the amount. It does show what
//! is pending in each channel, and nothing becomes pending or ends without a commit of the channel manager. So every commit looks,
//! and what is seen here is all that there ever was.

use boltill_types::{Msat, PaymentHash, UnixSeconds};
use lightning::ln::channel_state::{
    ChannelDetails, InboundHTLCDetails, InboundHTLCStateDetails, OutboundHTLCDetails,
};
use lightning::ln::types::ChannelId;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long an HTLC that is gone is remembered: its event may be waiting behind others.
const REMEMBERED: Duration = Duration::from_secs(300);

/// An HTLC that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncomingHtlc {
    /// On which channel.
    pub channel_id: ChannelId,
    /// Where that channel is in the chain, or what we call it when it is not there yet.
    pub short_channel_id: Option<u64>,
    /// The peer's number for it; unique within the channel.
    pub htlc_id: u64,
    /// What it is worth.
    pub amount: Msat,
    /// What it pays for.
    pub payment_hash: PaymentHash,
    /// When it was first seen.
    pub received_at: UnixSeconds,
}

/// Where an HTLC went, or should have gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutgoingHtlc {
    /// On which channel; `None` when there is no such channel.
    pub channel_id: Option<ChannelId>,
    /// Where that channel is in the chain, or what the sender called it.
    pub short_channel_id: Option<u64>,
    /// Our number for it; `None` while it waits for its turn to be offered, or never was.
    pub htlc_id: Option<u64>,
    /// What it is worth; `None` when it was not offered.
    pub amount: Option<Msat>,
}

/// An HTLC that went on.
pub type ForwardOffer = (IncomingHtlc, OutgoingHtlc);

/// An HTLC's channel, whether it came in, and its number there.
type Key = (ChannelId, bool, u64);

#[derive(Default)]
pub(super) struct Book {
    incoming: HashMap<(ChannelId, u64), Seen>,
    /// The order in which the HTLCs that are pending were first seen.
    numbers: HashMap<Key, u64>,
    last_number: u64,
}

/// An HTLC that came in, as it was last seen.
struct Seen {
    htlc: IncomingHtlc,
    cltv_expiry: u32,
    /// Where it went.
    went: Option<OutgoingHtlc>,
    /// Whether it is still pending where it went.
    still_out: bool,
    fate: Fate,
    gone: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    Claimed,
    Failed,
    /// Its event has been told.
    Told,
}

/// An HTLC that goes out.
struct Out<'a> {
    channel: &'a ChannelDetails,
    htlc: &'a OutboundHTLCDetails,
}

impl Out<'_> {
    fn to_outgoing(&self) -> OutgoingHtlc {
        OutgoingHtlc {
            channel_id: Some(self.channel.channel_id),
            short_channel_id: short_channel_id(self.channel),
            htlc_id: self.htlc.htlc_id,
            amount: Some(Msat(self.htlc.amount_msat)),
        }
    }

    fn is(&self, went: &OutgoingHtlc) -> bool {
        went.channel_id == Some(self.channel.channel_id)
            && went.amount == Some(Msat(self.htlc.amount_msat))
            && (went.htlc_id.is_none() || went.htlc_id == self.htlc.htlc_id)
    }
}

/// What a channel is called: by its place in the chain, or by our alias as long as it has none.
pub(super) fn short_channel_id(channel: &ChannelDetails) -> Option<u64> {
    channel.short_channel_id.or(channel.outbound_scid_alias)
}

impl Book {
    /// Takes in what is pending now, and gives what has gone on since the last look.
    pub(super) fn look(&mut self, channels: &[ChannelDetails]) -> Vec<ForwardOffer> {
        let mut out: HashMap<PaymentHash, Vec<Out<'_>>> = HashMap::new();
        for channel in channels {
            for htlc in &channel.pending_outbound_htlcs {
                out.entry(htlc.payment_hash)
                    .or_default()
                    .push(Out { channel, htlc });
            }
        }
        self.number(channels);
        self.see_incoming(channels);
        self.see_what_is_still_out(&mut out);
        self.find_where_they_went(&mut out)
    }

    /// The order in which a pending HTLC was first seen.
    pub(super) fn number_of(&self, key: Key) -> Option<u64> {
        self.numbers.get(&key).copied()
    }

    fn number(&mut self, channels: &[ChannelDetails]) {
        let mut numbers = HashMap::new();
        for channel in channels {
            let id = channel.channel_id;
            let incoming = channel
                .pending_inbound_htlcs
                .iter()
                .map(|htlc| (id, true, htlc.htlc_id));
            let outgoing = channel.pending_outbound_htlcs.iter();
            let outgoing = outgoing.filter_map(|htlc| Some((id, false, htlc.htlc_id?)));
            for key in incoming.chain(outgoing) {
                let number = self.numbers.get(&key).copied().unwrap_or_else(|| {
                    self.last_number += 1;
                    self.last_number
                });
                numbers.insert(key, number);
            }
        }
        self.numbers = numbers;
    }

    fn see_incoming(&mut self, channels: &[ChannelDetails]) {
        let now = Instant::now();
        for seen in self.incoming.values_mut() {
            seen.gone = seen.gone.or(Some(now));
            seen.still_out = false;
        }
        for channel in channels {
            for htlc in &channel.pending_inbound_htlcs {
                let seen = self
                    .incoming
                    .entry((channel.channel_id, htlc.htlc_id))
                    .or_insert_with(|| Seen::new(channel, htlc));
                seen.gone = None;
                seen.follow(htlc);
            }
        }
        self.incoming
            .retain(|_, seen| seen.gone.is_none_or(|gone| now.duration_since(gone) < REMEMBERED));
    }

    fn see_what_is_still_out(&mut self, out: &mut HashMap<PaymentHash, Vec<Out<'_>>>) {
        for seen in self.incoming.values_mut() {
            let (Some(went), Some(same_hash)) = (&mut seen.went, out.get_mut(&seen.htlc.payment_hash)) else {
                continue;
            };
            if let Some(at) = same_hash.iter().position(|out| out.is(went)) {
                went.htlc_id = same_hash.swap_remove(at).htlc.htlc_id;
                seen.still_out = true;
            }
        }
    }

    /// Of several parts of a payment the largest are matched first: the more comes in, the more goes out.
    fn find_where_they_went(&mut self, out: &mut HashMap<PaymentHash, Vec<Out<'_>>>) -> Vec<ForwardOffer> {
        let mut waiting: Vec<_> = self
            .incoming
            .values_mut()
            .filter(|seen| seen.may_go_on() && out.contains_key(&seen.htlc.payment_hash))
            .collect();
        waiting.sort_by_key(|seen| (std::cmp::Reverse(seen.htlc.amount), seen.htlc.htlc_id));
        let mut offers = Vec::new();
        for seen in waiting {
            let Some(same_hash) = out.get_mut(&seen.htlc.payment_hash) else {
                continue;
            };
            // What goes out is worth no more and ends earlier; a payment of ours that comes back to us is the other way round.
            let fits = |out: &Out<'_>| {
                Msat(out.htlc.amount_msat) <= seen.htlc.amount && out.htlc.cltv_expiry < seen.cltv_expiry
            };
            let best = same_hash
                .iter()
                .enumerate()
                .filter(|(_, out)| fits(out))
                .max_by_key(|(_, out)| out.htlc.amount_msat);
            if let Some((at, _)) = best {
                let went = same_hash.swap_remove(at).to_outgoing();
                seen.went = Some(went);
                seen.still_out = true;
                offers.push((seen.htlc, went));
            }
        }
        offers.sort_by_key(|(incoming, _)| (incoming.channel_id.0, incoming.htlc_id));
        offers
    }

    /// The HTLC of that channel that has failed without going on, once: one that is seen failing if there is one. With
    /// `perhaps`, one that is not seen failing yet will do.
    pub(super) fn take_refused(&mut self, channel: ChannelId, perhaps: bool) -> Option<IncomingHtlc> {
        let refused = |seen: &&mut Seen| match seen.fate {
            _ if seen.htlc.channel_id != channel || seen.went.is_some() => false,
            Fate::Failed => true,
            Fate::Open => seen.gone.is_some() || perhaps,
            Fate::Claimed | Fate::Told => false,
        };
        let found = self.incoming.values_mut().filter(refused).min_by_key(|seen| {
            (
                seen.fate != Fate::Failed && seen.gone.is_none(),
                seen.htlc.htlc_id,
            )
        })?;
        found.fate = Fate::Told;
        Some(found.htlc)
    }

    /// An HTLC that was for us has been refused.
    pub(super) fn refused_here(&mut self, channel: ChannelId, payment_hash: PaymentHash) {
        let mut seen = self.incoming.values_mut();
        let found = seen.find(|seen| {
            seen.htlc.channel_id == channel
                && seen.htlc.payment_hash == payment_hash
                && matches!(seen.fate, Fate::Open | Fate::Failed)
        });
        if let Some(seen) = found {
            seen.fate = Fate::Told;
        }
    }

    /// The HTLCs that came in on that channel and cannot have come back: they are still on their way, or paid for.
    pub(super) fn not_returned(&self, channel: ChannelId) -> Vec<u64> {
        self.incoming
            .values()
            .filter(|seen| seen.htlc.channel_id == channel && (seen.still_out || seen.fate == Fate::Claimed))
            .map(|seen| seen.htlc.htlc_id)
            .collect()
    }
}

impl Seen {
    fn new(channel: &ChannelDetails, htlc: &InboundHTLCDetails) -> Seen {
        Seen {
            htlc: IncomingHtlc {
                channel_id: channel.channel_id,
                short_channel_id: short_channel_id(channel),
                htlc_id: htlc.htlc_id,
                amount: Msat(htlc.amount_msat),
                payment_hash: htlc.payment_hash,
                received_at: UnixSeconds::now(),
            },
            cltv_expiry: htlc.cltv_expiry,
            went: None,
            still_out: false,
            fate: Fate::Open,
            gone: None,
        }
    }

    /// Whether it may yet be seen going out. One that has failed does not, and must not be taken for its successor when the payer
    /// tries again.
    fn may_go_on(&self) -> bool {
        self.went.is_none() && self.gone.is_none() && matches!(self.fate, Fate::Open | Fate::Claimed)
    }

    fn follow(&mut self, htlc: &InboundHTLCDetails) {
        use InboundHTLCStateDetails::*;
        self.fate = match (self.fate, &htlc.state) {
            (Fate::Told, _) => Fate::Told,
            (_, Some(AwaitingRemoteRevokeToRemoveFulfill)) => Fate::Claimed,
            (_, Some(AwaitingRemoteRevokeToRemoveFail)) => Fate::Failed,
            (fate, _) => fate,
        };
    }
}
