//! The asset list that says what fills a break: read with bounds, and what cannot be played is left out.

use serde::Deserialize;
use swarm::content::TitleId;
use uuid::Uuid;

/// The most assets of a break.
const ASSETS_MAX: usize = 50;
/// The longest creative, seconds.
const SECONDS_MAX: f64 = 86_400.0;

/// One showing of one creative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The showing.
    pub instance: Uuid,
    /// The creative.
    pub title: TitleId,
    /// Its playing time, milliseconds.
    pub duration_ms: u64,
    /// When it may be skipped, milliseconds; none: never.
    pub skip_after_ms: Option<u64>,
    /// Why it is shown.
    pub why: String,
}

/// What fills a break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// In the order in which they are shown.
    pub assets: Vec<Asset>,
    /// How much of the content it replaces, milliseconds; none: as the manifest says.
    pub resume_ms: Option<u64>,
}

#[derive(Deserialize)]
struct RawList {
    #[serde(rename = "ASSETS")]
    assets: Vec<serde_json::Value>,
    #[serde(rename = "X-DMS", default)]
    ours: Option<RawPlace>,
}

#[derive(Deserialize)]
struct RawPlace {
    #[serde(default)]
    resume_ms: Option<u64>,
}

#[derive(Deserialize)]
struct RawAsset {
    #[serde(rename = "DURATION")]
    seconds: f64,
    #[serde(rename = "X-DMS")]
    ours: RawShowing,
}

#[derive(Deserialize)]
struct RawShowing {
    instance: Uuid,
    title: Uuid,
    #[serde(default)]
    skip_after_ms: Option<u64>,
    #[serde(default)]
    why: Option<RawWhy>,
}

#[derive(Deserialize)]
struct RawWhy {
    #[serde(default)]
    text: String,
}

/// Reads a list; none when it is none.
#[must_use]
pub fn read(body: &[u8]) -> Option<List> {
    let list: RawList = serde_json::from_slice(body).ok()?;
    let assets = list.assets.into_iter().take(ASSETS_MAX).filter_map(asset);
    Some(List {
        assets: assets.collect(),
        resume_ms: list.ours.and_then(|ours| ours.resume_ms),
    })
}

fn asset(value: serde_json::Value) -> Option<Asset> {
    let raw: RawAsset = serde_json::from_value(value).ok()?;
    let fits = raw.seconds > 0.0 && raw.seconds <= SECONDS_MAX;
    let duration = std::time::Duration::try_from_secs_f64(raw.seconds).ok();
    Some(Asset {
        instance: raw.ours.instance,
        title: TitleId(raw.ours.title.into_bytes()),
        duration_ms: u64::try_from(duration.filter(|_| fits)?.as_millis()).ok()?,
        skip_after_ms: raw.ours.skip_after_ms,
        why: raw.ours.why.map(|why| why.text).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "01a2045c-63c9-766f-9468-37e402be97ee";

    #[test]
    fn what_cannot_be_played_is_left_out() {
        let asset = |seconds: f64, title: &str| json!({"URI": "x", "DURATION": seconds, "X-DMS": {"instance": ID, "title": title}});
        let body = json!({
            "ASSETS": [asset(15.04, ID), asset(0.0, ID), asset(-1.0, ID), asset(1e300, ID), asset(4.0, "x"), null, 7],
            "X-DMS": {"resume_ms": 1500},
        });
        let list = read(body.to_string().as_bytes()).expect("a list");
        assert_eq!(list.resume_ms, Some(1500));
        assert_eq!(list.assets.len(), 1);
        assert_eq!(list.assets[0].duration_ms, 15_040);
        for none in ["", "null", "{}", "{\"ASSETS\": 3}", "<html>"] {
            assert_eq!(read(none.as_bytes()), None, "{none}");
        }
        assert_eq!(
            read(b"{\"ASSETS\": []}").map(|list| list.assets.len()),
            Some(0)
        );
    }
}
