//! Requests that a foreign page makes a browser send.
//!
//! A cookie goes along with a request whoever wrote the page; so an unsafe method that relies on it
//! must come from a page of this server. Bearer tokens need no such check.

use http::{HeaderMap, Method, header};

/// Whether the method changes nothing.
pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether the request comes from a page of `origin`. A request without `Origin` does not.
pub(super) fn same_origin(headers: &HeaderMap, origin: &str) -> bool {
    let stated = headers.get(header::ORIGIN).and_then(|v| v.to_str().ok());
    let fetch_site = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok());
    stated == Some(origin) && matches!(fetch_site, None | Some("same-origin"))
}

/// Whether the request names an origin that is not `origin`; programs name none.
pub(super) fn foreign_origin(headers: &HeaderMap, origin: &str) -> bool {
    headers.contains_key(header::ORIGIN) && !same_origin(headers, origin)
}
