//! Prints what the daemon tells while it works, on standard error so that the answer stays clean JSON.

use boltill::options::Level;
use clap::ValueEnum;
use serde_json::Value;

/// Prints one notification if it is as important as `least` or more.
pub fn print(method: &str, params: &Value, least: Level) {
    match method {
        "message" => {
            let level = params["level"]
                .as_str()
                .and_then(|level| Level::from_str(level, true).ok());
            if let (Some(level), Some(text)) = (level, params["message"].as_str())
                && level >= least
            {
                eprintln!("# {text}");
            }
        }
        "progress" => {
            // Both count from 0.
            let step = |value: &Value| Some((value["num"].as_u64()? + 1, value["total"].as_u64()?));
            if let Some((stage, of)) = step(&params["stage"]) {
                eprint!("# stage {stage} of {of}: ");
            } else {
                eprint!("# ");
            }
            if let Some((number, total)) = step(params) {
                eprintln!("{number} of {total}");
            }
        }
        _ => {}
    }
}
