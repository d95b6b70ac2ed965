//! Ad campaigns and their audiences in the database.

use sqlx::FromRow;
use uuid::Uuid;

use crate::audit::Note;
use crate::db::Db;
use crate::{append, db, tx};

/// An ad campaign.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct AdCampaignRow {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// The creative.
    pub creative: Uuid,
    /// When it begins, milliseconds since the Unix epoch.
    pub from_ms: i64,
    /// When it is over.
    pub until_ms: Option<i64>,
    /// Showings of one viewer a day.
    pub cap_viewer_day: Option<i64>,
    /// Showings of one viewer.
    pub cap_viewer: Option<i64>,
    /// Showings of all.
    pub cap_total: Option<i64>,
    /// 0 to 100.
    pub priority: i64,
    /// 1: seeking over its break plays it first.
    pub must_see: i64,
    /// When it may be skipped.
    pub skip_after_ms: Option<i64>,
    /// 1: before everything else.
    pub emergency: i64,
    /// Where a click leads.
    pub click: Option<String>,
    /// What viewers are told of why they see it.
    pub why: Option<String>,
    /// Decisions that showed it.
    pub shown: i64,
    /// The campaign by which the sites hold its creative.
    pub held: Option<Uuid>,
    /// Grows with every change.
    pub edition: i64,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_ms: i64,
    /// When it was ended.
    pub ended_ms: Option<i64>,
}

/// One of whom a campaign is for.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct MemberRow {
    /// The ad campaign.
    pub campaign: Uuid,
    /// `site`, `group`, `title` or `collection`.
    pub kind: String,
    /// Its id.
    pub member: Uuid,
}

const ADD_MEMBER: &str =
    "INSERT INTO ad_campaign_audience (campaign, kind, member) VALUES ($1, $2, $3)";

/// Adds an ad campaign.
///
/// # Errors
/// The database's.
pub async fn add(
    db: &Db,
    new: &AdCampaignRow,
    audience: &[MemberRow],
    note: &Note<'_>,
) -> sqlx::Result<()> {
    let sql = "INSERT INTO ad_campaigns (id, name, creative, from_ms, until_ms, cap_viewer_day, cap_viewer, \
               cap_total, priority, must_see, skip_after_ms, emergency, click, why, created_by, created_ms, \
               shown, edition) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0, 1)";
    tx!(db, |tx| {
        sqlx::query(sql)
            .bind(new.id)
            .bind(&new.name)
            .bind(new.creative)
            .bind(new.from_ms)
            .bind(new.until_ms)
            .bind(new.cap_viewer_day)
            .bind(new.cap_viewer)
            .bind(new.cap_total)
            .bind(new.priority)
            .bind(new.must_see)
            .bind(new.skip_after_ms)
            .bind(new.emergency)
            .bind(&new.click)
            .bind(&new.why)
            .bind(&new.created_by)
            .bind(new.created_ms)
            .execute(&mut *tx)
            .await?;
        for member in audience {
            sqlx::query(ADD_MEMBER)
                .bind(new.id)
                .bind(&member.kind)
                .bind(member.member)
                .execute(&mut *tx)
                .await?;
        }
        append!(tx, note);
    });
    Ok(())
}

