//! One client: how long it may take to speak, to send and to read.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// How long the head of a request may take, and how long a connection may be idle between two; and the greeting of TLS.
pub const HEAD_WITHIN: Duration = Duration::from_secs(15);
/// How long a client may take to read something of its answer.
const READ_WITHIN: Duration = Duration::from_secs(30);
/// The longest head of a request.
const MAX_HEAD: usize = 32 << 10;

/// Serves a client until it hangs up, takes too long, or the daemon stops.
pub async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, router: Router, shutdown: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "an HTTP client is gone already");
        return;
    }
    let Some(tls) = tls else {
        return speak(stream, router, shutdown).await;
    };
    let greeted = tokio::select! {
        biased;
        () = shutdown.cancelled() => return,
        greeted = tokio::time::timeout(HEAD_WITHIN, tls.accept(stream)) => greeted,
    };
    match greeted {
        Ok(Ok(stream)) => speak(stream, router, shutdown).await,
        Ok(Err(error)) => tracing::debug!(%error, "an HTTP client failed to greet"),
        Err(_) => tracing::debug!("an HTTP client took too long to greet"),
    }
}

async fn speak<S>(stream: S, router: Router, shutdown: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = TokioIo::new(Impatient::new(stream));
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(MAX_HEAD);
    let mut connection = pin!(builder.serve_connection(stream, TowerToHyperService::new(router)));
    let served = tokio::select! {
        biased;
        served = connection.as_mut() => served,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "an HTTP client was left");
    }
}

/// A stream that fails when the other side reads nothing for a while.
struct Impatient<S> {
    stream: S,
    deadline: Pin<Box<Sleep>>,
    waiting: bool,
}

impl<S> Impatient<S> {
    fn new(stream: S) -> Impatient<S> {
        Impatient {
            stream,
            deadline: Box::pin(tokio::time::sleep(READ_WITHIN)),
            waiting: false,
        }
    }

    /// Passes on what came of writing, unless nothing has for too long.
    fn within<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = false;
            return written;
        }
        if !self.waiting {
            self.waiting = true;
            self.deadline.as_mut().reset(Instant::now() + READ_WITHIN);
        }
        ready!(self.deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.within(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.within(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.within(cx, shut)
    }
}
