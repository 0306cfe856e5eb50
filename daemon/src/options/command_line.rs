//! The command line, by clap, from the one list of options.

use super::list::{Default, OPTIONS, Opt, Takes};
use super::refused;
use super::settings::{Setting, Settings, Source};
use super::{OptionError, Section};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::ffi::OsString;

/// What the command line says.
#[derive(Debug)]
pub enum CommandLine {
    /// These options.
    Settings(Settings),
    /// Help or version are wanted.
    Print(String),
}

/// Reads the command line; the first argument is the program's name.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<CommandLine, OptionError> {
    match command().try_get_matches_from(args) {
        Ok(matches) => Ok(CommandLine::Settings(settings(&matches))),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(CommandLine::Print(error.to_string())),
            ErrorKind::UnknownArgument => Err(unknown(&error)),
            _ => Err(OptionError::CommandLine(first_line(&error))),
        },
    }
}

/// The text of `--help`.
pub fn help() -> String {
    command().render_long_help().to_string()
}

/// The command line as clap knows it, for the manual page and completions.
pub fn command() -> Command {
    let args = OPTIONS.iter().map(arg);
    Command::new("boltilld")
        .version(concat!("v", env!("CARGO_PKG_VERSION")))
        .about("A Lightning node for taking payments by invoice, with Core Lightning's options and commands")
        .after_help(
            "Options can also stand in DIR/config and DIR/NETWORK/config, one in a line, without the dashes.",
        )
        .args(args)
        .next_help_heading(Section::General.heading())
}

fn arg(option: &'static Opt) -> Arg {
    let arg = Arg::new(option.name)
        .long(option.name)
        .help_heading(option.section.heading());
    let arg = match option.default {
        Default::Is(value) if !value.is_empty() => arg.help(format!("{} [default: {value}]", option.doc)),
        _ => arg.help(option.doc),
    };
    match option.takes {
        // Said twice, it is said.
        Takes::Nothing => arg.action(ArgAction::SetTrue).overrides_with(option.name),
        Takes::Bool => arg.action(ArgAction::Append).value_name("BOOL"),
        Takes::Text(value) | Takes::Number(value) | Takes::Many(value) => {
            arg.action(ArgAction::Append).value_name(value)
        }
    }
}

fn settings(matches: &ArgMatches) -> Settings {
    let mut settings = Settings::default();
    for option in OPTIONS {
        let values: Vec<String> = match option.takes {
            Takes::Nothing => vec!["true".to_owned(); usize::from(matches.get_flag(option.name))],
            _ => matches
                .get_many(option.name)
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
        };
        for value in values {
            settings.push(Setting {
                option,
                value,
                source: Source::CommandLine,
            });
        }
    }
    settings
}

fn unknown(error: &clap::Error) -> OptionError {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(arg)) if arg.starts_with('-') => {
            let name = arg.trim_start_matches('-').split('=').next().unwrap_or_default();
            refused::unknown(name, String::new())
        }
        Some(ContextValue::String(arg)) => {
            OptionError::CommandLine(format!("'{arg}' is not an option: boltilld takes nothing else"))
        }
        _ => OptionError::CommandLine(first_line(error)),
    }
}

/// clap's message without the usage behind it.
fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}
