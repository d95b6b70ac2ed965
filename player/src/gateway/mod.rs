//! Clear HLS on this computer, for VLC, mpv, ffplay and Safari.
//!
//! The tree hangs under a secret that only the printed URL carries; every other path is "not
//! found". Segments are opened when they are asked for and kept in a small cache, because
//! players like to ask twice.

mod cache;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use swarm::content::{
    Manifest, TrackId,
    hls::{self, Breaks, Sealing},
};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use crate::{engine::session::Session, error::PlayError};
use cache::SegmentCache;

/// Random bytes in the secret.
const SECRET_LEN: usize = 32;
/// The time a player is taken to wait for a segment without a hitch.
const SEGMENT_DEADLINE: Duration = Duration::from_secs(4);
/// The most bytes of opened segments that are kept.
const MAX_CACHE_BYTES: usize = 64 << 20;

/// Where what fills a break is asked, relative to a media playlist of the tree.
const BREAKS: &str = "../../breaks";

/// A gateway that listens but does not serve yet.
pub struct Gateway {
    listener: TcpListener,
    address: SocketAddr,
    secret: Zeroizing<String>,
    shared: Arc<Shared>,
}

struct Shared {
    session: Arc<Session>,
    /// The session's manifest without the tracks that the licence does not open.
    manifest: Manifest,
    cache: SegmentCache,
    address: SocketAddr,
    secret_hash: [u8; 32],
}

impl Gateway {
    /// Listens on `address`, which must be a loopback address.
    ///
    /// # Errors
    /// [`PlayError::ThirdPartyForbidden`] when the licence says so, [`PlayError::Usage`] for an
    /// address other computers can reach or that is taken.
    pub async fn bind(session: &Arc<Session>, address: SocketAddr) -> Result<Self, PlayError> {
        let license = session.license();
        if !license.third_party_players() {
            return Err(PlayError::ThirdPartyForbidden(session.manifest().title));
        }
        if !address.ip().is_loopback() {
            let text =
                "--listen takes a loopback address such as 127.0.0.1:0: the segments are clear.";
            return Err(PlayError::Usage(text.into()));
        }
        let bound = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok::<_, std::io::Error>((listener, address))
        };
        let (listener, address) = bound.await.map_err(|error| {
            PlayError::Usage(format!("The gateway cannot listen on {address}: {error}."))
        })?;
        let mut manifest = session.manifest().clone();
        manifest.tracks.retain(|track| license.covers(track.id));
        let secret = Zeroizing::new(hex::encode(rand::random::<[u8; SECRET_LEN]>()));
        let secret_hash = Sha256::digest(secret.as_bytes()).into();
        let cache = SegmentCache::new(MAX_CACHE_BYTES);
        let session = Arc::clone(session);
        let shared = Arc::new(Shared {
            session,
            manifest,
            cache,
            address,
            secret_hash,
        });
        Ok(Self {
            listener,
            address,
            secret,
            shared,
        })
    }

    /// The URL for the player. It carries the secret: show it to the user and to nobody else.
    #[must_use]
    pub fn url(&self) -> String {
        format!(
            "http://{}/{}/master.m3u8",
            self.address,
            self.secret.as_str()
        )
    }

    /// Serves until `stop` resolves.
    ///
    /// # Errors
    /// What the listener says when it fails.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
        axum::serve(self.listener, router(self.shared))
            .with_graceful_shutdown(stop)
            .await
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/{secret}/master.m3u8", get(master))
        .route("/{secret}/{version}/{track}/{file}", get(file))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard))
        .with_state(shared)
}

/// Refuses what does not name this listener exactly (a page that rebinds its own name to
/// loopback sends that name), and every path without the secret.
async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    if !host_fits(request.headers(), shared.address) {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    }
    let given = request.uri().path().split('/').nth(1).unwrap_or_default();
    let given: [u8; 32] = Sha256::digest(given.as_bytes()).into();
    if !bool::from(given.ct_eq(&shared.secret_hash)) {
        return StatusCode::NOT_FOUND.into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

fn host_fits(headers: &HeaderMap, address: SocketAddr) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let local = format!("localhost:{}", address.port());
    host.as_bytes() == address.to_string().as_bytes() || host.as_bytes() == local.as_bytes()
}

async fn master(State(shared): State<Arc<Shared>>) -> Response {
    match hls::master_playlist(&shared.manifest, Sealing::Clear) {
        Ok(text) => playlist(text),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn file(
    State(shared): State<Arc<Shared>>,
    Path((_, version, track, file)): Path<(String, u64, u16, String)>,
) -> Response {
    let not_found = || StatusCode::NOT_FOUND.into_response();
    if version != shared.manifest.version {
        return not_found();
    }
    let track = TrackId(track);
    if file == "index.m3u8" {
        let text = hls::media_playlist(&shared.manifest, track, Breaks::At(BREAKS));
        return text.map_or_else(|_| not_found(), playlist);
    }
    let Some(index) = file
        .strip_suffix(".m4s")
        .and_then(|index| index.parse().ok())
    else {
        return not_found();
    };
    match segment(&shared, track, index).await {
        Ok(Some(bytes)) => ([(header::CONTENT_TYPE, "video/mp4")], bytes).into_response(),
        Ok(None) => not_found(),
        Err(error) => {
            tracing::warn!(%error, track.id = %track, segment.index = index, "no segment");
            let status = match error.exit_code() {
                4 => StatusCode::FORBIDDEN,
                7 => StatusCode::GATEWAY_TIMEOUT,
                _ => StatusCode::BAD_GATEWAY,
            };
            (status, format!("{}: {error}\n", error.code())).into_response()
        }
    }
}

/// An opened segment, as long as the licence allows other players: a renewed one may not.
async fn segment(
    shared: &Shared,
    track: TrackId,
    index: usize,
) -> Result<Option<Bytes>, PlayError> {
    let fetch = shared.session.segment(track, index, SEGMENT_DEADLINE);
    let opened = shared.cache.get_or_fetch((track, index), fetch).await?;
    match shared.session.license().third_party_players() {
        true => Ok(opened),
        false => Err(PlayError::ThirdPartyForbidden(shared.manifest.title)),
    }
}

fn playlist(text: String) -> Response {
    (
        [(header::CONTENT_TYPE, "application/vnd.apple.mpegurl")],
        text,
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_host_is_served() {
        let address: SocketAddr = "127.0.0.1:4321".parse().expect("an address");
        let table = [
            (&["127.0.0.1:4321"][..], true),
            (&["localhost:4321"], true),
            (&["127.0.0.1"], false),
            (&["127.0.0.1:43210"], false),
            (&["evil.example:4321"], false),
            (&["localhost.evil.example:4321"], false),
            (&["127.0.0.1:4321", "evil.example"], false),
            (&[], false),
        ];
        for (hosts, fits) in table {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, HeaderValue::from_static(host));
            }
            assert_eq!(host_fits(&headers, address), fits, "{hosts:?}");
        }
    }
}
