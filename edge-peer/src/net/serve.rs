//! Listening: who may connect, how long they may dawdle, and how it all ends.
//!
//! The chunk listener speaks TLS 1.3 with client certificates, the loopback API plain HTTP; both
//! are served by the same loop with the same limits.

use std::{
    collections::HashMap,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus::IntCounter;
use rustls::ServerConfig;
use swarm::content::DeviceId;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Instant, Sleep, sleep_until, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{congestion::Congestion, counted::Counted, identity::device_now};

/// Most connections of one listener.
pub const MAX_CONNECTIONS: usize = 512;
/// Most connections from one address: a NAT may hide a few PCs, not a crowd.
pub const MAX_PER_ADDRESS: usize = 64;
/// How long TLS may take.
pub const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long the first byte of the first request may take.
pub const FIRST_BYTE: Duration = Duration::from_secs(5);
/// How long the other end may take less than [`LEAST`] of what is written to it.
pub const STALL: Duration = Duration::from_secs(10);
/// What it must take within [`STALL`] while there is something to take, bytes: 8 KiB a second.
pub const LEAST: usize = 80 << 10;
/// How long a request's head may take, and how long an unused connection is kept.
pub const HEAD: Duration = Duration::from_secs(30);
/// The most rustls buffers for sending: four records. More would leave the processor's cache before
/// the system takes it: copying then costs more than encrypting.
const TLS_BUFFER: usize = 64 << 10;
/// Plain bytes read ahead of the connection: one piece of a chunk, which is then still in the
/// processor's cache when it is encrypted, and the first byte leaves as soon as the first piece is
/// read.
const BUFFERED: usize = 64 << 10;
/// The longest request head, bytes.
const MAX_HEAD: usize = 16 << 10;

/// How slow the other end may be.
#[derive(Debug, Clone, Copy)]
struct Limits {
    first_byte: Duration,
    head: Duration,
    stall: Duration,
    least: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            first_byte: FIRST_BYTE,
            head: HEAD,
            stall: STALL,
            least: LEAST,
        }
    }
}

/// What may be connected at the same time.
struct Gate {
    places: Arc<Semaphore>,
    per_address: usize,
    /// Guards the counts only.
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// A place behind the gate, given back when dropped.
struct Place {
    gate: Arc<Gate>,
    address: IpAddr,
    _permit: tokio::sync::OwnedSemaphorePermit,
}

impl Gate {
    fn new(places: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Self {
            places: Arc::new(Semaphore::new(places)),
            per_address,
            counts: Mutex::default(),
        })
    }

    fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let permit = self.places.clone().try_acquire_owned().ok()?;
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= self.per_address {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Place {
            gate: self.clone(),
            address,
            _permit: permit,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let counts = &self.gate.counts;
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// How a listener ends: first it takes no more connections and lets requests finish, then the
/// connections are cut.
#[derive(Clone)]
pub struct Ending {
    /// No more connections; those without a request close.
    pub stop: CancellationToken,
    /// Everything closes.
    pub cut: CancellationToken,
    /// Every connection's task.
    pub tasks: TaskTracker,
}

impl Ending {
    /// Nothing ends yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            stop: CancellationToken::new(),
            cut: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Lets requests finish for at most `patience`, then cuts.
    pub async fn end(&self, patience: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if timeout(patience, self.tasks.wait()).await.is_err() {
            self.cut.cancel();
            self.tasks.wait().await;
        }
    }
}

impl Default for Ending {
    fn default() -> Self {
        Self::new()
    }
}

/// Serves peers: `service` makes the service of one connection of the device that its certificate
/// names, at this address. What is sent to them is counted.
pub async fn peers<S, F>(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    congestion: Congestion,
    sent: IntCounter,
    ending: Ending,
    service: F,
) where
    F: Fn(DeviceId, Option<IpAddr>) -> S + Clone + Send + Sync + 'static,
    S: Service + Send + 'static,
    S::Future: Send,
{
    let acceptor = TlsAcceptor::from(tls);
    let (cut, stop) = (ending.cut.clone(), ending.stop.clone());
    accept(listener, ending, move |tcp| {
        let (acceptor, service) = (acceptor.clone(), service.clone());
        let (cut, stop) = (cut.clone(), stop.clone());
        congestion.apply(&tcp);
        let from = tcp.peer_addr().map(|address| address.ip()).ok();
        let tcp = Counted::new(tcp, sent.clone());
        async move {
            let limited = |tls: &mut rustls::ServerConnection| {
                tls.set_buffer_limit(Some(TLS_BUFFER));
            };
            let handshake = acceptor.accept_with(tcp, limited);
            let Ok(Ok(stream)) = timeout(HANDSHAKE, handshake).await else {
                return;
            };
            if let Some(device) = device(&stream) {
                http(
                    stream,
                    service(device, from),
                    &stop,
                    &cut,
                    Limits::default(),
                )
                .await;
            }
        }
    })
    .await;
}

/// Serves programs and pages of this PC.
pub async fn local<S>(listener: TcpListener, ending: Ending, service: S)
where
    S: Service + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    local_within(listener, ending, service, Limits::default()).await;
}

async fn local_within<S>(listener: TcpListener, ending: Ending, service: S, limits: Limits)
where
    S: Service + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let (cut, stop) = (ending.cut.clone(), ending.stop.clone());
    accept(listener, ending, move |tcp| {
        let (service, cut, stop) = (service.clone(), cut.clone(), stop.clone());
        async move { http(tcp, service, &stop, &cut, limits).await }
    })
    .await;
}

/// What answers requests.
pub trait Service:
    hyper::service::Service<
        http::Request<hyper::body::Incoming>,
        Response = http::Response<Self::Body>,
        Error = std::convert::Infallible,
    >
{
    /// The body of its answers.
    type Body: http_body::Body<Data = bytes::Bytes, Error = Self::BodyError> + Send + 'static;
    /// Why a body breaks off.
    type BodyError: Into<Box<dyn std::error::Error + Send + Sync>>;
}

impl<T, B> Service for T
where
    T: hyper::service::Service<
            http::Request<hyper::body::Incoming>,
            Response = http::Response<B>,
            Error = std::convert::Infallible,
        >,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Body = B;
    type BodyError = B::Error;
}

