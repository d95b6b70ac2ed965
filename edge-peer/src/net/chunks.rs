//! Giving: `GET /v1/chunks/{id}` for the peers of the site.
//!
//! The certificate says who asks; only members of the current roster get an answer. The machine
//! decides what they get.

use std::{
    convert::Infallible,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use swarm::{
    content::{ChunkId, DeviceId},
    peer::Priority,
    wire::{self, http as names},
};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{address::AddressBook, pace::Pace};
use crate::{
    cache::Reader,
    driver::{Asked, Given, Handle, Wanted},
    metrics::Metrics,
    range::{self, Span},
};

/// How long a peer waits that does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(10);
/// The longest one upload may take: the longest chunk at 16 KiB/s.
const MAX_UPLOAD: Duration = Duration::from_secs(64);
/// Bytes of a chunk in memory handed to the connection at once.
const PIECE: usize = 64 << 10;

/// Answers one device on one connection.
#[derive(Clone)]
pub struct ChunkService {
    /// Who asks.
    pub from: DeviceId,
    /// Asks the machine.
    pub driver: Handle,
    /// Who is a member of the site.
    pub book: AddressBook,
    /// What is counted.
    pub metrics: Metrics,
    /// How fast uploads go.
    pub pace: Pace,
    /// Whether the asker is at an address of the internet.
    pub outside: bool,
}

impl hyper::service::Service<Request<Incoming>> for ChunkService {
    type Response = Response<Upload>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let service = self.clone();
        let (head, _) = request.into_parts();
        Box::pin(async move { Ok(service.answer(&head).await) })
    }
}

impl ChunkService {
    async fn answer(&self, request: &http::request::Parts) -> Response<Upload> {
        if !self.book.is_member(self.from) {
            self.metrics.asks.with_label_values(&["refused"]).inc();
            return plain(StatusCode::FORBIDDEN);
        }
        if request.method != Method::GET {
            return plain(StatusCode::METHOD_NOT_ALLOWED);
        }
        let wanted = match wanted(request.uri.path(), &request.headers) {
            Ok(wanted) => wanted,
            Err(status) => return plain(status),
        };
        match self.driver.asked(self.from, wanted).await {
            None => busy(),
            Some((asked, Given::Chunk(chunk))) => {
                self.upload(&request.headers, asked, chunk.id(), chunk.bytes())
            }
            Some((asked, Given::Stored(reader))) => {
                self.stored(&request.headers, asked, reader).await
            }
            Some((_, Given::Refer(to))) => referral(&to),
            Some((_, Given::NotHere)) => plain(StatusCode::NOT_FOUND),
            Some((_, Given::Busy)) => busy(),
        }
    }

    /// A whole chunk goes from its file to the connection piece by piece; a part of one does not
    /// end with the check of the whole, so that is read first.
    async fn stored(&self, headers: &HeaderMap, asked: Asked, reader: Reader) -> Response<Upload> {
        let (id, len) = (reader.id(), reader.len());
        if range::wanted(headers, len as usize) == Span::Whole {
            return self.respond(asked, id, Bytes::new(), Some(reader), None);
        }
        match self.driver.whole(id).await {
            Some(chunk) => self.upload(headers, asked, id, chunk.bytes()),
            None => plain(StatusCode::NOT_FOUND),
        }
    }

    fn upload(
        &self,
        headers: &HeaderMap,
        asked: Asked,
        id: ChunkId,
        chunk: &Bytes,
    ) -> Response<Upload> {
        let whole = chunk.len();
        match range::wanted(headers, whole) {
            Span::Whole => self.respond(asked, id, chunk.clone(), None, None),
            Span::Part(part) => {
                let text = format!("bytes {}-{}/{whole}", part.start, part.end - 1);
                self.respond(asked, id, chunk.slice(part), None, Some(text))
            }
            Span::Outside => plain(StatusCode::RANGE_NOT_SATISFIABLE),
        }
    }

    fn respond(
        &self,
        asked: Asked,
        id: ChunkId,
        bytes: Bytes,
        stored: Option<Reader>,
        content_range: Option<String>,
    ) -> Response<Upload> {
        let status = match content_range {
            Some(_) => StatusCode::PARTIAL_CONTENT,
            None => StatusCode::OK,
        };
        let mut response = Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CACHE_CONTROL, "public, max-age=31536000, immutable")
            .header(header::ACCEPT_RANGES, "bytes")
            .header(header::ETAG, format!("\"{id}\""));
        if let Some(text) = content_range {
            response = response.header(header::CONTENT_RANGE, text);
        }
        let upload = Upload {
            bytes,
            stored,
            asked: Some(asked),
            counted: Some(Counted {
                metrics: self.metrics.clone(),
                outside: self.outside,
            }),
            pace: self.pace.clone(),
            turn: None,
            until: Instant::now() + MAX_UPLOAD,
        };
        response
            .body(upload)
            .unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR))
    }
}

