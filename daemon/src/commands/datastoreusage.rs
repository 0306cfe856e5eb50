//! `datastoreusage`

use super::prelude::*;
use boltill_ledger::DatastoreKey;
use serde_json::json;

parameters! {
    /// Tell how much is kept in the datastore
    ///
    /// Counted are the bytes of keys and values, of the key that is given and all that is below it, or of everything.
    pub struct DatastoreUsage {
        /// The key: its parts, or the only one; an empty one is none.
        optional key: DatastoreKey,
    }
}

const USAGE: &[Field] = &[
    Field::always(
        "key",
        Kind::String,
        "The key, its parts in brackets and with commas between them.",
    ),
    Field::always("total_bytes", Kind::U64, "The bytes."),
];

pub const COMMAND: Command = Command {
    name: "datastoreusage",
    category: Category::Utility,
    answer: &[Field::always(
        "datastoreusage",
        Kind::Object(USAGE),
        "What there is.",
    )],
    examples: &[Example {
        typed: "datastoreusage shop",
        answer: r#"{"datastoreusage":{"key":"[shop]","total_bytes":11}}"#,
    }],
    see_also: &["datastore", "listdatastore"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<DatastoreUsage>()
};

impl Run for DatastoreUsage {
    async fn run(self, call: Call) -> Outcome {
        let key = self
            .key
            .filter(|key| key.parts().next().is_some_and(|first| !first.is_empty()));
        let shown = key.as_ref().map_or_else(|| "[]".to_owned(), ToString::to_string);
        let total = call.ledger()?.datastore_usage(key).await?;
        Answer::of(&json!({"datastoreusage": {"key": shown, "total_bytes": total}}))
    }
}
