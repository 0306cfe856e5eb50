//! What a client is told without an answer: what its running commands do, and what happens to invoices.
//!
//! Both only on a connection whose client has asked for it by the command `notifications`. What is told of a command is passed on while
//! it runs and before its answer; of that a client that reads nothing gets no more than [`WAITING`] notices, and no command waits for
//! it. Notices of invoices ([`Topic`]) come in order and none is left out, as long as the connection lasts.

use super::request::RequestId;
use boltill_till::Events;
use serde_json::json;
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, watch};

/// How many notices of a command may wait for its client; further ones are dropped.
const WAITING: usize = 64;

/// Something that happens whatever commands run, by the name that Core Lightning's plugins know it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// An invoice was made.
    InvoiceCreation,
    /// An invoice was paid.
    InvoicePayment,
}

impl Topic {
    /// The name, which is also the method of the notification.
    pub fn name(self) -> &'static str {
        match self {
            Topic::InvoiceCreation => "invoice_creation",
            Topic::InvoicePayment => "invoice_payment",
        }
    }
}

/// What the client of one connection wants to be told.
#[derive(Default)]
pub struct Wishes {
    of_commands: AtomicBool,
    topics: watch::Sender<Vec<Topic>>,
    /// From where on the topics are told, until the connection takes it.
    events: Mutex<Option<Events>>,
    following: AtomicBool,
}

impl Wishes {
    /// Whether to tell what commands do, from the next one on.
    pub fn of_commands(&self, wanted: bool) {
        self.of_commands.store(wanted, Ordering::Relaxed);
    }

    /// Which topics to tell of. `begin` gives the events from now on, and is asked for them once.
    ///
    /// # Errors
    /// Those of `begin`.
    pub fn of_topics<E>(
        &self,
        topics: Vec<Topic>,
        begin: impl FnOnce() -> Result<Events, E>,
    ) -> Result<(), E> {
        if !topics.is_empty() && !self.following.load(Ordering::Relaxed) {
            let events = begin()?;
            *self.events.lock().unwrap_or_else(PoisonError::into_inner) = Some(events);
            self.following.store(true, Ordering::Relaxed);
        }
        self.topics.send_replace(topics);
        Ok(())
    }

    /// The topics, and their changes.
    pub(super) fn topics(&self) -> watch::Receiver<Vec<Topic>> {
        self.topics.subscribe()
    }

    /// The events from which the topics are told.
    pub(super) fn take_events(&self) -> Option<Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Who has called a command.
#[derive(Clone, Default)]
pub struct Caller {
    /// What it may wish; `None` where nothing can be told, as over HTTP.
    pub wishes: Option<Arc<Wishes>>,
    notices: Option<Notices>,
}

#[derive(Clone)]
struct Notices {
    id: RequestId,
    queue: mpsc::Sender<String>,
}

/// How important a notice is, in the words of Core Lightning's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// What a developer wants to know.
    Debug,
    /// What whoever waits wants to know.
    Info,
    /// What does not happen in a good world.
    Unusual,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Unusual => "unusual",
        }
    }
}

impl Caller {
    /// The client of a connection, with a request of that id, and its notices if it wants any.
    pub(super) fn of(wishes: &Arc<Wishes>, id: &RequestId) -> (Caller, Option<mpsc::Receiver<String>>) {
        let wanted = wishes.of_commands.load(Ordering::Relaxed);
        let (queue, notices) = wanted.then(|| mpsc::channel(WAITING)).unzip();
        let caller = Caller {
            wishes: Some(Arc::clone(wishes)),
            notices: queue.map(|queue| Notices {
                id: id.clone(),
                queue,
            }),
        };
        (caller, notices)
    }

    /// Says something, if anybody listens.
    pub fn tell(&self, level: Level, words: impl Display) {
        if let Some(notices) = &self.notices {
            let params = json!({ "level": level.name(), "message": words.to_string() });
            notices.send("message", &params);
        }
    }

    /// Says how far it is: `number` counts from 0 and stays below `total`.
    pub fn progress(&self, number: u32, total: u32) {
        if let Some(notices) = &self.notices {
            notices.send("progress", &json!({ "num": number, "total": total }));
        }
    }
}

impl Notices {
    fn send(&self, method: &str, params: &serde_json::Value) {
        let params = params.to_string();
        // An id is JSON already, and an object is never empty here.
        let rest = params.trim_start_matches('{');
        let text = format!(
            r#"{{"jsonrpc":"2.0","method":"{method}","params":{{"id":{},{rest}}}"#,
            self.id.as_json()
        );
        let _ = self.queue.try_send(text);
    }
}

#[cfg(test)]
mod tests {
    use super::super::request;
    use super::*;
    use serde_json::Value;

    #[test]
    fn a_notice_names_its_request_and_is_only_made_where_it_is_wanted() {
        let text = br#"{"jsonrpc":"2.0","id":"a\"1","method":"m","params":[]}"#;
        let (id, wishes) = (request::read(text).unwrap().id, Arc::new(Wishes::default()));
        let (caller, notices) = Caller::of(&wishes, &id);
        caller.tell(Level::Info, "nobody hears");
        assert!(notices.is_none());

        wishes.of_commands(true);
        let (caller, notices) = Caller::of(&wishes, &id);
        let mut notices = notices.unwrap();
        caller.tell(Level::Unusual, "say \"no\"");
        caller.progress(0, 3);
        let mut next = || serde_json::from_str::<Value>(&notices.try_recv().unwrap()).unwrap();
        let params = json!({ "id": "a\"1", "level": "unusual", "message": "say \"no\"" });
        assert_eq!(
            next(),
            json!({ "jsonrpc": "2.0", "method": "message", "params": params })
        );
        let params = json!({ "id": "a\"1", "num": 0, "total": 3 });
        assert_eq!(
            next(),
            json!({ "jsonrpc": "2.0", "method": "progress", "params": params })
        );
        for _ in 0..2 * WAITING {
            caller.tell(Level::Info, "never waits");
        }
    }
}
