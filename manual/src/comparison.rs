//! `docs/from-core-lightning.md`, measured from the lists of commands and options against Core Lightning's schemas.

use boltilld::commands::{COMMANDS, Command};
use boltilld::options::REFUSED;
use boltilld::params::{Field, Kind};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

/// What is behind a difference: a command, or a part of a member's name, and why; where the reason is not known to this list, none is given.
pub const REASONS: &[(&str, &str)] = &[
    ("recurrence", "there are no recurring offers"),
    ("next_period", "there are no recurring offers"),
    ("proof_", "payer proofs are not made or read"),
    ("splice", "there is no splicing"),
    ("binding.socket", "peers connect over TCP alone"),
    ("address.socket", "peers connect over TCP alone"),
    ("erroronion", "LDK reads it and does not hand it out"),
    ("paid_outpoint", "invoices are not paid on the chain"),
    ("will_fund", "channels are not funded from both sides"),
    ("chainmoves", "there is no bookkeeper"),
    ("htlcs.updated_index", "lists what is under way, not what is over"),
    ("max_payments", "a code can be paid several times, within limits"),
    ("payouts", "each payout of a code is on file"),
    (
        "bolt12_unsigned",
        "codes can be made unsigned too, as LDK reads them",
    ),
];

/// The document.
pub fn document(schemas: &Path) -> io::Result<String> {
    let schemas = read(schemas)?;
    let mut text = HEAD.to_owned();
    commands(&mut text, &schemas);
    missing(&mut text, &schemas);
    more(&mut text, &schemas);
    options(&mut text);
    Ok(text)
}

/// Core Lightning's schemas, by command.
fn read(directory: &Path) -> io::Result<BTreeMap<String, Value>> {
    let mut schemas = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let schema: Value = serde_json::from_str(&fs::read_to_string(entry?.path())?)?;
        if let Some(name) = schema["rpc"].as_str() {
            schemas.insert(name.to_owned(), schema);
        }
    }
    Ok(schemas)
}

// Writing to a string cannot fail, here and below.
fn commands(text: &mut String, schemas: &BTreeMap<String, Value>) {
    let both = COMMANDS
        .iter()
        .filter_map(|command| Some((command.name, differences(command, schemas.get(command.name)?))));
    let (same, different): (Vec<_>, Vec<_>) = both.partition(|(_, lists)| lists.iter().all(Vec::is_empty));
    let same: Vec<_> = same.into_iter().map(|(name, _)| name.to_owned()).collect();
    let _ = write!(text, "{SAME_HEAD}{}.\n{DIFFERENT_HEAD}", words(&same));
    for (name, lists) in different {
        let [without_params, more_params, without, more] = lists.each_ref().map(|list| words(list));
        let _ = writeln!(
            text,
            "| `{name}` | {without_params} | {more_params} | {without} | {more} | {} |",
            reasons(&lists)
        );
    }
}

/// Why, for all that is known of it.
fn reasons(lists: &[Vec<String>; 4]) -> String {
    let mut reasons: Vec<&str> = Vec::new();
    for (part, why) in REASONS {
        let concerned = lists.iter().flatten().any(|name| name.contains(part));
        if concerned && !reasons.contains(why) {
            reasons.push(why);
        }
    }
    reasons.join("; ")
}

/// Parameters that Core Lightning has and Boltill has not, and the other way round; then the same of the members of the answer.
pub fn differences(command: &Command, schema: &Value) -> [Vec<String>; 4] {
    let theirs: BTreeSet<String> = keys(&schema["request"]["properties"])
        .filter(|name| !name.starts_with("dev_"))
        .collect();
    let ours: BTreeSet<String> = command
        .params()
        .iter()
        .map(|param| param.name.to_owned())
        .collect();
    let answers = members(&schema["response"]);
    let our_answers = fields(command.answer);
    let answers = comparable(answers, command.answer, &our_answers);
    [
        left_of(&theirs, &ours),
        left_of(&ours, &theirs),
        left_of(&answers, &our_answers),
        left_of(&our_answers, &answers),
    ]
}

/// What they have, without the insides of members that are absent here, and of those that may have anything in them.
fn comparable(theirs: BTreeSet<String>, fields: &[Field], ours: &BTreeSet<String>) -> BTreeSet<String> {
    let inside = |name: &String| match name.split_once('.') {
        None => true,
        Some((outer, _)) => {
            ours.contains(outer)
                && !fields
                    .iter()
                    .any(|field| field.name == outer && is_open(&field.kind))
        }
    };
    theirs.into_iter().filter(inside).collect()
}

