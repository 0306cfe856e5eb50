//! Logs in the form that people know from Core Lightning, to any number of files.
//!
//! A line is `TIME LEVEL SUBSYSTEM: MESSAGE`. The levels have Core Lightning's names: what `tracing` calls warning and error are
//! `UNUSUAL` and `**BROKEN**`. The latest lines are also in memory.

mod recent;

pub use recent::{Line, Recent, Snapshot};

use bitcoin::secp256k1::PublicKey;
use jiff::Timestamp;
use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::prelude::*;

/// Where and how much to log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogConfig {
    /// Levels; of those that speak of a line, the last one counts.
    pub rules: Vec<Rule>,
    /// The files; `-` is standard output.
    pub files: Vec<PathBuf>,
    /// What every line begins with.
    pub prefix: String,
    /// Whether the time is in every line.
    pub timestamps: bool,
}

/// `LEVEL[:SUBSYSTEM][:FILE]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The least level that is written.
    pub level: LevelFilter,
    /// Only for subsystems with this in their name.
    pub subsystem: Option<String>,
    /// Only for this file.
    pub file: Option<PathBuf>,
}

impl Rule {
    /// Reads a rule. What has a slash or is `-` is a file, which `path` makes a path of.
    pub fn parse(text: &str, path: impl Fn(&str) -> PathBuf) -> Option<Rule> {
        let (level, rest) = text.split_once(':').unwrap_or((text, ""));
        let mut rule = Rule {
            level: level_named(level)?,
            subsystem: None,
            file: None,
        };
        for part in rest.split(':').filter(|part| !part.is_empty()) {
            let is_file = part == "-" || part.contains('/') || rule.subsystem.is_some();
            let before = match is_file {
                true => rule.file.replace(path(part)).map(drop),
                false => rule.subsystem.replace(part.to_owned()).map(drop),
            };
            if before.is_some() {
                return None;
            }
        }
        Some(rule)
    }
}

fn level_named(name: &str) -> Option<LevelFilter> {
    Some(match name.to_ascii_lowercase().as_str() {
        "io" | "trace" => LevelFilter::TRACE,
        "debug" => LevelFilter::DEBUG,
        "info" => LevelFilter::INFO,
        "unusual" => LevelFilter::WARN,
        "broken" => LevelFilter::ERROR,
        _ => return None,
    })
}

/// As wide as the usual ones, so that subsystems stand below one another.
fn level_label(level: &Level) -> &'static str {
    match *level {
        Level::TRACE => "TRACE  ",
        Level::DEBUG => "DEBUG  ",
        Level::INFO => "INFO   ",
        Level::WARN => "UNUSUAL",
        Level::ERROR => "**BROKEN**",
    }
}

/// The subsystem that a module's lines belong to: its crate without the project's name, and the module in it.
fn subsystem(target: &str) -> &str {
    target.strip_prefix("boltill_").unwrap_or(target)
}

/// The files that are logged to; clones are of the same files.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    config: LogConfig,
    /// In the order of the configuration.
    sinks: Mutex<Vec<Sink>>,
    recent: Recent,
}

enum Sink {
    Stdout,
    File(File),
}

/// A file that cannot be logged to.
#[derive(Debug, thiserror::Error)]
#[error("cannot log to {}: {source}", path.display())]
pub struct LogError {
    path: PathBuf,
    source: io::Error,
}

impl Log {
    /// Opens the files.
    pub fn open(config: LogConfig) -> Result<Log, LogError> {
        let sinks = open_all(&config)?;
        Ok(Log(Arc::new(Inner {
            config,
            sinks: Mutex::new(sinks),
            recent: Recent::default(),
        })))
    }

    /// Makes this the log of the whole process; what was one before stays.
    pub fn install(&self) {
        let _ = tracing_subscriber::registry().with(self.clone()).try_init();
    }

    /// Opens the files anew, as who has moved them away expects after SIGHUP. When one cannot be opened, all stay.
    pub fn reopen(&self) -> Result<(), LogError> {
        let sinks = open_all(&self.0.config)?;
        *self.0.sinks.lock().unwrap_or_else(PoisonError::into_inner) = sinks;
        Ok(())
    }

    /// The latest lines.
    pub fn recent(&self) -> Recent {
        self.0.recent.clone()
    }

