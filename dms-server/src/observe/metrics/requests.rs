//! Times every request of a listener.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{Method, StatusCode};

use crate::state::App;

/// The route of requests that match none.
const NO_ROUTE: &str = "none";

/// The method of requests that the route does not take.
const OTHER_METHOD: &str = "other";

/// Counts the request under the template of its route, never under its path.
pub async fn measure(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let response = next.run(request).await;
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let method = method_label(route, &method, response.status());
    app.metrics
        .requests
        .with_label_values(&[route, method, response.status().as_str()])
        .observe(started.elapsed().as_secs_f64());
    response
}

/// Methods are the caller's words: only those a route takes are a label.
fn method_label(route: &str, method: &Method, status: StatusCode) -> &'static str {
    if route == NO_ROUTE || status == StatusCode::METHOD_NOT_ALLOWED {
        return OTHER_METHOD;
    }
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known
        .into_iter()
        .find(|name| *name == method.as_str())
        .unwrap_or(OTHER_METHOD)
}
