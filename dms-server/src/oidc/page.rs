//! Two small pages without script: the way on, and what went wrong.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::problem::Problem;

/// Nothing is loaded, sent, framed or run.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Leads on to `next` by itself.
///
/// A redirect would not do: browsers keep the session's cookie (`SameSite=Strict`) from every step of a chain
/// that another site began. This page begins a chain of its own.
pub(super) fn onward(next: &str) -> Response {
    let next = escape(next);
    let head = format!("<meta http-equiv=\"refresh\" content=\"0;url={next}\">");
    let body = format!("<p>You are signed in. <a href=\"{next}\">Go on</a></p>");
    html(StatusCode::OK, &head, &body)
}

/// Says what went wrong and what to do.
pub(super) fn trouble(problem: &Problem) -> Response {
    let detail = escape(&problem.detail);
    let body = format!(
        "<h1>You are not signed in</h1><p>{detail}</p><p><a href=\"/session/oidc\">Try again</a> or <a href=\"/\">go to the first page</a>.</p>"
    );
    let mut response = html(problem.status, "", &body);
    // What a problem says to programs holds for browsers, too.
    let of_problem = problem.response(None, None);
    let wait = of_problem.headers().get(header::RETRY_AFTER).cloned();
    if let Some(wait) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    response
}

/// Whether a browser asks that shows pages to a person.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn html(status: StatusCode, head: &str, body: &str) -> Response {
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sign in</title>{head}</head><body>{body}</body></html>"
    );
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: HeaderValue| headers.insert(name, value);
    set(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    set(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    (status, headers, text).into_response()
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
