//! For fish.

use super::{Value, commands, flags};
use crate::text::plain;
use std::fmt::Write;

/// The completions of `boltill`.
pub fn script() -> String {
    let mut script = String::from("# fish completion for boltill\n\ncomplete -c boltill -f\n");
    for flag in flags() {
        let short = flag.short.map(|short| format!(" -s {short}")).unwrap_or_default();
        let value = match &flag.value {
            Value::Nothing => String::new(),
            Value::OneOf(values) => format!(" -x -a {}", quoted(&values.join(" "))),
            Value::Directory => " -x -a '(__fish_complete_directories)'".to_owned(),
            Value::File => " -r -F".to_owned(),
            Value::Any => " -x".to_owned(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            script,
            "complete -c boltill{short} -l {} -d {}{value}",
            flag.long,
            quoted(&flag.help)
        );
    }
    for condition in [
        "__fish_use_subcommand",
        "__fish_seen_subcommand_from help check qr; and test (count (commandline -opc)) -eq 2",
    ] {
        let condition = quoted(condition);
        for command in commands() {
            let _ = writeln!(
                script,
                "complete -c boltill -n {condition} -a {} -d {}",
                command.name,
                quoted(&command.summary())
            );
        }
    }
    let _ = writeln!(
        script,
        "complete -c boltill -n __fish_use_subcommand -a qr -d 'Draw a QR code'"
    );
    for command in commands() {
        let condition = quoted(&format!(
            "__fish_seen_subcommand_from {}; and not __fish_seen_subcommand_from help",
            command.name
        ));
        for param in command.params().iter().filter(|_| command.name != "help") {
            let doc = plain(param.doc);
            let sentence = doc.split_once(". ").map_or(&*doc, |(first, _)| first);
            let _ = writeln!(
                script,
                "complete -c boltill -n {condition} -a {}= -d {}",
                param.name,
                quoted(sentence)
            );
        }
    }
    script
}

/// A text between single quotes, as fish reads them.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}
