//! The outbox.
//!
//! **Invariant:** what a try comes to is written only while the beacon is still what was claimed: the same number of
//! attempts, and not yet ended.

use sqlx::FromRow;
use uuid::Uuid;

use crate::db;
use crate::db::{Db, Pool};

/// The most hosts that are looked at in one round.
const HOSTS_MAX: i64 = 64;

/// A beacon under a lease.
#[derive(Clone, Debug, FromRow)]
pub struct Claim {
    /// Its id.
    pub id: Uuid,
    /// The URL.
    pub url: String,
    /// The viewer's address, where it is passed on.
    pub viewer_address: Option<String>,
    /// What the viewer's player calls itself.
    pub viewer_agent: Option<String>,
    /// This try's number, from 1.
    pub attempts: i64,
    /// When it was made.
    pub made_ms: i64,
}

/// The hosts for which something is due.
///
/// # Errors
/// The database's.
pub async fn hosts(db: &Db, now_ms: i64) -> sqlx::Result<Vec<String>> {
    let sql = "SELECT host FROM ad_beacons WHERE state IN ('waiting', 'claimed') \
               AND next_ms <= $1 AND lease_until_ms <= $1 GROUP BY host \
               ORDER BY MIN(next_ms) LIMIT $2";
    db!(db.read(), |p| sqlx::query_scalar(sql)
        .bind(now_ms)
        .bind(HOSTS_MAX)
        .fetch_all(p)
        .await)
}

const CLAIM_SQLITE: &str = "UPDATE ad_beacons SET state = 'claimed', lease_until_ms = $3, \
    attempts = attempts + 1 WHERE id IN (SELECT id FROM ad_beacons WHERE host = $1 \
    AND state IN ('waiting', 'claimed') AND next_ms <= $2 AND lease_until_ms <= $2 \
    ORDER BY next_ms LIMIT $4) \
    RETURNING id, url, viewer_address, viewer_agent, attempts, made_ms";

/// As [`CLAIM_SQLITE`]; two servers that ask at once get different beacons.
const CLAIM_POSTGRES: &str = "UPDATE ad_beacons SET state = 'claimed', lease_until_ms = $3, \
    attempts = attempts + 1 WHERE id IN (SELECT id FROM ad_beacons WHERE host = $1 \
    AND state IN ('waiting', 'claimed') AND next_ms <= $2 AND lease_until_ms <= $2 \
    ORDER BY next_ms LIMIT $4 FOR UPDATE SKIP LOCKED) \
    RETURNING id, url, viewer_address, viewer_agent, attempts, made_ms";

/// Takes up to `most` beacons for a host, those that are due the longest.
///
/// # Errors
/// The database's.
pub async fn claim(
    db: &Db,
    host: &str,
    most: i64,
    now_ms: i64,
    lease_until_ms: i64,
) -> sqlx::Result<Vec<Claim>> {
    let sql = match db.write() {
        Pool::Sqlite(_) => CLAIM_SQLITE,
        Pool::Pg(_) => CLAIM_POSTGRES,
    };
    db!(db.write(), |p| sqlx::query_as(sql)
        .bind(host)
        .bind(now_ms)
        .bind(lease_until_ms)
        .bind(most)
        .fetch_all(p)
        .await)
}

/// Notes that the first byte is about to be written. False: the claim is over, and nothing may be written.
///
/// # Errors
/// The database's; nothing may be written then.
pub async fn leave(db: &Db, claim: &Claim, now_ms: i64) -> sqlx::Result<bool> {
    let sql = "UPDATE ad_beacons SET state = 'writing' WHERE id = $1 AND attempts = $2 \
               AND state = 'claimed' AND lease_until_ms > $3";
    let noted = db!(db.write(), |p| {
        let query = sqlx::query(sql).bind(claim.id).bind(claim.attempts);
        query.bind(now_ms).execute(p).await?.rows_affected()
    });
    Ok(noted == 1)
}

/// What a try came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It left; what was answered, and what was wrong with that.
    Fired(Option<i64>, Option<String>),
    /// Nothing left: it is tried again at this time, and why.
    Again(i64, String),
    /// Nothing left, and it is given up.
    Failed(String),
}

/// Notes what a try came to.
///
/// # Errors
/// The database's; what had not left is tried again when its lease has ended, what had is not.
pub async fn end(db: &Db, claim: &Claim, ended: &Ended, now_ms: i64) -> sqlx::Result<()> {
    let (state, next_ms, status, reason) = match ended {
        Ended::Fired(status, reason) => ("done", 0, *status, reason.as_deref()),
        Ended::Again(at_ms, reason) => ("waiting", *at_ms, None, Some(reason.as_str())),
        Ended::Failed(reason) => ("failed", 0, None, Some(reason.as_str())),
    };
    let sql = "UPDATE ad_beacons SET state = $3, next_ms = $4, lease_until_ms = 0, status = $5, \
               reason = $6, done_ms = $7 WHERE id = $1 AND attempts = $2 \
               AND state IN ('claimed', 'writing')";
    db!(db.write(), |p| {
        let query = sqlx::query(sql).bind(claim.id).bind(claim.attempts);
        let query = query.bind(state).bind(next_ms).bind(status).bind(reason);
        let done_ms = (state != "waiting").then_some(now_ms);
        query.bind(done_ms).execute(p).await?;
    });
    Ok(())
}

/// Ends what was being written by servers that were killed: it may have arrived, and is not fired again. Answers how
/// many there were.
///
/// # Errors
/// The database's.
pub async fn end_cut_off(db: &Db, now_ms: i64) -> sqlx::Result<u64> {
    let sql = "UPDATE ad_beacons SET state = 'done', lease_until_ms = 0, done_ms = $1, \
               reason = 'the server was stopped while it was sent' \
               WHERE state = 'writing' AND lease_until_ms <= $1";
    db!(db.write(), |p| {
        let done = sqlx::query(sql).bind(now_ms).execute(p).await?;
        Ok(done.rows_affected())
    })
}

/// How many beacons are in each state.
///
/// # Errors
/// The database's.
pub async fn states(db: &Db) -> sqlx::Result<Vec<(String, i64)>> {
    let sql = "SELECT state, COUNT(*) FROM ad_beacons GROUP BY state ORDER BY state";
    db!(db.read(), |p| sqlx::query_as(sql).fetch_all(p).await)
}
