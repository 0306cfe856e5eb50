//! One client.

use super::dispatch;
use super::filter::Filter;
use super::notify::{Caller, Topic, Wishes};
use super::request::{self, BadRequest, Request, RequestId};
use super::response::Response;
use super::scanner::{ScanError, Scanner};
use super::topics;
use crate::answer::Outcome;
use crate::commands::{NOTIFICATIONS, OnHangUp, Running};
use crate::context::Context;
use crate::error::RpcError;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWriteExt, Interest, ReadBuf};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The longest request, in bytes.
pub const MAX_REQUEST: usize = 8 << 20;
/// How many requests of one client run side by side; further ones wait in the socket.
const MAX_IN_FLIGHT: usize = 128;
/// How much is read at once.
const READ_SIZE: usize = 16 << 10;
/// How long a client that has lost its place may go on sending, and wait for what it asked for before.
const LINGER: Duration = Duration::from_secs(2);
/// How often a client that only sends nothing more is asked whether it still listens.
const STILL_THERE: Duration = Duration::from_secs(1);

/// Serves a client until it hangs up, loses its place, or the daemon stops; then waits for what is still running.
pub async fn serve(stream: UnixStream, context: Arc<Context>) {
    let (mut reader, writer) = stream.into_split();
    let connection = Connection {
        context,
        writer: Arc::new(Mutex::new(writer)),
        in_flight: Arc::new(Semaphore::new(MAX_IN_FLIGHT)),
        hung_up: CancellationToken::new(),
        wishes: Arc::default(),
        running: TaskTracker::new(),
    };
    connection.read_requests(&mut reader).await;
    connection.finish(&reader).await;
}

struct Connection {
    context: Arc<Context>,
    /// Held for the length of an answer, so that each is whole.
    writer: Arc<Mutex<OwnedWriteHalf>>,
    in_flight: Arc<Semaphore>,
    /// The client is gone, and what only it waited for is dropped.
    hung_up: CancellationToken,
    /// What the client wants to be told.
    wishes: Arc<Wishes>,
    running: TaskTracker,
}

impl Connection {
    async fn read_requests(&self, reader: &mut OwnedReadHalf) {
        let (mut buffer, mut scanner) = (Vec::new(), Scanner::default());
        let (mut topics, mut telling) = (self.wishes.topics(), false);
        loop {
            let read = tokio::select! {
                biased;
                () = self.context.shutdown.cancelled() => return,
                wanted = first(&mut topics), if !telling => {
                    telling = true;
                    self.tell_topics(wanted);
                    continue;
                }
                read = read_some(reader, &mut buffer) => read,
            };
            if !matches!(read, Ok(1..)) {
                return;
            }
            if !self.take_requests(reader, &mut buffer, &mut scanner).await {
                return;
            }
        }
    }

    /// Starts every request that is whole in the buffer; `false` when nothing more can be read.
    async fn take_requests(
        &self,
        reader: &mut OwnedReadHalf,
        buffer: &mut Vec<u8>,
        scanner: &mut Scanner,
    ) -> bool {
        let mut taken = 0;
        loop {
            match scanner.scan(&buffer[taken..]) {
                Ok(Some(length)) if length <= MAX_REQUEST => {
                    let Some(permit) = self.permit(reader).await else {
                        return false;
                    };
                    let request = &buffer[taken..taken + length];
                    if !self.take_request(reader, request, permit).await {
                        return false;
                    }
                    taken += length;
                }
                Ok(None) if buffer.len() - taken <= MAX_REQUEST => break,
                Ok(_) => return self.lose(reader, too_long()).await,
                Err(error) => return self.lose(reader, not_json(error)).await,
            }
        }
        buffer.drain(..taken);
        if !scanner.is_inside() {
            // An idle client costs no memory to speak of, and neither does one that has sent a long request.
            *buffer = Vec::new();
            *scanner = Scanner::default();
        }
        true
    }

