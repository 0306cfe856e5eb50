//! What the options mean.

use super::OptionError;
use super::address::{self, Listen};
use super::http::HttpConfig;
use super::list::{Place, listen_everywhere};
use super::settings::{Setting, Settings, Source};
use crate::logging::{LogConfig, Rule};
use bitcoin::Network;
use boltill_ledger::Cleanable;
use boltill_onchain::{BitcoindConfig, ForcedFeerates, Rescan};
use lightning::ln::channelmanager::MIN_CLTV_EXPIRY_DELTA;
use lightning::ln::msgs::SocketAddress;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// The longest alias, in bytes (BOLT 7).
const MAX_ALIAS: usize = 32;
/// Asking bitcoind more often than this would keep it from its work.
const SHORTEST_POLL: Duration = Duration::from_millis(50);

const FORCED_FEERATES: &str = "1 to 6 numbers in sat per 1000 weight units, with / between them";

/// The daemon's options, looked at and found good.
#[derive(Clone, Debug)]
pub struct Config {
    /// The network, and where its files are.
    pub place: Place,
    /// Every option as it was given, for `listconfigs`.
    pub settings: Settings,
    /// Whether to go to the background.
    pub daemon: bool,
    /// Whether commands for developers are there.
    pub developer: bool,
    /// Where the process's number is written.
    pub pid_file: PathBuf,
    /// The socket for clients.
    pub rpc_file: PathBuf,
    /// Its permissions.
    pub rpc_file_mode: u32,
    /// Where to answer over HTTP, if at all.
    pub http: Option<HttpConfig>,
    /// Where and how much to log.
    pub log: LogConfig,
    /// How to reach bitcoind.
    pub bitcoind: BitcoindConfig,
    /// How often to ask bitcoind for blocks.
    pub bitcoind_poll: Duration,
    /// From where on to look for the wallet's coins once more.
    pub rescan: Option<Rescan>,
    /// The feerates to use whatever bitcoind estimates.
    pub force_feerates: Option<ForcedFeerates>,
    /// The name shown to others; made from the node's id when absent.
    pub alias: Option<String>,
    /// The colour shown to others; made from the node's id when absent.
    pub rgb: Option<[u8; 3]>,
    /// Where to listen for peers; nowhere when offline.
    pub listen: Vec<Listen>,
    /// What to announce besides.
    pub announce: Vec<SocketAddress>,
    /// Neither to listen for peers nor to connect to any.
    pub offline: bool,
    /// The fixed part of the fee for forwarding, in msat.
    pub fee_base_msat: u32,
    /// The proportional part of the fee for forwarding, in millionths.
    pub fee_per_satoshi: u32,
    /// How many blocks earlier the next node must settle what is forwarded.
    pub cltv_delta: u16,
    /// How many blocks the last part of a payment to us may take.
    pub cltv_final: u32,
    /// The smallest channel that others may open to us, in sat.
    pub min_capacity_sat: u64,
    /// What is deleted when it is old.
    pub autoclean: AutocleanConfig,
    /// Never to connect to a node for the sake of an onion message alone.
    pub fetchinvoice_noconnect: bool,
}

/// What is deleted when it is old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutocleanConfig {
    /// How often to look for it.
    pub cycle: Duration,
    /// How old it must be, in seconds; 0 keeps all.
    ages: [(Cleanable, u64); 6],
}

impl AutocleanConfig {
    /// After how many seconds these are deleted; `None` when they are kept.
    pub fn age(&self, what: Cleanable) -> Option<u64> {
        let age = self.ages.iter().find(|(of, _)| *of == what).map(|(_, age)| *age);
        age.filter(|age| *age > 0)
    }
}

