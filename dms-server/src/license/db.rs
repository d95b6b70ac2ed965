//! The record of licences.

use sqlx::FromRow;
use uuid::Uuid;

use crate::audit::{ChainKey, Entry, Note};
use crate::db::Db;
use crate::{append, append_many, db, tx};

/// A licence that was issued.
#[derive(Clone, Debug, FromRow)]
pub struct LicenseRow {
    /// Its id.
    pub id: Uuid,
    /// The title.
    #[sqlx(rename = "title_id")]
    pub title: Uuid,
    /// The title's version.
    pub version: i64,
    /// The device; none when a page's key played it.
    #[sqlx(rename = "device_id")]
    pub device: Option<Uuid>,
    /// The person; none when nobody was signed in.
    #[sqlx(rename = "person_id")]
    pub person: Option<Uuid>,
    /// Where the person's usage is counted.
    pub department: String,
    /// The name of the person, the token or the device.
    pub subject: String,
    /// The first licence of the stream that it goes on with; its own id when it is that.
    pub stream: Option<Uuid>,
    /// When it was issued, milliseconds since the Unix epoch.
    pub issued_ms: i64,
    /// When it ends.
    pub expires_ms: i64,
    /// Until when it opens something without contact; not after `issued_ms`: never.
    pub offline_until_ms: i64,
    /// When it was given back or revoked.
    pub ended_ms: Option<i64>,
}

/// A statement that reads licences, with its end.
macro_rules! select {
    ($end:literal) => {
        concat!(
            "SELECT id, title_id, version, device_id, person_id, department, subject, stream, \
             issued_ms, expires_ms, offline_until_ms, ended_ms FROM licenses ",
            $end
        )
    };
}

/// What is to hold when a licence is recorded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Condition {
    /// The most streams of the person, this one included.
    pub streams: Option<u16>,
    /// A rental begins with this licence.
    pub starts_rental: bool,
}

/// Records a licence. False, and nothing is recorded, when the person would have too many streams.
///
/// # Errors
/// The database's.
pub async fn add(
    db: &Db,
    row: &LicenseRow,
    condition: Condition,
    note: &Note<'_>,
) -> sqlx::Result<bool> {
    // Of two licences at once one waits here for the other.
    let lock = "UPDATE people SET updated_ms = updated_ms WHERE id = $1";
    let begins = "UPDATE rentals SET first_play_ms = $1 WHERE first_play_ms IS NULL AND id = \
                  (SELECT id FROM rentals WHERE person_id = $2 AND title_id = $3 \
                   ORDER BY bought_ms DESC, id DESC LIMIT 1)";
    tx!(db, |tx| {
        if condition.streams.is_some() || condition.starts_rental {
            sqlx::query(lock).bind(row.person).execute(&mut *tx).await?;
        }
        let query = sqlx::query(ADD)
            .bind(row.id)
            .bind(row.title)
            .bind(row.version)
            .bind(row.device)
            .bind(row.person)
            .bind(&row.department)
            .bind(&row.subject)
            .bind(row.stream)
            .bind(row.issued_ms)
            .bind(row.expires_ms)
            .bind(row.offline_until_ms);
        query.execute(&mut *tx).await?;
        if let Some(most) = condition.streams {
            let streams: i64 = sqlx::query_scalar(STREAMS)
                .bind(row.person)
                .bind(row.device)
                .bind(row.issued_ms)
                .fetch_one(&mut *tx)
                .await?;
            if streams > i64::from(most) {
                return Ok(false);
            }
        }
        if condition.starts_rental {
            sqlx::query(begins)
                .bind(row.issued_ms)
                .bind(row.person)
                .bind(row.title)
                .execute(&mut *tx)
                .await?;
        }
        append!(tx, note);
    });
    Ok(true)
}

/// Records licences that depend on nothing but themselves: all, or none.
///
/// # Errors
/// The database's.
pub async fn add_many(db: &Db, rows: &[(&LicenseRow, &Entry)], key: &ChainKey) -> sqlx::Result<()> {
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    tx!(db, |tx| {
        for (row, _) in rows {
            let query = sqlx::query(ADD)
                .bind(row.id)
                .bind(row.title)
                .bind(row.version)
                .bind(row.device)
                .bind(row.person)
                .bind(&row.department)
                .bind(&row.subject)
                .bind(row.stream)
                .bind(row.issued_ms)
                .bind(row.expires_ms)
                .bind(row.offline_until_ms);
            query.execute(&mut *tx).await?;
        }
        let entries = rows.iter().map(|(_, entry)| *entry);
        append_many!(tx, entries, count, key);
    });
    Ok(())
}

