//! Rules that the one list of commands keeps, whoever adds to it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use boltilld::commands::{COMMANDS, Command};
use boltilld::params::Need;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

#[test]
fn commands_are_in_alphabetical_order_and_none_is_there_twice() {
    for pair in COMMANDS.windows(2) {
        assert!(
            pair[0].name < pair[1].name,
            "{} stands before {}",
            pair[0].name,
            pair[1].name
        );
    }
}

#[test]
fn every_command_is_documented() {
    for command in COMMANDS {
        let (name, summary) = (command.name, command.summary());
        assert!(!summary.ends_with('.'), "{name}: the summary ends with a dot");
        assert!(
            summary.len() <= 80 && !summary.contains('\n'),
            "{name}: the summary is longer than a line"
        );
        assert!(
            summary.starts_with(|first: char| first.is_uppercase()),
            "{name}: {summary}"
        );
        assert!(!command.description().is_empty(), "{name} has no description");
        assert!(!command.examples.is_empty(), "{name} has no example");
        let answers_nothing = command.examples.iter().all(|example| example.answer == "{}");
        assert_eq!(
            command.answer.is_empty(),
            answers_nothing,
            "{name} does not say what it answers"
        );
        for param in command.params() {
            assert!(
                param.doc.trim().ends_with('.'),
                "{name}: the text about {} is no sentence",
                param.name
            );
        }
    }
}

#[test]
fn examples_are_of_the_command_and_their_answers_are_json() {
    for command in COMMANDS {
        for example in command.examples {
            assert_eq!(
                example.typed.split(' ').next(),
                Some(command.name),
                "{}",
                example.typed
            );
            let answer: Result<Value, _> = serde_json::from_str(example.answer);
            assert!(answer.is_ok(), "{}: {}", command.name, example.answer);
        }
    }
}

#[test]
fn what_is_pointed_to_exists_or_is_a_command_of_core_lightning() {
    let schemas = schemas();
    for command in COMMANDS {
        for other in command.see_also {
            let exists =
                COMMANDS.iter().any(|command| command.name == *other) || schemas.contains_key(*other);
            assert!(exists || schemas.is_empty(), "{} points to {other}", command.name);
        }
    }
}

#[test]
fn required_parameters_come_first_and_no_name_is_there_twice() {
    for command in COMMANDS {
        let mut names = Vec::new();
        for pair in command.params().windows(2) {
            let wrong = pair[0].need != Need::Required && pair[1].need == Need::Required;
            assert!(
                !wrong,
                "{}: {} stands before {}",
                command.name, pair[0].name, pair[1].name
            );
        }
        for param in command.params() {
            names.extend([&[param.name], param.aliases].concat());
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{} has a parameter twice", command.name);
    }
}

/// Parameters of Core Lightning's that are left out, with the reason; an entry here that is not needed is an error too.
const LEFT_OUT: &[(&str, &str, &str)] = &[];

#[test]
fn parameters_are_those_of_core_lightnings_schemas() {
    let schemas = schemas();
    for command in COMMANDS {
        let Some(schema) = schemas.get(command.name) else {
            continue;
        };
        let request = &schema["request"];
        let required: Vec<_> = request["required"].as_array().into_iter().flatten().collect();
        for name in request["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
        {
            let left_out = LEFT_OUT
                .iter()
                .any(|(of, param, _)| *of == command.name && param == name);
            let found = command.params().iter().find(|param| param.name == name);
            if name.starts_with("dev_") {
                continue;
            }
            let Some(param) = found else {
                assert!(left_out, "{} has no parameter {name}", command.name);
                continue;
            };
            assert!(
                !left_out,
                "{} has the parameter {name}, which is said to be left out",
                command.name
            );
            let must = required.iter().any(|required| *required == name);
            assert_eq!(param.need == Need::Required, must, "{}: {name}", command.name);
        }
        order(command, request);
    }
}

/// By position, what both have comes in the same order.
fn order(command: &Command, request: &Value) {
    let theirs: Vec<_> = request["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .collect();
    let ours = command.params().iter().map(|param| param.name);
    let common: Vec<_> = ours
        .clone()
        .filter(|name| theirs.iter().any(|their| their == name))
        .collect();
    let expected: Vec<_> = theirs
        .iter()
        .map(|name| name.as_str())
        .filter(|name| ours.clone().any(|our| our == *name))
        .collect();
    assert_eq!(common, expected, "{}: the order by position", command.name);
}

/// Core Lightning's schemas by command. They are no part of the project; where they are missing, that is said.
fn schemas() -> BTreeMap<String, Value> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/schemas");
    let Ok(entries) = fs::read_dir(&directory) else {
        eprintln!(
            "SKIPPED: Core Lightning's schemas are not in {}",
            directory.display()
        );
        return BTreeMap::new();
    };
    let read = |path: &Path| -> Option<(String, Value)> {
        let schema: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
        Some((schema["rpc"].as_str()?.to_owned(), schema))
    };
    entries.filter_map(|entry| read(&entry.ok()?.path())).collect()
}