    /// The least level that goes to any of the files, or is kept in memory, from a subsystem.
    fn level_of(&self, subsystem: &str) -> LevelFilter {
        let levels = self
            .0
            .config
            .files
            .iter()
            .map(|file| level_for(&self.0.config, subsystem, file));
        levels
            .max()
            .unwrap_or(LevelFilter::OFF)
            .max(kept_level(subsystem))
    }
}

/// The rule that counts: the last of the most particular.
fn level_for(config: &LogConfig, subsystem: &str, file: &Path) -> LevelFilter {
    let applies = |rule: &&Rule| {
        rule.subsystem
            .as_ref()
            .is_none_or(|name| subsystem.contains(name.as_str()))
            && rule.file.as_ref().is_none_or(|path| path == file)
    };
    let particular = |rule: &&Rule| (rule.subsystem.is_some(), rule.file.is_some());
    let rule = config.rules.iter().filter(applies).max_by_key(particular);
    let level = rule.map_or(LevelFilter::INFO, |rule| rule.level);
    let is_named = rule.is_some_and(|rule| rule.subsystem.is_some());
    // What libraries do inside is of interest only to whoever names them, or wants everything.
    match is_ours(subsystem) || is_named || level == LevelFilter::TRACE {
        true => level,
        false => level.min(LevelFilter::WARN),
    }
}

/// The least level that is kept in memory, whatever goes to the files.
fn kept_level(subsystem: &str) -> LevelFilter {
    match is_ours(subsystem) {
        true => LevelFilter::INFO,
        false => LevelFilter::WARN,
    }
}

/// Whether a subsystem is the project's own, or LDK speaking through it.
fn is_ours(subsystem: &str) -> bool {
    const OURS: [&str; 6] = ["boltilld", "till", "ledger", "node", "onchain", "ldk"];
    let first = subsystem.split("::").next().unwrap_or(subsystem);
    OURS.contains(&first)
}

fn open_all(config: &LogConfig) -> Result<Vec<Sink>, LogError> {
    let open = |path: &PathBuf| match path.as_os_str() == "-" {
        true => Ok(Sink::Stdout),
        false => {
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .mode(0o600)
                .open(path);
            file.map(Sink::File).map_err(|source| LogError {
                path: path.clone(),
                source,
            })
        }
    };
    config.files.iter().map(open).collect()
}

impl<S: Subscriber> Layer<S> for Log {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= self.level_of(subsystem(metadata.target()))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let rules = self.0.config.rules.iter().map(|rule| rule.level);
        Some(rules.max().unwrap_or(LevelFilter::INFO).max(LevelFilter::INFO))
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut message = Message::default();
        event.record(&mut message);
        let target = message.target.take();
        let subsystem = subsystem(target.as_deref().unwrap_or(metadata.target()));
        let line = self.line(metadata.level(), subsystem, &message);
        let mut sinks = self.0.sinks.lock().unwrap_or_else(PoisonError::into_inner);
        for (sink, path) in sinks.iter_mut().zip(&self.0.config.files) {
            if *metadata.level() <= level_for(&self.0.config, subsystem, path) {
                // There is nobody left to tell when the log itself fails.
                let _ = match sink {
                    Sink::Stdout => io::stdout().write_all(line.as_bytes()),
                    Sink::File(file) => file.write_all(line.as_bytes()),
                };
            }
        }
        drop(sinks);
        if *metadata.level() <= self.level_of(subsystem) {
            let recent = &self.0.recent;
            recent.push(
                *metadata.level(),
                subsystem,
                message.peer,
                message.text + &message.fields,
            );
        }
    }
}

impl Log {
    fn line(&self, level: &Level, subsystem: &str, message: &Message) -> String {
        let mut line = self.0.config.prefix.clone();
        // Writing to a string cannot fail.
        if self.0.config.timestamps {
            let _ = write!(line, "{:.3} ", Timestamp::now());
        }
        let _ = write!(line, "{} {subsystem}: ", level_label(level));
        push_one_line(&mut line, &message.text);
        push_one_line(&mut line, &message.fields);
        line.push('\n');
        line
    }
}

/// What peers and clients send may be in a message, and must not be able to look like another line.
fn push_one_line(line: &mut String, text: &str) {
    for character in text.chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
}

