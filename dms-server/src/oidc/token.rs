//! The ID token: what it must be signed with, and what it must say.
//!
//! The algorithm follows from the provider's key, never from the token: a key is good for one algorithm, and
//! a token that names another one finds no key. Keys that a token brings along, or says where to find
//! (`jwk`, `jku`, `x5c`, `x5u`), are not looked at.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::claims::Claims;

/// The largest ID token, bytes.
pub const TOKEN_MAX: usize = 64 << 10;

/// How far the provider's clock may be off, seconds.
pub const SKEW_S: i64 = 60;

/// The most keys of a provider.
const KEYS_MAX: usize = 100;

/// The longest subject, bytes: what the standard allows.
const SUBJECT_MAX: usize = 255;

/// The most audiences of a token.
const AUDIENCES_MAX: usize = 32;

/// Why an ID token is refused. For the log, in words that hold nothing of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Not three parts of base64url with JSON objects in them, or too large.
    #[error("it is no signed token, or too large")]
    Form,
    /// `alg` is none of those taken.
    #[error("its algorithm is not RS256, ES256 or EdDSA")]
    Algorithm,
    /// `typ` says that it is something else.
    #[error("it is of another type than JWT")]
    Type,
    /// It demands an extension.
    #[error("it demands an extension (crit)")]
    Extension,
    /// The provider has no such key.
    #[error("the provider has no key for it")]
    UnknownKey,
    /// The signature does not fit.
    #[error("its signature does not fit")]
    Signature,
    /// `iss` is another.
    #[error("it is of another issuer")]
    Issuer,
    /// `aud` is not this server.
    #[error("it is for another audience")]
    Audience,
    /// `azp` is not this server.
    #[error("it was given to another party (azp)")]
    Party,
    /// It is over.
    #[error("it has expired; check both clocks")]
    Expired,
    /// It is not valid yet.
    #[error("it is from the future; check both clocks")]
    Early,
    /// `nonce` is not that of this sign-in.
    #[error("its nonce is of another sign-in")]
    Nonce,
    /// `sub` is missing or no name.
    #[error("it names no subject")]
    Subject,
}

/// What an ID token must say.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// The provider.
    pub issuer: &'a str,
    /// This server.
    pub client_id: &'a str,
    /// This sign-in.
    pub nonce: &'a str,
    /// Now, seconds since the Unix epoch.
    pub now_s: i64,
}

/// The provider's keys that can be used.
#[derive(Debug, Default)]
pub struct Keys(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

impl Keys {
    /// Reads a key set; keys of unknown kinds are skipped. `None` when it is no key set.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let set: Value = serde_json::from_slice(bytes).ok()?;
        let keys = set.get("keys")?.as_array()?;
        Some(Self(
            keys.iter().take(KEYS_MAX).filter_map(Key::read).collect(),
        ))
    }

    /// The key of this name for this algorithm; without a name, the only one for it.
    fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<&DecodingKey, Refused> {
        let mut fitting = self
            .0
            .iter()
            .filter(|key| key.algorithm == algorithm && (id.is_none() || key.id.as_deref() == id));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(&key.key),
            // None, or no telling which.
            _ => Err(Refused::UnknownKey),
        }
    }
}

impl Key {
    fn read(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        if text("use").is_some_and(|r#use| r#use != "sig") {
            return None;
        }
        let (algorithm, name, key) = match (text("kty")?, text("crv")) {
            ("RSA", _) => {
                let key = DecodingKey::from_rsa_components(text("n")?, text("e")?);
                (Algorithm::RS256, "RS256", key)
            }
            ("EC", Some("P-256")) => {
                let key = DecodingKey::from_ec_components(text("x")?, text("y")?);
                (Algorithm::ES256, "ES256", key)
            }
            ("OKP", Some("Ed25519")) => {
                let key = DecodingKey::from_ed_components(text("x")?);
                (Algorithm::EdDSA, "EdDSA", key)
            }
            _ => return None,
        };
        if text("alg").is_some_and(|alg| alg != name) {
            return None;
        }
        Some(Self {
            id: text("kid").map(str::to_owned),
            algorithm,
            key: key.ok()?,
        })
    }
}

