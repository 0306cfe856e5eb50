//! The HTLCs under way: which of those that came in went on, and where to.
//!
//! LDK tells the end of a forward without saying which HTLC it was, and of one that failed not even the amount. It does show what
//! is pending in each channel, and nothing becomes pending or ends without a commit of that channel's monitor. So every commit looks at the
//! channels that it writes, and what is seen here is all that there ever was.

#[cfg(test)]
mod tests;

use boltill_types::{Msat, PaymentHash, UnixSeconds};
use lightning::ln::channel_state::{
    ChannelDetails, InboundHTLCDetails, InboundHTLCStateDetails, OutboundHTLCDetails,
};
use lightning::ln::types::ChannelId;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet, VecDeque};
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

/// What is known of the HTLCs under way, channel by channel as each was last looked at.
#[derive(Default)]
pub(super) struct Book {
    /// What came in, by what it pays for: that is what it has in common with what goes out.
    incoming: HashMap<PaymentHash, Vec<Seen>>,
    /// What was pending in each channel, where there was anything.
    pending: HashMap<ChannelId, Pending>,
    last_number: u64,
    /// What is to be forgotten, the oldest first.
    gone: VecDeque<(Instant, PaymentHash)>,
}

/// What was pending in a channel.
#[derive(Default)]
struct Pending {
    incoming: HashMap<u64, Known>,
    outgoing: HashMap<u64, Known>,
    /// What those pay for that wait for their turn to be offered, and have no number yet.
    waiting: Vec<PaymentHash>,
}

/// A pending HTLC.
#[derive(Clone, Copy)]
struct Known {
    payment_hash: PaymentHash,
    /// Where it is in the order in which HTLCs were first seen.
    number: u64,
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
    /// Takes in what is pending now in channels that are looked at, and gives what has gone on since the last look. One that `is_asked`
    /// for and is not among them is no more.
    pub(super) fn look(
        &mut self,
        channels: &[ChannelDetails],
        is_asked: impl Fn(&ChannelId) -> bool,
    ) -> Vec<ForwardOffer> {
        let now = Instant::now();
        for channel in channels {
            let before = self.pending.remove(&channel.channel_id).unwrap_or_default();
            self.take_in(channel, &before, now);
        }
        let listed: HashSet<ChannelId> = channels.iter().map(|channel| channel.channel_id).collect();
        let ended = self
            .pending
            .extract_if(|id, _| is_asked(id) && !listed.contains(id));
        for (channel, before) in ended.collect::<Vec<_>>() {
            self.end(channel, &before, |_| false, now);
        }
        self.forget(now);
        let mut out = by_payment_hash(channels);
        self.see_what_is_still_out(&mut out);
        self.find_where_they_went(&mut out)
    }

    /// In which order a pending HTLC was first seen, counted from 1.
    pub(super) fn number_of(&self, channel: ChannelId, incoming: bool, htlc_id: u64) -> Option<u64> {
        let pending = self.pending.get(&channel)?;
        let htlcs = if incoming {
            &pending.incoming
        } else {
            &pending.outgoing
        };
        htlcs.get(&htlc_id).map(|known| known.number)
    }

    /// A channel as it is now, and what was pending there before.
    fn take_in(&mut self, channel: &ChannelDetails, before: &Pending, now: Instant) {
        let mut pending = Pending::default();
        for htlc in &channel.pending_inbound_htlcs {
            let known = self.known(before.incoming.get(&htlc.htlc_id), htlc.payment_hash);
            pending.incoming.insert(htlc.htlc_id, known);
        }
        for htlc in &channel.pending_outbound_htlcs {
            let Some(htlc_id) = htlc.htlc_id else {
                pending.waiting.push(htlc.payment_hash);
                continue;
            };
            let known = self.known(before.outgoing.get(&htlc_id), htlc.payment_hash);
            pending.outgoing.insert(htlc_id, known);
        }
        let id = channel.channel_id;
        self.end(id, before, |htlc_id| pending.incoming.contains_key(&htlc_id), now);
        for htlc in &channel.pending_inbound_htlcs {
            let same_hash = self.incoming.entry(htlc.payment_hash).or_default();
            match same_hash.iter_mut().find(|seen| seen.is(id, htlc.htlc_id)) {
                Some(seen) => seen.follow(htlc),
                None => same_hash.push(Seen::new(channel, htlc)),
            }
        }
        if !pending.is_empty() {
            self.pending.insert(id, pending);
        }
    }

    fn known(&mut self, before: Option<&Known>, payment_hash: PaymentHash) -> Known {
        before.copied().unwrap_or_else(|| {
            self.last_number += 1;
            Known {
                payment_hash,
                number: self.last_number,
            }
        })
    }

    /// What was pending in a channel is over: what came in unless it `is_there` still, what went out until it is seen again.
    fn end(&mut self, channel: ChannelId, before: &Pending, is_there: impl Fn(u64) -> bool, now: Instant) {
        for (htlc_id, known) in before.incoming.iter().filter(|(htlc_id, _)| !is_there(**htlc_id)) {
            let mut same_hash = self.incoming.get_mut(&known.payment_hash).into_iter().flatten();
            if let Some(seen) = same_hash.find(|seen| seen.is(channel, *htlc_id)) {
                seen.gone = Some(now);
                self.gone.push_back((now, known.payment_hash));
            }
        }
        let outgoing = before.outgoing.values().map(|known| &known.payment_hash);
        for payment_hash in outgoing.chain(&before.waiting) {
            for seen in self.incoming.get_mut(payment_hash).into_iter().flatten() {
                seen.still_out &= seen.went.is_none_or(|went| went.channel_id != Some(channel));
            }
        }
    }

