//! Ports for the programs of a network.

use super::NetworkError;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpSocket;

/// A port of 127.0.0.1 for a program that is told its number, held until this is dropped.
///
/// A port that is only looked up is free for everybody until that program listens, and again whenever it is down: the next one
/// who asks may get it, or a connection may be made from it. On Linux it is held by a socket that is bound to it and does not
/// listen: that keeps away those who take any port, and not those who name this one. Elsewhere it would keep them away as well.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _held: Option<TcpSocket>,
}

impl Port {
    /// A port on which nobody listens.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn free() -> Result<Port, NetworkError> {
        let bound = bind().map_err(|source| NetworkError::System {
            what: "a free port",
            source,
        });
        let (socket, address) = bound?;
        Ok(Port {
            number: address.port(),
            _held: cfg!(target_os = "linux").then_some(socket),
        })
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }
}

fn bind() -> io::Result<(TcpSocket, SocketAddr)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn who_knows_a_held_port_listens_on_it_again_and_again() {
        let port = Port::free().unwrap();
        let address = (Ipv4Addr::LOCALHOST, port.number());
        assert!(TcpStream::connect(address).is_err(), "nobody listens");
        for _ in 0..3 {
            let listener = TcpListener::bind(address).unwrap();
            let _client = TcpStream::connect(address).unwrap();
            listener.accept().unwrap();
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_held_port_is_not_given_to_whoever_takes_any() {
        // As many as there are would be too much for a test; but all that are held are different ones.
        let ports: Vec<_> = (0..500).map(|_| Port::free().unwrap()).collect();
        let taken: std::collections::BTreeSet<_> = ports.iter().map(Port::number).collect();
        assert_eq!(taken.len(), ports.len());
    }
}