/// A JSON object that names nothing twice: readers differ in which of two they take.
struct Strict(Claims);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Claims;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Claims, A::Error> {
                let mut claims = Claims::new();
                while let Some((name, value)) = all.next_entry::<String, Value>()? {
                    if claims.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name comes twice"));
                    }
                }
                Ok(claims)
            }
        }
        from.deserialize_map(Object).map(Self)
    }
}

/// Reads an object in which no name comes twice.
pub(super) fn object(bytes: &[u8]) -> Option<Claims> {
    let strict: Strict = serde_json::from_slice(bytes).ok()?;
    Some(strict.0)
}

fn part(text: &str) -> Result<Claims, Refused> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Refused::Form)?;
    object(&bytes).ok_or(Refused::Form)
}

/// Checks an ID token; answers what it says.
///
/// # Errors
/// [`Refused`]; [`Refused::UnknownKey`] may be cured by fetching the provider's keys again.
pub fn check(token: &str, keys: &Keys, expected: Expected<'_>) -> Result<Claims, Refused> {
    if token.len() > TOKEN_MAX {
        return Err(Refused::Form);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Refused::Form)?;
    let (header, payload) = signed.split_once('.').ok_or(Refused::Form)?;
    let header = part(header)?;
    let claims = part(payload)?;
    let algorithm = match header.get("alg").and_then(Value::as_str) {
        Some("RS256") => Algorithm::RS256,
        Some("ES256") => Algorithm::ES256,
        Some("EdDSA") => Algorithm::EdDSA,
        _ => return Err(Refused::Algorithm),
    };
    let is_jwt = |typ: &Value| typ.as_str().is_some_and(|t| t.eq_ignore_ascii_case("JWT"));
    if !header.get("typ").is_none_or(is_jwt) {
        return Err(Refused::Type);
    }
    if header.contains_key("crit") {
        return Err(Refused::Extension);
    }
    let id = match header.get("kid") {
        None => None,
        Some(Value::String(id)) => Some(id.as_str()),
        Some(_) => return Err(Refused::UnknownKey),
    };
    let key = keys.find(id, algorithm)?;
    let fits = crypto::verify(signature, signed.as_bytes(), key, algorithm);
    if !fits.unwrap_or(false) {
        return Err(Refused::Signature);
    }
    check_claims(&claims, expected)?;
    Ok(claims)
}

fn check_claims(claims: &Claims, expected: Expected<'_>) -> Result<(), Refused> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err(Refused::Issuer);
    }
    check_audience(claims, expected.client_id)?;
    let now = expected.now_s as f64;
    let skew = SKEW_S as f64;
    let moment = |name: &str| claims.get(name).and_then(Value::as_f64);
    if !moment("exp").is_some_and(|end| now < end + skew) {
        return Err(Refused::Expired);
    }
    if !moment("iat").is_some_and(|made| made >= 0.0 && made <= now + skew) {
        return Err(Refused::Early);
    }
    if claims.contains_key("nbf") && !moment("nbf").is_some_and(|begin| begin <= now + skew) {
        return Err(Refused::Early);
    }
    let nonce = text("nonce").unwrap_or_default().as_bytes();
    if !bool::from(nonce.ct_eq(expected.nonce.as_bytes())) {
        return Err(Refused::Nonce);
    }
    let is_subject = |sub: &str| {
        (1..=SUBJECT_MAX).contains(&sub.len())
            && sub.chars().all(|c| c.is_ascii() && !c.is_control())
    };
    if !text("sub").is_some_and(is_subject) {
        return Err(Refused::Subject);
    }
    Ok(())
}

fn check_audience(claims: &Claims, client_id: &str) -> Result<(), Refused> {
    let several = match claims.get("aud") {
        Some(Value::String(one)) if one == client_id => false,
        Some(Value::Array(all)) if all.len() <= AUDIENCES_MAX => {
            let texts = all.iter().all(Value::is_string);
            if !texts || !all.iter().any(|one| one == client_id) {
                return Err(Refused::Audience);
            }
            all.len() > 1
        }
        _ => return Err(Refused::Audience),
    };
    match claims.get("azp") {
        None if !several => Ok(()),
        Some(Value::String(party)) if party == client_id => Ok(()),
        _ => Err(Refused::Party),
    }
}
