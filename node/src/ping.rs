//! Asking a peer whether it is there (BOLT 1, `ping` and `pong`).
//!
//! LDK sends pings of its own and tells nobody of the answers, nor does it send one when asked. So a ping of ours goes out as a
//! custom message, which on the wire is the same; and that a pong has come is read off the line that LDK's peer handler
//! logs of every message. The line is looked at only while somebody waits for a pong. `e2e/tests/channel_commands.rs` notices
//! when an LDK words it in another way.

use crate::Node;
use crate::logger::LdkLogger;
use bitcoin::secp256k1::PublicKey;
use lightning::ln::msgs::{DecodeError, Init, LightningError, Ping};
use lightning::ln::peer_handler::CustomMessageHandler;
use lightning::ln::wire::CustomMessageReader;
use lightning::types::features::{InitFeatures, NodeFeatures};
use lightning::util::logger::{Level, Logger, Record};
use lightning::util::ser::LengthLimitedRead;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// From this many bytes on a ping asks for no pong (BOLT 1).
const NO_PONG: u16 = 65_532;
/// A pong's type and the length of what it carries.
const PONG_HEADER: u16 = 4;
const PEER_HANDLER: &str = "lightning::ln::peer_handler";
const PONG_LINE: &str = "Received message Pong(Pong { byteslen: ";

/// Why there is no pong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PingError {
    /// There is no connection to the peer.
    #[error("Peer not connected")]
    NotConnected,
    /// The connection ended before the pong came.
    #[error("Peer disconnected before it answered")]
    Disconnected,
}

/// The pings that are to go out, and those whose pong is waited for.
#[derive(Default)]
pub(crate) struct Pings {
    outgoing: Mutex<Vec<(PublicKey, Ping)>>,
    waiting: Mutex<Vec<Waiting>>,
    /// How many wait; so that the usual log line costs no lock.
    count: AtomicUsize,
}

struct Waiting {
    peer: PublicKey,
    bytes: u16,
    pong: oneshot::Sender<()>,
}

impl Pings {
    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outgoing(&self) -> MutexGuard<'_, Vec<(PublicKey, Ping)>> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, peer: PublicKey, bytes: u16) -> oneshot::Receiver<()> {
        let (pong, comes) = oneshot::channel();
        let mut waiting = self.waiting();
        waiting.retain(|waiting| !waiting.pong.is_closed());
        waiting.push(Waiting { peer, bytes, pong });
        self.count.store(waiting.len(), Ordering::Release);
        comes
    }

    /// A pong of that many bytes has come: it answers the oldest ping that asked for so many.
    fn pong(&self, peer: PublicKey, bytes: u16) {
        let mut waiting = self.waiting();
        let asked = waiting
            .iter()
            .position(|waiting| waiting.peer == peer && waiting.bytes == bytes);
        if let Some(asked) = asked {
            // Whoever asked may have gone.
            let _ = waiting.remove(asked).pong.send(());
        }
        self.count.store(waiting.len(), Ordering::Release);
    }

    /// Dropping the senders tells those who wait.
    fn disconnected(&self, peer: PublicKey) {
        let mut waiting = self.waiting();
        waiting.retain(|waiting| waiting.peer != peer);
        self.count.store(waiting.len(), Ordering::Release);
    }

    fn read_line(&self, record: &Record<'_>) {
        let is_wanted = self.count.load(Ordering::Acquire) > 0
            && record.level == Level::Trace
            && record.module_path.starts_with(PEER_HANDLER);
        if let (true, Some(peer)) = (is_wanted, record.peer_id)
            && let Some(bytes) = pong_in(&record.args)
        {
            self.pong(peer, bytes);
        }
    }
}

fn pong_in(line: &fmt::Arguments<'_>) -> Option<u16> {
    let line = line.to_string();
    let (bytes, _) = line.strip_prefix(PONG_LINE)?.split_once(' ')?;
    bytes.parse().ok()
}

impl CustomMessageReader for Pings {
    type CustomMessage = Ping;

    /// LDK reads pings itself, and there is no message that only we know.
    fn read<R: LengthLimitedRead>(
        &self,
        _message_type: u16,
        _buffer: &mut R,
    ) -> Result<Option<Ping>, DecodeError> {
        Ok(None)
    }
}

impl CustomMessageHandler for Pings {
    fn handle_custom_message(&self, _ping: Ping, _sender: PublicKey) -> Result<(), LightningError> {
        Ok(())
    }

