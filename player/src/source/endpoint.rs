//! One HTTP peer of the player: the agent's loopback API or the DMS's public API.

use std::{fmt, path::Path, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::{RequestBuilder, Response, StatusCode, header};
use serde::Deserialize;
use swarm::{
    content::{ChunkRef, DeviceId, TitleId},
    wire,
};
use zeroize::Zeroizing;

mod ads;

use super::row::Row;
use crate::error::PlayError;

/// How long the agent may take to say hello before it counts as absent.
const HELLO_LIMIT: Duration = Duration::from_millis(1500);
/// How long connecting may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long an answer may make no progress.
const READ_LIMIT: Duration = Duration::from_secs(15);
/// How long a question beside the playing may take.
const HOLDS_LIMIT: Duration = Duration::from_secs(10);
/// The longest JSON or licence that is read, bytes.
const MAX_SMALL_BODY: usize = 64 << 10;
/// The longest token file, bytes.
const MAX_TOKEN_LEN: usize = 4096;
/// The longest part of a problem's sentence that is shown, characters.
const MAX_DETAIL: usize = 300;

/// Agent or DMS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PathKind {
    /// The edge peer on this computer.
    Agent,
    /// The DMS itself.
    Dms,
}

impl fmt::Display for PathKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Agent => "agent",
            Self::Dms => "dms",
        })
    }
}

/// Where the bytes of a chunk were.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChunkSource {
    /// In the agent's cache.
    Cache,
    /// At another PC of the site.
    Peer,
    /// At the DMS.
    Origin,
}

/// Why one request failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// 404.
    #[error("not found")]
    NotFound,
    /// 409: the title is not complete.
    #[error("not ready")]
    NotReady,
    /// 401, or 403 without a reason.
    #[error("the token is not accepted")]
    Denied,
    /// 403 with a reason.
    #[error("refused ({code}): {detail}")]
    Refused {
        /// The problem's code.
        code: String,
        /// The problem's sentence.
        detail: String,
    },
    /// 507 with a reason.
    #[error("{0}")]
    Full(String),
    /// No connection, or it broke, or it is too slow.
    #[error("{0}")]
    Unreachable(String),
    /// Something the protocol does not have.
    #[error("{0}")]
    Unexpected(String),
}

/// The signing keys an endpoint names.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, serde::Serialize)]
pub struct Trust {
    /// The company.
    pub tenant: String,
    /// Ed25519 keys that sign manifests, lower-case hex.
    pub manifest_keys: Vec<String>,
    /// Ed25519 keys that sign licences, lower-case hex.
    pub license_keys: Vec<String>,
}

/// What a licence is wanted for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wants {
    /// The licence that it is to go on with.
    pub renews: Option<[u8; 16]>,
    /// Whether it is to be used without contact to the DMS.
    pub offline: bool,
    /// What the watch says, when it is.
    pub watch: Option<drm::lease::Contact>,
}

/// How far an agent is with a title that it keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub struct Kept {
    /// The version that it keeps.
    pub version: u64,
    /// What that takes, bytes.
    pub bytes: u64,
    /// What of it is there.
    pub bytes_here: u64,
    /// Whether the cache has no room for the rest.
    pub no_room: bool,
}

#[derive(Deserialize)]
struct Hello {
    device_id: Option<String>,
}

/// See the module.
pub struct Endpoint {
    kind: PathKind,
    /// Without a slash at the end.
    base: String,
    http: reqwest::Client,
    token: Option<Zeroizing<String>>,
    /// The viewer's token, which an agent passes on.
    person: Option<Zeroizing<String>>,
    /// The device the agent says it runs on.
    device: Option<DeviceId>,
}

impl Endpoint {
    /// The agent at `base`, when it answers and its token can be read. With `person_file` licences are asked for in that person's
    /// name.
    ///
    /// # Errors
    /// [`PlayError::AgentUnreachable`] or [`PlayError::State`] (a token file).
    pub async fn agent(
        base: &str,
        token_file: &Path,
        person_file: Option<&Path>,
    ) -> Result<Self, PlayError> {
        // A proxy has no business between this program and its own computer.
        let mut builder = reqwest::Client::builder().no_proxy();
        if base.starts_with("http://") {
            // Nobody signs for this computer: reading all authorities would only cost start-up time.
            builder = builder.tls_certs_only(std::iter::empty());
        }
        let http = client(builder)?;
        let mut endpoint = Self {
            kind: PathKind::Agent,
            base: base.trim_end_matches('/').into(),
            http,
            token: None,
            person: person_file.map(read_token).transpose()?,
            device: None,
        };
        let request = endpoint
            .http
            .get(endpoint.url("/v1/hello"))
            .timeout(HELLO_LIMIT);
        let hello = endpoint
            .small(request, MAX_SMALL_BODY)
            .await
            .and_then(|body| {
                serde_json::from_slice::<Hello>(&body)
                    .map_err(|error| FetchError::Unexpected(error.to_string()))
            });
        let hello = hello.map_err(|error| {
            tracing::debug!(%error, "no hello from the agent");
            PlayError::AgentUnreachable(endpoint.base.clone())
        })?;
        endpoint.device = hello.device_id.and_then(|id| id.parse().ok());
        endpoint.token = Some(read_token(token_file)?);
        Ok(endpoint)
    }

