//! Reads what bitcoind's own configuration file says about its RPC server.

use bitcoin::Network;
use std::path::{Path, PathBuf};

/// The values of `bitcoin.conf` that matter to a client.
///
/// As in bitcoind: the first of several equal keys counts, the section of a network goes before what stands above all
/// sections, and `rpcport` above all sections is for the main network only.
#[derive(Default, PartialEq, Eq)]
pub(super) struct ConfFile {
    pub(super) rpc_connect: Option<String>,
    pub(super) rpc_port: Option<String>,
    pub(super) rpc_user: Option<String>,
    pub(super) rpc_password: Option<String>,
    pub(super) rpc_cookie_file: Option<PathBuf>,
}

/// Files that include files that include files are refused by bitcoind; one level is all there is.
const INCLUDE: &str = "includeconf";

/// One `key=value`, and the section it stands in; empty above all sections.
struct Entry {
    section: String,
    key: String,
    value: String,
}

impl ConfFile {
    /// Reads `<datadir>/bitcoin.conf` and the files that it includes. A file that is not there says nothing.
    pub(super) fn read(datadir: &Path, network: Network) -> std::io::Result<ConfFile> {
        let text = match std::fs::read_to_string(datadir.join("bitcoin.conf")) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(ConfFile::default()),
            Err(error) => return Err(error),
        };
        let mut entries = parse(&text);
        let included: Vec<String> = entries
            .iter()
            .filter(|entry| entry.key == INCLUDE)
            .map(|entry| entry.value.clone())
            .collect();
        for file in included {
            entries.extend(parse(&std::fs::read_to_string(datadir.join(file))?));
        }
        Ok(ConfFile::of_entries(&entries, network))
    }

    fn of_entries(entries: &[Entry], network: Network) -> ConfFile {
        let own_section = network.to_core_arg();
        let find = |section: &str, key: &str| {
            entries
                .iter()
                .find(|entry| entry.section == section && entry.key == key)
                .map(|entry| entry.value.clone())
        };
        let anywhere = |key: &str| find(own_section, key).or_else(|| find("", key));
        let own = |key: &str| match network {
            Network::Bitcoin => anywhere(key),
            _ => find(own_section, key),
        };
        ConfFile {
            rpc_connect: anywhere("rpcconnect"),
            rpc_port: own("rpcport"),
            rpc_user: anywhere("rpcuser"),
            rpc_password: anywhere("rpcpassword"),
            rpc_cookie_file: anywhere("rpccookiefile").map(PathBuf::from),
        }
    }
}

/// Splits a file into its entries; lines that say nothing, and what bitcoind would refuse, are passed over.
fn parse(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut section = String::new();
    for line in text.lines() {
        // bitcoind takes everything from a # on as a comment, and refuses to start when rpcpassword has one.
        let line = line.split_once('#').map_or(line, |(before, _)| before).trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_owned();
        } else if let Some((key, value)) = line.split_once('=') {
            let (section, key) = match key.trim().split_once('.') {
                Some((network, key)) => (network.to_owned(), key),
                None => (section.clone(), key.trim()),
            };
            entries.push(Entry {
                section,
                key: key.to_owned(),
                value: value.trim().to_owned(),
            });
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
        # a comment
        regtest=1
        rpcuser = alice   # whose?
        rpcuser=bob
        rpcpassword=a=b
        rpcport=1
        signet.rpcport=2
        [regtest]
        rpcport=3
        rpccookiefile=/run/cookie
        [signet]
        rpcuser=carol
    ";

    fn read(network: Network) -> ConfFile {
        ConfFile::of_entries(&parse(FILE), network)
    }

    #[test]
    fn a_section_goes_first_and_ports_above_the_sections_are_for_the_main_network() {
        assert_eq!(read(Network::Bitcoin).rpc_port.as_deref(), Some("1"));
        assert_eq!(read(Network::Signet).rpc_port.as_deref(), Some("2"));
        assert_eq!(read(Network::Regtest).rpc_port.as_deref(), Some("3"));
        assert_eq!(read(Network::Testnet4).rpc_port, None);
        assert_eq!(read(Network::Regtest).rpc_user.as_deref(), Some("alice"));
        assert_eq!(read(Network::Signet).rpc_user.as_deref(), Some("carol"));
        assert_eq!(read(Network::Signet).rpc_password.as_deref(), Some("a=b"));
        assert_eq!(
            read(Network::Regtest).rpc_cookie_file,
            Some(PathBuf::from("/run/cookie"))
        );
        assert_eq!(read(Network::Signet).rpc_cookie_file, None);
    }

    #[test]
    fn a_missing_file_says_nothing_and_included_files_count() {
        let folder = tempfile::tempdir().unwrap();
        let network = Network::Regtest;
        assert!(ConfFile::read(folder.path(), network).unwrap() == ConfFile::default());
        std::fs::write(
            folder.path().join("bitcoin.conf"),
            "includeconf=more.conf\nrpcuser=first",
        )
        .unwrap();
        std::fs::write(folder.path().join("more.conf"), "rpcuser=second\nrpcpassword=p").unwrap();
        let conf = ConfFile::read(folder.path(), network).unwrap();
        assert_eq!(
            (conf.rpc_user.as_deref(), conf.rpc_password.as_deref()),
            (Some("first"), Some("p"))
        );
    }
}
