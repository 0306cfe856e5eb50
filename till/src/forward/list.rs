//! Listing forwards and closed channels.

use crate::till::Till;
use bitcoin::secp256k1::PublicKey;
use boltill_ledger::{ClosedChannel, Forward, ForwardStatus, LedgerError, Listing, Range};

/// Which forwards to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForwardQuery {
    /// Only those with this status.
    pub status: Option<ForwardStatus>,
    /// Only those that came in on this channel, by its short channel id.
    pub in_channel: Option<u64>,
    /// Only those that went to this channel, by its short channel id.
    pub out_channel: Option<u64>,
    /// In which order and from where. The limit is that of those that are listed.
    pub range: Range,
}

/// Why forwards are not listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListForwardsError {
    /// Those of a channel are listed from the first on.
    #[error("Cannot use start with in_channel or out_channel")]
    StartWithChannel,
}

/// Forwards, a page at a time.
pub struct ForwardPages {
    listing: Listing<Forward>,
    query: ForwardQuery,
    remaining: usize,
}

impl ForwardPages {
    /// The next forwards in order, or `None` after the last. A page may be empty.
    ///
    /// # Errors
    /// When the ledger failed.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Forward>>, LedgerError> {
        if self.remaining == 0 {
            return Ok(None);
        }
        let Some(mut page) = self.listing.next_page().await? else {
            return Ok(None);
        };
        page.retain(|forward| self.query.wants(forward));
        page.truncate(self.remaining);
        self.remaining -= page.len();
        Ok(Some(page))
    }
}

impl ForwardQuery {
    fn wants(&self, forward: &Forward) -> bool {
        let is = |wanted: Option<u64>, found| wanted.is_none() || wanted == found;
        self.status.is_none_or(|status| forward.state.status() == status)
            && is(self.in_channel, forward.incoming.short_channel_id)
            && is(self.out_channel, forward.outgoing.short_channel_id)
    }
}

impl Till {
    /// Lists payments that we forwarded, or did not.
    ///
    /// # Errors
    /// [`ListForwardsError`]; nothing found is an empty list.
    pub fn list_forwards(&self, query: ForwardQuery) -> Result<ForwardPages, ListForwardsError> {
        let ledger = self.ledger();
        let unlimited = Range {
            limit: None,
            ..query.range
        };
        let listing = match query {
            ForwardQuery {
                in_channel: None,
                out_channel: None,
                status: Some(status),
                ..
            } if unlimited == Range::ALL => ledger.list_forwards_by_status(status),
            ForwardQuery {
                in_channel: None,
                out_channel: None,
                ..
            } => ledger.list_forwards(unlimited),
            _ if query.range.start != 0 => return Err(ListForwardsError::StartWithChannel),
            ForwardQuery {
                in_channel: Some(channel),
                ..
            } => ledger.list_forwards_from(channel),
            ForwardQuery {
                out_channel: Some(channel),
                ..
            } => ledger.list_forwards_to(channel),
        };
        let remaining = query.range.limit.map_or(usize::MAX, |limit| limit as usize);
        Ok(ForwardPages {
            listing,
            query,
            remaining,
        })
    }

    /// Lists channels that have ended, perhaps only those with that peer, a page at a time.
    pub fn list_closed_channels(&self, peer: Option<PublicKey>) -> Listing<(u64, ClosedChannel)> {
        self.ledger().list_closed_channels(peer)
    }
}
