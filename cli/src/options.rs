//! What may be written on the command line.
#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "these comments are the text of --help, where brackets are for defaults"
)]

use clap::Parser;
use std::path::PathBuf;

/// Sends a command to boltilld and prints the answer.
///
/// Parameters are given in order, or as key=value, which is noticed when the first one has that form. Numbers, JSON
/// arrays and objects, true, false and null are sent as such, everything else as a string.
///
/// "boltill help" lists the commands of the daemon, "boltill help COMMAND" explains one.
///
/// "boltill qr TEXT" draws a QR code in the terminal, "boltill qr COMMAND ..." one of what the command answers.
#[derive(Debug, Parser)]
#[command(name = "boltill", version, after_help = STATUS, max_term_width = 100)]
pub struct Options {
    /// The network of the daemon: bitcoin, testnet4, signet or regtest [default: that of the config file, or bitcoin]
    #[arg(long, value_name = "NAME")]
    pub network: Option<String>,

    /// Short for --network=regtest
    #[arg(long, hide = true, conflicts_with_all = ["network", "signet", "testnet4", "mainnet"])]
    pub regtest: bool,

    /// Short for --network=signet
    #[arg(long, hide = true, conflicts_with_all = ["network", "testnet4", "mainnet"])]
    pub signet: bool,

    /// Short for --network=testnet4
    #[arg(long, hide = true, conflicts_with_all = ["network", "mainnet"])]
    pub testnet4: bool,

    /// Short for --network=bitcoin
    #[arg(long, hide = true, conflicts_with = "network")]
    pub mainnet: bool,

    /// The daemon's directory [default: ~/.boltill]
    #[arg(long, value_name = "DIR")]
    pub lightning_dir: Option<PathBuf>,

    /// The daemon's socket; a relative path starts at its network's directory [default: lightning-rpc]
    #[arg(long, value_name = "FILE")]
    pub rpc_file: Option<PathBuf>,

    /// Every parameter is key=value
    #[arg(short, long, overrides_with = "order")]
    pub keywords: bool,

    /// Every parameter is a value, also when it contains '='
    #[arg(short, long, overrides_with = "keywords")]
    pub order: bool,

    /// Print indented JSON (usual except for help)
    #[arg(short = 'J', long, overrides_with_all = ["raw", "human_readable", "flat"])]
    pub json: bool,

    /// Print the JSON as the daemon wrote it
    #[arg(short = 'R', long, overrides_with_all = ["json", "human_readable", "flat"])]
    pub raw: bool,

    /// Print plain text for people; at a terminal as tables, with "3 minutes ago" for times
    #[arg(short = 'H', long, overrides_with_all = ["json", "raw", "flat"])]
    pub human_readable: bool,

    /// Print one line for each value: channels[0].state=CHANNELD_NORMAL
    #[arg(short = 'F', long, overrides_with_all = ["json", "raw", "human_readable"])]
    pub flat: bool,

    /// Ask for these fields only: JSON of the answer's shape, such as '{"invoices":[{"label":true}]}'
    #[arg(short = 'l', long, value_name = "JSON")]
    pub filter: Option<String>,

    /// Print what the daemon tells while it works, behind '# ': io, debug, info, unusual, broken or none [default: info on a
    /// terminal, else none]
    #[arg(short = 'N', long, value_name = "LEVEL")]
    pub notifications: Option<Level>,

    /// The command and its parameters
    #[arg(value_name = "COMMAND", allow_negative_numbers = true)]
    pub words: Vec<String>,
}

const STATUS: &str = "\
Exit status: 0 after a result, 1 after an error answer (printed as JSON), 2 when the daemon cannot be reached,
3 when the command line is wrong.";

/// How much of the daemon's talk to print; the order is that of importance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Level {
    /// Everything, even what is sent to peers.
    Io,
    /// What a developer wants to see.
    Debug,
    /// What a user wants to see.
    Info,
    /// What does not happen in a good world.
    Unusual,
    /// What must never happen.
    Broken,
    /// Nothing.
    None,
}

/// The form in which an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Indented JSON.
    Json,
    /// JSON as received.
    Raw,
    /// Text for people.
    Human,
    /// A line for each value.
    Flat,
}

impl Options {
    /// The network asked for on the command line, by its name in Core Lightning.
    pub fn network(&self) -> Option<&str> {
        let short = [
            (self.regtest, "regtest"),
            (self.signet, "signet"),
            (self.testnet4, "testnet4"),
            (self.mainnet, "bitcoin"),
        ];
        let short = short.into_iter().find_map(|(given, name)| given.then_some(name));
        short.or(self.network.as_deref())
    }

    /// How much of the daemon's talk to print. Programs that read our output get the answer alone unless they ask for more.
    pub fn level(&self, on_terminal: bool) -> Level {
        let usual = if on_terminal { Level::Info } else { Level::None };
        self.notifications.unwrap_or(usual)
    }

    /// The format asked for, if any.
    pub fn format(&self) -> Option<Format> {
        let formats = [
            (self.json, Format::Json),
            (self.raw, Format::Raw),
            (self.human_readable, Format::Human),
            (self.flat, Format::Flat),
        ];
        formats
            .into_iter()
            .find_map(|(given, format)| given.then_some(format))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_declared_options_do_not_contradict_each_other() {
        Options::command().debug_assert();
    }

    #[test]
    fn options_may_follow_the_command() {
        let options = Options::parse_from(["boltill", "listinvoices", "x", "--network=regtest", "-R"]);
        assert_eq!(options.words, ["listinvoices", "x"]);
        assert_eq!(options.network(), Some("regtest"));
        assert_eq!(options.format(), Some(Format::Raw));
    }

    #[test]
    fn a_negative_number_is_a_parameter_and_two_dashes_end_the_options() {
        let options = Options::parse_from(["boltill", "wait", "-1", "--", "--json"]);
        assert_eq!(options.words, ["wait", "-1", "--json"]);
        assert_eq!(options.format(), None);
    }

    #[test]
    fn people_are_told_what_goes_on_and_programs_only_if_they_want_it() {
        let options = |words: &[&str]| Options::parse_from([&["boltill", "getinfo"], words].concat());
        assert_eq!(options(&[]).level(true), Level::Info);
        assert_eq!(options(&[]).level(false), Level::None);
        assert_eq!(options(&["-N", "debug"]).level(false), Level::Debug);
        assert_eq!(options(&["--notifications=none"]).level(true), Level::None);
    }

    #[test]
    fn of_two_formats_the_last_counts() {
        let options = Options::parse_from(["boltill", "-R", "-F", "getinfo", "-H"]);
        assert_eq!(options.format(), Some(Format::Human));
    }
}