/// Adds a licence.
const ADD: &str = "INSERT INTO licenses (id, title_id, version, device_id, person_id, department, subject, \
                   stream, issued_ms, expires_ms, offline_until_ms) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Streams that play: of the person, or of the device when nobody is signed in. What is saved for a journey is none: it
/// plays where nobody can count it, and would else count for days.
const STREAMS: &str = "SELECT COUNT(DISTINCT stream) FROM licenses WHERE ended_ms IS NULL \
                       AND expires_ms > $3 AND offline_until_ms <= issued_ms AND (person_id = $1 OR ($1 IS NULL AND person_id IS NULL \
                       AND device_id = $2))";

/// How many streams a person plays, or a device with nobody signed in.
///
/// # Errors
/// The database's.
pub async fn streams(
    db: &Db,
    person: Option<Uuid>,
    device: Option<Uuid>,
    now_ms: i64,
) -> sqlx::Result<i64> {
    db!(db.read(), |p| {
        sqlx::query_scalar(STREAMS)
            .bind(person)
            .bind(device)
            .bind(now_ms)
            .fetch_one(p)
            .await
    })
}

/// One licence.
///
/// # Errors
/// The database's.
pub async fn one(db: &Db, id: Uuid) -> sqlx::Result<Option<LicenseRow>> {
    db!(db.read(), |p| {
        sqlx::query_as(select!("WHERE id = $1"))
            .bind(id)
            .fetch_optional(p)
            .await
    })
}

/// What holds of a licence by now.
#[derive(Clone, Debug, FromRow)]
pub struct StandingRow {
    /// The device; none when a page's key plays it.
    #[sqlx(rename = "device_id")]
    pub device: Option<Uuid>,
    /// The person; none when nobody was signed in.
    #[sqlx(rename = "person_id")]
    pub person: Option<Uuid>,
    /// The name of the person, the token or the device.
    pub subject: String,
    /// When it ends by itself.
    pub expires_ms: i64,
    /// When it was given back or revoked.
    pub ended_ms: Option<i64>,
    /// The title; none when it was deleted.
    pub title: Option<Uuid>,
    /// 1: the person is active; none: the person is not there any more, or never was.
    pub active: Option<i64>,
}

impl StandingRow {
    /// Whether it opens something still, were its time not over.
    #[must_use]
    pub fn holds(&self) -> bool {
        let person_stays = self.person.is_none() || self.active == Some(1);
        self.ended_ms.is_none() && self.title.is_some() && person_stays
    }
}

/// What holds of a licence by now: it was ended, its title deleted, or its person locked out.
///
/// # Errors
/// The database's.
pub async fn standing(db: &Db, id: Uuid) -> sqlx::Result<Option<StandingRow>> {
    let sql = "SELECT l.device_id, l.person_id, l.subject, l.expires_ms, l.ended_ms, t.id AS title, p.active \
               FROM licenses l LEFT JOIN titles t ON t.id = l.title_id \
               LEFT JOIN people p ON p.id = l.person_id WHERE l.id = $1";
    db!(db.read(), |p| {
        sqlx::query_as(sql).bind(id).fetch_optional(p).await
    })
}

/// Which licences.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Of this title.
    pub title: Option<Uuid>,
    /// Of this person.
    pub person: Option<Uuid>,
    /// Of this device.
    pub device: Option<Uuid>,
}

/// Licences, newest first, from after `before`.
///
/// # Errors
/// The database's.
pub async fn list(
    db: &Db,
    filter: Filter,
    before: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<LicenseRow>> {
    let sql = select!(
        "WHERE id < $1 AND ($2 IS NULL OR title_id = $2) AND ($3 IS NULL OR person_id = $3) \
         AND ($4 IS NULL OR device_id = $4) ORDER BY id DESC LIMIT $5"
    );
    db!(db.read(), |p| {
        sqlx::query_as(sql)
            .bind(before.unwrap_or(Uuid::max()))
            .bind(filter.title)
            .bind(filter.person)
            .bind(filter.device)
            .bind(limit)
            .fetch_all(p)
            .await
    })
}

/// Ends a licence and the others of its stream. False when it has ended.
///
/// # Errors
/// The database's.
pub async fn end(db: &Db, id: Uuid, note: &Note<'_>) -> sqlx::Result<bool> {
    let sql = "UPDATE licenses SET ended_ms = $1 WHERE ended_ms IS NULL AND (id = $2 OR stream = \
               (SELECT stream FROM licenses WHERE id = $2))";
    let ended = tx!(db, |tx| {
        let ended = sqlx::query(sql)
            .bind(note.at_ms())
            .bind(id)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if ended > 0 {
            append!(tx, note);
        }
        ended
    });
    Ok(ended > 0)
}
