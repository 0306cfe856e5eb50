//! Calls over the daemon's socket.

use crate::socket;
use crate::wire::{self, CallError, Message, Request};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

/// Calls a daemon, each call over a connection of its own, so any number may run at the same time.
///
/// Cheap to clone. A call has no time limit, for some wait as long as they are asked to; dropping the future hangs up.
#[derive(Clone, Debug)]
pub struct Client {
    socket: PathBuf,
}

impl Client {
    /// A client of the daemon that listens at `socket`. Nothing is opened yet.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self {
            socket: socket.into(),
        }
    }

    /// The socket that is called.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// A connection to keep, for many calls one after another.
    pub async fn connect(&self) -> Result<Connection, CallError> {
        Connection::open(&self.socket).await
    }

    /// Runs `method` with `params` (an object or an array) and gives its result.
    pub async fn call(&self, method: &str, params: impl Serialize) -> Result<Value, CallError> {
        self.connect().await?.call(method, params).await
    }
}

/// One open connection to a daemon.
///
/// [`call`](Self::call) is all that most users need. [`send`](Self::send) and [`receive`](Self::receive) write several requests before
/// they read the answers, and [`write`](Self::write) sends any bytes, for those who test a daemon's manners.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<UnixStream>,
    /// The part of the next message that has arrived.
    unread: Vec<u8>,
    /// How many requests were sent: the next one's id.
    sent: u64,
}

impl Connection {
    /// Connects to the socket at this path.
    pub async fn open(socket: &Path) -> Result<Self, CallError> {
        match socket::connect(socket).await {
            Ok(stream) => Ok(Self {
                stream: BufReader::new(stream),
                unread: Vec::new(),
                sent: 0,
            }),
            Err(source) => Err(CallError::Unreachable {
                socket: socket.to_owned(),
                source,
            }),
        }
    }

    /// Runs `method` with `params` and gives its result, passing over notifications and answers to other requests.
    pub async fn call(&mut self, method: &str, params: impl Serialize) -> Result<Value, CallError> {
        let ours = self.send(method, params, None).await?;
        loop {
            match self.receive().await? {
                // An unreadable request is answered without an id, and it can only be ours.
                Message::Answer { id, answer } if id == *ours || id.is_null() => return answer.into_value(),
                _ => {}
            }
        }
    }

    /// Sends a request and returns its id, without waiting for the answer.
    ///
    /// `filter` has the shape of the result, with true for each field that is wanted.
    pub async fn send(
        &mut self,
        method: &str,
        params: impl Serialize,
        filter: Option<&RawValue>,
    ) -> Result<String, CallError> {
        self.sent += 1;
        let id = format!("boltill:{method}#{}", self.sent);
        let request = Request {
            jsonrpc: "2.0",
            id: &id,
            method,
            params,
            filter,
        };
        let text = serde_json::to_vec(&request).map_err(CallError::Params)?;
        self.write(&text).await?;
        Ok(id)
    }

    /// Waits for the next message: an answer or a notification.
    pub async fn receive(&mut self) -> Result<Message, CallError> {
        let text = self.read().await?;
        wire::parse(&text)
    }

    /// Sends bytes as they are.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), CallError> {
        Ok(self.stream.write_all(bytes).await?)
    }

    /// Tells the daemon that nothing more will be sent; answers can still be read.
    pub async fn finish(&mut self) -> Result<(), CallError> {
        Ok(self.stream.shutdown().await?)
    }

    /// The next message as it was written, without the empty line that ends it.
    ///
    /// When the future is dropped, what has arrived so far is kept for the next read.
    pub async fn read(&mut self) -> Result<Vec<u8>, CallError> {
        loop {
            let count = self.stream.read_until(b'\n', &mut self.unread).await?;
            let closed = count == 0;
            // JSON has no line break inside a string, so an empty line is never part of a message.
            if closed || self.unread.ends_with(b"\n\n") || self.unread == b"\n" {
                let mut text = std::mem::take(&mut self.unread);
                text.truncate(text.trim_ascii_end().len());
                match (text.is_empty(), closed) {
                    (false, _) => return Ok(text),
                    (true, true) => return Err(CallError::Closed),
                    (true, false) => {}
                }
            }
        }
    }
}
