//! The decision: what fills one break of one playback.
//!
//! The hooks are asked in order until one fills the break: emergencies, then ad campaigns and decision servers as the
//! settings order them, then the house slate. What was decided is kept with its instances; asked again, it is the same.
//! [`choose`] decides among ad campaigns, [`breaker`] whether a server is asked at all, [`list`] says it to the player.
//!
//! **Invariant:** no decision server holds the answer for longer than [`BUDGET`], whatever it does.

pub mod breaker;
pub mod choose;
pub mod db;
mod hooks;
pub mod list;
pub mod routes;
pub mod servers;
pub mod settings;
#[cfg(test)]
mod tests;
pub mod why;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use drm::rights::{Place, Plan};
use swarm::content::{DeviceId, TitleId};
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use self::breaker::Breaker;
use self::choose::{Candidate, Slot};
use self::db::{BreakRow, Kept, NewDecision, NewInstance};
use self::hooks::{Filled, Told};
use self::list::{Kind, Showing};
use super::campaign;
use super::campaign::db::AdCampaignRow;
use super::campaign::routes::CAMPAIGNS_MAX;
use super::creative::{self, Standing, db::CreativeRow, standing::standing};
use crate::problem::{Problem, Result};
use crate::state::App;
use crate::{publish, rights};

/// How long all hooks together may take.
pub const BUDGET: Duration = Duration::from_millis(2_500);

/// The break before everything: emergencies are shown there, also in titles without breaks.
pub const PRE_ROLL: u32 = 0;

/// The ad campaigns among the hooks of the settings.
pub const CAMPAIGNS: &str = "campaigns";

/// How often a decision is made anew because an ad campaign was used up meanwhile.
const TRIES: usize = 4;

/// How long a decision lets its viewer have licences for its creatives, milliseconds.
const ADMITTED_MS: i64 = 24 * 3_600_000;

const DAY_MS: i64 = 86_400_000;

/// What decisions of this process share.
#[derive(Debug, Default)]
pub struct Filling {
    /// Held for a look, never over an await.
    breakers: Mutex<BTreeMap<Uuid, Breaker>>,
    /// Told when a creative became ready, or an ad campaign another.
    pub changed: Notify,
    /// Told when there is a creative to fetch.
    pub wanted: Notify,
}

impl Filling {
    /// What is known of the decision servers.
    pub fn breakers(&self) -> MutexGuard<'_, BTreeMap<Uuid, Breaker>> {
        self.breakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who asks what fills a break.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The playback, as its player named it.
    pub session: Uuid,
    /// The title.
    pub title: TitleId,
    /// The break.
    pub break_id: u32,
    /// Who watches; none when nobody is signed in.
    pub person: Option<drm::rights::Viewer>,
    /// On which device; none for a page.
    pub device: Option<DeviceId>,
    /// From where.
    pub from: rights::From,
    /// What the player calls itself.
    pub agent: Option<String>,
}

impl Asked {
    fn person_id(&self) -> Option<Uuid> {
        self.person
            .as_ref()
            .map(|person| Uuid::from_bytes(person.id))
    }

    fn device_id(&self) -> Option<Uuid> {
        self.device.map(|device| Uuid::from_bytes(device.0))
    }

    /// Whose showings are counted.
    fn viewer(&self) -> Uuid {
        self.person_id()
            .or(self.device_id())
            .unwrap_or(self.session)
    }
}

/// An ad campaign that may fill breaks now, with its creative.
#[derive(Debug)]
struct Running {
    row: AdCampaignRow,
    creative: CreativeRow,
}

/// What a decision is made of.
#[derive(Debug)]
struct Gathered {
    place: BreakRow,
    site: Option<Uuid>,
    slot: Slot,
    viewer: choose::Viewer,
    running: Vec<Running>,
    candidates: Vec<Candidate>,
    had: BTreeSet<Uuid>,
    duration_ms: u64,
    name: String,
}

