//! Requests for access in the database.

use sqlx::FromRow;
use uuid::Uuid;

use super::{AGAIN_MS, OPEN_MAX};
use crate::audit::Note;
use crate::db::Db;
use crate::publish::db::Seen;
use crate::{append, db, title_is_seen, tx};

/// A request with what its title and person are called.
#[derive(Clone, Debug, FromRow)]
pub struct RequestRow {
    /// Its id.
    pub id: Uuid,
    /// The title.
    pub title_id: Uuid,
    /// What it is called.
    pub title_name: String,
    /// Whose it is.
    pub owner: String,
    /// Who asks.
    pub person_id: Uuid,
    /// What they are called.
    pub person_name: String,
    /// Where they work.
    pub department: String,
    /// Why they ask.
    pub note: String,
    /// A [`super::RequestState`] by name.
    pub state: String,
    /// When they asked.
    pub created_ms: i64,
    /// Who answered.
    pub answered_by: Option<String>,
    /// When.
    pub answered_ms: Option<i64>,
}

/// What became of a request that somebody makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It waits, now or already; or it was refused a moment ago.
    Waits,
    /// The person has too many that wait.
    TooMany,
}

/// Asks for a title.
///
/// # Errors
/// The database's; of a title that is gone, too.
pub async fn ask(
    db: &Db,
    title: Uuid,
    person: Uuid,
    text: &str,
    note: &Note<'_>,
) -> sqlx::Result<Asked> {
    let now_ms = note.at_ms();
    // Whoever was let in once and is out again may ask at once.
    let add = "INSERT INTO access_requests (id, title_id, person_id, note, state, created_ms) \
               VALUES ($1, $2, $3, $4, 'open', $5) ON CONFLICT (title_id, person_id) DO UPDATE SET \
               id = excluded.id, note = excluded.note, state = 'open', created_ms = excluded.created_ms, \
               answered_by = NULL, answered_ms = NULL \
               WHERE access_requests.state = 'granted' \
               OR (access_requests.state = 'denied' AND access_requests.answered_ms < $6)";
    let count = "SELECT CAST(COUNT(*) AS BIGINT) FROM access_requests WHERE person_id = $1 AND state = 'open'";
    tx!(db, |tx| {
        let added = sqlx::query(add)
            .bind(Uuid::now_v7())
            .bind(title)
            .bind(person)
            .bind(text)
            .bind(now_ms)
            .bind(now_ms - AGAIN_MS)
            .execute(&mut *tx)
            .await?;
        if added.rows_affected() == 0 {
            return Ok(Asked::Waits);
        }
        let open: i64 = sqlx::query_scalar(count)
            .bind(person)
            .fetch_one(&mut *tx)
            .await?;
        if open > OPEN_MAX {
            return Ok(Asked::TooMany);
        }
        append!(tx, note);
    });
    Ok(Asked::Waits)
}

macro_rules! requests {
    ($which:literal) => {
        concat!(
            "SELECT r.id, r.title_id, t.name AS title_name, t.owner, r.person_id, p.name AS person_name, \
             p.department, r.note, r.state, r.created_ms, r.answered_by, r.answered_ms \
             FROM access_requests r JOIN titles t ON t.id = r.title_id JOIN people p ON p.id = r.person_id \
             WHERE ",
            $which
        )
    };
}

/// Requests, the newest first, for titles of `owner`; for everybody's when it is empty.
///
/// # Errors
/// The database's.
pub async fn list(
    db: &Db,
    owner: &str,
    state: &str,
    before: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<RequestRow>> {
    let sql = requests!(
        "($1 = '' OR t.owner = $1) AND ($2 = '' OR r.state = $2) AND ($3 IS NULL OR r.id < $3) \
         ORDER BY r.id DESC LIMIT $4"
    );
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(owner)
        .bind(state)
        .bind(before)
        .bind(limit)
        .fetch_all(p)
        .await)
}

/// A request of somebody, as they see it.
#[derive(Clone, Debug, FromRow)]
pub struct MineRow {
    /// Its id.
    pub id: Uuid,
    /// The title.
    pub title_id: Uuid,
    /// What it is called; none: they do not see it.
    pub title_name: Option<String>,
    /// Why they asked.
    pub note: String,
    /// A [`super::RequestState`] by name.
    pub state: String,
    /// When they asked.
    pub created_ms: i64,
    /// When it was answered.
    pub answered_ms: Option<i64>,
}

