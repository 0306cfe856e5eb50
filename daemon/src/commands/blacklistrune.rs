//! `blacklistrune`

use super::prelude::*;
use boltill_ledger::RuneRange;
use serde::Serialize;

parameters! {
    /// Withdraw runes, or undo it
    ///
    /// Runes are withdrawn by their ids, and with them all that were made from them. Without parameters nothing changes. The answer is
    /// always everything that is withdrawn.
    pub struct BlacklistRune {
        /// The first id, or the only one.
        optional start: u64,
        /// The last id; *start* when it is not given.
        optional end: u64,
        /// Whether to undo it for these ids.
        default relist: bool = false,
    }
}

pub const COMMAND: Command = Command {
    name: "blacklistrune",
    category: Category::Utility,
    answer: &[Field::always(
        "blacklist",
        Kind::Array(&Kind::Object(&[
            Field::always("start", Kind::U64, "The first id of a range."),
            Field::always("end", Kind::U64, "The last id of it."),
        ])),
        "What is withdrawn.",
    )],
    errors: &[(
        Code::InvalidParams,
        "*end* or *relist* is given without *start*, or *end* is before it.",
    )],
    examples: &[Example {
        typed: "blacklistrune 0 2",
        answer: r#"{"blacklist":[{"start":0,"end":2}]}"#,
    }],
    see_also: &["showrunes", "createrune"],
    ..Command::of::<BlacklistRune>()
};

#[derive(Serialize)]
struct Blacklist {
    blacklist: Vec<Range>,
}

#[derive(Serialize)]
struct Range {
    start: u64,
    end: u64,
}

impl Run for BlacklistRune {
    async fn run(self, call: Call) -> Outcome {
        let ids = match (self.start, self.end) {
            (None, Some(_)) => return Err(RpcError::invalid_params("Can not specify end without start")),
            (None, None) if self.relist => {
                return Err(RpcError::invalid_params("Can not specify relist without start"));
            }
            (None, None) => None,
            (Some(start), end) => Some(RuneRange {
                first: start,
                last: end.unwrap_or(start),
            }),
        };
        if ids.is_some_and(|ids| ids.last < ids.first) {
            return Err(RpcError::invalid_params("end must not be before start"));
        }
        let runes = call.runes()?;
        let blacklist = match ids {
            Some(ids) => runes.change_blacklist(ids, self.relist).await?,
            None => runes.blacklist(),
        };
        let range = |range: &RuneRange| Range {
            start: range.first,
            end: range.last,
        };
        Answer::of(&Blacklist {
            blacklist: blacklist.iter().map(range).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_call;

    #[tokio::test]
    async fn a_range_needs_its_beginning() {
        for (params, words) in [
            (r#"{"end":1}"#, "Can not specify end without start"),
            (r#"{"relist":true}"#, "Can not specify relist without start"),
            ("[2,1]", "end must not be before start"),
        ] {
            assert_eq!(
                test_call().answer("blacklistrune", params).await.unwrap_err(),
                words
            );
        }
    }
}
