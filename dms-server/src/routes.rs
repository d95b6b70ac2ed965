//! The route tables of the listeners, merged from the features, and the OpenAPI document.

mod described;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use bytes::Bytes;
use http::{HeaderValue, header};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::problem::Problem;
use crate::state::App;
use crate::{
    ads, audit, auth, backup, branding, campaign, captions, delivery, device, embed, grant, keys,
    license, live, observe, oidc, origin, pages, people, portal, problem, publish, rights, scim,
    search, site, storage, usage, webhook,
};

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
        .merge(observe::health::routes())
        .merge(observe::metrics::scrape::routes())
        .merge(auth::routes::routes())
        .merge(people::routes::routes())
        .merge(people::handoff::routes::routes())
        .merge(oidc::routes::routes())
        .merge(grant::routes::routes())
        .merge(scim::routes::routes())
        .merge(rights::routes::routes())
        .merge(audit::routes::routes())
        .merge(keys::routes::routes())
        .merge(branding::routes::routes())
        .merge(backup::routes::routes())
        .merge(storage::routes::routes())
        .merge(publish::routes())
        .merge(captions::routes::routes())
        .merge(ads::breaks::routes::routes())
        .merge(search::routes::routes())
        .merge(origin::routes::routes())
        .merge(license::routes::routes())
        .merge(usage::routes::routes())
        .merge(delivery::routes::routes())
        .merge(site::routes::routes())
        .merge(campaign::routes::routes())
        .merge(ads::creative::routes::routes())
        .merge(ads::campaign::routes::routes())
        .merge(ads::decide::routes::routes())
        .merge(ads::decide::servers::routes::routes())
        .merge(ads::decide::settings::routes::routes())
        .merge(live::routes::routes())
        .merge(portal::routes::routes())
        .merge(embed::routes::routes())
        .merge(device::routes::routes())
        .merge(webhook::routes::routes())
        .merge(problem::routes::routes())
}

fn device_api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(origin::routes::device_routes())
        .merge(license::routes::device_routes())
        .merge(ads::decide::routes::device_routes())
        .merge(usage::routes::device_routes())
        .merge(site::routes::device_routes())
        .merge(device::routes::device_routes())
        .merge(people::handoff::routes::device_routes())
}

/// The OpenAPI 3.1 document of the public listener.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = public_api().into_openapi();
    described::complete(&mut document);
    document
}

/// The public listener.
pub fn public(app: &App) -> Router {
    let (router, mut openapi) = public_api().split_for_parts();
    described::complete(&mut openapi);
    // Built from plain strings: it always serialises.
    let document: Arc<Bytes> = Arc::new(openapi.to_json().unwrap_or_default().into());
    let serve_document = move |_: auth::Anyone| {
        let document = Bytes::clone(&document);
        async move { ([(header::CONTENT_TYPE, "application/json")], document) }
    };
    let router = router
        .route("/api/v1/openapi.json", get(serve_document))
        .merge(pages::routes())
        .merge(branding::routes::page())
        .merge(embed::routes::page());
    finish(router, app)
}

/// The device listener. What players ask over a control connection goes through the same routes, and what pages that
/// agents serve ask through those of the public listener.
pub fn device(app: &App) -> Router {
    let asked = OpenApiRouter::new().merge(license::routes::device_routes());
    let questions = site::Questions::to(finish(asked.into(), app));
    let (asked, _) = public_api().split_for_parts();
    let pages = people::handoff::Pages::to(asked.with_state(app.clone()));
    finish(device_api().into(), app)
        .layer(Extension(questions))
        .layer(Extension(pages))
}

/// The metrics listener.
pub fn metrics(app: &App) -> Router {
    finish(observe::metrics::scrape::listener(), app)
}

fn finish(router: Router<App>, app: &App) -> Router {
    let nosniff = HeaderValue::from_static("nosniff");
    let no_referrer = HeaderValue::from_static("no-referrer");
    router
        .fallback(no_route)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            nosniff,
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::REFERRER_POLICY,
            no_referrer,
        ))
        .layer(from_fn(observe::request::trace))
        .layer(from_fn_with_state(
            app.clone(),
            observe::metrics::requests::measure,
        ))
        .with_state(app.clone())
}

async fn no_route() -> Problem {
    Problem::not_found("no_such_path", "There is nothing at this path.")
}

/// A handler that panics fails its own request and nothing else.
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message");
    Problem::internal(text.to_owned()).into_response()
}
