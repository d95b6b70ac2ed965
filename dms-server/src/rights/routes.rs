//! `/api/v1/titles/{title}/policy`: who may see a title, and what that means for one person.

use axum::extract::State;
use drm::rights::{Denied, Place, Policy, Terms, decide};
use serde::{Deserialize, Serialize};
use swarm::content::{SiteId, TitleId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::body::{self, MOMENT_MAX, NAMED_MAX, PlanBody, PolicyBody};
use super::db::{self, PolicyRow};
use super::{embed, person, plans, viewing};
use crate::audit::act;
use crate::auth::{Permission, Publisher};
use crate::events::Event;
use crate::extract::{Json, Path};
use crate::license::lease_ms;
use crate::people;
use crate::problem::{Problem, ProblemBody, Result};
use crate::publish::{self, routes::may_change, view};
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_policy, set_policy))
        .routes(routes!(preview))
        .merge(plans::routes::routes())
}

/// Which title.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TitlePath {
    /// The title's id.
    #[param(value_type = Uuid)]
    title: TitleId,
}

/// A title's policy, and who wrote it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PolicyView {
    /// It.
    pub policy: PolicyBody,
    /// Who wrote it; null: nobody did, it is what a title has at first.
    pub updated_by: Option<String>,
    /// When, milliseconds since the Unix epoch.
    pub updated_ms: Option<i64>,
}

/// Who may see a title.
#[utoipa::path(get, path = "/api/v1/titles/{title}/policy", tag = "rights", params(TitlePath),
    security(("token" = ["publish"])),
    responses((status = 200, body = PolicyView), (status = 404, body = ProblemBody)))]
async fn get_policy(
    _: Publisher,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
) -> Result<Json<PolicyView>> {
    title(&app, path.title).await?;
    let row = db::policy(&app.db, Uuid::from_bytes(path.title.0)).await?;
    Ok(Json(match row {
        None => PolicyView {
            policy: PolicyBody::default(),
            updated_by: None,
            updated_ms: None,
        },
        Some(row) => PolicyView {
            policy: serde_json::from_str(&row.policy).map_err(Problem::internal)?,
            updated_by: Some(row.updated_by),
            updated_ms: Some(row.updated_ms),
        },
    }))
}

async fn title(app: &App, id: TitleId) -> Result<publish::db::TitleRow> {
    publish::db::title(&app.db, id)
        .await?
        .ok_or_else(view::not_found)
}

/// Says who may see a title. It holds for every licence from now on; licences that are out end at their time.
#[utoipa::path(put, path = "/api/v1/titles/{title}/policy", tag = "rights", params(TitlePath),
    security(("token" = ["publish"])),
    responses((status = 200, body = PolicyView), (status = 400, body = ProblemBody),
              (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn set_policy(
    Publisher(caller): Publisher,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
    Json(body): Json<PolicyBody>,
) -> Result<Json<PolicyView>> {
    let row = title(&app, path.title).await?;
    may_change(&caller, &row)?;
    check(&app, &body).await?;
    let body = body.canonical();
    let text = serde_json::to_string(&body).map_err(Problem::internal)?;
    let note = app
        .note(&caller, act::POLICY_SET, ("title", path.title))
        .with("policy", text.as_str());
    let row = PolicyRow {
        policy: text,
        updated_by: caller.subject,
        updated_ms: note.at_ms(),
    };
    let (id, members) = (Uuid::from_bytes(path.title.0), body.members());
    db::set_policy(&app.db, id, &row, members.as_deref(), &note).await?;
    app.events.emit(Event::TitleChanged(path.title));
    Ok(Json(PolicyView {
        policy: body,
        updated_by: Some(row.updated_by),
        updated_ms: Some(row.updated_ms),
    }))
}

/// Refuses a policy that cannot be meant, with every wrong field and its fix.
///
/// # Errors
/// The problem, or the database's.
pub async fn check(app: &App, body: &PolicyBody) -> Result<Policy> {
    let policy = body.policy();
    let mut problem = Problem::invalid("invalid_policy", "The policy contradicts itself.");
    for fault in policy.check() {
        problem = problem.at(body::pointer(&fault), fault.code(), fault.to_string());
    }
    for (at, code, fix) in embed::faults(&body.embed, body.audience.is_some()) {
        problem = problem.at(at, code, fix);
    }
    for (at, moment) in [
        ("/from_ms", body.from_ms),
        ("/until_ms", body.until_ms),
        ("/embargo_ms", body.embargo_ms),
    ] {
        if moment.is_some_and(|ms| ms > MOMENT_MAX) {
            let fix = "Give milliseconds since 1970, before the year 10000.";
            problem = problem.at(at, "range", fix);
        }
    }
    let named = body.audience.clone().unwrap_or_default();
    let sites = body.places.clone().unwrap_or_default().sites;
    if named.groups.len() + named.people.len() > NAMED_MAX || sites.len() > NAMED_MAX {
        let fix = format!("Name at most {NAMED_MAX}; make a group of them.");
        return Err(problem.at("/audience", "too_many", fix));
    }
    for (index, id) in named.groups.iter().enumerate() {
        if people::groups::db::one(&app.db, *id).await?.is_none() {
            let at = format!("/audience/groups/{index}");
            problem = problem.at(at, "unknown_group", "There is no group with this id.");
        }
    }
    for (index, id) in named.people.iter().enumerate() {
        if people::db::one(&app.db, *id).await?.is_none() {
            let at = format!("/audience/people/{index}");
            problem = problem.at(at, "unknown_person", "There is no person with this id.");
        }
    }
    for (index, id) in sites.iter().enumerate() {
        if app.sites.site_name(SiteId(id.into_bytes())).is_none() {
            let at = format!("/places/sites/{index}");
            problem = problem.at(at, "unknown_site", "There is no site with this id.");
        }
    }
    if let PlanBody::Subscription { collection } = body.plan
        && !plans::db::has_collection(&app.db, collection).await?
    {
        let fix = "There is no collection with this id.";
        problem = problem.at("/plan/collection", "unknown_collection", fix);
    }
    if problem.errors.is_empty() {
        Ok(policy)
    } else {
        Err(problem)
    }
}

/// Whose try is looked at.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Try {
    /// The person; null: an enrolled device with nobody signed in.
    person: Option<Uuid>,
    /// The site they are at; null: at none.
    site: Option<Uuid>,
    /// Whether they are on the company's VPN.
    vpn: bool,
    /// When, milliseconds since the Unix epoch; null: now.
    at_ms: Option<i64>,
    /// Whether they want to keep it for offline use.
    offline: bool,
    /// Another policy than the title has, before it is written.
    policy: Option<PolicyBody>,
}

/// What would come of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    /// Whether a licence would be given.
    pub allowed: bool,
    /// Why not: a stable code; null when it is allowed.
    pub code: Option<String>,
    /// The same as a sentence for the person.
    pub reason: Option<String>,
    /// The tracks that it would open.
    pub tracks: Vec<u16>,
    /// Until when, milliseconds since the Unix epoch.
    pub not_after_ms: Option<u64>,
    /// Until when without contact to the server.
    pub offline_until_ms: Option<u64>,
}

