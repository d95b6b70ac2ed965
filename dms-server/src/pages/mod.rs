//! The pages: the built watch page, the portal and the console, embedded in the program.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};
use swarm::content::TitleId;

use crate::auth::Anyone;
use crate::branding;
use crate::problem::Problem;
use crate::state::App;

mod app;
mod console;
mod portal;
#[cfg(test)]
mod tests;

#[derive(RustEmbed)]
#[folder = "../player/web/dist"]
struct Dist;

/// The policy that the page's own build may replace with one that names its style hashes.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; \
    worker-src 'self' blob:; connect-src 'self' http://127.0.0.1:*; object-src 'none'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'self'; require-trusted-types-for 'script'; \
    trusted-types default";

/// The build's policy, if it wrote one.
const POLICY_FILE: &str = "csp.txt";

/// What stands in the built page where the address of its oEmbed answer belongs.
const OEMBED_MARK: &str = "oembed-of-this-page";

/// Names with a hash in them: their content never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

static CONTENT_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    Dist::get(POLICY_FILE)
        .and_then(|file| HeaderValue::from_bytes(file.data.trim_ascii()).ok())
        .unwrap_or(HeaderValue::from_static(POLICY))
});

/// The pages' routes. They hold nothing secret: what a page shows it asks the API for.
pub fn routes() -> Router<App> {
    Router::new()
        .merge(portal::routes())
        .merge(console::routes())
        .merge(crate::problem::routes::page())
        .route("/watch/{title}", get(watch))
        .route("/assets/{*path}", get(asset))
        .route("/favicon.svg", get(favicon))
}

/// The watch page, which tells programs where to ask how to show it (oEmbed).
async fn watch(
    _: Anyone,
    State(app): State<App>,
    Path(title): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // What is no id comes into no page.
    let Ok(title) = title.parse::<TitleId>() else {
        return page("watch.html", &headers);
    };
    let Some(file) = Dist::get("watch.html") else {
        return page("watch.html", &headers);
    };
    let origin = app.public_origin();
    let address = format!("{origin}/watch/{title}");
    let asked: String = url::form_urlencoded::byte_serialize(address.as_bytes()).collect();
    let link = format!("{origin}/oembed?url={asked}");
    let text = String::from_utf8_lossy(&file.data).replace(OEMBED_MARK, &link);
    let text = branding::look(&app).await.dress(&text);
    let mut described = describe(&file, "no-cache");
    let tag = format!(
        "\"{}\"",
        hex::encode(&Sha256::digest(text.as_bytes())[..16])
    );
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        if headers.get(header::IF_NONE_MATCH) == Some(&tag) {
            described.insert(header::ETAG, tag);
            return Ok((StatusCode::NOT_MODIFIED, described).into_response());
        }
        described.insert(header::ETAG, tag);
    }
    Ok((described, text).into_response())
}

/// A page with its own word on who may frame it. The header is another for each title, so nothing keeps it.
///
/// # Errors
/// 404 where the pages were not built.
pub fn framed(name: &str, ancestors: &str) -> Result<Response, Problem> {
    let file = Dist::get(name).ok_or_else(none)?;
    let mut described = describe(&file, "no-store");
    described.remove(header::ETAG);
    let policy = CONTENT_POLICY.to_str().unwrap_or(POLICY);
    let policy = policy.replace("frame-ancestors 'self'", ancestors);
    let policy = HeaderValue::from_str(&policy).map_err(Problem::internal)?;
    described.insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok((described, file.data).into_response())
}

async fn favicon(_: Anyone, headers: HeaderMap) -> Result<Response, Problem> {
    page("favicon.svg", &headers)
}

async fn asset(_: Anyone, Path(path): Path<String>) -> Result<Response, Problem> {
    // In a debug build the files are read from the folder, where a path could climb.
    if path.split('/').any(|part| part == "..") {
        return Err(none());
    }
    let file = Dist::get(&format!("assets/{path}")).ok_or_else(none)?;
    Ok((describe(&file, FOR_EVER), file.data).into_response())
}

fn page(name: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let file = Dist::get(name).ok_or_else(none)?;
    let described = describe(&file, "no-cache");
    if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|tag| Some(tag) == described.get(header::ETAG))
    {
        return Ok((StatusCode::NOT_MODIFIED, described).into_response());
    }
    Ok((described, file.data).into_response())
}

fn none() -> Problem {
    Problem::not_found("no_such_path", "There is nothing at this path.")
}

fn describe(file: &EmbeddedFile, cache: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, file.metadata.mimetype());
    set(header::CACHE_CONTROL, cache);
    set(
        header::ETAG,
        &format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16])),
    );
    headers.insert(header::CONTENT_SECURITY_POLICY, CONTENT_POLICY.clone());
    headers
}
