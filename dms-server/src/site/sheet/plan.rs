//! What a sheet would change.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use swarm::content::SiteId;
use swarm::site::{Cidr, SiteMap};
use swarm::wire::Peering;
use utoipa::ToSchema;

use super::{Fault, Row, Sheet};
use crate::site::change::Edit;
use crate::site::hours::Hours;
use crate::site::{Site, map_of};

/// What becomes of a subnet that another site has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Conflicts {
    /// The sheet is refused.
    #[default]
    Refuse,
    /// The sheet wins: the other site loses the subnet.
    Move,
}

/// What becomes of sites that the sheet does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Others {
    /// They stay.
    #[default]
    Keep,
    /// They are deleted.
    Delete,
}

/// What is done to a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is made.
    New,
    /// It is changed.
    Changed,
    /// It is as the sheet says already.
    Unchanged,
    /// It goes.
    Deleted,
}

/// A site before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SitePlan {
    /// What is done.
    pub action: Action,
    /// As it is.
    pub before: Option<Site>,
    /// As it is to be.
    pub after: Option<Site>,
}

impl SitePlan {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        let site = self.after.as_ref().or(self.before.as_ref());
        site.map_or("", |site| site.name.as_str())
    }

    /// Subnets of `one` that `other` does not have.
    fn only(one: Option<&Site>, other: Option<&Site>) -> Vec<Cidr> {
        let others = other.map_or(&[][..], |site| &site.subnets);
        let all = one.map_or(&[][..], |site| &site.subnets);
        all.iter()
            .filter(|s| !others.contains(s))
            .copied()
            .collect()
    }

    /// Subnets that it gains.
    #[must_use]
    pub fn added(&self) -> Vec<Cidr> {
        Self::only(self.after.as_ref(), self.before.as_ref())
    }

    /// Subnets that it loses.
    #[must_use]
    pub fn removed(&self) -> Vec<Cidr> {
        Self::only(self.before.as_ref(), self.after.as_ref())
    }
}

/// What a sheet would do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The sites, in the sheet's order, then those that are touched besides.
    pub sites: Vec<SitePlan>,
    /// What must be mended first.
    pub faults: Vec<Fault>,
    /// What is worth knowing.
    pub notices: Vec<Fault>,
}

impl Plan {
    /// The edit that does it.
    #[must_use]
    pub fn edit(&self) -> Edit {
        let changed = |plan: &&SitePlan| matches!(plan.action, Action::New | Action::Changed);
        let put = self.sites.iter().filter(changed);
        let gone = self
            .sites
            .iter()
            .filter(|plan| plan.action == Action::Deleted);
        Edit {
            put: put.filter_map(|plan| plan.after.clone()).collect(),
            delete: gone
                .filter_map(|plan| Some(plan.before.as_ref()?.id))
                .collect(),
        }
    }

    /// Addresses of each site before and after, and of none, in this order.
    #[must_use]
    pub fn count(&self, sites: &[Site], addresses: &[IpAddr]) -> Option<Counts> {
        let (before, after) = (
            map_of(sites).ok()?,
            map_of(&self.edit().applied_to(sites)).ok()?,
        );
        let mut counts = Counts::default();
        for address in addresses {
            let tell =
                |map: &SiteMap, sites: &mut BTreeMap<SiteId, usize>, none: &mut usize| match map
                    .site_of(*address)
                {
                    Some(site) => *sites.entry(site).or_default() += 1,
                    None => *none += 1,
                };
            tell(&before, &mut counts.before, &mut counts.nowhere_before);
            tell(&after, &mut counts.after, &mut counts.nowhere_after);
        }
        Some(counts)
    }
}

/// Where connected peers are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// By site, as it is.
    pub before: BTreeMap<SiteId, usize>,
    /// By site, as it will be.
    pub after: BTreeMap<SiteId, usize>,
    /// In no site, as it is.
    pub nowhere_before: usize,
    /// In no site, as it will be.
    pub nowhere_after: usize,
}

/// What all rows of one site say.
struct Wanted {
    line: u64,
    site: Site,
    lines: Vec<(Cidr, u64)>,
    said: Said,
}

/// What the rows of a site say beside its subnets.
#[derive(Default)]
struct Said {
    peering: Option<Peering>,
    wan_cap: Option<u64>,
    hours: Option<Hours>,
}

