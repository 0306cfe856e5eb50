//! `checkrune`

use super::prelude::*;
use crate::params::{FromToken, NodeId, Refusal, Token};
use crate::runes::{Request, Rune};
use serde_json::json;

parameters! {
    /// Tell whether a rune allows a request, and count it as one
    ///
    /// For programs that let others call commands. If the answer is yes, the rune has been used, as far as `rate` and `per`
    /// among its restrictions are concerned.
    pub struct CheckRune {
        /// The rune.
        required rune: Rune,
        /// The node that asks.
        optional nodeid: NodeId,
        /// The command.
        optional method: String,
        /// The command's parameters, an array or an object.
        optional params: CallParams,
    }
}

pub const COMMAND: Command = Command {
    name: "checkrune",
    category: Category::Utility,
    answer: &[Field::always(
        "valid",
        Kind::Bool,
        "`true`; what is not valid is an error.",
    )],
    errors: &[
        (Code::RuneNotAuthorized, "The rune was not made by this node."),
        (
            Code::RuneNotPermitted,
            "The rune does not allow this; the message says which restriction.",
        ),
        (
            Code::RuneBlacklisted,
            "The rune was withdrawn by `blacklistrune`.",
        ),
    ],
    examples: &[Example {
        typed: "checkrune -k rune=zm0x_eLgHexaTvZn3Cz7gb_YlvrlYGDo_w4BYlR9SS09MSZtZXRob2RebGlzdHxtZXRob2ReZ2V0fG1ldGhvZD1zdW1tYXJ5Jm1ldGhvZC9saXN0ZGF0YXN0b3Jl method=listpeers",
        answer: r#"{"valid":true}"#,
    }],
    see_also: &["createrune", "blacklistrune"],
    ..Command::of::<CheckRune>()
};

/// Parameters of another command, as they were written.
pub struct CallParams(String);

impl FromToken for CallParams {
    const KIND: Kind = Kind::Any;

    fn from_token(token: Token<'_>) -> Result<CallParams, Refusal> {
        match token.raw().as_bytes().first() {
            Some(b'[' | b'{') => Ok(CallParams(token.raw().to_owned())),
            _ => Err("must be object or array".into()),
        }
    }
}

impl Run for CheckRune {
    async fn run(self, call: Call) -> Outcome {
        let params = self
            .params
            .as_ref()
            .map(|params| Token::parse(&params.0))
            .transpose()?;
        let nodeid = self.nodeid.map(|nodeid| nodeid.0);
        let request = Request::new(nodeid, self.method.as_deref(), params);
        call.runes()?.check(&self.rune, &request).await?;
        Answer::of(&json!({ "valid": true }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_call;

    #[tokio::test]
    async fn parameters_of_no_shape_are_refused() {
        let params = r#"["OSqc7ixY6F-gjcigBfxtzKUI54uzgFSA6YfBQoWGDV89MA==", null, "pay", 5]"#;
        let error = test_call().answer("checkrune", params).await.unwrap_err();
        assert_eq!(error, "params: must be object or array: invalid token '5'");
        let error = test_call().answer("checkrune", "{}").await.unwrap_err();
        assert_eq!(error, "missing required parameter: rune");
    }
}
