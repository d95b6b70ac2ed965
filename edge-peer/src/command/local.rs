//! Talks to the running agent as a native program does: address and bearer from the state folder.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use super::{DENIED, FAILED, Failure, UNREACHABLE};
use crate::{
    config::Config,
    local_api::StatusReport,
    net::{client::read_limited, enrolment::chain},
    state::{StateFolder, names},
};

/// How long the agent may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a test of the whole connection may take.
const LONG_PATIENCE: Duration = Duration::from_secs(60);
/// The longest answer, bytes.
const MAX_ANSWER: usize = 4 << 20;

/// The running agent's loopback API.
pub(super) struct Local {
    base: String,
    token: String,
    http: reqwest::Client,
}

impl Local {
    /// The agent that runs on this state folder.
    pub(super) fn of(config: &Config) -> Result<Self, Failure> {
        let state = StateFolder::at(&config.state);
        state.trust().map_err(|e| Failure::new(DENIED, e))?;
        let read = |name| -> Result<String, Failure> {
            let bytes = state
                .read(name)
                .map_err(|_| not_running(config, "no address"))?;
            Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
        };
        // The address may be of an agent that was killed, and its port somebody else's by now: no bearer for them.
        if !state.is_locked() {
            return Err(not_running(config, "it ended"));
        }
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .no_proxy()
            .build()
            .map_err(|e| Failure::new(FAILED, chain(&e)))?;
        Ok(Self {
            base: format!("http://{}", read(names::LOCAL_ADDRESS)?),
            token: read(names::LOCAL_TOKEN)?,
            http,
        })
    }

    /// What the agent says of itself.
    pub(super) async fn status(&self, config: &Config) -> Result<StatusReport, Failure> {
        let answer = self.call(config, Method::GET, "/v1/status", None).await?;
        serde_json::from_value(answer).map_err(|e| Failure::new(FAILED, e))
    }

    /// Where the agent listens, `http://host:port`.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Calls a route that may take longer, and answers with bytes.
    pub(super) async fn download(&self, config: &Config, path: &str) -> Result<Vec<u8>, Failure> {
        let request = self.http.get(format!("{}{path}", self.base));
        self.send(config, request.timeout(LONG_PATIENCE)).await
    }

    /// Calls a route.
    pub(super) async fn call(
        &self,
        config: &Config,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Failure> {
        let url = format!("{}{path}", self.base);
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = self.send(config, request).await?;
        Ok(serde_json::from_slice(&answer).unwrap_or_default())
    }

    async fn send(
        &self,
        config: &Config,
        request: reqwest::RequestBuilder,
    ) -> Result<Vec<u8>, Failure> {
        let response = request.bearer_auth(&self.token).send().await;
        let response = response.map_err(|e| not_running(config, &chain(&e.without_url())))?;
        let status = response.status();
        let body = read_limited(response, MAX_ANSWER).await;
        let body = body.map_err(|e| not_running(config, &e.to_string()))?;
        if status.is_success() {
            return Ok(body.to_vec());
        }
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        let detail = answer["detail"].as_str().unwrap_or("no reason was given");
        Err(Failure::new(
            FAILED,
            format!("the agent refused: {detail} ({status})"),
        ))
    }
}

fn not_running(config: &Config, why: &str) -> Failure {
    let folder = config.state.display();
    let message =
        format!("no agent runs on {folder} ({why}); start it with: edge-peer run --state {folder}");
    Failure::new(UNREACHABLE, message)
}
