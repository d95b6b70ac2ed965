//! A campaign as the API shows it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use swarm::content::{SiteId, TitleId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::board::Progress;
use super::db::{CampaignRow, SiteRow};
use super::{can_hold, tracks_of};
use crate::problem::Result;
use crate::site::Site;
use crate::state::App;

/// A campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CampaignView {
    /// Its id.
    pub id: Uuid,
    /// The title.
    pub title: Uuid,
    /// The title's name when the campaign was made.
    pub title_name: String,
    /// Its tracks; empty is all.
    pub tracks: Vec<u16>,
    /// Copies of each chunk at each site.
    pub replicas: u8,
    /// Whether it is for every site, also those drawn later.
    pub all_sites: bool,
    /// When it begins, milliseconds since the Unix epoch.
    pub not_before_ms: i64,
    /// When it should be complete; null is whenever.
    pub deadline_ms: Option<i64>,
    /// When it ends by itself; null is when somebody ends it.
    pub until_ms: Option<i64>,
    /// `scheduled`, `running`, `late` (not complete by its deadline), `complete` or `ended`.
    pub state: State,
    /// Who made it.
    pub created_by: String,
    /// When it was made, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// When it ended; null before.
    pub ended_ms: Option<i64>,
    /// How far each site is.
    pub sites: Vec<SiteView>,
    /// What keeps it from being complete, in words.
    pub warnings: Vec<String>,
}

/// Where a campaign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It has not begun.
    Scheduled,
    /// Sites fetch.
    Running,
    /// Sites still fetch after its deadline.
    Late,
    /// Every site holds everything.
    Complete,
    /// It is over; the sites may drop the chunks.
    Ended,
}

impl State {
    /// Its name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Late => "late",
            Self::Complete => "complete",
            Self::Ended => "ended",
        }
    }
}

/// How far a site is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = CampaignSite)]
pub struct SiteView {
    /// The site.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its connected PCs.
    pub peers: usize,
    /// Chunks it is to hold; 0 while the campaign does not run there.
    pub chunks: usize,
    /// Their length.
    pub bytes: u64,
    /// Chunks that some PC of the site has.
    pub chunks_held: usize,
    /// Chunks of which there are as many copies as there are to be.
    pub chunks_complete: usize,
    /// Copies there are of every chunk at least, up to `replicas`.
    pub copies: u8,
    /// Bytes the origin sent there for it.
    pub wan_bytes: u64,
    /// `wan_bytes` / `bytes`: 1.0 is each chunk once, less is what was there already.
    pub wan_copies: f64,
}

/// The campaign with its progress.
///
/// # Errors
/// When the database holds what it cannot.
pub fn view(app: &App, row: CampaignRow, rows: &[SiteRow]) -> Result<CampaignView> {
    let tracks = tracks_of(&row)?;
    let title = TitleId(row.title_id.into_bytes());
    let noted: BTreeMap<Uuid, u64> = rows
        .iter()
        .map(|site| (site.site_id, site.wan_bytes.unsigned_abs()))
        .collect();
    let runs = row.ended_ms.is_none() && row.not_before_ms <= app.clock.now_ms();
    let all = row.all_sites == 1;
    let ours = |site: &Site| {
        let named = noted.contains_key(&Uuid::from_bytes(site.id.0));
        named || (all && row.ended_ms.is_none() && can_hold(site.peering))
    };
    let mut configured: Vec<Site> = app.sites.sites().into_iter().filter(ours).collect();
    configured.sort_by(|a, b| a.name.cmp(&b.name));
    let sites: Vec<SiteView> = configured
        .iter()
        .map(|site| {
            let progress = app.campaigns.progress(site.id, title).filter(|_| runs);
            site_view(app, site, progress, &noted)
        })
        .collect();
    let replicas = u8::try_from(row.replicas).unwrap_or(u8::MAX);
    let mut warnings = Vec::new();
    if row.ended_ms.is_none() {
        warnings.extend(
            configured
                .iter()
                .zip(&sites)
                .filter_map(|(site, view)| warning(site, view, replicas)),
        );
        if sites.is_empty() {
            warnings.push("No site can hold it: none has the peering rule `on`.".to_owned());
        }
    }
    let state = state(&row, runs, &sites, app.clock.now_ms());
    Ok(CampaignView {
        id: row.id,
        title: row.title_id,
        title_name: row.title_name,
        tracks: tracks.iter().map(|track| track.0).collect(),
        replicas,
        all_sites: all,
        not_before_ms: row.not_before_ms,
        deadline_ms: row.deadline_ms,
        until_ms: row.until_ms,
        state,
        created_by: row.created_by,
        created_ms: row.created_ms,
        ended_ms: row.ended_ms,
        sites,
        warnings,
    })
}

fn state(row: &CampaignRow, runs: bool, sites: &[SiteView], now_ms: i64) -> State {
    let is_complete = |site: &SiteView| site.chunks > 0 && site.chunks_complete == site.chunks;
    match runs {
        _ if row.ended_ms.is_some() => State::Ended,
        false => State::Scheduled,
        true if !sites.is_empty() && sites.iter().all(is_complete) => State::Complete,
        true if row.deadline_ms.is_some_and(|deadline| deadline <= now_ms) => State::Late,
        true => State::Running,
    }
}

fn warning(site: &Site, view: &SiteView, replicas: u8) -> Option<String> {
    let name = &site.name;
    if !can_hold(site.peering) {
        return Some(format!(
            "{name} holds nothing: its peering rule is not `on`."
        ));
    }
    let complete = view.chunks > 0 && view.chunks_complete == view.chunks;
    (view.peers < usize::from(replicas) && !complete).then(|| {
        let peers = match view.peers {
            0 => "no PC".to_owned(),
            1 => "1 PC".to_owned(),
            n => format!("{n} PCs"),
        };
        format!("{name} has {peers} connected: {replicas} copies need {replicas}.")
    })
}

fn site_view(
    app: &App,
    site: &Site,
    progress: Option<Progress>,
    noted: &BTreeMap<Uuid, u64>,
) -> SiteView {
    let id = Uuid::from_bytes(site.id.0);
    let before = noted.get(&id).copied().unwrap_or(0);
    let wan_bytes = progress.map_or(before, |progress| progress.wan_bytes);
    let progress = progress.unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
    let wan_copies = match progress.bytes {
        0 => 0.0,
        bytes => wan_bytes as f64 / bytes as f64,
    };
    SiteView {
        id,
        name: site.name.clone(),
        peers: app.sites.peers_of(SiteId(id.into_bytes())),
        chunks: progress.chunks,
        bytes: progress.bytes,
        chunks_held: progress.held,
        chunks_complete: progress.complete,
        copies: progress.least_copies,
        wan_bytes,
        wan_copies,
    }
}
