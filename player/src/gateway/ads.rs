//! What fills breaks, for players that are not ours: the list with addresses of this gateway, and the creatives.
//!
//! A creative's licence is asked when the list is: what does not open is not on it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use swarm::content::{TitleId, TrackId, hls::Breaks as Ranges};
use uuid::Uuid;

use super::{Shared, Tree};
use crate::breaks::Breaks;

/// The most creatives of one break.
const ASSETS_MAX: usize = 10;
/// The most creatives at one time; beyond, no break has others.
const CREATIVES_MAX: usize = 64;

/// See the module.
pub(super) struct Ads {
    breaks: Arc<Breaks>,
    /// The tree's address, secret and all.
    base: String,
    /// Locked for a look or a store only.
    creatives: Mutex<HashMap<TitleId, Arc<Tree>>>,
}

impl Ads {
    pub(super) fn new(breaks: Arc<Breaks>, base: String) -> Self {
        Self {
            breaks,
            base,
            creatives: Mutex::default(),
        }
    }

    fn creatives(&self) -> MutexGuard<'_, HashMap<TitleId, Arc<Tree>>> {
        self.creatives
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn creative(&self, title: &str) -> Option<Arc<Tree>> {
        self.creatives().get(&title.parse().ok()?).cloned()
    }

    /// Gets a creative's licence, if there is none yet.
    async fn open(&self, title: TitleId) -> bool {
        if self.creatives().contains_key(&title) {
            return true;
        }
        let opened = self.breaks.open(title).await;
        match opened.and_then(|session| Tree::new(&session)) {
            Ok(tree) => {
                let mut creatives = self.creatives();
                let has_room = creatives.len() < CREATIVES_MAX;
                if has_room {
                    creatives.insert(title, Arc::new(tree));
                }
                has_room
            }
            Err(error) => {
                tracing::warn!(creative.id = %title, %error, "a creative is left out");
                false
            }
        }
    }

    /// The list with this gateway's addresses; an empty one when there is none.
    async fn list(&self, id: u32, playback: Uuid) -> Value {
        let body = self.breaks.ask(id, playback).await.unwrap_or_default();
        let mut list: Value = serde_json::from_slice(&body).unwrap_or_default();
        let assets = list.get_mut("ASSETS").map(Value::take);
        let assets = match assets {
            Some(Value::Array(assets)) => assets,
            _ => return json!({ "ASSETS": [] }),
        };
        let mut opened = Vec::new();
        for mut asset in assets.into_iter().take(ASSETS_MAX) {
            let title = asset.pointer("/X-DMS/title").and_then(Value::as_str);
            let Some(title) = title.and_then(|title| title.parse().ok()) else {
                continue;
            };
            if self.open(title).await {
                asset["URI"] = format!("{}/ads/{title}/master.m3u8", self.base).into();
                opened.push(asset);
            }
        }
        list["ASSETS"] = opened.into();
        list
    }
}

/// What players add to the address of a list.
#[derive(Deserialize)]
pub(super) struct Playback {
    /// A name of the playback; of players whose name is no UUID all are one.
    #[serde(rename = "_HLS_primary_id")]
    primary: Option<String>,
}

/// What fills a break.
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Path((_, id)): Path<(String, u32)>,
    Query(playback): Query<Playback>,
) -> Response {
    let given = playback.primary.and_then(|id| id.parse().ok());
    let playback = given.unwrap_or_else(|| shared.ads.breaks.playback());
    let list = shared.ads.list(id, playback).await;
    (
        [(header::CONTENT_TYPE, "application/json")],
        list.to_string(),
    )
        .into_response()
}

pub(super) async fn master(
    State(shared): State<Arc<Shared>>,
    Path((_, creative)): Path<(String, String)>,
) -> Response {
    match shared.ads.creative(&creative) {
        Some(tree) => tree.master(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A media playlist or a segment of a creative; breaks of its own are not played.
pub(super) async fn file(
    State(shared): State<Arc<Shared>>,
    Path((_, creative, version, track, file)): Path<(String, String, u64, u16, String)>,
) -> Response {
    match shared.ads.creative(&creative) {
        Some(tree) => {
            let track = TrackId(track);
            tree.file(version, track, &file, Ranges::Hidden).await
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
