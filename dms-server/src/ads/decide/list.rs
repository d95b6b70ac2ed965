//! The asset list that a player gets (RFC 8216bis, `X-ASSET-LIST`). Pure.

use dms_ads::decision::{Event, Tracker};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Who fills a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An emergency ad campaign.
    Emergency,
    /// An ad campaign.
    Campaign,
    /// A VAST server.
    Vast,
    /// A decision webhook.
    Webhook,
    /// The house slate.
    Slate,
}

impl Kind {
    /// Its name in the API and the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::Campaign => "campaign",
            Self::Vast => "vast",
            Self::Webhook => "webhook",
            Self::Slate => "slate",
        }
    }
}

/// One showing of one creative.
#[derive(Clone, Debug)]
pub struct Showing {
    /// Its instance.
    pub instance: Uuid,
    /// Who wants it.
    pub kind: Kind,
    /// The ad campaign or the decision server.
    pub source: Option<Uuid>,
    /// The decision server's name of the ad.
    pub ad: String,
    /// The creative's title.
    pub title: Uuid,
    /// What people call it.
    pub name: String,
    /// Playing time, milliseconds.
    pub duration_ms: u64,
    /// When it may be skipped.
    pub skip_after_ms: Option<u64>,
    /// Whether seeking over the break plays it first.
    pub must_see: bool,
    /// Where a click leads.
    pub click: Option<String>,
    /// Why it is shown.
    pub why: String,
    /// URLs to call.
    pub tracking: Vec<Tracker>,
    /// URLs to call when it cannot be shown.
    pub errors: Vec<String>,
}

/// What is said of the whole break.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The decision.
    pub decision: Uuid,
    /// The break.
    pub break_id: u32,
    /// Whether seeking over it plays it first.
    pub hold: bool,
    /// How much of the content it replaces, milliseconds.
    pub resume_ms: u64,
    /// Whether the player calls the URLs.
    pub player_reports: bool,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "playing times are far below 2^52"
)]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}

/// The answer to a player. Nothing to show is an empty list and nothing else.
#[must_use]
pub fn list(place: &Place, showings: &[Showing]) -> Value {
    let Some(first) = showings.first() else {
        return json!({"ASSETS": []});
    };
    let assets: Vec<Value> = showings
        .iter()
        .map(|showing| asset(place, showing))
        .collect();
    let mut list = json!({
        "ASSETS": assets,
        "X-DMS": {
            "decision": place.decision, "break": place.break_id, "hold": place.hold, "resume_ms": place.resume_ms,
        },
    });
    if let Some(offset) = first
        .skip_after_ms
        .filter(|offset| *offset < first.duration_ms)
    {
        let left = first.duration_ms - offset;
        list["SKIP-CONTROL"] = json!({"OFFSET": seconds(offset), "DURATION": seconds(left)});
    }
    list
}

fn asset(place: &Place, showing: &Showing) -> Value {
    let report = if place.player_reports {
        "player"
    } else {
        "server"
    };
    let mut asset = json!({
        "URI": format!("/hls/{}/master.m3u8", showing.title),
        "DURATION": seconds(showing.duration_ms),
        "X-DMS": {
            "instance": showing.instance,
            "title": showing.title,
            "name": showing.name,
            "skip_after_ms": showing.skip_after_ms,
            "must_see": showing.must_see,
            "click": showing.click,
            "why": {"kind": showing.kind.name(), "text": showing.why},
            "report": report,
        },
    });
    if place.player_reports && !(showing.tracking.is_empty() && showing.errors.is_empty()) {
        asset["X-AD-CREATIVE-SIGNALING"] = signaling(showing);
    }
    asset
}

/// The URLs that a player calls, as SVTA 2053 says it.
fn signaling(showing: &Showing) -> Value {
    let mut tracking: Vec<Value> = Vec::new();
    for tracker in &showing.tracking {
        let mut entry = Map::new();
        entry.insert("type".into(), signaled(tracker.event).into());
        if let Some(at_ms) = offset(tracker, showing.duration_ms) {
            entry.insert("offset".into(), seconds(at_ms).into());
        }
        entry.insert("urls".into(), json!([tracker.url]));
        tracking.push(Value::Object(entry));
    }
    if !showing.errors.is_empty() {
        tracking.push(json!({"type": "error", "urls": showing.errors}));
    }
    json!({
        "version": 2,
        "type": "slot",
        "payload": [{
            "type": "linear",
            "start": 0,
            "duration": seconds(showing.duration_ms),
            "identifiers": [{"scheme": "urn:uuid", "value": showing.instance}],
            "tracking": tracking,
        }],
    })
}

