//! The API's client: where the server is, who asks, and what its answers mean.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::Failure;
use super::logins::Logins;
use crate::problem::{MEDIA_TYPE, ProblemBody};

/// Where the owner's token lies beside a server with its default data folder.
const OWNER_TOKEN: &str = "dms-data/owner.token";
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(60);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// The server that is meant when none is named.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// Which server, and as whom.
#[derive(clap::Args, Clone, Debug)]
pub struct Connection {
    /// The DMS [default: the one of the last `dms login`, else http://127.0.0.1:8080]
    #[arg(long, visible_alias = "server", env = "DMS_URL", global = true)]
    url: Option<String>,
    /// A file with the token to sign in with [default: what `dms login` kept for this server, else
    /// ./dms-data/owner.token if it is there]
    #[arg(long, env = "DMS_TOKEN_FILE", value_name = "FILE", global = true)]
    token_file: Option<PathBuf>,
    /// PEM file of the authority that signed the DMS's certificate, when it is a private one
    #[arg(long, env = "DMS_CA_FILE", value_name = "FILE", global = true)]
    ca_file: Option<PathBuf>,
}

impl Connection {
    /// The server that is meant, without a slash at the end.
    ///
    /// # Errors
    /// [`Failure::Input`] when it is no address of a server.
    pub(super) fn url(&self, logins: &Logins) -> Result<String, Failure> {
        let url = self.url.as_deref().or_else(|| logins.current());
        let url = url.unwrap_or(DEFAULT_URL).trim_end_matches('/');
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Failure::Input(format!(
                "--url {url} must begin with http:// or https://"
            )));
        }
        Ok(url.to_owned())
    }

    /// The file of the authority that vouches for this server, such that it is found from any folder.
    ///
    /// # Errors
    /// [`Failure::File`].
    pub(super) fn authority(&self, logins: &Logins, url: &str) -> Result<Option<PathBuf>, Failure> {
        let Some(path) = &self.ca_file else {
            return Ok(logins.of(url).and_then(|login| login.ca_file.clone()));
        };
        let absolute = path.canonicalize().map_err(|source| Failure::File {
            path: path.clone(),
            source,
        });
        absolute.map(Some)
    }

    /// Whether the token is named, whatever `dms login` kept.
    pub(super) fn names_token(&self) -> bool {
        self.token_file.is_some()
    }
}

/// A signed-in client.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<Zeroizing<String>>,
}

impl Client {
    /// Finds the token and prepares the client; nothing is sent yet.
    ///
    /// # Errors
    /// [`Failure::NoToken`], [`Failure::File`] or [`Failure::Input`].
    pub fn new(connection: &Connection) -> Result<Self, Failure> {
        let logins = Logins::read()?;
        let client = Self::anonymous(connection, &logins)?;
        let kept = logins.of(&client.url);
        if let (None, Some(login)) = (&connection.token_file, kept) {
            return Ok(client.with_token(&login.token));
        }
        let path = match &connection.token_file {
            Some(path) => path.clone(),
            // Only for a server that is named or the one on this machine: never for the one of another sign-in.
            None => Some(PathBuf::from(OWNER_TOKEN))
                .filter(|p| p.exists())
                .ok_or(Failure::NoToken)?,
        };
        Ok(client.with_token(&read_token(&path)?))
    }

    /// A client that is nobody yet.
    ///
    /// # Errors
    /// [`Failure::File`] or [`Failure::Input`].
    pub(super) fn anonymous(connection: &Connection, logins: &Logins) -> Result<Self, Failure> {
        let url = connection.url(logins)?;
        let ca_file = connection.authority(logins, &url)?;
        Self::of(url, ca_file.as_deref())
    }