impl Said {
    fn contradicts(&self, row: &Row) -> bool {
        fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
            one.zip(other).is_some_and(|(one, other)| one != other)
        }
        differ(self.peering.as_ref(), row.peering.as_ref())
            || differ(self.wan_cap.as_ref(), row.wan_cap.as_ref())
            || differ(self.hours.as_ref(), row.hours.as_ref())
    }
}

/// Plans a sheet. `new_id` gives each new site its id.
pub fn plan(
    sheet: Sheet,
    sites: &[Site],
    conflicts: Conflicts,
    others: Others,
    mut new_id: impl FnMut() -> SiteId,
) -> Plan {
    let mut plan = Plan {
        sites: Vec::new(),
        faults: sheet.faults,
        notices: sheet.notices,
    };
    let mut wanted = Gathered::beside(sites);
    for row in sheet.rows {
        wanted.add(row, &mut plan.faults, &mut new_id);
    }
    let mut wanted = wanted.wanted;
    let claimed = claimed_twice(&wanted, &mut plan.faults);
    for want in &mut wanted {
        let redundant = redundant(want);
        plan.notices.extend(redundant);
    }
    let known: BTreeMap<SiteId, &Site> = sites.iter().map(|site| (site.id, site)).collect();
    let named: BTreeSet<SiteId> = wanted.iter().map(|want| want.site.id).collect();
    for want in &wanted {
        let before = known.get(&want.site.id).copied();
        let action = match before {
            None => Action::New,
            Some(before) if *before == want.site => Action::Unchanged,
            Some(_) => Action::Changed,
        };
        plan.sites.push(SitePlan {
            action,
            before: before.cloned(),
            after: Some(want.site.clone()),
        });
    }
    for site in sites.iter().filter(|site| !named.contains(&site.id)) {
        plan_other(site, &claimed, conflicts, others, &mut plan);
    }
    nested(&mut plan, sites);
    plan
}

/// The sites of a sheet while its rows are read.
struct Gathered<'a> {
    /// Sites that are there, by name in lower case.
    there: BTreeMap<String, &'a Site>,
    /// Places in `wanted`, by name in lower case.
    places: BTreeMap<String, usize>,
    wanted: Vec<Wanted>,
}

impl<'a> Gathered<'a> {
    fn beside(sites: &'a [Site]) -> Self {
        let there = sites.iter().map(|site| (site.name.to_lowercase(), site));
        Self {
            there: there.collect(),
            places: BTreeMap::new(),
            wanted: Vec::new(),
        }
    }

    /// The site of a row, with what other rows said of it.
    fn of(&mut self, row: &Row, new_id: &mut impl FnMut() -> SiteId) -> Option<&mut Wanted> {
        let name = row.site.to_lowercase();
        let there = self.there.get(&name);
        let place = self.places.entry(name).or_insert_with(|| {
            let site = Site {
                id: there.map_or_else(new_id, |site| site.id),
                name: there.map_or_else(|| row.site.clone(), |site| site.name.clone()),
                subnets: Vec::new(),
                peering: there.map_or(Peering::On, |site| site.peering),
                wan_cap: there.map_or(0, |site| site.wan_cap),
                hours: there.map_or_else(Hours::default, |site| site.hours.clone()),
            };
            self.wanted.push(Wanted {
                line: row.line,
                site,
                lines: Vec::new(),
                said: Said::default(),
            });
            self.wanted.len() - 1
        });
        self.wanted.get_mut(*place)
    }

    fn add(&mut self, row: Row, faults: &mut Vec<Fault>, new_id: &mut impl FnMut() -> SiteId) {
        let Some(want) = self.of(&row, new_id) else {
            return;
        };
        if want.said.contradicts(&row) {
            let detail = format!(
                "Line {} says something else of {}.",
                want.line, want.site.name
            );
            let fix =
                "Give the same peering, WAN cap and hours on each line of a site, or on one only.";
            let (line, code) = (row.line, "contradiction");
            faults.push(Fault::new(
                line,
                "site",
                &row.site,
                code,
                detail,
                fix.to_owned(),
            ));
        }
        let said = &mut want.said;
        said.peering = said.peering.or(row.peering);
        said.wan_cap = said.wan_cap.or(row.wan_cap);
        said.hours = said.hours.take().or(row.hours);
        want.site.peering = said.peering.unwrap_or(want.site.peering);
        want.site.wan_cap = said.wan_cap.unwrap_or(want.site.wan_cap);
        if let Some(hours) = &said.hours {
            want.site.hours = hours.clone();
        }
        for subnet in row.subnets {
            if !want.site.subnets.contains(&subnet) {
                want.site.subnets.push(subnet);
                want.lines.push((subnet, row.line));
            }
        }
        // The database gives them in the order of their text.
        want.site.subnets.sort_by_cached_key(ToString::to_string);
    }
}

