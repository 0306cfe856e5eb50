//! Answers that nobody has taken yet, which tell whether callers get any of the processor.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many answers are on their way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Untaken(Arc<AtomicUsize>);

/// An answer on its way to whoever asked; it counts until it is taken or thrown away.
#[derive(Debug)]
pub(crate) struct OnItsWay<T> {
    answer: T,
    _counted: Counted,
}

#[derive(Debug)]
struct Counted(Untaken);

impl Untaken {
    /// Sends an answer on its way.
    pub(crate) fn send<T>(&self, answer: T) -> OnItsWay<T> {
        self.0.fetch_add(1, Ordering::Relaxed);
        OnItsWay {
            answer,
            _counted: Counted(self.clone()),
        }
    }

    /// How many there are now.
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl<T> OnItsWay<T> {
    /// The answer has arrived.
    pub(crate) fn take(self) -> T {
        self.answer
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
