//! `GET /v1/events`: what happens to invoices and payouts, as server-sent events.
//!
//! The id of each event says how far its reader has come in everything ([`boltill_till::Cursor`]), so who comes back with the last one,
//! in the header `Last-Event-ID`, goes on from there. A reader is never waited for: what it has not taken is in the ledger, and a
//! connection that takes nothing is ended (`connection.rs`).

use super::answer::{failed, refused};
use super::routes::{BAD_RUNE, Service, wrong_method};
use crate::commands::shared::invoice::InvoiceEntry;
use crate::commands::shared::invoice_request::InvoiceRequestEntry;
use crate::commands::shared::payout::PayoutEntry;
use crate::context::Context;
use crate::error::{Code, RpcError};
use crate::hex::Hex;
use crate::runes::{Request, Rune};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use boltill_till::{Cursor, CursorError, Event, Events};
use boltill_types::{CreatedIndex, Msat};
use futures_util::stream;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// What a rune must allow, as if it were a command.
pub const METHOD: &str = "events";
/// How many may follow at once.
pub const MAX_STREAMS: usize = 64;
/// After how much silence the connection is shown to be alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// After how many milliseconds a reader that was cut off should come back.
const RETRY: u32 = 2_000;

/// Answers with a stream that has no end of its own.
pub async fn events(
    State(service): State<Arc<Service>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if method != Method::GET {
        return wrong_method("GET");
    }
    let rune = match service.admit(&headers, METHOD).await {
        Ok(rune) => rune,
        Err(response) => {
            tokio::time::sleep(BAD_RUNE).await;
            return *response;
        }
    };
    let begun = after(&headers, &uri).and_then(|after| Ok(service.context.till()?.events(after)?));
    let events = match begun {
        Ok(events) => events,
        Err(error) if error.code() == Code::InvalidParams => return refused(StatusCode::BAD_REQUEST, &error),
        Err(error) => return failed(&error),
    };
    let Ok(permit) = Arc::clone(&service.streams).try_acquire_owned() else {
        let error = RpcError::failed(Code::Unspecified, "too many clients follow the events");
        let mut response = refused(StatusCode::SERVICE_UNAVAILABLE, &error);
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        return response;
    };
    let reader = Reader {
        context: Arc::clone(&service.context),
        rune,
        events,
        greeted: false,
        _permit: permit,
    };
    let frames = stream::unfold(reader, |mut reader| async move {
        let frame = reader.next().await?;
        Some((Ok::<_, RpcError>(frame), reader))
    });
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // What stands between must pass each event on at once.
        (
            header::HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    (headers, Body::from_stream(frames)).into_response()
}

/// From where on: what the header says, or `after` in the path for who cannot set headers.
fn after(headers: &HeaderMap, uri: &Uri) -> Result<Option<Cursor>, RpcError> {
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut given = query.filter_map(|(name, value)| (name == "after").then_some(value));
    let header = headers.get("last-event-id").map(HeaderValue::to_str).transpose();
    let header = header.map_err(|_| RpcError::from(CursorError::Malformed))?;
    // An empty id is none, in the rules of server-sent events.
    let given = header.map(Into::into).or_else(|| given.next());
    let given = given.filter(|text| !text.is_empty());
    given.map(|text| Ok(text.parse::<Cursor>()?)).transpose()
}

impl From<CursorError> for RpcError {
    fn from(error: CursorError) -> RpcError {
        RpcError::invalid_params(format!("Last-Event-ID {error}"))
    }
}

/// Somebody who follows.
struct Reader {
    context: Arc<Context>,
    rune: Rune,
    events: Events,
    greeted: bool,
    _permit: OwnedSemaphorePermit,
}

impl Reader {
    /// What to send next; `None` when there will be no more.
    async fn next(&mut self) -> Option<String> {
        if !self.greeted {
            self.greeted = true;
            // An id alone is no event, but is remembered: who is cut off now misses nothing either.
            return Some(format!("retry: {RETRY}\nid: {}\n\n", self.events.cursor()));
        }
        let events = tokio::select! {
            biased;
            () = self.context.shutdown.cancelled() => return None,
            events = tokio::time::timeout(KEEP_ALIVE, self.events.next()) => events,
        };
        let runes = self.context.runes().ok()?;
        if let Err(refusal) = runes.still_allows(&self.rune, &Request::new(None, Some(METHOD), None)) {
            tracing::debug!(rune = self.rune.id(), %refusal, "a reader of events is cut off");
            return None;
        }
        match events {
            Ok(Ok(events)) => {
                let frames: Result<String, serde_json::Error> = events.iter().map(frame).collect();
                frames.ok()
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "a reader of events is cut off");
                None
            }
            Err(_) => Some(format!(": nothing new\nid: {}\n\n", self.events.cursor())),
        }
    }
}

