//! What players ask over their agent's control connection: answered by the routes that HTTP asks, with the same judgement,
//! records and errors.

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use swarm::wire::question::MAX_ANSWER;
use swarm::wire::{Answered, Asked, Question};
use tower::ServiceExt;
use uuid::Uuid;

use crate::device::caller::Device;
use crate::net::Remote;

/// The routes that questions go to; clones share them.
#[derive(Clone)]
pub struct Questions {
    routes: Router,
}

impl Questions {
    /// Questions go to these routes.
    #[must_use]
    pub fn to(routes: Router) -> Self {
        Self { routes }
    }

    /// What a device is answered: as over a connection of its own.
    pub(super) async fn answer(&self, caller: &Device, asked: Asked) -> Answered {
        let (status, media_type, body) = self.ask(caller, asked.question).await;
        Answered {
            request: asked.request,
            status: status.as_u16(),
            media_type,
            body: body.into(),
        }
    }

    async fn ask(&self, caller: &Device, question: Question) -> (StatusCode, String, Bytes) {
        let failed = (
            StatusCode::INTERNAL_SERVER_ERROR,
            String::new(),
            Bytes::new(),
        );
        let Ok(mut request) = request(question) else {
            return failed;
        };
        request.extensions_mut().insert(Remote {
            addr: caller.remote,
            device: Some(caller.id),
        });
        let Ok(response) = self.routes.clone().oneshot(request).await;
        let (head, body) = response.into_parts();
        let media_type = head.headers.get(header::CONTENT_TYPE);
        let media_type = media_type.and_then(|kind| kind.to_str().ok());
        match axum::body::to_bytes(body, MAX_ANSWER).await {
            Ok(body) => (head.status, media_type.unwrap_or_default().to_owned(), body),
            Err(error) => {
                tracing::error!(device.id = %caller.id, %error, "an answer that is no answer");
                failed
            }
        }
    }
}

fn request(question: Question) -> http::Result<Request<Body>> {
    match question {
        Question::License(body) => Request::builder()
            .method(Method::POST)
            .uri("/v1/license")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body)),
        Question::Standing(license) => Request::builder()
            .uri(format!("/v1/licenses/{}", Uuid::from_bytes(license)))
            .body(Body::empty()),
    }
}
