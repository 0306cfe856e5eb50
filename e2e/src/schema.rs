//! Whether an answer has the shape that Core Lightning's schema gives it.
//!
//! The schemas are JSON Schema in a dialect of their own: besides `string` or `object` a type may be `msat`, `hash`,
//! `short_channel_id` and so on (`schema/types.rs`), and few keywords are in use. So this is a walker of its own, which takes exactly those: a
//! keyword or a type that it does not know is a finding too, and nothing is passed over because a validator for the standard has never
//! heard of it.

mod types;

use serde_json::{Map, Value};
use std::fs;
use std::path::{Path, PathBuf};

/// Words about a value, which ask nothing of it.
const REMARKS: &[&str] = &[
    "$schema",
    "added",
    "comment",
    "default",
    "deprecated",
    "description",
    "else",
    "post_return_value_notes",
    "pre_return_value_notes",
    "then",
    "title",
];

/// The folder of schemas, one file for each command.
#[derive(Clone, Debug)]
pub struct Schemas {
    folder: PathBuf,
}

impl Schemas {
    /// The schemas beside the repository, where they are present; where not, it is said loudly that answers are not checked.
    pub fn at_hand() -> Option<Schemas> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/schemas");
        if folder.is_dir() {
            return Some(Schemas { folder });
        }
        eprintln!(
            "NOT CHECKED: answers against Core Lightning's schemas, which are not at {}",
            folder.display()
        );
        None
    }

    /// Whether there is a schema for this command.
    pub fn knows(&self, method: &str) -> bool {
        self.file(method).is_file()
    }

    /// What does not fit in the answer of a command; nothing, when it is as it should be.
    ///
    /// A command without a schema fails the test: ask [`knows`](Self::knows) first.
    pub fn findings(&self, method: &str, answer: &Value) -> Vec<String> {
        let file = self.file(method);
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let schema: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        findings(&schema["response"], method, answer)
    }

    fn file(&self, method: &str) -> PathBuf {
        self.folder.join(format!("{method}.json"))
    }
}

/// Where a value does not fit its schema. `place` is what the findings call the value.
pub fn findings(schema: &Value, place: &str, value: &Value) -> Vec<String> {
    let mut findings = Vec::new();
    let Some(keywords) = schema.as_object() else {
        return vec![format!("{place}: its schema is {schema}")];
    };
    for (keyword, wanted) in keywords {
        findings.extend(against(keywords, keyword, wanted, place, value));
    }
    findings
}

/// What one keyword of a schema finds.
fn against(
    schema: &Map<String, Value>,
    keyword: &str,
    wanted: &Value,
    place: &str,
    value: &Value,
) -> Vec<String> {
    let fits = match keyword {
        "type" => match wanted.as_str().and_then(|wanted| types::fits(wanted, value)) {
            Some(fits) => fits,
            None => return vec![format!("{place}: the type {wanted} is not known")],
        },
        "enum" => wanted.as_array().is_some_and(|values| values.contains(value)),
        "const" => wanted == value,
        "minLength" => length(value).is_none_or(|length| Some(length) >= wanted.as_u64()),
        "maxLength" => length(value).is_none_or(|length| Some(length) <= wanted.as_u64()),
        "minItems" => items(value).is_none_or(|items| Some(items.len() as u64) >= wanted.as_u64()),
        "maxItems" => items(value).is_none_or(|items| Some(items.len() as u64) <= wanted.as_u64()),
        "oneOf" => {
            let alternatives = wanted.as_array().into_iter().flatten();
            alternatives
                .filter(|schema| findings(schema, place, value).is_empty())
                .count()
                == 1
        }
        "required" => return missing(wanted, place, value),
        "properties" => return in_members(wanted, place, value),
        "additionalProperties" => return surplus(schema, wanted, place, value),
        "items" => return in_items(wanted, place, value),
        "allOf" => {
            let all = wanted.as_array().into_iter().flatten();
            return all.flat_map(|schema| findings(schema, place, value)).collect();
        }
        "if" => {
            let met = findings(wanted, place, value).is_empty();
            let then = schema.get(if met { "then" } else { "else" });
            return then.map_or(Vec::new(), |schema| findings(schema, place, value));
        }
        remark if REMARKS.contains(&remark) => true,
        _ => return vec![format!("{place}: the keyword \"{keyword}\" is not known")],
    };
    if fits {
        Vec::new()
    } else {
        vec![format!("{place}: {value} does not fit {keyword} {wanted}")]
    }
}

