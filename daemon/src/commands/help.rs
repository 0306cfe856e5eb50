//! `help`

use super::prelude::*;
use serde::Serialize;

parameters! {
    /// List the commands, or tell all about one
    ///
    /// Without *command*, names every command with its parameters; those in brackets need not be given. With *command*, tells what
    /// the command is for, what each parameter means, what it answers and with which errors it may fail.
    pub struct Help {
        /// The command to tell about.
        optional command: String,
    }
}

pub const COMMAND: Command = Command {
    name: "help",
    category: Category::Utility,
    answer: &[
        Field::always(
            "help",
            Kind::Array(&Kind::Object(HELP)),
            "The commands, in alphabetical order.",
        ),
        Field::always(
            "format-hint",
            Kind::String,
            "Always `simple`: the answer is for people.",
        ),
    ],
    examples: &[Example {
        typed: "help stop",
        answer: r#"{"help":[{"command":"stop","category":"utility","description":"Stop the daemon"}],"format-hint":"simple"}"#,
    }],
    see_also: &["check"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<Help>()
};

const HELP: &[Field] = &[
    Field::always("command", Kind::String, "The command and its parameters."),
    Field::always("category", Kind::String, "What it belongs to."),
    Field::always("description", Kind::String, "What it does, in one line."),
    Field::sometimes(
        "verbose",
        Kind::String,
        "All about it; only where *command* is given.",
    ),
];

#[derive(Serialize)]
struct Entry {
    command: String,
    category: &'static str,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    verbose: Option<String>,
}

#[derive(Serialize)]
struct Listing {
    help: Vec<Entry>,
    #[serde(rename = "format-hint")]
    format_hint: &'static str,
}

impl Run for Help {
    async fn run(self, call: Call) -> Outcome {
        let help = match self.command {
            None => call
                .commands
                .iter()
                .filter(|command| is_listed(command) && is_there(command, &call))
                .map(|c| entry(c, false))
                .collect(),
            Some(name) => match call.commands.find(&name) {
                Some(command) if is_there(command, &call) => vec![entry(command, true)],
                _ => return Err(RpcError::UnknownCommand(name)),
            },
        };
        Answer::of(&Listing {
            help,
            format_hint: "simple",
        })
    }
}

/// Commands that are only kept for older clients answer, but nobody should start using them.
fn is_listed(command: &Command) -> bool {
    command.deprecated.is_none()
}

/// Developers' commands are told of to developers alone.
fn is_there(command: &Command, call: &Call) -> bool {
    call.config.developer || !command.developer
}

fn entry(command: &Command, verbose: bool) -> Entry {
    Entry {
        command: command.usage(),
        category: command.category.name(),
        description: command.summary(),
        verbose: verbose.then(|| super::manual::text(command)),
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;
    use serde_json::Value;

    #[tokio::test]
    async fn every_command_is_listed_with_its_parameters() {
        let answer = test_call().answer("help", "{}").await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["format-hint"], "simple");
        let help = answer["help"].as_array().unwrap();
        assert!(help.iter().any(|entry| entry["command"] == "help [command]"));
        assert!(
            help.iter()
                .any(|entry| entry["command"] == "check command_to_check [parameters...]")
        );
    }

    #[tokio::test]
    async fn one_command_is_told_about_at_length() {
        let answer = test_call().answer("help", r#"["help"]"#).await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let verbose = answer["help"][0]["verbose"].as_str().unwrap();
        assert!(verbose.contains("PARAMETERS\n  command (string, optional): The command to tell about."));
    }

    #[tokio::test]
    async fn an_unknown_command_has_no_help() {
        let answer = test_call().answer("help", r#"["x"]"#).await;
        assert_eq!(answer, Err("Unknown command 'x'".to_owned()));
    }

    #[tokio::test]
    async fn commands_for_developers_are_hidden_from_everybody_else() {
        let all = test_call().answer("help", "{}").await.unwrap();
        assert!(!all.contains("dev-"), "{all}");
        let one = test_call().answer("help", r#"["dev-hold"]"#).await;
        assert_eq!(one, Err("Unknown command 'dev-hold'".to_owned()));
    }
}
