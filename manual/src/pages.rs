//! Manual pages, in roff.

use crate::Document;
use crate::config_page;
use crate::text::{inlines, paragraph};
use boltilld::commands::{COMMANDS, Command, paragraphs};
use boltilld::params::{Field, Kind, Need, Param};
use clap::CommandFactory;
use clap_mangen::Man;
use roff::{Inline, Roff, bold, italic, roman};
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};
use std::io;

/// The line at the foot of every page.
const SOURCE: &str = concat!("Boltill ", env!("CARGO_PKG_VERSION"));

/// Every page.
pub fn all() -> io::Result<Vec<Document>> {
    let programs = [
        ("1", boltill::options::Options::command()),
        ("1", boltill_devnet::options::Cli::command()),
        ("8", boltilld::options::command()),
    ];
    let mut pages = vec![document("boltilld-config", "5", config_page::text())];
    for (section, command) in programs {
        pages.extend(program(section, command)?);
    }
    pages.extend(COMMANDS.iter().map(|command| {
        let name = format!("boltill-{}", command.name);
        document(&name, "7", of_command(command))
    }));
    Ok(pages)
}

fn document(name: &str, section: &str, text: String) -> Document {
    let path = format!("man/man{section}/{name}.{section}");
    Document { path, text }
}

/// The page of a program, and one for each of its subcommands.
fn program(section: &str, command: clap::Command) -> io::Result<Vec<Document>> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let subcommands = command.get_subcommands().filter(|sub| !sub.is_hide_set());
    let mut pages = Vec::new();
    for command in subcommands.cloned().chain([command.clone()]) {
        let name = command
            .get_display_name()
            .unwrap_or(command.get_name())
            .to_owned();
        let man = Man::new(command)
            .section(section)
            .source(SOURCE)
            .date("")
            .manual("Boltill");
        let mut text = Vec::new();
        man.render(&mut text)?;
        pages.push(document(
            &name,
            section,
            String::from_utf8(text).map_err(io::Error::other)?,
        ));
    }
    Ok(pages)
}

/// The page of a command of the daemon.
fn of_command(command: &Command) -> String {
    let mut page = Roff::new();
    let name = format!("boltill-{}", command.name);
    begin(&mut page, &name, "7");
    heading(&mut page, "NAME");
    page.text([roman(format!("{name} - {}", command.summary()))]);
    heading(&mut page, "SYNOPSIS");
    page.text(synopsis(command));
    if let Some(instead) = command.deprecated {
        heading(&mut page, "DEPRECATED");
        page.text([roman("Use "), bold(instead), roman(" instead.")]);
    }
    heading(&mut page, "DESCRIPTION");
    for text in command.description() {
        page.control("PP", []);
        paragraph(&mut page, &text);
    }
    if command.developer {
        page.control("PP", []);
        page.text([
            roman("This command is there only if the daemon runs with "),
            bold("--developer"),
            roman("."),
        ]);
    }
    if !command.params().is_empty() {
        heading(&mut page, "PARAMETERS");
        command
            .params()
            .iter()
            .for_each(|param| parameter(&mut page, param));
    }
    if !command.answer.is_empty() {
        heading(&mut page, "ANSWER");
        fields(&mut page, command.answer);
    }
    ending(&mut page, command);
    page.render()
}

fn synopsis(command: &Command) -> Vec<Inline> {
    let mut words = vec![bold(format!("boltill {}", command.name))];
    let usage = command.usage();
    if let Some(rest) = usage.strip_prefix(command.name).filter(|rest| !rest.is_empty()) {
        words.extend([roman(" "), italic(rest.trim_start())]);
    }
    words
}

/// What stands behind the answer.
fn ending(page: &mut Roff, command: &Command) {
    if !command.errors.is_empty() {
        heading(page, "ERRORS");
        for (code, when) in command.errors {
            page.control("TP", []).text([bold(code.number().to_string())]);
            page.text(inlines(when));
        }
    }
    if !command.examples.is_empty() {
        heading(page, "EXAMPLES");
        for example in command.examples {
            page.control("PP", []).control("EX", []);
            page.text([bold(format!("$ boltill {}", example.typed))]);
            for line in indented(example.answer).lines() {
                page.text([roman(line)]);
            }
            page.control("EE", []);
        }
    }
    heading(page, "SEE ALSO");
    let mut others = vec![bold("boltill"), roman("(1), "), bold("boltilld"), roman("(8)")];
    let there = |name: &&&str| COMMANDS.iter().any(|command| command.name == **name);
    for name in command.see_also.iter().filter(there) {
        others.extend([roman(", "), bold(format!("boltill-{name}")), roman("(7)")]);
    }
    page.text(others);
}

/// An answer as `boltill` prints it.
fn indented(answer: &str) -> String {
    let value: Option<Value> = serde_json::from_str(answer).ok();
    let mut text = Vec::new();
    let mut printer = Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b"   "));
    match value.map(|value| value.serialize(&mut printer)) {
        Some(Ok(())) => String::from_utf8_lossy(&text).into_owned(),
        _ => answer.to_owned(),
    }
}

/// What stands before the first section. Lines are neither stretched nor are words divided: many of them are names.
pub(crate) fn begin(page: &mut Roff, name: &str, section: &str) {
    page.control("TH", [name, section, "", SOURCE, "Boltill"]);
    page.control("nh", []).control("ad", ["l"]);
}

pub(crate) fn heading(page: &mut Roff, title: &str) {
    page.control("SH", [title]);
}

fn parameter(page: &mut Roff, param: &Param) {
    let need = match param.need {
        Need::Required => String::new(),
        Need::Optional => ", optional".to_owned(),
        Need::Default(value) => format!(", default {}", value.replace('_', "")),
    };
    page.control("TP", []);
    page.text([bold(param.name), roman(format!(" ({}{need})", param.kind))]);
    for (index, text) in paragraphs(param.doc).iter().enumerate() {
        if index > 0 {
            page.control("IP", []);
        }
        paragraph(page, text);
    }
}

fn fields(page: &mut Roff, of: &[Field]) {
    for field in of {
        let need = if field.always { "" } else { ", optional" };
        page.control("TP", []);
        page.text([bold(field.name), roman(format!(" ({}{need})", field.kind))]);
        page.text(inlines(field.doc));
        if let Kind::Object(inner) | Kind::Array(&Kind::Object(inner)) = field.kind
            && !inner.is_empty()
        {
            page.control("RS", []);
            fields(page, inner);
            page.control("RE", []);
        }
    }
}
