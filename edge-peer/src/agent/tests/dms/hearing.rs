//! What the small DMS hears of players, and whether it hears at all.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
};
use serde_json::{Value, json};
use swarm::{
    content::DeviceId,
    wire::{Answered, Asked, Observation, Question, ToPeer},
};

use super::{Dms, Shared};
use crate::policy::epoch_ms;

/// Reports of what was played.
#[derive(Default)]
pub(super) struct Hearing {
    deaf: AtomicBool,
    told: Mutex<Vec<String>>,
    seen: Mutex<BTreeMap<DeviceId, Observation>>,
    /// What pages asked, and with which session.
    asked: Mutex<Vec<String>>,
}

/// The code that it trades, and what it gives for it.
pub(in super::super) const HANDED: [&str; 2] = ["dms_here_good", "dms_page_secret"];

impl Hearing {
    pub(super) fn saw(&self, device: DeviceId, seen: Observation) -> Option<ToPeer> {
        self.seen.lock().unwrap().insert(device, seen);
        None
    }

    /// Refuses every licence, in words that show how it was asked.
    pub(super) fn answer(&self, asked: Asked) -> ToPeer {
        let (status, body) = match asked.question {
            Question::License(body) => (403, [b"asked by message: ", body.as_slice()].concat()),
            Question::Standing(id) => (200, id.to_vec()),
        };
        ToPeer::Answer(Answered {
            request: asked.request,
            status,
            media_type: "text/x-test".into(),
            body,
        })
    }
}

pub(super) async fn license(body: String) -> (StatusCode, String) {
    (StatusCode::FORBIDDEN, format!("asked by request: {body}"))
}

pub(super) async fn handoff(Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    if body["code"] != HANDED[0] {
        return (StatusCode::FORBIDDEN, Json(json!({"code": "handoff_over"})));
    }
    let until = epoch_ms(SystemTime::now()) + 60_000;
    let granted = json!({"token": HANDED[1], "expires_ms": until});
    (StatusCode::OK, Json(granted))
}

/// Answers with the page's body; 401 while it is deaf, as to a session that has ended.
pub(super) async fn page(
    State(dms): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, String) {
    let bearer = headers["authorization"].to_str().unwrap();
    let asked = format!("{method} {uri} {bearer}");
    dms.hearing.asked.lock().unwrap().push(asked);
    if dms.hearing.deaf.load(Ordering::SeqCst) {
        return (StatusCode::UNAUTHORIZED, String::new());
    }
    (StatusCode::CREATED, body)
}

impl Dms {
    /// What pages asked.
    pub(in super::super) fn asked(&self) -> Vec<String> {
        self.shared.hearing.asked.lock().unwrap().clone()
    }

    /// Whether it takes reports, or is in trouble.
    pub(in super::super) fn hears(&self, hears: bool) {
        self.shared.hearing.deaf.store(!hears, Ordering::SeqCst);
    }

    /// The reports it was sent while it heard, those that it refused too.
    pub(in super::super) fn told(&self) -> Vec<String> {
        self.shared.hearing.told.lock().unwrap().clone()
    }

    /// What a device said of the network around it.
    pub(in super::super) fn seen(&self, device: DeviceId) -> Option<Observation> {
        self.shared
            .hearing
            .seen
            .lock()
            .unwrap()
            .get(&device)
            .cloned()
    }

    /// From now on peers that connect are told that there is nothing to hold.
    pub(in super::super) fn end_campaigns(&self) {
        self.shared.hold.store(false, Ordering::SeqCst);
        self.shared.holds_nothing.store(true, Ordering::SeqCst);
    }
}

pub(super) async fn usage(State(dms): State<Arc<Shared>>, body: String) -> StatusCode {
    if dms.hearing.deaf.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let refused = body.contains("refused");
    dms.hearing.told.lock().unwrap().push(body);
    if refused {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    }
}