    /// The DMS at `base`. With `ca_file` only that authority may vouch for it.
    ///
    /// # Errors
    /// [`PlayError::State`] when a file cannot be read.
    pub fn dms(
        base: &str,
        token_file: Option<&Path>,
        ca_file: Option<&Path>,
    ) -> Result<Self, PlayError> {
        let mut builder = reqwest::Client::builder();
        if let Some(file) = ca_file {
            builder = builder.tls_certs_only(read_authorities(file)?);
        }
        Ok(Self {
            kind: PathKind::Dms,
            base: base.trim_end_matches('/').into(),
            http: client(builder)?,
            token: token_file.map(read_token).transpose()?,
            person: None,
            device: None,
        })
    }

    /// The enrolled device behind this endpoint: the agent's.
    #[must_use]
    pub fn device(&self) -> Option<DeviceId> {
        self.device
    }

    /// Agent or DMS.
    #[must_use]
    pub fn kind(&self) -> PathKind {
        self.kind
    }

    /// The URL this endpoint was named by.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The signing keys it names.
    ///
    /// # Errors
    /// [`PlayError::Unreachable`] or [`PlayError::Unexpected`].
    pub async fn trust(&self) -> Result<Trust, PlayError> {
        let path = match self.kind {
            PathKind::Agent => "/v1/trust",
            PathKind::Dms => "/api/v1/trust",
        };
        let body = self
            .small(self.http.get(self.url(path)), MAX_SMALL_BODY)
            .await;
        let body = body.map_err(|error| self.failure(error))?;
        serde_json::from_slice(&body).map_err(|error| {
            self.failure(FetchError::Unexpected(format!(
                "its signing keys are not readable ({error})"
            )))
        })
    }

    /// The signed manifest of a title.
    ///
    /// # Errors
    /// [`PlayError::TitleNotFound`], [`PlayError::SignInNeeded`] and the like.
    pub async fn manifest(&self, title: TitleId) -> Result<Bytes, PlayError> {
        let url = self.url(&format!("{}/titles/{title}/manifest", self.prefix()));
        let answer = self.small(self.http.get(url), wire::MAX_MANIFEST_LEN).await;
        answer.map_err(|error| match error {
            FetchError::NotFound => PlayError::TitleNotFound(title),
            FetchError::NotReady => PlayError::TitleNotReady(title),
            error => self.failure(error),
        })
    }

    /// A licence for the holder of `recipient_key` (base64url), as signed bytes.
    ///
    /// # Errors
    /// [`PlayError::NotLicensed`], [`PlayError::LicenseExpired`], [`PlayError::TitleNotFound`] and
    /// the like.
    pub async fn license(
        &self,
        title: TitleId,
        recipient_key: &str,
        wants: Wants,
    ) -> Result<Bytes, PlayError> {
        let path = match self.kind {
            PathKind::Agent => "/v1/license".to_owned(),
            PathKind::Dms => format!("/api/v1/titles/{title}/license"),
        };
        let body = serde_json::json!({
            "title": title,
            "recipient_key": recipient_key,
            "person": self.person.as_ref().map(|token| token.as_str()),
            "renews": wants.renews.map(hex::encode),
            "offline": wants.offline,
            "watch": wants.watch,
        });
        let answer = self
            .small(self.http.post(self.url(&path)).json(&body), MAX_SMALL_BODY)
            .await;
        answer.map_err(|error| match error {
            FetchError::NotFound => PlayError::TitleNotFound(title),
            FetchError::NotReady => PlayError::TitleNotReady(title),
            FetchError::Refused { code, .. } if code == "license_expired" => {
                PlayError::LicenseExpired(title)
            }
            FetchError::Refused { code, detail } => PlayError::NotLicensed {
                title,
                detail: format!(" {detail}"),
                code,
            },
            error => self.failure(error),
        })
    }

