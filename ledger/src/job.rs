//! One write on its way through the writer: what to do, what came of it, and who waits for the answer.

use crate::error::LedgerError;
use crate::untaken::OnItsWay;
use crate::writer::WriteTx;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::sync::oneshot;

/// The answer to a write, which comes when the write is durable.
///
/// The write was put in order when the method that returned this was called, and happens even if this is dropped.
#[derive(Debug)]
#[must_use = "without awaiting it nobody learns whether the write was refused"]
pub struct Durable<T, E> {
    answer: oneshot::Receiver<OnItsWay<Result<T, E>>>,
}

impl<T, E> Durable<T, E> {
    pub(crate) fn new(answer: oneshot::Receiver<OnItsWay<Result<T, E>>>) -> Durable<T, E> {
        Durable { answer }
    }
}

impl<T, E: From<LedgerError>> Future for Durable<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        let answer = ready!(Pin::new(&mut self.answer).poll(cx));
        Poll::Ready(match answer {
            Ok(answer) => answer.take(),
            Err(_) => Err(LedgerError::Closed.into()),
        })
    }
}

/// What a write did to the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It succeeded; what it wrote is to be kept.
    Done,
    /// It was refused or failed; what it may have written is to be undone.
    Refused,
}

/// A write, whatever its types.
pub(crate) trait Job: Send {
    /// Whether a refusal may leave something behind that is to be undone.
    fn may_be_half_done(&self) -> bool;
    /// Does the write within the transaction, and keeps the result for later.
    fn run(&mut self, tx: &mut WriteTx<'_>) -> Outcome;
    /// Tells whoever waits: the result of `run` when `fate` is `Ok`, otherwise why the transaction came to nothing.
    fn answer(self: Box<Self>, fate: Result<(), LedgerError>);
}

/// A write made of a closure, with another closure to take the answer.
pub(crate) struct Write<F, A, T, E> {
    operation: Option<F>,
    result: Option<Result<T, E>>,
    answer: A,
    steps: Steps,
}

/// How often a write changes the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steps {
    /// With one statement at most, behind which nothing is refused any more.
    One,
    /// With any number, so that it may fail between two.
    Many,
}

impl<F, A, T, E> Write<F, A, T, E> {
    pub(crate) fn new(steps: Steps, operation: F, answer: A) -> Write<F, A, T, E> {
        Write {
            steps,
            operation: Some(operation),
            result: None,
            answer,
        }
    }
}

impl<F, A, T, E> Job for Write<F, A, T, E>
where
    F: FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send,
    A: FnOnce(Result<T, E>) + Send,
    T: Send,
    E: From<LedgerError> + Send,
{
    fn may_be_half_done(&self) -> bool {
        self.steps == Steps::Many
    }

    fn run(&mut self, tx: &mut WriteTx<'_>) -> Outcome {
        let Some(operation) = self.operation.take() else {
            return Outcome::Refused;
        };
        // Whatever the closure left half done in the transaction is rolled back, so nothing broken is seen afterwards.
        let result = catch_unwind(AssertUnwindSafe(|| operation(tx)))
            .unwrap_or_else(|_| Err(LedgerError::Panicked.into()));
        let outcome = match result {
            Ok(_) => Outcome::Done,
            Err(_) => Outcome::Refused,
        };
        self.result = Some(result);
        outcome
    }

    fn answer(self: Box<Self>, fate: Result<(), LedgerError>) {
        let result = match (fate, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(LedgerError::Closed.into()),
            (Err(error), _) => Err(error.into()),
        };
        (self.answer)(result);
    }
}
