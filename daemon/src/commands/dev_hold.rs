//! `dev-hold`

use super::prelude::*;
use serde_json::json;

parameters! {
    /// Hold the payments that arrive
    ///
    /// While the hold is on, a payment that has arrived here in full, for an invoice or by keysend, is neither claimed nor
    /// failed: its HTLCs stay where they are, in every channel on the way. Ending the hold settles what is held by the usual
    /// rules, as if it arrived only then; so an invoice that has expired since is not paid.
    ///
    /// The hold is in memory only. After a restart it is off, and what was held goes back to the payer when its time runs out.
    pub struct DevHold {
        /// Whether to hold.
        required hold: bool,
    }
}

pub const COMMAND: Command = Command {
    name: "dev-hold",
    category: Category::Developer,
    answer: &[Field::always(
        "held",
        Kind::U64,
        "How many payments are held; when the hold ends, how many were.",
    )],
    examples: &[Example {
        typed: "dev-hold true",
        answer: r#"{"held":0}"#,
    }],
    developer: true,
    ..Command::of::<DevHold>()
};

impl Run for DevHold {
    async fn run(self, call: Call) -> Outcome {
        let till = call.till()?;
        let held = match self.hold {
            true => till.hold_payments(),
            false => till.release_payments().await?,
        };
        Answer::of(&json!({ "held": held }))
    }
}
