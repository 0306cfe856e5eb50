//! Whether what commands answer is what they say they answer.

use crate::params::{Field, Kind};
use serde_json::Value;

/// Looks at the names of an answer's members: none that is not documented, all that are always there.
pub fn mismatches(fields: &[Field], answer: &Value) -> Vec<String> {
    let Some(members) = answer.as_object() else {
        return vec![format!("not an object: {answer}")];
    };
    let is_known = |name: &str| fields.iter().any(|field| field.name == name);
    let unknown = members
        .keys()
        .filter(|name| !is_known(name))
        .map(|name| format!("unknown: {name}"));
    let missing = fields
        .iter()
        .filter(|field| field.always && !members.contains_key(field.name));
    let mut mismatches: Vec<_> = unknown
        .chain(missing.map(|field| format!("missing: {}", field.name)))
        .collect();
    for field in fields {
        match (field.kind, members.get(field.name)) {
            (_, None) | (Kind::Object([]), _) => {}
            (Kind::Object(inner), Some(value)) => mismatches.extend(self::mismatches(inner, value)),
            (Kind::Array(Kind::Object(inner)), Some(value)) => {
                let elements = value.as_array().into_iter().flatten();
                mismatches.extend(elements.flat_map(|element| self::mismatches(inner, element)));
            }
            _ => {}
        }
    }
    mismatches
}

#[test]
fn every_example_is_an_answer_as_documented() {
    for command in crate::commands::COMMANDS {
        for example in command.examples {
            let answer: Value = serde_json::from_str(example.answer).unwrap();
            if answer.is_object() {
                let mismatches = mismatches(command.answer, &answer);
                assert!(mismatches.is_empty(), "{}: {mismatches:?}", command.name);
            }
        }
    }
}
