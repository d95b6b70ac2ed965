//! The requests that follow from counted events: each leaves once, as far as physics allows.
//!
//! A beacon is `waiting`, then `claimed` under a lease, then `writing`, then `done` or `failed`:
//!
//! 1. A server claims it, looks its host up, connects and shakes hands. What fails up to here left nothing: it waits
//!    longer and longer and is tried for three days. A killed server's claim ends with its lease.
//! 2. `writing` is committed when the connection stands, right before the first byte is written ([`fire`]). It is never
//!    fired again: the request may have left, and nobody knows. So a kill never makes a double, and only a kill
//!    between that commit and the write makes a miss.
//! 3. Whatever is answered, also a 5xx, and also nothing: it was fired, because the other side may have seen it.
//!
//! A URL that this server may not call at all fails at once. Several servers on one database share the work: a
//! claim is one statement.

pub mod db;
mod fire;
mod macros;
mod runner;
#[cfg(test)]
mod tests;
mod viewer;

use dms_ads::decision::Event;
use tokio::sync::Notify;
use url::Url;

pub use self::runner::run;
use super::count::db::InstanceRow;
use super::count::{AdEvent, Teller, plausible};
use crate::state::App;

/// The most URLs that one event leads to.
const URLS_MAX: usize = 256;

/// Where the places of the URLs for errors begin; those of trackers are below.
const ERRORS_FROM: i64 = 1_000_000;

/// The code of an error that says none: VAST's undefined error.
const UNDEFINED: u16 = 900;

/// A request that follows from an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBeacon {
    /// Which of the instance's URLs it is: each is called once.
    pub slot: i64,
    /// The event.
    pub event: Event,
    /// The host, for the bound on each.
    pub host: String,
    /// The URL, with everything filled in.
    pub url: String,
    /// The viewer's address, where it is passed on.
    pub viewer_address: Option<String>,
    /// What the viewer's player calls itself, where it is passed on.
    pub viewer_agent: Option<String>,
}

/// What the beacons of this process share.
#[derive(Debug, Default)]
pub struct Beacons {
    /// Told when there is something to fire.
    wake: Notify,
}

impl Beacons {
    /// Lets beacons be fired now instead of at the next look.
    pub fn stir(&self) {
        self.wake.notify_one();
    }
}

/// The requests that an event of an instance leads to; none when the player makes them.
pub async fn of(
    app: &App,
    teller: &Teller,
    instance: &InstanceRow,
    event: &AdEvent,
) -> Vec<NewBeacon> {
    if instance.report != "server" {
        return Vec::new();
    }
    let forwards = viewer::is_forwarded(app, instance.source).await;
    let known = macros::Known {
        at_ms: event.at_ms,
        media_ms: event.media_ms,
        code: event.code.unwrap_or(UNDEFINED),
    };
    let urls = slots(instance, event).into_iter().take(URLS_MAX);
    urls.map(|(slot, url)| {
        let url = macros::fill(&url, &known);
        NewBeacon {
            slot,
            event: event.event,
            host: host(&url),
            url,
            viewer_address: teller.address.clone().filter(|_| forwards),
            viewer_agent: teller.agent.clone().filter(|_| forwards),
        }
    })
    .collect()
}

/// The URLs for an event with their places. Progress follows from quartiles too: whoever played half of it played so
/// many seconds.
fn slots(instance: &InstanceRow, event: &AdEvent) -> Vec<(i64, String)> {
    let mut slots = Vec::new();
    let played_ms = match (event.event, plausible::quarters(event.event)) {
        (Event::Progress, _) => Some(event.media_ms),
        (_, Some(quarters)) => Some(instance.duration_ms.saturating_mul(quarters) / 4),
        _ => None,
    };
    for (slot, tracker) in (0..).zip(instance.trackers()) {
        let at_ms = tracker
            .at_ms
            .map_or(0, |ms| i64::try_from(ms).unwrap_or(i64::MAX));
        let is_due = match tracker.event {
            Event::Progress => played_ms.is_some_and(|played| at_ms <= played),
            other => other == event.event,
        };
        if is_due {
            slots.push((slot, tracker.url));
        }
    }
    if event.event == Event::Error {
        slots.extend((ERRORS_FROM..).zip(instance.error_urls()));
    }
    slots
}

fn host(url: &str) -> String {
    let parsed = Url::parse(url).ok();
    let host = parsed.as_ref().and_then(Url::host_str);
    host.unwrap_or_default().to_ascii_lowercase()
}
