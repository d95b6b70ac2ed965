//! The real server in the test's own process, on loopback and free ports, over either database.

pub(crate) mod device;
pub(crate) mod receiver;
pub(crate) mod rights;
pub(crate) mod title;

use std::path::PathBuf;
use std::time::Duration;

use http::Method;
use serde_json::Value;
use swarm::content::TitleId;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::auth::Role;
use crate::config::Config;
use crate::db::testing::postgres_url;
use crate::events::Event;
use crate::problem::ProblemBody;
use crate::serve::{Addresses, Dms};
use crate::state::App;

/// How long anything in a test may take before it is called stuck.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running server; its data folder goes with it.
pub(crate) struct Server {
    /// What its handlers share.
    pub(crate) app: App,
    /// Where it listens.
    pub(crate) addresses: Addresses,
    /// The public listener.
    pub(crate) url: String,
    /// A client without credentials that follows no redirect.
    pub(crate) http: reqwest::Client,
    /// The owner's token.
    pub(crate) owner: String,
    data: PathBuf,
    stop: oneshot::Sender<()>,
    running: JoinHandle<anyhow::Result<()>>,
    folder: tempfile::TempDir,
}

impl Server {
    /// A server over SQLite.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A server over SQLite and one over PostgreSQL.
    pub(crate) async fn both() -> [Self; 2] {
        let url = postgres_url().await;
        [
            Self::start().await,
            Self::with(|config| config.database.url = url).await,
        ]
    }

    /// The same with another configuration.
    pub(crate) async fn both_with(change: impl Fn(&mut Config)) -> [Self; 2] {
        let url = postgres_url().await;
        let pg = |config: &mut Config| {
            change(config);
            config.database.url = url;
        };
        [Self::with(&change).await, Self::with(pg).await]
    }

    /// A server over SQLite with another configuration.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = Config::in_folder(&folder.path().join("data"));
        let free = "127.0.0.1:0".parse().expect("an address");
        config.public.listen = free;
        config.device.listen = free;
        config.metrics.listen = free;
        change(&mut config);
        Self::run(folder, config).await
    }

    async fn run(folder: tempfile::TempDir, config: Config) -> Self {
        let data = config.data.clone();
        let token_file = config.owner_token_file();
        let dms = Dms::load(config).await.expect("the server loads");
        let addresses = dms.addresses().expect("bound");
        let app = dms.app().clone();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(dms.run(async {
            let _ = stopped.await;
        }));
        let owner = std::fs::read_to_string(token_file).expect("the owner's token");
        Self {
            url: format!("http://{}", addresses.public),
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(PATIENCE)
                .build()
                .expect("a client"),
            owner: owner.trim().to_owned(),
            app,
            addresses,
            data,
            stop,
            running,
            folder,
        }
    }

    /// Stops the server and waits for its end.
    pub(crate) async fn stop(self) -> tempfile::TempDir {
        let Self {
            stop,
            running,
            folder,
            ..
        } = self;
        let _ = stop.send(());
        let ended = tokio::time::timeout(PATIENCE, running)
            .await
            .expect("it stops in time");
        ended.expect("no panic").expect("a clean end");
        folder
    }

    /// Stops the server and starts it again over the same data.
    pub(crate) async fn restart(self) -> Self {
        self.restart_with(|_| {}).await
    }

    /// The same with another configuration.
    pub(crate) async fn restart_with(self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.app.config.clone();
        config.data.clone_from(&self.data);
        change(&mut config);
        let folder = self.stop().await;
        Self::run(folder, config).await
    }

    /// A request without credentials.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// A request of the owner.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.anonymous(method, path).bearer_auth(&self.owner)
    }

    /// The JSON that the owner gets; fails unless the answer is 2xx.
    pub(crate) async fn get(&self, path: &str) -> Value {
        json(self.request(Method::GET, path)).await
    }

    /// The JSON that the owner gets for a body; fails unless the answer is 2xx.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        json(self.request(Method::POST, path).json(&body)).await
    }

    /// A new API token.
    pub(crate) async fn token(&self, role: Role) -> String {
        let new = serde_json::json!({"name": role.name(), "roles": [role]});
        text(&self.post("/api/v1/tokens", new).await["token"])
    }

    /// A new site.
    pub(crate) async fn site(&self, name: &str, subnet: &str) -> Value {
        let site = serde_json::json!({"name": name, "subnets": [subnet]});
        self.post("/api/v1/sites", site).await
    }

    /// Waits until the title is complete.
    pub(crate) async fn complete(&self, title: TitleId) {
        self.complete_within(title, PATIENCE).await;
    }

    /// The same for a title that is transcoded, which takes long on a busy machine.
    pub(crate) async fn published(&self, title: TitleId) {
        self.complete_within(title, PATIENCE * 8).await;
    }

    async fn complete_within(&self, title: TitleId, patience: Duration) {
        let mut events = self.app.events.subscribe();
        let wait = async {
            while self.get(&format!("/api/v1/titles/{title}")).await["state"] != "complete" {
                while events.recv().await.expect("the server runs") != Event::TitleChanged(title) {}
            }
        };
        tokio::time::timeout(patience, wait)
            .await
            .expect("the title is complete in time");
    }
}

/// The text in a JSON value.
pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is a text"))
        .to_owned()
}

/// Sends a request and reads the JSON of its 2xx answer.
pub(crate) async fn json(request: reqwest::RequestBuilder) -> Value {
    let answer = request.send().await.expect("an answer");
    let (status, url) = (answer.status(), answer.url().clone());
    let body = answer.bytes().await.expect("a body");
    assert!(
        status.is_success(),
        "{url}: {status}: {}",
        String::from_utf8_lossy(&body)
    );
    serde_json::from_slice(&body).unwrap_or(Value::Null)
}

/// Sends a request and reads the problem it is answered with.
pub(crate) async fn refusal(request: reqwest::RequestBuilder) -> (u16, ProblemBody) {
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let media_type = answer.headers().get("content-type").cloned();
    let request_id = answer
        .headers()
        .get("x-request-id")
        .cloned()
        .expect("a request id");
    let body = answer.bytes().await.expect("a body");
    let shown = String::from_utf8_lossy(&body);
    assert!(status >= 400, "{status}: {shown}");
    assert_eq!(
        media_type.expect("a type"),
        crate::problem::MEDIA_TYPE,
        "{shown}"
    );
    let problem: ProblemBody = serde_json::from_slice(&body).expect("a problem");
    assert_eq!(problem.status, status);
    assert_eq!(problem.request_id.as_deref(), request_id.to_str().ok());
    (status, problem)
}
