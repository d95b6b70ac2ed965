//! The provider: where it is asked, its keys, and trading a code for tokens.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::CALLBACK;
use super::attempt::Attempt;
use super::claims::{Claims, Mapping};
use super::error::OidcError;
use super::token::{self, Expected, Keys, Refused};
use crate::config;
use crate::egress::{Egress, EgressError, Outgoing, Take};
use crate::state::App;

/// How long the provider's addresses and keys are believed without asking again.
const FRESH: Duration = Duration::from_secs(3_600);

/// How long the provider is left alone after it did not answer: whoever waited for it meanwhile learns so
/// at once, instead of waiting one after the other.
const REST: Duration = Duration::from_secs(2);

/// How often keys are fetched before their time because a token names one that is not known.
const REFRESH: Duration = Duration::from_secs(60);

/// The largest answers of the provider that are taken, bytes.
const ANSWER_MAX: usize = 256 << 10;

/// The longest access token, bytes.
const ACCESS_MAX: usize = 16 << 10;

/// The company's identity provider.
pub struct Oidc {
    pub(super) config: config::Oidc,
    pub(super) mapping: Mapping,
    secret: Option<Zeroizing<String>>,
    /// Held while the provider is asked, so that it is asked once.
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    provider: Option<(Arc<Provider>, Instant)>,
    keys: Option<(Arc<Keys>, Instant)>,
    refreshed: Option<Instant>,
    failed: Option<Instant>,
}

/// What the provider says of itself.
#[derive(Debug, Deserialize)]
pub struct Provider {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether its answers name it (RFC 9207).
    #[serde(default, rename = "authorization_response_iss_parameter_supported")]
    pub(super) names_itself: bool,
}

/// What the token endpoint gives.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    #[serde(default)]
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct Denied {
    #[serde(default)]
    error: String,
}

impl std::fmt::Debug for Oidc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Oidc({})", self.config.issuer)
    }
}

impl Oidc {
    /// Reads the configuration; `None` when there is no provider. The provider is asked when somebody signs in.
    ///
    /// # Errors
    /// When the secret's file cannot be read.
    pub fn open(config: &config::Oidc) -> anyhow::Result<Option<Self>> {
        if config.issuer.is_empty() {
            return Ok(None);
        }
        let file = &config.client_secret_file;
        let secret = if file.as_os_str().is_empty() {
            None
        } else {
            let text = std::fs::read_to_string(file)
                .map(Zeroizing::new)
                .with_context(|| format!("oidc.client_secret_file {}", file.display()))?;
            let secret = Zeroizing::new(text.trim().to_owned());
            let shown = file.display();
            anyhow::ensure!(
                !secret.is_empty(),
                "oidc.client_secret_file {shown} is empty"
            );
            Some(secret)
        };
        let mapping = Mapping::parse(&config.roles).map_err(anyhow::Error::msg)?;
        Ok(Some(Self {
            config: config.clone(),
            mapping,
            secret,
            known: Mutex::default(),
        }))
    }

