//! What clients get: the answer alone, as JSON, or the error alone.

use crate::answer::{Answer, Outcome, Page, Rows};
use crate::error::{Code, RpcError};
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};

/// What a command answers, with its status. Rows are made while they are sent, the first page before the status is.
pub async fn of(outcome: Outcome) -> Response {
    match outcome {
        Ok(Answer::Whole(json)) => json_body(StatusCode::CREATED, Body::from(json)),
        Ok(Answer::Rows(mut rows)) => match rows.next_page().await {
            Ok(first) => json_body(StatusCode::CREATED, Body::from_stream(pages(rows, first))),
            Err(error) => failed(&error),
        },
        Err(error) => failed(&error),
    }
}

/// A command that failed, or that there is none of.
pub fn failed(error: &RpcError) -> Response {
    let status = match error.code() {
        Code::MethodNotFound => StatusCode::NOT_FOUND,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    refused(status, error)
}

/// An error under a status.
pub fn refused(status: StatusCode, error: &RpcError) -> Response {
    match serde_json::to_string(error) {
        Ok(json) => json_body(status, Body::from(json)),
        Err(_) => status.into_response(),
    }
}

fn json_body(status: StatusCode, body: Body) -> Response {
    let mut response = (status, body).into_response();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// How far an array has been sent.
enum Sent {
    /// Nothing; here is its beginning.
    Nothing(String, Rows, bool),
    /// Some pages, with or without a row in them.
    Pages(Rows, bool),
    /// All, or it has failed.
    All,
}

/// The rows as one object of one array. When they fail half way the answer breaks off.
fn pages(rows: Rows, first: Option<Page>) -> impl Stream<Item = Result<String, RpcError>> + Send {
    let any = first.as_ref().is_some_and(|page| !page.is_empty());
    let beginning = format!(
        r#"{{"{}":[{}"#,
        rows.name(),
        first.as_ref().map_or("", Page::as_json)
    );
    stream::unfold(Sent::Nothing(beginning, rows, any), |sent| async move {
        let (mut rows, any) = match sent {
            Sent::Nothing(beginning, rows, any) => return Some((Ok(beginning), Sent::Pages(rows, any))),
            Sent::Pages(rows, any) => (rows, any),
            Sent::All => return None,
        };
        match rows.next_page().await {
            Ok(Some(page)) => {
                let comma = if any && !page.is_empty() { "," } else { "" };
                let text = format!("{comma}{}", page.as_json());
                Some((Ok(text), Sent::Pages(rows, any || !page.is_empty())))
            }
            Ok(None) => Some((Ok("]}".to_owned()), Sent::All)),
            Err(error) => Some((Err(error), Sent::All)),
        }
    })
}
