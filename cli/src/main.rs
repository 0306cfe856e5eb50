//! The command line: turns words into a request, prints the answer.

mod help;
mod human;
mod locate;
mod notify;
mod patience;
mod print;
mod qr;
mod words;

use boltill::options::{Format, Level, Options};
use boltill::{Answer, CallError, Connection, Message};
use clap::{CommandFactory, Parser};
use locate::{NoHome, Place};
use qr::NoCode;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use std::cell::Cell;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use words::{NotKeyValue, Params};

/// The statuses of lightning-cli, which scripts look at.
mod status {
    pub const RESULT: u8 = 0;
    pub const ERROR_ANSWER: u8 = 1;
    pub const NO_DAEMON: u8 = 2;
    pub const USAGE: u8 = 3;
}

/// Why there is no answer to print.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    NoHome(#[from] NoHome),
    #[error(transparent)]
    NotKeyValue(#[from] NotKeyValue),
    #[error("--filter is not JSON: {0}")]
    Filter(serde_json::Error),
    #[error("cannot reach boltilld at {}: {}; {advice}", socket.display(), source.kind())]
    Unreachable {
        socket: PathBuf,
        source: io::Error,
        advice: String,
    },
    #[error(transparent)]
    Call(CallError),
    #[error(transparent)]
    NoCode(#[from] NoCode),
    #[error("cannot print: {0}")]
    Print(#[from] io::Error),
}

impl Failure {
    fn status(&self) -> u8 {
        match self {
            Self::NoHome(_) | Self::NotKeyValue(_) | Self::Filter(_) | Self::NoCode(_) => status::USAGE,
            Self::Unreachable { .. } | Self::Call(_) | Self::Print(_) => status::NO_DAEMON,
        }
    }
}

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => {
            // Asking for help or the version is reported as an error, too; a closed pipe does not matter.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() {
                status::USAGE
            } else {
                status::RESULT
            });
        }
    };
    match run(&options) {
        Ok(status) => ExitCode::from(status),
        // The reader of our output has seen enough, as in `boltill listinvoices | head`.
        Err(Failure::Print(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::from(status::RESULT),
        Err(failure) => {
            eprintln!("boltill: {failure}");
            ExitCode::from(failure.status())
        }
    }
}

/// Sends the command and prints the answer; gives the exit status.
#[tokio::main(flavor = "current_thread")]
async fn run(options: &Options) -> Result<u8, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let (draws, words) = match options.words.split_first() {
        Some((qr, words)) if qr == "qr" => match qr::Request::read(words)? {
            qr::Request::Text(text) => {
                draw(&mut out, text)?;
                return Ok(status::RESULT);
            }
            qr::Request::Command(words) => (true, words),
        },
        _ => (false, &options.words[..]),
    };
    let (command, words) = match words.split_first() {
        Some((command, words)) => (command.as_str(), words),
        None => {
            writeln!(
                out,
                "{}\nThe commands of boltilld:\n",
                Options::command().render_help()
            )?;
            out.flush()?;
            ("help", &[][..])
        }
    };
    let params = Params::read(words, options)?;
    let filter = options
        .filter
        .as_deref()
        .map(serde_json::from_str::<&RawValue>)
        .transpose();
    let filter = filter.map_err(Failure::Filter)?;
    let place = Place::find(options)?;

    let (told, level) = (Cell::new(false), options.level(io::stdout().is_terminal()));
    let answer = call(&place, command, params, filter, level, &told);
    let answer = patience::wait(command, words, &told, answer).await?;
    let status = match &answer {
        Answer::Error(error) => {
            let raw = options.format() == Some(Format::Raw);
            print::answer(&mut out, error, if raw { Format::Raw } else { Format::Json })?;
            status::ERROR_ANSWER
        }
        Answer::Result(result) if draws => {
            draw(&mut out, &qr::text_of(result)?)?;
            status::RESULT
        }
        Answer::Result(result) => {
            print_result(
                &mut out,
                result,
                command == "help" && words.is_empty(),
                options.format(),
            )?;
            status::RESULT
        }
    };
    out.flush()?;
    Ok(status)
}

/// Draws a QR code.
fn draw(out: &mut impl Write, text: &str) -> Result<(), Failure> {
    qr::draw(out, text, io::stdout().is_terminal())??;
    Ok(out.flush()?)
}

/// Calls the daemon, printing what it tells in the meantime; `told` is that it did.
async fn call(
    place: &Place,
    command: &str,
    params: impl Serialize,
    filter: Option<&RawValue>,
    level: Level,
    told: &Cell<bool>,
) -> Result<Answer, Failure> {
    let mut connection = Connection::open(&place.socket)
        .await
        .map_err(|error| unreachable(place, error))?;
    if level != Level::None {
        let enable = connection
            .send("notifications", json!({"enable": true}), None)
            .await;
        enable.map_err(Failure::Call)?;
    }
    let ours = connection
        .send(command, params, filter)
        .await
        .map_err(Failure::Call)?;
    loop {
        match connection.receive().await.map_err(Failure::Call)? {
            Message::Answer { id, answer } if id == *ours || id.is_null() => return Ok(answer),
            // That of `notifications`.
            Message::Answer { .. } => {}
            Message::Notification { method, params } => {
                if notify::print(&mut io::stdout(), &method, &params, level)? {
                    told.set(true);
                }
            }
        }
    }
}

fn unreachable(place: &Place, error: CallError) -> Failure {
    match error {
        CallError::Unreachable { socket, source } => {
            let advice = place.advice(source.kind());
            Failure::Unreachable {
                socket,
                source,
                advice,
            }
        }
        error => Failure::Call(error),
    }
}

fn print_result(
    out: &mut impl Write,
    result: &RawValue,
    is_command_list: bool,
    format: Option<Format>,
) -> io::Result<()> {
    match format {
        None | Some(Format::Human) if is_command_list => help::list(out, result),
        None if print::is_simple(result) => print::answer(out, result, Format::Human),
        None => print::answer(out, result, Format::Json),
        Some(Format::Human) if io::stdout().is_terminal() && !print::is_simple(result) => {
            human::answer(out, &serde_json::from_str(result.get())?, human::Screen::here())
        }
        Some(format) => print::answer(out, result, format),
    }
}