/// What fills a break, as the JSON of the answer.
///
/// # Errors
/// 404 for a title or a break that there is none of, 409 for a playback of somebody else; the database's.
pub async fn assets(app: &App, asked: &Asked) -> Result<String> {
    let title = Uuid::from_bytes(asked.title.0);
    if let Some(list) = stored(app, asked, title).await? {
        return Ok(list);
    }
    let found = db::the_break(&app.db, title, asked.break_id).await?;
    let gathered = match found {
        Some(place) => gather(app, asked, place).await?,
        None if asked.break_id == PRE_ROLL => {
            let place = BreakRow {
                at_ms: 0,
                length_ms: Some(0),
                resume_ms: 0,
                hold: 0,
            };
            let gathered = gather(app, asked, place).await?;
            let emergencies = gathered
                .candidates
                .iter()
                .any(|candidate| candidate.emergency);
            if !emergencies {
                // Nearly every playback asks this: nothing is kept of nothing.
                return Ok(
                    list::list(&placed(&gathered, Uuid::nil(), asked, false), &[]).to_string(),
                );
            }
            gathered
        }
        None => {
            let detail = "The title has no such break.";
            return Err(Problem::not_found("break_not_found", detail));
        }
    };
    decide(app, asked, title, gathered).await
}

/// What was decided already. A playback's name is of one viewer: who guesses another's gets nothing.
async fn stored(app: &App, asked: &Asked, title: Uuid) -> Result<Option<String>> {
    let Some(row) = db::stored(&app.db, asked.session, title, asked.break_id).await? else {
        return Ok(None);
    };
    if row.person == asked.person_id() && row.device == asked.device_id() {
        return Ok(Some(row.list));
    }
    let detail = "This session is of another viewer. Draw a new UUID for each playback.";
    Err(Problem::conflict("session_taken", detail))
}

async fn decide(app: &App, asked: &Asked, title: Uuid, mut gathered: Gathered) -> Result<String> {
    let settings = settings::db::read(&app.db).await?;
    let by_player = settings.report == "player";
    let deadline = Instant::now() + BUDGET;
    for _ in 0..TRIES {
        let mut told = Told::default();
        let filled = hooks::ask(app, asked, &gathered, &settings, deadline, &mut told).await?;
        let id = Uuid::now_v7();
        let list =
            list::list(&placed(&gathered, id, asked, by_player), &filled.showings).to_string();
        let hooks = serde_json::to_string(&told.outcomes).map_err(Problem::internal)?;
        let report = if by_player { "player" } else { "server" };
        let instances = instances(&filled, report)?;
        let now_ms = app.clock.now_ms();
        let new = NewDecision {
            id,
            session: asked.session,
            title,
            break_id: asked.break_id,
            person: asked.person_id(),
            device: asked.device_id(),
            site: gathered.site,
            viewer: asked.viewer(),
            hooks: &hooks,
            list: &list,
            made_ms: now_ms,
            day: now_ms.div_euclid(DAY_MS),
            instances: &instances,
        };
        match db::keep(&app.db, &new).await? {
            Kept::Yes => {
                tracing::debug!(decision.id = %id, title.id = %title, ads = instances.len(), "a break is filled");
                hooks::tell(app, told.errors);
                return Ok(list);
            }
            Kept::Another => match stored(app, asked, title).await? {
                Some(list) => return Ok(list),
                None => continue,
            },
            Kept::UsedUp(campaign) => leave_out(&mut gathered, campaign),
        }
    }
    Ok(list::list(&placed(&gathered, Uuid::nil(), asked, by_player), &[]).to_string())
}

fn placed(gathered: &Gathered, decision: Uuid, asked: &Asked, player_reports: bool) -> list::Place {
    list::Place {
        decision,
        break_id: asked.break_id,
        hold: gathered.place.hold == 1,
        resume_ms: gathered.place.resume_ms.max(0).unsigned_abs(),
        player_reports,
    }
}

fn leave_out(gathered: &mut Gathered, campaign: Uuid) {
    for candidate in &mut gathered.candidates {
        if candidate.id == campaign {
            candidate.left = Some(0);
        }
    }
}

fn instances(filled: &Filled, report: &'static str) -> Result<Vec<NewInstance>> {
    let each = filled.showings.iter().map(|showing: &Showing| {
        Ok(NewInstance {
            id: showing.instance,
            kind: showing.kind.name(),
            source: showing.source,
            is_counted: matches!(showing.kind, Kind::Campaign | Kind::Emergency),
            ad: showing.ad.clone(),
            creative: showing.title,
            duration_ms: showing.duration_ms.cast_signed(),
            tracking: serde_json::to_string(&showing.tracking).map_err(Problem::internal)?,
            errors: serde_json::to_string(&showing.errors).map_err(Problem::internal)?,
            report,
        })
    });
    each.collect()
}

