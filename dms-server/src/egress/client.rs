//! An exchange from the URL to the answer, redirects included, within its limits.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use super::address::{Policy, Verdict};
use super::dial::{self, Arriving};
use super::error::EgressError;
use super::resolve::{Resolve, System};
use super::target::{Place, Target};
use super::trust::Trust;
use crate::config;

/// How long an exchange may take, redirects and the body included.
pub const EXCHANGE_MAX: Duration = Duration::from_secs(5);

/// The largest body that is taken, bytes. Nothing is decompressed, so this is what stays in memory.
pub const BODY_MAX: usize = 1 << 20;

/// The most redirects that are followed.
pub const REDIRECTS_MAX: usize = 5;

/// The most addresses of one name. More are no service but a trick.
const ADDRESSES_MAX: usize = 64;

/// The most exchanges at once.
const EXCHANGES_MAX: usize = 128;

/// What this program calls itself.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("dms/", env!("CARGO_PKG_VERSION")));

/// How much of the answer's body is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// All of it, at most so many bytes and never more than [`BODY_MAX`]; a larger one and one that breaks
    /// off or does not end in time are errors.
    All(usize),
    /// So many bytes from its beginning, as far as they come in time: the status is what matters.
    First(usize),
}

/// What to send. `Host`, the length and the like are added; cookies and credentials are the caller's.
#[derive(Clone, Debug)]
pub struct Outgoing<'a> {
    /// Where to, as it was typed.
    pub url: &'a str,
    /// `GET` follows redirects; everything else does not.
    pub method: Method,
    /// Further fields. They go to the first origin only: another origin that it redirects to gets none.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// What is wanted of the answer's body.
    pub take: Take,
}

impl<'a> Outgoing<'a> {
    /// Fetches a document.
    #[must_use]
    pub fn get(url: &'a str) -> Self {
        Self {
            url,
            method: Method::GET,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            take: Take::All(BODY_MAX),
        }
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status, whatever it is.
    pub status: StatusCode,
    /// The header.
    pub headers: HeaderMap,
    /// As much of the body as was asked for, as it came over the wire.
    pub body: Bytes,
    /// The URL that answered, after redirects.
    pub url: String,
}

/// The client. It keeps no connections, no cookies and no sessions, and asks no proxy.
#[derive(Debug)]
pub struct Egress {
    policy: Policy,
    resolver: Box<dyn Resolve>,
    trust: Trust,
    places: Semaphore,
}

impl Egress {
    /// The client with the system's resolver.
    ///
    /// # Errors
    /// When `egress.allow` or `egress.ca_file` cannot be read.
    pub fn open(config: &config::Egress) -> anyhow::Result<Self> {
        let policy = Policy::parse(&config.allow)
            .map_err(|error| anyhow::anyhow!("egress.allow: {error}"))?;
        let trust = Trust::open(&config.ca_file)?;
        Ok(Self::with(policy, Box::new(System::default()), trust))
    }

    pub(super) fn with(policy: Policy, resolver: Box<dyn Resolve>, trust: Trust) -> Self {
        Self {
            policy,
            resolver,
            trust,
            places: Semaphore::new(EXCHANGES_MAX),
        }
    }

    /// Whether a URL would be called now; answers it as it was understood. Its name is looked up, and may
    /// mean another address later: every exchange asks again.
    ///
    /// # Errors
    /// [`EgressError`].
    pub async fn check(&self, url: &str) -> Result<String, EgressError> {
        let target = Target::parse(url)?;
        let admitted = timeout_at(Instant::now() + EXCHANGE_MAX, self.admit(&target)).await;
        admitted.map_err(|_| EgressError::TimedOut)??;
        Ok(target.as_str().to_owned())
    }

