//! The hooks of a break, asked in order until one fills it.

use std::collections::BTreeSet;
use std::time::Duration;

use dms_ads::decision::{Ad, Decision};
use serde::Serialize;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::choose::{self, ADS_MAX, SLACK_MS};
use super::list::{Kind, Showing};
use super::servers::db::ServerRow;
use super::settings::db::SettingsRow;
use super::{Asked, CAMPAIGNS, Gathered, db, servers, why};
use crate::ads::creative::{self, Standing, standing::standing};
use crate::ads::server::{self, Failure, Position};
use crate::egress::{Outgoing, Take};
use crate::problem::{Problem, Result};
use crate::state::App;
use crate::webhook::Secret;

/// The least time in which a decision server is asked at all.
const WORTH_ASKING: Duration = Duration::from_millis(50);

/// URLs for errors that are called after one decision, at most.
const ERRORS_MAX: usize = 10;

/// VAST's macro for the code.
const ERROR_MACRO: &str = "[ERRORCODE]";

/// What fills a break.
#[derive(Debug, Default)]
pub(super) struct Filled {
    pub(super) showings: Vec<Showing>,
}

/// What became of a hook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Outcome {
    /// Its kind.
    hook: &'static str,
    /// The decision server.
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<Uuid>,
    /// `filled`, `empty`, `failed`, `not_ready` or `resting`.
    outcome: &'static str,
    /// A code of VAST.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
}

/// What is to be said of a decision besides the answer.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// What became of each hook, in order.
    pub(super) outcomes: Vec<Outcome>,
    /// URLs to call because creatives cannot be shown, with the code.
    pub(super) errors: Vec<(String, u16)>,
}

impl Told {
    fn say(&mut self, hook: Kind, server: Option<Uuid>, outcome: &'static str, code: Option<u16>) {
        let hook = hook.name();
        self.outcomes.push(Outcome {
            hook,
            server,
            outcome,
            code,
        });
    }
}

enum Hook {
    Campaigns,
    Server(Box<ServerRow>),
}

pub(super) async fn ask(
    app: &App,
    asked: &Asked,
    gathered: &Gathered,
    settings: &SettingsRow,
    deadline: Instant,
    told: &mut Told,
) -> Result<Filled> {
    let candidates = &gathered.candidates;
    let urgent = choose::emergencies(candidates, &gathered.viewer, &gathered.slot, &gathered.had);
    let showings = showings(app, gathered, &urgent).await?;
    if !showings.is_empty() {
        told.say(Kind::Emergency, None, "filled", None);
        return Ok(Filled { showings });
    }
    if gathered.slot.length_ms == Some(0) {
        // No break but the place where emergencies come.
        return Ok(Filled::default());
    }
    for hook in order(app, settings).await? {
        let showings = match hook {
            Hook::Campaigns => {
                let chosen = choose::fill(candidates, &gathered.viewer, &gathered.slot);
                let showings = self::showings(app, gathered, &chosen).await?;
                let outcome = if showings.is_empty() {
                    "empty"
                } else {
                    "filled"
                };
                told.say(Kind::Campaign, None, outcome, None);
                showings
            }
            Hook::Server(row) => ask_server(app, asked, gathered, &row, deadline, told).await?,
        };
        if !showings.is_empty() {
            return Ok(Filled { showings });
        }
    }
    let showings = slate(app, gathered, settings, told).await?;
    Ok(Filled { showings })
}

/// The hooks that are asked, in the order of the settings; servers that those do not name come last.
async fn order(app: &App, settings: &SettingsRow) -> Result<Vec<Hook>> {
    let named: Vec<String> = serde_json::from_str(&settings.hooks).map_err(Problem::internal)?;
    let mut rows = servers::db::all(&app.db).await?;
    rows.retain(|row| row.enabled == 1);
    let mut hooks = Vec::new();
    for name in &named {
        if name == CAMPAIGNS {
            hooks.push(Hook::Campaigns);
        } else if let Some(at) = rows.iter().position(|row| row.id.to_string() == *name) {
            hooks.push(Hook::Server(Box::new(rows.remove(at))));
        }
    }
    if !named.iter().any(|name| name == CAMPAIGNS) {
        hooks.push(Hook::Campaigns);
    }
    hooks.extend(rows.into_iter().map(|row| Hook::Server(Box::new(row))));
    Ok(hooks)
}

