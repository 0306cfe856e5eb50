//! Named background tasks: told to stop together, waited for together, and never missed when one dies.

use std::error::Error;
use std::future::Future;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A task that the node cannot do without has ended by itself.
#[derive(Debug, thiserror::Error)]
#[error("the task '{name}' has died: {cause}")]
pub struct TaskDied {
    /// Which task.
    pub name: &'static str,
    /// Its last words.
    pub cause: String,
}

/// How a task ends when it could not do its work.
pub(crate) type TaskResult = Result<(), Box<dyn Error + Send + Sync>>;

/// A group of tasks with one life.
#[derive(Clone)]
pub(crate) struct Tasks {
    stop: CancellationToken,
    tracker: TaskTracker,
    died: mpsc::UnboundedSender<TaskDied>,
}

impl Tasks {
    /// A new group, and where the deaths of its tasks are told.
    pub(crate) fn new() -> (Tasks, mpsc::UnboundedReceiver<TaskDied>) {
        let (died, deaths) = mpsc::unbounded_channel();
        (
            Tasks {
                stop: CancellationToken::new(),
                tracker: TaskTracker::new(),
                died,
            },
            deaths,
        )
    }

    /// Another group with a life of its own, whose deaths are told at the same place.
    pub(crate) fn sibling(&self) -> Tasks {
        Tasks {
            stop: CancellationToken::new(),
            tracker: TaskTracker::new(),
            died: self.died.clone(),
        }
    }

    /// Runs a task whose end before [`stop`](Tasks::stop) means that the node must end.
    pub(crate) fn spawn(&self, name: &'static str, work: impl Future<Output = TaskResult> + Send + 'static) {
        let Tasks { stop, died, tracker } = self.clone();
        let work = tracker.spawn(work);
        tracker.spawn(async move {
            let cause = match work.await {
                Ok(Ok(())) if stop.is_cancelled() => return,
                Ok(Ok(())) => "it ended".to_owned(),
                Ok(Err(error)) => error.to_string(),
                Err(panic) => panic.to_string(),
            };
            tracing::error!("the task '{name}' has died: {cause}");
            // Nobody listens any more only when the whole node is going down.
            let _ = died.send(TaskDied { name, cause });
        });
    }

    /// Runs a short errand that is dropped when the node stops.
    pub(crate) fn spawn_errand(&self, errand: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            tokio::select! {
                () = errand => {}
                () = stop.cancelled() => {}
            }
        });
    }

    /// Resolves when the tasks are to end.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Tells the tasks to end, and waits until they have.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}
