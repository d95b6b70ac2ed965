//! The accept loop of the HTTP listeners: bounded connections, bounded patience, graceful end.

mod patient;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use self::patient::Patient;
use crate::device::identity;
use swarm::content::DeviceId;

/// TLS bytes buffered for one connection. Above 256 KiB allocators fault pages for every buffer;
/// below, records are flushed one by one.
const TLS_BUFFER_BYTES: usize = 256 << 10;

/// How long to wait when the process has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a far end may read nothing of what is written to it.
const WRITE_STALL_MAX: Duration = Duration::from_secs(30);

/// Who is at the other end of a request's connection; an extension of every request.
#[derive(Clone, Copy, Debug)]
pub struct Remote {
    /// Its address.
    pub addr: SocketAddr,
    /// The device its certificate names; only on the device listener.
    pub device: Option<DeviceId>,
}

/// Limits of a listener.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Time for the TLS handshake.
    pub handshake: Duration,
    /// Time for the head of each request, also on an idle kept-alive connection's next one.
    pub header: Duration,
}

/// A bound listener.
pub struct Listener {
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
    limits: Limits,
}

impl Listener {
    /// Binds the address.
    ///
    /// # Errors
    /// The system's, with the address in the message.
    pub async fn bind(
        addr: SocketAddr,
        tls: Option<Arc<rustls::ServerConfig>>,
        limits: Limits,
    ) -> std::io::Result<Self> {
        let socket = TcpListener::bind(addr)
            .await
            .map_err(|e| std::io::Error::new(e.kind(), format!("cannot listen on {addr}: {e}")))?;
        Ok(Self {
            socket,
            tls: tls.map(TlsAcceptor::from),
            limits,
        })
    }

    /// The address it is bound to.
    ///
    /// # Errors
    /// The system's.
    pub fn addr(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop`, then lets running requests finish; the caller bounds that wait.
    pub async fn serve(self, router: Router, stop: CancellationToken) {
        let slots = Arc::new(Semaphore::new(self.limits.connections));
        let connections = TaskTracker::new();
        while let Some((stream, addr, slot)) = self.next(&slots, &stop).await {
            let connection = Connection {
                tls: self.tls.clone(),
                limits: self.limits,
                router: router.clone(),
                stop: stop.clone(),
            };
            connections.spawn(connection.run(stream, addr, slot));
        }
        drop(self.socket);
        connections.close();
        connections.wait().await;
    }

    /// The next connection with its slot; `None` when it is time to stop.
    async fn next(
        &self,
        slots: &Arc<Semaphore>,
        stop: &CancellationToken,
    ) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return None,
                accepted = async {
                    let slot = slots.clone().acquire_owned().await.ok()?;
                    Some((self.socket.accept().await, slot))
                } => accepted?,
            };
            match accepted {
                (Ok((stream, addr)), slot) => {
                    let _ = stream.set_nodelay(true);
                    return Some((stream, addr, slot));
                }
                (Err(error), _) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

struct Connection {
    tls: Option<TlsAcceptor>,
    limits: Limits,
    router: Router,
    stop: CancellationToken,
}

impl Connection {
    async fn run(self, stream: TcpStream, addr: SocketAddr, slot: OwnedSemaphorePermit) {
        match &self.tls {
            None => self.http(stream, Remote { addr, device: None }).await,
            Some(acceptor) => {
                let handshake = acceptor.accept_with(stream, |session| {
                    session.set_buffer_limit(Some(TLS_BUFFER_BYTES));
                });
                let stream = match timeout(self.limits.handshake, handshake).await {
                    Ok(Ok(stream)) => stream,
                    Ok(Err(error)) => {
                        tracing::debug!(remote = %addr, %error, "TLS handshake refused");
                        return;
                    }
                    Err(_) => {
                        tracing::debug!(remote = %addr, "TLS handshake too slow");
                        return;
                    }
                };
                let certificate = stream
                    .get_ref()
                    .1
                    .peer_certificates()
                    .and_then(<[_]>::first);
                let device = certificate.and_then(|c| identity::device_of(c));
                self.http(stream, Remote { addr, device }).await;
            }
        }
        drop(slot);
    }

    async fn http<S>(&self, stream: S, remote: Remote)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = self.router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(remote);
            router.clone().call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header)
            .serve_connection(TokioIo::new(Patient::new(stream, WRITE_STALL_MAX)), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(remote = %remote.addr, %error, "connection ended early");
        }
    }
}