/// The message of an event, and its other fields behind it.
#[derive(Default)]
struct Message {
    /// Whose it is, where it comes by way of the `log` crate and its metadata does not say.
    target: Option<String>,
    text: String,
    fields: String,
    peer: Option<PublicKey>,
}

impl Visit for Message {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "log.target" {
            self.target = Some(value.to_owned());
        }
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.text, "{value:?}"),
            name if name.starts_with("log.") => Ok(()),
            name => {
                let before = self.fields.len();
                let written = write!(self.fields, " {name}={value:?}");
                if name == "peer" {
                    let value = self.fields.get(before + " peer=".len()..);
                    self.peer = value.and_then(|value| value.parse().ok());
                }
                written
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn rule(text: &str) -> Rule {
        Rule::parse(text, |file| file.into()).unwrap()
    }

    fn logged(config: LogConfig, events: impl FnOnce(&Log)) {
        let log = Log::open(config).unwrap();
        let subscriber = tracing_subscriber::registry().with(log.clone());
        tracing::subscriber::with_default(subscriber, || events(&log));
    }

    fn to_file(path: &Path, rules: &[&str]) -> LogConfig {
        let rules = rules.iter().map(|text| rule(text)).collect();
        LogConfig {
            rules,
            files: vec![path.to_owned()],
            prefix: "till-1 ".into(),
            timestamps: false,
        }
    }

    #[test]
    fn levels_have_core_lightnings_names() {
        assert_eq!(rule("debug").level, LevelFilter::DEBUG);
        assert_eq!(rule("BROKEN").level, LevelFilter::ERROR);
        assert_eq!(rule("debug:node:-").file, Some("-".into()));
        assert_eq!(rule("io:/tmp/x").file, Some("/tmp/x".into()));
        for wrong in ["", "loud", "info:a:b:c"] {
            assert_eq!(Rule::parse(wrong, |file| file.into()), None, "{wrong}");
        }
    }

    #[test]
    fn a_line_is_prefix_level_subsystem_and_message() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("log");
        logged(to_file(&path, &[]), |_| {
            tracing::info!(target: "boltill_node::peers", peer = "02ab", "connected");
            tracing::warn!(target: "boltilld", "two\nlines");
            tracing::debug!(target: "boltilld", "not written");
        });
        let text = fs::read_to_string(path).unwrap();
        assert_eq!(
            text,
            "till-1 INFO    node::peers: connected peer=02ab\ntill-1 UNUSUAL boltilld: two\\nlines\n"
        );
    }

    #[test]
    fn one_subsystem_can_be_louder_than_the_rest() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("log");
        logged(to_file(&path, &["debug:node", "broken"]), |_| {
            tracing::debug!(target: "boltill_node", "heard");
            tracing::warn!(target: "boltill_till", "not heard");
        });
        assert_eq!(fs::read_to_string(path).unwrap(), "till-1 DEBUG   node: heard\n");
    }

    #[test]
    fn libraries_are_heard_when_something_is_wrong_or_when_they_are_named() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("log");
        logged(to_file(&path, &["debug", "debug:hyper"]), |_| {
            tracing::info!(target: "reqwest::connect", "not heard");
            tracing::warn!(target: "reqwest::connect", "heard");
            tracing::debug!(target: "hyper::client", "named");
            tracing::debug!(target: "ldk", "ours");
        });
        assert_eq!(
            fs::read_to_string(path).unwrap(),
            "till-1 UNUSUAL reqwest::connect: heard\ntill-1 DEBUG   hyper::client: named\ntill-1 DEBUG   ldk: ours\n"
        );
    }

    #[test]
    fn after_the_file_is_moved_away_reopening_makes_a_new_one() {
        let home = tempfile::tempdir().unwrap();
        let (path, moved) = (home.path().join("log"), home.path().join("log.1"));
        logged(to_file(&path, &[]), |log| {
            tracing::info!("before");
            fs::rename(&path, &moved).unwrap();
            log.reopen().unwrap();
            tracing::info!("after");
        });
        assert!(fs::read_to_string(moved).unwrap().ends_with("before\n"));
        assert!(fs::read_to_string(path).unwrap().ends_with("after\n"));
    }
}
