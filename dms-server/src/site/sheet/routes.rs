//! Import of sites with a dry run, and export.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header;
use serde::{Deserialize, Serialize};
use swarm::content::SiteId;
use swarm::wire::Peering;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::plan::{Action, Conflicts, Counts, Others, Plan, SitePlan, plan};
use super::{Fault, read};
use crate::auth::{NetworkAdmin, NetworkReader};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody, Result};
use crate::site::{Site, change, db, peering_name};
use crate::state::App;
use crate::usage::sheet::cell;

/// Faults that a refusal names.
const TOLD_MAX: usize = 100;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(import_sites))
        .routes(routes!(export_sites))
}

/// How a sheet is imported.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Only says what would be done.
    #[serde(default)]
    dry_run: bool,
    /// `refuse` (as without it) or `move`: what becomes of a subnet that a site has which the sheet does not name.
    #[serde(default)]
    #[param(inline)]
    conflicts: Conflicts,
    /// `keep` (as without it) or `delete`: what becomes of sites that the sheet does not name.
    #[serde(default)]
    #[param(inline)]
    others: Others,
}

/// A site before and after an import.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SitePlanView {
    /// Its name.
    pub name: String,
    /// `new`, `changed`, `unchanged` or `deleted`.
    pub action: Action,
    /// Subnets that it gains.
    pub added: Vec<String>,
    /// Subnets that it loses.
    pub removed: Vec<String>,
    /// What its peers may do now; null: it is new.
    #[schema(value_type = Option<String>)]
    pub peering_now: Option<Peering>,
    /// What they may do then; null: it goes.
    #[schema(value_type = Option<String>)]
    pub peering_then: Option<Peering>,
    /// Its WAN cap now, bytes per second; 0 is none.
    pub wan_cap_now: Option<u64>,
    /// Its WAN cap then.
    pub wan_cap_then: Option<u64>,
    /// Its hours with another cap now, as in the file; empty: none.
    pub wan_hours_now: Option<String>,
    /// Its hours with another cap then.
    pub wan_hours_then: Option<String>,
    /// Peers connected in it now.
    pub peers_now: usize,
    /// Those of the peers connected now that will be in it.
    pub peers_then: usize,
}

/// What an import does, or would do.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ImportView {
    /// The change, to take it back; null: a dry run, or nothing to do.
    pub change: Option<Uuid>,
    /// The sites.
    pub sites: Vec<SitePlanView>,
    /// What must be mended first.
    pub faults: Vec<Fault>,
    /// What is worth knowing.
    pub notices: Vec<Fault>,
    /// Connected peers in no site now: they use the origin.
    pub peers_nowhere_now: usize,
    /// Connected peers in no site then.
    pub peers_nowhere_then: usize,
}

/// Makes and changes sites from a CSV file with the columns `site`, `subnets`, `peering`, `wan_mbit` and `wan_hours`, all or
/// none. A dry run says what would be done and what is wrong, line by line.
#[utoipa::path(post, path = "/api/v1/sites/import", tag = "sites", params(ImportQuery),
    security(("token" = ["network"])), request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = ImportView), (status = 400, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn import_sites(
    NetworkAdmin(caller): NetworkAdmin,
    State(app): State<App>,
    Query(query): Query<ImportQuery>,
    body: Bytes,
) -> Result<Json<ImportView>> {
    let sites = db::sites(&app.db).await?;
    let new_id = || SiteId(Uuid::now_v7().into_bytes());
    let plan = plan(read(&body), &sites, query.conflicts, query.others, new_id);
    let edit = plan.edit();
    let mut view = view(&app, &plan, &sites);
    if query.dry_run {
        return Ok(Json(view));
    }
    if !plan.faults.is_empty() {
        return Err(refusal(&plan.faults));
    }
    let count = edit.put.len() + edit.delete.len();
    if count > 0 {
        let summary = format!("{count} sites imported");
        view.change = Some(change::make(&app, &caller, &summary, &edit).await?);
    }
    Ok(Json(view))
}

fn refusal(faults: &[Fault]) -> Problem {
    let detail = "The file cannot be imported. Nothing was changed.";
    let told = faults.iter().take(TOLD_MAX);
    told.fold(
        Problem::invalid("invalid_sheet", detail),
        |problem, fault| {
            let fix = format!("{} {}", fault.detail, fault.fix);
            problem.at(
                format!("/{}/{}", fault.line, fault.column),
                fault.code.as_str(),
                fix,
            )
        },
    )
}

fn view(app: &App, plan: &Plan, sites: &[Site]) -> ImportView {
    let counts = plan
        .count(sites, &app.sites.addresses())
        .unwrap_or_default();
    ImportView {
        change: None,
        sites: plan
            .sites
            .iter()
            .map(|site| site_view(site, &counts))
            .collect(),
        faults: plan.faults.clone(),
        notices: plan.notices.clone(),
        peers_nowhere_now: counts.nowhere_before,
        peers_nowhere_then: counts.nowhere_after,
    }
}

fn site_view(plan: &SitePlan, counts: &Counts) -> SitePlanView {
    let texts = |subnets: Vec<swarm::site::Cidr>| subnets.iter().map(ToString::to_string).collect();
    let (before, after) = (plan.before.as_ref(), plan.after.as_ref());
    let peers = |site: Option<&Site>, counted: &std::collections::BTreeMap<SiteId, usize>| {
        site.and_then(|site| counted.get(&site.id).copied())
            .unwrap_or(0)
    };
    SitePlanView {
        name: plan.name().to_owned(),
        action: plan.action,
        added: texts(plan.added()),
        removed: texts(plan.removed()),
        peering_now: before.map(|site| site.peering),
        peering_then: after.map(|site| site.peering),
        wan_cap_now: before.map(|site| site.wan_cap),
        wan_cap_then: after.map(|site| site.wan_cap),
        wan_hours_now: before.map(|site| site.hours.to_string()),
        wan_hours_then: after.map(|site| site.hours.to_string()),
        peers_now: peers(before, &counts.before),
        peers_then: peers(after, &counts.after),
    }
}

/// The sites as a CSV file that can be imported again.
#[utoipa::path(get, path = "/api/v1/sites/export", tag = "sites", security(("token" = ["read_network"])),
    responses((status = 200, content_type = "text/csv", body = String)))]
async fn export_sites(_: NetworkReader, State(app): State<App>) -> Result<impl IntoResponse> {
    let sites = db::sites(&app.db).await?;
    let text = sheet(&sites).map_err(Problem::internal)?;
    let head = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"sites.csv\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((head, text))
}

fn sheet(sites: &[Site]) -> std::result::Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["site", "subnets", "peering", "wan_mbit", "wan_hours"])?;
    for site in sites {
        let subnets: Vec<String> = site.subnets.iter().map(ToString::to_string).collect();
        #[expect(clippy::cast_precision_loss, reason = "caps are far below 2^52")]
        let mbit = site.wan_cap as f64 / 125_000.0;
        writer.write_record([
            cell(&site.name),
            subnets.join(" "),
            peering_name(site.peering).to_owned(),
            mbit.to_string(),
            hours_cell(site),
        ])?;
    }
    Ok(writer.into_inner()?)
}

/// The hours of a site; without any, what takes away those that were there when the file is imported again.
fn hours_cell(site: &Site) -> String {
    match site.hours.windows() {
        [] => "none".to_owned(),
        _ => site.hours.to_string(),
    }
}
