//! What an identity provider sends: tokens, keys, claims.

use std::sync::OnceLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use dms_server::config;
use dms_server::oidc::claims::{Claims, GROUPS_MAX, Identity};
use dms_server::oidc::token::{Expected, Keys, SKEW_S, TOKEN_MAX, check};
use ed25519_dalek::Signer;
use serde_json::{Value, json};

use crate::envelope::key;
use crate::input::Input;

const EXPECTED: Expected<'_> = Expected {
    issuer: "https://id.example",
    client_id: "dms",
    nonce: "n-0S6_WzA2Mj",
    now_s: 1_800_000_000,
};

/// The provider's key set.
pub(crate) fn key_set() -> Vec<u8> {
    let x = URL_SAFE_NO_PAD.encode(key().verifying_key().as_bytes());
    let key =
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "k1", "use": "sig", "alg": "EdDSA", "x": x});
    json!({"keys": [key]}).to_string().into_bytes()
}

/// The claims of a good token.
pub(crate) fn good_claims() -> String {
    let now = EXPECTED.now_s;
    json!({"iss": EXPECTED.issuer, "aud": EXPECTED.client_id, "nonce": EXPECTED.nonce, "sub": "ana",
        "iat": now - 5, "exp": now + 300, "preferred_username": "ana", "groups": ["staff"]})
    .to_string()
}

/// The header of a good token.
pub(crate) const GOOD_HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT","kid":"k1"}"#;

fn token(header: &[u8], claims: &[u8]) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    let signed = format!("{header}.{claims}");
    let signature = key().sign(signed.as_bytes()).to_bytes();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The one token that exists where nobody has the key.
pub(crate) fn good_token() -> &'static str {
    static TOKEN: OnceLock<String> = OnceLock::new();
    TOKEN.get_or_init(|| token(GOOD_HEADER.as_bytes(), good_claims().as_bytes()))
}

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| Keys::parse(&key_set()).expect("a key set"))
}

/// Way 0: any text, of which only the good token is taken. Way 1: a line of header and any claims, well signed.
pub(crate) fn id_token(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let forged = input.way(2) == 0;
    let text = if forged {
        let Some(text) = input.text() else {
            return false;
        };
        text.to_owned()
    } else {
        let header = input.line();
        token(header, input.0)
    };
    let Ok(claims) = check(&text, keys(), EXPECTED) else {
        return false;
    };
    assert!(!forged || text == good_token(), "a forged token");
    assert!(text.len() <= TOKEN_MAX);
    let said = |name: &str| claims.get(name).and_then(Value::as_str);
    assert_eq!(said("iss"), Some(EXPECTED.issuer));
    assert_eq!(said("nonce"), Some(EXPECTED.nonce));
    assert!(said("sub").is_some_and(|sub| (1..=255).contains(&sub.len())));
    let end = claims.get("exp").and_then(Value::as_f64).expect("a moment");
    assert!(end + SKEW_S as f64 > EXPECTED.now_s as f64);
    let ours = json!(EXPECTED.client_id);
    let audience = claims.get("aud").expect("an audience");
    let named = |all: &Vec<Value>| {
        all.contains(&ours) && (all.len() == 1 || claims.get("azp") == Some(&ours))
    };
    assert!(*audience == ours || audience.as_array().is_some_and(named));
    let _ = Identity::read(&config::Oidc::default(), &claims);
    true
}

/// Any key set: the good token holds under none that has not its key.
pub(crate) fn key_sets(bytes: &[u8]) -> bool {
    let Some(keys) = Keys::parse(bytes) else {
        return false;
    };
    let taken = check(good_token(), &keys, EXPECTED).is_ok();
    if taken {
        let set: Value = serde_json::from_slice(bytes).expect("it was read");
        let known: Value = serde_json::from_slice(&key_set()).expect("ours");
        let decode = |key: &Value| URL_SAFE_NO_PAD.decode(key["x"].as_str()?).ok();
        let ours = decode(&known["keys"][0]);
        let all = set["keys"].as_array().expect("it was read");
        assert!(all.iter().any(|key| decode(key) == ours), "another's key");
    }
    taken
}

/// Any claims: what comes out is bounded and has no control characters.
pub(crate) fn claims(bytes: &[u8]) -> bool {
    let Ok(claims) = serde_json::from_slice::<Claims>(bytes) else {
        return false;
    };
    let config = config::Oidc::default();
    let _ = Identity::is_thin(&config, &claims);
    let Some(who) = Identity::read(&config, &claims) else {
        return false;
    };
    let texts = [&who.login, &who.name, &who.email, &who.department];
    assert!(texts.iter().all(|text| !text.chars().any(char::is_control)));
    assert!(
        texts.iter().all(|text| text.chars().count() <= 255),
        "a text is too long"
    );
    assert!(!who.login.is_empty() && !who.login.contains(char::is_whitespace));
    if let Some(groups) = who.groups {
        assert!(groups.len() <= GROUPS_MAX && groups.is_sorted());
        assert!(groups.iter().all(|group| !group.is_empty()));
    }
    true
}
