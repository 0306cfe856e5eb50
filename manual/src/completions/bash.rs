//! For bash.

use super::{Flag, TAKE_A_COMMAND, Value, commands, flags};
use std::fmt::Write;

/// The completions of `boltill`.
pub fn script() -> String {
    let flags = flags();
    let names: Vec<_> = commands().map(|command| command.name).collect();
    let mut params = String::new();
    for command in commands().filter(|command| !command.params().is_empty()) {
        let names: Vec<_> = command
            .params()
            .iter()
            .map(|param| format!("{}=", param.name))
            .collect();
        // Writing to a string cannot fail.
        let _ = writeln!(params, "        {}) echo '{}' ;;", command.name, names.join(" "));
    }
    TEMPLATE
        .replace("@OPTIONS@", &spellings(&flags, |_| true).join(" "))
        .replace(
            "@VALUED@",
            &spellings(&flags, |flag| !matches!(flag.value, Value::Nothing)).join("|"),
        )
        .replace("@VALUES@", &values(&flags))
        .replace("@COMMANDS@", &names.join(" "))
        .replace("@TAKE_A_COMMAND@", &TAKE_A_COMMAND.join("|"))
        .replace("@PARAMS@", params.trim_end())
}

/// The ways to write the flags of some kind.
fn spellings(flags: &[Flag], of: impl Fn(&Flag) -> bool) -> Vec<String> {
    let both = |flag: &Flag| {
        let short = flag.short.map(|short| format!("-{short}"));
        [Some(format!("--{}", flag.long)), short]
    };
    flags
        .iter()
        .filter(|flag| of(flag))
        .flat_map(both)
        .flatten()
        .collect()
}

fn values(flags: &[Flag]) -> String {
    let mut lines = String::new();
    for flag in flags {
        let what = match &flag.value {
            Value::Nothing => continue,
            Value::OneOf(values) => format!("-W '{}'", values.join(" ")),
            Value::Directory => "-d".to_owned(),
            Value::File => "-f".to_owned(),
            Value::Any => continue,
        };
        let _ = writeln!(
            lines,
            "        {}) mapfile -t COMPREPLY < <(compgen {what} -- \"$cur\"); return ;;",
            spellings(std::slice::from_ref(flag), |_| true).join("|")
        );
    }
    lines.trim_end().to_owned()
}

const TEMPLATE: &str = r#"# bash completion for boltill

_boltill_params() {
    case "$1" in
@PARAMS@
    esac
}

_boltill() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at=1 command='' taker='' given=' '
    COMPREPLY=()
    # bash takes `=` for a word of its own.
    if [[ $cur == = ]]; then
        cur=''
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi
    case "$prev" in
@VALUES@
        @VALUED@) return ;;
    esac
    if [[ ${COMP_WORDS[COMP_CWORD]} == = || ${COMP_WORDS[COMP_CWORD-1]} == = ]]; then
        return
    fi
    while ((at < COMP_CWORD)); do
        case "${COMP_WORDS[at]}" in
        @VALUED@)
            [[ ${COMP_WORDS[at+1]} == = ]] && ((at++))
            ((at++))
            ;;
        -*) ;;
        =) ((at++)) ;;
        *)
            case "$command" in
            '') command=${COMP_WORDS[at]} ;;
            @TAKE_A_COMMAND@) taker=$command command=${COMP_WORDS[at]} ;;
            *) given+="${COMP_WORDS[at]} " ;;
            esac
            ;;
        esac
        ((at++))
    done
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '@OPTIONS@' -- "$cur")
        return
    fi
    case "$command" in
    '') mapfile -t COMPREPLY < <(compgen -W '@COMMANDS@ qr' -- "$cur") ;;
    @TAKE_A_COMMAND@) mapfile -t COMPREPLY < <(compgen -W '@COMMANDS@' -- "$cur") ;;
    *)
        [[ $taker == help ]] && return
        local param
        for param in $(_boltill_params "$command"); do
            [[ $param == "$cur"* && $given != *" ${param%=} "* ]] && COMPREPLY+=("$param")
        done
        compopt -o nospace 2>/dev/null
        ;;
    esac
}

complete -F _boltill boltill
"#;
