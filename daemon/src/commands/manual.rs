//! All about one command as plain text, for `help COMMAND`.

use super::command::{Command, paragraphs};
use crate::params::{Field, Kind, Need, Param};
use std::fmt::Write;

/// The command's documentation in sections; those that would be empty are left out.
pub fn text(command: &Command) -> String {
    let mut text = format!("{} - {}\n", command.name, command.summary());
    section(&mut text, "SYNOPSIS", [command.usage()]);
    if let Some(instead) = command.deprecated {
        section(&mut text, "DEPRECATED", [format!("Use {instead} instead.")]);
    }
    section(&mut text, "DESCRIPTION", command.description());
    section(&mut text, "PARAMETERS", command.params().iter().map(parameter));
    let mut answer = Vec::new();
    fields(&mut answer, command.answer, 0);
    section(&mut text, "ANSWER", answer);
    let errors = command
        .errors
        .iter()
        .map(|(code, when)| format!("{}: {when}", code.number()));
    section(&mut text, "ERRORS", errors);
    let examples = command
        .examples
        .iter()
        .map(|example| format!("boltill {}", example.typed));
    section(&mut text, "EXAMPLES", examples);
    let see_also = (!command.see_also.is_empty()).then(|| command.see_also.join(", "));
    section(&mut text, "SEE ALSO", see_also);
    text
}

fn section(text: &mut String, title: &str, lines: impl IntoIterator<Item = String>) {
    let mut lines = lines.into_iter().peekable();
    if lines.peek().is_none() {
        return;
    }
    // Writing to a string cannot fail.
    let _ = writeln!(text, "\n{title}");
    for line in lines {
        for line in line.lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
}

fn parameter(param: &Param) -> String {
    let need = match param.need {
        Need::Required => String::new(),
        Need::Optional => ", optional".to_owned(),
        Need::Default(value) => format!(", default {}", value.replace('_', "")),
    };
    format!(
        "{} ({}{need}): {}",
        param.name,
        param.kind,
        paragraphs(param.doc).join(" ")
    )
}

fn fields(lines: &mut Vec<String>, of: &[Field], depth: usize) {
    for field in of {
        let need = if field.always { "" } else { ", optional" };
        let indent = "  ".repeat(depth);
        lines.push(format!(
            "{indent}{} ({}{need}): {}",
            field.name, field.kind, field.doc
        ));
        match field.kind {
            Kind::Object(inner) | Kind::Array(&Kind::Object(inner)) => fields(lines, inner, depth + 1),
            _ => {}
        }
    }
}
