//! A real HTTP server on loopback that speaks the agent's or the DMS's routes, with faults.

mod ads;
mod kept;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use drm::license::{self, Grant, LicenseRequest, SigningKey};
use serde_json::json;
use swarm::content::{ChunkId, Manifest};

use crate::clip::{Clip, TENANT, clip};

pub const TOKEN: &str = "dms_test-token-that-must-not-leak";
pub const DEVICE: [u8; 16] = [0x5d; 16];

/// What the server does with licence requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Licensing {
    Grant,
    Deny,
    Expired,
    OtherSigner,
    OtherDevice,
    OtherVersion,
    OtherRecipient,
}

/// How the server behaves.
pub struct Behaviour {
    pub licensing: Licensing,
    pub third_party_players: bool,
    /// How long a licence is good.
    pub license_for: Duration,
    /// So many licences are given, then the server answers 503 to who asks for one.
    pub licenses: usize,
    /// Only these tracks are in the licence; empty for all.
    pub tracks: Vec<u16>,
    pub tampered: Option<ChunkId>,
    /// Each chunk waits this long.
    pub delay: Duration,
    /// This one chunk waits longer.
    pub slow: Option<(ChunkId, Duration)>,
    /// After this many chunks the server answers 503.
    pub dies_after: usize,
    pub manifest: Manifest,
    /// The title is still being prepared.
    pub not_ready: bool,
    /// Whose keys are named and used.
    pub other_keys: bool,
    /// The agent's device.
    pub device: [u8; 16],
    /// Whether licences may be used without contact.
    pub offline: bool,
    /// What fills every break.
    pub list: serde_json::Value,
    /// So long it takes to say so.
    pub list_delay: Duration,
    /// Events are not taken.
    pub events_down: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            licensing: Licensing::Grant,
            third_party_players: true,
            license_for: Duration::from_secs(3600),
            licenses: usize::MAX,
            tracks: Vec::new(),
            tampered: None,
            delay: Duration::ZERO,
            slow: None,
            dies_after: usize::MAX,
            manifest: clip().manifest.clone(),
            not_ready: false,
            other_keys: false,
            device: DEVICE,
            offline: true,
            list: json!({ "ASSETS": [] }),
            list_delay: Duration::ZERO,
            events_down: false,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Agent,
    Dms,
}

/// A running server; it ends with the value.
pub struct Server {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    _runtime: tokio::runtime::Runtime,
}

struct Shared {
    kind: Kind,
    address: SocketAddr,
    behaviour: Behaviour,
    manifest_key: ed25519_dalek::SigningKey,
    license_key: SigningKey,
    chunks_served: AtomicUsize,
    licenses_asked: AtomicUsize,
    desk: kept::Desk,
    ads: ads::Heard,
}

impl Server {
    /// An agent that behaves well but for what `change` says.
    pub fn agent(change: impl FnOnce(&mut Behaviour)) -> Self {
        Self::start(Kind::Agent, change)
    }

    /// A DMS that behaves well but for what `change` says.
    pub fn dms(change: impl FnOnce(&mut Behaviour)) -> Self {
        Self::start(Kind::Dms, change)
    }

    fn start(kind: Kind, change: impl FnOnce(&mut Behaviour)) -> Self {
        let mut behaviour = Behaviour::default();
        change(&mut behaviour);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .expect("a loopback port");
        let address = listener.local_addr().expect("an address");
        let clip: &Clip = clip();
        let manifest_key = match behaviour.other_keys {
            true => ed25519_dalek::SigningKey::from_bytes(&rand::random()),
            false => clip.manifest_key.clone(),
        };
        let pem = clip.license_key.to_pkcs8_pem().expect("a key");
        let license_key = SigningKey::from_pkcs8_pem(&pem).expect("a key");
        let shared = Arc::new(Shared {
            kind,
            address,
            behaviour,
            manifest_key,
            license_key,
            chunks_served: AtomicUsize::new(0),
            licenses_asked: AtomicUsize::new(0),
            desk: kept::Desk::default(),
            ads: ads::Heard::default(),
        });
        let router = router(&shared);
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            shared,
            _runtime: runtime,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn chunks_served(&self) -> usize {
        self.shared.chunks_served.load(Ordering::Relaxed)
    }

    /// Paths of lists that were asked for, and events that were told.
    pub fn heard(&self) -> (Vec<String>, Vec<serde_json::Value>) {
        self.shared.ads.all()
    }

    pub fn licenses_asked(&self) -> usize {
        self.shared.licenses_asked.load(Ordering::Relaxed)
    }
}

fn router(shared: &Arc<Shared>) -> Router {
    let routes = match shared.kind {
        Kind::Agent => Router::new()
            .route("/v1/hello", get(hello))
            .route("/v1/trust", get(trust))
            .route("/v1/titles/{title}/manifest", get(manifest))
            .route("/v1/license", post(licence))
            .merge(ads::routes())
            .merge(kept::routes()),
        Kind::Dms => Router::new()
            .route("/api/v1/trust", get(trust))
            .route("/api/v1/titles/{title}/manifest", get(manifest))
            .route("/api/v1/titles/{title}/license", post(licence)),
    };
    routes
        .route("/v1/chunks/{id}", get(chunk))
        .layer(middleware::from_fn_with_state(
            Arc::clone(shared),
            kept::absence,
        ))
        .layer(middleware::from_fn_with_state(Arc::clone(shared), guard))
        .with_state(Arc::clone(shared))
}

async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .map(|h| h.as_bytes().to_vec());
    if host != Some(shared.address.to_string().into_bytes()) {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    }
    let open = matches!(request.uri().path(), "/v1/hello" | "/api/v1/trust");
    let bearer = format!("Bearer {TOKEN}");
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .map(|h| h.as_bytes());
    if !open && given != Some(bearer.as_bytes()) {
        return problem(401, "unauthenticated", "Sign in.");
    }
    next.run(request).await
}

