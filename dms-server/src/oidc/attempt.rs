//! A sign-in on its way: kept by the browser, sealed, for ten minutes.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::Url;

use crate::auth::{Secret, SecretHash};
use crate::keys::{Ring, Vault};
use crate::problem::{Problem, Result};

/// How long a sign-in may take, milliseconds.
pub const ATTEMPT_MS: i64 = 10 * 60 * 1000;

/// The longest place to go to afterwards, bytes: the cookie must stay below what browsers keep.
const NEXT_MAX: usize = 512;

/// The longest cookie that is opened, bytes.
const COOKIE_MAX: usize = 4_096;

/// What the sealed cookie is bound to.
const PLACE: &str = "oidc attempt";

/// What is remembered while a person is at the provider.
#[derive(Serialize, Deserialize)]
pub struct Attempt {
    /// Comes back with the answer.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// Shown to the provider with the code (PKCE).
    pub verifier: String,
    /// Where to go afterwards.
    pub next: String,
    /// The hash of the session that this one takes the place of. Its cookie does not come back with the
    /// person, because browsers keep it from what another site caused.
    pub old: Option<String>,
    /// When it is over, milliseconds since the Unix epoch.
    pub until_ms: i64,
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Attempt(..)")
    }
}

impl Attempt {
    /// Draws one.
    #[must_use]
    pub fn begin(next: String, old: Option<SecretHash>, now_ms: i64) -> Self {
        let draw = || Secret::draw("").reveal().to_owned();
        Self {
            state: draw(),
            nonce: draw(),
            verifier: draw(),
            next,
            old: old.map(|hash| hex::encode(hash.as_bytes())),
            until_ms: now_ms + ATTEMPT_MS,
        }
    }

    /// The challenge that goes with the verifier, method `S256`.
    #[must_use]
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.as_bytes()))
    }

    /// Whether this state belongs to it.
    #[must_use]
    pub fn has_state(&self, state: &str) -> bool {
        self.state.as_bytes().ct_eq(state.as_bytes()).into()
    }

    /// The session that the new one takes the place of.
    #[must_use]
    pub fn old(&self) -> Option<SecretHash> {
        let bytes = hex::decode(self.old.as_deref()?).ok()?;
        bytes.try_into().ok().map(SecretHash::from_bytes)
    }

    /// Seals it for the cookie.
    ///
    /// # Errors
    /// None that a person can cause.
    pub fn seal(&self, kek: &Vault) -> Result<String> {
        let bytes = serde_json::to_vec(self).map_err(Problem::internal)?;
        let sealed = URL_SAFE_NO_PAD.encode(kek.seal_secret(PLACE, &bytes)?);
        Ok(format!("{}.{sealed}", kek.id()))
    }

    /// Opens a cookie; `None` when it is not one of this server, or over.
    pub async fn open(keks: &Ring, cookie: &str, now_ms: i64) -> Option<Self> {
        if cookie.len() > COOKIE_MAX {
            return None;
        }
        let (kek, sealed) = cookie.split_once('.').filter(|(kek, _)| !kek.is_empty())?;
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let kek = keks.named(kek).await.ok()?;
        let bytes = kek.open_secret(PLACE, &sealed).ok()?;
        let attempt: Self = serde_json::from_slice(&bytes).ok()?;
        (now_ms < attempt.until_ms).then_some(attempt)
    }
}

/// Where to go after the sign-in: a path of this server, or the first page.
#[must_use]
pub fn next_of(asked: Option<&str>, origin: &str) -> String {
    let fits = |next: &&str| {
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '\\' | '"' | '\'' | '<' | '>');
        let path = next.starts_with('/') && !next.starts_with("//");
        let base = Url::parse(origin);
        let joined = base.as_ref().ok().and_then(|base| base.join(next).ok());
        let same = joined.zip(base.ok());
        let here = same.is_some_and(|(url, base)| url.origin() == base.origin());
        path && next.len() <= NEXT_MAX
            && next.chars().all(plain)
            // A sign-in that leads to another one never ends.
            && !next.starts_with("/session/oidc")
            && here
    };
    asked.filter(fits).unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keys;

    #[test]
    fn only_paths_of_this_server_are_gone_to() {
        let origin = "https://dms.example";
        for good in ["/", "/watch/1", "/admin?a=b&c=%2F#x", "/a//b"] {
            assert_eq!(next_of(Some(good), origin), good);
        }
        let long = format!("/{}", "x".repeat(NEXT_MAX));
        for bad in [
            "",
            "watch",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "https://evil.example/",
            "https:evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            " /watch",
            "/watch 1",
            "/\"><script>",
            "/';x",
            "/caf\u{e9}",
            "/session/oidc?next=/",
            long.as_str(),
        ] {
            assert_eq!(next_of(Some(bad), origin), "/", "{bad:?}");
        }
        assert_eq!(next_of(None, origin), "/");
    }

    #[tokio::test]
    async fn a_cookie_opens_whole_with_its_keys_and_in_its_time_only() {
        let (one, other) = (tempfile::tempdir(), tempfile::tempdir());
        let (one, other) = (one.expect("a folder"), other.expect("a folder"));
        let keys = Keys::load(one.path()).expect("keys");
        let foreign = Keys::load(other.path()).expect("keys");
        let old = Secret::draw("").hash();
        let attempt = Attempt::begin("/x".into(), Some(old), 1_000);
        let (keys, foreign) = (keys.keks(), foreign.keks());
        let cookie = attempt.seal(keys.first()).expect("sealed");
        assert!(cookie.len() < COOKIE_MAX && !cookie.contains(&attempt.state));
        let opened = Attempt::open(keys, &cookie, 1_000).await.expect("opened");
        assert!(opened.has_state(&attempt.state) && !opened.has_state(&attempt.nonce));
        assert!(!opened.has_state("") && opened.old() == Some(old));
        assert_eq!(format!("{opened:?}"), "Attempt(..)");
        assert!(Attempt::open(foreign, &cookie, 1_000).await.is_none());
        assert!(
            Attempt::open(keys, &cookie, 1_000 + ATTEMPT_MS)
                .await
                .is_none()
        );
        for at in 0..cookie.len() {
            let mut changed = cookie.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("text");
            assert!(Attempt::open(keys, &changed, 1_000).await.is_none(), "{at}");
            assert!(
                Attempt::open(keys, &cookie[..at], 1_000).await.is_none(),
                "{at}"
            );
        }
    }

    #[test]
    fn the_challenge_is_the_one_of_the_standards_example() {
        let mut attempt = Attempt::begin("/".into(), None, 0);
        assert_eq!(attempt.verifier.len(), 43);
        // RFC 7636, appendix B.
        attempt.verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into();
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(attempt.challenge(), challenge);
    }
}
