//! Completions for shells.
//!
//! Those of `boltill` know the daemon's commands and the names of their parameters, which is not a thing of options: they are written
//! here. Those of the other programs are clap's.

mod bash;
mod fish;
mod zsh;

use crate::Document;
use crate::text::plain;
use boltilld::commands::{COMMANDS, Command};
use clap::{Arg, CommandFactory};
use clap_complete::{Shell, generate};

/// What a value behind an option can be.
enum Value {
    Nothing,
    OneOf(Vec<String>),
    Directory,
    File,
    Any,
}

/// An option of `boltill`.
struct Flag {
    long: String,
    short: Option<char>,
    help: String,
    value: Value,
}

/// Every file.
pub fn all() -> Vec<Document> {
    let ours = [
        (Shell::Bash, bash::script()),
        (Shell::Zsh, zsh::script()),
        (Shell::Fish, fish::script()),
    ];
    let mut all = Vec::new();
    for (shell, text) in ours {
        all.push(Document {
            path: path(shell, "boltill"),
            text,
        });
        for mut command in [
            boltilld::options::command(),
            boltill_devnet::options::Cli::command(),
        ] {
            let name = command.get_name().to_owned();
            let mut text = Vec::new();
            generate(shell, &mut command, &name, &mut text);
            all.push(Document {
                path: path(shell, &name),
                text: String::from_utf8_lossy(&text).into_owned(),
            });
        }
    }
    all
}

/// Where a shell looks for the completions of a program, below `PREFIX/share`.
fn path(shell: Shell, program: &str) -> String {
    match shell {
        Shell::Zsh => format!("zsh/site-functions/_{program}"),
        Shell::Fish => format!("fish/vendor_completions.d/{program}.fish"),
        _ => format!("bash-completion/completions/{program}"),
    }
}

/// The commands to offer: not those that are kept for older clients, nor those for developers of Boltill.
fn commands() -> impl Iterator<Item = &'static Command> {
    COMMANDS
        .iter()
        .filter(|command| command.deprecated.is_none() && !command.developer)
}

/// The commands whose first parameter is a command, and `qr`, which takes one.
const TAKE_A_COMMAND: &[&str] = &["help", "check", "qr"];

/// The options of `boltill`.
fn flags() -> Vec<Flag> {
    let mut command = boltill::options::Options::command();
    command.build();
    command.get_arguments().filter_map(flag).collect()
}

fn flag(arg: &Arg) -> Option<Flag> {
    let value = if arg.get_action().takes_values() {
        match arg.get_id().as_str() {
            "network" => Value::OneOf(
                ["bitcoin", "testnet4", "signet", "regtest"]
                    .map(str::to_owned)
                    .to_vec(),
            ),
            "lightning_dir" => Value::Directory,
            "rpc_file" => Value::File,
            _ => match arg.get_possible_values() {
                values if values.is_empty() => Value::Any,
                values => Value::OneOf(values.iter().map(|value| value.get_name().to_owned()).collect()),
            },
        }
    } else {
        Value::Nothing
    };
    Some(Flag {
        long: arg.get_long()?.to_owned(),
        short: arg.get_short(),
        help: arg
            .get_help()
            .map(|help| plain(&help.to_string()))
            .unwrap_or_default(),
        value,
    })
}

/// A text between single quotes, for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