fn problem(status: u16, code: &str, detail: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, Json(json!({ "code": code, "detail": detail }))).into_response()
}

async fn hello(State(shared): State<Arc<Shared>>) -> Response {
    let id = swarm::content::DeviceId(shared.behaviour.device).to_string();
    Json(json!({ "agent": "edge-peer", "version": "0.1.0", "device_id": id, "sharing": "on" }))
        .into_response()
}

async fn trust(State(shared): State<Arc<Shared>>) -> Response {
    let manifest_key = hex::encode(shared.manifest_key.verifying_key().as_bytes());
    let license_key = hex::encode(shared.license_key.verifying_key().to_bytes());
    Json(json!({
        "tenant": TENANT,
        "manifest_keys": [manifest_key],
        "license_keys": [license_key],
    }))
    .into_response()
}

async fn manifest(State(shared): State<Arc<Shared>>, Path(title): Path<String>) -> Response {
    if title != shared.behaviour.manifest.title.to_string() {
        return problem(404, "title_not_found", "No such title.");
    }
    if shared.behaviour.not_ready {
        return problem(409, "title_not_ready", "Still transcoding.");
    }
    shared
        .behaviour
        .manifest
        .sign(&shared.manifest_key)
        .into_response()
}

async fn licence(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let Ok(request) = serde_json::from_slice::<LicenseRequest>(&body) else {
        return problem(400, "malformed", "Not a licence request.");
    };
    let behaviour = &shared.behaviour;
    let asked = shared.licenses_asked.fetch_add(1, Ordering::Relaxed);
    if asked >= behaviour.licenses {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    shared.desk.asked(&request);
    if request.offline && !behaviour.offline {
        return problem(403, "offline_not_allowed", "It cannot be kept.");
    }
    if behaviour.licensing == Licensing::Deny {
        return problem(403, "not_licensed", "Ask your manager.");
    }
    let now = dms_player::license::now_ms();
    let expired = behaviour.licensing == Licensing::Expired;
    let lasts = behaviour.license_for.as_millis() as u64;
    let until = if expired { now - 1 } else { now + lasts };
    let other_version = behaviour.licensing == Licensing::OtherVersion;
    let device = match (shared.kind, behaviour.licensing) {
        (_, Licensing::OtherDevice) => [9; 16],
        (Kind::Agent, _) => behaviour.device,
        (Kind::Dms, _) => [0; 16],
    };
    let grant = Grant {
        license_id: rand::random(),
        tenant: TENANT.into(),
        title: behaviour.manifest.title.0,
        version: behaviour.manifest.version + u64::from(other_version),
        device,
        subject: "viewer".into(),
        issued_ms: now,
        not_before_ms: now - 60_000,
        not_after_ms: until,
        offline_until_ms: if request.offline {
            until
        } else {
            now.min(until)
        },
        third_party_players: behaviour.third_party_players,
    };
    let ids = behaviour.manifest.tracks.iter().map(|track| track.id.0);
    let ids = ids.filter(|id| behaviour.tracks.is_empty() || behaviour.tracks.contains(id));
    let keys: Vec<_> = ids.map(|id| (id, clip().title_key.track(id))).collect();
    let keys: Vec<_> = keys.iter().map(|(id, key)| (*id, key)).collect();
    let mut rng = rand::rng();
    let other = license::RecipientKeyPair::generate(&mut rng);
    let recipient = match behaviour.licensing {
        Licensing::OtherRecipient => other.public(),
        _ => &request.recipient_key,
    };
    let stranger = SigningKey::generate(&mut rng);
    let signer = match behaviour.licensing {
        Licensing::OtherSigner => &stranger,
        _ => &shared.license_key,
    };
    let bytes = license::issue(&grant, recipient, &keys, signer, &mut rng).expect("issued");
    ([(header::CONTENT_TYPE, "application/cose")], bytes).into_response()
}

#[derive(serde::Deserialize)]
struct ChunkQuery {
    title: Option<String>,
    deadline_ms: Option<u64>,
}

async fn chunk(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Query(query): Query<ChunkQuery>,
    headers: HeaderMap,
) -> Response {
    let Ok(id) = id.parse::<ChunkId>() else {
        return problem(400, "malformed", "Not an id.");
    };
    let complete = match shared.kind {
        Kind::Agent => query.title.is_some() && query.deadline_ms.is_some(),
        Kind::Dms => headers.contains_key(swarm::wire::http::TITLE),
    };
    if !complete {
        return problem(400, "malformed", "The title or the deadline is missing.");
    }
    let served = shared.chunks_served.fetch_add(1, Ordering::Relaxed);
    let behaviour = &shared.behaviour;
    if served >= behaviour.dies_after {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let slow = behaviour
        .slow
        .filter(|(slow, _)| *slow == id)
        .map(|(_, delay)| delay);
    tokio::time::sleep(slow.unwrap_or(behaviour.delay)).await;
    let Some(bytes) = clip().chunks.get(&id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut bytes = bytes.clone();
    if behaviour.tampered == Some(id) {
        bytes[100] ^= 1;
    }
    // The video comes from a peer, all else from the cache: the player must tell them apart.
    let large = clip().manifest.track(crate::clip::LARGE).expect("a track");
    let from_peer = large
        .segments
        .iter()
        .flat_map(|s| &s.chunks)
        .any(|c| c.id == id);
    let source = if from_peer { "peer" } else { "cache" };
    match shared.kind {
        Kind::Agent => ([(swarm::wire::http::SOURCE, source)], bytes).into_response(),
        Kind::Dms => bytes.into_response(),
    }
}
