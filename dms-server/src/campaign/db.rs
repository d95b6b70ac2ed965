//! Campaigns and their sites.

use sqlx::FromRow;
use swarm::content::SiteId;
use uuid::Uuid;

use crate::audit::Note;
use crate::db::Db;
use crate::webhook::{self, db::note};
use crate::{append, db, tx};

/// A campaign.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct CampaignRow {
    /// Its id.
    pub id: Uuid,
    /// The title.
    pub title_id: Uuid,
    /// The title's name when the campaign was made.
    pub title_name: String,
    /// JSON array of track numbers; empty is all.
    pub tracks: String,
    /// Copies of each chunk at each site.
    pub replicas: i64,
    /// 1: every site.
    pub all_sites: i64,
    /// When it begins, milliseconds since the Unix epoch.
    pub not_before_ms: i64,
    /// When it should be complete.
    pub deadline_ms: Option<i64>,
    /// When it ends by itself.
    pub until_ms: Option<i64>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_ms: i64,
    /// When it ended.
    pub ended_ms: Option<i64>,
}

/// A site of a campaign.
#[derive(Clone, Debug, FromRow)]
pub struct SiteRow {
    /// The campaign.
    pub campaign_id: Uuid,
    /// The site.
    pub site_id: Uuid,
    /// What the origin sent there for it.
    pub wan_bytes: i64,
}

/// Adds a campaign with its sites, or neither.
///
/// # Errors
/// The database's.
pub async fn add(
    db: &Db,
    new: &CampaignRow,
    sites: &[SiteId],
    note: &Note<'_>,
) -> sqlx::Result<()> {
    let add = "INSERT INTO campaigns (id, title_id, title_name, tracks, replicas, all_sites, \
               not_before_ms, deadline_ms, until_ms, created_by, created_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let add_site =
        "INSERT INTO campaign_sites (campaign_id, site_id, wan_bytes) VALUES ($1, $2, 0)";
    tx!(db, |tx| {
        sqlx::query(add)
            .bind(new.id)
            .bind(new.title_id)
            .bind(&new.title_name)
            .bind(&new.tracks)
            .bind(new.replicas)
            .bind(new.all_sites)
            .bind(new.not_before_ms)
            .bind(new.deadline_ms)
            .bind(new.until_ms)
            .bind(&new.created_by)
            .bind(new.created_ms)
            .execute(&mut *tx)
            .await?;
        for site in sites {
            let query = sqlx::query(add_site).bind(new.id);
            query
                .bind(Uuid::from_bytes(site.0))
                .execute(&mut *tx)
                .await?;
        }
        append!(tx, note);
    });
    Ok(())
}

/// Campaigns, newest first, from after `before`.
///
/// # Errors
/// The database's.
pub async fn list(db: &Db, before: Option<Uuid>, limit: i64) -> sqlx::Result<Vec<CampaignRow>> {
    let sql = "SELECT * FROM campaigns WHERE id < $1 ORDER BY id DESC LIMIT $2";
    db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(before.unwrap_or(Uuid::max()))
            .bind(limit)
            .fetch_all(p)
            .await
    })
}

/// One campaign.
///
/// # Errors
/// The database's.
pub async fn one(db: &Db, id: Uuid) -> sqlx::Result<Option<CampaignRow>> {
    let sql = "SELECT * FROM campaigns WHERE id = $1";
    db!(db.read(), |p| {
        sqlx::query_as(sql).bind(id).fetch_optional(p).await
    })
}

/// The campaigns that have not ended, oldest first.
///
/// # Errors
/// The database's.
pub async fn running(db: &Db) -> sqlx::Result<Vec<CampaignRow>> {
    let sql = "SELECT * FROM campaigns WHERE ended_ms IS NULL ORDER BY id";
    db!(db.read(), |p| { sqlx::query_as(sql).fetch_all(p).await })
}

