//! What can happen to a forward: it is offered, it is settled or comes back, or it is never offered.

use super::read::{by_htlc, under_way};
use super::row::{sql, status_column};
use super::{ChannelId, Forward, ForwardFailure, ForwardState, HtlcIn, HtlcOut};
use crate::Recorded;
use crate::changes::Change;
use crate::counters::IndexKind;
use crate::error::LedgerError;
use crate::job::Durable;
use crate::ledger::Ledger;
use crate::sql::{execute, hash_key, int};
use crate::writer::WriteTx;
use boltill_types::{Msat, UnixSeconds};

/// What is told of a forward that the next node has paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForwardClaimed {
    /// Where it came in.
    pub in_channel: ChannelId,
    /// Where it went out.
    pub out_channel: ChannelId,
    /// Where that is in the chain, if it is.
    pub out_short_channel_id: Option<u64>,
    /// What the next node got, if that is known.
    pub out_amount: Option<Msat>,
    /// What is left to us, if that is known.
    pub fee: Option<Msat>,
}

/// What is told of a forward that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardReturned {
    /// Where it came in.
    pub in_channel: ChannelId,
    /// Where it went out.
    pub out_channel: ChannelId,
    /// The HTLCs of the channel it came in on that it cannot be: they are still on their way, or were paid for.
    pub excluded: Vec<u64>,
    /// Why, when it failed here and not further on.
    pub failure: Option<ForwardFailure>,
}

impl Ledger {
    /// Files forwards that are offered. Those that are on file already stay as they are.
    pub fn offer_forwards(&self, offered: Vec<(HtlcIn, HtlcOut)>) -> Durable<(), LedgerError> {
        self.writer.write(move |tx| {
            for (incoming, outgoing) in offered {
                add(tx, incoming, outgoing, ForwardState::Offered)?;
            }
            Ok(())
        })
    }

    /// Files a forward that was never offered; one that is on file already stays as it is.
    pub fn refuse_forward(
        &self,
        incoming: HtlcIn,
        outgoing: HtlcOut,
        failure: Option<ForwardFailure>,
        resolved_at: UnixSeconds,
    ) -> Durable<Recorded<Forward>, LedgerError> {
        let state = ForwardState::LocalFailed { resolved_at, failure };
        self.writer.write(move |tx| add(tx, incoming, outgoing, state))
    }

    /// Records that a forward was paid for. `None` when none is under way that it can be: then it was told before.
    pub fn settle_forward(
        &self,
        claimed: ForwardClaimed,
        resolved_at: UnixSeconds,
    ) -> Durable<Option<Forward>, LedgerError> {
        self.writer.write(move |tx| settle(tx, &claimed, resolved_at))
    }

    /// Records that a forward came back. `None` when none is under way that it can be: then it was told before.
    pub fn return_forward(
        &self,
        returned: ForwardReturned,
        resolved_at: UnixSeconds,
    ) -> Durable<Option<Forward>, LedgerError> {
        self.writer.write(move |tx| give_back(tx, returned, resolved_at))
    }
}

fn add(
    tx: &mut WriteTx<'_>,
    incoming: HtlcIn,
    outgoing: HtlcOut,
    state: ForwardState,
) -> Result<Recorded<Forward>, LedgerError> {
    if let Some(known) = by_htlc(tx.conn, &incoming.channel, incoming.htlc_id)? {
        return Ok(Recorded::Already(known));
    }
    let forward = Forward {
        created_index: tx.counters.forwards.next_created(),
        updated_index: None,
        incoming,
        outgoing,
        state,
    };
    insert(tx, &forward)?;
    tx.publish(Change::forward(
        IndexKind::Created,
        forward.created_index.0,
        &forward,
    ));
    Ok(Recorded::Newly(forward))
}

fn insert(tx: &WriteTx<'_>, forward: &Forward) -> Result<(), LedgerError> {
    let Forward {
        incoming, outgoing, ..
    } = forward;
    let (resolved_at, code, name) = end_columns(&forward.state);
    let columns = (
        int(forward.created_index.0),
        status_column(forward.state.status()),
        hash_key(&incoming.channel.0),
        int(incoming.htlc_id),
        incoming.short_channel_id.map(int),
        outgoing.short_channel_id.map(int),
        int(incoming.amount.0),
        outgoing.amount.map(|amount| int(amount.0)),
        outgoing.htlc_id.map(int),
        int(incoming.received_at.0),
        resolved_at,
        code,
        name,
        incoming.channel.0,
        outgoing.channel.map(|channel| channel.0),
        incoming.payment_hash.0,
    );
    execute(tx.conn, sql::INSERT, columns)
}

