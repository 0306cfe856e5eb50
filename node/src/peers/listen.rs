//! Letting peers in. Anybody can open a connection, so one that has not yet shown who it is must cost little and keep nobody else
//! out.

use super::connect::prepare;
use crate::Node;
use crate::flood::tell_refusal;
use crate::ldk::PeerManager;
use crate::tasks::TaskResult;
use lightning::ln::msgs::SocketAddress;
use rustix::io::Errno;
use std::collections::{HashSet, VecDeque};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How many connections may be at the door at once: begun, and the handshake not finished. When one more comes, the one that has
/// waited longest has to go: an honest handshake takes a few round trips, and who stands there for long is not going to come in.
const MAX_AT_THE_DOOR: usize = 100;
/// How long a handshake may take, `init` included.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(15);
/// How long the listener rests when the system has nothing left for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Accepts whoever connects, for as long as the node runs. How many may stay is decided when they have shown who they are: LDK takes
/// a limited number without a channel, and whoever has one is always let in.
pub(crate) async fn listen(node: Node, listener: TcpListener) -> TaskResult {
    let stopping = node.inner.tasks.stopping();
    let door = Arc::new(Door::default());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => return Ok(()),
        };
        let failure = match accepted {
            Ok((stream, address)) => match prepare(stream) {
                Ok(stream) => door.let_in(&node, stream, address).err(),
                // It has gone already.
                Err(error) => {
                    tracing::debug!("a connection from {address} could not be used: {error}");
                    None
                }
            },
            Err(error) => Some(error),
        };
        match failure.as_ref().map(|error| (Trouble::of(error), error)) {
            None => {}
            Some((Trouble::Connection, error)) => {
                tracing::debug!("a connection failed before it began: {error}");
                // A listener that only ever fails must not keep everybody else from running.
                tokio::task::yield_now().await;
            }
            Some((Trouble::System, error)) => {
                tracing::warn!("no more connections for now: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
            Some((Trouble::Listener, error)) => return Err(error.to_string().into()),
        }
    }
}

/// What an error of `accept` is about.
#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    /// The one connection; the next may do.
    Connection,
    /// The system is short of something, and the connections wait until it has it again.
    System,
    /// The listener itself; no connection will ever come of it.
    Listener,
}

impl Trouble {
    fn of(error: &std::io::Error) -> Trouble {
        match Errno::from_io_error(error) {
            Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => Trouble::System,
            Some(Errno::BADF | Errno::NOTSOCK | Errno::INVAL | Errno::FAULT) => Trouble::Listener,
            _ => Trouble::Connection,
        }
    }
}

/// Who is at the door, in the order of their coming.
#[derive(Default)]
struct Door(Mutex<VecDeque<Guest>>);

struct Guest {
    address: SocketAddr,
    go_away: CancellationToken,
}

impl Door {
    fn with<T>(&self, work: impl FnOnce(&mut VecDeque<Guest>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Hands a connection to LDK, and makes room for it.
    fn let_in(self: &Arc<Self>, node: &Node, stream: TcpStream, address: SocketAddr) -> std::io::Result<()> {
        // LDK can only hang up on who it knows by name.
        let hang_up = stream.try_clone()?;
        let go_away = CancellationToken::new();
        let guests = self.with(|guests| {
            let go_away = go_away.clone();
            guests.push_back(Guest { address, go_away });
            guests.len()
        });
        if guests > MAX_AT_THE_DOOR {
            self.make_room(node);
        }
        let manager = Arc::clone(&node.inner.peer_manager);
        // The connection runs by itself; the future tells its end.
        let closed = lightning_net_tokio::setup_inbound(Arc::clone(&manager), stream);
        let door = Arc::clone(self);
        node.inner.tasks.spawn_errand(async move {
            tokio::pin!(closed);
            let is_welcome = tokio::select! {
                () = &mut closed => true,
                () = go_away.cancelled() => false,
                () = tokio::time::sleep(HANDSHAKE_TIMEOUT) => inside(&manager).contains(&address),
            };
            if !is_welcome {
                tell_refusal!("{address} has not said for long who it is, and is hung up on");
                // What remains of it is LDK's to clear away when it sees the end.
                let _ = hang_up.shutdown(Shutdown::Both);
            }
            // As long as this is held the other side does not see that LDK has closed.
            drop(hang_up);
            door.with(|guests| guests.retain(|guest| guest.address != address));
        });
        Ok(())
    }

    fn make_room(&self, node: &Node) {
        let inside = inside(&node.inner.peer_manager);
        self.with(|guests| {
            guests.retain(|guest| !inside.contains(&guest.address));
            let too_many = guests.len().saturating_sub(MAX_AT_THE_DOOR);
            for guest in guests.drain(..too_many) {
                guest.go_away.cancel();
            }
        });
    }
}

/// Where those are connected from who have shown who they are.
fn inside(manager: &PeerManager) -> HashSet<SocketAddr> {
    let peers = manager.list_peers();
    peers
        .iter()
        .filter_map(|peer| socket_address(peer.socket_address.as_ref()?))
        .collect()
}

fn socket_address(address: &SocketAddress) -> Option<SocketAddr> {
    match address {
        SocketAddress::TcpIpV4 { addr, port } => Some((*addr, *port).into()),
        SocketAddress::TcpIpV6 { addr, port } => Some((*addr, *port).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_system_is_short_of_makes_the_listener_rest() {
        let trouble = |errno: Errno| Trouble::of(&errno.into());
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM] {
            assert_eq!(trouble(errno), Trouble::System, "{errno}");
        }
        for errno in [
            Errno::CONNABORTED,
            Errno::INTR,
            Errno::PROTO,
            Errno::PERM,
            Errno::NETDOWN,
        ] {
            assert_eq!(trouble(errno), Trouble::Connection, "{errno}");
        }
        assert_eq!(trouble(Errno::BADF), Trouble::Listener);
    }
}