    /// Whether a licence still holds. None: nobody says so.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn holds(&self, license: [u8; 16]) -> Result<Option<bool>, FetchError> {
        #[derive(Deserialize)]
        struct Standing {
            holds: bool,
        }
        let id = uuid::Uuid::from_bytes(license);
        let url = self.url(&format!("{}/licenses/{id}", self.prefix()));
        let request = self.http.get(url).timeout(HOLDS_LIMIT);
        match self.small(request, MAX_SMALL_BODY).await {
            Ok(body) => serde_json::from_slice::<Standing>(&body)
                .map(|standing| Some(standing.holds))
                .map_err(|error| FetchError::Unexpected(error.to_string())),
            Err(FetchError::Refused { code, .. }) if code == "device_revoked" => Ok(Some(false)),
            Err(FetchError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Tells what was played.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn usage(&self, report: &impl serde::Serialize) -> Result<(), FetchError> {
        let url = self.url(&format!("{}/usage", self.prefix()));
        let request = self.http.post(url).json(report).timeout(HOLDS_LIMIT);
        self.small(request, MAX_SMALL_BODY).await.map(|_| ())
    }

    /// Has the agent keep these tracks of a title.
    ///
    /// # Errors
    /// [`PlayError::NoRoom`] and the like.
    pub async fn keep(&self, title: TitleId, tracks: &[u16]) -> Result<Kept, PlayError> {
        let body = serde_json::json!({ "tracks": tracks });
        let request = self.http.put(self.kept_url(title)).json(&body);
        self.kept_answer(title, self.small(request, MAX_SMALL_BODY).await)
    }

    /// How far the agent is with a title that it keeps.
    ///
    /// # Errors
    /// [`PlayError::NotSaved`] when it does not keep it.
    pub async fn kept(&self, title: TitleId) -> Result<Kept, PlayError> {
        let request = self.http.get(self.kept_url(title));
        self.kept_answer(title, self.small(request, MAX_SMALL_BODY).await)
    }

    /// Has the agent let go of a title. False when it did not keep it.
    ///
    /// # Errors
    /// Why the agent does not answer.
    pub async fn let_go(&self, title: TitleId) -> Result<bool, PlayError> {
        let request = self.http.delete(self.kept_url(title));
        match self.small(request, MAX_SMALL_BODY).await {
            Ok(_) => Ok(true),
            Err(FetchError::NotFound) => Ok(false),
            Err(error) => Err(self.failure(error)),
        }
    }

    fn kept_url(&self, title: TitleId) -> String {
        self.url(&format!("/v1/kept/{title}"))
    }

    fn kept_answer(
        &self,
        title: TitleId,
        answer: Result<Bytes, FetchError>,
    ) -> Result<Kept, PlayError> {
        let body = answer.map_err(|error| match error {
            FetchError::NotFound => PlayError::NotSaved(title),
            FetchError::Full(detail) => PlayError::NoRoom(detail),
            error => self.failure(error),
        })?;
        serde_json::from_slice(&body)
            .map_err(|error| self.failure(FetchError::Unexpected(error.to_string())))
    }

    /// The bytes of a chunk, not verified, exactly as long as the manifest says.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn chunk(
        &self,
        title: TitleId,
        chunk: ChunkRef,
        deadline: Duration,
    ) -> Result<(Bytes, ChunkSource), FetchError> {
        let ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
        let ms = ms.min(wire::MAX_DEADLINE_MS);
        let url = self.url(&format!("{}{}", wire::http::CHUNK_PATH, chunk.id));
        let request = match self.kind {
            PathKind::Agent => self.http.get(url).query(&[
                ("title", title.to_string()),
                ("deadline_ms", ms.to_string()),
            ]),
            PathKind::Dms => self
                .http
                .get(url)
                .header(wire::http::TITLE, title.to_string())
                .header(wire::http::DEADLINE_MS, ms),
        };
        let response = self.send(request).await?;
        let from = match (self.kind, response.headers().get(wire::http::SOURCE)) {
            (PathKind::Agent, Some(value)) if value == "cache" => ChunkSource::Cache,
            (PathKind::Agent, Some(value)) if value == "peer" => ChunkSource::Peer,
            _ => ChunkSource::Origin,
        };
        let bytes = body(response, chunk.len as usize).await?;
        if bytes.len() != chunk.len as usize {
            let text = format!("{} of a chunk's {} bytes came", bytes.len(), chunk.len);
            return Err(FetchError::Unexpected(text));
        }
        Ok((bytes, from))
    }

    /// All chunks of a title, as the agent gets them.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn whole(&self, title: TitleId) -> Result<Row, FetchError> {
        let url = self.url(&format!("{}/titles/{title}/fetch", self.prefix()));
        let response = self.send(self.http.post(url)).await?;
        Ok(Row::new(response))
    }

