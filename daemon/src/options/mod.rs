//! Options: from the command line and configuration files to a [`Config`].
//!
//! [`OPTIONS`] is the one list of them. Words are read into [`Settings`] first, wherever they come from; what they mean is looked
//! at in one place behind that, [`Config::new`].

mod address;
mod command_line;
mod config;
mod dynamic;
mod file;
mod http;
mod list;
mod refused;
mod settings;

pub use address::{Listen, default_port};
pub use command_line::{command, help};
pub use config::{AutocleanConfig, Config};
pub use dynamic::{LiveConfig, SetConfigError};
pub use http::{HttpConfig, Origins};
pub use list::{Default, InFiles, OPTIONS, Opt, Place, Section, Takes};
pub use refused::REFUSED;
pub use settings::{Setting, Settings, Source};

use command_line::CommandLine;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

/// What the command line asks for.
#[derive(Debug)]
pub enum Request {
    /// To start the daemon.
    Run(Box<Config>),
    /// To print this and end.
    Print(String),
}

/// Why the daemon cannot be started with these options.
#[derive(Debug, thiserror::Error)]
pub enum OptionError {
    /// There is no such option.
    #[error("{source_of}unknown option '{name}'{}", suggest(*nearest))]
    Unknown {
        /// What was given.
        name: String,
        /// The option that may have been meant.
        nearest: Option<&'static str>,
        /// Where it stands, empty for the command line.
        source_of: String,
    },
    /// Core Lightning has it, and it has no meaning here.
    #[error("{source_of}the option '{name}' of Core Lightning is not supported: {reason}")]
    Refused {
        /// The option.
        name: String,
        /// Why, and what to do instead.
        reason: &'static str,
        /// Where it stands, empty for the command line.
        source_of: String,
    },
    /// The value is not what the option takes.
    #[error("{setting}: {should_be}")]
    Value {
        /// The option with its value, and where it stands.
        setting: String,
        /// What the value should be.
        should_be: String,
    },
    /// It may not stand where it stands.
    #[error("{setting}: {why}")]
    Misplaced {
        /// The option, and where it stands.
        setting: String,
        /// Where it may stand.
        why: &'static str,
    },
    /// A configuration file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Two networks at once.
    #[error("{0} and {1} name different networks")]
    TwoNetworks(String, String),
    /// There is no home directory to put the default directory in.
    #[error("there is no home directory: give --lightning-dir")]
    NoHome,
    /// The command line is malformed in another way.
    #[error("{0}")]
    CommandLine(String),
}

fn suggest(nearest: Option<&'static str>) -> String {
    match nearest {
        Some(nearest) => format!(", did you mean '{nearest}'?"),
        None => String::new(),
    }
}

/// Reads the command line, and the configuration files that it leads to.
pub fn load(args: impl IntoIterator<Item = OsString>) -> Result<Request, OptionError> {
    let from_command_line = match command_line::parse(args)? {
        CommandLine::Settings(settings) => settings,
        CommandLine::Print(text) => return Ok(Request::Print(text)),
    };
    let (place, settings) = file::read_all(from_command_line)?;
    Ok(Request::Run(Box::new(Config::new(place, settings)?)))
}