/// Two sites of the sheet cannot have one subnet. Answers the line of each.
fn claimed_twice(wanted: &[Wanted], faults: &mut Vec<Fault>) -> BTreeMap<Cidr, u64> {
    let mut first: BTreeMap<Cidr, (u64, &str)> = BTreeMap::new();
    for want in wanted {
        for (subnet, line) in &want.lines {
            let Some((other, name)) = first.insert(*subnet, (*line, &want.site.name)) else {
                continue;
            };
            let detail = format!("{subnet} belongs to {name} on line {other} already.");
            let fix = format!("Remove it from line {other} or from line {line}.");
            let value = subnet.to_string();
            faults.push(Fault::new(*line, "subnets", &value, "overlap", detail, fix));
        }
    }
    let lines = first.into_iter();
    lines.map(|(subnet, (line, _))| (subnet, line)).collect()
}

/// Subnets inside another one of the same site say nothing: they are left out.
fn redundant(want: &mut Wanted) -> Vec<Fault> {
    let all = want.site.subnets.clone();
    let inside = |subnet: &Cidr| {
        all.iter()
            .find(|wide| *wide != subnet && wide.covers(subnet))
    };
    let mut notices = Vec::new();
    for (subnet, line) in &want.lines {
        if let Some(wide) = inside(subnet) {
            let detail = format!("{subnet} lies inside {wide} of the same site: it is left out.");
            let value = subnet.to_string();
            let notice = Fault::new(*line, "subnets", &value, "redundant", detail, String::new());
            notices.push(notice);
        }
    }
    want.site.subnets.retain(|subnet| inside(subnet).is_none());
    notices
}

fn plan_other(
    site: &Site,
    claimed: &BTreeMap<Cidr, u64>,
    conflicts: Conflicts,
    others: Others,
    plan: &mut Plan,
) {
    if others == Others::Delete {
        plan.sites.push(SitePlan {
            action: Action::Deleted,
            before: Some(site.clone()),
            after: None,
        });
        return;
    }
    let lost = |subnet: &&Cidr| claimed.contains_key(subnet);
    if conflicts == Conflicts::Move {
        let mut after = site.clone();
        after.subnets.retain(|subnet| !lost(&subnet));
        if after != *site {
            plan.sites.push(SitePlan {
                action: Action::Changed,
                before: Some(site.clone()),
                after: Some(after),
            });
        }
        return;
    }
    let name = &site.name;
    for subnet in site.subnets.iter().filter(lost) {
        let detail = format!("{subnet} belongs to the site {name} already.");
        let fix =
            format!("Remove it here, name {name} in the file, or import with conflicts=move.");
        let (line, value) = (
            claimed.get(subnet).copied().unwrap_or(0),
            subnet.to_string(),
        );
        plan.faults
            .push(Fault::new(line, "subnets", &value, "overlap", detail, fix));
    }
}

/// Subnets inside one of another site: right as an exception, wrong as a typing error.
fn nested(plan: &mut Plan, sites: &[Site]) {
    let after = plan.edit().applied_to(sites);
    let Ok(map) = map_of(&after) else { return };
    let names: BTreeMap<SiteId, &str> = after.iter().map(|s| (s.id, s.name.as_str())).collect();
    let name = |id: SiteId| names.get(&id).copied().unwrap_or_default();
    let changed = plan
        .sites
        .iter()
        .filter(|plan| plan.action != Action::Unchanged);
    let touched: BTreeSet<SiteId> = changed
        .filter_map(|plan| Some(plan.after.as_ref()?.id))
        .collect();
    let mut notices = Vec::new();
    for (subnet, inner, outer) in map.nested() {
        if touched.contains(&inner) || touched.contains(&outer) {
            let (inner, outer) = (name(inner), name(outer));
            let detail = format!(
                "{subnet} of {inner} lies inside a subnet of {outer}: {inner} has its addresses."
            );
            let value = subnet.to_string();
            notices.push(Fault::new(
                0,
                "subnets",
                &value,
                "nested",
                detail,
                String::new(),
            ));
        }
    }
    plan.notices.extend(notices);
}
