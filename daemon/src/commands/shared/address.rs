//! Where nodes can be reached, as answers show it.

use crate::params::{Field, Kind};
use lightning::ln::msgs::SocketAddress;
use serde::Serialize;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// An address as `connect`, `getinfo` and `listnodes` show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NetAddress {
    #[serde(rename = "type")]
    kind: &'static str,
    address: String,
    port: u16,
}

/// The fields of [`NetAddress`].
pub const FIELDS: &[Field] = &[
    Field::always("type", Kind::String, "`ipv4`, `ipv6`, `torv3` or `dns`."),
    Field::always(
        "address",
        Kind::String,
        "The address, as it is written for its type.",
    ),
    Field::always("port", Kind::U16, "The TCP port."),
];

impl NetAddress {
    /// `None` for onion services of version 2, which no longer exist.
    pub fn of(address: &SocketAddress) -> Option<NetAddress> {
        let (kind, text, port) = match address {
            SocketAddress::TcpIpV4 { addr, port } => ("ipv4", Ipv4Addr::from(*addr).to_string(), *port),
            SocketAddress::TcpIpV6 { addr, port } => ("ipv6", Ipv6Addr::from(*addr).to_string(), *port),
            SocketAddress::OnionV2(_) => return None,
            SocketAddress::OnionV3 { port, .. } => {
                let with_port = address.to_string();
                let name = with_port
                    .rsplit_once(':')
                    .map_or(with_port.as_str(), |(name, _)| name);
                ("torv3", name.to_owned(), *port)
            }
            SocketAddress::Hostname { hostname, port } => ("dns", hostname.to_string(), *port),
        };
        Some(NetAddress {
            kind,
            address: text,
            port,
        })
    }
}

/// `address:port`, with brackets around an address of IP version 6.
impl fmt::Display for NetAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            "ipv6" => write!(f, "[{}]:{}", self.address, self.port),
            _ => write!(f, "{}:{}", self.address, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> NetAddress {
        NetAddress::of(&text.parse().unwrap()).unwrap()
    }

    #[test]
    fn each_kind_of_address_has_its_type() {
        let onion = "vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd.onion";
        for (text, kind, address) in [
            ("127.0.0.1:9735", "ipv4", "127.0.0.1"),
            ("[2001:db8::1]:9735", "ipv6", "2001:db8::1"),
            (&format!("{onion}:9735"), "torv3", onion),
            ("till.example.com:9735", "dns", "till.example.com"),
        ] {
            let address = NetAddress {
                kind,
                address: address.to_owned(),
                port: 9735,
            };
            assert_eq!(of(text), address);
            assert_eq!(of(text).to_string(), text);
        }
    }

    #[test]
    fn onion_services_of_version_2_are_not_shown() {
        assert_eq!(NetAddress::of(&SocketAddress::OnionV2([0; 12])), None);
    }
}