async fn showings(app: &App, gathered: &Gathered, chosen: &[usize]) -> Result<Vec<Showing>> {
    let mut showings = Vec::with_capacity(chosen.len());
    for place in chosen {
        let (Some(running), Some(candidate)) = (
            gathered.running.get(*place),
            gathered.candidates.get(*place),
        ) else {
            continue;
        };
        let row = &running.row;
        let why = match &row.why {
            Some(why) => why.clone(),
            None => reason(app, gathered, candidate, row.until_ms).await?,
        };
        let urgent = candidate.emergency;
        showings.push(Showing {
            instance: Uuid::now_v7(),
            kind: if urgent {
                Kind::Emergency
            } else {
                Kind::Campaign
            },
            source: Some(row.id),
            ad: row.id.to_string(),
            title: candidate.title,
            name: row.name.clone(),
            duration_ms: candidate.duration_ms,
            skip_after_ms: row.skip_after_ms.map(i64::unsigned_abs),
            must_see: row.must_see == 1,
            click: row.click.clone().or_else(|| running.creative.click.clone()),
            why,
            tracking: Vec::new(),
            errors: Vec::new(),
        });
    }
    Ok(showings)
}

/// Why this viewer sees it: of an audience only what they are of themselves is told.
async fn reason(
    app: &App,
    gathered: &Gathered,
    candidate: &choose::Candidate,
    until_ms: Option<i64>,
) -> Result<String> {
    let own: Vec<Uuid> = candidate
        .groups
        .intersection(&gathered.viewer.groups)
        .copied()
        .collect();
    let groups = db::group_names(&app.db, &own).await?;
    let site = gathered.site.filter(|site| candidate.sites.contains(site));
    let sites = app.sites.sites();
    let sites = sites
        .iter()
        .filter(|known| Some(Uuid::from_bytes(known.id.0)) == site);
    let sites: Vec<String> = sites.map(|known| known.name.clone()).collect();
    Ok(why::campaign(&groups, &sites, until_ms))
}

async fn slate(
    app: &App,
    gathered: &Gathered,
    settings: &SettingsRow,
    told: &mut Told,
) -> Result<Vec<Showing>> {
    let Some(slate) = settings.slate else {
        return Ok(Vec::new());
    };
    let Some(row) = creative::db::one(&app.db, slate).await? else {
        return Ok(Vec::new());
    };
    let (Some(title), Standing::Ready { duration_ms }) = (row.title, standing(&row, None)) else {
        told.say(Kind::Slate, None, "not_ready", None);
        return Ok(Vec::new());
    };
    if title == gathered.slot.title || !has_room(gathered, 0, duration_ms) {
        told.say(Kind::Slate, None, "empty", None);
        return Ok(Vec::new());
    }
    told.say(Kind::Slate, None, "filled", None);
    Ok(vec![Showing {
        instance: Uuid::now_v7(),
        kind: Kind::Slate,
        source: None,
        ad: row.id.to_string(),
        title,
        name: row.name,
        duration_ms,
        skip_after_ms: None,
        must_see: false,
        click: row.click,
        why: "Shown while there is nothing else".to_owned(),
        tracking: Vec::new(),
        errors: Vec::new(),
    }])
}

fn has_room(gathered: &Gathered, used_ms: u64, duration_ms: u64) -> bool {
    let most = gathered
        .slot
        .length_ms
        .map(|length| length.saturating_add(SLACK_MS));
    most.is_none_or(|most| used_ms.saturating_add(duration_ms) <= most)
}

