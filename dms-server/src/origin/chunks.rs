//! `GET /v1/chunks/{id}`.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::net::IpAddr;
use std::ops::Range;
use std::time::Instant;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use swarm::content::ChunkId;

use super::delivery::Delivery;
use super::range::{self, Asked};
use crate::problem::{Problem, Result};
use crate::publish;
use crate::state::App;

/// A chunk never changes: its name is its hash.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Bytes read from a file at a time. Above 256 KiB allocators fault pages for every buffer.
const BLOCK: usize = 256 << 10;

/// A published chunk, ready to be sent.
enum Ready {
    /// In memory.
    Bytes(Bytes),
    /// In a file whose bytes were hashed lately, to be read block by block.
    File(File),
}

/// Makes a chunk ready that is known to be published.
async fn ready(app: &App, id: ChunkId, len: u32) -> Result<Ready> {
    if let Some(bytes) = app.hot.get(id) {
        return Ok(Ready::Bytes(bytes));
    }
    if app.checked.contains(id, Instant::now())
        && let Some((file, bytes)) = app.store.chunk_file(id).await?
        && bytes == u64::from(len)
    {
        return Ok(Ready::File(file));
    }
    Ok(Ready::Bytes(load(app, id, len).await?))
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
    let now = Instant::now();
    let trusted = app.checked.contains(id, now);
    if bytes.len() != len as usize || !(trusted || ChunkId::of(&bytes) == id) {
        app.checked.remove(id);
        return Err(Problem::internal(format!(
            "chunk {id} is damaged in the store"
        )));
    }
    if !trusted {
        app.checked.insert(id, now);
    }
    app.hot.put(id, bytes.clone());
    Ok(bytes)
}

/// A part of a file, block by block.
fn blocks(file: File, part: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((file, part), |(file, part)| async move {
        if part.is_empty() {
            return Ok(None);
        }
        let reading = tokio::task::spawn_blocking(move || read(file, part));
        Ok(Some(reading.await.map_err(io::Error::other)??))
    })
}

/// Reads the first block of a part; answers it and what is left.
fn read(mut file: File, part: Range<u64>) -> io::Result<(Bytes, (File, Range<u64>))> {
    file.seek(SeekFrom::Start(part.start))?;
    let len = (part.end - part.start).min(BLOCK as u64);
    let mut block = Vec::with_capacity(BLOCK.min(len as usize));
    file.by_ref().take(len).read_to_end(&mut block)?;
    if block.len() as u64 != len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((block.into(), (file, part.start + len..part.end)))
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
    let Some(size) = publish::published_chunk(app, id).await? else {
        return Err(Problem::not_found(
            "chunk_not_found",
            "This chunk is not here.",
        ));
    };
    let len = u64::from(size);
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
    let delivery = Delivery::to(app, remote);
    let body = match ready(app, id, size).await? {
        Ready::Bytes(bytes) => {
            // Both ends lie within the chunk, which is in memory.
            let slice = bytes.slice(start as usize..end as usize);
            Body::from_stream(delivery.pieces(id, len, slice))
        }
        Ready::File(file) => Body::from_stream(delivery.counted(id, len, blocks(file, start..end))),
    };
    let mut response = (status, describe(&etag), body).into_response();
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