fn length(value: &Value) -> Option<u64> {
    Some(value.as_str()?.chars().count() as u64)
}

fn items(value: &Value) -> Option<&Vec<Value>> {
    value.as_array()
}

fn missing(required: &Value, place: &str, value: &Value) -> Vec<String> {
    let Some(members) = value.as_object() else {
        return Vec::new();
    };
    let names = required.as_array().into_iter().flatten();
    names
        .filter(|name| !name.as_str().is_some_and(|name| members.contains_key(name)))
        .map(|name| format!("{place}: {name} is missing"))
        .collect()
}

fn in_members(properties: &Value, place: &str, value: &Value) -> Vec<String> {
    let Some(members) = value.as_object() else {
        return Vec::new();
    };
    let known = members
        .iter()
        .filter_map(|(name, member)| Some((name, member, properties.get(name)?)));
    known
        .flat_map(|(name, member, schema)| findings(schema, &format!("{place}.{name}"), member))
        .collect()
}

fn surplus(schema: &Map<String, Value>, allowed: &Value, place: &str, value: &Value) -> Vec<String> {
    let Some(members) = value.as_object() else {
        return Vec::new();
    };
    let known = |name: &str| {
        schema
            .get("properties")
            .is_some_and(|known| known.get(name).is_some())
    };
    let others = members.iter().filter(|(name, _)| !known(name));
    match allowed {
        Value::Bool(true) => Vec::new(),
        Value::Bool(false) => others
            .map(|(name, _)| format!("{place}: \"{name}\" has no place there"))
            .collect(),
        schema => others
            .flat_map(|(name, member)| findings(schema, &format!("{place}.{name}"), member))
            .collect(),
    }
}