    fn get_and_clear_pending_msg(&self) -> Vec<(PublicKey, Ping)> {
        std::mem::take(&mut *self.outgoing())
    }

    fn peer_disconnected(&self, peer: PublicKey) {
        self.disconnected(peer);
    }

    fn peer_connected(&self, _peer: PublicKey, _init: &Init, _inbound: bool) -> Result<(), ()> {
        Ok(())
    }

    fn provided_node_features(&self) -> NodeFeatures {
        NodeFeatures::empty()
    }

    fn provided_init_features(&self, _peer: PublicKey) -> InitFeatures {
        InitFeatures::empty()
    }
}

/// The peer handler's logger: the usual one, with an ear for pongs.
pub(crate) struct PeerLogger {
    pub(crate) log: LdkLogger,
    pub(crate) pings: Arc<Pings>,
}

impl Logger for PeerLogger {
    fn log(&self, record: Record<'_>) {
        self.pings.read_line(&record);
        self.log.log(record);
    }
}

impl Node {
    /// Sends a peer a ping of `len` bytes that asks for a pong of `pong_bytes`, and waits for that. Answers the length of the
    /// whole pong message in bytes, or 0 when the ping asks for none.
    ///
    /// # Errors
    /// [`PingError`].
    pub async fn ping(&self, peer: PublicKey, len: u16, pong_bytes: u16) -> Result<u16, PingError> {
        let inner = &self.inner;
        // The wait begins before the look at the connection, so that its end is not missed.
        let pong = (pong_bytes < NO_PONG).then(|| inner.pings.wait(peer, pong_bytes));
        if self.connected_peer(&peer).is_none() {
            return Err(PingError::NotConnected);
        }
        let ping = Ping {
            ponglen: pong_bytes,
            byteslen: len,
        };
        inner.pings.outgoing().push((peer, ping));
        inner.peer_manager.process_events();
        match pong {
            None => Ok(0),
            Some(pong) => {
                let came = pong.await.map(|()| pong_bytes + PONG_HEADER);
                came.map_err(|_| PingError::Disconnected)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::secp256k1::{Secp256k1, SecretKey};

    fn peer(byte: u8) -> PublicKey {
        SecretKey::from_slice(&[byte; 32])
            .unwrap()
            .public_key(&Secp256k1::new())
    }

    fn hear(pings: &Pings, peer: PublicKey, module: &'static str, line: fmt::Arguments<'_>) {
        let level = Level::Trace;
        pings.read_line(&Record::new(level, Some(peer), None, line, module, "", 0, None));
    }

    #[test]
    fn a_pong_answers_the_oldest_ping_of_its_size_to_that_peer() {
        let pings = Pings::default();
        let mut first = pings.wait(peer(1), 128);
        let mut second = pings.wait(peer(1), 128);
        let mut other = pings.wait(peer(2), 128);
        let mut larger = pings.wait(peer(1), 129);
        hear(
            &pings,
            peer(1),
            PEER_HANDLER,
            format_args!("{PONG_LINE}128 }}) from x"),
        );
        assert_eq!(first.try_recv(), Ok(()));
        for waiting in [&mut second, &mut other, &mut larger] {
            assert_eq!(waiting.try_recv(), Err(oneshot::error::TryRecvError::Empty));
        }
        assert_eq!(pings.count.load(Ordering::Acquire), 3);
    }

    #[test]
    fn other_lines_are_no_pongs() {
        let pings = Pings::default();
        let mut waiting = pings.wait(peer(1), 128);
        let pong = format_args!("{PONG_LINE}128 }}) from x").to_string();
        hear(&pings, peer(1), "elsewhere", format_args!("{pong}"));
        for line in ["Received message Ping(Ping { ponglen: 128 })", PONG_LINE, ""] {
            hear(&pings, peer(1), PEER_HANDLER, format_args!("{line}"));
        }
        assert_eq!(waiting.try_recv(), Err(oneshot::error::TryRecvError::Empty));
    }

    #[test]
    fn the_end_of_a_connection_is_told_to_those_who_wait() {
        let pings = Pings::default();
        let mut gone = pings.wait(peer(1), 128);
        let mut there = pings.wait(peer(2), 128);
        pings.disconnected(peer(1));
        assert_eq!(gone.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        assert_eq!(there.try_recv(), Err(oneshot::error::TryRecvError::Empty));
    }
}
