//! The accept loop of the HTTP listeners: bounded connections, bounded patience, graceful end.
//!
//! A far end has a time for its first byte, its handshake and each request's head; then its bodies must
//! come, and answers be read, at a least pace ([`pace`]). No address takes the last of the connections, no
//! device more than a few ([`shares`]). When thousands come at once, as after a restart, handshakes are
//! begun a few at a time: begun all together, all of them would end too late.

mod body;
mod pace;
mod patient;
mod shares;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use self::body::Steady;
use self::pace::Pace;
use self::patient::Patient;
use self::shares::{Share, Shares, most_of_one_address};
use crate::device::identity;
use swarm::content::DeviceId;

/// TLS bytes buffered for one connection. Above 256 KiB allocators fault pages for every buffer;
/// below, records are flushed one by one.
const TLS_BUFFER_BYTES: usize = 256 << 10;

/// How long to wait when the process has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: u32 = 4_096;

/// Handshakes that run at once: a fraction of a second's work.
const HANDSHAKES: usize = 256;

/// How long a handshake counts among the running ones. Whoever dawdles waits for its timeout outside of
/// them and holds nobody up.
const HANDSHAKE_FRESH: Duration = Duration::from_secs(1);

/// How long a new connection may say nothing.
const FIRST_BYTE: Duration = Duration::from_secs(5);

/// How fast a request's body must come: a publisher on a mobile line does better.
const BODY_PACE: Pace = Pace {
    bytes_per_s: 16 << 10,
    grace: Duration::from_secs(10),
};

/// How fast an answer must be read: also where many share a thin line.
const READ_PACE: Pace = Pace {
    bytes_per_s: 4 << 10,
    grace: Duration::from_secs(30),
};

/// Connections of one device: its control connection, and what it fetches.
const OF_ONE_DEVICE: usize = 64;

/// Who is at the other end of a request's connection; an extension of every request.
#[derive(Clone, Copy, Debug)]
pub struct Remote {
    /// Its address.
    pub addr: SocketAddr,
    /// The device its certificate names; only on the device listener.
    pub device: Option<DeviceId>,
}

/// A connection's place among those the listener serves; an extension of every request. A handler that
/// goes on with the connection, as for a WebSocket, keeps it until it ends.
#[derive(Clone, Debug)]
pub struct Slot {
    _place: Place,
    _of_device: Option<Arc<Share<DeviceId>>>,
}

type Place = Arc<(OwnedSemaphorePermit, Share<IpAddr>)>;

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
        let socket = listen(addr)
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
        let room = Arc::new(Room::new(self.limits.connections));
        let connections = TaskTracker::new();
        while let Some((stream, addr, place)) = self.next(&room, &stop).await {
            let connection = Connection {
                tls: self.tls.clone(),
                limits: self.limits,
                router: router.clone(),
                stop: stop.clone(),
                room: Arc::clone(&room),
            };
            connections.spawn(connection.run(stream, addr, place));
        }
        drop(self.socket);
        connections.close();
        connections.wait().await;
    }

    /// The next connection with its place; `None` when it is time to stop.
    async fn next(
        &self,
        room: &Room,
        stop: &CancellationToken,
    ) -> Option<(TcpStream, SocketAddr, Place)> {
        loop {
            let (accepted, slot) = tokio::select! {
                () = stop.cancelled() => return None,
                accepted = async {
                    let slot = Arc::clone(&room.slots).acquire_owned().await.ok()?;
                    Some((self.socket.accept().await, slot))
                } => accepted?,
            };
            match accepted {
                Ok((stream, addr)) => {
                    let _ = stream.set_nodelay(true);
                    // Besides this one.
                    let used = (room.size - room.slots.available_permits()).saturating_sub(1);
                    let most = most_of_one_address(used, room.size);
                    if let Some(share) = room.addresses.take(addr.ip(), most) {
                        return Some((stream, addr, Arc::new((slot, share))));
                    }
                    tracing::debug!(remote = %addr, "refused: its address has enough connections");
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

fn listen(addr: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if addr.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    // On Windows the option would let another program take the address over.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// What a listener's connections share.
struct Room {
    size: usize,
    slots: Arc<Semaphore>,
    handshakes: Semaphore,
    addresses: Shares<IpAddr>,
    devices: Shares<DeviceId>,
}

impl Room {
    fn new(size: usize) -> Self {
        Self {
            size,
            slots: Arc::new(Semaphore::new(size)),
            handshakes: Semaphore::new(HANDSHAKES),
            addresses: Shares::default(),
            devices: Shares::default(),
        }
    }
}

struct Connection {
    tls: Option<TlsAcceptor>,
    limits: Limits,
    router: Router,
    stop: CancellationToken,
    room: Arc<Room>,
}

impl Connection {
    async fn run(self, stream: TcpStream, addr: SocketAddr, place: Place) {
        let mut slot = Slot {
            _place: place,
            _of_device: None,
        };
        let Some(acceptor) = self.tls.clone() else {
            let patience = FIRST_BYTE.min(self.limits.header);
            if timeout(patience, stream.readable()).await.is_ok() {
                self.http(stream, Remote { addr, device: None }, slot).await;
            }
            return;
        };
        let stream = match self.handshake(&acceptor, stream).await {
            Ok(stream) => stream,
            Err(error) => {
                tracing::debug!(remote = %addr, %error, "TLS handshake refused");
                return;
            }
        };
        let session = stream.get_ref().1;
        let certificate = session.peer_certificates().and_then(<[_]>::first);
        let device = certificate.and_then(|c| identity::device_of(c));
        if let Some(device) = device {
            let Some(share) = self.room.devices.take(device, OF_ONE_DEVICE) else {
                tracing::debug!(device.id = %device, "refused: the device has enough connections");
                return;
            };
            slot._of_device = Some(Arc::new(share));
        }
        self.http(stream, Remote { addr, device }, slot).await;
    }

    /// The handshake. Its first part, which a far end may draw out at no cost to this server, is not
    /// counted among the running ones.
    async fn handshake(
        &self,
        acceptor: &TlsAcceptor,
        stream: TcpStream,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let hello = async {
            timeout(FIRST_BYTE, stream.readable()).await??;
            LazyConfigAcceptor::new(Acceptor::default(), stream).await
        };
        let hello = timeout(self.limits.handshake, hello).await??;
        let running = self.room.handshakes.acquire().await;
        let rest = hello.into_stream_with(Arc::clone(acceptor.config()), |session| {
            session.set_buffer_limit(Some(TLS_BUFFER_BYTES));
        });
        let mut rest = std::pin::pin!(timeout(self.limits.handshake, rest));
        match timeout(HANDSHAKE_FRESH, rest.as_mut()).await {
            Ok(ended) => ended?,
            Err(_) => {
                drop(running);
                rest.await?
            }
        }
    }

    async fn http<S>(&self, stream: S, remote: Remote, slot: Slot)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = self.router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(remote);
            request.extensions_mut().insert(slot.clone());
            router
                .clone()
                .call(request.map(|body| Body::new(Steady::new(body, BODY_PACE))))
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header)
            .serve_connection(TokioIo::new(Patient::new(stream, READ_PACE)), service)
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
