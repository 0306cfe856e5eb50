//! `parsefeerate`

use super::prelude::*;
use boltill_onchain::Feerate;
use serde_json::json;

parameters! {
    /// Tell what a feerate comes to
    ///
    /// Reads a feerate as the other commands do, by the estimates of this moment. Nothing comes to less than 253 sat per 1000
    /// weight, the least that bitcoind relays.
    pub struct ParseFeerate {
        /// The feerate: `urgent`, `normal`, `slow` or another name that `feerates` knows, a number with `perkw` or `perkb` behind it
        /// (`perkb` where there is nothing), or a number of blocks with `blocks` behind it.
        required feerate_str: Feerate,
    }
}

pub const COMMAND: Command = Command {
    name: "parsefeerate",
    category: Category::Bitcoin,
    answer: &[Field::always(
        "perkw",
        Kind::U32,
        "The feerate in satoshi per 1000 weight.",
    )],
    errors: &[(Code::InvalidParams, "This is no feerate.")],
    examples: &[Example {
        typed: "parsefeerate 10000perkb",
        answer: r#"{"perkw":2500}"#,
    }],
    see_also: &["feerates", "withdraw", "fundchannel"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ParseFeerate>()
};

impl Run for ParseFeerate {
    async fn run(self, call: Call) -> Outcome {
        let feerate = call.node()?.fees().resolve(self.feerate_str);
        Answer::of(&json!({ "perkw": feerate.to_sat_per_kwu() }))
    }
}
