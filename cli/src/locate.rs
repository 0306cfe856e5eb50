//! Finds the daemon's socket from the options and the config files.

use boltill::options::Options;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The name of the socket within the network's directory, as in Core Lightning.
const RPC_FILE: &str = "lightning-rpc";

/// The place where a daemon is looked for.
#[derive(Debug)]
pub struct Place {
    /// The daemon's directory, which holds one directory for each network.
    directory: PathBuf,
    /// The network's name.
    network: String,
    /// The socket.
    pub socket: PathBuf,
}

/// There is no default directory, because there is no home directory.
#[derive(Debug, thiserror::Error)]
#[error("there is no home directory: name the daemon's directory with --lightning-dir")]
pub struct NoHome;

impl Place {
    /// What the command line says comes first, then the network's config file, then the directory's, then the defaults.
    pub fn find(options: &Options) -> Result<Self, NoHome> {
        let directory = match &options.lightning_dir {
            Some(directory) => directory.clone(),
            None => std::env::home_dir().ok_or(NoHome)?.join(".boltill"),
        };
        let read = |path: PathBuf| fs::read_to_string(path.join("config")).unwrap_or_default();
        let config = read(directory.clone());
        let network = options
            .network()
            .or_else(|| setting(&config, "network"))
            .unwrap_or("bitcoin")
            .to_owned();
        let of_network = read(directory.join(&network));
        let configured = setting(&of_network, "rpc-file").or_else(|| setting(&config, "rpc-file"));
        let rpc_file = options.rpc_file.as_deref().or(configured.map(Path::new));
        // An absolute path replaces what it is joined to.
        let socket = directory
            .join(&network)
            .join(rpc_file.unwrap_or(Path::new(RPC_FILE)));
        Ok(Self {
            directory,
            network,
            socket,
        })
    }

    /// What to do when the socket could not be opened because of an error of this kind; one line.
    pub fn advice(&self, kind: ErrorKind) -> String {
        let others = self.other_networks();
        match kind {
            ErrorKind::PermissionDenied => "it belongs to another user".to_owned(),
            ErrorKind::ConnectionRefused => "boltilld has stopped; start it again".to_owned(),
            _ if !others.is_empty() => format!("did you mean --network={}?", others.join(" or --network=")),
            _ => format!(
                "start it with 'boltilld --network={}', or say where it is with --network, --lightning-dir or --rpc-file",
                self.network
            ),
        }
    }

    /// The networks for which there is a socket of the usual name.
    fn other_networks(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let mut networks: Vec<_> = entries
            .filter(|entry| entry.path().join(RPC_FILE).exists())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|network| *network != self.network)
            .collect();
        networks.sort();
        networks
    }
}

/// The last value of `key` in a config file of `key=value` lines; `#` starts a comment line.
fn setting<'a>(config: &'a str, key: &str) -> Option<&'a str> {
    let pairs = config.lines().filter_map(|line| line.trim().split_once('='));
    pairs
        .filter(|(name, _)| name.trim_end() == key)
        .map(|(_, value)| value.trim())
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn place(directory: &Path, line: &[&str]) -> Place {
        let directory = format!("--lightning-dir={}", directory.display());
        let options = Options::parse_from(["boltill", &directory].iter().chain(line));
        Place::find(&options).unwrap()
    }

    #[test]
    fn the_socket_is_in_the_directory_of_the_network() {
        let directory = tempfile::tempdir().unwrap();
        let found = |line: &[&str]| place(directory.path(), line).socket;
        assert_eq!(found(&[]), directory.path().join("bitcoin/lightning-rpc"));
        assert_eq!(
            found(&["--signet"]),
            directory.path().join("signet/lightning-rpc")
        );
        assert_eq!(
            found(&["--network=regtest", "--rpc-file=rpc"]),
            directory.path().join("regtest/rpc")
        );
        assert_eq!(
            found(&["--rpc-file=/run/boltill.sock"]),
            Path::new("/run/boltill.sock")
        );
    }

    #[test]
    fn the_config_file_names_the_network_unless_the_command_line_does() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(
            directory.path().join("config"),
            "# network=x\nalias=a\nnetwork = signet\nrpc-file=r\n",
        )
        .unwrap();
        let found = |line: &[&str]| place(directory.path(), line).socket;
        assert_eq!(found(&[]), directory.path().join("signet/r"));
        assert_eq!(found(&["--regtest"]), directory.path().join("regtest/r"));
        fs::create_dir(directory.path().join("regtest")).unwrap();
        fs::write(directory.path().join("regtest/config"), "rpc-file=/run/r").unwrap();
        assert_eq!(found(&["--regtest"]), Path::new("/run/r"));
    }

    #[test]
    fn a_socket_of_another_network_is_suggested() {
        let directory = tempfile::tempdir().unwrap();
        let place = place(directory.path(), &[]);
        assert!(
            place
                .advice(ErrorKind::NotFound)
                .starts_with("start it with 'boltilld --network=bitcoin'")
        );
        fs::create_dir(directory.path().join("regtest")).unwrap();
        fs::write(directory.path().join("regtest/lightning-rpc"), "").unwrap();
        assert_eq!(
            place.advice(ErrorKind::NotFound),
            "did you mean --network=regtest?"
        );
    }
}