fn is_open(kind: &Kind) -> bool {
    match kind {
        Kind::Any | Kind::Object([]) => true,
        Kind::Array(of) => is_open(of),
        _ => false,
    }
}

fn left_of(these: &BTreeSet<String>, those: &BTreeSet<String>) -> Vec<String> {
    these.difference(those).cloned().collect()
}

fn keys(object: &Value) -> impl Iterator<Item = String> {
    object
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
}

/// The members of an answer as `member` and `member.of_its_rows`, two levels deep: what scripts look at first.
fn members(schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(schema, "", 0, &mut found);
    found
}

fn collect(schema: &Value, path: &str, depth: usize, found: &mut BTreeSet<String>) {
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        // An empty one is only there to allow for the name of one that is gone, or that stands elsewhere.
        let is_empty = member.as_object().is_some_and(serde_json::Map::is_empty);
        if is_empty || member.get("deprecated").is_some() {
            continue;
        }
        found.insert(format!("{path}{name}"));
        if depth == 0 {
            let inside = member.get("items").unwrap_or(member);
            collect(inside, &format!("{path}{name}."), depth + 1, found);
        }
    }
    for part in ["allOf", "anyOf", "oneOf", "if", "then", "else"] {
        match &schema[part] {
            Value::Array(parts) => parts.iter().for_each(|part| collect(part, path, depth, found)),
            Value::Object(_) => collect(&schema[part], path, depth, found),
            _ => {}
        }
    }
}

fn fields(of: &[Field]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for field in of {
        found.insert(field.name.to_owned());
        if let Kind::Object(inner) | Kind::Array(&Kind::Object(inner)) = field.kind {
            found.extend(inner.iter().map(|inner| format!("{}.{}", field.name, inner.name)));
        }
    }
    found
}

fn words(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

fn missing(text: &mut String, schemas: &BTreeMap<String, Value>) {
    text.push_str(MISSING_HEAD);
    for (name, schema) in schemas {
        if !COMMANDS.iter().any(|command| command.name == name) {
            let title = schema["title"].as_str().unwrap_or_default();
            let _ = writeln!(text, "| `{name}` | {title} |");
        }
    }
}

fn more(text: &mut String, schemas: &BTreeMap<String, Value>) {
    text.push_str(MORE_HEAD);
    for command in COMMANDS {
        if !schemas.contains_key(command.name) {
            let _ = writeln!(
                text,
                "| `{}` | {}{} |",
                command.name,
                command.summary(),
                if command.developer {
                    ", with `--developer`"
                } else {
                    ""
                }
            );
        }
    }
}

fn options(text: &mut String) {
    text.push_str(OPTIONS_HEAD);
    for (name, why) in REFUSED {
        let _ = writeln!(text, "| `{name}` | {why} |");
    }
}

const HEAD: &str = "\
# From Core Lightning to Boltill

Measured from Boltill's list of commands and options against Core Lightning's schemas; `make comparison` writes this file anew, and a test
says when it is out of date. Do not edit it by hand.

Socket, JSON-RPC, `lightning-cli`'s habits and exit statuses, configuration files and error codes are the same. What no table can say:

* `boltill` and `boltilld` stand for `lightning-cli` and `lightningd`; the directory is `~/.boltill`, and below it each network has its own.
* There are no plugins and no hooks.
* The seed is a file of Boltill's own, and channels cannot be taken over from Core Lightning: close them there, and send the coins here.
* `pay` cannot tell \"too expensive\" (206) from \"no route\" (205), because LDK does not.
";

const SAME_HEAD: &str = "
## Commands that are the same

By name, parameters and members of the answer, down to those of the rows in a list; what the schemas call deprecated is left out:
";

const DIFFERENT_HEAD: &str = "
## Commands that differ

| command | parameters not here | parameters only here | not in the answer here | only in the answer here | why |
| --- | --- | --- | --- | --- | --- |
";

const MISSING_HEAD: &str = "
## Commands that are not here

Of those that have a schema in the collection which Boltill is measured against: the ones that clients for invoices and payments use.

| command | what it does there |
| --- | --- |
";

const MORE_HEAD: &str = "
## Commands that only Boltill has

| command | what it does |
| --- | --- |
";

const OPTIONS_HEAD: &str = "
## Options that are refused

They are known, and the daemon says why it does not take them. `*` stands for any ending.

| option | why |
| --- | --- |
";
