//! What pages that agents serve ask over their device's connection: answered by the routes that pages of this server
//! ask, with the same judgement, records and errors, as far as the list goes.

use axum::Router;
use axum::body::Body;
use http::{HeaderName, Request, header};
use swarm::wire::page::may_ask;
use tower::ServiceExt;

use crate::net::Remote;
use crate::problem::{Problem, Result};

/// What of a page's request counts.
const TAKEN: [HeaderName; 3] = [header::AUTHORIZATION, header::CONTENT_TYPE, header::ACCEPT];

/// The routes that pages ask; clones share them.
#[derive(Clone)]
pub struct Pages {
    routes: Router,
}

impl Pages {
    /// Pages ask these routes.
    #[must_use]
    pub fn to(routes: Router) -> Self {
        Self { routes }
    }

    /// The answer to a page on a device, in which `target` is the path that the page asks.
    ///
    /// # Errors
    /// 404 for what no such page may ask.
    pub(super) async fn answer(
        &self,
        remote: Remote,
        target: &str,
        asked: Request<Body>,
    ) -> Result<axum::response::Response> {
        if !may_ask(asked.method().as_str(), target) {
            let detail = "The page that an agent serves may not ask this.";
            return Err(Problem::not_found("no_such_path", detail));
        }
        let (head, body) = asked.into_parts();
        let mut request = Request::builder().method(head.method).uri(target);
        for name in TAKEN {
            if let Some(value) = head.headers.get(&name) {
                request = request.header(name, value);
            }
        }
        let mut request = request.body(body).map_err(Problem::internal)?;
        request.extensions_mut().insert(remote);
        let Ok(response) = self.routes.clone().oneshot(request).await;
        Ok(response)
    }
}