    /// A failed request as something a person can act on.
    #[must_use]
    pub fn failure(&self, error: FetchError) -> PlayError {
        let url = self.base.clone();
        match error {
            FetchError::Denied | FetchError::Refused { .. } => PlayError::SignInNeeded(url),
            FetchError::Unreachable(reason) => PlayError::Unreachable { url, reason },
            error => PlayError::Unexpected {
                url,
                reason: error.to_string(),
            },
        }
    }

    fn prefix(&self) -> &'static str {
        match self.kind {
            PathKind::Agent => "/v1",
            PathKind::Dms => "/api/v1",
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn small(&self, request: RequestBuilder, limit: usize) -> Result<Bytes, FetchError> {
        body(self.send(request).await?, limit).await
    }

    async fn send(&self, mut request: RequestBuilder) -> Result<Response, FetchError> {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.as_str());
        }
        let answer = request.send().await;
        let response = answer.map_err(|error| FetchError::Unreachable(reason(&error)))?;
        match response.status() {
            status if status.is_success() => Ok(response),
            StatusCode::NOT_FOUND => Err(FetchError::NotFound),
            StatusCode::CONFLICT => Err(FetchError::NotReady),
            StatusCode::UNAUTHORIZED => Err(FetchError::Denied),
            StatusCode::FORBIDDEN => Err(problem(response).await),
            StatusCode::INSUFFICIENT_STORAGE => Err(match problem(response).await {
                FetchError::Refused { detail, .. } => FetchError::Full(detail),
                error => error,
            }),
            status if status.is_server_error() => {
                Err(FetchError::Unreachable(format!("it answers {status}")))
            }
            status => Err(FetchError::Unexpected(format!("it answers {status}"))),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({} {})", self.kind, self.base)
    }
}

fn client(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, PlayError> {
    builder
        .connect_timeout(CONNECT_LIMIT)
        .read_timeout(READ_LIMIT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("dms-player/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| PlayError::Usage(format!("No HTTP client can be made: {error}")))
}

/// What keeps `file` from being used.
fn unusable(file: &Path, reason: impl fmt::Display) -> PlayError {
    PlayError::State {
        path: file.display().to_string(),
        reason: reason.to_string(),
    }
}

fn read_authorities(file: &Path) -> Result<Vec<reqwest::Certificate>, PlayError> {
    let pem = std::fs::read(file).map_err(|error| unusable(file, error))?;
    match reqwest::Certificate::from_pem_bundle(&pem) {
        Ok(authorities) if !authorities.is_empty() => Ok(authorities),
        _ => Err(unusable(file, "it holds no certificate in PEM")),
    }
}

fn read_token(file: &Path) -> Result<Zeroizing<String>, PlayError> {
    let text = std::fs::read_to_string(file).map_err(|error| unusable(file, error))?;
    let text = Zeroizing::new(text);
    let token = text.trim();
    let fits =
        (1..=MAX_TOKEN_LEN).contains(&token.len()) && header::HeaderValue::from_str(token).is_ok();
    if !fits {
        return Err(unusable(file, "it holds no token"));
    }
    Ok(Zeroizing::new(token.to_owned()))
}

/// Reads a body of at most `limit` bytes.
async fn body(mut response: Response, limit: usize) -> Result<Bytes, FetchError> {
    let expected = response.content_length().unwrap_or(0);
    let too_long = || FetchError::Unexpected(format!("the answer is longer than {limit} bytes"));
    if usize::try_from(expected).map_or(true, |expected| expected > limit) {
        return Err(too_long());
    }
    let mut bytes = BytesMut::with_capacity(usize::try_from(expected).unwrap_or(0));
    loop {
        let part = response.chunk().await;
        match part.map_err(|error| FetchError::Unreachable(reason(&error)))? {
            None => return Ok(bytes.freeze()),
            Some(part) if bytes.len() + part.len() > limit => return Err(too_long()),
            Some(part) => bytes.extend_from_slice(&part),
        }
    }
}

#[derive(Deserialize)]
struct Problem {
    code: Option<String>,
    detail: Option<String>,
    title: Option<String>,
}

async fn problem(response: Response) -> FetchError {
    let Ok(bytes) = body(response, MAX_SMALL_BODY).await else {
        return FetchError::Denied;
    };
    let Ok(problem) = serde_json::from_slice::<Problem>(&bytes) else {
        return FetchError::Denied;
    };
    let detail = problem.detail.or(problem.title).unwrap_or_default();
    let detail = detail
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_DETAIL)
        .collect();
    match problem.code {
        Some(code) => FetchError::Refused { code, detail },
        None => FetchError::Denied,
    }
}

/// The innermost cause, without the URL, which may carry what does not belong in a message.
pub(super) fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it did not answer in time".into();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if std::ptr::addr_eq(cause, error) {
        "the request failed".into()
    } else {
        cause.to_string()
    }
}
