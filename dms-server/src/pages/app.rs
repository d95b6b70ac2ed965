//! What the console and the portal have in common: a page and its files, embedded as compressed as they are sent.
//!
//! The page is drawn anew for every request: the library of its controls writes style elements, which the policy
//! allows by a nonce of this one answer.

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::RustEmbed;

use super::{FOR_EVER, none};
use crate::branding;
use crate::problem::Problem;
use crate::state::App;

/// What stands in the built page where the nonce belongs.
const NONCE_MARK: &str = "nonce-of-this-answer";

/// The encodings that the build wrote, best first: what asks for it, what the file ends with.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// The page: its script knows from the path which one to show, and may talk to `connect` (a list of the policy's `connect-src`).
///
/// # Errors
/// 404 when the build made none.
pub async fn page<Dist: RustEmbed>(
    app: &App,
    name: &str,
    connect: &str,
) -> Result<Response, Problem> {
    let file = Dist::get(name).ok_or_else(none)?;
    let built = branding::look(app)
        .await
        .dress(&String::from_utf8_lossy(&file.data));
    let nonce = STANDARD.encode(rand::random::<[u8; 18]>());
    let policy = HeaderValue::from_str(&policy(&nonce, connect)).map_err(|_| none())?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    Ok((headers, built.replace(NONCE_MARK, &nonce)).into_response())
}

fn policy(nonce: &str, connect: &str) -> String {
    format!(
        "default-src 'self'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; \
         media-src 'self' blob:; font-src 'self'; connect-src {connect}; worker-src 'self' blob:; frame-src 'self'; \
         object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types default"
    )
}

/// One of its files.
///
/// # Errors
/// 404 when there is no such file, 406 for who takes none of its encodings.
pub fn asset<Dist: RustEmbed>(path: &str, asked: &HeaderMap) -> Result<Response, Problem> {
    // In a debug build the files are read from the folder, where a path could climb.
    if path.split('/').any(|part| part == "..") {
        return Err(none());
    }
    let accepted = asked.get(header::ACCEPT_ENCODING);
    let accepted = accepted.map(|value| value.to_str().unwrap_or_default());
    let mut compressed = false;
    for (encoding, ending) in ENCODINGS {
        if let Some(file) = Dist::get(&format!("assets/{path}{ending}")) {
            compressed = true;
            if accepts(accepted, encoding) {
                let headers = headers(path, Some(encoding));
                return Ok((headers, file.data).into_response());
            }
        }
    }
    if compressed {
        let sentence = "This file is there compressed only: accept `gzip` or `br`.";
        return Err(Problem::new(
            StatusCode::NOT_ACCEPTABLE,
            "not_acceptable",
            sentence,
        ));
    }
    let file = Dist::get(&format!("assets/{path}")).ok_or_else(none)?;
    Ok((headers(path, None), file.data).into_response())
}

/// Whether an `Accept-Encoding` takes `encoding`. Who says nothing takes `gzip`, as every HTTP client can.
fn accepts(accepted: Option<&str>, encoding: &str) -> bool {
    let Some(accepted) = accepted else {
        return encoding == "gzip";
    };
    let mut weights = accepted.split(',').filter_map(|one| {
        let mut parts = one.split(';').map(str::trim);
        let name = parts.next()?;
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        let weight: f32 = weight.map_or(Some(1.0), |weight| weight.parse().ok())?;
        (name.eq_ignore_ascii_case(encoding) || name == "*").then_some((name == "*", weight))
    });
    // What names the encoding counts more than the star, which stands for the others.
    weights
        .clone()
        .find(|(star, _)| !star)
        .or_else(|| weights.next())
        .is_some_and(|(_, weight)| weight > 0.0)
}

fn headers(path: &str, encoding: Option<&'static str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let kind = match path.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("json") => "application/json",
        Some("mp4") => "video/mp4",
        _ => "application/octet-stream",
    };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(FOR_EVER));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        let encoding = HeaderValue::from_static(encoding);
        headers.insert(header::CONTENT_ENCODING, encoding);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::accepts;

    #[test]
    fn an_encoding_is_sent_to_who_takes_it() {
        for (asked, br, gzip) in [
            (None, false, true),
            (Some("gzip, deflate, br, zstd"), true, true),
            (Some("gzip"), false, true),
            (Some("GZIP;q=0.5, br;q=0"), false, true),
            (Some("*"), true, true),
            (Some("*;q=0, gzip"), false, true),
            (Some("identity"), false, false),
            (Some("gzip;q=0"), false, false),
            (Some("gzip;q=x"), false, false),
        ] {
            assert_eq!(accepts(asked, "br"), br, "{asked:?}");
            assert_eq!(accepts(asked, "gzip"), gzip, "{asked:?}");
        }
    }
}