/// A body that gives the slot back: as served when its last byte was taken, else as broken off.
pub struct Upload {
    /// What is given from memory; empty when it comes from disk.
    bytes: Bytes,
    stored: Option<Reader>,
    asked: Option<Asked>,
    counted: Option<Counted>,
    pace: Pace,
    /// When the next piece may leave.
    turn: Option<Pin<Box<Sleep>>>,
    until: Instant,
}

/// Where what is given is counted.
struct Counted {
    metrics: Metrics,
    outside: bool,
}

impl Counted {
    fn given(&self, bytes: u64) {
        self.metrics.given.inc_by(bytes);
        if self.outside {
            self.metrics.outside.inc_by(bytes);
        }
    }
}

impl Upload {
    fn nothing() -> Self {
        Self {
            bytes: Bytes::new(),
            stored: None,
            asked: None,
            counted: None,
            pace: Pace::default(),
            turn: None,
            until: Instant::now(),
        }
    }

    fn left(&self) -> u64 {
        let stored = self.stored.as_ref().map_or(0, Reader::left);
        self.bytes.len() as u64 + u64::from(stored)
    }

    /// Waits for the next piece's turn, which is taken once.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.turn.is_none() {
            let bytes = self.left().min(PIECE as u64);
            let turn = self.pace.turn(bytes, Instant::now());
            self.turn = turn.map(|turn| Box::pin(sleep_until(turn)));
        }
        match &mut self.turn {
            Some(turn) => turn.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if let Some(reader) = &mut self.stored {
            return reader.poll_piece(cx);
        }
        let len = self.bytes.len().min(PIECE);
        Poll::Ready(Some(Ok(self.bytes.split_to(len))))
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left() == 0 {
            return Poll::Ready(None);
        }
        if Instant::now() > self.until {
            return Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())));
        }
        ready!(self.poll_turn(cx));
        if self.pace.halted() {
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
        }
        let Some(piece) = ready!(self.poll_piece(cx)?) else {
            return Poll::Ready(None);
        };
        self.turn = None;
        if let Some(counted) = &self.counted {
            counted.given(piece.len() as u64);
        }
        if self.left() == 0
            && let Some(asked) = self.asked.take()
        {
            asked.served();
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left())
    }
}

fn plain(status: StatusCode) -> Response<Upload> {
    let mut response = Response::new(Upload::nothing());
    *response.status_mut() = status;
    response
}

fn busy() -> Response<Upload> {
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE);
    let soon = header::HeaderValue::from_static("1");
    response.headers_mut().insert(header::RETRY_AFTER, soon);
    response
}

fn referral(to: &[DeviceId]) -> Response<Upload> {
    let named: Vec<String> = to
        .iter()
        .take(wire::MAX_REFERRAL)
        .map(ToString::to_string)
        .collect();
    let Ok(value) = header::HeaderValue::from_str(&named.join(",")) else {
        return plain(StatusCode::NOT_FOUND);
    };
    let mut response = plain(StatusCode::TEMPORARY_REDIRECT);
    response.headers_mut().insert(names::REFER, value);
    response
}

/// What another peer asks for, from the path and the headers of its request.
///
/// # Errors
/// The status it is refused with: the path is no chunk's.
pub fn wanted(path: &str, headers: &HeaderMap) -> Result<Wanted, StatusCode> {
    let id = path.strip_prefix(names::CHUNK_PATH);
    let id = id.ok_or(StatusCode::NOT_FOUND)?;
    let hops = number(headers, names::HOPS);
    Ok(Wanted {
        chunk: id.parse().map_err(|_| StatusCode::BAD_REQUEST)?,
        wait: deadline(headers).unwrap_or(DEFAULT_WAIT),
        hops: hops.map_or(0, |n| u8::try_from(n).unwrap_or(u8::MAX)),
        priority: priority(headers).unwrap_or(Priority::Playing),
        len: number(headers, names::LENGTH).and_then(|len| u32::try_from(len).ok()),
    })
}

/// How long the asker waits, at most as long as anybody may.
pub fn deadline(headers: &HeaderMap) -> Option<Duration> {
    let ms = number(headers, names::DEADLINE_MS)?;
    Some(Duration::from_millis(ms.min(wire::MAX_DEADLINE_MS)))
}

fn priority(headers: &HeaderMap) -> Option<Priority> {
    names::priority_of(headers.get(names::PRIORITY)?.to_str().ok()?)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}