fn in_items(schema: &Value, place: &str, value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten().enumerate();
    items
        .flat_map(|(at, item)| findings(schema, &format!("{place}[{at}]"), item))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(schema: Value, value: Value) -> String {
        findings(&schema, "it", &value).join("; ")
    }

    #[test]
    fn a_member_that_is_missing_is_found() {
        let schema = json!({"type": "object", "required": ["a", "b"], "properties": {"a": {}, "b": {}}});
        assert_eq!(found(schema.clone(), json!({"a": 1, "b": 2})), "");
        assert_eq!(found(schema, json!({"a": 1})), "it: \"b\" is missing");
    }

    #[test]
    fn a_member_of_the_wrong_type_is_found_in_an_array_of_objects() {
        let schema =
            json!({"type": "array", "items": {"type": "object", "properties": {"paid": {"type": "msat"}}}});
        assert_eq!(found(schema.clone(), json!([{"paid": 1}, {}])), "");
        assert_eq!(
            found(schema.clone(), json!([{}, {"paid": "1msat"}])),
            "it[1].paid: \"1msat\" does not fit type \"msat\""
        );
        assert_eq!(found(schema, json!({})), "it: {} does not fit type \"array\"");
    }

    #[test]
    fn a_member_without_a_place_is_found_where_none_may_be_added() {
        let schema = json!({"additionalProperties": false, "properties": {"a": {}}});
        assert_eq!(
            found(schema, json!({"a": 1, "b": 2})),
            "it: \"b\" has no place there"
        );
        let schema = json!({"additionalProperties": true, "properties": {"a": {}}});
        assert_eq!(found(schema, json!({"a": 1, "b": 2})), "");
        let schema = json!({"additionalProperties": {"type": "u8"}});
        assert_eq!(
            found(schema, json!({"a": 1, "b": 256})),
            "it.b: 256 does not fit type \"u8\""
        );
    }

    #[test]
    fn what_is_wanted_may_depend_on_another_member() {
        let schema = json!({
            "if": {"properties": {"status": {"type": "string", "enum": ["paid"]}}},
            "then": {"required": ["paid_at"]},
            "else": {"additionalProperties": false, "properties": {"status": {}}},
        });
        assert_eq!(found(schema.clone(), json!({"status": "paid", "paid_at": 1})), "");
        assert_eq!(
            found(schema.clone(), json!({"status": "paid"})),
            "it: \"paid_at\" is missing"
        );
        assert_eq!(
            found(schema, json!({"status": "unpaid", "paid_at": 1})),
            "it: \"paid_at\" has no place there"
        );
    }

    #[test]
    fn every_part_of_all_and_one_alternative_have_to_fit() {
        let all = json!({"allOf": [{"required": ["a"]}, {"required": ["b"]}]});
        assert_eq!(
            found(all, json!({})),
            "it: \"a\" is missing; it: \"b\" is missing"
        );
        let one = json!({"oneOf": [{"type": "u8"}, {"type": "u16"}]});
        assert_eq!(found(one.clone(), json!(256)), "");
        assert!(
            found(one.clone(), json!(1)).contains("oneOf"),
            "two alternatives fit"
        );
        assert!(found(one, json!("a")).contains("oneOf"), "none fits");
    }

    #[test]
    fn values_and_lengths_have_their_bounds() {
        assert_eq!(
            found(json!({"enum": ["a", true]}), json!(false)),
            "it: false does not fit enum [\"a\",true]"
        );
        assert!(!found(json!({"const": 1}), json!(2)).is_empty());
        assert!(!found(json!({"maxLength": 2}), json!("abc")).is_empty());
        assert!(!found(json!({"minLength": 2}), json!("a")).is_empty());
        assert!(!found(json!({"minItems": 1}), json!([])).is_empty());
        assert!(!found(json!({"maxItems": 1}), json!([1, 2])).is_empty());
        let bounds = json!({"minLength": 1, "maxLength": 2, "minItems": 1, "maxItems": 1});
        assert_eq!(found(bounds.clone(), json!("ab")), "");
        assert_eq!(found(bounds, json!([1])), "");
    }

    #[test]
    fn what_the_checker_does_not_know_is_not_passed_over() {
        assert_eq!(
            found(json!({"pattern": "a"}), json!("b")),
            "it: the keyword \"pattern\" is not known"
        );
        assert_eq!(
            found(json!({"type": "colour"}), json!("b")),
            "it: the type \"colour\" is not known"
        );
        assert_eq!(found(json!(null), json!(1)), "it: its schema is null");
    }

    #[test]
    fn every_schema_at_hand_is_made_of_words_that_the_checker_knows() {
        let Some(schemas) = Schemas::at_hand() else { return };
        for entry in fs::read_dir(&schemas.folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let schema: Value = serde_json::from_slice(&fs::read(&path).expect("a file")).expect("a schema");
            if let Some(answer) = schema.get("response") {
                assert_known(answer, &path.display().to_string());
            }
        }
    }

    fn assert_known(schema: &Value, place: &str) {
        // Any value will do: a word that is not known is found whatever the value is.
        let unknown = findings(schema, place, &json!(null));
        assert!(
            !unknown.iter().any(|finding| finding.contains("not known")),
            "{unknown:?}"
        );
        for (keyword, below) in schema.as_object().expect("an object") {
            match (keyword.as_str(), below) {
                ("properties", Value::Object(members)) => {
                    members
                        .iter()
                        .for_each(|(name, schema)| assert_known(schema, &format!("{place}.{name}")));
                }
                ("allOf" | "oneOf", Value::Array(parts)) => {
                    parts.iter().for_each(|schema| assert_known(schema, place));
                }
                ("if" | "then" | "else" | "items", schema) => assert_known(schema, place),
                _ => {}
            }
        }
    }
}
