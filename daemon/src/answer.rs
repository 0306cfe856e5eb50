//! What a command answers: a whole value, or rows that are made page by page while they are sent.

use crate::error::RpcError;
use serde::Serialize;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// What a command ends with.
pub type Outcome = Result<Answer, RpcError>;

/// The `result` of a command.
#[derive(Debug)]
pub enum Answer {
    /// All of it, already written as JSON.
    Whole(String),
    /// An object of one array that is too long to be in memory at once.
    Rows(Rows),
}

impl Answer {
    /// Writes a value as JSON.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Outcome {
        Ok(Answer::Whole(serde_json::to_string(value)?))
    }

    /// Answers `{"name": [rows...]}`, asking for a page only when the client has taken the one before it.
    ///
    /// `next` turns a position into the page there and the position behind it, or `None` at the end. Whatever it
    /// waits for is dropped when the client hangs up.
    pub fn rows<S, F, Fut>(name: &'static str, start: S, next: F) -> Outcome
    where
        S: Send + 'static,
        F: FnMut(S) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Option<(Page, S)>, RpcError>> + Send + 'static,
    {
        let source = Box::new(Unfold {
            position: Some(start),
            next,
        });
        Ok(Answer::Rows(Rows { name, source }))
    }
}

/// An array that is made page by page.
pub struct Rows {
    name: &'static str,
    source: Box<dyn Source>,
}

impl Rows {
    /// The member of the answer that holds the array.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The next page, or `None` when there is no more.
    pub async fn next_page(&mut self) -> Result<Option<Page>, RpcError> {
        self.source.next_page().await
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rows({})", self.name)
    }
}

/// Some rows of an array: JSON values with commas between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page(String);

impl Page {
    /// Writes rows as JSON.
    pub fn of<T: Serialize>(rows: impl IntoIterator<Item = T>) -> Result<Page, RpcError> {
        let mut json = Vec::new();
        for row in rows {
            if !json.is_empty() {
                json.push(b',');
            }
            serde_json::to_writer(&mut json, &row)?;
        }
        // serde_json writes nothing but UTF-8.
        Ok(Page(String::from_utf8(json).unwrap_or_default()))
    }

    /// The rows, without brackets around them.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// Whether there is no row in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

type NextPage<'a> = Pin<Box<dyn Future<Output = Result<Option<Page>, RpcError>> + Send + 'a>>;

trait Source: Send {
    fn next_page(&mut self) -> NextPage<'_>;
}

struct Unfold<S, F> {
    /// `None` behind the last page.
    position: Option<S>,
    next: F,
}

impl<S, F, Fut> Source for Unfold<S, F>
where
    S: Send,
    F: FnMut(S) -> Fut + Send,
    Fut: Future<Output = Result<Option<(Page, S)>, RpcError>> + Send,
{
    fn next_page(&mut self) -> NextPage<'_> {
        Box::pin(async move {
            let Some(here) = self.position.take() else {
                return Ok(None);
            };
            let Some((page, there)) = (self.next)(here).await? else {
                return Ok(None);
            };
            self.position = Some(there);
            Ok(Some(page))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rows_come_page_by_page_until_there_are_no_more() {
        let outcome = Answer::rows("numbers", 0u32, async |at| match at {
            0..4 => Ok(Some((Page::of([at, at + 1])?, at + 2))),
            _ => Ok(None),
        });
        let Ok(Answer::Rows(mut rows)) = outcome else {
            panic!("not rows")
        };
        let mut pages = Vec::new();
        while let Some(page) = rows.next_page().await.unwrap() {
            pages.push(page.as_json().to_owned());
        }
        assert_eq!(pages, ["0,1", "2,3"]);
        assert_eq!(rows.next_page().await.unwrap(), None, "and the end stays the end");
    }
}
