//! Channels that are closed and whose money is where it belongs.

use crate::error::LedgerError;
use crate::forwards::ChannelId;
use crate::job::Durable;
use crate::ledger::Ledger;
use crate::paging::{Listing, Order, Range};
use crate::sql::{UnknownValue, all, converted, execute, hash_key, int, one, optional_uint, uint};
use crate::writer::WriteTx;
use bitcoin::hashes::Hash;
use bitcoin::secp256k1::PublicKey;
use bitcoin::{OutPoint, Txid};
use boltill_types::Msat;
use rusqlite::Row;

/// A channel that is closed, as it was in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedChannel {
    /// With whom; unknown only when the channel was opened by a very old version of LDK.
    pub peer_id: Option<PublicKey>,
    /// Its id.
    pub channel_id: ChannelId,
    /// Where it was in the chain, if it got that far.
    pub short_channel_id: Option<u64>,
    /// What we called it.
    pub local_alias: Option<u64>,
    /// What the peer called it.
    pub remote_alias: Option<u64>,
    /// Whether we opened it.
    pub opened_by_us: bool,
    /// Whether we closed it; `None` when nobody decided to.
    pub closed_by_us: Option<bool>,
    /// Whether the network was not told of it.
    pub private: bool,
    /// The bits of its type (BOLT 9), the lowest byte first.
    pub channel_type: Option<Vec<u8>>,
    /// The output that funded it.
    pub funding: OutPoint,
    /// All that was in it.
    pub total: Msat,
    /// What of it was ours at its end.
    pub final_to_us: Msat,
    /// The least that was ever ours.
    pub min_to_us: Msat,
    /// The most that was ever ours.
    pub max_to_us: Msat,
    /// How many HTLCs we offered.
    pub htlcs_sent: u64,
    /// How often its state was written: no fewer than there were commitment transactions of either side.
    pub changes: u64,
    /// The transaction that closed it.
    pub closing_txid: Option<Txid>,
    /// What closed it.
    pub cause: CloseCause,
}

/// What closed a channel, as `listclosedchannels` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

impl CloseCause {
    const ALL: [CloseCause; 6] = [
        CloseCause::Unknown,
        CloseCause::Local,
        CloseCause::User,
        CloseCause::Remote,
        CloseCause::Protocol,
        CloseCause::Onchain,
    ];

    /// The name in `listclosedchannels`.
    pub fn as_str(self) -> &'static str {
        match self {
            CloseCause::Unknown => "unknown",
            CloseCause::Local => "local",
            CloseCause::User => "user",
            CloseCause::Remote => "remote",
            CloseCause::Protocol => "protocol",
            CloseCause::Onchain => "onchain",
        }
    }

    /// As its column has it.
    fn column(self) -> i64 {
        CloseCause::ALL
            .iter()
            .zip(0..)
            .find_map(|(cause, column)| (*cause == self).then_some(column))
            .unwrap_or(0)
    }

    fn from_column(column: i64) -> Result<CloseCause, UnknownValue> {
        usize::try_from(column)
            .ok()
            .and_then(|column| CloseCause::ALL.get(column).copied())
            .ok_or(UnknownValue(column))
    }
}

pub(crate) mod sql {
    /// The columns that [`super::closed_channel`] reads, in its order.
    macro_rules! select {
        ($rest:literal) => {
            concat!(
                "SELECT number, peer_id, channel_id, scid, local_alias, remote_alias, opened_by_us, closed_by_us, \
                 private, channel_type, funding_txid, funding_outnum, total_msat, final_to_us_msat, \
                 min_to_us_msat, max_to_us_msat, htlcs_sent, changes, closing_txid, close_cause \
                 FROM closed_channels ",
                $rest
            )
        };
    }

