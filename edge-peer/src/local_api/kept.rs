//! Titles that the person at this PC keeps.

use std::collections::BTreeSet;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};

use super::{Shared, hls::title_id, problem::Problem};
use crate::kept::{KeepError, KeptReport};

/// What is kept.
#[derive(Debug, Serialize)]
pub(super) struct KeptList {
    items: Vec<KeptReport>,
}

/// Which tracks.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct KeepRequest {
    tracks: BTreeSet<u16>,
}

/// What is kept and how far it is.
pub(super) async fn list(State(api): State<Shared>) -> Json<KeptList> {
    let items = api.parts.kept.report();
    Json(KeptList { items })
}

/// How far a title is.
pub(super) async fn one(
    State(api): State<Shared>,
    Path(title): Path<String>,
) -> Result<Json<KeptReport>, Problem> {
    let title = title_id(&title)?;
    let mut all = api.parts.kept.report().into_iter();
    all.find(|kept| kept.title == title)
        .map(Json)
        .ok_or_else(not_kept)
}

/// Keeps a title, or these tracks of it.
pub(super) async fn keep(
    State(api): State<Shared>,
    Path(title): Path<String>,
    body: Bytes,
) -> Result<Json<KeptReport>, Problem> {
    let request = if body.is_empty() {
        KeepRequest::default()
    } else {
        let parsed = serde_json::from_slice(&body);
        parsed
            .map_err(|e| Problem::invalid(format!("send {{\"tracks\": [n, ..]}} or {{}}: {e}")))?
    };
    let kept = api.parts.kept.keep(title_id(&title)?, request.tracks).await;
    kept.map(Json).map_err(Problem::from)
}

/// Lets go of a title.
pub(super) async fn let_go(
    State(api): State<Shared>,
    Path(title): Path<String>,
) -> Result<StatusCode, Problem> {
    let gone = api.parts.kept.let_go(title_id(&title)?).await;
    match gone.map_err(|error| Problem::from(KeepError::State(error)))? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(not_kept()),
    }
}

fn not_kept() -> Problem {
    Problem::not_found("not_kept", "this PC does not keep the title")
}

impl From<KeepError> for Problem {
    fn from(error: KeepError) -> Self {
        let detail = error.to_string();
        let (status, code) = match error {
            KeepError::Title(error) => return error.into(),
            KeepError::NoTrack(_) => (StatusCode::BAD_REQUEST, "no_track"),
            KeepError::NoRoom { .. } | KeepError::TooMany | KeepError::State(_) => {
                (StatusCode::INSUFFICIENT_STORAGE, "no_room")
            }
        };
        Self::new(status, code, detail)
    }
}