impl Config {
    /// Looks at every option, and stops at the first that is not what it should be.
    pub fn new(place: Place, settings: Settings) -> Result<Config, OptionError> {
        let read = Reader {
            place: &place,
            settings: &settings,
        };
        Ok(Config {
            daemon: read.flag("daemon"),
            developer: read.flag("developer"),
            pid_file: read.path("pid-file").unwrap_or_default(),
            rpc_file: read.path("rpc-file").unwrap_or_default(),
            rpc_file_mode: read.required("rpc-file-mode", "permissions in octal, like 0600", octal)?,
            http: HttpConfig::read(&place, &settings)?,
            log: read.log()?,
            bitcoind: read.bitcoind()?,
            bitcoind_poll: read
                .required(
                    "dev-bitcoind-poll",
                    "a number of seconds, like 10 or 0.5",
                    seconds,
                )?
                .max(SHORTEST_POLL),
            rescan: read.optional(
                "rescan",
                "a number of blocks, or a height with a minus before it",
                rescan,
            )?,
            force_feerates: read.optional("force-feerates", FORCED_FEERATES, |text| text.parse().ok())?,
            alias: read.optional("alias", "1 to 32 bytes of text", alias)?,
            rgb: read.optional("rgb", "6 hexadecimal digits", rgb)?,
            listen: read.listen()?,
            announce: read.each("announce-addr", address::announce)?,
            offline: read.flag("offline"),
            fee_base_msat: read.number("fee-base")?,
            fee_per_satoshi: read.number("fee-per-satoshi")?,
            cltv_delta: read.number::<u16>("cltv-delta")?.max(MIN_CLTV_EXPIRY_DELTA),
            cltv_final: read.number("cltv-final")?,
            min_capacity_sat: read.number("min-capacity-sat")?,
            autoclean: AutocleanConfig {
                cycle: Duration::from_secs(read.number("autoclean-cycle")?),
                ages: [
                    (
                        Cleanable::SucceededForwards,
                        read.number("autoclean-succeededforwards-age")?,
                    ),
                    (
                        Cleanable::FailedForwards,
                        read.number("autoclean-failedforwards-age")?,
                    ),
                    (
                        Cleanable::SucceededPays,
                        read.number("autoclean-succeededpays-age")?,
                    ),
                    (Cleanable::FailedPays, read.number("autoclean-failedpays-age")?),
                    (
                        Cleanable::PaidInvoices,
                        read.number("autoclean-paidinvoices-age")?,
                    ),
                    (
                        Cleanable::ExpiredInvoices,
                        read.number("autoclean-expiredinvoices-age")?,
                    ),
                ],
            },
            fetchinvoice_noconnect: read.flag("fetchinvoice-noconnect"),
            place: place.clone(),
            settings: settings.clone(),
        })
    }

    /// What the user should know about these options and is no error.
    pub fn warnings(&self) -> Vec<String> {
        let exposed = self
            .settings
            .iter()
            .filter(|setting| setting.option.secret && setting.source == Source::CommandLine);
        exposed
            .map(|setting| {
                format!(
                    "--{} can be seen by every user of this machine while it is on the command line; \
                     put it in the configuration file, or use bitcoind's cookie",
                    setting.option.name
                )
            })
            .collect()
    }
}

/// Reads options by name, with their defaults.
struct Reader<'a> {
    place: &'a Place,
    settings: &'a Settings,
}

