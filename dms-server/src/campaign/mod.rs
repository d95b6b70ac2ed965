//! Campaigns: a site is to hold a title before anybody watches it.
//!
//! What is to be held stands in the database; [`board`] has what of it is in effect now and how far it is.
//! The site's peers are told over their control connections and do the rest: each takes care of the chunks it
//! is a home of, over the WAN at the priority `pre-position`, and says what it holds.

pub mod board;
pub mod db;
pub mod routes;
#[cfg(test)]
mod tests;
pub mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use swarm::content::{ChunkRef, SiteId, TitleId, TrackId};
use swarm::wire::{Campaign, MAX_CAMPAIGNS, MAX_COPIES, Peering, ToPeer};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use uuid::Uuid;

use self::board::Wanted;
use self::db::CampaignRow;
use crate::events::{Event, List};
use crate::problem::{Problem, Result};
use crate::publish;
use crate::state::App;

/// How often peers are told what their site has enough of.
const BEAT: Duration = Duration::from_secs(2);

/// The longest between two readings of the campaigns: other servers of the database change them too.
const READ: Duration = Duration::from_secs(60);

/// Beats between two notes of what the origin sent: a server that is killed loses this much.
const NOTE_BEATS: u32 = 5;

/// How long after a failed reading the next one is.
const RETRY: Duration = Duration::from_secs(5);

/// How long an ended campaign is remembered, milliseconds.
const REMEMBERED_MS: i64 = 90 * 24 * 3_600_000;

/// The tracks of a campaign; none of them is all.
///
/// # Errors
/// When the database holds something else.
pub fn tracks_of(row: &CampaignRow) -> Result<Vec<TrackId>> {
    serde_json::from_str(&row.tracks).map_err(Problem::internal)
}

/// Whether a site's peers can hold anything for one another.
#[must_use]
pub const fn can_hold(peering: Peering) -> bool {
    matches!(peering, Peering::On)
}

/// Reads the campaigns, ends those whose time is over, puts the others into effect and tells the peers.
/// Answers when to do so again.
///
/// # Errors
/// The database's or the store's.
pub async fn reload(app: &App) -> Result<Duration> {
    let _reading = app.campaigns.reading.lock().await;
    let now_ms = app.clock.now_ms();
    note_wan(app).await?;
    let ended = db::end_due(&app.db, now_ms).await?;
    if ended > 0 {
        tracing::info!(campaigns = ended, "campaigns ended");
        app.events.emit(Event::ListChanged(List::Campaigns));
    }
    db::forget(&app.db, now_ms - REMEMBERED_MS).await?;
    let rows = db::running(&app.db).await?;
    let mut next_ms = i64::try_from(READ.as_millis()).unwrap_or(i64::MAX);
    for moment in rows
        .iter()
        .flat_map(|r| [Some(r.not_before_ms), r.until_ms])
    {
        if let Some(moment) = moment.filter(|moment| *moment > now_ms) {
            next_ms = next_ms.min(moment - now_ms);
        }
    }
    let active = rows.iter().filter(|row| row.not_before_ms <= now_ms);
    let wanted = wanted(app, active).await?;
    app.campaigns.set(wanted);
    let is_at = |site, device| app.sites.peer(device).and_then(|peer| peer.site) == Some(site);
    app.campaigns.prune(is_at);
    app.sites.hold(app.campaigns.told());
    Ok(Duration::from_millis(next_ms.unsigned_abs()))
}

/// What each site is to hold.
async fn wanted(
    app: &App,
    active: impl Iterator<Item = &CampaignRow>,
) -> Result<BTreeMap<(SiteId, TitleId), Wanted>> {
    let mut noted: BTreeMap<(Uuid, SiteId), u64> = BTreeMap::new();
    let mut named: BTreeMap<Uuid, Vec<SiteId>> = BTreeMap::new();
    for row in db::running_sites(&app.db).await? {
        let site = SiteId(row.site_id.into_bytes());
        noted.insert((row.campaign_id, site), row.wan_bytes.unsigned_abs());
        named.entry(row.campaign_id).or_default().push(site);
    }
    let able = app.sites.sites();
    let able = able.iter().filter(|site| can_hold(site.peering));
    let able: Vec<SiteId> = able.map(|site| site.id).collect();
    let mut wanted: BTreeMap<(SiteId, TitleId), Wanted> = BTreeMap::new();
    let mut titles_at: BTreeMap<SiteId, usize> = BTreeMap::new();
    for row in active {
        let own = named.remove(&row.id).unwrap_or_default();
        let asked = able
            .iter()
            .filter(|site| row.all_sites == 1 || own.contains(site));
        for site in asked {
            let title = TitleId(row.title_id.into_bytes());
            let wan_bytes = noted.get(&(row.id, *site)).copied().unwrap_or(0);
            if let Some(known) = wanted.get_mut(&(*site, title)) {
                merge(known, row, wan_bytes)?;
                continue;
            }
            let titles = titles_at.entry(*site).or_default();
            if *titles >= MAX_CAMPAIGNS {
                tracing::warn!(campaign.id = %row.id, "a site has too many campaigns: one is left out");
                continue;
            }
            *titles += 1;
            wanted.insert((*site, title), asked_for(row, wan_bytes)?);
        }
    }
    count(app, &mut wanted).await?;
    Ok(wanted)
}

