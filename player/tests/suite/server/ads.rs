//! What fills breaks, and what is told of it.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use super::{Shared, problem};

#[derive(Default)]
pub struct Heard {
    lists: Mutex<Vec<String>>,
    events: Mutex<Vec<Value>>,
}

impl Heard {
    pub fn all(&self) -> (Vec<String>, Vec<Value>) {
        let lists = self.lists.lock().expect("lists").clone();
        (lists, self.events.lock().expect("events").clone())
    }
}

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/titles/{title}/breaks/{id}/assets", get(assets))
        .route("/v1/ads/events", post(events))
}

#[derive(serde::Deserialize)]
struct Playback {
    session: uuid::Uuid,
}

async fn assets(
    State(shared): State<Arc<Shared>>,
    Path((_, id)): Path<(String, u32)>,
    Query(playback): Query<Playback>,
) -> Response {
    let asked = format!("{id} {}", playback.session);
    shared.ads.lists.lock().expect("lists").push(asked);
    tokio::time::sleep(shared.behaviour.list_delay).await;
    let mut list = shared.behaviour.list.clone();
    for asset in list["ASSETS"].as_array_mut().into_iter().flatten() {
        asset["X-DMS"]["instance"] = uuid::Uuid::new_v4().to_string().into();
    }
    Json(list).into_response()
}

async fn events(State(shared): State<Arc<Shared>>, Json(body): Json<Value>) -> Response {
    if shared.behaviour.events_down {
        return problem(503, "unavailable", "Away.");
    }
    let told = body["events"].as_array().expect("events").clone();
    let results = vec!["counted"; told.len()];
    shared.ads.events.lock().expect("events").extend(told);
    Json(json!({ "results": results })).into_response()
}