impl Reader<'_> {
    fn flag(&self, name: &str) -> bool {
        self.settings.last(name).is_some()
    }

    fn get(&self, name: &str) -> Option<Setting> {
        self.settings.effective(name, self.place)
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(|setting| self.place.resolve(setting.value))
    }

    fn optional<T>(
        &self,
        name: &str,
        should_be: impl Display,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, OptionError> {
        let Some(setting) = self.get(name) else {
            return Ok(None);
        };
        match parse(&setting.value) {
            Some(value) => Ok(Some(value)),
            None => Err(setting.should_be(format!("should be {should_be}"))),
        }
    }

    /// For options that have a default.
    fn required<T>(
        &self,
        name: &'static str,
        should_be: impl Display,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, OptionError> {
        let missing = || OptionError::CommandLine(format!("--{name} is missing"));
        self.optional(name, should_be, parse)?.ok_or_else(missing)
    }

    fn number<T: FromStr + Bounded>(&self, name: &'static str) -> Result<T, OptionError> {
        let should_be = format!("a whole number up to {}", T::LARGEST);
        self.required(name, should_be, |text| digits(text)?.parse().ok())
    }

    fn boolean(&self, name: &'static str) -> Result<bool, OptionError> {
        self.required(name, "true or false", |text| match text {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => None,
        })
    }

    fn each<T>(
        &self,
        name: &str,
        parse: impl Fn(&Setting, Network) -> Result<T, OptionError>,
    ) -> Result<Vec<T>, OptionError> {
        self.settings
            .all(name)
            .map(|setting| parse(setting, self.place.network))
            .collect()
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|setting| setting.value)
    }

    fn bitcoind(&self) -> Result<BitcoindConfig, OptionError> {
        let port = self.optional("bitcoin-rpcport", "a port from 1 to 65535", |text| {
            digits(text)?.parse().ok().filter(|port| *port != 0)
        })?;
        Ok(BitcoindConfig {
            rpc_connect: self.text("bitcoin-rpcconnect"),
            rpc_port: port,
            rpc_user: self.text("bitcoin-rpcuser"),
            rpc_password: self.text("bitcoin-rpcpassword"),
            datadir: self.text("bitcoin-datadir").map(PathBuf::from),
            ..BitcoindConfig::new(self.place.network)
        })
    }

    /// Everywhere when no address is given at all, as Core Lightning does.
    fn listen(&self) -> Result<Vec<Listen>, OptionError> {
        if self.flag("offline") {
            return Ok(Vec::new());
        }
        let mut listen = Vec::new();
        for address in self.each("addr", address::listen)? {
            listen.push(Listen {
                address,
                announced: address::is_public(address.ip()),
            });
        }
        for address in self.each("bind-addr", address::listen)? {
            listen.push(Listen {
                address,
                announced: false,
            });
        }
        let nothing_said = ["addr", "bind-addr", "announce-addr"]
            .iter()
            .all(|name| !self.flag(name));
        if let (true, Ok(address)) = (nothing_said, listen_everywhere(self.place).parse()) {
            listen.push(Listen {
                address,
                announced: false,
            });
        }
        Ok(listen)
    }

    fn log(&self) -> Result<LogConfig, OptionError> {
        let should_be =
            "should be LEVEL[:SUBSYSTEM][:FILE], LEVEL being io, trace, debug, info, unusual or broken";
        let rule = |setting: &Setting, _| {
            Rule::parse(&setting.value, |file| self.log_file(file))
                .ok_or_else(|| setting.should_be(should_be))
        };
        let files = self.each("log-file", |setting, _| Ok(self.log_file(&setting.value)))?;
        Ok(LogConfig {
            rules: self.each("log-level", rule)?,
            files: if files.is_empty() {
                vec![self.log_file("-")]
            } else {
                files
            },
            prefix: self.text("log-prefix").unwrap_or_default(),
            timestamps: self.boolean("log-timestamps")?,
        })
    }

    fn log_file(&self, name: &str) -> PathBuf {
        if name == "-" {
            PathBuf::from(name)
        } else {
            self.place.resolve(name)
        }
    }
}

/// `FromStr` alone would also take a leading `+`.
fn digits(text: &str) -> Option<&str> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then_some(text)
}

fn rescan(text: &str) -> Option<Rescan> {
    match text.strip_prefix('-') {
        Some(height) => digits(height)?.parse().ok().map(Rescan::FromHeight),
        None => digits(text)?.parse().ok().map(Rescan::LastBlocks),
    }
}

fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

fn octal(text: &str) -> Option<u32> {
    let mode = u32::from_str_radix(digits(text)?, 8).ok()?;
    (mode <= 0o777).then_some(mode)
}

fn alias(text: &str) -> Option<String> {
    (1..=MAX_ALIAS).contains(&text.len()).then(|| text.to_owned())
}

fn rgb(text: &str) -> Option<[u8; 3]> {
    hex_conservative::FromHex::from_hex(text).ok()
}

trait Bounded {
    const LARGEST: u64;
}

impl Bounded for u16 {
    const LARGEST: u64 = u16::MAX as u64;
}

impl Bounded for u32 {
    const LARGEST: u64 = u32::MAX as u64;
}

impl Bounded for u64 {
    const LARGEST: u64 = u64::MAX;
}
