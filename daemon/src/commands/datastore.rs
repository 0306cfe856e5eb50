//! `datastore`

use super::prelude::*;
use super::shared::datastore::{DatastoreEntry, VALUE};
use crate::params::{FromToken, HexBytes, Refusal, Token};
use boltill_ledger::{DatastoreKey, DatastoreMode};

parameters! {
    /// Keep a value for a program of yours
    ///
    /// Values stand under keys, and keys in a tree: a *key* of several parts is below the one without its last part. A key has
    /// a value or has keys below it, and never both; keys above others come and go with what is below them. Begin with the name of your
    /// program, so that others do not get in its way.
    ///
    /// A key may be 4,096 bytes long and a value two million (2,097,152).
    pub struct Datastore {
        /// The key: its parts, or the only one.
        required key: DatastoreKey,
        /// The value as text; this or *hex*.
        optional string: String,
        /// The value in hexadecimal; this or *string*.
        optional hex: HexBytes,
        /// Where it may be written: `must-create` only where nothing is, `must-replace` and `must-append` only where something is,
        /// `create-or-replace` and `create-or-append` in any case. The last two words say whether it takes the place of what is there,
        /// or stands behind it.
        default mode: DatastoreMode = DatastoreMode::MustCreate,
        /// Only if what is there is of this generation, so that no change by somebody else is lost; with `must-replace` and
        /// `must-append`.
        optional generation: u64,
    }
}

pub const COMMAND: Command = Command {
    name: "datastore",
    category: Category::Utility,
    answer: VALUE,
    errors: &[
        (
            Code::InvalidParams,
            "Both *string* and *hex*, or neither; a *generation* with another mode; a value that is too long.",
        ),
        (
            Code::DatastoreAlreadyExists,
            "The key has a value, and the mode says that it must not.",
        ),
        (
            Code::DatastoreNotFound,
            "The key has no value, and the mode says that it must.",
        ),
        (
            Code::DatastoreWrongGeneration,
            "The value is of another *generation*.",
        ),
        (Code::DatastoreHasChildren, "There are keys below it."),
        (Code::DatastoreNoChildren, "A key above it has a value."),
    ],
    examples: &[Example {
        typed: r#"datastore '["shop","last"]' 25"#,
        answer: r#"{"key":["shop","last"],"generation":0,"hex":"3235","string":"25"}"#,
    }],
    see_also: &["listdatastore", "deldatastore", "datastoreusage"],
    ..Command::of::<Datastore>()
};

impl FromToken for DatastoreMode {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<DatastoreMode, Refusal> {
        Ok(match token.word().as_deref() {
            Some("must-create") => DatastoreMode::MustCreate,
            Some("must-replace") => DatastoreMode::MustReplace,
            Some("create-or-replace") => DatastoreMode::CreateOrReplace,
            Some("must-append") => DatastoreMode::MustAppend,
            Some("create-or-append") => DatastoreMode::CreateOrAppend,
            _ => {
                return Err("should be 'must-create', 'must-replace', 'create-or-replace', \
                            'must-append', or 'create-or-append'"
                    .into());
            }
        })
    }
}

impl Run for Datastore {
    async fn run(self, call: Call) -> Outcome {
        let refused = RpcError::invalid_params;
        let data = match (self.string, self.hex) {
            (Some(_), Some(_)) => return Err(refused("Cannot have both hex and string")),
            (Some(string), None) => string.into_bytes(),
            (None, Some(HexBytes(bytes))) => bytes,
            (None, None) => return Err(refused("Must have either hex or string")),
        };
        if self.generation.is_some() && !self.mode.must_exist() {
            return Err(refused("generation only valid with must-replace or must-append"));
        }
        let ledger = call.ledger()?;
        let written = ledger.write_datastore(self.key.clone(), data, self.mode, self.generation);
        let value = written.await?;
        Answer::of(&DatastoreEntry::of(&self.key, Some(&value)))
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn parameters_that_do_not_go_together_are_refused() {
        let refusals = [
            (r#"["a"]"#, "Must have either hex or string"),
            (r#"["a", "b", "00"]"#, "Cannot have both hex and string"),
            (
                r#"{"key":"a","string":"b","generation":0}"#,
                "generation only valid with must-replace or must-append",
            ),
            (
                r#"["a", "b", null, "replace"]"#,
                "mode: should be 'must-create', 'must-replace', 'create-or-replace', 'must-append', \
                 or 'create-or-append': invalid token '\"replace\"'",
            ),
            (
                r#"["a", null, "0"]"#,
                "hex: should be a hex value: invalid token '\"0\"'",
            ),
            ("[[]]", "key: should not be empty: invalid token '[]'"),
        ];
        for (params, words) in refusals {
            let answer = test_call().answer("datastore", params).await;
            assert_eq!(answer, Err(words.to_owned()), "{params}");
        }
    }
}
