//! Breaks, decisions and their instances in the database.
//!
//! **Invariant:** a decision and what it counts against caps are one transaction. The campaign's row is locked before its
//! viewer's showings are counted, so that of any number of servers none lets a cap be exceeded.

use std::collections::BTreeMap;

use sqlx::FromRow;
use uuid::Uuid;

use crate::db::Db;
use crate::{db, tx};

/// A break as it is to stand in the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct BreakRow {
    /// When, milliseconds of media time.
    pub at_ms: i64,
    /// How long it should be.
    pub length_ms: Option<i64>,
    /// How much of the content it replaces.
    pub resume_ms: i64,
    /// 1: seeking over it plays it first.
    pub hold: i64,
}

/// A break of a title.
///
/// # Errors
/// The database's.
pub async fn the_break(db: &Db, title: Uuid, id: u32) -> sqlx::Result<Option<BreakRow>> {
    let sql = "SELECT at_ms, length_ms, resume_ms, hold FROM breaks WHERE title = $1 AND id = $2";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(title)
        .bind(i64::from(id))
        .fetch_optional(p)
        .await)
}

/// A decision that was made.
#[derive(Clone, Debug, FromRow)]
pub struct StoredRow {
    /// Who watches.
    pub person: Option<Uuid>,
    /// On which device.
    pub device: Option<Uuid>,
    /// The answer.
    pub list: String,
}

/// What was decided for a break of a playback.
///
/// # Errors
/// The database's.
pub async fn stored(
    db: &Db,
    session: Uuid,
    title: Uuid,
    break_id: u32,
) -> sqlx::Result<Option<StoredRow>> {
    let sql = "SELECT person, device, list FROM ad_decisions \
               WHERE session = $1 AND title = $2 AND break_id = $3";
    // Of the primary, not of a copy that may lag: another server may have decided a moment ago.
    db!(db.write(), |p| sqlx::query_as(sql)
        .bind(session)
        .bind(title)
        .bind(i64::from(break_id))
        .fetch_optional(p)
        .await)
}

/// Emergencies that a playback had.
///
/// # Errors
/// The database's.
pub async fn had(db: &Db, session: Uuid) -> sqlx::Result<Vec<Uuid>> {
    let sql = "SELECT DISTINCT i.source FROM ad_instances i JOIN ad_decisions d ON d.id = i.decision \
               WHERE d.session = $1 AND i.kind = 'emergency' AND i.source IS NOT NULL";
    db!(db.read(), |p| sqlx::query_scalar(sql)
        .bind(session)
        .fetch_all(p)
        .await)
}

/// How often a viewer was to be shown each campaign: in all, and on this day.
///
/// # Errors
/// The database's.
pub async fn shown(db: &Db, viewer: Uuid, day: i64) -> sqlx::Result<BTreeMap<Uuid, (i64, i64)>> {
    let sql = "SELECT campaign, CAST(SUM(shown) AS BIGINT), \
               CAST(SUM(CASE WHEN day = $2 THEN shown ELSE 0 END) AS BIGINT) \
               FROM ad_campaign_shown WHERE viewer = $1 GROUP BY campaign";
    let rows: Vec<(Uuid, i64, i64)> = db!(db.read(), |p| sqlx::query_as(sql)
        .bind(viewer)
        .bind(day)
        .fetch_all(p)
        .await)?;
    Ok(rows
        .into_iter()
        .map(|(id, all, today)| (id, (all, today)))
        .collect())
}

/// A decision to be kept.
#[derive(Clone, Debug)]
pub struct NewDecision<'a> {
    /// Its id.
    pub id: Uuid,
    /// The playback.
    pub session: Uuid,
    /// The content.
    pub title: Uuid,
    /// The break.
    pub break_id: u32,
    /// Who watches.
    pub person: Option<Uuid>,
    /// On which device.
    pub device: Option<Uuid>,
    /// Where.
    pub site: Option<Uuid>,
    /// Whose showings are counted.
    pub viewer: Uuid,
    /// JSON: what became of each hook.
    pub hooks: &'a str,
    /// The answer.
    pub list: &'a str,
    /// Now, milliseconds since the Unix epoch.
    pub made_ms: i64,
    /// The day of now.
    pub day: i64,
    /// The instances.
    pub instances: &'a [NewInstance],
}

