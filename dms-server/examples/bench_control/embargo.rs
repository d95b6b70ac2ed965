//! The moment a title's embargo ends: everybody who waits asks for a licence at once, each device over the control connection
//! that it has anyway. Before that moment each is refused.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context as Poller, Poll};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use drm::license::RecipientKeyPair;
use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use rustls_pki_types::ServerName;
use serde_json::json;
use swarm::wire::{Answered, Asked, PROTOCOL, Question, Sharing, ToDms, ToPeer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

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
    let mut socket = connect(&door).await?;
    let key = RecipientKeyPair::generate(&mut rand::rng());
    let body = json!({"title": title, "recipient_key": key.public()}).to_string();
    let (_, refusal) = ask(&mut socket, 1, &body).await?;
    ensure!(
        SystemTime::now() < ends,
        "the viewers came too late: take fewer"
    );
    let text = String::from_utf8_lossy(&refusal.body);
    ensure!(
        refusal.status == 403 && text.contains("\"embargo\""),
        "{}: {text}",
        refusal.status
    );
    let left = ends.duration_since(SystemTime::now()).unwrap_or_default();
    wait(&mut socket, left).await?;
    let began = Instant::now();
    let asking = tokio::time::timeout(PATIENCE, ask(&mut socket, 2, &body)).await;
    let (bytes, answer) = asking.context("no licence in time")??;
    ensure!(
        answer.status == 200 && answer.body.len() > 200,
        "{}",
        answer.status
    );
    carried.fetch_add(bytes, Relaxed);
    Ok(began.elapsed())
}

type Socket = WebSocketStream<TlsStream<Counted>>;

/// A control connection as an agent's.
async fn connect(door: &Door) -> anyhow::Result<Socket> {
    let tcp = TcpSocket::new_v4()?;
    tcp.bind(SocketAddr::new(door.from, 0))?;
    let stream = tcp.connect(door.to).await?;
    stream.set_nodelay(true)?;
    let counted = Counted { stream, carried: 0 };
    let name = ServerName::try_from(ORIGIN)?;
    let tls = TlsConnector::from(Arc::clone(&door.tls))
        .connect(name, counted)
        .await?;
    let url = format!("ws://{ORIGIN}/v1/control");
    let (mut socket, _) = tokio_tungstenite::client_async(url, tls).await?;
    let hello = ToDms::Hello {
        protocol: PROTOCOL,
        agent: "bench".into(),
        listen: SocketAddr::new(door.from, 7745).to_string(),
        weight: 100,
        sharing: Sharing::On,
    };
    socket.send(Message::binary(hello.encode())).await?;
    Ok(socket)
}

/// Hears what the server has to say until it is time.
async fn wait(socket: &mut Socket, time: Duration) -> anyhow::Result<()> {
    let hearing = async {
        while let Some(frame) = socket.next().await {
            frame?;
        }
        anyhow::bail!("closed while waiting")
    };
    match tokio::time::timeout(time, hearing).await {
        Ok(ended) => ended,
        Err(_) => Ok(()),
    }
}

/// Asks for a licence; answers the bytes that passed until the answer was there, and it.
async fn ask(socket: &mut Socket, request: u32, body: &str) -> anyhow::Result<(u64, Answered)> {
    let before = socket.get_ref().get_ref().0.carried;
    let question = Question::License(body.as_bytes().to_vec());
    let asked = ToDms::Ask(Asked { request, question });
    socket.send(Message::binary(asked.encode())).await?;
    loop {
        let frame = socket.next().await.context("closed while answering")??;
        let Message::Binary(frame) = frame else {
            continue;
        };
        if let ToPeer::Answer(answer) = ToPeer::decode(&frame)? {
            ensure!(answer.request == request, "the answer to something else");
            return Ok((socket.get_ref().get_ref().0.carried - before, answer));
        }
    }
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
