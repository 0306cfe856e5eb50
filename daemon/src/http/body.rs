//! What clients send: as JSON, or as a form, within bounds.

use crate::params::Token;
use axum::body::{Body, HttpBody};
use futures_util::StreamExt;
use std::borrow::Cow;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The longest body, in bytes: as long as a request on the socket.
pub const MAX_BODY: usize = crate::rpc::MAX_REQUEST;
/// A body up to this length is read whoever else sends one.
const SHORT: u64 = 64 << 10;
/// How many longer bodies are in memory at once.
pub const LONG_BODIES: usize = 8;
/// How long a body may take.
pub const BODY_WITHIN: Duration = Duration::from_secs(15);
/// For how long a body that is too long is thrown away, so that the client reads why before the connection ends.
const LINGER: Duration = Duration::from_secs(2);

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadBody {
    /// It is longer than [`MAX_BODY`].
    TooLong,
    /// It takes longer than [`BODY_WITHIN`].
    TooSlow,
    /// It breaks off.
    Broken,
    /// It is no text.
    NotUtf8,
}

/// A body, which counts among the long ones until it is dropped.
pub struct Text<'a> {
    text: String,
    _permit: Option<SemaphorePermit<'a>>,
}

/// Reads a body. `expects` is that the client sends it only when it is asked to.
pub async fn read(body: Body, expects: bool, long_bodies: &Semaphore) -> Result<Text<'_>, BadBody> {
    let size = body.size_hint();
    if size.lower() > MAX_BODY as u64 {
        if !expects {
            discard(body).await;
        }
        return Err(BadBody::TooLong);
    }
    let read = async {
        let is_short = size.upper().is_some_and(|upper| upper <= SHORT);
        let permit = match is_short {
            true => None,
            false => long_bodies.acquire().await.ok(),
        };
        let (mut bytes, mut chunks) = (Vec::new(), body.into_data_stream());
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| BadBody::Broken)?;
            if bytes.len() + chunk.len() > MAX_BODY {
                return Err(BadBody::TooLong);
            }
            bytes.extend_from_slice(&chunk);
        }
        let text = String::from_utf8(bytes).map_err(|_| BadBody::NotUtf8)?;
        Ok(Text {
            text,
            _permit: permit,
        })
    };
    tokio::time::timeout(BODY_WITHIN, read)
        .await
        .unwrap_or(Err(BadBody::TooSlow))
}

async fn discard(body: Body) {
    let mut chunks = body.into_data_stream();
    let all = async { while let Some(Ok(_)) = chunks.next().await {} };
    let _ = tokio::time::timeout(LINGER, all).await;
}

impl Text<'_> {
    /// The parameters, as JSON: nothing is none, what is no JSON is a form, and what is `null` is not given. `None` when it says to be
    /// JSON and is not.
    pub fn params(&self, is_json: bool) -> Option<Cow<'_, str>> {
        let text = self.text.trim();
        if text.is_empty() {
            return Some("{}".into());
        }
        match Token::parse(text) {
            Ok(token) => Some(given(token)),
            Err(_) if is_json || text.starts_with(['{', '[']) => None,
            Err(_) => Some(form(text).into()),
        }
    }
}

/// An object without members that are `null`, which many clients write for what they leave out.
fn given(token: Token<'_>) -> Cow<'_, str> {
    let members = token.members().unwrap_or_default();
    if !members.iter().any(|(_, value)| value.is_null()) {
        return token.raw().into();
    }
    let given = members.iter().filter(|(_, value)| !value.is_null());
    let given: Vec<_> = given
        .map(|(name, value)| format!("{}:{}", serde_json::Value::from(&**name), value.raw()))
        .collect();
    format!("{{{}}}", given.join(",")).into()
}

/// A form's fields as an object of strings.
fn form(text: &str) -> String {
    let fields = form_urlencoded::parse(text.as_bytes()).map(|(name, value)| {
        format!(
            "{}:{}",
            serde_json::Value::from(&*name),
            serde_json::Value::from(&*value)
        )
    });
    let fields: Vec<_> = fields.collect();
    format!("{{{}}}", fields.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(text: &str, is_json: bool) -> Option<String> {
        let text = Text {
            text: text.to_owned(),
            _permit: None,
        };
        text.params(is_json).map(Cow::into_owned)
    }

    #[test]
    fn a_body_is_json_or_a_form_or_nothing() {
        let bodies = [
            ("", true, Some("{}")),
            (" \n", false, Some("{}")),
            (r#"{"a": 1.50}"#, false, Some(r#"{"a": 1.50}"#)),
            ("[1, null]", true, Some("[1, null]")),
            (
                r#"{"a":null,"b":{"c":null},"é\"":2}"#,
                true,
                Some(r#"{"b":{"c":null},"é\"":2}"#),
            ),
            (
                "amount_msat=any&label=a+b%26c",
                false,
                Some(r#"{"amount_msat":"any","label":"a b&c"}"#),
            ),
            ("label=a", true, None),
            (r#"{"label":"#, false, None),
        ];
        for (text, is_json, expected) in bodies {
            assert_eq!(params(text, is_json).as_deref(), expected, "{text}");
        }
    }
}
