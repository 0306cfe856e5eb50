//! An option as `listconfigs` and `setconfig` show it.

use crate::options::{Setting, Takes};
use serde_json::{Map, Value, json};

/// The value in the form of its kind, where it comes from, and whether it can be changed.
pub fn describe(setting: &Setting) -> Map<String, Value> {
    let value = match setting.option.takes {
        Takes::Nothing => ("set", json!(setting.value == "true")),
        Takes::Bool => ("value_bool", json!(setting.value == "true")),
        Takes::Number(_) => ("value_int", json!(setting.value.parse::<i64>().ok())),
        Takes::Text(_) | Takes::Many(_) => ("value_str", json!(setting.shown())),
    };
    let source = ("source", json!(setting.source.to_string()));
    let dynamic = setting.option.dynamic.then(|| ("dynamic", json!(true)));
    let members = [value, source].into_iter().chain(dynamic);
    members.map(|(name, value)| (name.to_owned(), value)).collect()
}