const MINE: &str = concat!(
    "SELECT r.id, r.title_id, CASE WHEN ",
    title_is_seen!(),
    " THEN t.name END AS title_name, r.note, r.state, r.created_ms, r.answered_ms \
     FROM access_requests r JOIN titles t ON t.id = r.title_id WHERE r.person_id = $3 AND (r.state <> 'open' OR ",
    title_is_seen!(),
    ") ORDER BY r.id DESC LIMIT $4"
);

/// What a person asked for, the newest first; without what still waits, unless they see the title: only a title that is
/// there has requests.
///
/// # Errors
/// The database's.
pub async fn mine(db: &Db, person: Uuid, seen: Seen, limit: i64) -> sqlx::Result<Vec<MineRow>> {
    let (complete, viewer) = seen.bound();
    db!(db.read(), |p| sqlx::query_as(MINE)
        .bind(complete)
        .bind(viewer)
        .bind(person)
        .bind(limit)
        .fetch_all(p)
        .await)
}

/// One request.
///
/// # Errors
/// The database's.
pub async fn one(db: &Db, id: Uuid) -> sqlx::Result<Option<RequestRow>> {
    db!(db.read(), |p| sqlx::query_as(requests!("r.id = $1"))
        .bind(id)
        .fetch_optional(p)
        .await)
}

/// What somebody answered to a person's request for a title; none: nobody did, or it waits again.
///
/// # Errors
/// The database's.
pub async fn answer_to(db: &Db, title: Uuid, person: Uuid) -> sqlx::Result<Option<RequestRow>> {
    let sql = requests!("r.title_id = $1 AND r.person_id = $2 AND r.state <> 'open'");
    db!(db.read(), |p| sqlx::query_as(sql)
        .bind(title)
        .bind(person)
        .fetch_optional(p)
        .await)
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It is written.
    Yes,
    /// Somebody was quicker.
    Already,
    /// Somebody wrote the policy meanwhile.
    OtherPolicy,
}

const ANSWER: &str = "UPDATE access_requests SET state = $2, answered_by = $3, answered_ms = $4 \
                      WHERE id = $1 AND state = 'open'";

/// Grants a request; `change` is the title's policy before and after.
///
/// # Errors
/// The database's.
pub async fn grant(
    db: &Db,
    request: &RequestRow,
    change: Option<(&str, &str)>,
    by: &str,
    note: &Note<'_>,
) -> sqlx::Result<Answered> {
    let set = "UPDATE policies SET policy = $3, updated_by = $4, updated_ms = $5 \
               WHERE title_id = $1 AND policy = $2";
    let admit =
        "INSERT INTO policy_members (title_id, member_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    tx!(db, |tx| {
        let answered = sqlx::query(ANSWER)
            .bind(request.id)
            .bind("granted")
            .bind(by)
            .bind(note.at_ms())
            .execute(&mut *tx)
            .await?;
        if answered.rows_affected() == 0 {
            return Ok(Answered::Already);
        }
        if let Some((before, after)) = change {
            let set = sqlx::query(set)
                .bind(request.title_id)
                .bind(before)
                .bind(after)
                .bind(by)
                .bind(note.at_ms())
                .execute(&mut *tx)
                .await?;
            if set.rows_affected() == 0 {
                return Ok(Answered::OtherPolicy);
            }
            sqlx::query(admit)
                .bind(request.title_id)
                .bind(request.person_id)
                .execute(&mut *tx)
                .await?;
        }
        append!(tx, note);
    });
    Ok(Answered::Yes)
}

/// Denies a request. False: somebody answered it already.
///
/// # Errors
/// The database's.
pub async fn deny(db: &Db, id: Uuid, by: &str, note: &Note<'_>) -> sqlx::Result<bool> {
    tx!(db, |tx| {
        let answered = sqlx::query(ANSWER)
            .bind(id)
            .bind("denied")
            .bind(by)
            .bind(note.at_ms())
            .execute(&mut *tx)
            .await?;
        if answered.rows_affected() == 0 {
            return Ok(false);
        }
        append!(tx, note);
    });
    Ok(true)
}