async fn accept<F, W>(listener: TcpListener, ending: Ending, work: F)
where
    F: Fn(TcpStream) -> W,
    W: Future<Output = ()> + Send + 'static,
{
    let gate = Gate::new(MAX_CONNECTIONS, MAX_PER_ADDRESS);
    loop {
        let accepted = tokio::select! {
            () = ending.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (tcp, from): (TcpStream, SocketAddr) = match accepted {
            Ok(accepted) => accepted,
            Err(e) => {
                // Out of file descriptors, most likely: others must close first.
                tracing::warn!(error = %e, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(place) = gate.enter(from.ip()) else {
            tracing::debug!("too many connections; one was closed");
            continue;
        };
        let _ = tcp.set_nodelay(true);
        let (serving, cut) = (work(tcp), ending.cut.clone());
        ending.tasks.spawn(async move {
            let _place = place;
            tokio::select! {
                () = cut.cancelled() => {}
                () = serving => {}
            }
        });
    }
}

async fn http<IO, S>(
    io: IO,
    service: S,
    stop: &CancellationToken,
    cut: &CancellationToken,
    limits: Limits,
) where
    IO: AsyncRead + AsyncWrite + Unpin,
    S: Service,
{
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_header_size(MAX_HEAD)
        .max_buf_size(BUFFERED)
        // Pieces go from the body to TLS as they are. (`pipeline_flush` would undo that: it gathers
        // them in one buffer, whose growing costs more than encrypting.)
        .writev(true);
    let connection =
        builder.serve_connection(TokioIo::new(Box::pin(Watched::new(io, limits))), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection => ended,
                () = cut.cancelled() => Ok(()),
            }
        }
    };
    if let Err(e) = ended {
        tracing::debug!(error = %e, "a connection ended early");
    }
}

fn device(stream: &TlsStream<Counted<TcpStream>>) -> Option<DeviceId> {
    let certificate = stream.get_ref().1.peer_certificates()?.first()?;
    match device_now(certificate, SystemTime::now()) {
        Ok(device) => Some(device),
        Err(e) => {
            tracing::warn!(error = %e, "a peer was refused");
            None
        }
    }
}

/// A stream that must not dawdle: its first byte must come soon, and what is written must leave
/// at a least rate. A silent connection costs a place, one that takes hardly anything an upload
/// slot.
struct Watched<IO> {
    io: IO,
    limits: Limits,
    first_byte: Option<Pin<Box<Sleep>>>,
    /// The end of the time in which [`LEAST`] bytes must leave; its alarm is used again and again.
    patience: Pin<Box<Sleep>>,
    /// Whether something waits to leave, and the clock runs.
    waiting: bool,
    /// What left since it runs, bytes.
    left: usize,
}

impl<IO> Watched<IO> {
    fn new(io: IO, limits: Limits) -> Self {
        let now = Instant::now();
        Self {
            io,
            limits,
            first_byte: Some(Box::pin(sleep_until(now + limits.first_byte))),
            patience: Box::pin(sleep_until(now + limits.stall)),
            waiting: false,
            left: 0,
        }
    }

    fn written(
        &mut self,
        written: Poll<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(len)) = written {
            self.left = self.left.saturating_add(len);
        }
        if written.is_pending() {
            return self.dawdles(cx).map(Err);
        }
        written
    }

    /// Whether the other end took too little while something waits for it.
    fn dawdles(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let Limits { stall, least, .. } = self.limits;
        if !self.waiting {
            self.waiting = true;
            self.left = 0;
            self.patience.as_mut().reset(Instant::now() + stall);
        }
        while self.patience.as_mut().poll(cx).is_ready() {
            if self.left < least {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.left = 0;
            self.patience.as_mut().reset(Instant::now() + stall);
        }
        Poll::Pending
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Watched<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        if read.is_ready() {
            self.first_byte = None;
        } else if let Some(patience) = &mut self.first_byte
            && patience.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Watched<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.written(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.written(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        if flushed.is_pending() {
            return self.dawdles(cx).map(Err);
        }
        // Everything left: the clock stands until something waits again.
        self.waiting = false;
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
