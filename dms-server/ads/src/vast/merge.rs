//! An ad and the wrappers around it, made into one [`Ad`].
//!
//! Every level counts: what a wrapper wants called is called as what the ad itself wants.

use super::document::{Common, InLine, Tracking};
use crate::decision::{Ad, Event, Tracker};

/// The most URLs of an ad, of all levels.
const TRACKERS_MAX: usize = 1_000;

/// The most pictures beside an ad.
const COMPANIONS_MAX: usize = 50;

/// One ad of the levels around it, the outermost first, and itself.
#[must_use]
pub fn merge(levels: &[Common], own: &Common, id: &str, inline: &InLine) -> Ad {
    let linear = &inline.linear;
    let all = || levels.iter().chain([own]);
    let mut tracking = Vec::new();
    for level in all() {
        tracking.extend(trackers(level, linear.duration_ms));
    }
    tracking.truncate(TRACKERS_MAX);
    let skip = linear.skip.map(|skip| skip.of(linear.duration_ms));
    let errors = all().flat_map(|level| level.errors.iter().cloned());
    // What stands nearest to the ad fits it best.
    let companions = all()
        .rev()
        .flat_map(|level| level.companions.iter().cloned());
    Ad {
        id: id.to_owned(),
        title: inline.title.clone(),
        advertiser: inline.advertiser.clone(),
        universal_id: linear.universal_ids.first().cloned(),
        duration_ms: linear.duration_ms,
        skip_after_ms: skip.filter(|skip| *skip < linear.duration_ms),
        click: linear.click.clone(),
        media: linear.media.clone(),
        tracking,
        errors: errors.take(TRACKERS_MAX).collect(),
        companions: companions.take(COMPANIONS_MAX).collect(),
    }
}

fn trackers(level: &Common, duration_ms: u64) -> Vec<Tracker> {
    let of = |event: Event| {
        move |url: &String| Tracker {
            event,
            at_ms: None,
            url: url.clone(),
        }
    };
    let mut found: Vec<Tracker> = Vec::new();
    found.extend(level.impressions.iter().map(of(Event::Impression)));
    // Nobody measures here whether a window is covered: what is called is that nobody can say.
    found.extend(
        level
            .viewable
            .undetermined
            .iter()
            .map(of(Event::Impression)),
    );
    found.extend(
        level
            .tracking
            .iter()
            .filter_map(|tracking| tracker(tracking, duration_ms)),
    );
    found.extend(level.click_tracking.iter().map(of(Event::Click)));
    found
}

/// The event here that an event of VAST is; none: nothing of the kind happens here.
fn tracker(tracking: &Tracking, duration_ms: u64) -> Option<Tracker> {
    let event = match tracking.event {
        // An ad is loaded before it is asked for; its first picture is its view.
        "loaded" | "creativeView" | "start" => Event::Start,
        "firstQuartile" => Event::FirstQuartile,
        "midpoint" => Event::Midpoint,
        "thirdQuartile" => Event::ThirdQuartile,
        "complete" => Event::Complete,
        "progress" => Event::Progress,
        "skip" | "closeLinear" => Event::Skip,
        "pause" => Event::Pause,
        "resume" => Event::Resume,
        "mute" => Event::Mute,
        "unmute" => Event::Unmute,
        _ => return None,
    };
    let at_ms = match event {
        Event::Progress => Some(tracking.at?.of(duration_ms)),
        _ => None,
    };
    Some(Tracker {
        event,
        at_ms,
        url: tracking.url.clone(),
    })
}