const fn signaled(event: Event) -> &'static str {
    match event {
        Event::Impression => "impression",
        Event::Start => "start",
        Event::FirstQuartile => "firstQuartile",
        Event::Midpoint => "midpoint",
        Event::ThirdQuartile => "thirdQuartile",
        Event::Complete => "complete",
        Event::Progress => "progress",
        Event::Skip => "skip",
        Event::Click => "clickTracking",
        Event::Pause => "pause",
        Event::Resume => "resume",
        Event::Mute => "mute",
        Event::Unmute => "unmute",
        Event::Error => "error",
    }
}

/// When an event is due by the media time; none: whenever it happens.
const fn offset(tracker: &Tracker, duration_ms: u64) -> Option<u64> {
    match tracker.event {
        Event::Impression | Event::Start => Some(0),
        Event::FirstQuartile => Some(duration_ms / 4),
        Event::Midpoint => Some(duration_ms / 2),
        Event::ThirdQuartile => Some(duration_ms / 4 * 3),
        Event::Complete => Some(duration_ms),
        Event::Progress => tracker.at_ms,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn showing(skip_after_ms: Option<u64>) -> Showing {
        Showing {
            instance: Uuid::from_u128(1),
            kind: Kind::Vast,
            source: None,
            ad: "a".into(),
            title: Uuid::from_u128(2),
            name: "Soap".into(),
            duration_ms: 15_040,
            skip_after_ms,
            must_see: false,
            click: None,
            why: "Chosen by Acme".into(),
            tracking: vec![Tracker {
                event: Event::Midpoint,
                at_ms: None,
                url: "https://a/m".into(),
            }],
            errors: vec!["https://a/e?[ERRORCODE]".into()],
        }
    }

    fn place(player_reports: bool) -> Place {
        let decision = Uuid::from_u128(3);
        Place {
            decision,
            break_id: 2,
            hold: true,
            resume_ms: 0,
            player_reports,
        }
    }

    #[test]
    fn a_list_says_what_players_of_others_need_and_what_ours_do() {
        let list = list(&place(false), &[showing(Some(5_000))]);
        let title = Uuid::from_u128(2);
        assert_eq!(
            list["ASSETS"][0]["URI"],
            format!("/hls/{title}/master.m3u8")
        );
        assert_eq!(list["ASSETS"][0]["DURATION"], 15.04);
        assert_eq!(
            list["SKIP-CONTROL"],
            json!({"OFFSET": 5.0, "DURATION": 10.04})
        );
        assert_eq!(list["X-DMS"]["break"], 2);
        let own = &list["ASSETS"][0]["X-DMS"];
        assert_eq!(
            own["why"],
            json!({"kind": "vast", "text": "Chosen by Acme"})
        );
        assert_eq!(
            (&own["report"], &own["click"]),
            (&json!("server"), &Value::Null)
        );
        assert!(
            list["ASSETS"][0].get("X-AD-CREATIVE-SIGNALING").is_none(),
            "the server calls"
        );
    }

    #[test]
    fn urls_stand_there_where_the_player_calls_them() {
        let list = list(&place(true), &[showing(None)]);
        assert!(list.get("SKIP-CONTROL").is_none());
        let signaling = &list["ASSETS"][0]["X-AD-CREATIVE-SIGNALING"];
        assert_eq!(
            (&signaling["version"], &signaling["type"]),
            (&json!(2), &json!("slot"))
        );
        let tracking = &signaling["payload"][0]["tracking"];
        assert_eq!(
            tracking[0],
            json!({"type": "midpoint", "offset": 7.52, "urls": ["https://a/m"]})
        );
        assert_eq!(tracking[1]["type"], "error");
    }

    #[test]
    fn nothing_to_show_is_an_empty_list() {
        assert_eq!(list(&place(true), &[]), json!({"ASSETS": []}));
    }

    #[test]
    fn what_is_shorter_than_its_skipping_is_not_skipped() {
        assert!(
            list(&place(false), &[showing(Some(20_000))])
                .get("SKIP-CONTROL")
                .is_none()
        );
    }
}
