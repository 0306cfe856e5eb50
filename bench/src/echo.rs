//! What this program itself could do: a load on a server that answers at once and does nothing.
//!
//! A figure of a node close to this one would be a figure of this program.

use crate::BenchError;
use crate::calls::{Call, Caller};
use crate::load::{self, Load};
use crate::subject::Subject;
use boltill::Client;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

/// As long as the answer to `invoice`.
const ANSWER_BYTES: usize = 900;

/// How many calls of `invoice` a second this program makes when nothing stands behind the socket.
pub async fn ceiling(folder: &Path, connections: usize, duration: Duration) -> Result<Load, BenchError> {
    let socket = folder.join("bench-echo");
    let _ = std::fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket).map_err(BenchError::Echo)?;
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    let subject = Subject {
        name: "echo",
        node: Client::new(&socket),
        payee: None,
    };
    let callers = Caller::several(&subject.node, Call::Invoice, connections, &Arc::default()).await?;
    let load = load::run(&subject, callers, duration).await;
    server.abort();
    let _ = std::fs::remove_file(&socket);
    load
}

/// Answers each request as soon as it is there. This program writes one at a time, and each ends with its outermost brace.
async fn answer(stream: UnixStream) -> std::io::Result<()> {
    let filler = "x".repeat(ANSWER_BYTES);
    let answer = format!("{{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{{\"filler\":\"{filler}\"}}}}\n\n");
    let mut stream = BufReader::new(stream);
    let mut request = Vec::new();
    loop {
        request.clear();
        // The parameters' brace, and then the request's own.
        if stream.read_until(b'}', &mut request).await? == 0 {
            return Ok(());
        }
        stream.read_u8().await?;
        stream.write_all(answer.as_bytes()).await?;
    }
}
