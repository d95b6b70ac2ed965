//! The API's client: where the server is, who asks, and what its answers mean.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;

use super::Failure;
use crate::problem::{MEDIA_TYPE, ProblemBody};

/// Where the owner's token lies beside a server with its default data folder.
const OWNER_TOKEN: &str = "dms-data/owner.token";
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(60);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Which server, and as whom.
#[derive(clap::Args, Clone, Debug)]
pub struct Connection {
    /// The DMS
    #[arg(
        long,
        env = "DMS_URL",
        default_value = "http://127.0.0.1:8080",
        global = true
    )]
    url: String,
    /// A file with the token to sign in with [default: ./dms-data/owner.token if it is there]
    #[arg(long, env = "DMS_TOKEN_FILE", value_name = "FILE", global = true)]
    token_file: Option<PathBuf>,
    /// PEM file of the authority that signed the DMS's certificate, when it is a private one
    #[arg(long, env = "DMS_CA_FILE", value_name = "FILE", global = true)]
    ca_file: Option<PathBuf>,
}

/// A signed-in client.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Client {
    /// Reads the token and prepares the client; nothing is sent yet.
    ///
    /// # Errors
    /// [`Failure::NoToken`], [`Failure::File`] or [`Failure::Input`].
    pub fn new(connection: &Connection) -> Result<Self, Failure> {
        let url = connection.url.trim_end_matches('/').to_owned();
        let path = match &connection.token_file {
            Some(path) => path.clone(),
            None => Some(PathBuf::from(OWNER_TOKEN))
                .filter(|p| p.exists())
                .ok_or(Failure::NoToken)?,
        };
        Self::of(url, &path, connection.ca_file.as_deref())
    }

    /// A client of this server with the token in this file; with `ca_file` only that authority may vouch for it.
    pub(super) fn of(
        url: String,
        token_file: &Path,
        ca_file: Option<&Path>,
    ) -> Result<Self, Failure> {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Failure::Input(format!(
                "--url {url} must begin with http:// or https://"
            )));
        }
        let token = read_token(token_file)?;
        let mut http = reqwest::Client::builder();
        if let Some(file) = ca_file {
            http = http.tls_certs_only(read_authorities(file)?);
        }
        let http = http
            .connect_timeout(CONNECT)
            .user_agent(concat!("dms/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| Failure::Input(format!("the HTTP client cannot be made: {e}")))?;
        Ok(Self { http, url, token })
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
        self.http
            .request(method, url)
            .bearer_auth(&self.token)
            .timeout(ANSWER)
    }

    /// Sends the request; an answer that is not 2xx is a failure.
    ///
    /// # Errors
    /// [`Failure::Unreachable`], [`Failure::Refused`] or [`Failure::Foreign`].
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let answer = self.send_any(request).await?;
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
        let answer = self.send(request).await?;
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

fn read_token(path: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path).map_err(|source| Failure::File {
        path: path.to_path_buf(),
        source,
    })?;
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Failure::Input(format!("{} holds no token", path.display())));
    }
    Ok(token.to_owned())
}
