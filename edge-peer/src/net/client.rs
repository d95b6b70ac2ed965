//! Asking: chunks of the origin and of peers, licences and renewals of the DMS.
//!
//! One attempt a call, within the caller's time. Connections are kept and used again.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use swarm::{
    content::{ChunkId, DeviceId, MAX_CHUNK_LEN, TitleId},
    peer::{Priority, Source},
    wire::{self, http as names},
};
use tokio::time::timeout;

use super::{
    address::AddressBook,
    enrolment::chain,
    gather::Gathering,
    identity::{Identity, IdentityError, ORIGIN_NAME, peer_name},
    pool::{Host, Lease, Pool, PoolError},
};
use crate::{
    chunk::{ChunkError, Receiving, VerifiedChunk},
    device_key::Level,
    metrics::{Metrics, Sent},
};

/// How long a connection may take to come up.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take to begin: a home may wait for the origin as long as anybody waits.
const HEAD: Duration = Duration::from_millis(wire::MAX_DEADLINE_MS + 10_000);
/// How long a body may stand still.
const STALL: Duration = Duration::from_secs(10);
/// How long an unused connection for anything but chunks is kept.
const IDLE: Duration = Duration::from_secs(20);
/// The most of them.
const IDLE_PER_HOST: usize = 2;
/// In a site of so many peers each is likely to be sent to the origin for some chunk of a title.
const FEW: usize = 8;
/// The longest refusal that is read so that its connection can be used again, bytes.
const MAX_REFUSAL: usize = 4 << 10;
/// How long that may take.
const REFUSAL: Duration = Duration::from_millis(200);
/// The longest licence or renewal answer, bytes.
const MAX_ANSWER: usize = 256 << 10;
/// How long the DMS may take over a licence or a renewal.
const PATIENCE: Duration = Duration::from_secs(15);

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// The chunk.
    pub chunk: ChunkId,
    /// Its exact length, bytes, if known.
    pub len: Option<u32>,
    /// How often the request was passed on.
    pub hops: u8,
    /// How urgent it is.
    pub priority: Priority,
    /// When the chunk is needed, from now: what the source is told. It is no timeout.
    pub deadline: Duration,
}

/// What a source answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The chunk, hashed.
    Chunk {
        /// The chunk.
        chunk: VerifiedChunk,
        /// From asking to the answer's head.
        waited: Duration,
        /// From asking to the last byte.
        took: Duration,
    },
    /// These peers have it, or are nearer to it.
    Refer(Vec<DeviceId>),
    /// It is not there.
    NotHere,
    /// No free slot.
    Busy,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The source sent other bytes than were asked for: its fault.
    #[error("the bytes hash to {got:?}")]
    Lied {
        /// What they hash to.
        got: ChunkId,
    },
    /// Not within the time.
    #[error("no answer in time")]
    Late,
    /// No connection, or it broke.
    #[error("{0}")]
    Broken(String),
    /// An answer outside the protocol.
    #[error("an answer outside the protocol: {0}")]
    Strange(String),
}

/// What the page that this agent serves asks the DMS.
#[derive(Debug, Clone)]
pub struct PageAsk {
    /// The method.
    pub method: http::Method,
    /// Path and query, of [`wire::page`]'s list.
    pub target: String,
    /// The session of its person on this device.
    pub session: Arc<str>,
    /// The body's type.
    pub content_type: Option<header::HeaderValue>,
    /// The body.
    pub body: Bytes,
}

/// What the DMS answered to a request passed on to it.
#[derive(Debug, Clone)]
pub struct Passed {
    /// Its status.
    pub status: StatusCode,
    /// The body's type.
    pub content_type: Option<header::HeaderValue>,
    /// The body.
    pub body: Bytes,
    /// The DMS's clock, from its `Date` header.
    pub date: Option<SystemTime>,
}

/// Which break of which playback, and who asks. It holds a token: nothing prints it.
pub struct AssetsAsk {
    /// The title.
    pub title: TitleId,
    /// The break.
    pub break_id: u32,
    /// Drawn by the player.
    pub playback: uuid::Uuid,
    /// The token of the person at this PC.
    pub person: Option<String>,
    /// What the player calls itself.
    pub player: Option<String>,
}

/// The one HTTP client of the agent; clones share its connections.
#[derive(Clone)]
pub struct Client {
    /// For chunks.
    pool: Pool,
    /// For everything else.
    http: reqwest::Client,
    book: AddressBook,
    metrics: Metrics,
}

