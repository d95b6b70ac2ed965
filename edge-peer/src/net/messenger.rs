//! What players ask the DMS through the agent. The control connection carries it, so that nobody waits for a handshake when
//! all players of a company ask at one moment; while there is none, HTTP does.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use swarm::wire::{Answered, Question, question::MAX_QUESTION};
use uuid::Uuid;

use super::{
    client::{AssetsAsk, Client, FetchError, PageAsk, Passed},
    control::{AskError, Handle},
};

/// How long the DMS may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Carries questions and answers; clones share the connections.
#[derive(Clone)]
pub struct Messenger {
    control: Handle,
    client: Client,
}

impl Messenger {
    /// Over these connections.
    #[must_use]
    pub fn new(control: Handle, client: Client) -> Self {
        Self { control, client }
    }

    /// Passes a licence request on to the DMS.
    ///
    /// # Errors
    /// [`FetchError`] when the DMS does not answer; its refusal is an answer.
    pub async fn license(&self, body: Bytes) -> Result<Passed, FetchError> {
        // What is longer can only be wrong; the DMS says so.
        if body.len() <= MAX_QUESTION {
            let question = Question::License(body.to_vec());
            if let Some(passed) = self.ask(question).await? {
                return Ok(passed);
            }
        }
        self.client.license(body).await
    }

    /// Asks whether a licence still holds.
    ///
    /// # Errors
    /// [`FetchError`] when the DMS does not answer; its refusal is an answer.
    pub async fn standing(&self, license: Uuid) -> Result<Passed, FetchError> {
        let question = Question::Standing(license.into_bytes());
        match self.ask(question).await? {
            Some(passed) => Ok(passed),
            None => self.client.standing(license).await,
        }
    }

    /// Trades the code that a person's click brought for their session on this device.
    ///
    /// # Errors
    /// [`FetchError`] when the DMS does not answer; its refusal is an answer.
    pub async fn trade(&self, code: &str) -> Result<Passed, FetchError> {
        self.client.trade(code).await
    }

    /// Passes on what the page that this agent serves asks. Few watch so at one moment: a connection of HTTP will do.
    ///
    /// # Errors
    /// [`FetchError`] when the DMS does not answer; its refusal is an answer.
    pub async fn page(&self, ask: PageAsk) -> Result<Passed, FetchError> {
        self.client.page(ask).await
    }

    /// Asks what fills a break.
    ///
    /// # Errors
    /// [`FetchError`] when the DMS does not answer; its refusal is an answer.
    pub async fn assets(&self, ask: AssetsAsk) -> Result<Passed, FetchError> {
        self.client.assets(ask).await
    }

    /// Tells what happened to what fills breaks.
    ///
    /// # Errors
    /// [`FetchError`] when the DMS does not answer; its refusal is an answer.
    pub async fn ad_events(&self, events: Bytes) -> Result<Passed, FetchError> {
        self.client.ad_events(events).await
    }

    /// None: there is no control connection.
    async fn ask(&self, question: Question) -> Result<Option<Passed>, FetchError> {
        match self.control.pass_on(question, PATIENCE).await {
            Ok(answered) => passed(answered).map(Some),
            Err(AskError::Late) => Err(FetchError::Late),
            Err(AskError::Away) => Ok(None),
        }
    }
}

fn passed(answered: Answered) -> Result<Passed, FetchError> {
    let status = StatusCode::from_u16(answered.status);
    let status = status.map_err(|_| FetchError::Strange("an answer without a status".into()))?;
    let content_type = HeaderValue::from_str(&answered.media_type).ok();
    Ok(Passed {
        status,
        content_type: content_type.filter(|kind| !kind.is_empty()),
        body: answered.body.into(),
        date: None,
    })
}
