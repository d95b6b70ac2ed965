//! `/problems` for people, `/api/v1/problems` for programs.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, http::HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header;
use sha2::{Digest, Sha256};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::catalogue::{self, KnownProblem};
use crate::auth::Anyone;
use crate::extract::Json;
use crate::state::App;

/// The page's looks: its only style, which the policy knows by its hash.
const STYLE: &str = "
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
dt { margin-top: 1.5rem; font-weight: 600 }
dd { margin: 0 }
code { font-size: 1.05em }
dt:target { outline: 2px solid; outline-offset: .25rem }
small { opacity: .8; font-weight: 400 }
";

/// Routes of the public listener that are in the API's description.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_problems))
}

/// The page, which is not.
pub fn page() -> Router<App> {
    Router::new().route("/problems", get(show))
}

/// Every code that a problem can have, with what it means and what to do about it.
#[utoipa::path(get, path = "/api/v1/problems", tag = "problems",
    responses((status = 200, body = Vec<KnownProblem>)))]
async fn list_problems(_: Anyone) -> Json<&'static [KnownProblem]> {
    Json(catalogue::all())
}

static PAGE: LazyLock<String> = LazyLock::new(|| {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Problems</title><style>{STYLE}</style><main><h1>Problems</h1><p>What the \
         codes mean, and what to do about them.</p><dl>"
    );
    for entry in catalogue::all() {
        let (means, fix) = (escaped(&entry.means), escaped(&entry.fix));
        page.push_str(&format!(
            "<dt id=\"{0}\"><code>{0}</code> <small>{1}</small></dt><dd>{means}</dd><dd>{fix}</dd>",
            entry.code,
            catalogue::statuses(entry)
        ));
    }
    page.push_str("</dl></main></html>");
    page
});

static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).ok()
});

async fn show(_: Anyone) -> Response {
    let mut response = axum::response::Html(PAGE.as_str()).into_response();
    if let Some(policy) = POLICY.clone() {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The catalogue writes commands between backticks, as the documents do.
fn escaped(text: &str) -> String {
    let safe = text.replace('&', "&amp;").replace('<', "&lt;");
    let mut out = String::with_capacity(safe.len());
    for (at, part) in safe.split('`').enumerate() {
        match at % 2 {
            0 => out.push_str(part),
            _ => out.push_str(&format!("<code>{part}</code>")),
        }
    }
    out
}
