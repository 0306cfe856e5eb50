//! Where bitcoind is and how to log in to it: options first, then `bitcoin.conf`, then what bitcoind does by default.

use super::auth::{Credentials, Login};
use super::conf_file::ConfFile;
use bitcoin::Network;
use std::fmt;
use std::path::PathBuf;

/// How to reach bitcoind, as far as the person who starts the node says; Core Lightning's `--bitcoin-*` options.
///
/// What is left out is read from `bitcoin.conf` in the data folder, and what is not there either is bitcoind's default.
/// Prints no password.
#[derive(Clone)]
pub struct BitcoindConfig {
    /// The chain that it must follow.
    pub network: Network,
    /// The host, or `host:port`; this machine by default.
    pub rpc_connect: Option<String>,
    /// The port; by default that of the network.
    pub rpc_port: Option<u16>,
    /// The user name; without one, the cookie is used.
    pub rpc_user: Option<String>,
    /// The password.
    pub rpc_password: Option<String>,
    /// bitcoind's data folder, where its configuration and its cookie are; `~/.bitcoin` by default.
    pub datadir: Option<PathBuf>,
}

/// Why it is not clear how to reach bitcoind.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// `bitcoin.conf`, or a file that it includes, is there but cannot be read.
    #[error("bitcoin.conf in {datadir} cannot be read: {why}")]
    ConfFile {
        /// The data folder.
        datadir: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// A port is not a number from 1 to 65535.
    #[error("the port of bitcoind's RPC must be a number from 1 to 65535, not '{0}'")]
    Port(String),
    /// A user name without a password, or the reverse.
    #[error("bitcoind's RPC wants a user name and a password together: {0} is missing")]
    HalfALogin(&'static str),
    /// Neither a login nor a folder in which a cookie could be.
    #[error(
        "there is no home folder to look for bitcoind's cookie in: give --bitcoin-datadir or --bitcoin-rpcuser"
    )]
    NoDatadir,
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up: {0}")]
    Http(String),
}

/// Where to connect to, and what to log in with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// `host:port`, an IPv6 address in brackets.
    pub(super) address: String,
    pub(super) credentials: Credentials,
}

impl BitcoindConfig {
    /// bitcoind on this machine with everything at its defaults.
    pub fn new(network: Network) -> BitcoindConfig {
        BitcoindConfig {
            network,
            rpc_connect: None,
            rpc_port: None,
            rpc_user: None,
            rpc_password: None,
            datadir: None,
        }
    }

    /// Decides where to connect to and what to log in with.
    pub(super) fn resolve(&self) -> Result<Endpoint, ConfigError> {
        let datadir = self
            .datadir
            .clone()
            .or_else(|| Some(std::env::home_dir()?.join(".bitcoin")));
        let conf = match &datadir {
            Some(datadir) => ConfFile::read(datadir, self.network).map_err(|why| ConfigError::ConfFile {
                datadir: datadir.clone(),
                why,
            })?,
            None => ConfFile::default(),
        };
        Ok(Endpoint {
            address: self.address(&conf)?,
            credentials: self.credentials(&conf, datadir)?,
        })
    }

    fn address(&self, conf: &ConfFile) -> Result<String, ConfigError> {
        let host = self
            .rpc_connect
            .as_ref()
            .or(conf.rpc_connect.as_ref())
            .map_or("127.0.0.1", String::as_str);
        let (host, port_with_host) = split_host_port(host);
        let port = match (self.rpc_port, port_with_host, &conf.rpc_port) {
            (Some(port), _, _) => port,
            (None, Some(text), _) => port_number(text)?,
            (None, None, Some(text)) => port_number(text)?,
            (None, None, None) => default_port(self.network),
        };
        match host.contains(':') {
            true => Ok(format!("[{host}]:{port}")),
            false => Ok(format!("{host}:{port}")),
        }
    }

