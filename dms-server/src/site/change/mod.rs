//! Changes of the sites: put and deleted in one transaction, and taken back for a day where nobody changed the same sites
//! since.

pub mod db;
pub mod routes;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use swarm::content::SiteId;
use swarm::site::{Cidr, MapError};
use swarm::wire::Peering;
use uuid::Uuid;

use super::{Site, map_of, peering_name, row_id};
use crate::audit::{Entry, act, object};
use crate::auth::Principal;
use crate::problem::{Problem, Result};
use crate::state::App;

/// For how long a change can be taken back, milliseconds.
pub const UNDO_MS: i64 = 24 * 3600 * 1000;

/// The most sites.
pub const SITES_MAX: usize = 10_000;

/// What changes at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// Sites as they are to be; one that is there is replaced.
    pub put: Vec<Site>,
    /// Sites that go.
    pub delete: Vec<SiteId>,
}

/// A site as a change keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    id: Uuid,
    name: String,
    subnets: Vec<Cidr>,
    peering: Peering,
    wan_cap: u64,
    /// As text; changes of an earlier version have none.
    #[serde(default)]
    wan_hours: String,
}

#[derive(Serialize, Deserialize)]
struct KeptEdit {
    put: Vec<Kept>,
    delete: Vec<Uuid>,
}

impl Edit {
    /// What takes it back, where these sites were there before it.
    #[must_use]
    pub fn inverse(&self, before: &[Site]) -> Self {
        let before: BTreeMap<SiteId, &Site> = before.iter().map(|site| (site.id, site)).collect();
        let was = |id: SiteId| before.get(&id).copied();
        let replaced = self.put.iter().map(|site| site.id);
        let touched = replaced.chain(self.delete.iter().copied());
        let put = touched.filter_map(|id| was(id).cloned()).collect();
        let new = self.put.iter().map(|site| site.id);
        let delete = new.filter(|id| was(*id).is_none()).collect();
        Self { put, delete }
    }

    /// The sites once it is done.
    #[must_use]
    pub fn applied_to(&self, before: &[Site]) -> Vec<Site> {
        let touched = self.touched();
        let stays = |site: &&Site| !touched.contains(&site.id);
        let kept = before.iter().filter(stays).cloned();
        kept.chain(self.put.iter().cloned()).collect()
    }

    /// The sites that it is about.
    #[must_use]
    pub fn touched(&self) -> BTreeSet<SiteId> {
        let put = self.put.iter().map(|site| site.id);
        put.chain(self.delete.iter().copied()).collect()
    }

    /// A site that is not as this edit left it any more.
    #[must_use]
    pub fn changed_since<'a>(&'a self, now: &'a [Site]) -> Option<&'a str> {
        let now: BTreeMap<SiteId, &Site> = now.iter().map(|site| (site.id, site)).collect();
        let is = |id: SiteId| now.get(&id).copied();
        let put = self.put.iter().find(|site| is(site.id) != Some(site));
        let back = || self.delete.iter().find_map(|id| is(*id));
        put.or_else(back).map(|site| site.name.as_str())
    }

    fn to_text(&self) -> serde_json::Result<String> {
        let kept = |site: &Site| Kept {
            id: row_id(site.id),
            name: site.name.clone(),
            subnets: site.subnets.clone(),
            peering: site.peering,
            wan_cap: site.wan_cap,
            wan_hours: site.hours.to_string(),
        };
        serde_json::to_string(&KeptEdit {
            put: self.put.iter().map(kept).collect(),
            delete: self.delete.iter().map(|id| row_id(*id)).collect(),
        })
    }

    fn of_text(text: &str) -> serde_json::Result<Self> {
        let kept: KeptEdit = serde_json::from_str(text)?;
        let site = |kept: Kept| {
            Ok(Site {
                id: SiteId(kept.id.into_bytes()),
                name: kept.name,
                subnets: kept.subnets,
                peering: kept.peering,
                wan_cap: kept.wan_cap,
                hours: kept.wan_hours.parse().map_err(serde_json::Error::custom)?,
            })
        };
        let delete = kept.delete.into_iter().map(|id| SiteId(id.into_bytes()));
        Ok(Self {
            put: kept
                .put
                .into_iter()
                .map(site)
                .collect::<serde_json::Result<_>>()?,
            delete: delete.collect(),
        })
    }

    /// Rows that say what becomes of each site.
    fn entries(&self, app: &App, caller: &Principal, before: &[Site]) -> Vec<Entry> {
        let before: BTreeSet<SiteId> = before.iter().map(|site| site.id).collect();
        let there = |id: SiteId| before.contains(&id);
        let put = self.put.iter().map(|site| {
            let action = if there(site.id) {
                act::SITE_CHANGED
            } else {
                act::SITE_MADE
            };
            let subnets: Vec<String> = site.subnets.iter().map(ToString::to_string).collect();
            app.note(caller, action, object("site", row_id(site.id)))
                .with("name", site.name.as_str())
                .with("subnets", subnets.join(" "))
                .with("peering", peering_name(site.peering))
                .with("wan_cap", site.wan_cap)
                .with("wan_hours", site.hours.to_string())
                .into_entry()
        });
        let gone = self.delete.iter().map(|id| {
            let object = object("site", row_id(*id));
            app.note(caller, act::SITE_DELETED, object).into_entry()
        });
        put.chain(gone).collect()
    }
}

