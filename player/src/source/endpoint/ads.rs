//! What fills breaks, and what is told of it.

use bytes::Bytes;
use reqwest::RequestBuilder;
use swarm::{content::TitleId, wire};

use super::{Endpoint, FetchError, MAX_SMALL_BODY};

/// The longest asset list.
const MAX_LIST: usize = 512 << 10;

impl Endpoint {
    /// Asks what fills a break of a playback.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn assets(
        &self,
        title: TitleId,
        break_id: u32,
        playback: uuid::Uuid,
    ) -> Result<Bytes, FetchError> {
        let prefix = self.prefix();
        let url = self.url(&format!("{prefix}/titles/{title}/breaks/{break_id}/assets"));
        let request = self.http.get(url).query(&[("session", playback)]);
        self.small(self.in_name(request), MAX_LIST).await
    }

    /// Tells what happened to what fills breaks.
    ///
    /// # Errors
    /// [`FetchError`] when it is not taken: then it is to be told again.
    pub async fn ad_events(&self, events: &impl serde::Serialize) -> Result<Bytes, FetchError> {
        let url = self.url(&format!("{}/ads/events", self.prefix()));
        self.small(self.http.post(url).json(events), MAX_SMALL_BODY)
            .await
    }

    /// Through an agent, whose own token goes with each request, the person's goes beside it.
    fn in_name(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.person {
            Some(person) => request.header(wire::http::PERSON, person.as_str()),
            None => request,
        }
    }
}
