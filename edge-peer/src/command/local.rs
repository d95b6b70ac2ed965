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
/// The longest answer, bytes.
const MAX_ANSWER: usize = 1 << 20;

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

    /// Calls a route.
    pub(super) async fn call(
        &self,
        config: &Config,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Failure> {
        let url = format!("{}{path}", self.base);
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await;
        let response = response.map_err(|e| not_running(config, &chain(&e.without_url())))?;
        let status = response.status();
        let body = read_limited(response, MAX_ANSWER).await;
        let body = body.map_err(|e| not_running(config, &e.to_string()))?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status.is_success() {
            return Ok(answer);
        }
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
