//! Answers on their way out: one JSON object each, and an empty line.

use super::filter::{Filter, WARNING};
use super::request::RequestId;
use crate::answer::{Answer, Outcome, Page, Rows};
use crate::error::RpcError;
use serde_json::Value;
use std::io;
use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};

/// What Core Lightning puts behind every answer, and clients look for.
const END: &str = "\n\n";

/// How much of a list is gathered before it is written: some clients take a short answer that comes in two pieces for none.
const PIECE: usize = 64 * 1024;

/// An answer of which the beginning is known: whatever can still fail before it is sent has been tried.
pub struct Response {
    id: RequestId,
    body: Body,
}

enum Body {
    Error(RpcError),
    Whole(String),
    Rows {
        rows: Rows,
        first: Option<Page>,
        filter: Filter,
    },
}

impl Response {
    /// Applies the filter, and makes the first page of rows, so that an error there is still an error answer.
    pub async fn prepare(id: RequestId, outcome: Outcome, filter: Option<Filter>) -> Response {
        let body = match outcome {
            Err(error) => Body::Error(error),
            Ok(Answer::Whole(json)) => whole(json, filter),
            Ok(Answer::Rows(rows)) => first_page(rows, filter).await,
        };
        Response { id, body }
    }

    /// Sends it. Fails when the client is gone, or when rows fail after the first page; then the connection is of no
    /// further use, since half an answer is on it.
    pub async fn send<W: AsyncWrite + Unpin>(self, out: &mut W) -> io::Result<()> {
        let head = format!(r#"{{"jsonrpc":"2.0","id":{},"#, self.id.as_json());
        match self.body {
            Body::Error(error) => {
                let error = serde_json::to_string(&error)?;
                out.write_all(format!(r#"{head}"error":{error}}}{END}"#).as_bytes())
                    .await
            }
            Body::Whole(result) => {
                out.write_all(format!(r#"{head}"result":{result}}}{END}"#).as_bytes())
                    .await
            }
            Body::Rows { rows, first, filter } => {
                let mut out = BufWriter::with_capacity(PIECE, out);
                out.write_all(format!(r#"{head}"result":{{"{}":["#, rows.name()).as_bytes())
                    .await?;
                let misfit = send_rows(&mut out, rows, first, &filter).await?;
                let warning = match misfit {
                    Some(path) => format!(r#","{WARNING}":{}"#, serde_json::to_string(&path)?),
                    None => String::new(),
                };
                out.write_all(format!("]{warning}}}}}{END}").as_bytes()).await?;
                out.flush().await
            }
        }
    }
}

fn whole(json: String, filter: Option<Filter>) -> Body {
    let Some(filter) = filter else {
        return Body::Whole(json);
    };
    match serde_json::from_str(&json) {
        Ok(answer) => Body::Whole(filter.apply(answer).to_string()),
        Err(error) => Body::Error(error.into()),
    }
}

async fn first_page(mut rows: Rows, filter: Option<Filter>) -> Body {
    let filter = filter.unwrap_or(Filter::All);
    let of_row = match filter.member(rows.name()) {
        None => return Body::Whole("{}".to_owned()),
        Some(Filter::All) => Filter::All,
        Some(Filter::Each(of_row)) => (**of_row).clone(),
        Some(Filter::Members(_)) => {
            let warning = serde_json::json!({ WARNING: format!(".{} is an array", rows.name()) });
            return Body::Whole(warning.to_string());
        }
    };
    match rows.next_page().await {
        Ok(first) => Body::Rows {
            rows,
            first,
            filter: of_row,
        },
        Err(error) => Body::Error(error),
    }
}

/// Sends page after page, and tells where the filter did not fit.
async fn send_rows<W: AsyncWrite + Unpin>(
    out: &mut W,
    mut rows: Rows,
    first: Option<Page>,
    filter: &Filter,
) -> io::Result<Option<String>> {
    let (mut page, mut any, mut misfit) = (first, false, None);
    while let Some(this) = page {
        let this = if *filter == Filter::All {
            this
        } else {
            filtered(this, filter, &mut misfit)?
        };
        if !this.is_empty() {
            if any {
                out.write_all(b",").await?;
            }
            out.write_all(this.as_json().as_bytes()).await?;
            any = true;
        }
        page = rows.next_page().await.map_err(io::Error::other)?;
    }
    Ok(misfit.map(|path| format!(".{}[]{path}", rows.name())))
}

fn filtered(page: Page, filter: &Filter, misfit: &mut Option<String>) -> io::Result<Page> {
    let rows: Vec<Value> = serde_json::from_str(&format!("[{}]", page.as_json()))?;
    let kept = rows.into_iter().filter_map(|row| filter.keep(row, misfit));
    Page::of(kept).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::super::request;
    use super::*;
    use crate::error::Code;
    use serde_json::json;

    fn numbers(pages: u32) -> Outcome {
        Answer::rows("numbers", 0u32, move |at| async move {
            match at {
                _ if at == pages => Ok(None),
                13 => Err(RpcError::failed(Code::Unspecified, "the disk failed")),
                _ => Ok(Some((Page::of([json!({"n": at, "even": at % 2 == 0})])?, at + 1))),
            }
        })
    }

    async fn sent(outcome: Outcome, filter: &str) -> Result<String, io::Error> {
        let request = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":[]{filter}}}"#);
        let request = request::read(request.as_bytes()).unwrap();
        let mut out = Vec::new();
        Response::prepare(request.id, outcome, request.filter)
            .await
            .send(&mut out)
            .await?;
        let out = String::from_utf8(out).unwrap();
        let result = out
            .strip_prefix(r#"{"jsonrpc":"2.0","id":1,"#)
            .and_then(|out| out.strip_suffix("}\n\n"));
        Ok(result.unwrap().to_owned())
    }

    #[tokio::test]
    async fn rows_are_one_array_whatever_the_pages() {
        assert_eq!(sent(numbers(0), "").await.unwrap(), r#""result":{"numbers":[]}"#);
        assert_eq!(
            sent(numbers(2), "").await.unwrap(),
            r#""result":{"numbers":[{"n":0,"even":true},{"n":1,"even":false}]}"#
        );
    }

    #[tokio::test]
    async fn a_filter_is_applied_to_each_row() {
        let only_n = r#","filter":{"numbers":[{"n":true}]}"#;
        assert_eq!(
            sent(numbers(2), only_n).await.unwrap(),
            r#""result":{"numbers":[{"n":0},{"n":1}]}"#
        );
        assert_eq!(
            sent(numbers(2), r#","filter":{"other":true}"#).await.unwrap(),
            r#""result":{}"#
        );
        assert_eq!(
            sent(numbers(2), r#","filter":{"numbers":{"n":true}}"#)
                .await
                .unwrap(),
            r#""result":{"warning_parameter_filter":".numbers is an array"}"#
        );
        assert_eq!(
            sent(numbers(1), r#","filter":{"numbers":[[true]]}"#)
                .await
                .unwrap(),
            r#""result":{"numbers":[],"warning_parameter_filter":".numbers[] is an object"}"#
        );
    }

    #[tokio::test]
    async fn rows_that_fail_at_once_are_an_error_and_later_they_break_the_connection() {
        let at_once = Answer::rows("numbers", (), |()| async {
            Err(RpcError::failed(Code::Unspecified, "no"))
        });
        assert_eq!(
            sent(at_once, "").await.unwrap(),
            r#""error":{"code":-1,"message":"no"}"#
        );
        assert!(sent(numbers(20), "").await.is_err());
    }
}
