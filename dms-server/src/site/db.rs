//! Sites, subnets and reports of bad chunks.

use std::collections::BTreeMap;

use swarm::content::{DeviceId, SiteId};
use swarm::wire::BadChunk;
use uuid::Uuid;

use super::{Site, peering_of};
use crate::db;
use crate::db::Db;

fn decode(what: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}

type SiteColumns = (Uuid, String, String, i64, String);

/// Every site, by name.
///
/// # Errors
/// The database's.
pub async fn sites(db: &Db) -> sqlx::Result<Vec<Site>> {
    let all = "SELECT id, name, peering, wan_cap, wan_hours FROM sites ORDER BY name";
    let nets = "SELECT site_id, subnet FROM subnets ORDER BY subnet";
    let rows: Vec<SiteColumns> = db!(db.read(), |p| sqlx::query_as(all).fetch_all(p).await)?;
    let subnets: Vec<(Uuid, String)> = db!(db.read(), |p| sqlx::query_as(nets).fetch_all(p).await)?;
    let mut of_site: BTreeMap<Uuid, Vec<_>> = BTreeMap::new();
    for (site, subnet) in subnets {
        let subnet = subnet.parse().map_err(|_| decode("subnet"))?;
        of_site.entry(site).or_default().push(subnet);
    }
    rows.into_iter()
        .map(|(id, name, peering, wan_cap, hours)| {
            Ok(Site {
                id: SiteId(id.into_bytes()),
                name,
                subnets: of_site.remove(&id).unwrap_or_default(),
                peering: peering_of(&peering).ok_or_else(|| decode("peering"))?,
                wan_cap: wan_cap.unsigned_abs(),
                hours: hours.parse().map_err(|_| decode("wan_hours"))?,
            })
        })
        .collect()
}

/// Reports of one device about another that are kept: an honest one bans after the first.
const REPORTS_MAX: i64 = 100;

/// Records a report of a bad chunk. False when the same report is there since the culprit was pardoned last,
/// when it is no device, or when the reporter has said enough about it.
///
/// # Errors
/// The database's.
pub async fn add_bad_chunk(
    db: &Db,
    reporter: DeviceId,
    bad: &BadChunk,
    now_ms: i64,
) -> sqlx::Result<bool> {
    let sql = "INSERT INTO bad_chunks (reporter, culprit, chunk, got, at_ms) \
               SELECT $1, d.id, $3, $4, CAST($5 AS BIGINT) FROM devices d WHERE d.id = $2 AND \
                   (SELECT COUNT(*) FROM bad_chunks WHERE reporter = $1 AND culprit = $2) < $6 \
               ON CONFLICT (reporter, culprit, chunk) DO UPDATE \
               SET got = excluded.got, at_ms = excluded.at_ms WHERE bad_chunks.at_ms <= \
                   (SELECT p.at_ms FROM pardons p WHERE p.device_id = excluded.culprit)";
    let added = db!(db.write(), |p| {
        sqlx::query(sql)
            .bind(Uuid::from_bytes(reporter.0))
            .bind(Uuid::from_bytes(bad.from.0))
            .bind(bad.chunk.0.as_slice())
            .bind(bad.got.0.as_slice())
            .bind(now_ms)
            .bind(REPORTS_MAX)
            .execute(p)
            .await?
            .rows_affected()
    });
    Ok(added == 1)
}
