//! `setconfig`

use super::prelude::*;
use super::shared::config::describe;
use crate::options::{OPTIONS, Opt, Takes};
use crate::params::{FromToken, Refusal, Token, bad_parameter};
use serde_json::json;
use serde_json::value::RawValue;

parameters! {
    /// Change an option while the daemon runs
    ///
    /// Only some can be changed; `listconfigs` calls them `dynamic`. The new value is also written to the file `config.setconfig` in the
    /// network's directory, from which the next start reads it; what stands on the command line then counts before it. With
    /// a file given by `--conf`, it is written beside that, to a file of the same name with `.setconfig` behind it.
    pub struct SetConfig {
        /// The option, without dashes.
        required config: DynamicOption,
        /// Its new value.
        optional val: Value,
        /// Not to write it down, so that it is as before after a restart.
        default transient: bool = false,
    }
}

const CONFIG: &[Field] = &[
    Field::always("config", Kind::String, "The option."),
    Field::always("dynamic", Kind::Bool, "`true`."),
    Field::sometimes(
        "source",
        Kind::String,
        "Where the value is written, or `setconfig transient`.",
    ),
    Field::sometimes(
        "value_int",
        Kind::Integer,
        "The value, of an option that is a number.",
    ),
];

pub const COMMAND: Command = Command {
    name: "setconfig",
    category: Category::Utility,
    answer: &[Field::always(
        "config",
        Kind::Object(CONFIG),
        "The option as it is now.",
    )],
    errors: &[(
        Code::InvalidParams,
        "There is no option *config*, it cannot be changed, or it does not take *val*.",
    )],
    examples: &[Example {
        typed: "setconfig min-capacity-sat 500000",
        answer: r#"{"config":{"config":"min-capacity-sat","value_int":500000,"source":"/home/till/.boltill/regtest/config.setconfig:2","dynamic":true}}"#,
    }],
    see_also: &["listconfigs", "autoclean-status"],
    ..Command::of::<SetConfig>()
};

/// An option that can be changed.
pub struct DynamicOption(&'static Opt);

impl FromToken for DynamicOption {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<DynamicOption, Refusal> {
        let name = token.word().ok_or("should be a string")?;
        match OPTIONS.iter().find(|option| option.name == name) {
            Some(option) if option.dynamic => Ok(DynamicOption(option)),
            Some(_) => Err("Not a dynamic config option".into()),
            None => Err(Refusal::Message(format!("Unknown config option '{name}'"))),
        }
    }
}

/// A value in whatever form: text, a number, a boolean, or an array of texts.
pub struct Value(Box<RawValue>);

impl FromToken for Value {
    const KIND: Kind = Kind::Any;

    fn from_token(token: Token<'_>) -> Result<Value, Refusal> {
        FromToken::from_token(token).map(Value)
    }
}

impl Run for SetConfig {
    async fn run(self, call: Call) -> Outcome {
        let DynamicOption(option) = self.config;
        let name = option.name;
        let value = match (option.takes, &self.val) {
            (Takes::Nothing, Some(_)) => {
                return Err(RpcError::invalid_params(format!("{name} does not take a value")));
            }
            (Takes::Nothing, None) => "true".to_owned(),
            (_, None) => return Err(RpcError::invalid_params(format!("{name} requires a value"))),
            (_, Some(Value(raw))) => one_line(raw)?,
        };
        let live = call.live.clone();
        let set = tokio::task::spawn_blocking(move || live.set(option, &value, self.transient)).await;
        let set = set.map_err(|panic| RpcError::failed(Code::Unspecified, panic.to_string()))?;
        let setting =
            set.map_err(|error| RpcError::invalid_params(format!("Error setting {name}: {error}")))?;
        call.apply_live_config();
        let mut config = serde_json::Map::from_iter([("config".to_owned(), json!(name))]);
        config.extend(describe(&setting));
        Answer::of(&json!({ "config": config }))
    }
}

/// A value that is to stand in a line of a file.
fn one_line(raw: &RawValue) -> Result<String, RpcError> {
    let token = Token::parse(raw.get())?;
    let word = token.word().filter(|word| !word.contains(char::is_control));
    match word {
        Some(word) => Ok(word.into_owned()),
        None => Err(bad_parameter("val", "should be a value in one line", token)),
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_can_be_changed_changes_and_is_told_as_it_is() {
        let call = test_call();
        let set = call
            .clone()
            .answer(
                "setconfig",
                r#"{"config":"autoclean-cycle","val":"60","transient":true}"#,
            )
            .await;
        assert_eq!(
            set.as_deref(),
            Ok(
                r#"{"config":{"config":"autoclean-cycle","value_int":60,"source":"setconfig transient","dynamic":true}}"#
            )
        );
        let listed = call.answer("listconfigs", r#"["autoclean-cycle"]"#).await;
        assert_eq!(
            listed.as_deref(),
            Ok(
                r#"{"configs":{"autoclean-cycle":{"value_int":60,"source":"setconfig transient","dynamic":true}}}"#
            )
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_cannot_be_changed_is_refused_in_core_lightnings_words() {
        let refusals = [
            (r#"["x", 1]"#, "Unknown config option 'x'"),
            (
                r#"["alias", "x"]"#,
                "config: Not a dynamic config option: invalid token '\"alias\"'",
            ),
            (r#"["min-capacity-sat"]"#, "min-capacity-sat requires a value"),
            (
                r#"["min-capacity-sat", "many"]"#,
                "Error setting min-capacity-sat: min-capacity-sat=many: should be a whole number up to 18446744073709551615",
            ),
            (
                r#"["min-capacity-sat", "1\nalias=x"]"#,
                r#"val: should be a value in one line: invalid token '"1\nalias=x"'"#,
            ),
            (
                r#"["min-capacity-sat", [1]]"#,
                "val: should be a value in one line: invalid token '[1]'",
            ),
        ];
        for (params, words) in refusals {
            let answer = test_call().answer("setconfig", params).await;
            assert_eq!(answer, Err(words.to_owned()), "{params}");
        }
        let unwritable = test_call()
            .answer("setconfig", r#"["min-capacity-sat", 1]"#)
            .await;
        let words = unwritable.unwrap_err();
        assert!(words.contains("/nonexistent/regtest/config.setconfig"), "{words}");
    }
}
