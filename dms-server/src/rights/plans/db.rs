//! Collections, subscriptions and rentals.

use drm::rights::{Rental, Subscription};
use sqlx::FromRow;
use uuid::Uuid;

use crate::audit::Note;
use crate::db::Db;
use crate::{append, db, tx};

/// A collection of titles.
#[derive(Clone, Debug, FromRow)]
pub struct CollectionRow {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// When it was made, milliseconds since the Unix epoch.
    pub created_ms: i64,
}

/// Adds a collection.
///
/// # Errors
/// The database's; a unique violation when the name is taken.
pub async fn add_collection(db: &Db, new: &CollectionRow, note: &Note<'_>) -> sqlx::Result<()> {
    let sql = "INSERT INTO collections (id, name, created_ms) VALUES ($1, $2, $3)";
    tx!(db, |tx| {
        sqlx::query(sql)
            .bind(new.id)
            .bind(&new.name)
            .bind(new.created_ms)
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
    });
    Ok(())
}

/// Collections, newest first, from after `before`.
///
/// # Errors
/// The database's.
pub async fn collections(
    db: &Db,
    before: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<CollectionRow>> {
    let sql =
        "SELECT id, name, created_ms FROM collections WHERE id < $1 ORDER BY id DESC LIMIT $2";
    db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(before.unwrap_or(Uuid::max()))
            .bind(limit)
            .fetch_all(p)
            .await
    })
}

/// Whether there is such a collection.
///
/// # Errors
/// The database's.
pub async fn has_collection(db: &Db, id: Uuid) -> sqlx::Result<bool> {
    let sql = "SELECT COUNT(*) FROM collections WHERE id = $1";
    let found: i64 = db!(db.read(), |p| sqlx::query_scalar(sql)
        .bind(id)
        .fetch_one(p)
        .await)?;
    Ok(found == 1)
}

/// A subscription.
#[derive(Clone, Debug, FromRow)]
pub struct SubscriptionRow {
    /// Its id.
    pub id: Uuid,
    /// To what.
    pub collection_id: Uuid,
    /// A person, or a group.
    pub member_id: Uuid,
    /// Its first moment, milliseconds since the Unix epoch.
    pub from_ms: i64,
    /// The first moment after it.
    pub until_ms: i64,
}

/// Adds a subscription.
///
/// # Errors
/// The database's.
pub async fn subscribe(
    db: &Db,
    new: &SubscriptionRow,
    by: &str,
    note: &Note<'_>,
) -> sqlx::Result<()> {
    let sql = "INSERT INTO subscriptions (id, collection_id, member_id, from_ms, until_ms, created_by, \
               created_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    tx!(db, |tx| {
        sqlx::query(sql)
            .bind(new.id)
            .bind(new.collection_id)
            .bind(new.member_id)
            .bind(new.from_ms)
            .bind(new.until_ms)
            .bind(by)
            .bind(note.at_ms())
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
    });
    Ok(())
}

/// Ends a subscription now. False when there is none that runs or is to come.
///
/// # Errors
/// The database's.
pub async fn unsubscribe(db: &Db, id: Uuid, note: &Note<'_>) -> sqlx::Result<bool> {
    let sql = "UPDATE subscriptions SET until_ms = $1 WHERE id = $2 AND until_ms > $1";
    let ended = tx!(db, |tx| {
        let ended = sqlx::query(sql)
            .bind(note.at_ms())
            .bind(id)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if ended == 1 {
            append!(tx, note);
        }
        ended
    });
    Ok(ended == 1)
}

/// What a person subscribed to and what their groups did, as far as it has not ended.
///
/// # Errors
/// The database's.
pub async fn subscriptions_of(
    db: &Db,
    person: Uuid,
    now_ms: i64,
) -> sqlx::Result<Vec<Subscription>> {
    let sql = "SELECT id, collection_id, member_id, from_ms, until_ms FROM subscriptions \
               WHERE until_ms > $2 AND (member_id = $1 OR member_id IN \
                   (SELECT group_id FROM memberships WHERE person_id = $1))";
    let rows: Vec<SubscriptionRow> = db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(person)
            .bind(now_ms)
            .fetch_all(p)
            .await
    })?;
    let of = |row: SubscriptionRow| Subscription {
        collection: row.collection_id.into_bytes(),
        from_ms: row.from_ms.unsigned_abs(),
        until_ms: row.until_ms.unsigned_abs(),
    };
    Ok(rows.into_iter().map(of).collect())
}

/// Adds a rental of a title.
///
/// # Errors
/// The database's.
pub async fn rent(
    db: &Db,
    id: Uuid,
    title: Uuid,
    person: Uuid,
    by: &str,
    note: &Note<'_>,
) -> sqlx::Result<()> {
    let sql = "INSERT INTO rentals (id, title_id, person_id, bought_ms, first_play_ms, created_by) \
               VALUES ($1, $2, $3, $4, NULL, $5)";
    tx!(db, |tx| {
        sqlx::query(sql)
            .bind(id)
            .bind(title)
            .bind(person)
            .bind(note.at_ms())
            .bind(by)
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
    });
    Ok(())
}

/// A person's newest rental of a title.
///
/// # Errors
/// The database's.
pub async fn rental_of(db: &Db, person: Uuid, title: Uuid) -> sqlx::Result<Option<Rental>> {
    let sql = "SELECT first_play_ms, bought_ms FROM rentals \
               WHERE person_id = $1 AND title_id = $2 ORDER BY bought_ms DESC, id DESC LIMIT 1";
    let row: Option<(Option<i64>, i64)> = db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(person)
            .bind(title)
            .fetch_optional(p)
            .await
    })?;
    Ok(row.map(|(first_play, bought)| Rental {
        first_play_ms: first_play.map(i64::unsigned_abs),
        bought_ms: bought.unsigned_abs(),
    }))
}