/// One event as it is sent.
fn frame((cursor, event): &(Cursor, Event)) -> Result<String, serde_json::Error> {
    let (name, data) = match event {
        Event::InvoiceCreated(invoice) => ("invoice_created", json(&InvoiceEntry::of(invoice))?),
        Event::InvoicePaid(invoice) => ("invoice_paid", json(&InvoiceEntry::of(invoice))?),
        Event::InvoiceExpired(invoice) => ("invoice_expired", json(&InvoiceEntry::of(invoice))?),
        Event::RequestCreated(request) => {
            let entry = RequestEvent {
                request: InvoiceRequestEntry::of(request),
                created_index: request.created_index,
                amount_msat: request.amount,
            };
            ("invoicerequest_created", json(&entry)?)
        }
        Event::PayoutBegun(payout) => ("payout_begun", json(&PayoutEvent::of(payout))?),
        Event::PayoutPaid(payout) => ("payout_paid", json(&PayoutEvent::of(payout))?),
        Event::PayoutFailed(payout) => ("payout_failed", json(&PayoutEvent::of(payout))?),
    };
    Ok(format!("id: {cursor}\nevent: {name}\ndata: {data}\n\n"))
}

/// JSON has no line breaks of its own, so it is one line of data.
fn json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(value)
}

#[derive(Serialize)]
struct RequestEvent<'a> {
    #[serde(flatten)]
    request: InvoiceRequestEntry<'a>,
    created_index: CreatedIndex,
    amount_msat: Msat,
}

#[derive(Serialize)]
struct PayoutEvent<'a> {
    invreq_id: Hex<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(flatten)]
    payout: PayoutEntry<'a>,
}

impl PayoutEvent<'_> {
    fn of(payout: &boltill_till::PayoutOf) -> PayoutEvent<'_> {
        PayoutEvent {
            invreq_id: Hex(&payout.invreq_id.0),
            label: payout.label.as_deref(),
            payout: PayoutEntry::of(&payout.payout),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::invoice::tests::unpaid;

    fn from(header: Option<&str>, path: &str) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert("last-event-id", header.parse().unwrap());
        }
        let found = after(&headers, &path.parse().unwrap());
        found
            .map(|cursor| cursor.map(|cursor| cursor.to_string()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_place_to_go_on_from_is_in_the_header_or_else_in_the_path() {
        let (one, two) = ("c1.p0.u0.r0.b0.e0", "c2.p0.u0.r0.b0.e0");
        assert_eq!(from(None, "/v1/events"), Ok(None));
        assert_eq!(from(Some(""), "/v1/events"), Ok(None));
        assert_eq!(from(Some(one), "/v1/events"), Ok(Some(one.to_owned())));
        let path = format!("/v1/events?other=1&after={two}");
        assert_eq!(from(None, &path), Ok(Some(two.to_owned())));
        assert_eq!(
            from(Some(one), &path),
            Ok(Some(one.to_owned())),
            "the header is newer"
        );
        let refused = Err("Last-Event-ID should be the id of an event".to_owned());
        assert_eq!(from(Some("7"), "/v1/events"), refused);
        assert_eq!(from(None, "/v1/events?after=7"), refused);
    }

    #[test]
    fn an_event_is_an_id_a_name_and_one_line_of_json() {
        let mut invoice = unpaid();
        invoice.description = Some("two\nlines".to_owned());
        let cursor = "c1.p0.u0.r0.b0.e0".parse().unwrap();
        let frame = frame(&(cursor, Event::InvoiceCreated(invoice))).unwrap();
        let lines: Vec<_> = frame.split('\n').collect();
        assert_eq!(lines[..2], ["id: c1.p0.u0.r0.b0.e0", "event: invoice_created"]);
        let data = lines[2].strip_prefix("data: ").unwrap();
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["description"], "two\nlines");
        assert_eq!(lines[3..], ["", ""]);
    }
}
