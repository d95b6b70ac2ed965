//! `GET /v1/chunks/{id}`.

use std::net::IpAddr;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use swarm::content::ChunkId;

use super::delivery::Delivery;
use super::range::{self, Asked};
use crate::problem::{Problem, Result};
use crate::publish;
use crate::state::App;

/// A chunk never changes: its name is its hash.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// A chunk of a complete title, verified.
///
/// # Errors
/// 404 when no complete title has it.
pub async fn published(app: &App, id: ChunkId) -> Result<Bytes> {
    let Some(len) = publish::published_chunk(app, id).await? else {
        return Err(Problem::not_found(
            "chunk_not_found",
            "This chunk is not here.",
        ));
    };
    load(app, id, len).await
}

/// Reads a chunk that is known to be published.
///
/// # Errors
/// When the store fails or holds other bytes than it was given.
pub async fn load(app: &App, id: ChunkId, len: u32) -> Result<Bytes> {
    if let Some(bytes) = app.hot.get(id) {
        return Ok(bytes);
    }
    let Some(bytes) = app.store.chunk(id).await? else {
        return Err(Problem::internal(format!(
            "chunk {id} is published and not in the store"
        )));
    };
    // Rot in the store ends here: passed on, it would make every peer distrust this origin.
    if bytes.len() != len as usize || ChunkId::of(&bytes) != id {
        return Err(Problem::internal(format!(
            "chunk {id} is damaged in the store"
        )));
    }
    app.hot.put(id, bytes.clone());
    Ok(bytes)
}

/// The answer to a request for a chunk.
///
/// # Errors
/// 400 when the text is no id, 404 when the chunk is not published.
pub async fn answer(app: &App, remote: IpAddr, id: &str, headers: &HeaderMap) -> Result<Response> {
    let id: ChunkId = id.parse().map_err(|e| {
        Problem::invalid("invalid_chunk_id", format!("This is not a chunk id: {e}."))
    })?;
    let etag = format!("\"{id}\"");
    let text = |name| {
        headers
            .get(name)
            .and_then(|v: &HeaderValue| v.to_str().ok())
    };
    let bytes = published(app, id).await?;
    let len = bytes.len() as u64;
    if text(header::IF_NONE_MATCH).is_some_and(|tags| tags.contains(&etag)) {
        return Ok((StatusCode::NOT_MODIFIED, describe(&etag)).into_response());
    }
    let fresh = text(header::IF_RANGE).is_none_or(|tag| tag == etag);
    let asked = range::read(text(header::RANGE).filter(|_| fresh), len);
    let (status, part) = match asked {
        Asked::Whole => (StatusCode::OK, 0..len),
        Asked::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Asked::Unsatisfiable => {
            let problem = Problem::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "range_not_satisfiable",
                format!("The chunk has {len} bytes."),
            );
            let range = [(header::CONTENT_RANGE, format!("bytes */{len}"))];
            return Ok((range, problem).into_response());
        }
    };
    let (start, end) = (part.start, part.end);
    // Both ends lie within the chunk, which is in memory.
    let slice = bytes.slice(start as usize..end as usize);
    let delivery = Delivery::to(app, remote);
    let mut response = (
        status,
        describe(&etag),
        Body::from_stream(delivery.pieces(id, len, slice)),
    )
        .into_response();
    let out = response.headers_mut();
    out.insert(header::CONTENT_LENGTH, (end - start).into());
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(value) = HeaderValue::from_str(&format!("bytes {start}-{}/{len}", end - 1))
    {
        out.insert(header::CONTENT_RANGE, value);
    }
    Ok(response)
}

fn describe(etag: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, FOR_EVER);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, etag);
    }
    headers
}
