//! Prints what the daemon tells while it works, as lightning-cli does: before the answer, each line behind `# `.

use boltill::options::Level;
use clap::ValueEnum;
use serde_json::Value;
use std::io::{self, Write};

/// Prints one notification if it is as important as `least` or more; whether it was.
pub fn print(out: &mut impl Write, method: &str, params: &Value, least: Level) -> io::Result<bool> {
    let Some(line) = line(method, params, least) else {
        return Ok(false);
    };
    writeln!(out, "# {line}")?;
    out.flush()?;
    Ok(true)
}

fn line(method: &str, params: &Value, least: Level) -> Option<String> {
    match method {
        "message" => {
            let level = Level::from_str(params["level"].as_str()?, true).ok()?;
            // A daemon's words must not move the cursor about.
            let words = params["message"].as_str()?.replace(char::is_control, " ");
            (level >= least).then_some(words)
        }
        "progress" if least <= Level::Info => {
            // Both count from 0.
            let step = |value: &Value| Some((value["num"].as_u64()? + 1, value["total"].as_u64()?));
            let (number, total) = step(params)?;
            let stage = step(&params["stage"]).map(|(stage, of)| format!("stage {stage} of {of}: "));
            Some(format!("{}{number} of {total}", stage.unwrap_or_default()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_important_enough_is_a_line_of_its_own() {
        let message = json!({"id": 1, "level": "info", "message": "Connecting\nto a peer"});
        let mut out = Vec::new();
        assert!(print(&mut out, "message", &message, Level::Info).unwrap());
        assert_eq!(out, b"# Connecting to a peer\n");
        assert_eq!(line("message", &message, Level::Unusual), None);
        let shouted = json!({"level": "UNUSUAL", "message": "no"});
        assert_eq!(line("message", &shouted, Level::Info).as_deref(), Some("no"));
        let progress = json!({"num": 0, "total": 3, "stage": {"num": 1, "total": 2}});
        assert_eq!(
            line("progress", &progress, Level::Debug).as_deref(),
            Some("stage 2 of 2: 1 of 3")
        );
        assert_eq!(line("progress", &progress, Level::Broken), None);
        assert_eq!(line("invoice_creation", &json!({}), Level::Io), None);
    }
}