fn settle(
    tx: &mut WriteTx<'_>,
    claimed: &ForwardClaimed,
    resolved_at: UnixSeconds,
) -> Result<Option<Forward>, LedgerError> {
    let candidates = under_way(tx.conn, &claimed.in_channel)?;
    let Some(mut forward) = best(candidates, claimed) else {
        return Ok(None);
    };
    if forward.outgoing.channel != Some(claimed.out_channel) {
        forward.outgoing.channel = Some(claimed.out_channel);
        forward.outgoing.short_channel_id = claimed.out_short_channel_id;
        forward.outgoing.htlc_id = None;
    }
    forward.outgoing.amount = claimed.out_amount.or(forward.outgoing.amount);
    forward.state = ForwardState::Settled { resolved_at };
    tx.counters.add_forwarding_fee(forward.fee().unwrap_or_default());
    resolve(tx, &mut forward)?;
    Ok(Some(forward))
}

/// Of the forwards under way on a channel, the one that what is told agrees with best.
fn best(candidates: Vec<Forward>, claimed: &ForwardClaimed) -> Option<Forward> {
    let came_in = claimed.out_amount.zip(claimed.fee).map(|(out, fee)| out + fee);
    let rank = |forward: &Forward| {
        let to_there = forward.outgoing.channel == Some(claimed.out_channel);
        let same_in = came_in.is_none_or(|amount| forward.incoming.amount == amount);
        let same_out = claimed
            .out_amount
            .is_none_or(|amount| forward.outgoing.amount == Some(amount));
        match (to_there, same_in, same_out) {
            (true, true, true) => Some(0),
            // Only what came in is certain: the chain rounds what went out, and of several parts of one payment that were
            // offered at once it may not have been clear which goes where.
            (true, true, false) if came_in.is_some() => Some(1),
            (false, true, _) if came_in.is_some() => Some(2),
            _ => None,
        }
    };
    candidates
        .into_iter()
        .filter_map(|forward| Some((rank(&forward)?, forward)))
        .min_by_key(|(rank, forward)| (*rank, forward.created_index))
        .map(|(_, forward)| forward)
}

fn give_back(
    tx: &mut WriteTx<'_>,
    returned: ForwardReturned,
    resolved_at: UnixSeconds,
) -> Result<Option<Forward>, LedgerError> {
    let candidates = under_way(tx.conn, &returned.in_channel)?;
    let found = candidates.into_iter().find(|forward| {
        forward.outgoing.channel == Some(returned.out_channel)
            && !returned.excluded.contains(&forward.incoming.htlc_id)
    });
    let Some(mut forward) = found else {
        return Ok(None);
    };
    forward.state = ForwardState::Failed {
        resolved_at,
        failure: returned.failure,
    };
    resolve(tx, &mut forward)?;
    Ok(Some(forward))
}

/// Gives a forward that came to its end its next updated index, stores and publishes the change.
fn resolve(tx: &mut WriteTx<'_>, forward: &mut Forward) -> Result<(), LedgerError> {
    let index = tx.counters.forwards.next_updated();
    forward.updated_index = Some(index);
    let (resolved_at, code, name) = end_columns(&forward.state);
    let columns = (
        int(forward.created_index.0),
        int(index.0),
        status_column(forward.state.status()),
        resolved_at,
        code,
        name,
        forward.outgoing.channel.map(|channel| channel.0),
        forward.outgoing.short_channel_id.map(int),
        forward.outgoing.htlc_id.map(int),
        forward.outgoing.amount.map(|amount| int(amount.0)),
    );
    execute(tx.conn, sql::RESOLVE, columns)?;
    tx.publish(Change::forward(IndexKind::Updated, index.0, forward));
    Ok(())
}

/// When a forward ended, and the number and the name of the error it ended with.
fn end_columns(state: &ForwardState) -> (Option<i64>, Option<u16>, Option<&str>) {
    let (resolved_at, failure) = match state {
        ForwardState::Offered => (None, None),
        ForwardState::Settled { resolved_at } => (Some(resolved_at), None),
        ForwardState::Failed { resolved_at, failure }
        | ForwardState::LocalFailed { resolved_at, failure } => (Some(resolved_at), failure.as_ref()),
    };
    (
        resolved_at.map(|time| int(time.0)),
        failure.map(|failure| failure.code),
        failure.map(|failure| failure.name.as_str()),
    )
}
