//! Every option there is.

use super::address::default_port;
use bitcoin::Network;
use lightning::ln::channelmanager::MIN_CLTV_EXPIRY_DELTA;
use std::path::{Path, PathBuf};

/// One option, by the name that it has on the command line and in a configuration file.
#[derive(Clone, Copy, Debug)]
pub struct Opt {
    /// `--name` on the command line, `name` in a file.
    pub name: &'static str,
    /// Where it stands in the help.
    pub section: Section,
    /// What comes behind the name.
    pub takes: Takes,
    /// What it is when it is not given.
    pub default: Default,
    /// What it means.
    pub doc: &'static str,
    /// Where else than on the command line it may stand.
    pub in_files: InFiles,
    /// Whether its value must not be shown to anybody.
    pub secret: bool,
    /// Whether `setconfig` can change it while the daemon runs.
    pub dynamic: bool,
}

/// Groups of options in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Where things are.
    General,
    /// The chain.
    Bitcoin,
    /// Other nodes.
    Network,
    /// Fees and deadlines.
    Channels,
    /// Deleting what is old.
    Cleaning,
    /// The socket for clients.
    Rpc,
    /// Logs.
    Logging,
    /// For developers of Boltill.
    Developer,
}

impl Section {
    /// The heading in the help.
    pub fn heading(self) -> &'static str {
        match self {
            Section::General => "General",
            Section::Bitcoin => "Bitcoin",
            Section::Network => "Lightning Network",
            Section::Channels => "Channels and payments",
            Section::Cleaning => "Cleaning (an age of 0 keeps all)",
            Section::Rpc => "Clients",
            Section::Logging => "Logging",
            Section::Developer => "Development",
        }
    }
}

/// What comes behind an option's name; the text is what stands for the value in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: it is there or it is not.
    Nothing,
    /// Text; the last one given counts.
    Text(&'static str),
    /// A whole number; the last one given counts.
    Number(&'static str),
    /// `true` or `false`; the last one given counts.
    Bool,
    /// Text, as often as one likes.
    Many(&'static str),
}

/// What an option is when it is not given.
#[derive(Clone, Copy, Debug)]
pub enum Default {
    /// Nothing.
    Unset,
    /// This.
    Is(&'static str),
    /// What follows from the place.
    From(fn(&Place) -> String),
}

/// What must be known before anything else: which network, and where its files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The directory above those of the networks.
    pub lightning_dir: PathBuf,
    /// The chain.
    pub network: Network,
}

impl Place {
    /// The name of the network as options and directories have it.
    pub fn network_name(&self) -> &'static str {
        network_name(self.network)
    }

    /// The directory of the network's files.
    pub fn network_dir(&self) -> PathBuf {
        self.lightning_dir.join(self.network_name())
    }

    /// A path as an option gives it: one that is relative starts at the network's directory.
    pub fn resolve(&self, path: impl AsRef<Path>) -> PathBuf {
        self.network_dir().join(path)
    }
}

/// The name of a network in options, directories and answers.
pub fn network_name(network: Network) -> &'static str {
    match network {
        Network::Bitcoin => "bitcoin",
        Network::Testnet => "testnet",
        Network::Testnet4 => "testnet4",
        Network::Signet => "signet",
        Network::Regtest => "regtest",
    }
}

/// Where else than on the command line an option may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InFiles {
    /// In every configuration file.
    Anywhere,
    /// In the general file, and not in one network's.
    General,
    /// In a file given by `--conf`, and in no other.
    GivenFile,
    /// In none.
    Nowhere,
}

const fn opt(name: &'static str, section: Section, takes: Takes, doc: &'static str) -> Opt {
    Opt {
        name,
        section,
        takes,
        default: Default::Unset,
        doc,
        in_files: InFiles::Anywhere,
        secret: false,
        dynamic: false,
    }
}

/// After how many seconds something is deleted; 0 is never.
const fn age(name: &'static str, doc: &'static str) -> Opt {
    opt(name, Section::Cleaning, Takes::Number("SECONDS"), doc)
        .is("0")
        .dynamic()
}

impl Opt {
    const fn is(mut self, default: &'static str) -> Opt {
        self.default = Default::Is(default);
        self
    }

