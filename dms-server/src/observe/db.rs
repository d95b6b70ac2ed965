//! What readiness and metrics ask of the database.

use std::collections::HashSet;

use crate::db;
use crate::db::Db;

/// The versions of the schema steps that were applied in full.
///
/// # Errors
/// The database's.
pub async fn applied_migrations(db: &Db) -> sqlx::Result<HashSet<i64>> {
    let rows: Vec<(i64,)> = db!(db.read(), |p| sqlx::query_as(
        "SELECT version FROM _sqlx_migrations WHERE success"
    )
    .fetch_all(p)
    .await)?;
    Ok(rows.into_iter().map(|(version,)| version).collect())
}

/// The jobs of all titles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jobs {
    /// How many are in each state that has any.
    pub by_state: Vec<(String, i64)>,
    /// When the oldest waiting one was made, milliseconds since the Unix epoch.
    pub oldest_queued_ms: Option<i64>,
}

/// Counts the jobs.
///
/// # Errors
/// The database's.
pub async fn jobs(db: &Db) -> sqlx::Result<Jobs> {
    db!(db.read(), |p| {
        let by_state = sqlx::query_as("SELECT state, COUNT(*) FROM jobs GROUP BY state")
            .fetch_all(p)
            .await?;
        let (oldest_queued_ms,) =
            sqlx::query_as("SELECT MIN(created_ms) FROM jobs WHERE state = 'queued'")
                .fetch_one(p)
                .await?;
        Ok(Jobs {
            by_state,
            oldest_queued_ms,
        })
    })
}

/// Makes the newest step look as if it never ran.
#[cfg(test)]
pub async fn forget_newest_migration(db: &Db) -> sqlx::Result<()> {
    db!(db.write(), |p| {
        sqlx::query(
            "DELETE FROM _sqlx_migrations
             WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)",
        )
        .execute(p)
        .await?;
    });
    Ok(())
}

/// Puts in a job of a title that there is not.
#[cfg(test)]
pub async fn add_job(db: &Db, state: &str, created_ms: i64) -> sqlx::Result<()> {
    let (job, title, upload) = (
        uuid::Uuid::now_v7(),
        uuid::Uuid::now_v7(),
        uuid::Uuid::now_v7(),
    );
    db!(db.write(), |p| {
        sqlx::query(
            "INSERT INTO jobs (id, title, upload, state, not_before_ms, created_ms, updated_ms)
             VALUES ($1, $2, $3, $4, 0, $5, 0)",
        )
        .bind(job)
        .bind(title)
        .bind(upload)
        .bind(state)
        .bind(created_ms)
        .execute(p)
        .await?;
    });
    Ok(())
}
