//! Addresses to listen on and to announce.

use super::{OptionError, Setting};
use bitcoin::Network;
use lightning::ln::msgs::SocketAddress;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where peers can connect to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Where to listen.
    pub address: SocketAddr,
    /// Whether it is in our node_announcement.
    pub announced: bool,
}

/// The port of Lightning on each network, as Core Lightning has it.
pub fn default_port(network: Network) -> u16 {
    match network {
        Network::Bitcoin => 9735,
        Network::Testnet => 19735,
        Network::Testnet4 => 49735,
        Network::Signet => 39735,
        Network::Regtest => 19846,
    }
}

/// An address to listen on: an IP address, or nothing for all of them, with a port where it is not the network's.
pub fn listen(setting: &Setting, network: Network) -> Result<SocketAddr, OptionError> {
    let text = setting.value.as_str();
    if text.starts_with("autotor:") || text.starts_with("statictor:") {
        return Err(setting
            .should_be("there is no Tor support: announce an onion service of yours with announce-addr"));
    }
    if text.starts_with('/') {
        return Err(setting.should_be("peers cannot connect by a local socket"));
    }
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let address = match (text.strip_prefix(':'), ip(text)) {
        (Some(port), None) => port
            .parse()
            .ok()
            .map(|port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))),
        (_, Some(ip)) => Some(SocketAddr::new(ip, default_port(network))),
        (None, None) => None,
    };
    address.ok_or_else(|| {
        setting.should_be(
            "should be an IP address with or without a port; a name can be announced with announce-addr",
        )
    })
}

/// An address to announce: an IP address, a name or an onion service, with a port where it is not the network's.
pub fn announce(setting: &Setting, network: Network) -> Result<SocketAddress, OptionError> {
    let text = setting.value.as_str();
    let port = default_port(network);
    let with_port = match ip(text) {
        Some(ip) => SocketAddr::new(ip, port).to_string(),
        None if text.contains(':') => text.to_owned(),
        None => format!("{text}:{port}"),
    };
    let parsed = with_port.parse();
    parsed.map_err(|_| {
        setting.should_be("should be an IP address, a name or an onion service, with or without a port")
    })
}

/// An IP address alone; one of version 6 may have brackets around it.
fn ip(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse().ok()
}

/// Whether others can connect to it from outside.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            !(ip.is_unspecified()
                || ip.is_loopback()
                || ip.is_private()
                || ip.is_link_local()
                || ip.is_multicast())
        }
        IpAddr::V6(ip) => {
            !(ip.is_unspecified()
                || ip.is_loopback()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
                || ip.is_multicast())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::list::find;
    use super::super::settings::Source;
    use super::*;

    fn setting(value: &str) -> Setting {
        let option = find("addr").unwrap();
        Setting {
            option,
            value: value.to_owned(),
            source: Source::CommandLine,
        }
    }

    #[test]
    fn a_port_that_is_left_out_is_the_networks() {
        for (text, address) in [
            ("127.0.0.1", "127.0.0.1:19846"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("::1", "[::1]:19846"),
            ("[::1]", "[::1]:19846"),
            ("[::1]:1", "[::1]:1"),
            (":1", "0.0.0.0:1"),
        ] {
            assert_eq!(
                listen(&setting(text), Network::Regtest).unwrap().to_string(),
                address
            );
        }
        for wrong in [
            "example.com",
            "autotor:127.0.0.1:9051",
            "/tmp/socket",
            "1.2.3.4:99999",
            "",
        ] {
            assert!(listen(&setting(wrong), Network::Regtest).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_and_onion_services_can_be_announced() {
        let onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
        for text in [
            "1.2.3.4",
            "1.2.3.4:9",
            "2001:db8::1",
            "shop.example",
            "shop.example:9",
            onion,
        ] {
            assert!(announce(&setting(text), Network::Bitcoin).is_ok(), "{text}");
        }
        assert!(announce(&setting("no spaces"), Network::Bitcoin).is_err());
    }

    #[test]
    fn only_addresses_that_can_be_reached_are_public() {
        assert!(is_public("1.2.3.4".parse().unwrap()) && is_public("2001:4860::1".parse().unwrap()));
        for private in [
            "0.0.0.0",
            "127.0.0.1",
            "192.168.1.1",
            "10.0.0.1",
            "169.254.0.1",
            "::",
            "::1",
            "fd00::1",
            "fe80::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }
}
