//! The route tables of the listeners, merged from the features, and the OpenAPI document.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::header;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::problem::Problem;
use crate::state::App;
use crate::{auth, observe, publish};

/// Bytes of a request body that a handler takes whole. Uploads are streams and set their own limit.
const BODY_MAX: usize = 1 << 20;

#[derive(OpenApi)]
#[openapi(
    info(title = "DMS", description = "Publish, deliver and license titles."),
    modifiers(&Security)
)]
struct Api;

struct Security;

impl utoipa::Modify for Security {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "An API token, `dms_...`, or the session cookie of `POST /session`.",
            ))
            .build();
        openapi
            .components
            .get_or_insert_with(Default::default)
            .add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

fn public_api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Api::openapi())
        .merge(auth::routes::routes())
        .merge(publish::routes())
}

/// The OpenAPI 3.1 document of the public listener.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    public_api().into_openapi()
}

/// The public listener.
pub fn public(app: &App) -> Router {
    let (router, openapi) = public_api().split_for_parts();
    // Built from plain strings: it always serialises.
    let document: Arc<Bytes> = Arc::new(openapi.to_json().unwrap_or_default().into());
    let serve_document = move || {
        let document = Bytes::clone(&document);
        async move { ([(header::CONTENT_TYPE, "application/json")], document) }
    };
    finish(
        router.route("/api/v1/openapi.json", get(serve_document)),
        app,
    )
}

fn finish(router: Router<App>, app: &App) -> Router {
    router
        .fallback(no_route)
        .layer(axum::extract::DefaultBodyLimit::max(BODY_MAX))
        .layer(axum::middleware::from_fn(observe::request::trace))
        .with_state(app.clone())
}

async fn no_route() -> Problem {
    Problem::not_found("no_such_path", "There is nothing at this path.")
}
