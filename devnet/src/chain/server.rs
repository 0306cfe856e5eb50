//! JSON-RPC over HTTP as bitcoind's server speaks it: version 1 and 2, batches, statuses.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::auth::Credentials;
use super::node::Node;
use super::rpc::{self, RpcError};

/// Longest request body, as bitcoind's.
const MAX_BODY: usize = 32 * 1024 * 1024;

/// What every request needs.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) node: Mutex<Node>,
    pub(super) credentials: Credentials,
    pub(super) stop: CancellationToken,
}

impl Shared {
    /// The node, when no other request has it. A panic in another request is that request's alone.
    pub(super) fn node(&self) -> MutexGuard<'_, Node> {
        self.node.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The HTTP service. Every path is served, because wallet calls come to `/wallet/<name>`.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .fallback(handle)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(shared)
}

async fn handle(
    State(shared): State<Arc<Shared>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if method != Method::POST {
        return (
            StatusCode::METHOD_NOT_ALLOWED,
            "JSONRPC server handles only POST requests",
        )
            .into_response();
    }
    let authorization = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if !authorization.is_some_and(|value| shared.credentials.admit(value)) {
        return (
            StatusCode::UNAUTHORIZED,
            [(header::WWW_AUTHENTICATE, "Basic realm=\"jsonrpc\"")],
        )
            .into_response();
    }
    // Scripts are checked and files are written: not on a thread that serves others.
    match tokio::task::spawn_blocking(move || written(answer(&shared, &body))).await {
        Ok((status, None)) => status.into_response(),
        Ok((status, Some(body))) => {
            (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The answer as it goes over the wire.
fn written((status, answer): (StatusCode, Option<Value>)) -> (StatusCode, Option<Vec<u8>>) {
    match answer.map(|answer| rpc::to_bytes(&answer)).transpose() {
        Ok(body) => (status, body),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, None),
    }
}

/// A request's version decides how errors and notifications are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

/// A request as far as it could be read.
struct Request {
    version: Version,
    /// `None` is a notification.
    id: Option<Value>,
    call: Result<(String, Value), RpcError>,
}

fn answer(shared: &Shared, body: &[u8]) -> (StatusCode, Option<Value>) {
    match serde_json::from_slice(body) {
        Ok(Value::Array(requests)) => {
            let answers: Vec<Value> = requests
                .into_iter()
                .filter_map(|request| run(shared, Request::read(request)).1)
                .collect();
            (StatusCode::OK, Some(Value::Array(answers)))
        }
        Ok(request @ Value::Object(_)) => run(shared, Request::read(request)),
        _ => {
            let answer = envelope(Version::V1, Value::Null, Err(RpcError::Parse));
            (StatusCode::INTERNAL_SERVER_ERROR, Some(answer))
        }
    }
}

impl Request {
    fn read(request: Value) -> Self {
        let Value::Object(mut fields) = request else {
            let call = Err(RpcError::InvalidRequest("Invalid Request object"));
            return Self {
                version: Version::V1,
                id: Some(Value::Null),
                call,
            };
        };
        let version = match fields.get("jsonrpc").and_then(Value::as_str) {
            Some("2.0") => Version::V2,
            _ => Version::V1,
        };
        let id = fields
            .remove("id")
            .or((version == Version::V1).then_some(Value::Null));
        Self {
            version,
            id,
            call: read_call(fields),
        }
    }
}

fn read_call(mut fields: Map<String, Value>) -> Result<(String, Value), RpcError> {
    match fields.remove("method") {
        Some(Value::String(method)) => Ok((method, fields.remove("params").unwrap_or(Value::Null))),
        Some(_) => Err(RpcError::InvalidRequest("Method must be a string")),
        None => Err(RpcError::InvalidRequest("Missing method")),
    }
}

fn run(shared: &Shared, request: Request) -> (StatusCode, Option<Value>) {
    let outcome = request.call.and_then(|(method, params)| {
        let mut node = shared.node();
        let outcome = rpc::call(&mut node, &method, params);
        if node.stop_requested {
            shared.stop.cancel();
        }
        outcome
    });
    let status = match &outcome {
        Err(error) if request.version == Version::V1 => http_status(error),
        _ => StatusCode::OK,
    };
    match request.id {
        Some(id) => (status, Some(envelope(request.version, id, outcome))),
        None => (StatusCode::NO_CONTENT, None),
    }
}

fn http_status(error: &RpcError) -> StatusCode {
    match error {
        RpcError::InvalidRequest(_) => StatusCode::BAD_REQUEST,
        RpcError::MethodNotFound => StatusCode::NOT_FOUND,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn envelope(version: Version, id: Value, outcome: Result<Value, RpcError>) -> Value {
    match (version, outcome) {
        (Version::V1, Ok(result)) => json!({ "result": result, "error": null, "id": id }),
        (Version::V1, Err(error)) => json!({ "result": null, "error": error.to_json(), "id": id }),
        (Version::V2, Ok(result)) => json!({ "jsonrpc": "2.0", "result": result, "id": id }),
        (Version::V2, Err(error)) => json!({ "jsonrpc": "2.0", "error": error.to_json(), "id": id }),
    }
}