    crate::sql::statements! {
        INSERT = "INSERT INTO closed_channels (channel_key, peer_id, channel_id, scid, local_alias, remote_alias, \
                  opened_by_us, closed_by_us, private, channel_type, funding_txid, funding_outnum, total_msat, \
                  final_to_us_msat, min_to_us_msat, max_to_us_msat, htlcs_sent, changes, closing_txid, close_cause) \
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)";
        KNOWN = "SELECT number FROM closed_channels WHERE channel_key = ?1 AND channel_id = ?2";
        BY_CREATION = select!("WHERE number BETWEEN ?1 AND ?2 ORDER BY number LIMIT ?3");
        BY_PEER = select!("WHERE peer_id = ?4 AND number BETWEEN ?1 AND ?2 ORDER BY number LIMIT ?3");
    }
}

impl Ledger {
    /// Files a channel that is closed; one that is on file already stays as it is.
    pub fn file_closed_channel(&self, channel: ClosedChannel) -> Durable<(), LedgerError> {
        self.writer.write(move |tx| file(tx, &channel))
    }

    /// The channels that are closed, perhaps only those with that peer, in the order in which they ended.
    pub fn list_closed_channels(&self, peer: Option<PublicKey>) -> Listing<(u64, ClosedChannel)> {
        // They have no counter of their own; what ends while they are listed is listed as well.
        let end = u64::MAX;
        let position = |entry: &(u64, ClosedChannel), _: Order| entry.0;
        Listing::new(&self.readers, Range::ALL, end, position, move |conn, bounds| {
            let [from, to, limit] = bounds;
            match peer {
                Some(peer) => {
                    let params = (from, to, limit, peer.serialize());
                    all(conn, sql::BY_PEER, params, closed_channel)
                }
                None => all(conn, sql::BY_CREATION, bounds, closed_channel),
            }
        })
    }
}

fn file(tx: &mut WriteTx<'_>, channel: &ClosedChannel) -> Result<(), LedgerError> {
    let id = &channel.channel_id.0;
    if one(tx.conn, sql::KNOWN, (hash_key(id), id), |_| Ok(()))?.is_some() {
        return Ok(());
    }
    let columns = rusqlite::params![
        hash_key(id),
        channel.peer_id.map(|key| key.serialize()),
        id,
        channel.short_channel_id.map(int),
        channel.local_alias.map(int),
        channel.remote_alias.map(int),
        channel.opened_by_us,
        channel.closed_by_us,
        channel.private,
        channel.channel_type,
        channel.funding.txid.to_byte_array(),
        channel.funding.vout,
        int(channel.total.0),
        int(channel.final_to_us.0),
        int(channel.min_to_us.0),
        int(channel.max_to_us.0),
        int(channel.htlcs_sent),
        int(channel.changes),
        channel.closing_txid.map(|txid| txid.to_byte_array()),
        channel.cause.column(),
    ];
    execute(tx.conn, sql::INSERT, columns)
}

/// Reads what `select!` selects.
fn closed_channel(row: &Row<'_>) -> rusqlite::Result<(u64, ClosedChannel)> {
    let peer_id = |column: Option<[u8; 33]>| column.map(|bytes| PublicKey::from_slice(&bytes)).transpose();
    let channel = ClosedChannel {
        peer_id: converted(row, 1, peer_id)?,
        channel_id: ChannelId(row.get(2)?),
        short_channel_id: optional_uint(row, 3)?,
        local_alias: optional_uint(row, 4)?,
        remote_alias: optional_uint(row, 5)?,
        opened_by_us: row.get(6)?,
        closed_by_us: row.get(7)?,
        private: row.get(8)?,
        channel_type: row.get(9)?,
        funding: OutPoint {
            txid: Txid::from_byte_array(row.get(10)?),
            vout: row.get(11)?,
        },
        total: Msat(uint(row, 12)?),
        final_to_us: Msat(uint(row, 13)?),
        min_to_us: Msat(uint(row, 14)?),
        max_to_us: Msat(uint(row, 15)?),
        htlcs_sent: uint(row, 16)?,
        changes: uint(row, 17)?,
        closing_txid: row.get::<_, Option<[u8; 32]>>(18)?.map(Txid::from_byte_array),
        cause: converted(row, 19, CloseCause::from_column)?,
    };
    Ok((uint(row, 0)?, channel))
}
