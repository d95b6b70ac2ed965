//! What devices see of the network around them, and proposals that somebody dismissed.

use std::net::{IpAddr, SocketAddr};

use sqlx::FromRow;
use swarm::content::DeviceId;
use swarm::site::proposal::Seen;
use swarm::wire::Observation;
use uuid::Uuid;

use crate::audit::Note;
use crate::db::Db;
use crate::device::row_id;
use crate::{append, db, tx};

#[derive(FromRow)]
struct SeenRow {
    device_id: Uuid,
    remote: String,
    gateway: Option<String>,
    domain: Option<String>,
    subnets: String,
    rtt_ms: Option<i64>,
}

/// Keeps what a device sees, in place of what it saw before.
///
/// # Errors
/// The database's.
pub async fn keep(
    db: &Db,
    device: DeviceId,
    remote: SocketAddr,
    seen: &Observation,
    now_ms: i64,
) -> sqlx::Result<()> {
    let sql = "INSERT INTO observations (device_id, at_ms, remote, gateway, domain, subnets, rtt_ms) \
               SELECT d.id, $2, $3, $4, $5, $6, $7 FROM devices d WHERE d.id = $1 \
               ON CONFLICT (device_id) DO UPDATE SET at_ms = excluded.at_ms, remote = excluded.remote, \
                   gateway = excluded.gateway, domain = excluded.domain, subnets = excluded.subnets, \
                   rtt_ms = excluded.rtt_ms";
    db!(db.write(), |p| {
        sqlx::query(sql)
            .bind(row_id(device))
            .bind(now_ms)
            .bind(remote.ip().to_canonical().to_string())
            .bind(seen.gateway.map(hex::encode))
            .bind(&seen.domain)
            .bind(seen.subnets.join(" "))
            .bind(seen.rtt_ms.map(i64::from))
            .execute(p)
            .await?;
    });
    Ok(())
}

/// What the devices saw that are not revoked, since a moment.
///
/// # Errors
/// The database's.
pub async fn seen(db: &Db, since_ms: i64) -> sqlx::Result<Vec<Seen>> {
    let sql = "SELECT o.device_id, o.remote, o.gateway, o.domain, o.subnets, o.rtt_ms FROM observations o \
               JOIN devices d ON d.id = o.device_id WHERE o.at_ms >= $1 AND d.revoked_ms IS NULL";
    let rows: Vec<SeenRow> = db!(db.read(), |p| sqlx::query_as(sql)
        .bind(since_ms)
        .fetch_all(p)
        .await)?;
    Ok(rows.into_iter().filter_map(read).collect())
}

fn read(row: SeenRow) -> Option<Seen> {
    let remote: IpAddr = row.remote.parse().ok()?;
    let gateway = row.gateway.and_then(|gateway| {
        let mut bytes = [0; 16];
        hex::decode_to_slice(gateway, &mut bytes).ok()?;
        Some(bytes)
    });
    Some(Seen {
        device: DeviceId(row.device_id.into_bytes()),
        remote,
        gateway,
        domain: row.domain,
        subnets: row
            .subnets
            .split(' ')
            .filter_map(|s| s.parse().ok())
            .collect(),
        rtt_ms: row.rtt_ms.and_then(|ms| u32::try_from(ms).ok()),
    })
}

/// The proposals that were dismissed.
///
/// # Errors
/// The database's.
pub async fn dismissed(db: &Db) -> sqlx::Result<Vec<String>> {
    let sql = "SELECT key FROM dismissed_proposals";
    db!(db.read(), |p| sqlx::query_scalar(sql).fetch_all(p).await)
}

/// Notes that a proposal is not wanted.
///
/// # Errors
/// The database's.
pub async fn dismiss(db: &Db, key: &str, note: &Note<'_>) -> sqlx::Result<()> {
    let sql =
        "INSERT INTO dismissed_proposals (key, at_ms) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
    tx!(db, |tx| {
        sqlx::query(sql)
            .bind(key)
            .bind(note.at_ms())
            .execute(&mut *tx)
            .await?;
        append!(tx, note);
    });
    Ok(())
}