/// Does an edit and puts it into effect: peers move, and are told. Answers the change's id.
///
/// # Errors
/// When names or subnets collide, there are too many sites, or somebody changed one of them meanwhile.
pub async fn make(app: &App, caller: &Principal, summary: &str, edit: &Edit) -> Result<Uuid> {
    let before = super::db::sites(&app.db).await?;
    make_from(app, caller, summary, edit, &before, None).await
}

async fn make_from(
    app: &App,
    caller: &Principal,
    summary: &str,
    edit: &Edit,
    before: &[Site],
    undoes: Option<Uuid>,
) -> Result<Uuid> {
    check(&edit.applied_to(before))?;
    let inverse = edit.inverse(before);
    let id = Uuid::now_v7();
    let change = db::Change {
        id,
        at_ms: app.clock.now_ms(),
        actor: &caller.subject,
        summary,
        done: edit.to_text().map_err(Problem::internal)?,
        inverse: inverse.to_text().map_err(Problem::internal)?,
        undoes,
    };
    let entries = edit.entries(app, caller, before);
    let done = db::apply(&app.db, edit, before, &change, &entries, app.keys.audit()).await;
    if !done.map_err(taken)? {
        return Err(Problem::conflict(
            "sites_changed",
            "Somebody changed these sites at the same moment. Look at them again, then try again.",
        ));
    }
    for id in &edit.delete {
        app.wan.forget(*id);
    }
    super::reload(app).await?;
    Ok(id)
}

/// Takes a change back. Answers the id of the change that did.
///
/// # Errors
/// When it is unknown, older than a day, taken back already, or its sites were changed since.
pub async fn undo(app: &App, caller: &Principal, change: Uuid) -> Result<Uuid> {
    let oldest = app.clock.now_ms() - UNDO_MS;
    let row = db::one(&app.db, change).await?;
    let row = row.filter(|row| row.at_ms >= oldest).ok_or_else(|| {
        let detail = "There is no such change of the last 24 hours.";
        Problem::not_found("change_not_found", detail)
    })?;
    if row.undone_by.is_some() {
        return Err(Problem::conflict(
            "change_undone",
            "This change was taken back already. Take back the change that did that instead.",
        ));
    }
    let done = Edit::of_text(&row.done).map_err(Problem::internal)?;
    let inverse = Edit::of_text(&row.inverse).map_err(Problem::internal)?;
    let now = super::db::sites(&app.db).await?;
    if let Some(name) = done.changed_since(&now) {
        let detail = format!("{name} was changed since. Change it by hand.");
        return Err(Problem::conflict("changed_since", detail));
    }
    let summary = format!("Undone: {}", row.summary);
    make_from(app, caller, &summary, &inverse, &now, Some(change)).await
}

/// Refuses sites that cannot stand beside each other. A subnet inside another one is fine: the longer prefix wins.
fn check(sites: &[Site]) -> Result<()> {
    if sites.len() > SITES_MAX {
        let detail = format!("There can be {SITES_MAX} sites.");
        return Err(Problem::conflict("too_many_sites", detail));
    }
    let mut names: Vec<&str> = sites.iter().map(|site| site.name.as_str()).collect();
    names.sort_unstable();
    if let Some([name, _]) = names.array_windows().find(|[a, b]| a == b) {
        let detail = format!("There is a site with the name {name} already.");
        return Err(Problem::conflict("site_taken", detail).at(
            "/name",
            "taken",
            "Choose another name.",
        ));
    }
    map_of(sites).map(|_| ()).map_err(|error| match error {
        MapError::Twice {
            subnet,
            first,
            second,
        } => twice(sites, subnet, first, second),
        MapError::TooMany => Problem::conflict("too_many_subnets", error.to_string()),
    })
}

/// `second` is the one that is put.
fn twice(sites: &[Site], subnet: Cidr, first: SiteId, second: SiteId) -> Problem {
    let of = |id: SiteId| sites.iter().find(|site| site.id == id);
    let name = of(first).map_or("", |site| site.name.as_str());
    let place = of(second).and_then(|site| site.subnets.iter().position(|s| *s == subnet));
    let index = place.unwrap_or_default();
    let detail = format!("{subnet} belongs to the site {name} already.");
    let fix = format!("Remove it from {name} first, or give a smaller subnet.");
    Problem::conflict("subnet_overlap", detail).at(format!("/subnets/{index}"), "overlap", fix)
}

/// Another request took the name or a subnet between the check and the write.
fn taken(error: sqlx::Error) -> Problem {
    if crate::db::is_duplicate(&error) {
        return Problem::conflict(
            "site_taken",
            "Another site has this name or one of the subnets.",
        );
    }
    error.into()
}
