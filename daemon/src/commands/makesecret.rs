//! `makesecret`

use super::prelude::*;
use crate::hex::Hex;
use crate::params::HexBytes;
use serde::Serialize;

parameters! {
    /// Derive a secret for a program of yours from the node's seed
    ///
    /// The same name gives the same secret for as long as the seed is the same, so a program that keeps its data encrypted needs no
    /// backup of its key. Secrets of different names have nothing to do with one another, nor with the keys to the node's money. A Core
    /// Lightning whose `hsm_secret` has the bytes of our `seed` gives the same.
    pub struct MakeSecret {
        /// The name in hexadecimal; this or *string*.
        optional hex: HexBytes,
        /// The name; this or *hex*.
        optional string: String,
    }
}

pub const COMMAND: Command = Command {
    name: "makesecret",
    category: Category::Utility,
    answer: &[Field::always("secret", Kind::Secret, "The secret.")],
    errors: &[(
        Code::InvalidParams,
        "Both *hex* and *string*, or neither of them.",
    )],
    examples: &[Example {
        typed: "makesecret -k string=till",
        answer: r#"{"secret":"a9a2e742405c28f059349132923a99337ae7f71168b7485496e3365f5bc664ed"}"#,
    }],
    see_also: &["getinfo"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<MakeSecret>()
};

#[derive(Serialize)]
struct Secret<'a> {
    secret: Hex<'a>,
}

impl Run for MakeSecret {
    async fn run(self, call: Call) -> Outcome {
        let name = match (self.hex, self.string) {
            (Some(_), Some(_)) => {
                return Err(RpcError::invalid_params("Cannot have both hex and string"));
            }
            (Some(HexBytes(bytes)), None) => bytes,
            (None, Some(string)) => string.into_bytes(),
            (None, None) => {
                return Err(RpcError::invalid_params("Must have either hex or string"));
            }
        };
        let secret = call.profile()?.derive_secret(&name);
        Answer::of(&Secret { secret: Hex(&secret) })
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn a_secret_has_one_name() {
        for (params, words) in [
            ("[]", "Must have either hex or string"),
            (r#"["00", "a"]"#, "Cannot have both hex and string"),
            (r#"["0"]"#, "hex: should be a hex value: invalid token '\"0\"'"),
        ] {
            let answer = test_call().answer("makesecret", params).await;
            assert_eq!(answer, Err(words.to_owned()), "{params}");
        }
    }
}