    const fn from(mut self, default: fn(&Place) -> String) -> Opt {
        self.default = Default::From(default);
        self
    }

    const fn only(mut self, in_files: InFiles) -> Opt {
        self.in_files = in_files;
        self
    }

    const fn secret(mut self) -> Opt {
        self.secret = true;
        self
    }

    const fn dynamic(mut self) -> Opt {
        self.dynamic = true;
        self
    }
}

use Section as S;
use Takes::{Bool, Many, Nothing, Number, Text};

/// Every option, in the order of the help.
pub static OPTIONS: &[Opt] = &[
    opt("network", S::General, Text("NETWORK"), "Which chain: bitcoin, testnet4, signet or regtest [default: bitcoin]")
    .from(|place| place.network_name().to_owned())
        .only(InFiles::General),
    opt("mainnet", S::General, Nothing, "The same as --network=bitcoin").only(InFiles::General),
    opt("testnet4", S::General, Nothing, "The same as --network=testnet4").only(InFiles::General),
    opt("signet", S::General, Nothing, "The same as --network=signet").only(InFiles::General),
    opt("regtest", S::General, Nothing, "The same as --network=regtest").only(InFiles::General),
    opt(
        "lightning-dir",
        S::General,
        Text("DIR"),
        "Where all files are, each network's in a directory of its own [default: ~/.boltill]",
    )
    .from(|place| place.lightning_dir.display().to_string())
    .only(InFiles::GivenFile),
    opt(
        "conf",
        S::General,
        Text("FILE"),
        "The configuration file, instead of DIR/config and DIR/NETWORK/config. Lines are options without their dashes",
    )
    .only(InFiles::Nowhere),
    opt("daemon", S::General, Nothing, "Go to the background once the node is ready; log to a file then"),
    opt("pid-file", S::General, Text("FILE"), "Where to write the process's number [default: DIR/boltilld-NETWORK.pid]")
        .from(|place| {
            let name = format!("boltilld-{}.pid", place.network_name());
            place.lightning_dir.join(name).display().to_string()
        }),
    opt(
        "bitcoin-datadir",
        S::Bitcoin,
        Text("DIR"),
        "bitcoind's data directory, where its cookie and configuration are found [default: ~/.bitcoin]",
    ),
    opt("bitcoin-rpcconnect", S::Bitcoin, Text("HOST"), "Where bitcoind's RPC is [default: 127.0.0.1]"),
    opt("bitcoin-rpcport", S::Bitcoin, Number("PORT"), "The port of bitcoind's RPC [default: the network's]"),
    opt("bitcoin-rpcuser", S::Bitcoin, Text("NAME"), "The user of bitcoind's RPC; without one its cookie is used"),
    opt(
        "bitcoin-rpcpassword",
        S::Bitcoin,
        Text("PASSWORD"),
        "The password of bitcoind's RPC. Others can see it on the command line: put it in the configuration file, or \
         leave it to the cookie",
    )
    .secret(),
    opt(
        "rescan",
        S::Bitcoin,
        Number("BLOCKS"),
        "Look for the wallet's coins in the last so many blocks once more; a negative number is a height to begin at",
    ),
    opt(
        "force-feerates",
        S::Bitcoin,
        Text("SAT[/SAT...]"),
        "Use these feerates whatever bitcoind estimates, in sat per 1000 weight units: for opening, mutual_close, \
         unilateral_close, delayed_to_us, htlc_resolution and penalty; the last one stands for the rest",
    ),
    opt(
        "addr",
        S::Network,
        Many("IP[:PORT]"),
        "Listen there for peers, and announce it where it is a public address [default: all addresses]",
    ),
    opt("bind-addr", S::Network, Many("IP[:PORT]"), "Listen there for peers, and do not announce it"),
    opt("announce-addr", S::Network, Many("HOST[:PORT]"), "Announce this to others: an IP address, a name or an onion service"),
    opt("offline", S::Network, Nothing, "Neither listen for peers nor connect to any"),
    opt("alias", S::Network, Text("NAME"), "The name shown to others, up to 32 bytes [default: made from the node's id]"),
    opt("rgb", S::Network, Text("RRGGBB"), "The colour shown to others [default: made from the node's id]"),
    opt("fee-base", S::Channels, Number("MSAT"), "The fixed part of the fee for forwarding a payment [default: 1000, on test networks 1]")
        .from(|place| if place.network == Network::Bitcoin { "1000" } else { "1" }.to_owned()),
    opt("fee-per-satoshi", S::Channels, Number("MILLIONTHS"), "The proportional part of the fee for forwarding a payment").is("10"),
    opt(
        "cltv-delta",
        S::Channels,
        Number("BLOCKS"),
        "How much earlier the next node must settle a payment that is forwarded; a smaller number than is safe is raised [default: the smallest that is]",
    )
    .from(|_| MIN_CLTV_EXPIRY_DELTA.to_string()),
    opt("cltv-final", S::Channels, Number("BLOCKS"), "How long the last part of a payment to us may take; a smaller number than is safe is raised [default: 18, on test networks 10]")
        .from(|place| if place.network == Network::Bitcoin { "18" } else { "10" }.to_owned()),
    opt("min-capacity-sat", S::Channels, Number("SAT"), "The smallest channel that others may open to us")
        .is("10000")
        .dynamic(),
    opt("fetchinvoice-noconnect", S::Channels, Nothing, "Never connect to a node only to ask it for an invoice or to send it one"),
    opt("autoclean-cycle", S::Cleaning, Number("SECONDS"), "How often to look for what is old").is("3600").dynamic(),
    age("autoclean-succeededforwards-age", "Delete forwards that were paid for when they are so old"),
    age("autoclean-failedforwards-age", "Delete forwards that failed when they are so old"),
    age("autoclean-succeededpays-age", "Delete payments of ours that arrived when they are so old"),
    age("autoclean-failedpays-age", "Delete payments of ours that failed when they are so old"),
    age("autoclean-paidinvoices-age", "Delete invoices that were paid when that is so long ago"),
    age("autoclean-expiredinvoices-age", "Delete invoices that were not paid when their time has passed so long ago"),
    opt("rpc-file", S::Rpc, Text("FILE"), "The socket that clients connect to").is("lightning-rpc"),
    opt("rpc-file-mode", S::Rpc, Text("MODE"), "The permissions of that socket, in octal").is("0600"),
    opt("clnrest-port", S::Rpc, Number("PORT"), "Answer commands over HTTP at this port, for whoever has a rune"),
    opt("clnrest-host", S::Rpc, Text("IP"), "The address that HTTP is answered at").is("127.0.0.1"),
    opt("clnrest-protocol", S::Rpc, Text("PROTOCOL"), "https, or http without encryption").is("https"),
    opt(
        "clnrest-certs",
        S::Rpc,
        Text("DIR"),
        "Where the certificates for https are, which are made if any is missing [default: the network's directory]",
    ),
    opt(
        "clnrest-cors-origins",
        S::Rpc,
        Many("ORIGIN"),
        "Let web pages of this origin read what is answered over HTTP, or of all with * [default: *]",
    ),
    opt(
        "log-level",
        S::Logging,
        Many("LEVEL[:SUBSYSTEM][:FILE]"),
        "How much to log: io, trace, debug, info, unusual or broken; for one subsystem or log file where they are named [default: info]",
    ),
    opt("log-file", S::Logging, Many("FILE"), "Where to log; `-` is standard output. SIGHUP opens the files anew [default: -]"),
    opt("log-prefix", S::Logging, Text("PREFIX"), "What every line of the log begins with").is(""),
    opt("log-timestamps", S::Logging, Bool, "Whether the time is in every line of the log").is("true"),
    opt("developer", S::Developer, Nothing, "Allow options and commands that are for developing Boltill"),
    opt("dev-bitcoind-poll", S::Developer, Number("SECONDS"), "How often to ask bitcoind for blocks [default: 10, on regtest 1]")
        .from(|place| if place.network == Network::Regtest { "1" } else { "10" }.to_owned()),
];

/// The option of that name.
pub fn find(name: &str) -> Option<&'static Opt> {
    OPTIONS.iter().find(|option| option.name == name)
}

/// The default of `--addr`, for those who give no address at all.
pub fn listen_everywhere(place: &Place) -> String {
    format!("0.0.0.0:{}", default_port(place.network))
}
