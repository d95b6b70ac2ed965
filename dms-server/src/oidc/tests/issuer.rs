//! A small provider that says what a test wants, on loopback.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use rcgen::SigningKey as _;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// Where it listens: an address that a test's server opens.
const AT: &str = "127.78.0.1:0";

/// What opens it.
pub(super) const SUBNET: &str = "127.78.0.0/16";

/// What it calls the server.
pub(super) const CLIENT: &str = "dms";

/// A signing key.
pub(super) struct Key {
    /// Its name.
    pub(super) id: String,
    /// What it signs with.
    pub(super) algorithm: &'static str,
    pair: rcgen::KeyPair,
}

impl Key {
    /// Draws one.
    pub(super) fn draw(id: &str, algorithm: &'static str) -> Self {
        let pair = match algorithm {
            "RS256" => rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256),
            "ES256" => rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            _ => rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519),
        };
        Self {
            id: id.to_owned(),
            algorithm,
            pair: pair.expect("a key"),
        }
    }

    /// Signs in the form of a JWS.
    pub(super) fn sign(&self, message: &[u8]) -> String {
        if self.algorithm == "ES256" {
            let key = jsonwebtoken::EncodingKey::from_ec_der(&self.pair.serialize_der());
            let algorithm = jsonwebtoken::Algorithm::ES256;
            return jsonwebtoken::crypto::sign(message, &key, algorithm).expect("signed");
        }
        URL_SAFE_NO_PAD.encode(self.pair.sign(message).expect("signed"))
    }

    /// The bytes of its public half.
    pub(super) fn public(&self) -> Vec<u8> {
        self.pair.public_key_raw().to_vec()
    }

    /// Its public half as a JWK.
    pub(super) fn jwk(&self) -> Value {
        let raw = self.public();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (id, algorithm) = (&self.id, self.algorithm);
        match algorithm {
            "RS256" => {
                // SEQUENCE { INTEGER n (257 bytes, the first is 0), INTEGER e }.
                assert_eq!((raw.len(), &raw[4..9]), (270, &[2, 0x82, 1, 1, 0][..]));
                let (n, e) = (text(&raw[9..265]), text(&raw[267..]));
                json!({"kty": "RSA", "n": n, "e": e, "kid": id, "alg": algorithm, "use": "sig"})
            }
            "ES256" => {
                let (x, y) = (text(&raw[1..33]), text(&raw[33..]));
                json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": id})
            }
            _ => json!({"kty": "OKP", "crv": "Ed25519", "x": text(&raw), "kid": id}),
        }
    }

    /// A token of these two objects.
    pub(super) fn token(&self, header: &Value, claims: &Value) -> String {
        self.token_of(&header.to_string(), &claims.to_string())
    }

    /// A token of these two texts, whatever they are.
    pub(super) fn token_of(&self, header: &str, claims: &str) -> String {
        let signed = joined(header, claims);
        format!("{signed}.{}", self.sign(signed.as_bytes()))
    }

    /// The header that its tokens have.
    pub(super) fn header(&self) -> Value {
        json!({"alg": self.algorithm, "typ": "JWT", "kid": self.id})
    }
}

/// What is signed of two texts.
pub(super) fn joined(header: &str, claims: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}", encode(header), encode(claims))
}

/// What was asked of the authorization endpoint.
#[derive(Clone, Default)]
pub(super) struct Asked {
    /// Everything.
    pub(super) query: Vec<(String, String)>,
}

impl Asked {
    /// One of the parameters.
    pub(super) fn get(&self, name: &str) -> String {
        let mut found = self.query.iter().filter(|(key, _)| key == name);
        let value = found.next().unwrap_or_else(|| panic!("{name} is sent"));
        assert!(found.next().is_none(), "{name} is sent once");
        value.1.clone()
    }
}

type Mint = dyn Fn(&str) -> String + Send;

