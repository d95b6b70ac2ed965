//! An ad campaign as the API shows it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::check::AdCampaignBody;
use super::db::{AdCampaignRow, MemberRow};

/// An ad campaign.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AdCampaignView {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// The creative.
    pub creative: Uuid,
    /// For viewers at these sites; empty is everywhere.
    pub sites: Vec<Uuid>,
    /// For members of one of these groups; empty is everybody.
    pub groups: Vec<Uuid>,
    /// In breaks of these titles.
    pub titles: Vec<Uuid>,
    /// In breaks of titles of these collections.
    pub collections: Vec<Uuid>,
    /// When it begins, milliseconds since the Unix epoch.
    pub from_ms: i64,
    /// When it is over; null is when somebody ends it.
    pub until_ms: Option<i64>,
    /// How often one viewer is to see it in a day.
    pub cap_viewer_day: Option<i64>,
    /// How often one viewer is to see it.
    pub cap_viewer: Option<i64>,
    /// How often it is to be seen.
    pub cap_total: Option<i64>,
    /// 0 to 100; the greater one goes first.
    pub priority: i64,
    /// Whether seeking over its break plays it first.
    pub must_see: bool,
    /// When it may be skipped; null: never.
    pub skip_after_ms: Option<i64>,
    /// Whether it comes before everything else.
    pub emergency: bool,
    /// Where a click leads.
    pub click: Option<String>,
    /// What viewers are told of why they see it.
    pub why: Option<String>,
    /// `scheduled`, `running`, `used_up` or `ended`.
    pub state: String,
    /// Decisions that showed it.
    pub shown: i64,
    /// The campaign by which the sites hold its creative; null: not yet.
    pub held_by: Option<Uuid>,
    /// Grows with every change; the `ETag`.
    pub edition: i64,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_ms: i64,
    /// When it was ended.
    pub ended_ms: Option<i64>,
}

/// Its row, as a body says it.
#[must_use]
pub fn row(body: &AdCampaignBody, id: Uuid, by: &str, now_ms: i64) -> AdCampaignRow {
    AdCampaignRow {
        id,
        name: body.name.trim().to_owned(),
        creative: body.creative,
        from_ms: body.from_ms.unwrap_or(now_ms),
        until_ms: body.until_ms,
        cap_viewer_day: body.cap_viewer_day,
        cap_viewer: body.cap_viewer,
        cap_total: body.cap_total,
        priority: body.priority,
        must_see: i64::from(body.must_see),
        skip_after_ms: body.skip_after_ms,
        emergency: i64::from(body.emergency),
        click: body.click.clone(),
        why: body.why.clone(),
        shown: 0,
        held: None,
        edition: 1,
        created_by: by.to_owned(),
        created_ms: now_ms,
        ended_ms: None,
    }
}

/// Whom it is for, as a body says it.
#[must_use]
pub fn audience(body: &AdCampaignBody, campaign: Uuid) -> Vec<MemberRow> {
    let kinds = [
        ("site", &body.sites),
        ("group", &body.groups),
        ("title", &body.titles),
        ("collection", &body.collections),
    ];
    let members = kinds.into_iter().flat_map(|(kind, members)| {
        members.iter().map(move |member| MemberRow {
            campaign,
            kind: kind.to_owned(),
            member: *member,
        })
    });
    members.collect()
}

fn state(row: &AdCampaignRow, now_ms: i64) -> &'static str {
    if row.ended_ms.is_some() || row.until_ms.is_some_and(|until| until <= now_ms) {
        "ended"
    } else if row.cap_total.is_some_and(|cap| row.shown >= cap) {
        "used_up"
    } else if row.from_ms > now_ms {
        "scheduled"
    } else {
        "running"
    }
}

/// The view of an ad campaign and whom it is for.
#[must_use]
pub fn view(row: AdCampaignRow, audience: &[MemberRow], now_ms: i64) -> AdCampaignView {
    let of = |kind: &str| {
        let own = audience
            .iter()
            .filter(|m| m.campaign == row.id && m.kind == kind);
        own.map(|m| m.member).collect()
    };
    AdCampaignView {
        sites: of("site"),
        groups: of("group"),
        titles: of("title"),
        collections: of("collection"),
        state: state(&row, now_ms).to_owned(),
        id: row.id,
        name: row.name,
        creative: row.creative,
        from_ms: row.from_ms,
        until_ms: row.until_ms,
        cap_viewer_day: row.cap_viewer_day,
        cap_viewer: row.cap_viewer,
        cap_total: row.cap_total,
        priority: row.priority,
        must_see: row.must_see == 1,
        skip_after_ms: row.skip_after_ms,
        emergency: row.emergency == 1,
        click: row.click,
        why: row.why,
        shown: row.shown,
        held_by: row.held,
        edition: row.edition,
        created_by: row.created_by,
        created_ms: row.created_ms,
        ended_ms: row.ended_ms,
    }
}