/// Replaces what is said of an ad campaign that has not ended, if it is still of this edition; answers whether it was. What
/// was shown stays counted.
///
/// # Errors
/// The database's.
pub async fn replace(
    db: &Db,
    new: &AdCampaignRow,
    audience: &[MemberRow],
    note: &Note<'_>,
) -> sqlx::Result<bool> {
    let sql = "UPDATE ad_campaigns SET name = $3, creative = $4, from_ms = $5, until_ms = $6, cap_viewer_day = $7, \
               cap_viewer = $8, cap_total = $9, priority = $10, must_see = $11, skip_after_ms = $12, \
               emergency = $13, click = $14, why = $15, edition = edition + 1 \
               WHERE id = $1 AND edition = $2 AND ended_ms IS NULL";
    let clear = "DELETE FROM ad_campaign_audience WHERE campaign = $1";
    let replaced = tx!(db, |tx| {
        let replaced = sqlx::query(sql)
            .bind(new.id)
            .bind(new.edition)
            .bind(&new.name)
            .bind(new.creative)
            .bind(new.from_ms)
            .bind(new.until_ms)
            .bind(new.cap_viewer_day)
            .bind(new.cap_viewer)
            .bind(new.cap_total)
            .bind(new.priority)
            .bind(new.must_see)
            .bind(new.skip_after_ms)
            .bind(new.emergency)
            .bind(&new.click)
            .bind(&new.why)
            .execute(&mut *tx)
            .await?
            .rows_affected()
            == 1;
        if !replaced {
            return Ok(false);
        }
        sqlx::query(clear).bind(new.id).execute(&mut *tx).await?;
        for member in audience {
            sqlx::query(ADD_MEMBER)
                .bind(new.id)
                .bind(&member.kind)
                .bind(member.member)
                .execute(&mut *tx)
                .await?;
        }
        append!(tx, note);
        true
    });
    Ok(replaced)
}

/// Ends an ad campaign; answers whether it had not ended before.
///
/// # Errors
/// The database's.
pub async fn end(db: &Db, id: Uuid, note: &Note<'_>) -> sqlx::Result<bool> {
    let sql = "UPDATE ad_campaigns SET ended_ms = $2, edition = edition + 1 \
               WHERE id = $1 AND ended_ms IS NULL";
    let ended = tx!(db, |tx| {
        let ended = sqlx::query(sql)
            .bind(id)
            .bind(note.at_ms())
            .execute(&mut *tx)
            .await?
            .rows_affected()
            == 1;
        if ended {
            append!(tx, note);
        }
        ended
    });
    Ok(ended)
}

/// One ad campaign.
///
/// # Errors
/// The database's.
pub async fn one(db: &Db, id: Uuid) -> sqlx::Result<Option<AdCampaignRow>> {
    let sql = "SELECT * FROM ad_campaigns WHERE id = $1";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(id)
        .fetch_optional(p)
        .await)
}

/// Ad campaigns, newest first, from after `before`.
///
/// # Errors
/// The database's.
pub async fn list(db: &Db, before: Option<Uuid>, limit: i64) -> sqlx::Result<Vec<AdCampaignRow>> {
    let sql = "SELECT * FROM ad_campaigns WHERE id < $1 ORDER BY id DESC LIMIT $2";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(before.unwrap_or(Uuid::max()))
        .bind(limit)
        .fetch_all(p)
        .await)
}

/// The ad campaigns whose window is open, and which have showings left; at most `limit`, the most important ones.
///
/// # Errors
/// The database's.
pub async fn open(db: &Db, now_ms: i64, limit: i64) -> sqlx::Result<Vec<AdCampaignRow>> {
    let sql = "SELECT * FROM ad_campaigns WHERE ended_ms IS NULL AND from_ms <= $1 \
               AND (until_ms IS NULL OR until_ms > $1) AND (cap_total IS NULL OR shown < cap_total) \
               ORDER BY emergency DESC, priority DESC, id DESC LIMIT $2";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(now_ms)
        .bind(limit)
        .fetch_all(p)
        .await)
}

/// How many ad campaigns have not ended.
///
/// # Errors
/// The database's.
pub async fn count(db: &Db) -> sqlx::Result<i64> {
    let sql = "SELECT CAST(COUNT(*) AS BIGINT) FROM ad_campaigns WHERE ended_ms IS NULL";
    db!(db.read(), |p| sqlx::query_scalar(sql).fetch_one(p).await)
}

/// Whom the ad campaigns are for that have not ended.
///
/// # Errors
/// The database's.
pub async fn audiences(db: &Db) -> sqlx::Result<Vec<MemberRow>> {
    let sql = "SELECT a.campaign, a.kind, a.member FROM ad_campaign_audience a \
               JOIN ad_campaigns c ON c.id = a.campaign WHERE c.ended_ms IS NULL ORDER BY a.kind, a.member";
    db!(db.read(), |p| sqlx::query_as(sql).fetch_all(p).await)
}

