//! Tells a person at a terminal what is waited for when an answer takes its time.

use std::cell::Cell;
use std::future::Future;
use std::io::{IsTerminal, stderr};
use std::pin::pin;
use std::time::Duration;

/// How long one waits without being told for what.
const SILENCE: Duration = Duration::from_secs(2);

/// Waits for the answer; on a terminal, says once on standard error that it does, unless the daemon has told something by then.
pub async fn wait<T>(
    command: &str,
    words: &[String],
    told: &Cell<bool>,
    answer: impl Future<Output = T>,
) -> T {
    let mut answer = pin!(answer);
    if !stderr().is_terminal() {
        return answer.await;
    }
    tokio::select! {
        answer = &mut answer => return answer,
        () = tokio::time::sleep(SILENCE) => {}
    }
    if !told.get() {
        eprintln!("boltill: waiting for {} ...", awaited(command, words));
    }
    answer.await
}

/// What a command waits for, in words.
fn awaited(command: &str, words: &[String]) -> String {
    match (command, value(words, 0), value(words, 1), value(words, 2)) {
        ("waitinvoice", Some(label), ..) => format!("invoice '{label}' to be paid or to expire"),
        ("waitanyinvoice", ..) => "an invoice to be paid".to_owned(),
        ("waitsendpay", Some(hash), ..) => format!("payment {hash} to end"),
        ("waitblockheight", Some(height), ..) => format!("block {height}"),
        ("wait", Some(subsystem), Some(index), Some(next)) => {
            format!("index '{index}' of {subsystem} to reach {next}")
        }
        _ => format!("boltilld's answer to {command}"),
    }
}

/// A parameter by its place; of `key=value` the value.
fn value(words: &[String], place: usize) -> Option<&str> {
    let word = words.get(place)?;
    Some(word.split_once('=').map_or(word, |(_, value)| value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> String {
        let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        awaited(&words[0], &words[1..])
    }

    #[test]
    fn what_is_waited_for_is_named() {
        assert_eq!(
            told("waitinvoice order-1"),
            "invoice 'order-1' to be paid or to expire"
        );
        assert_eq!(told("waitblockheight blockheight=150"), "block 150");
        assert_eq!(
            told("wait invoices created 7"),
            "index 'created' of invoices to reach 7"
        );
    }

    #[test]
    fn of_other_commands_the_name_is_told_and_never_what_they_were_given() {
        assert_eq!(
            told("fundchannel 02ab 500000"),
            "boltilld's answer to fundchannel"
        );
        assert_eq!(told("waitinvoice"), "boltilld's answer to waitinvoice");
    }
}
