//! `filter`: which fields of an answer the client wants.

use crate::error::RpcError;
use crate::params::{Token, bad_parameter};
use serde_json::Value;

/// A tree of the shape of the answer, with `true` where something is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// This and all below it.
    All,
    /// These members of an object.
    Members(Vec<(String, Filter)>),
    /// This of every element of an array.
    Each(Box<Filter>),
}

/// The member of an answer that tells of a filter whose shape is not the answer's.
pub const WARNING: &str = "warning_parameter_filter";

impl Filter {
    /// Reads a request's `filter`.
    pub fn parse(token: Token<'_>) -> Result<Filter, RpcError> {
        if token.members().is_none() {
            return Err(bad_parameter("filter", "Expected object", token));
        }
        Filter::branch(token)
    }

    /// The depth of the recursion is bounded by that of a request.
    fn branch(token: Token<'_>) -> Result<Filter, RpcError> {
        if let Some(elements) = token.elements() {
            return match elements[..] {
                [each] => Ok(Filter::Each(Box::new(Filter::branch(each)?))),
                _ => Err(bad_parameter("filter", "Arrays can only have one element", token)),
            };
        }
        if let Some(members) = token.members() {
            let members = members
                .into_iter()
                .map(|(name, value)| Ok((name.into_owned(), Filter::branch(value)?)));
            let members = members.collect::<Result<Vec<_>, RpcError>>()?;
            return Ok(if members.is_empty() {
                Filter::All
            } else {
                Filter::Members(members)
            });
        }
        match token.raw() {
            "true" => Ok(Filter::All),
            _ => Err(bad_parameter("filter", "value must be true", token)),
        }
    }

    /// The filter of one member of an object: `None` when it is not wanted.
    pub fn member(&self, wanted: &str) -> Option<&Filter> {
        match self {
            Filter::All => Some(self),
            Filter::Members(members) => members
                .iter()
                .find(|(name, _)| name == wanted)
                .map(|(_, filter)| filter),
            Filter::Each(_) => None,
        }
    }

    /// The whole answer with what is not wanted left out, and a warning in it when the shapes differ.
    pub fn apply(&self, answer: Value) -> Value {
        let mut misfit = None;
        let mut kept = self
            .keep(answer, &mut misfit)
            .unwrap_or_else(|| Value::Object(Default::default()));
        if let (Some(path), Some(members)) = (misfit, kept.as_object_mut()) {
            members.insert(WARNING.to_owned(), path.into());
        }
        kept
    }

    /// What is wanted of one value. What has another shape than the filter is left out, and where is noted in `misfit`.
    pub fn keep(&self, value: Value, misfit: &mut Option<String>) -> Option<Value> {
        match (self, value) {
            (Filter::Members(wanted), Value::Object(mut members)) => {
                let kept = wanted.iter().filter_map(|(name, filter)| {
                    let mut below = None;
                    let kept = members
                        .remove(name)
                        .and_then(|member| filter.keep(member, &mut below));
                    note(misfit, below, || format!(".{name}"));
                    kept.map(|member| (name.clone(), member))
                });
                Some(Value::Object(kept.collect()))
            }
            (Filter::Each(each), Value::Array(elements)) => {
                let mut below = None;
                let kept = elements
                    .into_iter()
                    .filter_map(|element| each.keep(element, &mut below))
                    .collect();
                note(misfit, below, || "[]".to_owned());
                Some(Value::Array(kept))
            }
            (Filter::Members(_), Value::Array(_)) => {
                *misfit = Some(" is an array".to_owned());
                None
            }
            (Filter::Each(_), Value::Object(_)) => {
                *misfit = Some(" is an object".to_owned());
                None
            }
            (_, value) => Some(value),
        }
    }
}

/// Puts where we are in front of where, below it, the first misfit is.
fn note(misfit: &mut Option<String>, below: Option<String>, here: impl FnOnce() -> String) {
    if let (None, Some(below)) = (&misfit, below) {
        *misfit = Some(here() + &below);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn filter(text: &str) -> Result<Filter, String> {
        Filter::parse(Token::parse(text).unwrap()).map_err(|error| error.to_string())
    }

    fn invoices() -> Value {
        json!({"invoices": [{"label": "a", "paths": [{"id": 1, "fee": 2}]}, {"label": "b"}], "more": {"x": 1}})
    }

    #[test]
    fn only_what_is_wanted_is_kept() {
        let labels = filter(r#"{"invoices":[{"label":true}]}"#).unwrap();
        assert_eq!(
            labels.apply(invoices()),
            json!({"invoices": [{"label": "a"}, {"label": "b"}]})
        );
        let deep = filter(r#"{"invoices":[{"paths":[{"fee":true}]}],"more":true,"absent":true}"#).unwrap();
        assert_eq!(
            deep.apply(invoices()),
            json!({"invoices": [{"paths": [{"fee": 2}]}, {}], "more": {"x": 1}})
        );
        assert_eq!(filter("{}").unwrap().apply(invoices()), invoices());
    }

    #[test]
    fn a_filter_of_another_shape_warns() {
        let object = filter(r#"{"invoices":{"label":true}}"#).unwrap();
        assert_eq!(
            object.apply(invoices()),
            json!({"warning_parameter_filter": ".invoices is an array"})
        );
        let array = filter(r#"{"invoices":[{"paths":[[true]]}]}"#).unwrap();
        assert_eq!(
            array.apply(invoices())["warning_parameter_filter"],
            ".invoices[].paths[] is an object"
        );
    }

    #[test]
    fn a_malformed_filter_is_refused() {
        assert_eq!(
            filter("[]"),
            Err("filter: Expected object: invalid token '[]'".into())
        );
        assert_eq!(
            filter(r#"{"a":1}"#),
            Err("filter: value must be true: invalid token '1'".into())
        );
        assert_eq!(
            filter(r#"{"a":[]}"#),
            Err("filter: Arrays can only have one element: invalid token '[]'".into())
        );
    }
}
