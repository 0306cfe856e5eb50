//! From a path to a command, past the rune.

use super::answer::{failed, of, refused};
use super::body::{self, BadBody, MAX_BODY, Text};
use super::{cors, events, metrics, openapi};
use crate::context::Context;
use crate::error::{Code, RpcError};
use crate::options::Origins;
use crate::params::{Token, bad_parameter};
use crate::rpc;
use crate::runes::{NoRune, Request, Rune};
use crate::{answer::Outcome, commands::OnHangUp};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{self, HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// How long who comes with no good rune waits for the answer.
pub const BAD_RUNE: Duration = Duration::from_millis(500);

/// What all connections share.
pub struct Service {
    /// The daemon.
    pub context: Arc<Context>,
    /// How many more may follow the events.
    pub streams: Arc<Semaphore>,
    long_bodies: Semaphore,
    /// Commands that go on when their client has hung up.
    running: TaskTracker,
}

/// The paths that there are.
pub fn router(service: Arc<Service>, origins: &Origins) -> Router {
    Router::new()
        .route("/v1/list-methods", get(list_methods))
        .route("/openapi.json", get(openapi))
        .route("/metrics", any(metrics::metrics))
        .route("/v1/events", any(events::events))
        .route("/v1/{method}", any(call))
        .fallback(|| async { failed(&RpcError::failed(Code::MethodNotFound, "Path not registered")) })
        .layer(cors::layer(origins))
        .with_state(service)
}

/// Every command and its parameters, one a line.
async fn list_methods(State(service): State<Arc<Service>>) -> impl IntoResponse {
    let commands = service
        .context
        .commands
        .iter()
        .filter(|command| !command.developer);
    let lines = commands.map(|command| format!("Command: {}<br>\n{}\n\n", command.usage(), "-".repeat(80)));
    let policy = (header::CONTENT_SECURITY_POLICY, "default-src 'none'");
    ([policy], Html(lines.collect::<String>()))
}

/// The same for programs.
async fn openapi(State(service): State<Arc<Service>>) -> impl IntoResponse {
    Json(openapi::document(service.context.commands))
}

async fn call(
    State(service): State<Arc<Service>>,
    Path(method): Path<String>,
    request: http::Request<Body>,
) -> Response {
    let (head, body) = request.into_parts();
    let has_body = match head.method {
        Method::POST => true,
        Method::GET => false,
        _ => return wrong_method("GET, POST"),
    };
    let rune = match service.authorized(&head.headers) {
        Ok(rune) => rune,
        Err(response) => {
            tokio::time::sleep(BAD_RUNE).await;
            return *response;
        }
    };
    let body = if has_body { body } else { Body::empty() };
    let expects = head.headers.contains_key(header::EXPECT);
    match body::read(body, expects, &service.long_bodies).await {
        Ok(text) => service.call(&rune, &method, text, is_json(&head.headers)).await,
        Err(bad) => bad_body(bad),
    }
}

impl Service {
    /// What all connections share.
    pub fn new(context: Arc<Context>) -> Service {
        Service {
            context,
            streams: Arc::new(Semaphore::new(events::MAX_STREAMS)),
            long_bodies: Semaphore::new(body::LONG_BODIES),
            running: TaskTracker::new(),
        }
    }

    /// Waits for the commands whose clients have hung up.
    pub async fn finish(&self) {
        self.running.close();
        self.running.wait().await;
    }

    /// The rune, if it is one of ours and was not withdrawn; what it allows is looked at when the parameters are known.
    fn authorized(&self, headers: &HeaderMap) -> Result<Rune, Box<Response>> {
        let unauthorized = |error: RpcError| Box::new(refused(StatusCode::UNAUTHORIZED, &error));
        let Some(text) = rune_in(headers) else {
            let error = RpcError::failed(Code::RuneNotAuthorized, "Not authorized: Missing rune");
            return Err(Box::new(refused(StatusCode::FORBIDDEN, &error)));
        };
        let rune = Rune::parse(text).map_err(|error| {
            let should_be = match error {
                NoRune::Malformed => "should be base64 string",
                NoRune::NoId => "should have valid numeric unique_id",
            };
            let quoted = serde_json::Value::from(text).to_string();
            match Token::parse(&quoted) {
                Ok(token) => unauthorized(bad_parameter("rune", should_be, token)),
                Err(error) => unauthorized(error.into()),
            }
        })?;
        let runes = self.context.runes().map_err(|error| Box::new(failed(&error)))?;
        runes
            .authorize(&rune)
            .map_err(|refusal| unauthorized(refusal.into()))?;
        Ok(rune)
    }

    /// The rune, if it is one of ours and allows what is no command but has a name like one.
    pub async fn admit(&self, headers: &HeaderMap, method: &str) -> Result<Rune, Box<Response>> {
        let rune = self.authorized(headers)?;
        let runes = self.context.runes().map_err(|error| Box::new(failed(&error)))?;
        let request = Request::new(None, Some(method), None);
        match runes.check(&rune, &request).await {
            Ok(()) => Ok(rune),
            Err(refusal) => {
                tracing::debug!(rune = rune.id(), method, %refusal, "an HTTP request is refused");
                Err(Box::new(refused(StatusCode::UNAUTHORIZED, &refusal.into())))
            }
        }
    }

    /// How many follow the events.
    pub fn open_streams(&self) -> usize {
        events::MAX_STREAMS.saturating_sub(self.streams.available_permits())
    }

    async fn call(&self, rune: &Rune, method: &str, text: Text<'_>, is_json: bool) -> Response {
        let started = {
            let params = text.params(is_json);
            let token = params.as_deref().and_then(|params| Token::parse(params).ok());
            let Some(token) = token else {
                return refused(
                    StatusCode::BAD_REQUEST,
                    &RpcError::Parse("the body is no JSON".into()),
                );
            };
            let runes = match self.context.runes() {
                Ok(runes) => runes,
                Err(error) => return failed(&error),
            };
            if let Err(refusal) = runes
                .check(rune, &Request::new(None, Some(method), Some(token)))
                .await
            {
                tracing::debug!(rune = rune.id(), method, %refusal, "an HTTP request is refused");
                return refused(StatusCode::UNAUTHORIZED, &refusal.into());
            }
            tracing::debug!(rune = rune.id(), method, "HTTP request");
            rpc::start(&self.context, rpc::Caller::default(), method, token)
        };
        // The parameters have been read, so the text is needed no longer.
        drop(text);
        match started {
            Ok((running, OnHangUp::Drop)) => {
                let outcome = tokio::select! {
                    biased;
                    outcome = running => outcome,
                    () = self.context.shutdown.cancelled() => Err(RpcError::ShuttingDown),
                };
                of(outcome).await
            }
            Ok((running, OnHangUp::Finish)) => {
                let outcome = self.running.spawn(running).await;
                of(outcome.unwrap_or_else(|_| broken())).await
            }
            Err(error) => failed(&error),
        }
    }
}

/// In a header of its own as with clnrest, or as the token of a bearer, which is what programs like Prometheus can send.
fn rune_in(headers: &HeaderMap) -> Option<&str> {
    if let Some(rune) = headers.get("rune") {
        return rune.to_str().ok();
    }
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn broken() -> Outcome {
    Err(RpcError::failed(Code::Unspecified, "the command broke off"))
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    content_type.is_some_and(|content_type| content_type.starts_with("application/json"))
}

/// Refuses a request by its method; these are allowed.
pub fn wrong_method(allowed: &'static str) -> Response {
    let error = RpcError::failed(Code::MethodNotFound, "Wrong http method");
    let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, &error);
    let allowed = HeaderValue::from_static(allowed);
    response.headers_mut().insert(header::ALLOW, allowed);
    response
}

fn bad_body(bad: BadBody) -> Response {
    let (status, words) = match bad {
        BadBody::TooLong => {
            let words = format!("the body is longer than {MAX_BODY} bytes");
            (StatusCode::PAYLOAD_TOO_LARGE, words.into())
        }
        BadBody::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body came too slowly".into()),
        BadBody::Broken => (StatusCode::BAD_REQUEST, "the body breaks off".into()),
        BadBody::NotUtf8 => (StatusCode::BAD_REQUEST, "the body is not UTF-8".into()),
    };
    let mut response = refused(status, &RpcError::Parse(words));
    // Whatever of it is still under way must not be taken for the next request.
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}
