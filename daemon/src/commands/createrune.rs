//! `createrune`

use super::prelude::*;
use crate::params::{FromToken, Refusal, Token};
use crate::runes::{Alternative, Condition, Restriction, Rune};
use serde::Serialize;

parameters! {
    /// Make a rune, which lets whoever has it call commands from outside
    ///
    /// A new rune may do everything; *restrictions* say what it demands. With *rune*, one that you have is restricted further: what
    /// comes out has the same id, and is not kept. Nobody can take a restriction away again.
    ///
    /// Each restriction is an array of alternatives, one of which must hold: a field, a condition, and a value, as in
    /// `[["method=invoice"],["pnameamount_msat<1000000"]]`. The fields are:
    /// * `time`: the time of the request, in seconds since 1970.
    /// * `id`: the node that asks; HTTP has none.
    /// * `method`: the command.
    /// * `pnum`: how many parameters there are.
    /// * `pnameX`, `parrN`: the parameter named X, and the Nth, from 0 on.
    /// * `pinvX_amount`, `pinvX_description`, `pinvX_node`: what the invoice in the parameter X says.
    /// * `per`: how much time must be between two uses, as in `per=5sec`, with `nsec`, `usec`, `msec`, `sec`, `min`, `hour` or `day`.
    /// * `rate`: how often it can be used in a minute; `rate=60` is the same as `per=1sec`.
    ///
    /// The conditions are `=` the same, `/` another, `^` begins with, `$` ends with, `~` contains, `<` and `>` a smaller or larger
    /// whole number, `{` and `}` before or after it in the alphabet, `!` the field is absent, and `#` a comment.
    /// All but the last two fail where the field is absent.
    pub struct CreateRune {
        /// A rune to restrict further; it need not be one of this node.
        optional rune: Rune,
        /// An array of arrays of alternatives, or `readonly`: most commands that begin with `list` or `get`.
        optional restrictions: Restrictions,
    }
}

pub const COMMAND: Command = Command {
    name: "createrune",
    category: Category::Utility,
    answer: &[
        Field::always("rune", Kind::String, "The rune."),
        Field::always(
            "unique_id",
            Kind::String,
            "Its id, which all that are made from it share.",
        ),
        Field::sometimes("warning_unrestricted_rune", Kind::String, "It may do everything."),
    ],
    examples: &[Example {
        typed: "createrune -k restrictions=readonly",
        answer: r#"{"rune":"zm0x_eLgHexaTvZn3Cz7gb_YlvrlYGDo_w4BYlR9SS09MSZtZXRob2RebGlzdHxtZXRob2ReZ2V0fG1ldGhvZD1zdW1tYXJ5Jm1ldGhvZC9saXN0ZGF0YXN0b3Jl","unique_id":"1"}"#,
    }],
    see_also: &["showrunes", "checkrune", "blacklistrune"],
    ..Command::of::<CreateRune>()
};

const UNRESTRICTED: &str = "WARNING: This rune has no restrictions! Anyone who has access to this rune could drain funds from your node. Be careful when giving this to apps that you don't trust. Consider using the restrictions parameter to only allow access to specific rpc methods.";

/// What a rune is to demand.
pub struct Restrictions(Vec<Restriction>);

impl FromToken for Restrictions {
    const KIND: Kind = Kind::Any;

    fn from_token(token: Token<'_>) -> Result<Restrictions, Refusal> {
        if token.string().as_deref() == Some("readonly") {
            return Ok(Restrictions(readonly()));
        }
        let invalid = "not a valid restriction (should be array)";
        let restriction = |token: Token<'_>| {
            let alternatives = token.elements().filter(|elements| !elements.is_empty())?;
            let alternatives = alternatives
                .into_iter()
                .map(|alternative| Alternative::parse(&alternative.string()?));
            alternatives.collect::<Option<Vec<_>>>().map(Restriction)
        };
        let elements = token.elements().ok_or(invalid)?;
        let restrictions = elements.into_iter().map(restriction).collect::<Option<Vec<_>>>();
        Ok(Restrictions(restrictions.ok_or(invalid)?))
    }
}

/// What lists and tells, except the datastore, where programs keep their secrets.
fn readonly() -> Vec<Restriction> {
    let method = |condition, value: &str| Alternative {
        field: "method".to_owned(),
        condition,
        value: value.to_owned(),
    };
    vec![
        Restriction(vec![
            method(Condition::Begins, "list"),
            method(Condition::Begins, "get"),
            method(Condition::Equal, "summary"),
        ]),
        Restriction(vec![method(Condition::NotEqual, "listdatastore")]),
    ]
}

#[derive(Serialize)]
struct Created {
    rune: String,
    unique_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning_unrestricted_rune: Option<&'static str>,
}

impl Run for CreateRune {
    async fn run(self, call: Call) -> Outcome {
        let restrictions = self
            .restrictions
            .map_or_else(Vec::new, |restrictions| restrictions.0);
        let rune = match self.rune {
            Some(mut rune) => {
                rune.restrict(restrictions);
                rune
            }
            None => call.runes()?.create(restrictions).await?,
        };
        Answer::of(&Created {
            rune: rune.to_string(),
            unique_id: rune.id().to_string(),
            warning_unrestricted_rune: rune.restrictions().is_empty().then_some(UNRESTRICTED),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_call;

    #[tokio::test]
    async fn a_rune_is_restricted_without_anything_on_file() {
        let params = r#"["OSqc7ixY6F-gjcigBfxtzKUI54uzgFSA6YfBQoWGDV89MA==", [["method=pay","pnamedescription=a|b"]]]"#;
        let answer = test_call().answer("createrune", params).await.unwrap();
        assert!(
            answer.contains(r#""unique_id":"0""#) && !answer.contains("WARNING"),
            "{answer}"
        );
        let bare = r#"["OSqc7ixY6F-gjcigBfxtzKUI54uzgFSA6YfBQoWGDV89MA=="]"#;
        let answer = test_call().answer("createrune", bare).await.unwrap();
        assert!(
            answer.contains("WARNING: This rune has no restrictions!"),
            "{answer}"
        );
    }

    #[tokio::test]
    async fn refusals_have_core_lightnings_words() {
        for restrictions in [
            "\"other\"",
            "1",
            "[\"method=pay\"]",
            "[[]]",
            "[[1]]",
            "[[\"method\"]]",
            "[[\"=1\"]]",
        ] {
            let error = test_call()
                .answer("createrune", &format!("[null,{restrictions}]"))
                .await
                .unwrap_err();
            assert_eq!(
                error,
                format!(
                    "restrictions: not a valid restriction (should be array): invalid token '{restrictions}'"
                )
            );
        }
        let error = test_call().answer("createrune", "[\"xyz\"]").await.unwrap_err();
        assert_eq!(error, "rune: should be base64 string: invalid token '\"xyz\"'");
        let unnumbered = "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"";
        let error = test_call()
            .answer("createrune", &format!("[{unnumbered}]"))
            .await
            .unwrap_err();
        assert_eq!(
            error,
            format!("rune: should have valid numeric unique_id: invalid token '{unnumbered}'")
        );
    }
}
