//! What publishers say of titles, in the database.

use uuid::Uuid;

use super::Told;
use crate::audit::Note;
use crate::db::Db;
use crate::publish::db::Seen;
use crate::{append, db, index_title, title_is_seen, tx};

/// Tags that are told at most.
const TAGS_SHOWN: i64 = 500;

/// Says other things of a title that still is of this edition. Answers the next edition; none: somebody
/// changed it
/// meanwhile, or it is gone.
///
/// # Errors
/// The database's.
pub async fn tell(
    db: &Db,
    id: Uuid,
    edition: i64,
    told: &Told,
    note: &Note<'_>,
) -> sqlx::Result<Option<i64>> {
    let tags = serde_json::to_string(&told.tags).unwrap_or_default();
    let set = "UPDATE titles SET name = $3, description = $4, tags = $5, edition = edition + 1, \
               updated_ms = $6 WHERE id = $1 AND edition = $2 RETURNING edition";
    let clear = "DELETE FROM title_tags WHERE title_id = $1";
    let add = "INSERT INTO title_tags (title_id, tag) VALUES ($1, $2)";
    let next = tx!(db, |tx| {
        let next: Option<i64> = sqlx::query_scalar(set)
            .bind(id)
            .bind(edition)
            .bind(&told.name)
            .bind(&told.description)
            .bind(&tags)
            .bind(note.at_ms())
            .fetch_optional(&mut *tx)
            .await?;
        if next.is_none() {
            return Ok(None);
        }
        sqlx::query(clear).bind(id).execute(&mut *tx).await?;
        for tag in &told.tags {
            sqlx::query(add)
                .bind(id)
                .bind(tag)
                .execute(&mut *tx)
                .await?;
        }
        index_title!(tx, id, &told.name, &tags, &told.description);
        append!(tx, note);
        next
    });
    Ok(next)
}

/// The tags of the titles that somebody sees, and how many titles have each; the most used first.
///
/// # Errors
/// The database's.
pub async fn tags(db: &Db, seen: Seen) -> sqlx::Result<Vec<(String, i64)>> {
    let sql = concat!(
        // Whether a title is seen is asked once for each title, not for each of its tags.
        "SELECT g.tag, CAST(COUNT(*) AS BIGINT) FROM title_tags g WHERE g.title_id IN (SELECT t.id FROM titles t WHERE ",
        title_is_seen!(),
        ") GROUP BY g.tag ORDER BY 2 DESC, 1 LIMIT $3"
    );
    let (complete, person) = seen.bound();
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(complete)
        .bind(person)
        .bind(TAGS_SHOWN)
        .fetch_all(p)
        .await)
}