    fn credentials(&self, conf: &ConfFile, datadir: Option<PathBuf>) -> Result<Credentials, ConfigError> {
        let user = self.rpc_user.as_ref().or(conf.rpc_user.as_ref());
        let password = self.rpc_password.as_ref().or(conf.rpc_password.as_ref());
        match (user, password) {
            (Some(user), Some(password)) => {
                let login = Login {
                    user: user.clone(),
                    password: password.clone(),
                };
                return Ok(Credentials::Password(login));
            }
            (Some(_), None) => return Err(ConfigError::HalfALogin("rpcpassword")),
            (None, Some(_)) => return Err(ConfigError::HalfALogin("rpcuser")),
            (None, None) => {}
        }
        // A relative `rpccookiefile` starts at the folder of the network, as the default name does.
        let folder = datadir
            .ok_or(ConfigError::NoDatadir)?
            .join(network_subdirectory(self.network));
        let name = conf
            .rpc_cookie_file
            .clone()
            .unwrap_or_else(|| PathBuf::from(".cookie"));
        Ok(Credentials::Cookie(folder.join(name)))
    }
}

impl fmt::Debug for BitcoindConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BitcoindConfig")
            .field("network", &self.network)
            .field("rpc_connect", &self.rpc_connect)
            .field("rpc_port", &self.rpc_port)
            .field("rpc_user", &self.rpc_user)
            .field("datadir", &self.datadir)
            .finish_non_exhaustive()
    }
}

/// The folder below bitcoind's data folder where the files of a network are; empty for the main one.
fn network_subdirectory(network: Network) -> &'static str {
    match network {
        Network::Bitcoin => "",
        Network::Testnet => "testnet3",
        Network::Testnet4 => "testnet4",
        Network::Signet => "signet",
        Network::Regtest => "regtest",
    }
}

fn default_port(network: Network) -> u16 {
    match network {
        Network::Bitcoin => 8332,
        Network::Testnet => 18332,
        Network::Testnet4 => 48332,
        Network::Signet => 38332,
        Network::Regtest => 18443,
    }
}

fn port_number(text: &str) -> Result<u16, ConfigError> {
    match text.parse() {
        Ok(0) | Err(_) => Err(ConfigError::Port(text.to_owned())),
        Ok(port) => Ok(port),
    }
}

/// Splits `host`, `host:port`, `::1`, `[::1]` and `[::1]:port`.
fn split_host_port(text: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        return (host, rest.strip_prefix(':'));
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regtest_in(datadir: &std::path::Path) -> BitcoindConfig {
        BitcoindConfig {
            datadir: Some(datadir.to_owned()),
            ..BitcoindConfig::new(Network::Regtest)
        }
    }

    #[test]
    fn without_options_it_is_bitcoind_on_this_machine_with_its_cookie() {
        let folder = tempfile::tempdir().unwrap();
        let endpoint = regtest_in(folder.path()).resolve().unwrap();
        assert_eq!(endpoint.address, "127.0.0.1:18443");
        assert_eq!(
            endpoint.credentials,
            Credentials::Cookie(folder.path().join("regtest/.cookie"))
        );
    }

    #[test]
    fn options_go_before_the_configuration_file() {
        let folder = tempfile::tempdir().unwrap();
        let conf = "rpcuser=u\nrpcpassword=p\n[regtest]\nrpcport=1234\nrpcconnect=there\n";
        std::fs::write(folder.path().join("bitcoin.conf"), conf).unwrap();
        let mut config = regtest_in(folder.path());
        assert_eq!(config.resolve().unwrap().address, "there:1234");
        config.rpc_connect = Some("[::1]:99".into());
        config.rpc_user = Some("v".into());
        let endpoint = config.resolve().unwrap();
        assert_eq!(endpoint.address, "[::1]:99");
        let login = Login {
            user: "v".into(),
            password: "p".into(),
        };
        assert_eq!(endpoint.credentials, Credentials::Password(login));
        config.rpc_port = Some(7);
        config.rpc_connect = Some("::1".into());
        assert_eq!(config.resolve().unwrap().address, "[::1]:7");
    }

    #[test]
    fn half_a_login_and_a_port_that_is_none_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = regtest_in(folder.path());
        config.rpc_user = Some("u".into());
        assert!(matches!(
            config.resolve(),
            Err(ConfigError::HalfALogin("rpcpassword"))
        ));
        let mut config = regtest_in(folder.path());
        config.rpc_connect = Some("host:http".into());
        assert!(matches!(config.resolve(), Err(ConfigError::Port(port)) if port == "http"));
    }

    #[test]
    fn the_password_is_not_printed() {
        let mut config = BitcoindConfig::new(Network::Regtest);
        config.rpc_password = Some("hunter2".into());
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
