//! Chunks, manifests, keys to trust, and licences on their way to the DMS.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use swarm::{
    content::{ChunkId, ChunkRef, TitleId},
    wire::http as names,
};

use super::{
    Shared,
    hls::{Patience, title_id},
    problem::Problem,
};
use crate::{
    metrics::via_label,
    net::client::Passed,
    range::{Span, wanted},
    receipts,
    usage::TakeError,
};

/// The keys to trust.
pub(super) async fn trust(State(api): State<Shared>) -> Json<Value> {
    let trust = &api.parts.trust;
    Json(json!({
        "tenant": trust.tenant,
        "manifest_keys": trust.manifest_keys,
        "license_keys": trust.license_keys,
    }))
}

/// A title's signed manifest.
pub(super) async fn manifest(
    State(api): State<Shared>,
    Path(title): Path<String>,
) -> Result<Response, Problem> {
    let edition = api.parts.titles.newest(title_id(&title)?).await?;
    let head = [
        (header::CONTENT_TYPE, "application/cose"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((head, edition.signed.clone()).into_response())
}

/// What a chunk is wanted for.
#[derive(Debug, Deserialize)]
pub(super) struct ChunkQuery {
    title: Option<TitleId>,
    deadline_ms: Option<u64>,
}

/// A chunk of a title.
pub(super) async fn chunk(
    State(api): State<Shared>,
    Path(id): Path<String>,
    Query(query): Query<ChunkQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id: ChunkId = id
        .parse()
        .map_err(|e| Problem::invalid(format!("{id:?} is not a chunk's id: {e}")))?;
    let title = query
        .title
        .ok_or_else(|| Problem::invalid("say of which title: /v1/chunks/{id}?title={title}"))?;
    let edition = match api.parts.kept.edition(title) {
        // Where there is no network nobody need be asked what is new.
        Some(kept) if api.parts.kept.has_chunk(title, id) => kept,
        _ => api.parts.titles.newest(title).await?,
    };
    let place = edition.geometry().chunk(id);
    let place = place.ok_or_else(|| {
        Problem::not_found(
            "chunk_not_found",
            "the title's newest version has no such chunk",
        )
    })?;
    let chunk = ChunkRef { id, len: place.len };
    let wait = Patience::of(query.deadline_ms).or(&headers, api.parts.deadline);
    let (chunk, via) = api.play(&edition, chunk, wait).await?;
    api.ahead.from(&edition, place.track, place.segment);
    let whole = chunk.bytes().len();
    let mut head = HeaderMap::new();
    let (status, body) = match wanted(&headers, whole) {
        Span::Whole => (StatusCode::OK, chunk.bytes().clone()),
        Span::Part(part) => {
            let text = format!("bytes {}-{}/{whole}", part.start, part.end - 1);
            insert(&mut head, header::CONTENT_RANGE, &text);
            (StatusCode::PARTIAL_CONTENT, chunk.bytes().slice(part))
        }
        Span::Outside => {
            let detail = format!("the chunk has {whole} bytes");
            let status = StatusCode::RANGE_NOT_SATISFIABLE;
            return Err(Problem::new(status, "range", detail));
        }
    };
    insert(&mut head, header::CONTENT_TYPE, "application/octet-stream");
    insert(&mut head, header::ACCEPT_RANGES, "bytes");
    insert(
        &mut head,
        header::CACHE_CONTROL,
        "private, max-age=31536000, immutable",
    );
    insert(&mut head, header::ETAG, &format!("\"{id}\""));
    insert(
        &mut head,
        HeaderName::from_static(names::SOURCE),
        via_label(via),
    );
    Ok((status, head, body).into_response())
}

/// A licence: asked of the DMS under this device's name.
pub(super) async fn license(State(api): State<Shared>, body: Bytes) -> Result<Response, Problem> {
    Ok(passed_on(api.parts.messenger.license(body).await?))
}

/// Whether a licence still holds: asked of the DMS under this device's name.
pub(super) async fn standing(
    State(api): State<Shared>,
    Path(license): Path<String>,
) -> Result<Response, Problem> {
    let id = license.parse();
    let id = id.map_err(|_| Problem::invalid(format!("{license:?} is not a licence's id")))?;
    Ok(passed_on(api.parts.messenger.standing(id).await?))
}

/// Takes a report of what was played; the DMS gets it when it answers.
pub(super) async fn usage(State(api): State<Shared>, body: Bytes) -> Result<StatusCode, Problem> {
    let taken = api.parts.usage.take(&body).await;
    taken.map(|()| StatusCode::ACCEPTED).map_err(|error| {
        let detail = error.to_string();
        match error {
            TakeError::State(_) => {
                Problem::new(StatusCode::INSUFFICIENT_STORAGE, "not_kept", detail)
            }
            _ => Problem::invalid(detail),
        }
    })
}

/// Signs events of ads and takes them; the DMS gets them when it answers. Each answer is `kept`: whoever told it need
/// not tell it again.
pub(super) async fn receipts(
    State(api): State<Shared>,
    body: Bytes,
) -> Result<Json<serde_json::Value>, Problem> {
    let taken = api.parts.receipts.take(&body).await;
    let count = taken.map_err(|error| {
        let detail = error.to_string();
        match error {
            receipts::TakeError::State(_) | receipts::TakeError::Sign(_) => {
                Problem::new(StatusCode::INSUFFICIENT_STORAGE, "not_kept", detail)
            }
            _ => Problem::invalid(detail),
        }
    })?;
    let results = vec!["kept"; count];
    Ok(Json(serde_json::json!({ "results": results })))
}

/// What the DMS answered, as it did.
pub(super) fn passed_on(passed: Passed) -> Response {
    let mut response = (passed.status, passed.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if let Some(kind) = passed.content_type {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