/// What a server answered, noted for its breaker; none when it has nothing to show or failed.
fn taken(
    app: &App,
    row: &ServerRow,
    kind: Kind,
    answer: std::result::Result<Decision, Failure>,
    told: &mut Told,
) -> Option<Decision> {
    let now_ms = app.clock.now_ms();
    let mut breakers = app.filling.breakers();
    let breaker = breakers.entry(row.id).or_default();
    match answer {
        Ok(decision) => {
            breaker.answered(now_ms);
            Some(decision)
        }
        // It has nothing to show: that is an answer.
        Err(failure) if failure.code == 303 => {
            breaker.answered(now_ms);
            told.say(kind, Some(row.id), "empty", Some(failure.code));
            None
        }
        Err(failure) => {
            let text = failure.to_string();
            if breaker.failed(now_ms, &text) {
                tracing::warn!(ad_server.id = %row.id, failure = %text, "a decision server fails again and again: it rests");
            }
            told.say(kind, Some(row.id), "failed", Some(failure.code));
            None
        }
    }
}

async fn ask_server(
    app: &App,
    asked: &Asked,
    gathered: &Gathered,
    row: &ServerRow,
    deadline: Instant,
    told: &mut Told,
) -> Result<Vec<Showing>> {
    let kind = if row.kind == "vast" {
        Kind::Vast
    } else {
        Kind::Webhook
    };
    let left = deadline.saturating_duration_since(Instant::now());
    let own = Duration::from_millis(row.timeout_ms.max(0).unsigned_abs());
    let budget = left.min(own);
    let now_ms = app.clock.now_ms();
    let may_ask = budget >= WORTH_ASKING
        && app
            .filling
            .breakers()
            .entry(row.id)
            .or_default()
            .may_ask(now_ms);
    if !may_ask {
        told.say(kind, Some(row.id), "resting", None);
        return Ok(Vec::new());
    }
    let answer = put(app, asked, gathered, row, budget).await?;
    let Some(decision) = taken(app, row, kind, answer, told) else {
        return Ok(Vec::new());
    };
    let mut showings: Vec<Showing> = Vec::new();
    let (mut used_ms, mut is_waiting) = (0, false);
    for ad in decision.ads.into_iter().take(ADS_MAX) {
        match shown(app, row, kind, ad, told).await? {
            Some(showing) if has_room(gathered, used_ms, showing.duration_ms) => {
                used_ms += showing.duration_ms;
                showings.push(showing);
            }
            Some(_) => {}
            None => is_waiting = true,
        }
    }
    // One creative is shown once a break.
    let mut seen = BTreeSet::new();
    showings.retain(|showing| showing.title != gathered.slot.title && seen.insert(showing.title));
    let outcome = match (showings.is_empty(), is_waiting) {
        (false, _) => "filled",
        (true, true) => "not_ready",
        (true, false) => "empty",
    };
    told.say(kind, Some(row.id), outcome, None);
    Ok(showings)
}

/// What a server's ad is shown as; none while its creative is not ready.
async fn shown(
    app: &App,
    row: &ServerRow,
    kind: Kind,
    ad: Ad,
    told: &mut Told,
) -> Result<Option<Showing>> {
    let promised = Some(ad.duration_ms).filter(|ms| *ms > 0);
    let wanted = creative::want(app, &ad, &row.name).await?;
    let stands = match &wanted {
        Some(creative) => standing(creative, promised),
        None => Standing::Failed {
            code: creative::standing::CODE_UNSUPPORTED,
            reason: String::new(),
        },
    };
    match (wanted, stands) {
        (Some(creative), Standing::Ready { duration_ms }) => {
            let name = ad.title.unwrap_or(creative.name);
            let by = ad.advertiser.as_deref().unwrap_or(&row.name);
            Ok(creative.title.map(|title| Showing {
                instance: Uuid::now_v7(),
                kind,
                source: Some(row.id),
                ad: ad.id,
                title,
                name,
                duration_ms,
                skip_after_ms: ad.skip_after_ms,
                must_see: false,
                click: ad.click,
                why: why::server(by),
                tracking: ad.tracking,
                errors: ad.errors,
            }))
        }
        (_, Standing::Failed { code, .. }) => {
            told.errors
                .extend(ad.errors.into_iter().map(|url| (url, code)));
            Ok(None)
        }
        _ => Ok(None),
    }
}