impl Client {
    /// A client that shows the device's certificate, connects from `bind`, and finds hosts in the
    /// address book only.
    ///
    /// # Errors
    /// [`IdentityError`] when there is no TLS configuration.
    pub fn new(
        identity: &Identity,
        book: AddressBook,
        bind: Option<IpAddr>,
        metrics: Metrics,
    ) -> Result<Self, IdentityError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(identity.client_config()?)
            .https_only(true)
            .http1_only()
            .dns_resolver(Arc::new(book.clone()))
            .local_address(bind)
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .build()
            .map_err(|e| rustls::Error::General(chain(&e)))?;
        Ok(Self {
            pool: Pool::new(identity.client_config()?, bind, metrics.clone()),
            http,
            book,
            metrics,
        })
    }

    /// Asks `source` for a chunk, once. Given up when the connection does not come up or stands
    /// still; whether a late answer is still of use is the caller's to know.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn chunk(
        &self,
        source: Source,
        request: Request,
        before_bytes: impl Future<Output = ()>,
    ) -> Result<Answer, FetchError> {
        let name = host_name(source);
        let deadline = u64::try_from(request.deadline.as_millis()).unwrap_or(u64::MAX);
        let mut asking = http::Request::get(format!("{}{}", names::CHUNK_PATH, request.chunk))
            .header(header::HOST, &name)
            .header(names::DEADLINE_MS, deadline.min(wire::MAX_DEADLINE_MS))
            .header(names::HOPS, u64::from(request.hops))
            .header(names::PRIORITY, names::priority_name(request.priority));
        if let Some(len) = request.len {
            asking = asking.header(names::LENGTH, len);
        }
        let asking = asking.body(Empty::new());
        let asking = asking.map_err(|e| FetchError::Strange(e.to_string()))?;
        // Somebody who left the roster is not asked on an old connection either.
        self.base(source)?;
        let start = Instant::now();
        let asked = self.pool.ask(&name, || self.find(source, &name), asking);
        let (response, mut lease) = still(HEAD, asked).await?;
        let waited = start.elapsed();
        let (head, mut body) = response.into_parts();
        let answer = match head.status {
            StatusCode::OK => {
                before_bytes.await;
                let chunk = self.receive(&mut body, &mut lease, source, request).await?;
                Answer::Chunk {
                    chunk,
                    waited,
                    took: start.elapsed(),
                }
            }
            StatusCode::TEMPORARY_REDIRECT => referral(&head.headers)?,
            StatusCode::NOT_FOUND => Answer::NotHere,
            // Whoever does not know us yet will when its roster is as new as ours.
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::FORBIDDEN => Answer::Busy,
            other => return Err(FetchError::Strange(format!("status {other}"))),
        };
        // Refusals may have a few words; a connection with a long one is not worth it.
        if body.is_end_stream() || ends(&mut body).await {
            lease.give_back();
        }
        Ok(answer)
    }

    /// Connects to the origin now, so that what is asked soon need not wait for it. Not in an office of
    /// many: few of its PCs will be sent there, and a thousand that begin to watch at once must not all connect.
    pub async fn warm_up(&self) {
        if self.book.members() > FEW {
            return;
        }
        let find = || self.find(Source::Origin, ORIGIN_NAME);
        if let Err(e) = self.pool.warm_up(ORIGIN_NAME, find).await {
            tracing::debug!(error = %e, "nothing to warm up");
        }
    }

    async fn find(&self, source: Source, name: &str) -> std::io::Result<Host> {
        let addresses = match source {
            Source::Origin => self.book.origin().lookup().await,
            Source::Peer(device) => Ok(self.book.peer(device).into_iter().collect()),
        };
        Ok(Host {
            name: name.to_owned(),
            addresses: addresses.map_err(std::io::Error::other)?,
        })
    }

    async fn receive(
        &self,
        body: &mut Incoming,
        lease: &mut Lease,
        source: Source,
        request: Request,
    ) -> Result<VerifiedChunk, FetchError> {
        let announced = body.size_hint().exact();
        let most = u64::from(request.len.unwrap_or(MAX_CHUNK_LEN));
        if announced
            .is_some_and(|len| len > most || request.len.is_some_and(|l| len != u64::from(l)))
        {
            return Err(FetchError::Strange("a body of another length".into()));
        }
        let mut receiving = Receiving::new(request.chunk, request.len);
        let mut gathering = lease.gathering(announced.unwrap_or(0));
        while let Some(frame) = next(body, &mut gathering).await? {
            if let Ok(piece) = frame.into_data() {
                self.metrics.received(source, piece.len() as u64);
                receiving.push(&piece).map_err(misfit)?;
                gathering.came(piece.len() as u64);
            }
        }
        receiving.finish().map_err(misfit)
    }

    /// Passes a licence request on to the DMS.
    ///
    /// # Errors
    /// [`FetchError`] when the DMS does not answer; its refusal is an answer.
    pub async fn license(&self, body: Bytes) -> Result<Passed, FetchError> {
        self.post("/v1/license", body).await
    }

    /// Asks whether a licence still holds.
    ///
    /// # Errors
    /// [`FetchError`] when the DMS does not answer; its refusal is an answer.
    pub async fn standing(&self, license: uuid::Uuid) -> Result<Passed, FetchError> {
        let url = format!("{}/v1/licenses/{license}", self.base(Source::Origin)?);
        within(PATIENCE, MAX_ANSWER, self.http.get(url)).await
    }

    /// Trades the code that a person's click brought for their session on this device.
    ///
    /// # Errors
    /// [`FetchError`] when the DMS does not answer; its refusal is an answer.
    pub async fn trade(&self, code: &str) -> Result<Passed, FetchError> {
        let body = serde_json::json!({ "code": code }).to_string();
        self.post("/v1/handoff", body.into()).await
    }

    /// Passes on what the page that this agent serves asks.
    ///
    /// # Errors
    /// [`FetchError`] when the DMS does not answer; its refusal is an answer.
    pub async fn page(&self, ask: PageAsk) -> Result<Passed, FetchError> {
        let (base, prefix) = (self.base(Source::Origin)?, wire::page::PAGE_PATH);
        let url = format!("{base}{prefix}{}", ask.target);
        let sent = self.metrics.sent(Sent::Reports);
        sent.inc_by(ask.body.len() as u64);
        let mut request = self
            .http
            .request(ask.method, url)
            .bearer_auth(&ask.session)
            .body(ask.body);
        if let Some(kind) = ask.content_type {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        within(PATIENCE, wire::page::MAX_PAGE_ANSWER, request).await
    }

    /// Asks what fills a break.
    ///
    /// # Errors
    /// [`FetchError`] when the DMS does not answer; its refusal is an answer.
    pub async fn assets(&self, ask: AssetsAsk) -> Result<Passed, FetchError> {
        let (base, title, id) = (self.base(Source::Origin)?, ask.title, ask.break_id);
        let url = format!(
            "{base}/v1/titles/{title}/breaks/{id}/assets?session={}",
            ask.playback
        );
        let mut request = self.http.get(url);
        if let Some(person) = ask.person {
            request = request.bearer_auth(person);
        }
        if let Some(player) = ask.player {
            request = request.header(header::USER_AGENT, player);
        }
        within(PATIENCE, wire::page::MAX_PAGE_ANSWER, request).await
    }

    /// Tells what happened to what fills breaks.
    ///
    /// # Errors
    /// [`FetchError`] when the DMS does not answer; its refusal is an answer.
    pub async fn ad_events(&self, events: Bytes) -> Result<Passed, FetchError> {
        self.post("/v1/ads/events", events).await
    }

    /// Tells what was played.
    ///
    /// # Errors
    /// [`FetchError`] when the DMS does not answer; its refusal is an answer.
    pub async fn usage(&self, report: Bytes) -> Result<Passed, FetchError> {
        self.post("/v1/usage", report).await
    }

    /// Asks for a new certificate.
    ///
    /// # Errors
    /// [`FetchError`] when the DMS does not answer; its refusal is an answer.
    pub async fn renew(&self, csr_pem: &str, level: Level) -> Result<Passed, FetchError> {
        let level = level.name();
        let body = serde_json::json!({ "csr_pem": csr_pem, "key_level": level }).to_string();
        self.post("/v1/renew", body.into()).await
    }

    /// Asks `source` for something that is no chunk, to see whether it answers at all: nobody
    /// goes looking for that.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn probe(&self, source: Source) -> Result<Passed, FetchError> {
        let url = format!("{}{}probe", self.base(source)?, names::CHUNK_PATH);
        within(PATIENCE, MAX_ANSWER, self.http.get(url)).await
    }

    async fn post(&self, path: &str, body: Bytes) -> Result<Passed, FetchError> {
        let url = format!("{}{path}", self.base(Source::Origin)?);
        let json = (header::CONTENT_TYPE, "application/json");
        self.metrics.sent(Sent::Reports).inc_by(body.len() as u64);
        let request = self.http.post(url).header(json.0, json.1).body(body);
        within(PATIENCE, MAX_ANSWER, request).await
    }

    /// The port is that of the address book: a URL's port wins over a resolver's.
    fn base(&self, source: Source) -> Result<String, FetchError> {
        match source {
            Source::Origin => Ok(format!("https://{ORIGIN_NAME}:{}", self.book.origin().port)),
            Source::Peer(device) => {
                let address = self.book.peer(device);
                let address =
                    address.ok_or_else(|| FetchError::Broken("not in the roster".into()))?;
                Ok(format!("https://{}:{}", peer_name(device), address.port()))
            }
        }
    }
}

