//! The moment a title's embargo ends: everybody who waits asks for a licence at once, each device over a connection of its
//! own. Before that moment each is refused.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context as Poller, Poll};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use drm::license::RecipientKeyPair;
use reqwest::Method;
use rustls_pki_types::ServerName;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::fleet::{Door, Fleet};
use crate::link::ORIGIN;
use crate::server::Server;
use crate::{Figures, origin};

/// MiB of the title; a licence costs the same whatever it is.
const MIB: usize = 1;
/// How long viewers have to come and be refused.
const BEFORE: Duration = Duration::from_secs(15);
/// How long a licence may take at most before this is called stuck.
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn measure(
    server: &Server,
    fleet: &Fleet,
    figures: &mut Figures,
    viewers: usize,
) -> anyhow::Result<()> {
    let viewers = viewers.min(fleet.devices.len());
    let title = origin::publish(server, MIB).await?;
    let ends = SystemTime::now() + BEFORE;
    let ends_ms = u64::try_from(ends.duration_since(UNIX_EPOCH)?.as_millis())?;
    let path = format!("/api/v1/titles/{title}/policy");
    let policy = json!({ "embargo_ms": ends_ms });
    server.json(Method::PUT, &path, &policy).await?;
    let carried = Arc::new(AtomicU64::new(0));
    let mut waiting = Vec::with_capacity(viewers);
    for number in 0..viewers {
        let door = fleet.door(number).context("a device")?;
        let viewer = view(door, title.clone(), ends, Arc::clone(&carried));
        waiting.push(tokio::spawn(viewer));
    }
    let mut took = Vec::with_capacity(viewers);
    for viewer in waiting {
        took.push(viewer.await??);
    }
    took.sort_unstable();
    let last = took.last().context("a viewer")?.as_secs_f64();
    let median = took.get(took.len() / 2).context("a viewer")?.as_secs_f64();
    let count = f64::from(u32::try_from(viewers)?);
    figures.note(
        "embargo_viewers",
        count,
        "viewers refused before the embargo's end, licensed after it",
    );
    figures.note(
        "embargo_last_s",
        last,
        "s until the last of them had a licence",
    );
    figures.note("embargo_median_s", median, "s, the median");
    let bytes = f64::from(u32::try_from(carried.load(Relaxed))?);
    figures.note(
        "embargo_bytes_a_viewer",
        bytes / count,
        "bytes a viewer on the wire, TLS included",
    );
    Ok(())
}

/// Comes, is refused, waits for the moment, and gets a licence; answers how long after the moment.
async fn view(
    door: Door,
    title: String,
    ends: SystemTime,
    carried: Arc<AtomicU64>,
) -> anyhow::Result<Duration> {
    let mut tls = (*door.tls).clone();
    tls.resumption = rustls::client::Resumption::in_memory_sessions(4);
    let door = Door {
        tls: Arc::new(tls),
        ..door
    };
    let mut stream = connect(&door).await?;
    let key = RecipientKeyPair::generate(&mut rand::rng());
    let body = json!({"title": title, "recipient_key": key.public()}).to_string();
    let request = format!(
        "POST /v1/license HTTP/1.1\r\nhost: {ORIGIN}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (status, refusal) = ask(&mut stream, &request).await?;
    let refusal = String::from_utf8_lossy(&refusal).into_owned();
    ensure!(
        SystemTime::now() < ends,
        "the viewers came too late: take fewer"
    );
    ensure!(
        status == 403 && refusal.contains("\"embargo\""),
        "{status}: {refusal}"
    );
    // Whoever waits for long has no connection any more: the moment costs a new one, resumed as agents do.
    drop(stream);
    let left = ends.duration_since(SystemTime::now()).unwrap_or_default();
    tokio::time::sleep(left).await;
    let began = Instant::now();
    let asking = async {
        let mut stream = connect(&door).await?;
        let answer = ask(&mut stream, &request).await?;
        anyhow::Ok((answer, stream.get_ref().0.carried))
    };
    let answer = tokio::time::timeout(PATIENCE, asking).await;
    let ((status, license), bytes) = answer.context("no licence in time")??;
    ensure!(status == 200 && license.len() > 200, "{status}");
    carried.fetch_add(bytes, Relaxed);
    Ok(began.elapsed())
}

async fn connect(door: &Door) -> anyhow::Result<TlsStream<Counted>> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(std::net::SocketAddr::new(door.from, 0))?;
    let stream = socket.connect(door.to).await?;
    stream.set_nodelay(true)?;
    let counted = Counted { stream, carried: 0 };
    let name = ServerName::try_from(ORIGIN)?;
    Ok(TlsConnector::from(Arc::clone(&door.tls))
        .connect(name, counted)
        .await?)
}

/// A request and its answer's status and body, over a connection that stays.
async fn ask(stream: &mut TlsStream<Counted>, request: &str) -> anyhow::Result<(u16, Vec<u8>)> {
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut answer = Vec::with_capacity(2048);
    let end = loop {
        ensure!(
            stream.read_buf(&mut answer).await? > 0,
            "closed while answering"
        );
        if let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8_lossy(answer.get(..end).unwrap_or_default()).to_lowercase();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.context("a length")?.trim().parse()?;
    while answer.len() < end + length {
        ensure!(
            stream.read_buf(&mut answer).await? > 0,
            "closed while answering"
        );
    }
    Ok((status.context("a status")?, answer.split_off(end)))
}

/// A connection that counts what it carries both ways.
struct Counted {
    stream: TcpStream,
    carried: u64,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        poller: &mut Poller<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(poller, buffer);
        self.carried += (buffer.filled().len() - before) as u64;
        read
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        poller: &mut Poller<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(poller, bytes);
        if let Poll::Ready(Ok(count)) = written {
            self.carried += count as u64;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, poller: &mut Poller<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(poller)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, poller: &mut Poller<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(poller)
    }
}
