//! A decision server of the company's own: a signed question as JSON, and an answer as JSON.
//!
//! The question is signed as webhooks are, so the same library checks it. The answer is read strictly: what it
//! should not have is refused, with the place.

use std::time::Duration;

use dms_ads::decision::{Ad, Decision, Event, MediaFile, Tracker};
use dms_ads::vast::code;
use futures_util::future::BoxFuture;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;
use uuid::Uuid;

use super::{Asked, DecisionHook, Failure, ServerConfig, TIMEOUT_MAX};
use crate::egress::{Outgoing, Take};
use crate::state::App;
use crate::webhook::{Secret, message};

/// The largest answer, bytes.
const ANSWER_MAX: usize = 256 << 10;

/// The most ads of an answer, and of files or URLs of an ad.
const ADS_MAX: usize = 50;

/// The longest text, bytes.
const TEXT_MAX: usize = 500;

/// The longest URL, bytes.
const URL_MAX: usize = 2_048;

/// The longest ad.
const DURATION_MAX_MS: u64 = 24 * 3_600_000;

/// A webhook that decides.
#[derive(Debug)]
pub(super) struct DecisionWebhook {
    pub(super) app: App,
    pub(super) config: ServerConfig,
    pub(super) secret: Secret,
}

impl DecisionHook for DecisionWebhook {
    fn decide<'a>(
        &'a self,
        asked: &'a Asked,
        budget: Duration,
    ) -> BoxFuture<'a, Result<Decision, Failure>> {
        Box::pin(async move {
            let own = Duration::from_millis(self.config.timeout_ms);
            let budget = budget.min(own).min(TIMEOUT_MAX);
            let late = |_| Failure::of(code::TIMEOUT, "the webhook took longer than it may");
            timeout(budget, self.ask(asked)).await.map_err(late)?
        })
    }
}

impl DecisionWebhook {
    async fn ask(&self, asked: &Asked) -> Result<Decision, Failure> {
        let now_ms = self.app.clock.now_ms();
        let body = question(asked, now_ms, self.config.forward_viewer).to_string();
        let request = Outgoing {
            url: &self.config.url,
            method: Method::POST,
            headers: message::headers(&self.secret, Uuid::now_v7(), now_ms, &body),
            body: body.into(),
            take: Take::All(ANSWER_MAX),
        };
        let answer = self.app.egress.send(request).await;
        let answer = answer.map_err(|error| Failure::of(code::TIMEOUT, error.to_string()))?;
        match answer.status {
            StatusCode::NO_CONTENT => Err(Failure::of(code::NO_AD, "the webhook has no ad")),
            status if !status.is_success() => {
                let text = format!("the webhook answered {}", status.as_u16());
                Err(Failure::of(code::TIMEOUT, text))
            }
            _ => read(&answer.body),
        }
    }
}

