//! Prints the daemon's list of commands.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::{self, Write};

/// The answer to `help`; Core Lightning has had the optional fields in some versions and not in others.
#[derive(Deserialize)]
struct Help {
    help: Vec<Entry>,
}

#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    #[serde(default)]
    category: String,
    /// The usage line, which begins with the name.
    command: String,
    description: Option<String>,
}

/// Writes the list by category and name, developers' commands last.
pub fn list(out: &mut impl Write, raw: &RawValue) -> io::Result<()> {
    let Help { mut help } = serde_json::from_str(raw.get())?;
    help.sort_by(|a, b| (a.category == "developer", a).cmp(&(b.category == "developer", b)));
    let mut category = "";
    for entry in &help {
        if entry.category != category {
            category = &entry.category;
            writeln!(out, "== {category} ==\n")?;
        }
        writeln!(out, "{}", entry.command)?;
        if let Some(description) = &entry.description {
            writeln!(out, "    {description}")?;
        }
        writeln!(out)?;
    }
    writeln!(out, "---\nrun 'boltill help COMMAND' for more about one of them")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_sorted_with_those_for_developers_last() {
        let raw = r#"{"help":[
            {"category":"payment","command":"pay bolt11","description":"Pays."},
            {"category":"developer","command":"dev x"},
            {"category":"payment","command":"invoice amount_msat"}]}"#;
        let mut out = Vec::new();
        list(&mut out, serde_json::from_str(raw).unwrap()).unwrap();
        let text = String::from_utf8(out).unwrap();
        let (list, advice) = text.split_once("---\n").unwrap();
        assert_eq!(
            list,
            "== payment ==\n\ninvoice amount_msat\n\npay bolt11\n    Pays.\n\n== developer ==\n\ndev x\n\n"
        );
        assert!(advice.contains("boltill help COMMAND"));
    }
}
