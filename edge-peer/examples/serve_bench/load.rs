//! The client: the same for every server. It speaks just enough HTTP/1.1, decrypts what comes and
//! throws it away; what it costs is nobody's.

use std::{
    cell::Cell,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use edge_peer::net::identity::peer_name;
use rustls_pki_types::ServerName;
use swarm::content::ChunkId;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    task::LocalSet,
};
use tokio_rustls::TlsConnector;

use crate::{
    Problem,
    servers::Target,
    site::{PEER, Site},
};

/// Bytes read at once.
const PIECE: usize = 256 << 10;
/// The longest head of an answer, bytes.
const MAX_HEAD: usize = 8 << 10;

/// What is asked for in one measurement.
pub struct Load {
    /// Connections at the same time.
    pub connections: usize,
    /// Bytes over all of them.
    pub bytes: u64,
}

/// What came.
pub struct Taken {
    /// Bytes of bodies.
    pub bytes: u64,
    /// How long it took.
    pub wall: Duration,
}

/// How long the start of a fetch takes.
pub struct Starts {
    /// From connecting to the first byte of the body, new connection, sorted.
    pub cold: Vec<Duration>,
    /// From asking to the first byte of the body, open connection, sorted.
    pub warm: Vec<Duration>,
    /// From asking to the last byte of a 1 MiB chunk, open connection, sorted.
    pub whole: Vec<Duration>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

struct Connection {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    path: &'static str,
}

impl Load {
    /// Asks until all bytes came.
    pub async fn run(&self, site: &Site, target: &Target) -> Result<Taken, Problem> {
        let mut connections = Vec::new();
        for n in 0..self.connections {
            let mut connection = Connection::open(site, target, n).await?;
            connection.get(site.chunks[n % site.chunks.len()]).await?;
            connections.push(connection);
        }
        let (left, next) = (Rc::new(Cell::new(self.bytes)), Rc::new(Cell::new(0)));
        let taken = Rc::new(Cell::new(0));
        let start = Instant::now();
        let local = LocalSet::new();
        let mut tasks = Vec::new();
        for mut connection in connections {
            let (left, next, taken) = (left.clone(), next.clone(), taken.clone());
            let chunks = site.chunks.clone();
            tasks.push(local.spawn_local(async move {
                while left.get() > 0 {
                    let chunk = chunks[next.get() % chunks.len()];
                    next.set(next.get() + 1);
                    let got = connection.get(chunk).await?;
                    left.set(left.get().saturating_sub(got));
                    taken.set(taken.get() + got);
                }
                Ok::<_, Problem>(())
            }));
        }
        local.await;
        for task in tasks {
            task.await??;
        }
        Ok(Taken {
            bytes: taken.get(),
            wall: start.elapsed(),
        })
    }
}

/// Whether the server gives every chunk whole and right.
pub async fn check(site: &Site, target: &Target) -> Result<(), Problem> {
    let mut connection = Connection::open(site, target, 0).await?;
    for chunk in &site.chunks {
        let mut bytes = Vec::new();
        connection.ask(*chunk).await?;
        connection
            .body(|piece| bytes.extend_from_slice(piece))
            .await?;
        if ChunkId::of(&bytes) != *chunk {
            return Err(format!("{} gave other bytes for {chunk}", target.name).into());
        }
    }
    Ok(())
}

/// How long the start of a fetch takes, `count` times.
pub async fn starts(site: &Site, target: &Target, count: usize) -> Result<Starts, Problem> {
    let (mut cold, mut warm, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..count {
        let chunk = site.chunks[n % site.chunks.len()];
        let start = Instant::now();
        let mut connection = Connection::open(site, target, n).await?;
        let mut first = None;
        connection.ask(chunk).await?;
        connection
            .body(|_| _ = first.get_or_insert_with(|| start.elapsed()))
            .await?;
        cold.extend(first);

        let start = Instant::now();
        let mut first = None;
        connection.ask(chunk).await?;
        connection
            .body(|_| _ = first.get_or_insert_with(|| start.elapsed()))
            .await?;
        whole.push(start.elapsed());
        warm.extend(first);
    }
    for times in [&mut cold, &mut warm, &mut whole] {
        times.sort_unstable();
    }
    Ok(Starts { cold, warm, whole })
}

impl Connection {
    async fn open(site: &Site, target: &Target, n: usize) -> Result<Self, Problem> {
        let tcp = TcpStream::connect(target.address).await?;
        tcp.set_nodelay(true)?;
        let stream: Box<dyn Stream> = if target.tls {
            let config = Arc::clone(&site.clients[n % site.clients.len()]);
            let name = ServerName::try_from(peer_name(PEER))?;
            Box::new(TlsConnector::from(config).connect(name, tcp).await?)
        } else {
            Box::new(tcp)
        };
        Ok(Self {
            stream,
            buffer: vec![0; PIECE],
            path: target.path,
        })
    }

    async fn get(&mut self, chunk: ChunkId) -> Result<u64, Problem> {
        self.ask(chunk).await?;
        self.body(|_| ()).await
    }

    async fn ask(&mut self, chunk: ChunkId) -> Result<(), Problem> {
        let id = chunk.to_string();
        let path = self.path.replace("{2}", &id[..2]);
        let request = format!("GET {path}{id} HTTP/1.1\r\nhost: bench\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        Ok(())
    }

    /// Reads an answer of known length; hands its body on piece by piece.
    async fn body(&mut self, mut take: impl FnMut(&[u8])) -> Result<u64, Problem> {
        let mut have = 0;
        let (head, len) = loop {
            let read = self.stream.read(&mut self.buffer[have..]).await?;
            if read == 0 {
                return Err("the connection ended before an answer".into());
            }
            have += read;
            let text = &self.buffer[..have.min(MAX_HEAD)];
            if let Some(end) = text.windows(4).position(|w| w == b"\r\n\r\n") {
                break (end + 4, length(&text[..end])?);
            }
            if have >= MAX_HEAD {
                return Err("an answer without end of its head".into());
            }
        };
        let mut left = len;
        let mut piece = head..have;
        loop {
            if !piece.is_empty() {
                left = left
                    .checked_sub(piece.len() as u64)
                    .ok_or("more bytes than announced")?;
                take(&self.buffer[piece]);
            }
            if left == 0 {
                return Ok(len);
            }
            let read = self.stream.read(&mut self.buffer).await?;
            if read == 0 {
                return Err("the connection ended within a body".into());
            }
            piece = 0..read;
        }
    }
}

/// The announced length of a good answer.
fn length(head: &[u8]) -> Result<u64, Problem> {
    let head = std::str::from_utf8(head)?;
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(format!("not a chunk: {head}").into());
    }
    let line = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim())
    });
    Ok(line.ok_or("an answer without length")?.parse()?)
}
