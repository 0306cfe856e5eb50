//! `autoclean-once`

use super::prelude::*;
use super::shared::cleaning::{NonZero, Subsystem, of_each};
use crate::autoclean;
use serde_json::json;

parameters! {
    /// Delete what is old, once
    ///
    /// Entries go a few at a time, and others are served meanwhile. What is under way is never deleted. The options
    /// `autoclean-succeededforwards-age` and so on have it done again and again.
    pub struct AutocleanOnce {
        /// What to delete: `succeededforwards`, `failedforwards`, `succeededpays`, `failedpays`, `paidinvoices` or `expiredinvoices`.
        required subsystem: Subsystem,
        /// How long it must be over, in seconds.
        required age: NonZero,
    }
}

const COUNTS: &[Field] = &[
    Field::always("cleaned", Kind::U64, "How many were deleted."),
    Field::always("uncleaned", Kind::U64, "How many are too young."),
];

pub const COMMAND: Command = Command {
    name: "autoclean-once",
    category: Category::Utility,
    answer: &[Field::always(
        "autoclean",
        Kind::Object(&of_each(COUNTS)),
        "What was done, under the name of the *subsystem*.",
    )],
    examples: &[Example {
        typed: "autoclean-once expiredinvoices 86400",
        answer: r#"{"autoclean":{"expiredinvoices":{"cleaned":120,"uncleaned":7}}}"#,
    }],
    see_also: &["autoclean-status", "delinvoice", "delpay", "setconfig"],
    ..Command::of::<AutocleanOnce>()
};

impl Run for AutocleanOnce {
    async fn run(self, call: Call) -> Outcome {
        let (ledger, what) = (call.ledger()?, self.subsystem.0);
        let cleaned = autoclean::clean(ledger, what, self.age.0).await?;
        let uncleaned = ledger.cleanable(what).await?;
        let counts = json!({"cleaned": cleaned, "uncleaned": uncleaned});
        Answer::of(&json!({"autoclean": {what.as_str(): counts}}))
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn a_subsystem_and_an_age_are_needed() {
        let refusals = [
            (
                r#"["networkevents", 1]"#,
                "subsystem: should be a valid subsystem name: invalid token '\"networkevents\"'",
            ),
            (
                r#"["failedpays", 0]"#,
                "age: should be greater than zero: invalid token '0'",
            ),
            (r#"["failedpays"]"#, "missing required parameter: age"),
        ];
        for (params, words) in refusals {
            let answer = test_call().answer("autoclean-once", params).await;
            assert_eq!(answer, Err(words.to_owned()), "{params}");
        }
    }
}
