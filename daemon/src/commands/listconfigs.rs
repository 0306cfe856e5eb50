//! `listconfigs`

use super::prelude::*;
use super::shared::config::describe;
use crate::options::{Config, OPTIONS, Opt, Setting, Takes};
use serde_json::{Map, Value, json};

parameters! {
    /// List the options the daemon runs with
    ///
    /// Each has its value as `value_str`, `value_int`, `value_bool`, `values_str` where it may be given more than once, or `set` where
    /// it takes no value; and as `source` (or `sources`) where that comes from: `cmdline`, a file and the line in it, or `default`.
    /// Secrets are shown as `...`. What `setconfig` can change has `dynamic`.
    pub struct ListConfigs {
        /// The option to tell about, without dashes.
        optional config: String,
    }
}

pub const COMMAND: Command = Command {
    name: "listconfigs",
    category: Category::Utility,
    answer: &[Field::always(
        "configs",
        Kind::Object(&[]),
        "The options by their names.",
    )],
    errors: &[(Code::InvalidParams, "There is no option *config*.")],
    examples: &[Example {
        typed: "listconfigs network",
        answer: r#"{"configs":{"network":{"value_str":"regtest","source":"cmdline"}}}"#,
    }],
    see_also: &["setconfig", "getinfo"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListConfigs>()
};

impl Run for ListConfigs {
    async fn run(self, call: Call) -> Outcome {
        let config = call.live.now();
        let configs: Map<String, Value> = match self.config {
            None => OPTIONS
                .iter()
                .filter_map(|option| entry(option, &config))
                .collect(),
            Some(name) => match OPTIONS.iter().find(|option| option.name == name) {
                Some(option) => entry(option, &config).into_iter().collect(),
                None => {
                    return Err(RpcError::invalid_params(format!(
                        "Unknown config option '{name}'"
                    )));
                }
            },
        };
        Answer::of(&json!({ "configs": configs }))
    }
}

/// `None` for an option that is not given and has no default.
fn entry(option: &Opt, config: &Config) -> Option<(String, Value)> {
    let given = config.settings.effective(option.name, &config.place);
    let entry = match (option.takes, given) {
        // Core Lightning shows one value here, however many there are.
        (Takes::Many(_), _) if option.name == "log-level" => levels(config.settings.all(option.name)),
        (Takes::Many(_), _) => many(config.settings.all(option.name)),
        (Takes::Nothing, None) => json!({ "set": false, "source": "default" }),
        (_, None) => return None,
        (_, Some(setting)) => Value::Object(describe(&setting)),
    };
    Some((option.name.to_owned(), entry))
}

fn many<'a>(settings: impl Iterator<Item = &'a Setting>) -> Value {
    let (values, sources): (Vec<_>, Vec<_>) = settings
        .map(|setting| (setting.shown().to_owned(), setting.source.to_string()))
        .unzip();
    json!({ "values_str": values, "sources": sources })
}

fn levels<'a>(settings: impl Iterator<Item = &'a Setting>) -> Value {
    let (levels, sources): (Vec<_>, Vec<_>) = settings
        .map(|setting| (setting.shown(), setting.source.to_string()))
        .unzip();
    match sources.last() {
        Some(source) => json!({ "value_str": levels.join(","), "source": source }),
        None => json!({ "value_str": "info", "source": "default" }),
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;
    use serde_json::{Value, json};

    #[tokio::test]
    async fn an_option_has_a_value_in_the_form_of_its_kind_and_a_source() {
        let answer: Value =
            serde_json::from_str(&test_call().answer("listconfigs", "[]").await.unwrap()).unwrap();
        let configs = &answer["configs"];
        assert_eq!(configs["regtest"], json!({"set": true, "source": "cmdline"}));
        assert_eq!(
            configs["network"],
            json!({"value_str": "regtest", "source": "default"})
        );
        assert_eq!(configs["fee-base"], json!({"value_int": 1, "source": "default"}));
        assert_eq!(
            configs["log-timestamps"],
            json!({"value_bool": true, "source": "default"})
        );
        assert_eq!(
            configs["addr"],
            json!({"values_str": ["127.0.0.1:1", "127.0.0.1:2"], "sources": ["cmdline", "cmdline"]})
        );
        assert_eq!(configs["developer"], json!({"set": false, "source": "default"}));
        assert_eq!(
            configs["log-level"],
            json!({"value_str": "info", "source": "default"})
        );
        assert_eq!(configs["alias"], Value::Null);
    }

    #[tokio::test]
    async fn a_password_is_not_shown() {
        let answer = test_call()
            .answer("listconfigs", r#"["bitcoin-rpcpassword"]"#)
            .await
            .unwrap();
        assert_eq!(
            answer,
            r#"{"configs":{"bitcoin-rpcpassword":{"value_str":"...","source":"cmdline"}}}"#
        );
    }

    #[tokio::test]
    async fn an_unknown_option_is_an_error() {
        let answer = test_call().answer("listconfigs", r#"["x"]"#).await;
        assert_eq!(answer, Err("Unknown config option 'x'".to_owned()));
    }
}