    /// Forgets what has been gone for long.
    fn forget(&mut self, now: Instant) {
        let is_old = |gone: Instant| now.duration_since(gone) >= REMEMBERED;
        while let Some(&(gone, payment_hash)) = self.gone.front()
            && is_old(gone)
        {
            self.gone.pop_front();
            if let Some(same_hash) = self.incoming.get_mut(&payment_hash) {
                same_hash.retain(|seen| !seen.gone.is_some_and(is_old));
                if same_hash.is_empty() {
                    self.incoming.remove(&payment_hash);
                }
            }
        }
    }

    fn see_what_is_still_out(&mut self, out: &mut HashMap<PaymentHash, Vec<Out<'_>>>) {
        for (payment_hash, same_hash) in out {
            for seen in self.incoming.get_mut(payment_hash).into_iter().flatten() {
                let Some(went) = &mut seen.went else { continue };
                if let Some(at) = same_hash.iter().position(|out| out.is(went)) {
                    went.htlc_id = same_hash.swap_remove(at).htlc.htlc_id;
                    seen.still_out = true;
                }
            }
        }
    }

    /// Of several parts of a payment the largest are matched first: the more comes in, the more goes out.
    fn find_where_they_went(&mut self, out: &mut HashMap<PaymentHash, Vec<Out<'_>>>) -> Vec<ForwardOffer> {
        let mut offers = Vec::new();
        for (payment_hash, same_hash) in out {
            let came_in = self.incoming.get_mut(payment_hash).into_iter().flatten();
            let mut waiting: Vec<_> = came_in.filter(|seen| seen.may_go_on()).collect();
            waiting.sort_by_key(|seen| (Reverse(seen.htlc.amount), seen.htlc.htlc_id));
            for seen in waiting {
                let fitting = same_hash.iter().enumerate().filter(|(_, out)| seen.may_be(out));
                // Of those alike the first one: they go on in the order in which they came.
                let order = |out: &Out<'_>| Reverse(out.htlc.htlc_id.unwrap_or(u64::MAX));
                let best = fitting.max_by_key(|(_, out)| (out.htlc.amount_msat, order(out)));
                if let Some((at, _)) = best {
                    let went = same_hash.swap_remove(at).to_outgoing();
                    seen.went = Some(went);
                    seen.still_out = true;
                    offers.push((seen.htlc, went));
                }
            }
        }
        offers.sort_by_key(|(incoming, _)| (incoming.channel_id.0, incoming.htlc_id));
        offers
    }

    fn all_incoming(&mut self) -> impl Iterator<Item = &mut Seen> {
        self.incoming.values_mut().flatten()
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
        let found = self.all_incoming().filter(refused).min_by_key(|seen| {
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
        let mut same_hash = self.incoming.get_mut(&payment_hash).into_iter().flatten();
        let found = same_hash
            .find(|seen| seen.htlc.channel_id == channel && matches!(seen.fate, Fate::Open | Fate::Failed));
        if let Some(seen) = found {
            seen.fate = Fate::Told;
        }
    }

    /// The HTLCs that came in on that channel and cannot have come back: they are still on their way, or paid for.
    pub(super) fn not_returned(&self, channel: ChannelId) -> Vec<u64> {
        let incoming = self.incoming.values().flatten();
        incoming
            .filter(|seen| seen.htlc.channel_id == channel && (seen.still_out || seen.fate == Fate::Claimed))
            .map(|seen| seen.htlc.htlc_id)
            .collect()
    }
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.incoming.is_empty() && self.outgoing.is_empty() && self.waiting.is_empty()
    }
}

/// What goes out on these channels.
fn by_payment_hash(channels: &[ChannelDetails]) -> HashMap<PaymentHash, Vec<Out<'_>>> {
    let mut out: HashMap<_, Vec<_>> = HashMap::new();
    for channel in channels {
        for htlc in &channel.pending_outbound_htlcs {
            let same_hash = out.entry(htlc.payment_hash).or_default();
            same_hash.push(Out { channel, htlc });
        }
    }
    out
}

impl Seen {
    fn new(channel: &ChannelDetails, htlc: &InboundHTLCDetails) -> Seen {
        let mut seen = Seen {
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
        };
        seen.follow(htlc);
        seen
    }

    fn is(&self, channel: ChannelId, htlc_id: u64) -> bool {
        self.htlc.channel_id == channel && self.htlc.htlc_id == htlc_id
    }

    /// Whether it may be this one that goes out: that is worth no more and ends earlier. A payment of ours that comes back to us is
    /// the other way round.
    fn may_be(&self, out: &Out<'_>) -> bool {
        Msat(out.htlc.amount_msat) <= self.htlc.amount && out.htlc.cltv_expiry < self.cltv_expiry
    }

    /// Whether it may yet be seen going out. One that has failed does not, and must not be taken for its successor when the payer
    /// tries again.
    fn may_go_on(&self) -> bool {
        self.went.is_none() && self.gone.is_none() && matches!(self.fate, Fate::Open | Fate::Claimed)
    }

    fn follow(&mut self, htlc: &InboundHTLCDetails) {
        use InboundHTLCStateDetails::*;
        self.gone = None;
        self.fate = match (self.fate, &htlc.state) {
            (Fate::Told, _) => Fate::Told,
            (_, Some(AwaitingRemoteRevokeToRemoveFulfill)) => Fate::Claimed,
            (_, Some(AwaitingRemoteRevokeToRemoveFail)) => Fate::Failed,
            (fate, _) => fate,
        };
    }
}
