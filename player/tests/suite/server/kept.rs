//! What an agent keeps, hears of playing, and says of licences; and its DMS, which may be away.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use drm::{lease::Contact, license::LicenseRequest};
use serde_json::{Value, json};

use super::{Server, Shared, problem};

/// What stands on it.
#[derive(Default)]
pub(super) struct Desk {
    away: AtomicBool,
    withdrawn: AtomicBool,
    elsewhere: AtomicBool,
    kept: Mutex<Option<Value>>,
    told: Mutex<Vec<Value>>,
    contacts: Mutex<Vec<Option<Contact>>>,
}

impl Desk {
    /// Notes what a request for a licence without contact said of the watch.
    pub(super) fn asked(&self, request: &LicenseRequest) {
        if request.offline {
            self.contacts.lock().unwrap().push(request.watch);
        }
    }
}

impl Server {
    /// Whether the DMS behind the agent answers.
    pub fn away(&self, away: bool) {
        self.shared.desk.away.store(away, Ordering::SeqCst);
    }

    /// From now on whoever asks is told that the title may not be watched from there.
    pub fn elsewhere(&self) {
        self.shared.desk.elsewhere.store(true, Ordering::SeqCst);
    }

    /// From now on no licence holds.
    pub fn withdraw(&self) {
        self.shared.desk.withdrawn.store(true, Ordering::SeqCst);
    }

    /// The tracks that it was told to keep; none: it keeps nothing.
    pub fn kept(&self) -> Option<Value> {
        self.shared.desk.kept.lock().unwrap().clone()
    }

    /// What it heard of playing.
    pub fn told(&self) -> Vec<Value> {
        self.shared.desk.told.lock().unwrap().clone()
    }

    /// What requests for licences without contact said of the watch.
    pub fn contacts(&self) -> Vec<Option<Contact>> {
        self.shared.desk.contacts.lock().unwrap().clone()
    }
}

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/kept/{title}", get(report).put(keep).delete(let_go))
        .route("/v1/usage", post(usage))
        .route("/v1/licenses/{license}", get(standing))
}

/// What only the DMS knows is not answered while it is away.
pub(super) async fn absence(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let asks_dms = ["/manifest", "/v1/license", "/v1/licenses/"];
    let asks_dms = asks_dms.iter().any(|part| path.contains(part));
    if asks_dms && shared.desk.away.load(Ordering::SeqCst) {
        return problem(503, "dms_away", "The DMS did not answer.");
    }
    if path == "/v1/license" && shared.desk.elsewhere.load(Ordering::SeqCst) {
        return problem(403, "not_here", "Connect to the company's network.");
    }
    next.run(request).await
}

fn state(shared: &Shared) -> Value {
    let bytes = 1000;
    json!({"title": shared.behaviour.manifest.title, "version": 1, "tracks": [], "bytes": bytes,
           "bytes_here": bytes, "no_room": false})
}

async fn keep(State(shared): State<Arc<Shared>>, Json(body): Json<Value>) -> Response {
    *shared.desk.kept.lock().unwrap() = Some(body["tracks"].clone());
    let mut begun = state(&shared);
    begun["bytes_here"] = json!(0);
    Json(begun).into_response()
}

async fn report(State(shared): State<Arc<Shared>>) -> Response {
    match shared.desk.kept.lock().unwrap().is_some() {
        true => Json(state(&shared)).into_response(),
        false => problem(404, "not_kept", "It is not kept."),
    }
}

async fn let_go(State(shared): State<Arc<Shared>>) -> Response {
    match shared.desk.kept.lock().unwrap().take().is_some() {
        true => StatusCode::NO_CONTENT.into_response(),
        false => problem(404, "not_kept", "It is not kept."),
    }
}

async fn usage(State(shared): State<Arc<Shared>>, Json(report): Json<Value>) -> StatusCode {
    shared.desk.told.lock().unwrap().push(report);
    StatusCode::ACCEPTED
}

async fn standing(State(shared): State<Arc<Shared>>, Path(license): Path<String>) -> Response {
    assert!(license.parse::<uuid::Uuid>().is_ok(), "{license}");
    let holds = !shared.desk.withdrawn.load(Ordering::SeqCst);
    Json(json!({"holds": holds, "expires_ms": 0})).into_response()
}