    /// A client of this server; with `ca_file` only that authority may vouch for it.
    pub(super) fn of(url: String, ca_file: Option<&Path>) -> Result<Self, Failure> {
        let mut http = reqwest::Client::builder();
        if let Some(file) = ca_file {
            http = http.tls_certs_only(read_authorities(file)?);
        }
        let http = http
            .connect_timeout(CONNECT)
            .user_agent(concat!("dms/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| Failure::Input(format!("the HTTP client cannot be made: {e}")))?;
        let token = None;
        Ok(Self { http, url, token })
    }

    /// The same with a token.
    pub(super) fn with_token(mut self, token: &str) -> Self {
        self.token = Some(Zeroizing::new(token.to_owned()));
        self
    }

    /// Whether it acts with this token.
    pub(super) fn has_token(&self, token: &str) -> bool {
        self.token.as_deref().is_some_and(|own| own == token)
    }

    /// The server's address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A request for `path` (or for an absolute URL of this server) with the token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with('/') {
            format!("{}{path}", self.url)
        } else {
            path.to_owned()
        };
        let request = self.http.request(method, url).timeout(ANSWER);
        match &self.token {
            Some(token) => request.bearer_auth(token.as_str()),
            None => request,
        }
    }

    /// Sends the request; an answer that is not 2xx is a failure.
    ///
    /// # Errors
    /// [`Failure::Unreachable`], [`Failure::Refused`] or [`Failure::Foreign`].
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        self.judge(self.send_any(request).await?).await
    }

    async fn judge(&self, answer: Response) -> Result<Response, Failure> {
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status().as_u16();
        let foreign = Failure::Foreign {
            url: answer.url().to_string(),
            status,
        };
        let kind = answer.headers().get(reqwest::header::CONTENT_TYPE);
        if kind.is_none_or(|k| k.as_bytes() != MEDIA_TYPE.as_bytes()) {
            return Err(foreign);
        }
        match answer.json::<ProblemBody>().await {
            Ok(problem) => Err(Failure::Refused(Box::new(problem))),
            Err(_) => Err(foreign),
        }
    }

    /// Sends the request and gives back the answer whatever its status.
    ///
    /// # Errors
    /// [`Failure::Unreachable`].
    pub async fn send_any(&self, request: RequestBuilder) -> Result<Response, Failure> {
        request.send().await.map_err(|e| self.unreachable(&e))
    }

    /// `GET path` as JSON.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.json(self.request(Method::GET, path)).await
    }

    /// Sends the request and reads the answer as JSON.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure> {
        self.read(self.send_any(request).await?).await
    }

    /// Reads an answer as JSON; one that is not 2xx is a failure.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub(super) async fn read<T: DeserializeOwned>(&self, answer: Response) -> Result<T, Failure> {
        self.parse(self.judge(answer).await?).await
    }

    /// Reads an answer as JSON whatever its status.
    pub(super) async fn parse<T: DeserializeOwned>(&self, answer: Response) -> Result<T, Failure> {
        let (url, status) = (answer.url().to_string(), answer.status().as_u16());
        answer.json().await.map_err(|e| {
            if e.is_decode() {
                Failure::Foreign { url, status }
            } else {
                self.unreachable(&e)
            }
        })
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let mut cause: &dyn std::error::Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        Failure::Unreachable {
            url: self.url.clone(),
            cause: cause.to_string(),
        }
    }
}

fn read_authorities(path: &Path) -> Result<Vec<reqwest::Certificate>, Failure> {
    let pem = std::fs::read(path).map_err(|source| Failure::File {
        path: path.to_path_buf(),
        source,
    })?;
    let read = reqwest::Certificate::from_pem_bundle(&pem).ok();
    read.filter(|authorities| !authorities.is_empty())
        .ok_or_else(|| {
            let file = path.display();
            Failure::Input(format!("--ca-file {file} holds no certificate in PEM"))
        })
}

pub(super) fn read_token(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|source| Failure::File {
        path: path.to_path_buf(),
        source,
    })?;
    let text = Zeroizing::new(text);
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Failure::Input(format!("{} holds no token", path.display())));
    }
    Ok(Zeroizing::new(token.to_owned()))
}