/// What it says.
pub(super) struct Scene {
    /// The ID token for a nonce.
    pub(super) token: Box<Mint>,
    /// Its keys.
    pub(super) keys: Vec<Value>,
    /// What userinfo says; null: it refuses.
    pub(super) userinfo: Value,
    /// Changes of its description.
    pub(super) description: Value,
    /// The status of the token endpoint and what it says then.
    pub(super) denial: Option<(u16, &'static str)>,
    /// Whether it looks at no challenge.
    pub(super) lenient: bool,
    /// What was asked last.
    pub(super) asked: Asked,
}

#[derive(Clone)]
struct Shared {
    scene: Arc<Mutex<Scene>>,
    fetched: Arc<AtomicUsize>,
    url: String,
}

/// A running provider; it ends when it is dropped.
pub(super) struct Issuer {
    /// Its issuer.
    pub(super) url: String,
    shared: Shared,
    _serving: AbortOnDropHandle<()>,
}

impl Issuer {
    /// Starts one whose tokens come from `token`, for a nonce.
    pub(super) async fn start(keys: &[&Key]) -> Self {
        let listener = TcpListener::bind(AT).await.expect("a listener");
        let addr: SocketAddr = listener.local_addr().expect("its address");
        let scene = Scene {
            token: Box::new(|_| String::new()),
            keys: keys.iter().map(|key| key.jwk()).collect(),
            userinfo: Value::Null,
            description: json!({}),
            denial: None,
            lenient: false,
            asked: Asked::default(),
        };
        let shared = Shared {
            scene: Arc::new(Mutex::new(scene)),
            fetched: Arc::default(),
            url: format!("http://{addr}"),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(description))
            .route("/start", get(start))
            .route("/authorize", get(authorize))
            .route("/token", post(trade))
            .route("/jwks", get(jwks))
            .route("/userinfo", get(userinfo))
            .with_state(shared.clone());
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Self {
            url: shared.url.clone(),
            shared,
            _serving: AbortOnDropHandle::new(serving),
        }
    }

    /// Changes what it says.
    pub(super) fn set<T>(&self, change: impl FnOnce(&mut Scene) -> T) -> T {
        change(&mut self.shared.scene.lock().expect("not poisoned"))
    }

    /// How often its keys were fetched.
    pub(super) fn fetched(&self) -> usize {
        self.shared.fetched.load(Ordering::SeqCst)
    }
}

async fn description(State(shared): State<Shared>) -> Json<Value> {
    let url = &shared.url;
    let mut all = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize?tenant=acme"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/jwks"),
        "userinfo_endpoint": format!("{url}/userinfo"),
        "authorization_response_iss_parameter_supported": true,
    });
    let scene = shared.scene.lock().expect("not poisoned");
    let changes = scene.description.as_object().expect("an object");
    for (name, value) in changes {
        all[name] = value.clone();
    }
    Json(all)
}

/// A page of this site that sends its reader elsewhere.
async fn start(Query(query): Query<Vec<(String, String)>>) -> axum::response::Html<String> {
    let to = Asked { query }.get("to");
    let refresh = format!("<meta http-equiv=\"refresh\" content=\"0;url={to}\">");
    axum::response::Html(format!("<!doctype html><title>x</title>{refresh}"))
}

async fn authorize(
    State(shared): State<Shared>,
    Query(query): Query<Vec<(String, String)>>,
) -> Redirect {
    let asked = Asked { query };
    let mut url = url::Url::parse(&asked.get("redirect_uri")).expect("a URL");
    url.query_pairs_mut()
        .append_pair("code", &asked.get("nonce"))
        .append_pair("state", &asked.get("state"))
        .append_pair("iss", &shared.url);
    shared.scene.lock().expect("not poisoned").asked = asked;
    Redirect::to(url.as_str())
}

/// Its codes are the nonces, so that it needs to remember nothing but the last challenge.
async fn trade(State(shared): State<Shared>, Form(form): Form<Vec<(String, String)>>) -> Response {
    let form = Asked { query: form };
    let scene = shared.scene.lock().expect("not poisoned");
    if let Some((status, said)) = scene.denial {
        let status = StatusCode::from_u16(status).expect("a status");
        return (status, said.to_owned()).into_response();
    }
    assert_eq!(form.get("grant_type"), "authorization_code");
    assert_eq!(form.get("redirect_uri"), scene.asked.get("redirect_uri"));
    assert_eq!(form.get("client_id"), CLIENT, "a public client");
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form.get("code_verifier")));
    assert!(scene.lenient || challenge == scene.asked.get("code_challenge"));
    let token = (scene.token)(&form.get("code"));
    Json(json!({"id_token": token, "access_token": "opened", "token_type": "Bearer"}))
        .into_response()
}

async fn jwks(State(shared): State<Shared>) -> Json<Value> {
    shared.fetched.fetch_add(1, Ordering::SeqCst);
    let scene = shared.scene.lock().expect("not poisoned");
    Json(json!({"keys": scene.keys}))
}

async fn userinfo(State(shared): State<Shared>, headers: http::HeaderMap) -> Response {
    assert_eq!(headers["authorization"], "Bearer opened");
    let scene = shared.scene.lock().expect("not poisoned");
    match &scene.userinfo {
        Value::Null => StatusCode::FORBIDDEN.into_response(),
        all => Json(all.clone()).into_response(),
    }
}