/// What comes next of a body, unless it stands still.
async fn next(
    body: &mut Incoming,
    gathering: &mut Gathering<'_>,
) -> Result<Option<Frame<Bytes>>, FetchError> {
    let frame = match timeout(Gathering::PATIENCE, body.frame()).await {
        Ok(frame) => frame,
        Err(_) => {
            gathering.hurry();
            let frame = timeout(STALL, body.frame()).await;
            frame.map_err(|_| FetchError::Late)?
        }
    };
    frame.transpose().map_err(|e| FetchError::Broken(chain(&e)))
}

/// More bytes than asked for, or fewer, may be a broken connection; other bytes are a lie.
fn misfit(error: ChunkError) -> FetchError {
    match error {
        ChunkError::Hash { got } => FetchError::Lied { got },
        ChunkError::TooLong { .. } | ChunkError::TooShort { .. } => {
            FetchError::Strange(error.to_string())
        }
    }
}

/// Whom an answer refers to, at most [`wire::MAX_REFERRAL`].
#[must_use]
pub fn referred(headers: &HeaderMap) -> Vec<DeviceId> {
    let named = headers.get(names::REFER).and_then(|v| v.to_str().ok());
    let devices = named.unwrap_or_default().split(',');
    devices
        .take(wire::MAX_REFERRAL)
        .filter_map(|id| id.trim().parse().ok())
        .collect()
}

