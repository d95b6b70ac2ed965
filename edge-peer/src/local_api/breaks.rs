//! What fills a break, and what became of it: asked and told under this device's name.

use axum::{
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, header},
    response::Response,
};
use serde::Deserialize;
use swarm::{content::TitleId, wire::http::PERSON};
use uuid::Uuid;

use super::{Shared, content::passed_on, problem::Problem};
use crate::net::client::AssetsAsk;

/// Of which playback.
#[derive(Deserialize)]
pub(super) struct Playback {
    session: Uuid,
}

/// What fills a break of a playback. A program may name the person at this PC by their token.
pub(super) async fn assets(
    State(api): State<Shared>,
    Path((title, id)): Path<(String, String)>,
    Query(playback): Query<Playback>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let nothing = || Problem::invalid(format!("{title:?} has no break {id:?}"));
    let person = headers.get(PERSON).map(|token| token.to_str());
    let person = person.transpose().map_err(|_| nothing())?;
    let ask = AssetsAsk {
        title: title.parse::<TitleId>().map_err(|_| nothing())?,
        break_id: id.parse().map_err(|_| nothing())?,
        playback: playback.session,
        person: person.map(str::to_owned),
        player: headers
            .get(header::USER_AGENT)
            .and_then(|agent| agent.to_str().ok())
            .map(str::to_owned),
    };
    Ok(passed_on(api.parts.messenger.assets(ask).await?))
}

/// What happened to what fills breaks. Who tells it keeps it until it has the DMS's answer.
pub(super) async fn events(State(api): State<Shared>, body: Bytes) -> Result<Response, Problem> {
    Ok(passed_on(api.parts.messenger.ad_events(body).await?))
}