/// Puts the question to a decision server, within the budget whatever it does.
async fn put(
    app: &App,
    asked: &Asked,
    gathered: &Gathered,
    row: &ServerRow,
    budget: Duration,
) -> Result<std::result::Result<dms_ads::decision::Decision, Failure>> {
    let vault = app.keys.keks().named(&row.secret_kek).await?;
    let secret = Secret::open(&vault, row.id, &row.secret).map_err(Problem::internal)?;
    let at_ms = gathered.place.at_ms.max(0).unsigned_abs();
    let position = match at_ms {
        0 => Position::Pre,
        at if at >= gathered.duration_ms => Position::Post,
        _ => Position::Mid,
    };
    let viewer = (row.forward_viewer == 1).then(|| server::Viewer {
        address: match asked.from {
            crate::rights::From::Address(address) => address,
            crate::rights::From::Device(_, address) => Some(address),
        },
        agent: asked.agent.clone(),
        pseudonym: pseudonym(&secret, asked),
    });
    let question = server::Asked {
        title: gathered.slot.title,
        name: gathered.name.clone(),
        categories: Vec::new(),
        break_id: asked.break_id.into(),
        position,
        at_ms,
        length_ms: gathered.slot.length_ms,
        session: asked.session,
        site: gathered.site,
        viewer,
    };
    let config = server::ServerConfig {
        id: row.id,
        kind: match row.kind.as_str() {
            "vast" => server::Kind::Vast,
            _ => server::Kind::Webhook,
        },
        url: row.url.clone(),
        secret: (row.kind != "vast").then_some(secret),
        timeout_ms: row.timeout_ms.max(0).unsigned_abs(),
        forward_viewer: row.forward_viewer == 1,
    };
    #[cfg(not(test))]
    let hook = servers::hook(app, config);
    #[cfg(test)]
    let hook = {
        let all = app.filling.stand_ins.lock().expect("no panic");
        let stand_in = all.get(&row.id).cloned();
        match stand_in {
            Some(hook) => Ok(hook),
            None => servers::hook(app, config),
        }
    };
    let hook = match hook {
        Ok(hook) => hook,
        Err(failure) => return Ok(Err(failure)),
    };
    let late = || Failure {
        code: 301,
        name: "timeout",
        text: format!("it took longer than {} ms", budget.as_millis()),
        path: None,
    };
    let answer = timeout(budget, hook.decide(&question, budget)).await;
    Ok(answer.unwrap_or_else(|_| Err(late())))
}

/// The same for one viewer and one server each time, and of no use to anybody else.
fn pseudonym(secret: &Secret, asked: &Asked) -> Option<Uuid> {
    let viewer = asked.person_id().or(asked.device_id())?;
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = secret.sign(viewer.as_bytes());
    Some(Uuid::from_bytes([
        a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p,
    ]))
}

/// Calls the URLs that decision servers want called for creatives that cannot be shown: each once, in the background.
pub(super) fn tell(app: &App, mut errors: Vec<(String, u16)>) {
    errors.truncate(ERRORS_MAX);
    if errors.is_empty() {
        return;
    }
    let own = app.clone();
    app.tasks.spawn(async move {
        for (url, code) in errors {
            let url = url.replace(ERROR_MACRO, &code.to_string());
            let asked = Outgoing {
                take: Take::First(0),
                ..Outgoing::get(&url)
            };
            if let Err(error) = own.egress.send(asked).await {
                tracing::debug!(%error, "an error URL of an ad could not be called");
            }
        }
    });
}
