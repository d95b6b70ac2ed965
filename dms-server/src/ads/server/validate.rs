//! A report of what an ad server answers, for people who set it up.

use std::time::Duration;

use dms_ads::decision::MediaFile;
use dms_ads::macros::Values;
use dms_ads::vast::VastError;
use dms_ads::vast::resolver::{Fetched, Outcome, Resolver};
use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;

use super::vast;
use super::{Failure, TIMEOUT_MAX};
use crate::egress::{Egress, Outgoing, Take};
use crate::state::App;

/// The most files that are asked for.
const FILES_MAX: usize = 20;

/// How long asking for files may take, all together.
const FILES_TIME: Duration = Duration::from_secs(15);

/// What an ad server's answer comes to.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// Whether it would fill a break.
    pub fills: bool,
    /// The first thing that went wrong; beside ads, it cost others.
    pub error: Option<Complaint>,
    /// The documents in the order in which they were fetched.
    pub levels: Vec<Level>,
    /// The ads, in the order in which they would be shown.
    pub ads: Vec<AdReport>,
}

/// Something that is wrong.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Complaint {
    /// The code of VAST's table; none: it does no harm.
    pub code: Option<u16>,
    /// The element.
    pub path: Option<String>,
    /// What is wrong.
    pub text: String,
}

/// One document.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Level {
    /// How many wrappers stand around it.
    pub depth: usize,
    /// Where it was; empty for what was pasted.
    pub url: String,
    /// Its length, bytes.
    pub bytes: usize,
    /// The ads in it that can be read.
    pub ads: usize,
    /// What is not as it should be.
    pub complaints: Vec<Complaint>,
}

/// One ad.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AdReport {
    /// The ad server's name of it.
    pub id: String,
    /// Its title.
    pub title: Option<String>,
    /// Who advertises.
    pub advertiser: Option<String>,
    /// Its length, milliseconds.
    pub duration_ms: u64,
    /// When it may be skipped.
    pub skip_after_ms: Option<u64>,
    /// How many URLs are called for it.
    pub trackers: usize,
    /// Its files.
    pub files: Vec<FileReport>,
    /// What is not as it should be.
    pub complaints: Vec<Complaint>,
}

/// One file.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileReport {
    /// Where it lies.
    pub url: String,
    /// The media type that was promised.
    pub media_type: String,
    /// Width, pixels.
    pub width: u32,
    /// Height, pixels.
    pub height: u32,
    /// Whether its host sends it; none: it was not asked.
    pub reachable: Option<bool>,
    /// What is not as it should be.
    pub complaints: Vec<Complaint>,
}

impl Complaint {
    fn note(text: impl Into<String>) -> Self {
        Self {
            code: None,
            path: None,
            text: text.into(),
        }
    }

    fn coded(code: u16, text: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            ..Self::note(text)
        }
    }
}

impl From<VastError> for Complaint {
    fn from(error: VastError) -> Self {
        let failure = Failure::from(error);
        Self {
            code: Some(failure.code),
            path: failure.path,
            text: failure.text,
        }
    }
}

/// The report for a URL, or for a document that was pasted.
pub(super) async fn report(app: &App, url: Option<&str>, document: Option<&str>) -> Report {
    let values = Values {
        now_ms: Some(app.clock.now_ms()),
        random: Some(rand::random()),
        ..Values::default()
    };
    let mut resolver = Resolver::new(url.unwrap_or_default(), None);
    if let Some(document) = document {
        resolver.step();
        resolver.answer(Ok(document.as_bytes()));
    }
    let deadline = Instant::now() + TIMEOUT_MAX;
    let headers = HeaderMap::new();
    let outcome = vast::follow(&app.egress, resolver, &headers, &values, deadline).await;
    let mut made = written(outcome);
    let deadline = Instant::now() + FILES_TIME;
    let files = made.ads.iter_mut().flat_map(|ad| &mut ad.files);
    for file in files.take(FILES_MAX) {
        look(&app.egress, file, deadline).await;
    }
    made
}

fn written(outcome: Outcome) -> Report {
    let ads = outcome.ads.into_iter().map(|ad| {
        let mut complaints = Vec::new();
        if ad.tracking.is_empty() {
            complaints.push(Complaint::note("nothing is called when it is shown"));
        }
        AdReport {
            id: ad.id,
            title: ad.title,
            advertiser: ad.advertiser,
            duration_ms: ad.duration_ms,
            skip_after_ms: ad.skip_after_ms,
            trackers: ad.tracking.len(),
            files: ad.media.into_iter().map(file).collect(),
            complaints,
        }
    });
    let ads: Vec<AdReport> = ads.collect();
    Report {
        fills: !ads.is_empty(),
        error: outcome.error.map(Complaint::from),
        levels: outcome.fetched.into_iter().map(level).collect(),
        ads,
    }
}

fn level(fetched: Fetched) -> Level {
    let mut complaints: Vec<Complaint> = fetched.error.map(Complaint::from).into_iter().collect();
    let mut ads = 0;
    if let Some(document) = fetched.document {
        ads = document.ads.len();
        let refused = document.refused.into_iter().map(|refused| refused.error);
        complaints.extend(refused.map(Complaint::from));
        complaints.extend(document.notes.into_iter().map(|note| Complaint {
            path: Some(note.path),
            ..Complaint::note(note.text)
        }));
    }
    Level {
        depth: fetched.depth,
        url: fetched.url,
        bytes: fetched.bytes,
        ads,
        complaints,
    }
}

fn file(file: MediaFile) -> FileReport {
    let mut complaints = Vec::new();
    if file.url.starts_with("http://") {
        let text =
            "it lies on plain HTTP, which is fetched only from subnets that the operator opened";
        complaints.push(Complaint::note(text));
    }
    if !file.progressive {
        complaints.push(Complaint::note(
            "it is a stream: only whole files become creatives",
        ));
    }
    if file.width == 0 || file.height == 0 {
        complaints.push(Complaint::note("its width or height is missing"));
    }
    FileReport {
        url: file.url,
        media_type: file.media_type,
        width: file.width,
        height: file.height,
        reachable: None,
        complaints,
    }
}

/// Asks a file's host for its first bytes.
async fn look(egress: &Egress, file: &mut FileReport, deadline: Instant) {
    let mut headers = HeaderMap::new();
    headers.insert(header::RANGE, HeaderValue::from_static("bytes=0-0"));
    let request = Outgoing {
        headers,
        take: Take::First(1),
        ..Outgoing::get(&file.url)
    };
    let Ok(answer) = timeout_at(deadline, egress.send(request)).await else {
        return;
    };
    let complaint = match answer {
        Err(error) => Some(Complaint::coded(401, error.to_string())),
        Ok(answer) if !answer.status.is_success() => {
            let text = format!("its host answered {}", answer.status.as_u16());
            Some(Complaint::coded(401, text))
        }
        Ok(answer) => {
            file.reachable = Some(true);
            let kind = answer.headers.get(header::CONTENT_TYPE);
            let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            let kind = kind.split(';').next().unwrap_or_default().trim();
            let fits = kind.is_empty()
                || kind.eq_ignore_ascii_case(&file.media_type)
                || kind == "application/octet-stream";
            let text = || format!("its host says that it is {kind}, not {}", file.media_type);
            (!fits).then(|| Complaint::note(text()))
        }
    };
    if let Some(complaint) = complaint {
        file.reachable = Some(file.reachable == Some(true));
        file.complaints.push(complaint);
    }
}
