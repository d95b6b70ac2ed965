//! Enrolment: a token becomes a device with a certificate; and the certificate's renewal.

use std::{net::IpAddr, time::Duration};

use serde::{Deserialize, Serialize};
use swarm::content::DeviceId;

use super::{
    address::{Origin, OriginError},
    identity::{Identity, IdentityError},
};
use crate::{
    device_key::{self, DeviceKeyStore, Level, signing_request},
    state::{Access, StateError, StateFolder, Trust, names},
};

/// How long the DMS may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest answer, bytes.
const MAX_ANSWER: usize = 1 << 20;

/// Why a device is not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolmentError {
    /// The token would cross the network in clear.
    #[error(
        "{0} is not encrypted: the token could be read on the way; use https:// (plain http is \
         accepted for 127.0.0.1 and ::1 only)"
    )]
    Insecure(String),
    /// Not a URL.
    #[error("{0:?} is not a URL of the form https://host[:port]")]
    Url(String),
    /// The DMS cannot be reached.
    #[error("the DMS at {url} cannot be reached: {why}; check the URL and the network")]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// What happened, from the outside in.
        why: String,
    },
    /// The DMS refused.
    #[error("the DMS refused: {}{}", .0.sentence(), .0.fix())]
    Refused(Problem),
    /// The DMS's answer makes no sense.
    #[error("the DMS answered something that is not an enrolment: {0}; is the URL right?")]
    Answer(String),
    /// The device URL in the answer cannot be used.
    #[error(transparent)]
    DeviceUrl(#[from] OriginError),
    /// The certificates in the answer cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The state folder cannot be written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The device's key.
    #[error(transparent)]
    Key(#[from] device_key::KeyError),
    /// No request could be made.
    #[error("no request could be made: {0}")]
    Request(#[from] rcgen::Error),
}

/// What the DMS says when it refuses (RFC 9457).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// A word for programs.
    pub code: String,
    /// A short sentence.
    pub title: String,
    /// A longer one.
    pub detail: String,
    /// Names the request in the DMS's log.
    pub request_id: String,
}

impl Problem {
    fn sentence(&self) -> String {
        let text = [&self.detail, &self.title, &self.code];
        let text = text.into_iter().find(|t| !t.is_empty());
        let text = text.map_or("no reason was given", String::as_str);
        format!("{text} ({})", self.status)
    }

    fn fix(&self) -> &'static str {
        match self.status {
            _ if !self.detail.is_empty() => "",
            401 | 403 | 409 | 410 => {
                "; the token is wrong, used up or expired: ask for a new one \
                 (dms admin enrollment-token)"
            }
            429 => "; try again in a minute",
            _ => "",
        }
    }
}

#[derive(Serialize)]
struct Request<'a> {
    token: &'a str,
    csr_pem: &'a str,
    name: &'a str,
    kind: &'static str,
    key_level: &'static str,
}

#[derive(Deserialize)]
struct Answer {
    device_id: DeviceId,
    certificate_pem: String,
    ca_pem: String,
    device_url: String,
    #[serde(default)]
    portal_origins: Vec<String>,
    tenant: String,
    manifest_keys: Vec<String>,
    #[serde(default)]
    license_keys: Vec<String>,
}

/// What to enrol with.
#[derive(Clone)]
pub struct Enrolment {
    /// The DMS's public listener.
    pub dms: String,
    /// The enrolment token.
    pub token: String,
    /// The device's name, for people.
    pub name: String,
    /// PEM of an authority that signed the public listener's certificate, if it is a private one.
    pub dms_ca: Option<Vec<u8>>,
    /// Source address.
    pub bind: Option<IpAddr>,
}