async fn gather(app: &App, asked: &Asked, place: BreakRow) -> Result<Gathered> {
    let title = Uuid::from_bytes(asked.title.0);
    let published = publish::require_published(app, asked.title).await?;
    let row = publish::db::title(&app.db, asked.title).await?;
    let site = match rights::place(app, asked.from) {
        Place::Site(site) => Some(Uuid::from_bytes(site)),
        _ => None,
    };
    let collection = match rights::policy(app, asked.title).await?.plan {
        Plan::Subscription { collection } => Some(Uuid::from_bytes(collection)),
        _ => None,
    };
    let groups = asked.person.as_ref().map(|person| &person.groups);
    let groups = groups.into_iter().flatten().map(|id| Uuid::from_bytes(*id));
    let running = running(app).await?;
    let now_ms = app.clock.now_ms();
    let shown = match running.is_empty() {
        true => BTreeMap::new(),
        false => db::shown(&app.db, asked.viewer(), now_ms.div_euclid(DAY_MS)).await?,
    };
    let audiences = match running.is_empty() {
        true => Vec::new(),
        false => campaign::db::audiences(&app.db).await?,
    };
    let candidates = running.iter().map(|running| {
        let shown = shown.get(&running.row.id).copied().unwrap_or_default();
        candidate(running, &audiences, shown)
    });
    Ok(Gathered {
        place,
        site,
        slot: Slot {
            title,
            collection,
            length_ms: place.length_ms.map(|ms| ms.max(0).unsigned_abs()),
            seed: Slot::seed(asked.session, title, asked.break_id),
        },
        viewer: choose::Viewer {
            site,
            groups: groups.collect(),
        },
        candidates: candidates.collect(),
        had: db::had(&app.db, asked.session).await?.into_iter().collect(),
        duration_ms: published.manifest.manifest().duration_ms,
        name: row.map(|row| row.name).unwrap_or_default(),
        running,
    })
}

/// The ad campaigns whose window is open and whose creative is ready.
async fn running(app: &App) -> Result<Vec<Running>> {
    let rows = campaign::db::open(&app.db, app.clock.now_ms(), CAMPAIGNS_MAX).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let creatives = creative::db::of_campaigns(&app.db).await?;
    let creatives: BTreeMap<Uuid, CreativeRow> = creatives
        .into_iter()
        .map(|creative| (creative.id, creative))
        .collect();
    let running = rows.into_iter().filter_map(|row| {
        let creative = creatives.get(&row.creative)?.clone();
        let is_ready = matches!(standing(&creative, None), Standing::Ready { .. });
        is_ready.then_some(Running { row, creative })
    });
    Ok(running.collect())
}

fn candidate(
    running: &Running,
    audiences: &[campaign::db::MemberRow],
    (all, today): (i64, i64),
) -> Candidate {
    let row = &running.row;
    let of = |kind: &str| {
        let own = audiences
            .iter()
            .filter(|m| m.campaign == row.id && m.kind == kind);
        own.map(|m| m.member).collect()
    };
    let left = |cap: Option<i64>, shown: i64| cap.map(|cap| (cap - shown).max(0).unsigned_abs());
    let lefts = [left(row.cap_viewer, all), left(row.cap_viewer_day, today)];
    let duration_ms = match standing(&running.creative, None) {
        Standing::Ready { duration_ms } => duration_ms,
        _ => 0,
    };
    Candidate {
        id: row.id,
        title: running.creative.title.unwrap_or_default(),
        duration_ms,
        emergency: row.emergency == 1,
        priority: row.priority,
        sites: of("site"),
        groups: of("group"),
        titles: of("title"),
        collections: of("collection"),
        left: lefts.into_iter().flatten().min(),
    }
}

/// Whether a title is a creative that was decided for this viewer in the last day: then they may have what plays it, whatever
/// its own policy says.
///
/// # Errors
/// The database's.
pub async fn admits(
    app: &App,
    title: TitleId,
    person: Option<Uuid>,
    device: Option<Uuid>,
) -> Result<bool> {
    let title = Uuid::from_bytes(title.0);
    if !db::is_creative(&app.db, title).await? {
        return Ok(false);
    }
    let since_ms = app.clock.now_ms() - ADMITTED_MS;
    Ok(db::was_decided(&app.db, title, person, device, since_ms).await?)
}
