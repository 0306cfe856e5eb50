//! `check`

use super::prelude::*;
use crate::params::{FromToken, Need, Param, Parameters, Token, bad_parameter};
use serde_json::json;
use std::borrow::Cow;

/// A command's name and its parameters, neither of them looked at yet.
pub struct Check {
    command_to_check: String,
    params: String,
}

pub const COMMAND: Command = Command {
    name: "check",
    category: Category::Utility,
    answer: &[Field::always(
        "command_to_check",
        Kind::String,
        "The command that would be taken.",
    )],
    examples: &[Example {
        typed: "check invoice 1000 label description",
        answer: r#"{"command_to_check":"invoice"}"#,
    }],
    see_also: &["help"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<Check>()
};

/// By hand, since it passes on whatever else it is given.
impl Parameters for Check {
    const DOC: &'static str = " Look at another command's parameters without running it\n\n \
        Answers when the parameters would be taken, and with the command's own error when they would not. The command may still \
        fail later on: only the forms of its parameters are looked at.\n";
    const PARAMS: &'static [Param] = &[Param {
        name: "command_to_check",
        aliases: &[],
        need: Need::Required,
        kind: Kind::String,
        doc: " The command; its parameters follow.",
    }];
    const TAKES_OTHERS: bool = true;

    fn parse(params: Token<'_>) -> Result<Check, RpcError> {
        let (command, params) = match (params.elements(), params.members()) {
            (Some(elements), _) => first_of(&elements),
            (_, Some(members)) => without_command(&members)?,
            _ => return Err(RpcError::invalid_params("Expected array or object for params")),
        };
        let command = command.ok_or(RpcError::MissingParameter("command_to_check"))?;
        let command_to_check = String::from_token(command)
            .map_err(|_| bad_parameter("command_to_check", "should be a string", command))?;
        Ok(Check {
            command_to_check,
            params,
        })
    }
}

fn first_of<'a>(elements: &[Token<'a>]) -> (Option<Token<'a>>, String) {
    let others: Vec<_> = elements.iter().skip(1).map(|element| element.raw()).collect();
    (
        elements.first().copied().filter(|first| !first.is_null()),
        format!("[{}]", others.join(",")),
    )
}

type Split<'a> = (Option<Token<'a>>, String);

fn without_command<'a>(members: &[(Cow<'a, str>, Token<'a>)]) -> Result<Split<'a>, RpcError> {
    let (mut command, mut others) = (None, Vec::new());
    for (name, value) in members {
        if name == "command_to_check" {
            command = Some(*value);
        } else {
            others.push(format!("{}:{}", serde_json::to_string(name)?, value.raw()));
        }
    }
    Ok((command, format!("{{{}}}", others.join(","))))
}

impl Run for Check {
    async fn run(self, call: Call) -> Outcome {
        let Some(command) = call.commands.find(&self.command_to_check) else {
            return Err(RpcError::UnknownCommand(self.command_to_check));
        };
        command.check(Token::parse(&self.params)?)?;
        Answer::of(&json!({ "command_to_check": command.name }))
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn parameters_are_looked_at_and_the_command_does_not_run() {
        let call = test_call();
        for params in [
            r#"["help", "stop"]"#,
            r#"{"command_to_check":"help","command":"stop"}"#,
        ] {
            let answer = call.clone().answer("check", params).await;
            assert_eq!(answer.as_deref(), Ok(r#"{"command_to_check":"help"}"#));
        }
        assert!(call.clone().answer("check", r#"["stop"]"#).await.is_ok());
        assert!(!call.shutdown.is_cancelled(), "stop was only looked at");
    }

    #[tokio::test]
    async fn the_error_is_the_commands_own() {
        let refusals = [
            (r#"["stop", 1]"#, "too many parameters: got 1, expected 0"),
            (r#"["x"]"#, "Unknown command 'x'"),
            ("[]", "missing required parameter: command_to_check"),
            ("[null]", "missing required parameter: command_to_check"),
        ];
        for (params, words) in refusals {
            assert_eq!(test_call().answer("check", params).await, Err(words.to_owned()));
        }
    }
}