impl Enrolment {
    /// Enrols this device and fills the state folder. `trust.json` is written last: with it the
    /// folder is enrolled, without it nothing is. A key that an earlier try left is used: with the same token it
    /// is the same device, so an answer that was lost costs no second use.
    ///
    /// # Errors
    /// [`EnrolmentError`]; the folder is then as it was, apart from an unused key.
    pub async fn run(
        &self,
        state: &StateFolder,
        keys: &dyn DeviceKeyStore,
    ) -> Result<Trust, EnrolmentError> {
        let base = checked_url(&self.dms)?;
        state.create()?;
        if state.is_enrolled() {
            return Err(StateError::AlreadyEnrolled(state.root().to_owned()).into());
        }
        let key = keys.load_or_make()?;
        let request = signing_request(&*key)?;
        let answer = self.post(&base, &request, key.level()).await?;
        Origin::parse(&answer.device_url)?;
        Identity::new(
            answer.device_id,
            answer.certificate_pem.as_bytes(),
            key,
            answer.ca_pem.as_bytes(),
        )?;
        let trust = Trust {
            device_id: answer.device_id,
            name: self.name.clone(),
            tenant: answer.tenant,
            dms_url: base,
            device_url: answer.device_url,
            portal_origins: answer.portal_origins,
            manifest_keys: answer.manifest_keys,
            license_keys: answer.license_keys,
        };
        let certificate = answer.certificate_pem.as_bytes();
        state.write(names::CERTIFICATE, certificate, Access::Public)?;
        state.write(names::CA, answer.ca_pem.as_bytes(), Access::Public)?;
        let json = serde_json::to_vec_pretty(&trust).unwrap_or_default();
        state.write(names::TRUST, &json, Access::Public)?;
        Ok(trust)
    }

    async fn post(&self, base: &str, csr: &str, level: Level) -> Result<Answer, EnrolmentError> {
        let url = format!("{base}/api/v1/devices/enroll");
        let unreachable = |e: reqwest::Error| EnrolmentError::Unreachable {
            url: base.to_owned(),
            why: chain(&e),
        };
        let request = Request {
            token: self.token.trim(),
            csr_pem: csr,
            name: &self.name,
            kind: "edge_peer",
            key_level: level.name(),
        };
        let client = self.client()?;
        let response = client.post(&url).json(&request).send().await;
        let response = response.map_err(unreachable)?;
        let status = response.status();
        let body = response.bytes().await.map_err(unreachable)?;
        if !status.is_success() {
            let mut problem: Problem = serde_json::from_slice(&body).unwrap_or_default();
            problem.status = status.as_u16();
            return Err(EnrolmentError::Refused(problem));
        }
        if body.len() > MAX_ANSWER {
            return Err(EnrolmentError::Answer("it is too long".into()));
        }
        serde_json::from_slice(&body).map_err(|e| EnrolmentError::Answer(e.to_string()))
    }

    fn client(&self) -> Result<reqwest::Client, EnrolmentError> {
        let unusable = |e: reqwest::Error| EnrolmentError::Unreachable {
            url: self.dms.clone(),
            why: chain(&e),
        };
        let mut builder = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .local_address(self.bind);
        if let Some(pem) = &self.dms_ca {
            let ca = reqwest::Certificate::from_pem(pem).map_err(unusable)?;
            builder = builder.tls_certs_only([ca]);
        }
        builder.build().map_err(unusable)
    }
}

/// An error with its causes, for people: `a: b: c`.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

/// The URL without a trailing slash; https, or http to this very machine.
fn checked_url(url: &str) -> Result<String, EnrolmentError> {
    let wrong = || EnrolmentError::Url(url.to_owned());
    let parsed = reqwest::Url::parse(url.trim()).map_err(|_| wrong())?;
    let plain = parsed.path() == "/" && parsed.query().is_none() && parsed.username().is_empty();
    let host = parsed.host_str().ok_or_else(wrong)?;
    let loopback = host
        .trim_matches(['[', ']'])
        .parse::<IpAddr>()
        .is_ok_and(|ip| ip.is_loopback());
    match parsed.scheme() {
        "https" if plain => {}
        "http" if plain && (loopback || host == "localhost") => {}
        "http" if plain => return Err(EnrolmentError::Insecure(url.to_owned())),
        _ => return Err(wrong()),
    }
    Ok(parsed.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests;