/// The question.
fn question(asked: &Asked, now_ms: i64, forward_viewer: bool) -> Value {
    let mut data = json!({
        "title": asked.title,
        "name": asked.name,
        "categories": asked.categories,
        "break": asked.break_id,
        "position": asked.position,
        "at_ms": asked.at_ms,
        "length_ms": asked.length_ms,
        "session": asked.session,
        "site": asked.site,
    });
    let viewer = asked.viewer.as_ref().filter(|_| forward_viewer);
    if let (Some(viewer), Some(fields)) = (viewer, data.as_object_mut()) {
        let viewer = json!({
            "address": viewer.address,
            "agent": viewer.agent,
            "pseudonym": viewer.pseudonym,
        });
        fields.insert("viewer".to_owned(), viewer);
    }
    json!({"type": "ads.decide", "timestamp": message::rfc3339(now_ms), "data": data})
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerBody {
    ads: Vec<AdBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdBody {
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    advertiser: Option<String>,
    #[serde(default)]
    title: Option<Uuid>,
    #[serde(default)]
    media: Vec<FileBody>,
    #[serde(default)]
    duration_ms: u64,
    #[serde(default)]
    skip_after_ms: Option<u64>,
    #[serde(default)]
    click: Option<String>,
    #[serde(default)]
    tracking: Vec<TrackerBody>,
    #[serde(default)]
    errors: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileBody {
    url: String,
    r#type: String,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
    #[serde(default)]
    bitrate: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrackerBody {
    event: Event,
    #[serde(default)]
    at_ms: Option<u64>,
    url: String,
}

/// Reads an answer.
fn read(bytes: &[u8]) -> Result<Decision, Failure> {
    let mut reading = serde_json::Deserializer::from_slice(bytes);
    let body: AnswerBody = serde_path_to_error::deserialize(&mut reading).map_err(|error| {
        let path = error.path().to_string();
        wrong(&path, error.inner().to_string())
    })?;
    let end = reading.end();
    end.map_err(|_| wrong("", "something follows the answer"))?;
    if body.ads.is_empty() {
        return Err(Failure::of(code::NO_AD, "the webhook has no ad"));
    }
    if body.ads.len() > ADS_MAX {
        return Err(wrong("ads", format!("there are more than {ADS_MAX}")));
    }
    let ads = body.ads.into_iter().enumerate();
    let ads = ads.map(|(at, ad)| made(ad, &format!("ads[{at}]")));
    Ok(Decision {
        ads: ads.collect::<Result<_, _>>()?,
        errors: Vec::new(),
    })
}

fn made(ad: AdBody, path: &str) -> Result<Ad, Failure> {
    for text in [Some(&ad.id), ad.name.as_ref(), ad.advertiser.as_ref()] {
        if text.is_some_and(|text| text.len() > TEXT_MAX) {
            return Err(wrong(
                path,
                format!("a text is longer than {TEXT_MAX} bytes"),
            ));
        }
    }
    let counts = [ad.media.len(), ad.tracking.len(), ad.errors.len()];
    if counts.iter().any(|count| *count > ADS_MAX) {
        return Err(wrong(path, format!("a list is longer than {ADS_MAX}")));
    }
    let files = ad.media.iter().map(|file| &file.url);
    let called = ad.tracking.iter().map(|tracker| &tracker.url);
    let all = files.chain(called).chain(&ad.errors).chain(&ad.click);
    if let Some(url) = all.into_iter().find(|url| !is_url(url)) {
        let shown: String = url.chars().take(80).collect();
        return Err(wrong(path, format!("{shown:?} is no URL that is called")));
    }
    let timeless = |t: &TrackerBody| (t.event == Event::Progress) != t.at_ms.is_some();
    if ad.tracking.iter().any(timeless) {
        return Err(wrong(
            path,
            "at_ms belongs to progress, and to nothing else",
        ));
    }
    let media = match (ad.title, ad.media.is_empty()) {
        (Some(title), true) => vec![MediaFile::of_title(&title.to_string())],
        (None, false) => ad.media.into_iter().map(file).collect(),
        _ => return Err(wrong(path, "give either title or media")),
    };
    if ad.duration_ms > DURATION_MAX_MS || (ad.title.is_none() && ad.duration_ms == 0) {
        return Err(wrong(path, "duration_ms is missing or longer than a day"));
    }
    let tracking = ad.tracking.into_iter().map(|tracker| Tracker {
        event: tracker.event,
        at_ms: tracker.at_ms,
        url: tracker.url,
    });
    Ok(Ad {
        id: ad.id,
        title: ad.name,
        advertiser: ad.advertiser,
        universal_id: None,
        duration_ms: ad.duration_ms,
        skip_after_ms: ad.skip_after_ms,
        click: ad.click,
        media,
        tracking: tracking.collect(),
        errors: ad.errors,
        companions: Vec::new(),
    })
}

fn file(file: FileBody) -> MediaFile {
    MediaFile {
        progressive: !file.r#type.to_ascii_lowercase().contains("mpegurl"),
        url: file.url,
        media_type: file.r#type,
        width: file.width,
        height: file.height,
        bitrate: file.bitrate,
    }
}

fn is_url(url: &str) -> bool {
    let begins = url.starts_with("https://") || url.starts_with("http://");
    begins && url.len() <= URL_MAX && !url.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn wrong(path: &str, text: impl Into<String>) -> Failure {
    Failure {
        path: Some(path.to_owned()).filter(|path| !path.is_empty() && path != "."),
        ..Failure::of(code::SCHEMA, text)
    }
}