/// One showing to be kept.
#[derive(Clone, Debug)]
pub struct NewInstance {
    /// Its id.
    pub id: Uuid,
    /// Who wants it.
    pub kind: &'static str,
    /// The ad campaign or the decision server.
    pub source: Option<Uuid>,
    /// Whether it counts against the caps of the ad campaign `source`.
    pub is_counted: bool,
    /// The decision server's name of the ad.
    pub ad: String,
    /// The creative's title.
    pub creative: Uuid,
    /// Playing time, milliseconds.
    pub duration_ms: i64,
    /// JSON: URLs to call.
    pub tracking: String,
    /// JSON: URLs to call when it cannot be shown.
    pub errors: String,
    /// `server` or `player`.
    pub report: &'static str,
}

/// What became of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is the one.
    Yes,
    /// Somebody decided a moment ago.
    Another,
    /// This ad campaign was used up meanwhile.
    UsedUp(Uuid),
}

/// Why a transaction is given up.
enum Ends {
    Kept(Kept),
    Sql(sqlx::Error),
}

impl From<sqlx::Error> for Ends {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

/// Keeps a decision with its instances and counts its showings, or nothing of it.
///
/// # Errors
/// The database's.
pub async fn keep(db: &Db, new: &NewDecision<'_>) -> sqlx::Result<Kept> {
    match write(db, new).await {
        Ok(()) => Ok(Kept::Yes),
        Err(Ends::Kept(kept)) => Ok(kept),
        Err(Ends::Sql(error)) => Err(error),
    }
}

const DECISION: &str = "INSERT INTO ad_decisions (id, session, title, break_id, person, device, site, hooks, list, made_ms) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (session, title, break_id) DO NOTHING";

const INSTANCE: &str = "INSERT INTO ad_instances (id, decision, nth, kind, source, ad, creative, duration_ms, tracking, \
    errors, report) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Locks the campaign's row until the commit.
const COUNT: &str = "UPDATE ad_campaigns SET shown = shown + 1 WHERE id = $1 AND ended_ms IS NULL \
    AND (cap_total IS NULL OR shown < cap_total)";

const COUNT_VIEWER: &str = "INSERT INTO ad_campaign_shown (campaign, viewer, day, shown) VALUES ($1, $2, $3, 1) \
    ON CONFLICT (campaign, viewer, day) DO UPDATE SET shown = ad_campaign_shown.shown + 1";

const IS_OVER: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM ad_campaigns c WHERE c.id = $1 AND ( \
    c.cap_viewer < (SELECT SUM(s.shown) FROM ad_campaign_shown s WHERE s.campaign = c.id AND s.viewer = $2) OR \
    c.cap_viewer_day < (SELECT SUM(s.shown) FROM ad_campaign_shown s WHERE s.campaign = c.id AND s.viewer = $2 \
    AND s.day = $3))";

async fn write(db: &Db, new: &NewDecision<'_>) -> Result<(), Ends> {
    let mut counted: Vec<Uuid> = new
        .instances
        .iter()
        .filter(|instance| instance.is_counted)
        .filter_map(|instance| instance.source)
        .collect();
    // In one order everywhere: two decisions that lock the same rows do not wait for one another.
    counted.sort_unstable();
    tx!(db, |tx| {
        let is_first = sqlx::query(DECISION)
            .bind(new.id)
            .bind(new.session)
            .bind(new.title)
            .bind(i64::from(new.break_id))
            .bind(new.person)
            .bind(new.device)
            .bind(new.site)
            .bind(new.hooks)
            .bind(new.list)
            .bind(new.made_ms)
            .execute(&mut *tx)
            .await?
            .rows_affected()
            == 1;
        if !is_first {
            return Err(Ends::Kept(Kept::Another));
        }
        for campaign in &counted {
            let left = sqlx::query(COUNT).bind(campaign).execute(&mut *tx).await?;
            if left.rows_affected() == 0 {
                return Err(Ends::Kept(Kept::UsedUp(*campaign)));
            }
            sqlx::query(COUNT_VIEWER)
                .bind(campaign)
                .bind(new.viewer)
                .bind(new.day)
                .execute(&mut *tx)
                .await?;
            let over: i64 = sqlx::query_scalar(IS_OVER)
                .bind(campaign)
                .bind(new.viewer)
                .bind(new.day)
                .fetch_one(&mut *tx)
                .await?;
            if over > 0 {
                return Err(Ends::Kept(Kept::UsedUp(*campaign)));
            }
        }
        for (nth, instance) in (0_i64..).zip(new.instances) {
            sqlx::query(INSTANCE)
                .bind(instance.id)
                .bind(new.id)
                .bind(nth)
                .bind(instance.kind)
                .bind(instance.source)
                .bind(&instance.ad)
                .bind(instance.creative)
                .bind(instance.duration_ms)
                .bind(&instance.tracking)
                .bind(&instance.errors)
                .bind(instance.report)
                .execute(&mut *tx)
                .await?;
        }
    });
    Ok(())
}

/// Whether a creative was to be shown to this person or on this device since a moment.
///
/// # Errors
/// The database's.
pub async fn was_decided(
    db: &Db,
    creative: Uuid,
    person: Option<Uuid>,
    device: Option<Uuid>,
    since_ms: i64,
) -> sqlx::Result<bool> {
    // The decisions of one viewer in a day are few; those of a creative are not.
    let sql = "SELECT CAST(COUNT(*) AS BIGINT) FROM ad_decisions d JOIN ad_instances i ON i.decision = d.id \
               WHERE (d.person = $2 OR d.device = $3) AND d.made_ms >= $4 AND i.creative = $1";
    if person.is_none() && device.is_none() {
        return Ok(false);
    }
    let found: i64 = db!(db.read(), |p| sqlx::query_scalar(sql)
        .bind(creative)
        .bind(person)
        .bind(device)
        .bind(since_ms)
        .fetch_one(p)
        .await)?;
    Ok(found > 0)
}

/// Whether a title is a creative.
///
/// # Errors
/// The database's.
pub async fn is_creative(db: &Db, title: Uuid) -> sqlx::Result<bool> {
    let sql = "SELECT CAST(COUNT(*) AS BIGINT) FROM ad_creatives WHERE title = $1";
    let found: i64 = db!(db.read(), |p| sqlx::query_scalar(sql)
        .bind(title)
        .fetch_one(p)
        .await)?;
    Ok(found > 0)
}

/// What groups are called.
///
/// # Errors
/// The database's.
pub async fn group_names(db: &Db, ids: &[Uuid]) -> sqlx::Result<Vec<String>> {
    let mut names = Vec::with_capacity(ids.len());
    for id in ids {
        let name: Option<String> = db!(db.read(), |p| sqlx::query_scalar(
            "SELECT name FROM person_groups WHERE id = $1"
        )
        .bind(id)
        .fetch_optional(p)
        .await)?;
        names.extend(name);
    }
    Ok(names)
}

/// Adds a break of a title.
#[cfg(test)]
pub(crate) async fn add_break(db: &Db, title: Uuid, id: u32, row: BreakRow) -> sqlx::Result<()> {
    let sql = "INSERT INTO breaks (title, id, at_ms, length_ms, resume_ms, hold, origin) \
               VALUES ($1, $2, $3, $4, $5, $6, 'hand')";
    db!(db.write(), |p| sqlx::query(sql)
        .bind(title)
        .bind(i64::from(id))
        .bind(row.at_ms)
        .bind(row.length_ms)
        .bind(row.resume_ms)
        .bind(row.hold)
        .execute(p)
        .await
        .map(drop))
}
