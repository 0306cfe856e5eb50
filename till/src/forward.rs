//! What we forward, and channels that have ended: put on file as the node tells of it.
//!
//! Nobody waits for these writes. A forward is written before the state of LDK's in which the next node can answer for it, and its
//! end before the state in which LDK has forgotten that it told it, because all go through one queue in the order in which
//! they were asked for. So what a crash undoes of the one, LDK tells again, and the other knows that it was told.

mod list;
#[cfg(test)]
mod tests;

pub use list::{ForwardPages, ForwardQuery, ListForwardsError};

use crate::till::Till;
use boltill_ledger::{
    ChannelId, CloseCause, ClosedChannel, Durable, ForwardClaimed, ForwardFailure, ForwardReturned, HtlcIn,
    HtlcOut, Ledger, LedgerError,
};
use boltill_node::{ChannelRecord, EndedChannel, ForwardOffer, IncomingHtlc, OutgoingHtlc};
use boltill_types::{Msat, UnixSeconds};
use std::sync::Arc;
use std::time::Duration;

/// How long a full disk is given before a write is tried again.
const FULL_DISK_PAUSE: Duration = Duration::from_secs(1);

impl Till {
    /// What forwarding has earned in all.
    pub fn forwarding_fees(&self) -> Msat {
        self.ledger().forwarding_fees()
    }

    /// Forwards are under way.
    pub(crate) fn on_offered(&self, forwards: Vec<ForwardOffer>) {
        let forwards: Vec<_> = forwards
            .into_iter()
            .map(|(incoming, outgoing)| (htlc_in(incoming), htlc_out(outgoing)))
            .collect();
        self.insist(move |ledger| ledger.offer_forwards(forwards.clone()), |()| {});
    }

    /// A forward has been paid for.
    pub(crate) fn on_forwarded(&self, claimed: ForwardClaimed) {
        let now = UnixSeconds::now();
        self.insist(
            move |ledger| ledger.settle_forward(claimed, now),
            move |settled| {
                if settled.is_none() {
                    tracing::debug!(?claimed, "a forward was paid for that was on file as such");
                }
            },
        );
    }

    /// A forward has come back.
    pub(crate) fn on_returned(&self, returned: ForwardReturned) {
        let now = UnixSeconds::now();
        self.insist(move |ledger| ledger.return_forward(returned.clone(), now), drop);
    }

    /// A payment was not forwarded.
    pub(crate) fn on_refused(
        &self,
        incoming: IncomingHtlc,
        outgoing: OutgoingHtlc,
        failure: Option<boltill_node::ForwardFailure>,
    ) {
        let now = UnixSeconds::now();
        let (incoming, outgoing) = (htlc_in(incoming), htlc_out(outgoing));
        let failure = failure.map(forward_failure);
        self.insist(
            move |ledger| ledger.refuse_forward(incoming, outgoing, failure.clone(), now),
            drop,
        );
    }

    /// A channel is closed, and its money is where it belongs.
    pub(crate) async fn on_channel_ended(&self, ended: EndedChannel) -> Result<(), LedgerError> {
        self.ledger().file_closed_channel(closed_channel(ended)).await
    }

    /// Asks for a write, now, and asks again as long as the disk is full. Any other failure is the end of the ledger, and soon
    /// of the process.
    fn insist<T: Send + 'static>(
        &self,
        write: impl Fn(&Ledger) -> Durable<T, LedgerError> + Send + 'static,
        then: impl FnOnce(T) + Send + 'static,
    ) {
        let ledger = Arc::clone(&self.inner.ledger);
        let asked = write(&ledger);
        tokio::spawn(async move {
            let mut outcome = asked.await;
            while let Err(LedgerError::DiskFull | LedgerError::RolledBack) = outcome {
                tokio::time::sleep(FULL_DISK_PAUSE).await;
                outcome = write(&ledger).await;
            }
            match outcome {
                Ok(done) => then(done),
                Err(error) => tracing::error!("a forward could not be put on file: {error}"),
            }
        });
    }
}

/// The id as the ledger has it.
pub(crate) fn channel_id(id: boltill_node::ChannelId) -> ChannelId {
    ChannelId(id.0)
}

fn htlc_in(htlc: IncomingHtlc) -> HtlcIn {
    HtlcIn {
        channel: channel_id(htlc.channel_id),
        short_channel_id: htlc.short_channel_id,
        htlc_id: htlc.htlc_id,
        amount: htlc.amount,
        payment_hash: htlc.payment_hash,
        received_at: htlc.received_at,
    }
}

fn htlc_out(htlc: OutgoingHtlc) -> HtlcOut {
    HtlcOut {
        channel: htlc.channel_id.map(channel_id),
        short_channel_id: htlc.short_channel_id,
        htlc_id: htlc.htlc_id,
        amount: htlc.amount,
    }
}

/// The failure as the ledger has it.
pub(crate) fn forward_failure(failure: boltill_node::ForwardFailure) -> ForwardFailure {
    ForwardFailure {
        code: failure.code,
        name: failure.name.to_owned(),
    }
}

fn closed_channel(ended: EndedChannel) -> ClosedChannel {
    let EndedChannel {
        record,
        changes,
        closing_txid,
    } = ended;
    let funding = record.funding();
    let ChannelRecord { peer, closing, .. } = record;
    ClosedChannel {
        peer_id: peer,
        channel_id: channel_id(record.channel_id),
        short_channel_id: record.short_channel_id,
        local_alias: record.local_alias,
        remote_alias: record.remote_alias,
        opened_by_us: record.opened_by_us,
        closed_by_us: closing.and_then(|closing| closing.closed_by_us),
        private: record.private,
        channel_type: record.channel_type.map(|kind| kind.le_flags().to_vec()),
        funding,
        total: Msat(record.total_msat),
        final_to_us: Msat(record.to_us_msat),
        min_to_us: Msat(record.min_to_us_msat),
        max_to_us: Msat(record.max_to_us_msat),
        htlcs_sent: record.htlcs_sent,
        changes,
        closing_txid,
        cause: closing.map_or(CloseCause::Unknown, |closing| cause(closing.cause)),
    }
}

fn cause(cause: boltill_node::CloseCause) -> CloseCause {
    use boltill_node::CloseCause as Node;
    match cause {
        Node::Unknown => CloseCause::Unknown,
        Node::Local => CloseCause::Local,
        Node::User => CloseCause::User,
        Node::Remote => CloseCause::Remote,
        Node::Protocol => CloseCause::Protocol,
        Node::Onchain => CloseCause::Onchain,
    }
}
