//! A whole server in a folder of its own, asked without a network.

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::config::Config;
use crate::routes;
use crate::serve::Dms;
use crate::state::App;

/// The server; its folder goes when it is dropped.
pub struct TestServer {
    /// Loaded, not running.
    pub dms: Dms,
    /// Its data folder.
    pub folder: TempDir,
}

/// An answer, whole.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its text.
    pub body: String,
}

impl TestServer {
    /// A server with the defaults and its listeners on free loopback ports.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The same, with the configuration changed.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = Config::in_folder(folder.path());
        let free = ([127, 0, 0, 1], 0).into();
        config.public.listen = free;
        config.device.listen = free;
        config.metrics.listen = free;
        change(&mut config);
        let dms = Dms::load(config).await.expect("the server loads");
        Self { dms, folder }
    }

    /// What the handlers share.
    pub fn app(&self) -> &App {
        self.dms.app()
    }

    /// The token of the first start.
    pub fn owner_token(&self) -> String {
        let file = self.app().config.owner_token_file();
        let token = std::fs::read_to_string(file).expect("the owner's token");
        token.trim().to_owned()
    }

    /// Asks the public listener.
    pub async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        let mut request = Request::get(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Body::empty()).expect("a request");
        ask(routes::public(self.app()), request).await
    }
}

/// One request to a listener's router.
pub async fn ask(router: Router, request: Request<Body>) -> Answer {
    let response = router.oneshot(request).await.expect("an answer");
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    Answer {
        status: head.status,
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).expect("text"),
    }
}