    /// Where it is asked.
    ///
    /// # Errors
    /// [`OidcError`].
    pub async fn provider(&self, egress: &Egress) -> Result<Arc<Provider>, OidcError> {
        let mut known = self.known.lock().await;
        if let Some((provider, at)) = &known.provider
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(provider));
        }
        known.rested()?;
        let base = self.config.issuer.trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let bytes = known.note(fetch(egress, "description", &url, HeaderMap::new()).await)?;
        let provider: Provider = serde_json::from_slice(&bytes)
            .map_err(|_| OidcError::Answer("description", "it is no OpenID description"))?;
        let provider = Arc::new(provider.checked(&self.config.issuer)?);
        known.provider = Some((Arc::clone(&provider), Instant::now()));
        Ok(provider)
    }

    /// Its keys; `anew`: a token names one that is not among them.
    async fn keys(
        &self,
        egress: &Egress,
        provider: &Provider,
        anew: bool,
    ) -> Result<Arc<Keys>, OidcError> {
        let mut known = self.known.lock().await;
        if let Some((keys, at)) = &known.keys {
            let lately = known.refreshed.is_some_and(|at| at.elapsed() < REFRESH);
            if at.elapsed() < FRESH && (!anew || lately) {
                return Ok(Arc::clone(keys));
            }
        }
        known.rested()?;
        if anew {
            known.refreshed = Some(Instant::now());
        }
        let bytes = fetch(egress, "keys", &provider.jwks_uri, HeaderMap::new()).await;
        let keys = Keys::parse(&known.note(bytes)?);
        let keys = Arc::new(keys.ok_or(OidcError::Answer("keys", "they are no key set"))?);
        known.keys = Some((Arc::clone(&keys), Instant::now()));
        Ok(keys)
    }

    /// Where a person is sent to.
    ///
    /// # Errors
    /// When the provider's address is none.
    pub fn authorization_url(
        &self,
        provider: &Provider,
        attempt: &Attempt,
        redirect: &str,
    ) -> Result<String, OidcError> {
        let unusable = |_| OidcError::Answer("description", "an address in it is none");
        let mut url = Url::parse(&provider.authorization_endpoint).map_err(unusable)?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", redirect)
            .append_pair("scope", &self.config.scopes)
            .append_pair("state", &attempt.state)
            .append_pair("nonce", &attempt.nonce)
            .append_pair("code_challenge", &attempt.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    /// What the provider says of who came back with this code.
    ///
    /// # Errors
    /// [`OidcError`].
    pub async fn claims(
        &self,
        app: &App,
        attempt: &Attempt,
        code: &str,
    ) -> Result<Claims, OidcError> {
        let provider = self.provider(&app.egress).await?;
        let tokens = self.exchange(app, &provider, attempt, code).await?;
        let expected = Expected {
            issuer: &self.config.issuer,
            client_id: &self.config.client_id,
            nonce: &attempt.nonce,
            now_s: app.clock.now_ms() / 1000,
        };
        let keys = self.keys(&app.egress, &provider, false).await?;
        let claims = match token::check(&tokens.id_token, &keys, expected) {
            Err(Refused::UnknownKey) => {
                let keys = self.keys(&app.egress, &provider, true).await?;
                token::check(&tokens.id_token, &keys, expected)?
            }
            other => other?,
        };
        let more = provider.userinfo_endpoint.as_deref();
        match more.zip(tokens.access_token) {
            Some((url, access)) if super::claims::Identity::is_thin(&self.config, &claims) => {
                more_claims(&app.egress, url, &Zeroizing::new(access), claims).await
            }
            _ => Ok(claims),
        }
    }

    async fn exchange(
        &self,
        app: &App,
        provider: &Provider,
        attempt: &Attempt,
        code: &str,
    ) -> Result<Tokens, OidcError> {
        let redirect = format!("{}{CALLBACK}", app.public_origin());
        let (headers, body) = self.trade(provider, attempt, code, &redirect)?;
        let request = Outgoing {
            url: &provider.token_endpoint,
            method: Method::POST,
            headers,
            body,
            take: Take::All(ANSWER_MAX),
        };
        let answer = app.egress.send(request).await;
        let answer = answer.map_err(|error| OidcError::Egress("token endpoint", error))?;
        if answer.status == StatusCode::OK {
            let unusable = |_| OidcError::Answer("token endpoint", "its answer has no ID token");
            return serde_json::from_slice(&answer.body).map_err(unusable);
        }
        let denied = serde_json::from_slice::<Denied>(&answer.body);
        if denied.is_ok_and(|denied| denied.error == "invalid_grant") {
            return Err(OidcError::Grant);
        }
        Err(OidcError::Status("token endpoint", answer.status))
    }

    /// The request that trades a code for tokens.
    fn trade(
        &self,
        provider: &Provider,
        attempt: &Attempt,
        code: &str,
        redirect: &str,
    ) -> Result<(HeaderMap, Bytes), OidcError> {
        let mut headers = HeaderMap::new();
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form_type);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", redirect)
            .append_pair("code_verifier", &attempt.verifier);
        match &self.secret {
            Some(secret) if provider.takes_basic() => {
                headers.insert(AUTHORIZATION, self.basic(secret)?);
            }
            Some(secret) => {
                form.append_pair("client_id", &self.config.client_id)
                    .append_pair("client_secret", secret);
            }
            None => {
                form.append_pair("client_id", &self.config.client_id);
            }
        }
        Ok((headers, Bytes::from(form.finish())))
    }

    /// Name and secret as RFC 6749, section 2.3.1 has them: encoded before they are joined.
    fn basic(&self, secret: &str) -> Result<HeaderValue, OidcError> {
        let encode = |text: &str| {
            let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
            Zeroizing::new(encoded)
        };
        let (id, secret) = (encode(&self.config.client_id), encode(secret));
        let joined = Zeroizing::new(format!("{}:{}", *id, *secret));
        let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(joined.as_bytes())));
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| OidcError::Answer("token endpoint", "the secret cannot be sent"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl Known {
    fn rested(&self) -> Result<(), OidcError> {
        match self.failed {
            Some(at) if at.elapsed() < REST => Err(OidcError::Resting),
            _ => Ok(()),
        }
    }

    fn note(&mut self, answer: Result<Bytes, OidcError>) -> Result<Bytes, OidcError> {
        self.failed = answer.is_err().then(Instant::now);
        answer
    }
}

impl Provider {
    /// Refuses a description of somebody else, and addresses that are less safe than the issuer's.
    fn checked(self, issuer: &str) -> Result<Self, OidcError> {
        let unusable = |why| Err(OidcError::Answer("description", why));
        if self.issuer != issuer {
            return unusable("its issuer is spelled otherwise than oidc.issuer");
        }
        let addresses = [
            Some(&self.authorization_endpoint),
            Some(&self.token_endpoint),
            Some(&self.jwks_uri),
            self.userinfo_endpoint.as_ref(),
        ];
        for address in addresses.into_iter().flatten() {
            let Ok(url) = Url::parse(address) else {
                return unusable("an address in it is none");
            };
            let fits = match url.scheme() {
                "https" => true,
                "http" => issuer.starts_with("http://"),
                _ => false,
            };
            if !fits || url.host().is_none() {
                return unusable("an address in it is not https");
            }
        }
        Ok(self)
    }

    fn takes_basic(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_ref();
        // Basic is what a provider takes that does not say.
        methods.is_none_or(|methods| {
            let has = |name: &str| methods.iter().any(|method| method == name);
            has("client_secret_basic") || !has("client_secret_post")
        })
    }
}

/// The claims with those of the userinfo endpoint that the ID token does not have.
async fn more_claims(
    egress: &Egress,
    url: &str,
    access: &str,
    mut claims: Claims,
) -> Result<Claims, OidcError> {
    let unusable = |why| OidcError::Answer("userinfo", why);
    if access.len() > ACCESS_MAX {
        return Err(unusable("the access token is too long"));
    }
    let bearer = Zeroizing::new(format!("Bearer {access}"));
    let bearer = HeaderValue::from_str(&bearer);
    let mut bearer = bearer.map_err(|_| unusable("the access token cannot be sent"))?;
    bearer.set_sensitive(true);
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, bearer);
    let bytes = fetch(egress, "userinfo", url, headers).await?;
    let more = token::object(&bytes).ok_or_else(|| unusable("it is no JSON object"))?;
    // It must be about the same person: the access token could have been swapped.
    if more.get("sub").is_none() || more.get("sub") != claims.get("sub") {
        return Err(unusable("it is about somebody else"));
    }
    for (name, value) in more {
        claims.entry(name).or_insert(value);
    }
    Ok(claims)
}

async fn fetch(
    egress: &Egress,
    what: &'static str,
    url: &str,
    mut headers: HeaderMap,
) -> Result<Bytes, OidcError> {
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let request = Outgoing {
        headers,
        take: Take::All(ANSWER_MAX),
        ..Outgoing::get(url)
    };
    let answer = egress.send(request).await;
    let answer = answer.map_err(|error: EgressError| OidcError::Egress(what, error))?;
    if answer.status != StatusCode::OK {
        return Err(OidcError::Status(what, answer.status));
    }
    Ok(answer.body)
}