    /// Waits until one more request may run; `None` when the client has gone or the daemon stops.
    async fn permit(&self, reader: &OwnedReadHalf) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            permit = self.in_flight.clone().acquire_owned() => permit.ok(),
            () = self.context.shutdown.cancelled() => None,
            () = hung_up(reader) => None,
        }
    }

    /// Starts one request; `false` when it is no JSON.
    async fn take_request(
        &self,
        reader: &mut OwnedReadHalf,
        bytes: &[u8],
        permit: OwnedSemaphorePermit,
    ) -> bool {
        match request::read(bytes) {
            Ok(Request {
                id,
                method,
                params,
                filter,
            }) => {
                tracing::debug!(%method, "request");
                let (caller, notices) = Caller::of(&self.wishes, &id);
                match dispatch::start(&self.context, caller, &method, params) {
                    // The request behind it may count on it already.
                    Ok((running, _)) if method == NOTIFICATIONS => self.answer(id, running.await).await,
                    Ok((running, on_hang_up)) => {
                        let running = Told {
                            running,
                            on_hang_up,
                            notices,
                        };
                        self.run(id, running, filter, permit);
                    }
                    Err(error) => self.answer(id, Err(error)).await,
                }
                true
            }
            Err(BadRequest {
                lost: true, error, ..
            }) => self.lose(reader, error).await,
            Err(BadRequest {
                id,
                error,
                lost: false,
            }) => {
                self.answer(id, Err(error)).await;
                true
            }
        }
    }

    fn run(&self, id: RequestId, told: Told, filter: Option<Filter>, permit: OwnedSemaphorePermit) {
        let (writer, hung_up) = (self.writer.clone(), self.hung_up.clone());
        let stopping = self.context.shutdown.clone();
        self.running.spawn(async move {
            let Told {
                running,
                on_hang_up,
                notices,
            } = told;
            let ended = CancellationToken::new();
            let outcome = async {
                let outcome = match on_hang_up {
                    OnHangUp::Finish => Some(running.await),
                    OnHangUp::Drop => tokio::select! {
                        biased;
                        outcome = running => Some(outcome),
                        () = hung_up.cancelled() => None,
                        () = stopping.cancelled() => Some(Err(RpcError::ShuttingDown)),
                    },
                };
                ended.cancel();
                outcome
            };
            // Side by side, so that no command waits for a client to read; and each notice is whole.
            let (outcome, ()) = tokio::join!(outcome, tell(notices, &writer, &ended));
            let Some(outcome) = outcome else { return };
            send(&writer, Response::prepare(id, outcome, filter).await).await;
            drop(permit);
        });
    }

    /// Tells the client of what it wants to know, until it is gone or the daemon stops.
    fn tell_topics(&self, wanted: watch::Receiver<Vec<Topic>>) {
        let (hung_up, stopping) = (self.hung_up.clone(), self.context.shutdown.clone());
        let Some(events) = self.wishes.take_events() else {
            return;
        };
        let telling = topics::tell(events, wanted, self.writer.clone());
        self.running.spawn(async move {
            tokio::select! {
                () = telling => {}
                () = hung_up.cancelled() => {}
                () = stopping.cancelled() => {}
            }
        });
    }

    async fn answer(&self, id: RequestId, outcome: Outcome) {
        send(&self.writer, Response::prepare(id, outcome, None).await).await;
    }

    /// Says why nothing more can be read from this client, and closes when what it asked for before is answered. What it
    /// still sends is thrown away for a while, since who closes at once breaks off the client in the middle of sending,
    /// before it has read why.
    async fn lose(&self, reader: &mut OwnedReadHalf, error: RpcError) -> bool {
        tracing::debug!(%error, "closing a connection");
        self.answer(RequestId::null(), Err(error)).await;
        self.running.close();
        let _ = tokio::time::timeout(LINGER, self.running.wait()).await;
        self.hung_up.cancel();
        let _ = self.writer.lock().await.shutdown().await;
        let _ = tokio::time::timeout(LINGER, discard(reader)).await;
        false
    }

    /// Lets what runs come to its end. A client that has only said that it sends nothing more still gets its answers.
    async fn finish(&self, reader: &OwnedReadHalf) {
        self.running.close();
        tokio::select! {
            () = self.running.wait() => {}
            () = hung_up(reader) => {
                self.hung_up.cancel();
                self.running.wait().await;
            }
        }
    }
}

/// A command under way, and what it tells of itself.
struct Told {
    running: Running,
    on_hang_up: OnHangUp,
    notices: Option<mpsc::Receiver<String>>,
}

/// Passes on what a command tells, all of it before its answer.
async fn tell(
    notices: Option<mpsc::Receiver<String>>,
    writer: &Mutex<OwnedWriteHalf>,
    ended: &CancellationToken,
) {
    let Some(mut notices) = notices else { return };
    loop {
        let notice = tokio::select! {
            biased;
            notice = notices.recv() => notice,
            () = ended.cancelled() => notices.try_recv().ok(),
        };
        let Some(notice) = notice else { return };
        let text = format!("{notice}\n\n");
        if let Err(error) = writer.lock().await.write_all(text.as_bytes()).await {
            tracing::debug!(%error, "a notification could not be sent");
            return;
        }
    }
}

/// Waits until there are topics.
async fn first(topics: &mut watch::Receiver<Vec<Topic>>) -> watch::Receiver<Vec<Topic>> {
    let any = topics.wait_for(|topics| !topics.is_empty()).await.is_ok();
    if !any {
        std::future::pending::<()>().await;
    }
    topics.clone()
}

fn too_long() -> RpcError {
    RpcError::Parse(format!("the request is longer than {MAX_REQUEST} bytes").into())
}

fn not_json(error: ScanError) -> RpcError {
    match error {
        ScanError::NotAnObject => RpcError::InvalidRequest(error.to_string().into()),
        ScanError::Unexpected(_) | ScanError::TooDeep => RpcError::Parse(error.to_string().into()),
    }
}

/// After half an answer nothing can follow, so a failure closes the connection.
async fn send(writer: &Mutex<OwnedWriteHalf>, response: Response) {
    let mut writer = writer.lock().await;
    if let Err(error) = response.send(&mut *writer).await {
        tracing::debug!(%error, "an answer could not be sent");
        let _ = writer.shutdown().await;
    }
}

/// Reads what has come, and waits only when nothing has; 0 at the end of what the client sends.
///
/// Over the stack, so that a client that is waited for holds no room; and not by `try_read_buf`, which after each read has the system say once
/// more that there is nothing else.
async fn read_some(reader: &mut OwnedReadHalf, buffer: &mut Vec<u8>) -> io::Result<usize> {
    poll_fn(|cx| {
        let mut room = [MaybeUninit::uninit(); READ_SIZE];
        let mut read = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut *reader).poll_read(cx, &mut read))?;
        buffer.extend_from_slice(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    })
    .await
}

/// Reads and forgets, until the client has sent all it wants to.
async fn discard(reader: &mut OwnedReadHalf) {
    let mut forgotten = Vec::new();
    while let Ok(1..) = read_some(reader, &mut forgotten).await {
        forgotten.clear();
    }
}

/// Waits until the client can no longer read what we send. The system tells that only to who asks.
async fn hung_up(reader: &OwnedReadHalf) {
    loop {
        match reader.ready(Interest::WRITABLE).await {
            Ok(ready) if !ready.is_write_closed() => tokio::time::sleep(STILL_THERE).await,
            Ok(_) | Err(_) => return,
        }
    }
}