    /// Sends a request and answers what came back, whatever its status.
    ///
    /// # Errors
    /// [`EgressError`].
    pub async fn send(&self, request: Outgoing<'_>) -> Result<Answer, EgressError> {
        let deadline = Instant::now() + EXCHANGE_MAX;
        let _place = self.places.try_acquire().map_err(|_| EgressError::Busy)?;
        let take = request.take;
        let (target, arriving) = timeout_at(deadline, self.follow(request))
            .await
            .map_err(|_| EgressError::TimedOut)??;
        let Arriving {
            response,
            connection: _connection,
        } = arriving;
        let (head, body) = response.into_parts();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: receive(body, take, deadline).await?,
            url: target.as_str().to_owned(),
        })
    }

    /// A place among the exchanges at once.
    pub(super) fn place(&self) -> Result<SemaphorePermit<'_>, EgressError> {
        self.places.try_acquire().map_err(|_| EgressError::Busy)
    }

    /// Asks, and asks where the answer leads, until there is one that leads nowhere.
    pub(super) async fn follow(
        &self,
        request: Outgoing<'_>,
    ) -> Result<(Target, Arriving), EgressError> {
        let mut target = Target::parse(request.url)?;
        let mut headers = request.headers;
        let mut redirects = 0;
        loop {
            let asked = write(&target, &request.method, &headers, request.body.clone())?;
            let arriving = self.hop(&target, asked).await?;
            let followed = request.method == Method::GET;
            if !followed || !is_redirect(arriving.response.status()) {
                return Ok((target, arriving));
            }
            if redirects == REDIRECTS_MAX {
                return Err(EgressError::TooManyRedirects);
            }
            redirects += 1;
            let next = target.join(location(arriving.response.headers())?)?;
            if target.is_https() && !next.is_https() {
                return Err(EgressError::Downgrade);
            }
            if !next.same_origin(&target) {
                headers.clear();
            }
            target = next;
        }
    }

    async fn hop(
        &self,
        target: &Target,
        request: Request<Full<Bytes>>,
    ) -> Result<Arriving, EgressError> {
        let addresses = self.admit(target).await?;
        let tls = if target.is_https() {
            Some(self.trust.config().await?)
        } else {
            None
        };
        dial::ask(target, &addresses, tls, request).await
    }

    /// The addresses of a target. All of them pass, or none is dialled: a name that means something public
    /// and something private at once is a trick.
    async fn admit(&self, target: &Target) -> Result<Vec<IpAddr>, EgressError> {
        let addresses = match target.host() {
            Place::Address(address) => vec![*address],
            Place::Name(name) => {
                let found: io::Result<Vec<IpAddr>> = self.resolver.resolve(name).await;
                found.map_err(|_| EgressError::Unresolved)?
            }
        };
        if addresses.is_empty() || addresses.len() > ADDRESSES_MAX {
            return Err(EgressError::Unresolved);
        }
        for address in &addresses {
            match self.policy.judge(*address) {
                Verdict::Refused(class) => return Err(EgressError::Address(class)),
                Verdict::Public if !target.is_https() => return Err(EgressError::PlainHttp),
                Verdict::Public | Verdict::Opened => {}
            }
        }
        Ok(addresses)
    }
}

fn write(
    target: &Target,
    method: &Method,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, EgressError> {
    // The `url` crate lets characters through that a request line may not have.
    let refused = |_| EgressError::Target(super::target::TargetError::Characters);
    let mut request = Request::builder()
        .method(method)
        .uri(target.path_and_query())
        .body(Full::new(body))
        .map_err(refused)?;
    let host = HeaderValue::from_str(&target.authority());
    let fields = request.headers_mut();
    *fields = headers.clone();
    fields.insert(
        header::HOST,
        host.map_err(|_| EgressError::Target(super::target::TargetError::Host))?,
    );
    fields.insert(header::USER_AGENT, AGENT);
    fields.insert(header::CONNECTION, HeaderValue::from_static("close"));
    fields.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    Ok(request)
}

const fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The one place a redirect leads to.
fn location(headers: &HeaderMap) -> Result<&str, EgressError> {
    let mut places = headers.get_all(header::LOCATION).iter();
    match (places.next(), places.next()) {
        (Some(place), None) => place.to_str().map_err(|_| EgressError::NoLocation),
        _ => Err(EgressError::NoLocation),
    }
}

async fn receive(mut body: Incoming, take: Take, deadline: Instant) -> Result<Bytes, EgressError> {
    let (most, whole) = match take {
        Take::All(most) => (most.min(BODY_MAX), true),
        Take::First(most) => (most.min(BODY_MAX), false),
    };
    if whole && body.size_hint().lower() > most as u64 {
        return Err(EgressError::TooLarge);
    }
    let mut taken = BytesMut::new();
    while taken.len() < most || whole {
        let bytes = match timeout_at(deadline, body.frame()).await {
            Ok(None) => break,
            Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            Ok(Some(Err(_))) if whole => return Err(EgressError::Truncated),
            Err(_) if whole => return Err(EgressError::TimedOut),
            Ok(Some(Err(_))) | Err(_) => break,
        };
        let room = most - taken.len();
        if whole && bytes.len() > room {
            return Err(EgressError::TooLarge);
        }
        taken.extend_from_slice(bytes.get(..room).unwrap_or(&bytes));
    }
    Ok(taken.freeze())
}
