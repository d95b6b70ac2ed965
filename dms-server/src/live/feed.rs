//! Fills the ring: what this process tells of itself, and once a second what only counts.

use std::collections::BTreeMap;
use std::time::Duration;

use swarm::content::{SiteId, TitleId};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use super::{CampaignProgress, Happening, SitePeers};
use crate::events::Event;
use crate::site::wan::Sent;
use crate::state::App;

/// How often numbers are compared with those told last.
const TICK: Duration = Duration::from_secs(1);

/// What was told last.
#[derive(Debug, Default)]
struct Told {
    peers: BTreeMap<Option<SiteId>, (i64, Sent)>,
    campaigns: BTreeMap<(SiteId, TitleId), CampaignProgress>,
}

/// Feeds the streams until the server stops.
pub async fn run(app: App) {
    let mut events = app.events.subscribe();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = Told::default();
    loop {
        tokio::select! {
            () = app.stop.cancelled() => return,
            event = events.recv() => match event {
                Ok(event) => app.live.push(happening(event)),
                Err(RecvError::Lagged(_)) => app.live.push(Happening::Missed),
                Err(RecvError::Closed) => return,
            },
            _ = tick.tick() => if app.live.has_streams() {
                told.compare(&app);
            },
        }
    }
}

fn happening(event: Event) -> Happening {
    match event {
        Event::TitleChanged(title) => Happening::Title(title),
        Event::TitleDeleted(title) => Happening::Gone(title),
        Event::UploadChanged(upload) => Happening::Upload(upload),
        Event::ListChanged(list) => Happening::List(list),
    }
}

impl Told {
    /// Tells what differs from what was told last.
    fn compare(&mut self, app: &App) {
        let mut peers: BTreeMap<Option<SiteId>, (i64, Sent)> = BTreeMap::new();
        for (site, sent) in app.wan.each() {
            peers.insert(Some(site), (0, sent));
        }
        for ((site, _), count) in app.sites.counts() {
            peers.entry(site).or_default().0 += count;
        }
        let gone = self.peers.keys().filter(|site| !peers.contains_key(site));
        let gone: Vec<_> = gone.map(|site| (*site, (0, Sent::default()))).collect();
        let changed = peers.iter().filter(|(s, n)| self.peers.get(s) != Some(n));
        for (site, (count, sent)) in changed.map(|(s, n)| (*s, *n)).chain(gone) {
            let now = SitePeers::of(site, count, sent);
            app.live.push(Happening::Peers(now));
        }
        self.peers = peers;

        let mut campaigns = BTreeMap::new();
        for (site, title, progress) in app.campaigns.each() {
            let progress = CampaignProgress {
                title: Uuid::from_bytes(title.0),
                site: Uuid::from_bytes(site.0),
                chunks: progress.chunks,
                chunks_held: progress.held,
                chunks_complete: progress.complete,
            };
            if self.campaigns.get(&(site, title)) != Some(&progress) {
                app.live.push(Happening::Campaign(progress.clone()));
            }
            campaigns.insert((site, title), progress);
        }
        self.campaigns = campaigns;
    }
}