impl Outcome {
    fn of(decided: std::result::Result<Terms, Denied>) -> Self {
        match decided {
            Ok(terms) => Self {
                allowed: true,
                code: None,
                reason: None,
                tracks: terms.tracks,
                not_after_ms: Some(terms.not_after_ms),
                offline_until_ms: Some(terms.offline_until_ms),
            },
            Err(denied) => Self {
                allowed: false,
                code: Some(denied.code().to_owned()),
                reason: Some(denied.to_string()),
                tracks: Vec::new(),
                not_after_ms: None,
                offline_until_ms: None,
            },
        }
    }
}

/// What a person at a place and time would get: "as Ana in Lyon on Monday". Nothing is issued or noted.
#[utoipa::path(post, path = "/api/v1/titles/{title}/policy/preview", tag = "rights",
    params(TitlePath), security(("token" = ["publish"])),
    responses((status = 200, body = Outcome), (status = 400, body = ProblemBody),
              (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn preview(
    _: Publisher,
    State(app): State<App>,
    Path(path): Path<TitlePath>,
    Json(body): Json<Try>,
) -> Result<Json<Outcome>> {
    let published = publish::require_published(&app, path.title).await?;
    let policy = match &body.policy {
        Some(other) => check(&app, other).await?,
        None => super::policy(&app, path.title).await?,
    };
    let who = match body.person {
        Some(id) => Some(previewed(&app, id).await?),
        None => None,
    };
    let place = match (body.vpn, body.site) {
        (true, _) => Place::Vpn,
        (false, Some(site)) => Place::Site(site.into_bytes()),
        (false, None) => Place::Elsewhere,
    };
    let now_ms = body.at_ms.unwrap_or_else(|| app.clock.now_ms());
    let manifest = published.manifest.manifest();
    let mut viewing = viewing(&app, path.title, who, place, manifest, now_ms).await?;
    viewing.offline_wanted = body.offline;
    let lease_ms = lease_ms(&app, &policy);
    Ok(Json(Outcome::of(decide(&policy, &viewing, lease_ms))))
}

async fn previewed(app: &App, id: Uuid) -> Result<drm::rights::Viewer> {
    let unknown = || {
        Problem::invalid("unknown_person", "There is no such person.").at(
            "/person",
            "unknown_person",
            "Give the id of a person.",
        )
    };
    let row = people::db::one(&app.db, id).await?.ok_or_else(unknown)?;
    let roles = people::all_roles(app, id, &row.roles).await?;
    let previews = roles.may(Permission::Publish);
    person(app, id, previews).await?.ok_or_else(unknown)
}
