//! `autoclean-status`

use super::prelude::*;
use super::shared::cleaning::{Subsystem, of_each};
use boltill_ledger::Cleanable;
use serde_json::{Map, json};

parameters! {
    /// Tell what is deleted when it is old, and how much has been
    ///
    /// The ages are those of the options `autoclean-succeededforwards-age` and so on, which `setconfig` can change.
    pub struct AutocleanStatus {
        /// Only this: `succeededforwards`, `failedforwards`, `succeededpays`, `failedpays`, `paidinvoices` or `expiredinvoices`.
        optional subsystem: Subsystem,
    }
}

const STATUS: &[Field] = &[
    Field::always("enabled", Kind::Bool, "Whether it is deleted when it is old."),
    Field::sometimes("age", Kind::U64, "How old, in seconds; if it is."),
    Field::always("cleaned", Kind::U64, "How much was ever deleted so."),
];

pub const COMMAND: Command = Command {
    name: "autoclean-status",
    category: Category::Utility,
    answer: &[Field::always(
        "autoclean",
        Kind::Object(&of_each(STATUS)),
        "What there is, by its name.",
    )],
    examples: &[Example {
        typed: "autoclean-status expiredinvoices",
        answer: r#"{"autoclean":{"expiredinvoices":{"enabled":true,"age":86400,"cleaned":120}}}"#,
    }],
    see_also: &["autoclean-once", "setconfig"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<AutocleanStatus>()
};

impl Run for AutocleanStatus {
    async fn run(self, call: Call) -> Outcome {
        let (ledger, config) = (call.ledger()?, call.live.now());
        let mut all = Map::new();
        for what in Cleanable::ALL {
            if self.subsystem.as_ref().is_some_and(|only| only.0 != what) {
                continue;
            }
            let cleaned = ledger.cleaned(what).await?;
            let status = match config.autoclean.age(what) {
                Some(age) => json!({"enabled": true, "age": age, "cleaned": cleaned}),
                None => json!({"enabled": false, "cleaned": cleaned}),
            };
            all.insert(what.as_str().to_owned(), status);
        }
        Answer::of(&json!({ "autoclean": all }))
    }
}