/// The sites of the campaigns that have not ended.
///
/// # Errors
/// The database's.
pub async fn running_sites(db: &Db) -> sqlx::Result<Vec<SiteRow>> {
    let sql = "SELECT s.campaign_id, s.site_id, s.wan_bytes FROM campaign_sites s \
               JOIN campaigns c ON c.id = s.campaign_id WHERE c.ended_ms IS NULL";
    db!(db.read(), |p| sqlx::query_as(sql).fetch_all(p).await)
}

/// The sites of one campaign.
///
/// # Errors
/// The database's.
pub async fn sites(db: &Db, campaign: Uuid) -> sqlx::Result<Vec<SiteRow>> {
    let sql = "SELECT campaign_id, site_id, wan_bytes FROM campaign_sites \
               WHERE campaign_id = $1 ORDER BY site_id";
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(campaign)
        .fetch_all(p)
        .await)
}

/// Ends the campaigns whose time is over or whose title is gone; answers how many.
///
/// # Errors
/// The database's.
pub async fn end_due(db: &Db, now_ms: i64) -> sqlx::Result<u64> {
    let sql = "UPDATE campaigns SET ended_ms = $1 WHERE ended_ms IS NULL AND (until_ms <= $1 \
               OR NOT EXISTS (SELECT 1 FROM titles WHERE titles.id = campaigns.title_id)) \
               RETURNING id, title_id, title_name";
    let ended = tx!(db, |tx| {
        let ended: Vec<(Uuid, Uuid, String)> =
            sqlx::query_as(sql).bind(now_ms).fetch_all(&mut *tx).await?;
        for (id, title, name) in &ended {
            note!(
                tx,
                webhook::Note::campaign_finished(*id, *title, name, now_ms)
            );
        }
        ended.len() as u64
    });
    Ok(ended)
}

/// Ends a campaign. False when there is none; ending it again changes nothing.
///
/// # Errors
/// The database's.
pub async fn end(db: &Db, id: Uuid, note: &Note<'_>) -> sqlx::Result<bool> {
    let sql = "UPDATE campaigns SET ended_ms = $1 WHERE id = $2 AND ended_ms IS NULL \
               RETURNING title_id, title_name";
    let now_ms = note.at_ms();
    let ended = tx!(db, |tx| {
        let ended: Option<(Uuid, String)> = sqlx::query_as(sql)
            .bind(now_ms)
            .bind(id)
            .fetch_optional(&mut *tx)
            .await?;
        if let Some((title, name)) = &ended {
            let finished = webhook::Note::campaign_finished(id, *title, name, now_ms);
            note!(tx, finished);
            append!(tx, note);
        }
        ended.is_some()
    });
    Ok(ended || one(db, id).await?.is_some())
}

/// Forgets campaigns that ended before this.
///
/// # Errors
/// The database's.
pub async fn forget(db: &Db, before_ms: i64) -> sqlx::Result<()> {
    let sql = "DELETE FROM campaigns WHERE ended_ms < $1";
    db!(db.write(), |p| sqlx::query(sql)
        .bind(before_ms)
        .execute(p)
        .await
        .map(drop))
}

/// Notes what the origin sent to sites for campaigns; a site or campaign that is gone is skipped.
///
/// # Errors
/// The database's.
pub async fn note_wan(db: &Db, sent: &[(Uuid, SiteId, u64)]) -> sqlx::Result<()> {
    let sql = "INSERT INTO campaign_sites (campaign_id, site_id, wan_bytes) \
               SELECT c.id, s.id, CAST($3 AS BIGINT) FROM campaigns c, sites s WHERE c.id = $1 AND s.id = $2 \
               ON CONFLICT (campaign_id, site_id) DO UPDATE SET wan_bytes = excluded.wan_bytes";
    tx!(db, |tx| {
        for (campaign, site, bytes) in sent {
            sqlx::query(sql)
                .bind(campaign)
                .bind(Uuid::from_bytes(site.0))
                .bind(bytes.cast_signed())
                .execute(&mut *tx)
                .await?;
        }
    });
    Ok(())
}
