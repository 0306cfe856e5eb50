//! Every command and program has its page and its completions, and the programs that read them accept them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use boltill_manual::{Document, documents, write};
use boltilld::commands::COMMANDS;
use boltilld::options::OPTIONS;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

fn text(documents: &[Document], path: &str) -> String {
    let found = documents.iter().find(|document| document.path == path);
    found.unwrap_or_else(|| panic!("there is no {path}")).text.clone()
}

/// What a program says on both of its outputs; nothing where it is not installed, which is said.
fn said(program: &str, args: &[&str]) -> Option<String> {
    match Command::new(program)
        .args(args)
        .env("LC_ALL", "C.UTF-8")
        .env("MANWIDTH", "80")
        .output()
    {
        Ok(output) => {
            assert!(output.status.success(), "{program} {args:?}: {output:?}");
            let text = [output.stdout, output.stderr].concat();
            Some(String::from_utf8_lossy(&text).into_owned())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("SKIPPED: there is no {program} here");
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

#[test]
fn every_command_has_a_page_with_its_parameters_and_errors() {
    let documents = documents().unwrap();
    for command in COMMANDS {
        let page = text(&documents, &format!("man/man7/boltill-{0}.7", command.name));
        for param in command.params() {
            let name = param.name.replace('-', "\\-");
            assert!(
                page.contains(&format!("\\fB{name}\\fR")),
                "{}: {name}",
                command.name
            );
        }
        for (code, _) in command.errors {
            let number = code.number().to_string().replace('-', "\\-");
            assert!(
                page.contains(&format!("\\fB{number}\\fR")),
                "{}: {number}",
                command.name
            );
        }
    }
}

#[test]
fn the_daemons_page_has_every_option() {
    let page = text(&documents().unwrap(), "man/man8/boltilld.8");
    for option in OPTIONS {
        let name = option.name.replace('-', "\\-");
        assert!(page.contains(&format!("\\-\\-{name}\\fR")), "{name}");
    }
}

#[test]
fn groff_reads_every_page_without_a_warning() {
    let share = tempfile::tempdir().unwrap();
    write(share.path()).unwrap();
    for document in documents().unwrap() {
        if !document.path.starts_with("man/") {
            continue;
        }
        let path = share.path().join(&document.path);
        let path = path.to_str().unwrap();
        let Some(said) = said("groff", &["-Kutf8", "-man", "-Tutf8", "-ww", "-z", path]) else {
            return;
        };
        assert_eq!(said, "", "{}", document.path);
    }
}

#[test]
fn man_finds_the_page_of_a_command() {
    let share = tempfile::tempdir().unwrap();
    write(share.path()).unwrap();
    let pages = share.path().join("man");
    if let Some(page) = said("man", &["-M", pages.to_str().unwrap(), "boltill-invoice"])
        && !page.contains("has been minimized")
    {
        assert!(page.contains("amount_msat"), "{page}");
    }
}

#[test]
fn shells_accept_their_completions() {
    let share = tempfile::tempdir().unwrap();
    write(share.path()).unwrap();
    for document in documents().unwrap() {
        let shell = match document.path.split('/').next() {
            Some("bash-completion") => "bash",
            Some("zsh") => "zsh",
            Some("fish") => "fish",
            _ => continue,
        };
        let path = share.path().join(&document.path);
        if let Some(said) = said(shell, &["-n", path.to_str().unwrap()]) {
            assert_eq!(said, "", "{}", document.path);
        }
    }
}

/// What bash would offer behind these words, the last of which is being typed.
fn offered(share: &Path, words: &str) -> Option<Vec<String>> {
    let file = share.join("bash-completion/completions/boltill");
    let script = format!(
        ". {}; COMP_WORDS=(boltill {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); _boltill; \
         for word in \"${{COMPREPLY[@]}}\"; do echo \"$word\"; done",
        file.display()
    );
    Some(
        said("bash", &["-c", &script])?
            .lines()
            .map(str::to_owned)
            .collect(),
    )
}

#[test]
fn bash_offers_commands_parameters_and_options() {
    let share = tempfile::tempdir().unwrap();
    write(share.path()).unwrap();
    let expected: &[(&str, &[&str])] = &[
        ("waiti", &["waitinvoice"]),
        ("--network = regtest help waiti", &["waitinvoice"]),
        ("-N info waiti", &["waitinvoice"]),
        ("invoice lab", &["label="]),
        ("invoice label = 7 lab", &[]),
        ("qr invoice lab", &["label="]),
        ("help invoice lab", &[]),
        ("invoice --hum", &["--human-readable"]),
        ("--network sig", &["signet"]),
        ("--network = sig", &["signet"]),
        ("invoice label = a", &[]),
    ];
    for (words, answer) in expected {
        let Some(offered) = offered(share.path(), words) else {
            return;
        };
        assert_eq!(offered, *answer, "boltill {words}");
    }
}
