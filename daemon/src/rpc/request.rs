//! The envelope of a JSON-RPC request.

use super::filter::Filter;
use crate::error::RpcError;
use crate::params::Token;
use std::borrow::Cow;

/// The `id` of a request, as the client wrote it: a string or a number, or `null` where it has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The id of an answer to what has none.
    pub fn null() -> RequestId {
        RequestId("null".to_owned())
    }

    /// The JSON to echo.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

/// One request, its parameters not yet looked at.
#[derive(Debug)]
pub struct Request<'a> {
    /// What the answer echoes.
    pub id: RequestId,
    /// The command's name.
    pub method: Cow<'a, str>,
    /// Whatever the client gave; the command wants an array or an object.
    pub params: Token<'a>,
    /// Which fields of the answer are wanted.
    pub filter: Option<Filter>,
}

/// Why there is no request to run, and whether what follows on the connection can still be read.
#[derive(Debug)]
pub struct BadRequest {
    /// Its id, where that much could be read.
    pub id: RequestId,
    /// What the client is told.
    pub error: RpcError,
    /// Whether the bytes were no JSON, so that nobody knows where the next request begins.
    pub lost: bool,
}

/// Reads one request from the bytes of one object.
pub fn read(bytes: &[u8]) -> Result<Request<'_>, BadRequest> {
    let text = std::str::from_utf8(bytes).map_err(|_| lost("not UTF-8".into()))?;
    let object = Token::parse(text).map_err(|error| lost(error.to_string().into()))?;
    let members = object
        .members()
        .ok_or_else(|| lost("expected an object with well-formed names".into()))?;
    envelope(&members)
}

/// The members of a request that mean something; any others are passed over.
#[derive(Default)]
struct Envelope<'a> {
    jsonrpc: Option<Token<'a>>,
    id: Option<Token<'a>>,
    method: Option<Token<'a>>,
    params: Option<Token<'a>>,
    filter: Option<Token<'a>>,
}

fn envelope<'a>(members: &[(Cow<'a, str>, Token<'a>)]) -> Result<Request<'a>, BadRequest> {
    let mut found = Envelope::default();
    let mut twice = None;
    for (name, value) in members {
        let slot = match &**name {
            "jsonrpc" => &mut found.jsonrpc,
            "id" => &mut found.id,
            "method" => &mut found.method,
            "params" => &mut found.params,
            "filter" => &mut found.filter,
            _ => continue,
        };
        if slot.replace(*value).is_some() {
            twice = Some(name);
        }
    }
    if let Some(name) = twice {
        return Err(refuse(RequestId::null(), format!("duplicate json names: {name}")));
    }
    let id = request_id(found.id)?;
    if found.jsonrpc.and_then(Token::string).as_deref() != Some("2.0") {
        return Err(refuse(id, "jsonrpc: \"2.0\" must be specified in the request"));
    }
    let Some(method) = found.method else {
        return Err(refuse(id, "No method"));
    };
    let Some(method) = method.string() else {
        return Err(refuse(id, "Expected string for method"));
    };
    let Some(params) = found.params else {
        return Err(refuse(id, "No params"));
    };
    match found.filter.map(Filter::parse).transpose() {
        Ok(filter) => Ok(Request {
            id,
            method,
            params,
            filter,
        }),
        Err(error) => Err(BadRequest {
            id,
            error,
            lost: false,
        }),
    }
}

fn request_id(id: Option<Token<'_>>) -> Result<RequestId, BadRequest> {
    match id {
        None => Err(refuse(RequestId::null(), "No id")),
        Some(id) if id.is_number() || id.string().is_some() => Ok(RequestId(id.raw().to_owned())),
        Some(_) => Err(refuse(RequestId::null(), "Expected string/numeric for id")),
    }
}

fn refuse(id: RequestId, words: impl Into<Cow<'static, str>>) -> BadRequest {
    BadRequest {
        id,
        error: RpcError::InvalidRequest(words.into()),
        lost: false,
    }
}

fn lost(why: Cow<'static, str>) -> BadRequest {
    BadRequest {
        id: RequestId::null(),
        error: RpcError::Parse(why),
        lost: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use proptest::prelude::*;

    fn refused(text: &str) -> (String, i32, String, bool) {
        let bad = read(text.as_bytes()).unwrap_err();
        (
            bad.id.as_json().to_owned(),
            bad.error.code().number(),
            bad.error.to_string(),
            bad.lost,
        )
    }

    #[test]
    fn the_id_is_kept_as_it_was_written() {
        for id in ["1", "1.50", "-3e2", r#""a\u00e9""#, r#""""#] {
            let text = format!(r#"{{"jsonrpc":"2.0","id": {id} ,"method":"help","params":[]}}"#);
            let request = read(text.as_bytes()).unwrap();
            assert_eq!(
                (request.id.as_json(), &*request.method, request.params.raw()),
                (id, "help", "[]")
            );
        }
    }

    #[test]
    fn a_bad_envelope_is_told_from_bad_json() {
        let refusals = [
            (
                r#"{"id":1,"method":"help","params":[]}"#,
                "1",
                "jsonrpc: \"2.0\" must be specified in the request",
            ),
            (
                r#"{"jsonrpc":"1.0","id":1,"method":"help","params":[]}"#,
                "1",
                "jsonrpc: \"2.0\" must be specified in the request",
            ),
            (
                r#"{"jsonrpc":"2.0","method":"help","params":[]}"#,
                "null",
                "No id",
            ),
            (
                r#"{"jsonrpc":"2.0","id":null,"method":"help","params":[]}"#,
                "null",
                "Expected string/numeric for id",
            ),
            (
                r#"{"jsonrpc":"2.0","id":[1],"method":"help","params":[]}"#,
                "null",
                "Expected string/numeric for id",
            ),
            (r#"{"jsonrpc":"2.0","id":"x","params":[]}"#, "\"x\"", "No method"),
            (
                r#"{"jsonrpc":"2.0","id":"x","method":7,"params":[]}"#,
                "\"x\"",
                "Expected string for method",
            ),
            (
                r#"{"jsonrpc":"2.0","id":"x","method":"help"}"#,
                "\"x\"",
                "No params",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"help","params":[]}"#,
                "null",
                "duplicate json names: id",
            ),
        ];
        for (text, id, words) in refusals {
            assert_eq!(
                refused(text),
                (id.to_owned(), -32600, words.to_owned(), false),
                "{text}"
            );
        }
        for text in [
            "{}}",
            "{\"a\"}",
            "{\"a\":01}",
            "{\"a\":\"\u{1}\"}",
            r#"{"\ud800":1}"#,
        ] {
            let (_, code, _, lost) = refused(text);
            assert_eq!((code, lost), (-32700, true), "{text}");
        }
        assert!(read(&[b'{', b'"', 0xff, b'"', b'}']).is_err_and(|bad| bad.error.code() == Code::ParseError));
    }

    proptest! {
        #[test]
        fn no_bytes_whatever_make_it_panic(bytes: Vec<u8>, text in r#"\{[{}\[\]":,a-z0-9\\ -]*\}"#) {
            let _ = read(&bytes);
            let _ = read(text.as_bytes());
        }
    }
}
