//! For zsh.

use super::{Flag, TAKE_A_COMMAND, Value, commands, flags, quoted};
use std::fmt::Write;

/// The completions of `boltill`.
pub fn script() -> String {
    let mut options = String::new();
    for flag in flags() {
        // Writing to a string cannot fail.
        let _ = writeln!(options, "    {} \\", option(&flag));
    }
    let mut names = String::new();
    let mut params = String::new();
    for command in commands() {
        let described = format!("{}:{}", command.name, command.summary());
        let _ = writeln!(names, "        {}", quoted(&described));
        let of: Vec<_> = command.params().iter().map(|param| param.name).collect();
        if !of.is_empty() {
            let _ = writeln!(params, "        {}) params=({}) ;;", command.name, of.join(" "));
        }
    }
    TEMPLATE
        .replace("@OPTIONS@", options.trim_end())
        .replace("@NAMES@", names.trim_end())
        .replace("@TAKE_A_COMMAND@", &TAKE_A_COMMAND.join("|"))
        .replace("@PARAMS@", params.trim_end())
}

/// A flag as `_arguments` wants it.
fn option(flag: &Flag) -> String {
    let help = quoted(&format!("[{}]", escaped(&flag.help)));
    let (sign, value) = match &flag.value {
        Value::Nothing => ("", String::new()),
        Value::OneOf(values) => ("=", quoted(&format!(":value:({})", values.join(" ")))),
        Value::Directory => ("=", quoted(":directory:_files -/")),
        Value::File => ("=", quoted(":file:_files")),
        Value::Any => ("=", quoted(":value: ")),
    };
    let long = &flag.long;
    match flag.short {
        // A short option has its value behind it with or without a space.
        Some(short) => {
            let plus = if sign.is_empty() { "" } else { "+" };
            format!("'(-{short} --{long})'{{-{short}{plus},--{long}{sign}}}{help}{value}")
        }
        None => format!("--{long}{sign}{help}{value}"),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '\\' | '[' | ']' | ':') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

const TEMPLATE: &str = r#"#compdef boltill

_boltill_commands() {
    local -a commands
    commands=(
@NAMES@
        'qr:Draw a QR code'
    )
    _describe -t commands 'command' commands
}

_boltill() {
    local curcontext="$curcontext" state line command
    local -a params
    typeset -A opt_args
    _arguments -C -s -S \
@OPTIONS@
    '1:command:->command' \
    '*:parameter:->parameter'
    case $state in
    command) _boltill_commands ;;
    parameter)
        command=$line[1]
        case $command in
        @TAKE_A_COMMAND@)
            if (( $#line <= 2 )); then
                _boltill_commands
                return
            fi
            [[ $command == help ]] && return 1
            command=$line[2]
            ;;
        esac
        case $command in
@PARAMS@
        esac
        compadd -S = -q -- $params
        ;;
    esac
}

if [[ $funcstack[1] == _boltill ]]; then
    _boltill "$@"
else
    compdef _boltill boltill
fi
"#;
