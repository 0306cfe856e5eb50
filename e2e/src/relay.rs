//! A socket between a client and a daemon, at which every answer is looked at before the client has it.

use crate::Node;
use crate::answers::Answers;
use serde_json::{Deserializer, Value};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

/// A socket that leads to a daemon's; gone when it is dropped.
#[derive(Debug)]
pub struct Relay {
    socket: PathBuf,
    task: JoinHandle<()>,
}

/// One connection: the methods that were asked for, by the request's id.
struct Connection {
    node: String,
    answers: Answers,
    asked: Mutex<HashMap<String, Asked>>,
}

struct Asked {
    method: String,
    /// Whether only a part of the answer was asked for, which no schema fits.
    in_part: bool,
}

impl Relay {
    /// Listens in the node's folder.
    pub fn start(node: &Node, answers: Answers) -> Relay {
        let socket = node.directory().join("relay");
        let listener = UnixListener::bind(&socket).expect("a socket in the node's folder");
        let (name, daemon) = (node.name().to_owned(), node.client().socket().to_owned());
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let connection = Connection {
                    node: name.clone(),
                    answers: answers.clone(),
                    asked: Mutex::default(),
                };
                tokio::spawn(join(client, daemon.clone(), connection));
            }
        });
        Relay { socket, task }
    }

    /// Where it listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Carries everything between a client and the daemon until both have hung up.
async fn join(client: UnixStream, daemon: PathBuf, connection: Connection) {
    let Ok(daemon) = UnixStream::connect(daemon).await else {
        return;
    };
    let connection = Arc::new(connection);
    let (from_client, to_client) = client.into_split();
    let (from_daemon, to_daemon) = daemon.into_split();
    let requests = carry(from_client, to_daemon, |request| connection.asked(request));
    let answers = carry(from_daemon, to_client, |answer| connection.answered(answer));
    tokio::join!(requests, answers);
}

/// Carries one direction, and shows each JSON text to `look` before its end is passed on.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, look: impl Fn(&Value)) {
    let (mut piece, mut unread) = (vec![0; 1 << 16], Vec::new());
    loop {
        let length = from.read(&mut piece).await.unwrap_or(0);
        if length == 0 {
            let _ = to.shutdown().await;
            return;
        }
        unread.extend_from_slice(&piece[..length]);
        let mut texts = Deserializer::from_slice(&unread).into_iter::<Value>();
        while let Some(Ok(text)) = texts.next() {
            look(&text);
        }
        let read = texts.byte_offset();
        unread.drain(..read);
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

impl Connection {
    fn asked(&self, request: &Value) {
        let asked = Asked {
            method: request["method"].as_str().unwrap_or_default().to_owned(),
            in_part: request.get("filter").is_some(),
        };
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(request["id"].to_string(), asked);
    }

    fn answered(&self, answer: &Value) {
        let Some(id) = answer.get("id") else {
            return; // A notification.
        };
        let asked = self
            .asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&id.to_string());
        let Some(Asked { method, in_part }) = asked else {
            return self
                .answers
                .found(format!("{}: nobody asked for {answer}", self.node));
        };
        match (answer.get("result"), answer.get("error")) {
            (Some(_), None) if in_part => {}
            (Some(result), None) => self.answers.look_at(&self.node, &method, result),
            (None, Some(error)) => self.answers.look_at_error(&self.node, &method, error),
            _ => self.answers.found(format!(
                "{}: {method}: neither result nor error: {answer}",
                self.node
            )),
        }
    }
}