/// Whom an ad campaign is for.
///
/// # Errors
/// The database's.
pub async fn audience(db: &Db, campaign: Uuid) -> sqlx::Result<Vec<MemberRow>> {
    let sql = "SELECT campaign, kind, member FROM ad_campaign_audience WHERE campaign = $1 ORDER BY kind, member";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(campaign)
        .fetch_all(p)
        .await)
}

/// Which of these ids there are: sites, groups, titles or collections.
///
/// # Errors
/// The database's.
pub async fn existing(db: &Db, kind: &str, ids: &[Uuid]) -> sqlx::Result<Vec<Uuid>> {
    let sql = match kind {
        "site" => "SELECT id FROM sites WHERE id = $1",
        "group" => "SELECT id FROM person_groups WHERE id = $1",
        "title" => "SELECT id FROM titles WHERE id = $1",
        _ => "SELECT id FROM collections WHERE id = $1",
    };
    let mut found = Vec::new();
    for id in ids {
        let there: Option<Uuid> = db!(db.read(), |p| sqlx::query_scalar(sql)
            .bind(id)
            .fetch_optional(p)
            .await)?;
        found.extend(there);
    }
    Ok(found)
}

/// The ad campaigns whose sites are to hold their creative by another campaign than now, or by none: those that run without
/// one, whose campaign was ended, and those that ended with one.
///
/// # Errors
/// The database's.
pub async fn unsettled(db: &Db, now_ms: i64) -> sqlx::Result<Vec<AdCampaignRow>> {
    let sql = "SELECT * FROM ad_campaigns a WHERE (a.held IS NULL AND a.ended_ms IS NULL \
               AND (a.until_ms IS NULL OR a.until_ms > $1)) OR (a.held IS NOT NULL AND a.ended_ms IS NOT NULL) \
               OR (a.held IS NOT NULL AND NOT EXISTS (SELECT 1 FROM campaigns c WHERE c.id = a.held)) ORDER BY a.id";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(now_ms)
        .fetch_all(p)
        .await)
}

/// Says by which campaign the sites hold a creative, if it is still `before`; answers whether it was.
///
/// # Errors
/// The database's.
pub async fn set_held(
    db: &Db,
    id: Uuid,
    before: Option<Uuid>,
    after: Option<Uuid>,
) -> sqlx::Result<bool> {
    // Nil stands for none, so that one statement compares both.
    let sql = "UPDATE ad_campaigns SET held = $3 WHERE id = $1 AND COALESCE(held, $4) = $2";
    let done = db!(db.write(), |p| sqlx::query(sql)
        .bind(id)
        .bind(before.unwrap_or(Uuid::nil()))
        .bind(after)
        .bind(Uuid::nil())
        .execute(p)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// What viewers watched of some titles at some sites, and how many breaks there are.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct WatchedRow {
    /// The title.
    pub title_id: Uuid,
    /// The site; all zeros: none.
    pub site_id: Uuid,
    /// Views that began.
    pub views: i64,
    /// Breaks of the title.
    pub breaks: i64,
}

/// The views since a minute, by title and site, of titles with breaks.
///
/// # Errors
/// The database's.
pub async fn watched(db: &Db, since_minute: i64) -> sqlx::Result<Vec<WatchedRow>> {
    let sql = "SELECT d.title_id, d.site_id, CAST(SUM(d.views) AS BIGINT) AS views, \
               (SELECT CAST(COUNT(*) AS BIGINT) FROM breaks b WHERE b.title = d.title_id) AS breaks \
               FROM delivery d WHERE d.minute >= $1 AND d.views > 0 GROUP BY d.title_id, d.site_id";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(since_minute)
        .fetch_all(p)
        .await)
}

/// The collections of titles, by their policies: JSON of each.
///
/// # Errors
/// The database's.
pub async fn policies(db: &Db) -> sqlx::Result<Vec<(Uuid, String)>> {
    let sql = "SELECT title_id, policy FROM policies";
    db!(db.read(), |p| sqlx::query_as(sql).fetch_all(p).await)
}
