//! `deldatastore`

use super::prelude::*;
use super::shared::datastore::{DatastoreEntry, VALUE};
use boltill_ledger::DatastoreKey;

parameters! {
    /// Delete a value from the datastore
    ///
    /// Answers what it was.
    pub struct DelDatastore {
        /// The key: its parts, or the only one.
        required key: DatastoreKey,
        /// Only if what is there is of this generation.
        optional generation: u64,
    }
}

pub const COMMAND: Command = Command {
    name: "deldatastore",
    category: Category::Utility,
    answer: VALUE,
    errors: &[
        (Code::DatastoreDelNotFound, "The key has no value."),
        (
            Code::DatastoreDelWrongGeneration,
            "The value is of another *generation*.",
        ),
    ],
    examples: &[Example {
        typed: r#"deldatastore '["shop","last"]'"#,
        answer: r#"{"key":["shop","last"],"generation":0,"hex":"3235","string":"25"}"#,
    }],
    see_also: &["datastore", "listdatastore"],
    ..Command::of::<DelDatastore>()
};

impl Run for DelDatastore {
    async fn run(self, call: Call) -> Outcome {
        let ledger = call.ledger()?;
        let value = ledger.delete_datastore(self.key.clone(), self.generation).await?;
        Answer::of(&DatastoreEntry::of(&self.key, Some(&value)))
    }
}