fn copies(row: &CampaignRow) -> u8 {
    u8::try_from(row.replicas).map_or(1, |n| n.clamp(1, MAX_COPIES))
}

fn asked_for(row: &CampaignRow, wan_bytes: u64) -> Result<Wanted> {
    Ok(Wanted {
        campaign: Campaign {
            title: TitleId(row.title_id.into_bytes()),
            tracks: tracks_of(row)?,
            copies: copies(row),
        },
        version: 0,
        chunks: Arc::default(),
        ids: vec![row.id],
        wan_bytes,
    })
}

/// Adds another campaign of the same title at the same site.
fn merge(known: &mut Wanted, row: &CampaignRow, wan_bytes: u64) -> Result<()> {
    let tracks = tracks_of(row)?;
    let campaign = &mut known.campaign;
    if campaign.tracks.is_empty() || tracks.is_empty() {
        campaign.tracks.clear();
    } else {
        campaign.tracks.extend(tracks);
        campaign.tracks.sort_unstable();
        campaign.tracks.dedup();
    }
    campaign.copies = campaign.copies.max(copies(row));
    known.ids.push(row.id);
    known.wan_bytes = known.wan_bytes.max(wan_bytes);
    Ok(())
}

/// Fills in the chunks; a title that is not published any more is left out.
async fn count(app: &App, wanted: &mut BTreeMap<(SiteId, TitleId), Wanted>) -> Result<()> {
    let titles: BTreeSet<TitleId> = wanted.keys().map(|(_, t)| *t).collect();
    for title in titles {
        let published = publish::published(app, title).await?;
        let Some(published) = published else {
            wanted.retain(|(_, of), _| *of != title);
            continue;
        };
        let of_title = wanted.iter_mut().filter(|((_, of), _)| *of == title);
        let mut lists: BTreeMap<Vec<TrackId>, Arc<[ChunkRef]>> = BTreeMap::new();
        for (_, wanted) in of_title {
            let (campaign, manifest) = (&wanted.campaign, published.manifest.manifest());
            let list = || campaign.chunks(manifest, &published.signed).into();
            let list = lists.entry(campaign.tracks.clone()).or_insert_with(list);
            (wanted.version, wanted.chunks) = (published.version, Arc::clone(list));
        }
    }
    Ok(())
}

async fn note_wan(app: &App) -> Result<()> {
    let unnoted = app.campaigns.unnoted();
    if !unnoted.is_empty() {
        db::note_wan(&app.db, &unnoted).await?;
    }
    Ok(())
}

/// Keeps the campaigns in effect, and the peers told, until the server stops.
pub async fn run(app: App) {
    let stop = app.stop.clone();
    stop.run_until_cancelled(follow(&app)).await;
    if let Err(error) = note_wan(&app).await {
        tracing::warn!(%error, "what campaigns took over the WAN is not noted");
    }
}

async fn follow(app: &App) {
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut due = Instant::now();
    let mut beats = 0_u32;
    loop {
        tokio::select! {
            () = app.campaigns.changed.notified() => due = Instant::now(),
            () = sleep_until(due) => {
                let wait = reload(app).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "the campaigns cannot be read");
                    RETRY
                });
                due = Instant::now() + wait;
            }
            _ = beat.tick() => {
                for (site, enough) in app.campaigns.news() {
                    app.sites.spread(site, &ToPeer::Enough(enough));
                }
                beats = beats.wrapping_add(1);
                if beats.is_multiple_of(NOTE_BEATS)
                    && let Err(error) = note_wan(app).await
                {
                    tracing::warn!(%error, "what campaigns took over the WAN is not noted yet");
                }
            }
        }
    }
}
