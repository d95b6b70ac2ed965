//! Connections for fetching chunks, used again while they last.
//!
//! HTTP/1.1, one request at a time on each. What the network brings is taken from the system in
//! large pieces: rustls by itself asks for a few KiB at a time, which costs more than decrypting.

use std::{
    collections::HashMap,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{
    io::BufReader,
    net::{TcpSocket, TcpStream},
    sync::watch,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{
    counted::Counted,
    gather::{Gathering, Socket},
    identity::ORIGIN_NAME,
};
use crate::metrics::{Metrics, Sent};

/// How long a connection may take to come up.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an unused connection is kept; servers of this protocol keep theirs longer.
const IDLE: Duration = Duration::from_secs(20);
/// The most unused connections kept to one host.
const IDLE_PER_HOST: usize = 8;
/// The most unused connections kept to all of them.
const MAX_IDLE: usize = 64;
/// Bytes taken from the system at once.
const TAKEN_AT_ONCE: usize = 64 << 10;
/// The longest head of an answer, bytes.
const MAX_HEAD: usize = 16 << 10;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// No connection came up in time.
    #[error("the connection did not come up in time")]
    Late,
    /// No connection.
    #[error("no connection: {0}")]
    Connect(#[from] io::Error),
    /// It broke, or HTTP was not understood.
    #[error(transparent)]
    Http(#[from] hyper::Error),
}

/// A host: the name in its certificate, and where it is.
pub struct Host {
    /// The name.
    pub name: String,
    /// Its addresses, asked one after the other.
    pub addresses: Vec<SocketAddr>,
}

type Sender = SendRequest<Empty<Bytes>>;

/// The connections; clones share them.
#[derive(Clone)]
pub struct Pool {
    tls: TlsConnector,
    bind: Option<IpAddr>,
    metrics: Metrics,
    idle: Arc<Mutex<Idle>>,
    /// Connections that come up before anybody asked, by host; whoever asks meanwhile waits for them.
    coming: Arc<Mutex<HashMap<String, watch::Receiver<()>>>>,
}

/// An open connection and its socket.
struct Connection {
    sender: Sender,
    socket: Socket,
    /// When it was used last.
    used: Instant,
}

/// Unused connections, the one used last at the end.
type Idle = HashMap<String, Vec<Connection>>;

/// A connection whose answer is being read. Give it back when all of it came; dropped, it closes.
pub struct Lease {
    pool: Pool,
    name: String,
    connection: Connection,
}

impl Pool {
    /// No connection yet; they will come from `bind`.
    #[must_use]
    pub fn new(tls: ClientConfig, bind: Option<IpAddr>, metrics: Metrics) -> Self {
        Self {
            tls: TlsConnector::from(Arc::new(tls)),
            bind,
            metrics,
            idle: Arc::default(),
            coming: Arc::default(),
        }
    }

    /// Asks a host, on a connection that is open if there is one. One that the other end closed
    /// just then is not held against it: it is asked once more on a new one.
    ///
    /// # Errors
    /// [`PoolError`].
    pub async fn ask<L>(
        &self,
        name: &str,
        find: impl FnOnce() -> L,
        request: Request<Empty<Bytes>>,
    ) -> Result<(Response<Incoming>, Lease), PoolError>
    where
        L: Future<Output = io::Result<Host>>,
    {
        if let Some(mut coming) = self.coming(name) {
            // Its end is told by dropping the other half.
            let _ = coming.changed().await;
        }
        while let Some(mut connection) = self.take(name) {
            if connection.sender.ready().await.is_err() {
                continue;
            }
            match connection.sender.send_request(request.clone()).await {
                Ok(response) => return Ok((response, self.lease(name, connection))),
                Err(e) => {
                    tracing::debug!(error = %e, "an open connection was of no use");
                    break;
                }
            }
        }
        let host = find().await?;
        let mut connection = self.connect(&host).await?;
        let response = connection.sender.send_request(request).await?;
        Ok((response, self.lease(name, connection)))
    }

    /// Connects to a host unless a connection is open or coming.
    ///
    /// # Errors
    /// [`PoolError`].
    pub async fn warm_up<L>(&self, name: &str, find: impl FnOnce() -> L) -> Result<(), PoolError>
    where
        L: Future<Output = io::Result<Host>>,
    {
        let (_done, coming) = watch::channel(());
        if self.idle().get(name).is_some_and(|kept| !kept.is_empty()) || self.coming(name).is_some()
        {
            return Ok(());
        }
        let lock = || self.coming.lock().unwrap_or_else(PoisonError::into_inner);
        lock().insert(name.to_owned(), coming);
        let connected = match find().await {
            Ok(host) => self.connect(&host).await,
            Err(e) => Err(e.into()),
        };
        lock().remove(name);
        self.lease(name, connected?).give_back();
        Ok(())
    }

    /// The end of a connection's coming up, if one is.
    fn coming(&self, name: &str) -> Option<watch::Receiver<()>> {
        let coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner);
        coming.get(name).cloned()
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lease(&self, name: &str, connection: Connection) -> Lease {
        Lease {
            pool: self.clone(),
            name: name.to_owned(),
            connection,
        }
    }

    fn take(&self, name: &str) -> Option<Connection> {
        let mut idle = self.idle();
        let kept = idle.get_mut(name)?;
        while let Some(connection) = kept.pop() {
            if connection.is_of_use() {
                return Some(connection);
            }
        }
        idle.remove(name);
        None
    }

    async fn connect(&self, host: &Host) -> Result<Connection, PoolError> {
        let connected = timeout(CONNECT, self.handshake(host)).await;
        connected.map_err(|_| PoolError::Late)?
    }

    async fn handshake(&self, host: &Host) -> Result<Connection, PoolError> {
        let name = ServerName::try_from(host.name.clone()).map_err(io::Error::other)?;
        let tcp = self.tcp(host).await?;
        tcp.set_nodelay(true)?;
        let socket = Socket::of(&tcp)?;
        let what = if host.name == ORIGIN_NAME {
            Sent::OriginRequests
        } else {
            Sent::PeerRequests
        };
        let counted = Counted::new(tcp, self.metrics.sent(what));
        let buffered = BufReader::with_capacity(TAKEN_AT_ONCE, counted);
        let tls = self.tls.connect(name, buffered).await?;
        let (sender, connection) = http1::Builder::new()
            .max_headers(64)
            .max_buf_size(MAX_HEAD.max(TAKEN_AT_ONCE))
            .handshake(TokioIo::new(tls))
            .await?;
        // It ends with its sender, or when the other end closes it.
        tokio::spawn(async move {
            if let Err(e) = connection.await {
                tracing::debug!(error = %e, "a connection for chunks ended");
            }
        });
        Ok(Connection {
            sender,
            socket,
            used: Instant::now(),
        })
    }

    async fn tcp(&self, host: &Host) -> io::Result<TcpStream> {
        let mut failed = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in &host.addresses {
            let socket = match address {
                SocketAddr::V4(_) => TcpSocket::new_v4()?,
                SocketAddr::V6(_) => TcpSocket::new_v6()?,
            };
            if let Some(ip) = self.bind {
                socket.bind(SocketAddr::new(ip, 0))?;
            }
            match socket.connect(*address).await {
                Ok(tcp) => return Ok(tcp),
                Err(e) => failed = e,
            }
        }
        Err(failed)
    }
}

impl Connection {
    fn is_of_use(&self) -> bool {
        self.used.elapsed() < IDLE && !self.sender.is_closed()
    }
}

impl Lease {
    /// A body of so many bytes is about to be read from the connection.
    pub(super) fn gathering(&mut self, length: u64) -> Gathering<'_> {
        Gathering::new(&mut self.connection.socket, length)
    }

    /// The whole answer was read: the next request may use the connection.
    pub fn give_back(self) {
        if self.connection.sender.is_closed() {
            return;
        }
        let mut idle = self.pool.idle();
        if idle.values().map(Vec::len).sum::<usize>() >= MAX_IDLE {
            idle.retain(|_, kept| {
                kept.retain(Connection::is_of_use);
                !kept.is_empty()
            });
        }
        let all: usize = idle.values().map(Vec::len).sum();
        let kept = idle.entry(self.name).or_default();
        if all < MAX_IDLE && kept.len() < IDLE_PER_HOST {
            kept.push(Connection {
                used: Instant::now(),
                ..self.connection
            });
        }
    }
}

#[cfg(test)]
mod tests;