fn referral(headers: &HeaderMap) -> Result<Answer, FetchError> {
    let devices = referred(headers);
    if devices.is_empty() {
        return Err(FetchError::Strange("a referral to nobody".into()));
    }
    Ok(Answer::Refer(devices))
}

/// The name of a source in its certificate.
fn host_name(source: Source) -> String {
    match source {
        Source::Origin => ORIGIN_NAME.to_owned(),
        Source::Peer(device) => peer_name(device),
    }
}

/// Whether a short body ends within what is here of it already, or nearly.
async fn ends(body: &mut Incoming) -> bool {
    let mut read = 0;
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            read += frame.data_ref().map_or(0, Bytes::len);
            if read > MAX_REFUSAL {
                return false;
            }
        }
        body.is_end_stream()
    };
    timeout(REFUSAL, reading).await.unwrap_or(false)
}

/// The step, unless nothing comes for this long.
async fn still<T>(
    longest: Duration,
    step: impl Future<Output = Result<T, PoolError>>,
) -> Result<T, FetchError> {
    match timeout(longest, step).await {
        Ok(Err(PoolError::Late)) | Err(_) => Err(FetchError::Late),
        Ok(done) => done.map_err(|e| FetchError::Broken(chain(&e))),
    }
}

async fn within(
    patience: Duration,
    most: usize,
    request: reqwest::RequestBuilder,
) -> Result<Passed, FetchError> {
    let exchange = async {
        let response = request.send().await.map_err(broken)?;
        let status = response.status();
        let date = response.headers().get(header::DATE);
        let date = date
            .and_then(|d| d.to_str().ok())
            .and_then(|d| httpdate::parse_http_date(d).ok());
        let content_type = response.headers().get(header::CONTENT_TYPE).cloned();
        let body = read_limited(response, most).await?;
        Ok(Passed {
            status,
            content_type,
            body,
            date,
        })
    };
    let exchanged = timeout(patience, exchange).await;
    exchanged.unwrap_or(Err(FetchError::Late))
}

/// A whole body of at most `most` bytes.
///
/// # Errors
/// [`FetchError::Strange`] when it is longer.
pub async fn read_limited(
    mut response: reqwest::Response,
    most: usize,
) -> Result<Bytes, FetchError> {
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(broken)? {
        if body.len() + piece.len() > most {
            return Err(FetchError::Strange("an answer that is too long".into()));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

fn broken(error: reqwest::Error) -> FetchError {
    if error.is_timeout() {
        return FetchError::Late;
    }
    FetchError::Broken(chain(&error.without_url()))
}
