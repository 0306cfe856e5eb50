//! What `sql` and `listsqlschemas` are made of.
//!
//! Invoices, payments, offers, invoice_requests and forwards are read where they are, in the ledger ([`boltill_ledger::Query`]). What only the node
//! knows, channels and peers and the network, is filled into tables of the question's own, from the listing of the same name, when the
//! question mentions it: so a column never says anything else than the field of the listing.

mod channels;
mod fill;
mod network;
mod tables;

pub use tables::tables;

use crate::context::Call;
use crate::error::{Code, Failure, RpcError};
use boltill_ledger::{Cell, Query, QueryError};
use hex_conservative::DisplayHex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How long a question may run, once its tables are filled.
const TIME: Duration = Duration::from_secs(10);
/// How long one waits for those that came before it.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long an answer may be, in bytes.
const LONGEST: usize = 16 << 20;
/// How many questions are answered at once.
static PLACES: Semaphore = Semaphore::const_new(2);

/// Answers a question: rows as JSON, `[[...],[...]]`.
///
/// # Errors
/// Whatever keeps it from being answered whole; half an answer is none.
pub async fn ask(call: &Call, sql: String) -> Result<String, RpcError> {
    let till = call.till()?.clone();
    let place = timeout(PATIENCE, PLACES.acquire()).await;
    let Ok(Ok(place)) = place else {
        return Err(RpcError::failed(
            Code::Unspecified,
            "Too many queries are under way; try again later",
        ));
    };
    let query = blocking(move || till.query(&sql, tables::TABLES)).await??;
    let query = fill::fill(call, query).await?;
    let stop = Stop::default();
    let stopped = Arc::clone(&stop.0);
    // The place goes with the work, which ends a moment after nobody waits for it any more.
    blocking(move || {
        let _place = place;
        answer(&query, &stopped)
    })
    .await?
}

/// Ends a question when nobody waits for its answer any more.
#[derive(Default)]
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Works where waiting for the disk keeps nobody else from working.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, RpcError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| RpcError::failed(Code::Unspecified, format!("Executing statement: {error}")))
}

fn answer(query: &Query, stop: &Arc<AtomicBool>) -> Result<String, RpcError> {
    let mut json = String::from("[");
    query.run(TIME, stop, &mut |cells| {
        if json.len() > 1 {
            json.push(',');
        }
        push_row(&mut json, cells)
    })?;
    if json.len() > LONGEST {
        let megabytes = LONGEST >> 20;
        let words = format!("Executing statement: the answer is longer than {megabytes} MB");
        return Err(RpcError::failed(Code::Unspecified, words));
    }
    json.push(']');
    Ok(json)
}

/// Bytes become hexadecimal, and numbers with decimals have six of them, as in Core Lightning. False when the answer is too long for more.
fn push_row(json: &mut String, cells: &[Cell<'_>]) -> bool {
    let mut before = '[';
    for cell in cells {
        if json.len() > LONGEST {
            return false;
        }
        json.push(before);
        before = ',';
        match cell {
            Cell::Integer(value) => json.push_str(&value.to_string()),
            Cell::Real(value) if value.is_finite() => json.push_str(&format!("{value:.6}")),
            Cell::Null | Cell::Real(_) => json.push_str("null"),
            Cell::Text(text) => json.push_str(&serde_json::Value::from(&**text).to_string()),
            Cell::Blob(bytes) => {
                json.push('"');
                json.push_str(&bytes.to_lower_hex_string());
                json.push('"');
            }
        }
    }
    json.push_str(if cells.is_empty() { "[]" } else { "]" });
    json.len() <= LONGEST
}

impl Failure for QueryError {
    fn code(&self) -> Code {
        match self {
            QueryError::Refused(_)
            | QueryError::Failed(_)
            | QueryError::TimedOut(_)
            | QueryError::Stopped
            | QueryError::Ledger(_) => Code::Unspecified,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_as_core_lightning_writes_them() {
        let mut json = String::new();
        push_row(
            &mut json,
            &[
                Cell::Null,
                Cell::Integer(-1),
                Cell::Real(0.5),
                Cell::Real(f64::INFINITY),
                Cell::Text("a \"b\"\n".into()),
                Cell::Blob(vec![0xab, 1].into()),
            ],
        );
        assert_eq!(json, r#"[null,-1,0.500000,null,"a \"b\"\n","ab01"]"#);
    }
}
