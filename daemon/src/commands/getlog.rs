//! `getlog`

use super::prelude::*;
use crate::logging::{Line, Snapshot};
use crate::params::{FromToken, Refusal, Token};
use serde::Serialize;
use std::time::Duration;
use tracing::Level;

parameters! {
    /// Show the latest lines of the log
    ///
    /// Lines of level `info` and above are kept in memory, and those that `log-level` has written to a file; when there are two
    /// million bytes of them the oldest go.
    pub struct GetLog {
        /// How important a line must be: `broken`, `unusual`, `info`, `debug`, `trace` or `io`, which shows all.
        default level: LogLevel = LogLevel(Level::INFO),
    }
}

const ENTRY: &[Field] = &[
    Field::always(
        "type",
        Kind::String,
        "`BROKEN`, `UNUSUAL`, `INFO`, `DEBUG`, `TRACE`, or `SKIPPED`.",
    ),
    Field::sometimes(
        "num_skipped",
        Kind::U32,
        "With `SKIPPED`: how many lines are not shown here, and no other field.",
    ),
    Field::sometimes(
        "time",
        Kind::String,
        "When, in seconds since *created_at* with 9 decimals.",
    ),
    Field::sometimes("source", Kind::String, "Which part of the daemon it comes from."),
    Field::sometimes("log", Kind::String, "What it says."),
    Field::sometimes("node_id", Kind::Pubkey, "The peer that it is about."),
];

pub const COMMAND: Command = Command {
    name: "getlog",
    category: Category::Utility,
    answer: &[
        Field::always(
            "created_at",
            Kind::String,
            "When the log began, in seconds since 1970 with 9 decimals.",
        ),
        Field::always("bytes_used", Kind::U32, "How many bytes the lines take."),
        Field::always(
            "bytes_max",
            Kind::U32,
            "How many they may take before the oldest goes.",
        ),
        Field::always(
            "log",
            Kind::Array(&Kind::Object(ENTRY)),
            "The lines, the oldest first.",
        ),
    ],
    examples: &[Example {
        typed: "getlog unusual",
        answer: r#"{"created_at":"1795230600.000000000","bytes_used":16300,"bytes_max":2097152,"log":[{"type":"SKIPPED","num_skipped":144},{"type":"UNUSUAL","time":"71.800000000","source":"onchain::bitcoind","log":"bitcoind does not answer"}]}"#,
    }],
    see_also: &["listconfigs", "notifications"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<GetLog>()
};

/// The least important level to show.
pub struct LogLevel(Level);

impl FromToken for LogLevel {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<LogLevel, Refusal> {
        Ok(LogLevel(match token.word().as_deref() {
            Some("io" | "trace") => Level::TRACE,
            Some("debug") => Level::DEBUG,
            Some("info") => Level::INFO,
            Some("unusual") => Level::WARN,
            Some("broken") => Level::ERROR,
            _ => return Err("should be 'io', 'trace', 'debug', 'info', 'unusual' or 'broken'".into()),
        }))
    }
}

#[derive(Serialize)]
struct LogAnswer<'a> {
    created_at: String,
    bytes_used: usize,
    bytes_max: usize,
    log: Vec<Entry<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Entry<'a> {
    Skipped {
        r#type: &'static str,
        num_skipped: u32,
    },
    Line {
        r#type: &'static str,
        time: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        node_id: Option<String>,
        source: &'a str,
        log: &'a str,
    },
}

impl Run for GetLog {
    async fn run(self, call: Call) -> Outcome {
        let snapshot = call.log.snapshot();
        Answer::of(&LogAnswer {
            created_at: seconds(snapshot.created_at),
            bytes_used: snapshot.bytes_used,
            bytes_max: snapshot.bytes_max,
            log: entries(&snapshot, self.level.0),
        })
    }
}

/// The lines of that level and above, with the number of those between them.
fn entries(snapshot: &Snapshot, level: Level) -> Vec<Entry<'_>> {
    let (mut entries, mut skipped) = (Vec::new(), snapshot.forgotten);
    let skip = |entries: &mut Vec<Entry<'_>>, skipped: &mut u64| {
        if *skipped > 0 {
            entries.push(Entry::Skipped {
                r#type: "SKIPPED",
                num_skipped: u32::try_from(*skipped).unwrap_or(u32::MAX),
            });
            *skipped = 0;
        }
    };
    for line in &snapshot.lines {
        if line.level > level {
            skipped += 1;
            continue;
        }
        skip(&mut entries, &mut skipped);
        entries.push(entry(line));
    }
    skip(&mut entries, &mut skipped);
    entries
}

fn entry(line: &Line) -> Entry<'_> {
    Entry::Line {
        r#type: match line.level {
            Level::ERROR => "BROKEN",
            Level::WARN => "UNUSUAL",
            Level::INFO => "INFO",
            Level::DEBUG => "DEBUG",
            Level::TRACE => "TRACE",
        },
        time: seconds(line.time),
        node_id: line.peer.map(|peer| peer.to_string()),
        source: &line.source,
        log: &line.text,
    }
}

fn seconds(time: Duration) -> String {
    format!("{}.{:09}", time.as_secs(), time.subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::test_call;
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn line(level: Level, text: &str) -> Arc<Line> {
        Arc::new(Line {
            level,
            time: Duration::new(71, 800_000_000),
            source: "node::peers".to_owned(),
            peer: None,
            text: text.to_owned(),
        })
    }

    #[test]
    fn what_is_not_important_enough_or_gone_is_counted_where_it_was() {
        let snapshot = Snapshot {
            created_at: Duration::ZERO,
            bytes_used: 0,
            bytes_max: 0,
            forgotten: 3,
            lines: vec![
                line(Level::DEBUG, "a"),
                line(Level::WARN, "b"),
                line(Level::ERROR, "c"),
                line(Level::INFO, "d"),
            ],
        };
        let shown = serde_json::to_value(entries(&snapshot, Level::WARN)).unwrap();
        let line = |r#type: &str, log: &str| json!({"type": r#type, "time": "71.800000000", "source": "node::peers", "log": log});
        assert_eq!(
            shown,
            json!([
                {"type": "SKIPPED", "num_skipped": 4},
                line("UNUSUAL", "b"),
                line("BROKEN", "c"),
                {"type": "SKIPPED", "num_skipped": 1}
            ])
        );
        let all = entries(&snapshot, Level::TRACE);
        assert_eq!(all.len(), 5);
    }

    #[tokio::test]
    async fn a_level_has_one_of_core_lightnings_names() {
        let answer = test_call().answer("getlog", r#"["io"]"#).await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["log"], json!([]));
        let refused = test_call().answer("getlog", r#"["loud"]"#).await.unwrap_err();
        assert!(refused.starts_with("level: should be 'io'"), "{refused}");
    }
}
